"""sample.py grid=true: texts and figures for a grid of temperature and top_k."""

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from charcells.config import SampleConfig
from charcells.files import relative, write_atomically
from charcells.runs import pictures
from charcells.terminal import print_table
from charcells.text.vocabulary import visible
from charcells.text.words import distinct, real_word_rate, seq_rep, words
from charcells.writing.generator import TextGenerator
from charcells.writing.texts import Texts, prepare, settings

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
TOP_KS = (None, 20, 5)
TEXTS = 8
"""Texts in each cell of the grid, with consecutive seeds."""

FIGURES = {
    "unknown_words": "words that are not in the training text",
    "distinct_words_2": "different pairs of words, among all pairs",
    "seq_rep_words_4": "sequences of four words that occurred earlier in the same text",
}
"""The figures of a cell and what they count. All are shares from 0 to 1."""


def grid_cells(
    generator: TextGenerator, texts: Texts, prompt: str, config: SampleConfig
) -> tuple[pd.DataFrame, list[str], dict[str, float] | None]:
    """Generate TEXTS texts for each temperature and top_k.

    Returns a table with one row per cell, the first text of each cell, and the figures of held-out human text. The
    columns are temperature, top_k (missing if there is no limit) and the FIGURES. Human text is taken in as many pieces
    of the same length; None if there is not enough of it. A top_k not below the vocabulary size is skipped.
    """
    known = set(words(texts.train))
    seeds = [config.seed + index for index in range(TEXTS)] * len(TEMPERATURES)
    temperatures = [temperature for temperature in TEMPERATURES for _ in range(TEXTS)]
    rows, firsts = [], []
    for top_k in TOP_KS:
        if top_k is not None and top_k >= len(generator.vocabulary):
            continue
        options: Any = {"length": config.length, "top_k": top_k, "top_p": config.top_p, "unknown": config.unknown}
        written = generator.generate_many([prompt], seeds=seeds, temperature=temperatures, **options)
        samples = [text.removeprefix(prompt) for text in written]
        for i, temperature in enumerate(TEMPERATURES):
            cell = samples[i * TEXTS : (i + 1) * TEXTS]
            rows.append({"temperature": temperature, "top_k": top_k, **shares(cell, known)})
            firsts.append(cell[0])
    pieces = texts.pieces(config.length, TEXTS)
    human = shares(pieces, known) if len(pieces) == TEXTS else None
    return pd.DataFrame(rows).astype({"top_k": "Int64"}), firsts, human


def shares(samples: Sequence[str], known: set[str]) -> dict[str, float]:
    """The FIGURES of texts; NaN if there are no words to count."""
    word_lists = [words(sample, whole=True) for sample in samples]
    real = real_word_rate(samples, known)
    values = (None if real is None else 1 - real, distinct(word_lists, 2), seq_rep(word_lists, 4))
    return {name: math.nan if value is None else value for name, value in zip(FIGURES, values, strict=True)}


def grid(generator: TextGenerator, config: SampleConfig) -> None:
    """Write grid.csv, grid.md and grid.png into the run folder, and show the figures on the terminal.

    Raises the UserErrors of `load_texts` and TextGenerator, and UserError for length=0.
    """
    prompt, texts = prepare(generator, config)
    table, firsts, human = grid_cells(generator, texts, prompt, config)
    written = [texts.folder.path / f"grid.{suffix}" for suffix in ("csv", "md", "png")]
    write_atomically(written[0], table.to_csv(index=False))
    write_atomically(written[1], markdown(table, firsts, human, texts, prompt, config))
    curve = (human["distinct_words_2"], human["unknown_words"]) if human else None
    pictures.grid(
        table, curve, written[2], f"{texts.corpus}: error and variety of {TEXTS} texts of {config.length:,} characters"
    )
    shown = Table(title=f"{TEXTS} texts of {config.length:,} characters in each row")
    for name in ("temperature", "top_k", *FIGURES):
        shown.add_column(name.replace("words_", "words_\n"), justify="right")
    for i, row in enumerate(_rows(table, human)):
        shown.add_row(*row, end_section=(i + 1) % len(TEMPERATURES) == 0)
    print_table(shown)
    for name, meaning in FIGURES.items():
        print(f"{name}: share of {meaning}")
    if human is None:
        print(f"The held-out text is too short for {TEXTS} pieces of this length, so there is no comparison with it.")
    print("written: " + ", ".join(str(relative(path)) for path in written))


def _rows(table: pd.DataFrame, human: dict[str, float] | None) -> list[list[str]]:
    """The cells of the grid as rows to display, followed by held-out human text."""

    def percent(value: float) -> str:
        return "-" if math.isnan(value) else f"{value:.1%}"

    shown = []
    for row in table.to_dict("records"):
        top_k = "all" if pd.isna(row["top_k"]) else str(row["top_k"])
        shown.append([f"{row['temperature']:g}", top_k, *(percent(row[name]) for name in FIGURES)])
    if human is not None:
        shown.append(["held-out", "human text", *(percent(human[name]) for name in FIGURES)])
    return shown


def fenced(text: str) -> str:
    """A text as a Markdown code block, with a fence longer than any in the text."""
    text = visible(text)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def markdown(
    table: pd.DataFrame,
    firsts: Sequence[str],
    human: dict[str, float] | None,
    texts: Texts,
    prompt: str,
    config: SampleConfig,
) -> str:
    """The content of grid.md: all figures, then the first text of each cell with its figures."""
    drawn = settings(config, ("top_p", "weights", "length"))
    head = ["temperature", "top_k", *FIGURES]
    rows = _rows(table, human)
    parts = [
        "# Temperature and top_k",
        f"{TEXTS} texts in each cell, seeds from {config.seed} on, {drawn}. All figures are shares:",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in FIGURES.items()),
        "\n".join(["| " + " | ".join(row) + " |" for row in (head, ["---:"] * len(head), *rows)]),
        "![error over variety](grid.png)",
        "The prompt, which the texts below continue:",
        fenced(prompt),
    ]
    for row, first in zip(rows, firsts, strict=False):
        values = ", ".join(f"{name} {value}" for name, value in zip(FIGURES, row[2:], strict=True))
        parts += [f"## temperature {row[0]}, top_k {row[1]}", values, fenced(first)]
    return "\n\n".join(parts) + "\n"
