"""Say which of two labels a text has, with a trained classifier.

Usage
  charcells classify run=RUN_FOLDER text='a stirring, funny film'    one text
  charcells classify run=RUN_FOLDER file=review.txt                  a file, as one text
  charcells classify run=RUN_FOLDER file=mine.tsv                    each row of a table with a column `text`

A line for each text: its likelier label, the probability of that label, and how the text begins. If the table has the
run's column of labels, the last line is the accuracy: the share of rows that get the label they have in the table.

  explain=true            colours each word by what reading it did to the log-odds of the second label
  explain=true html=FILE  writes that to an HTML file, too

Options (name=value), each with its default
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charcells.cli.compose import command_options
from charcells.config import ClassifyConfig, ReviewsConfig
from charcells.errors import UserError, ignore_closed_pipe
from charcells.files import check_named, write_named
from charcells.process import prepare_process
from charcells.runs.folder import RunFolder, named_run
from charcells.text.encodings import decode, normalize
from charcells.text.review_tables import column_names, read_table
from charcells.text.sources import expand, read, unpack
from charcells.text.vocabulary import visible

if TYPE_CHECKING:
    from charcells.models.text_classifier import TextClassifier

SHOWN = 80
"""Characters of a text that are shown."""


def main(arguments: Sequence[str]) -> None:
    """`charcells classify` with these arguments. Raises UserError."""
    config = command_options("classify", arguments, __doc__)
    if config.html is not None and not config.explain:
        raise UserError(f"html={config.html} is what explain=true writes: add explain=true")
    if config.html is not None:
        check_named("html", config.html, "words.html")
    prepare_process(threads=1)
    run = named_run(config.run)
    texts, labels = read_texts(config, run)
    from charcells.models.text_classifier import load_classifier

    classifier = load_classifier(run)
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
            print(f"accuracy: {right / len(texts):.1%} ({right:,} of {len(texts):,} labels are right)")
        if config.explain:
            explain_texts(classifier, texts, run.absolute().name, config.html)


def explain_texts(classifier: "TextClassifier", texts: Sequence[str], run: str, html: str | None) -> None:
    """Show on the terminal, and in a file if one is named, what reading each word did. Raises UserError."""
    from charcells.terminal import console
    from charcells.writing import explain_label

    explained, shown = [], console()
    for text in texts:
        found = explain_label.explain(classifier, text)
        shown.print()
        shown.print(explain_label.coloured(found), soft_wrap=True)
        shown.print("\n".join(explain_label.figures(found)), style="dim", soft_wrap=True)
        explained.append(found)
    shown.print(explain_label.legend(classifier.labels), soft_wrap=True)
    if html is not None:
        write_named("html", html, explain_label.html(explained, run))
        print(f"written: {html}")


def read_texts(config: ClassifyConfig, run: Path) -> tuple[list[str], list[str]]:
    """The texts to classify, and their labels if each has one. Raises UserError if there is not one source."""
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
            columns = _columns(config, run, column_names(text, path))
            options = ("reviews.text_column", "reviews.label_column")
            rows = read_table(text, path, columns, options)
            texts += [row[columns[0]] for row in rows]
            labels += [row[columns[1]].strip() for row in rows if len(columns) > 1]
        elif not text.strip():
            raise UserError(f"{path} has only white space: there is nothing to classify")
        else:
            texts.append(text)
    if not texts:
        raise UserError(f"file={config.file} has no rows")
    return texts, labels if len(labels) == len(texts) else []


def _columns(config: ClassifyConfig, run: Path, header: Sequence[str]) -> tuple[str, ...]:
    """The columns to read of a table with these column names: the texts, and the labels if asked for or there."""
    of_run = RunFolder(run).read_options().get("reviews") or {}  # a checkpoint alone has none
    text = config.reviews.text_column or of_run.get("text_column") or ReviewsConfig().text_column
    label = config.reviews.label_column or of_run.get("label_column") or ReviewsConfig().label_column
    return (text, label) if config.reviews.label_column or label in header else (text,)


def _is_table(path: Path) -> bool:
    """Whether the name of a file, compressed or not, ends like that of a table."""
    return bool({".tsv", ".csv"} & {suffix.lower() for suffix in path.suffixes[-2:]})


def _beginning(text: str) -> str:
    return visible(" ".join(text[: 4 * SHOWN].split())[:SHOWN])
