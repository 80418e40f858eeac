"""Baselines for a recurrent model on the same split: Kneser-Ney n-grams and compressors.

    charcells baselines corpus=biblia data.train_fraction=0.1

takes the same options as train.py, learns from the same training text and scores the same held-out text. The result is
cached, and a training run with the same text and split shows it next to its own.
"""

from collections.abc import Sequence
from typing import Any

from charcells.cli.arguments import refuse_flags
from charcells.cli.compose import compose
from charcells.config import Config
from charcells.errors import UserError
from charcells.text.baselines import best, load_or_measure
from charcells.text.corpus import SplitCorpus, load_split
from charcells.text.ngrams import MAX_ORDER


def main(arguments: Sequence[str]) -> None:
    """`charcells baselines` with these arguments. Raises UserError."""
    if {"-h", "--help"} & set(arguments):
        print(f"{__doc__}\nOnly the options corpus.* and data.* have an effect; `charcells train --help` lists them.")
        return
    refuse_flags(arguments)
    text = load(compose(arguments))
    from charcells.terminal import console

    with console(stderr=True).status("looking in the cache") as status:
        result = load_or_measure(text, progress=status.update)
    show(result, text.corpus.name)


def load(config: Config) -> SplitCorpus:
    """The corpus and its split, the same as in a run. Raises UserError if no text is left to learn from or to score."""
    text, data = load_split(config.corpus, config.data, config.corpora_dir), config.data
    if not text.train_text:
        raise UserError(
            f"data.train_fraction={data.train_fraction} of {text.split.train_end:,} characters leaves no training text"
        )
    if not text.val_text and not text.test_text:
        raise UserError("data.val_fraction=0 and data.test_fraction=0 leave nothing to score: raise one of them")
    return text


def show(result: dict[str, Any], corpus: str) -> None:
    """Print the result as a table in bits per character, with the best n-gram model marked."""
    from rich.table import Table as RichTable

    from charcells.terminal import print_table

    title = f"{corpus}, bits per character after {result['train_chars']:,} characters"
    table = RichTable("", "validation", "test", "", title=title)
    for row in result["rows"]:
        style, mark = ("bold", "best") if row is best(result) else (None, "")
        name = f"{row['name']}, order {row['order']}" if row["order"] else row["name"]
        figures = ["-" if row[key] is None else f"{row[key]:.3f}" for key in ("val/bpc", "test/bpc")]
        table.add_row(name, *figures, mark, style=style, end_section=row["order"] == MAX_ORDER)
    print_table(table)
    print("order: characters of context; xz: bytes that the held-out text adds to the compressed training text")
