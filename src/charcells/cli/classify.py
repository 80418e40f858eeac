"""Say which of two labels a text has, with a trained classifier.

Usage
  charcells classify run=RUN_FOLDER text='a stirring, funny film'    one text
  charcells classify run=RUN_FOLDER file=review.txt                  a file, as one text
  charcells classify run=RUN_FOLDER file=mine.tsv                    each row of a table with a column `text`

A line for each text: its likelier label, the probability of that label, and how the text begins. If the table has a
column `label`, the last line is the share of rows whose label is right.

Options (name=value), each with its default
"""

from collections.abc import Sequence
from pathlib import Path

from charcells.cli.arguments import refuse_flags
from charcells.cli.compose import compose
from charcells.cli.help import help_text
from charcells.config import ClassifyConfig
from charcells.errors import UserError, ignore_closed_pipe
from charcells.process import prepare_process
from charcells.runs.folder import named_run
from charcells.text.encodings import decode, normalize
from charcells.text.review_tables import read_table
from charcells.text.sources import expand, read, unpack
from charcells.text.vocabulary import visible

SHOWN = 80
"""Characters of a text that are shown."""


def main(arguments: Sequence[str]) -> None:
    """`charcells classify` with these arguments. Raises UserError."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__ + help_text(ClassifyConfig))
        return
    refuse_flags(arguments)
    config = compose(arguments, "classify")
    prepare_process(threads=1)
    texts, labels = read_texts(config)
    from charcells.models.text_classifier import load_classifier

    classifier = load_classifier(named_run(config.run))
    unknown = sorted(set(labels) - set(classifier.labels))
    if unknown:
        raise UserError(
            f"file={config.file} has the label {unknown[0]!r}, and this classifier knows "
            f"{' and '.join(classifier.labels)}"
        )
    found = classifier.probabilities(texts)
    with ignore_closed_pipe():
        for text, probability in zip(texts, found, strict=True):
            print(f"{classifier.label(probability)}\t{max(probability, 1 - probability):.3f}\t{_beginning(text)}")
        if labels:
            right = sum(classifier.label(value) == label for value, label in zip(found, labels, strict=True))
            print(f"{right:,} of {len(texts):,} labels found: {right / len(texts):.1%}")


def read_texts(config: ClassifyConfig) -> tuple[list[str], list[str]]:
    """The texts to classify, and their labels if a table has them. Raises UserError if there is not one source."""
    if (config.text is None) == (config.file is None):
        raise UserError("name the text to classify: text='...', or file=mine.txt, and not both")
    if config.text is not None:
        if not config.text.strip():
            raise UserError("text= is empty: there is nothing to classify")
        return [config.text], []
    texts: list[str] = []
    labels: list[str] = []
    for path in expand(config.file, "file"):
        text = normalize(decode(unpack(read(path), path), "utf-8", path))
        if _is_table(path):
            has_labels = "label" in text.partition("\n")[0]
            rows = read_table(text, path, ("text", "label") if has_labels else ("text",))
            texts += [row["text"] for row in rows]
            labels += [row["label"].strip() for row in rows if has_labels]
        else:
            texts.append(text)
    if not texts:
        raise UserError(f"file={config.file} has no rows")
    return texts, labels if len(labels) == len(texts) else []


def _is_table(path: Path) -> bool:
    """Whether the name of a file, compressed or not, ends like that of a table."""
    return bool({".tsv", ".csv"} & {suffix.lower() for suffix in path.suffixes[-2:]})


def _beginning(text: str) -> str:
    return visible(" ".join(text[: 4 * SHOWN].split())[:SHOWN])
