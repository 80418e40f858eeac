"""Film reviews: the network of source 004's book, in one direction and in both, and our recipe, five seeds each.

    python -m experiments.published.film_reviews              on IMDb and on muchocine
    python -m experiments.published.film_reviews muchocine    on one of them

As many runs train at a time as there are cores. An interrupted run is resumed and a finished one is not trained again.
Whenever a run ends, film_reviews.csv and film_reviews.md in experiments/results are written anew, and so is the part of
sources.md about source 004.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import joblib
import pandas as pd

from charcells.errors import UserError, report_user_errors
from charcells.files import relative, write_atomically
from experiments.study.findings import Region
from experiments.study.runs import ROOT, Run, Sweep
from experiments.study.training import train
from experiments.study.verdicts import judge_mean

RESULTS = ROOT / "experiments" / "results"
SWEEP = Sweep("film_reviews", (("threads", 1), ("logger", "none"), ("samples.length", 0)))
SEEDS = (11, 12, 13, 14, 15)
"""No recipe was chosen with these seeds. Of others, some test figures had been seen (experiments/LOG.md)."""


@dataclass(frozen=True)
class System:
    """A network.

    Args:
        overrides: its recipe.
        own: by corpus, a recipe that replaces it there.
        printed: by corpus, the accuracy that the book prints.
    """

    name: str
    title: str
    overrides: dict[str, Any] = field(hash=False)
    own: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)
    printed: dict[str, str] = field(default_factory=dict, hash=False)

    def runs(self, corpus: str) -> list[Run]:
        overrides = self.own.get(corpus, self.overrides)
        return [Run(corpus, SWEEP, {**overrides, "corpus": corpus, "seed": seed}) for seed in SEEDS]


BOOK = {"experiment": "film_reviews_book"}
SYSTEMS = (
    System("book", "the book's network", BOOK, printed={"imdb": "validation .8658, test .8598"}),
    System(
        "book_both",
        "the book's network, both directions",
        {**BOOK, "model.bidirectional": True, "optimizer.lr": 0.002},
        printed={"imdb": "validation .8782, test .8566"},
    ),
    System("ours", "our recipe", {"experiment": "film_reviews"}, own={"imdb": {"experiment": "film_reviews_imdb"}}),
)
CORPORA = {"imdb": "IMDb", "muchocine": "muchocine"}
WORDS = {
    "imdb": "the book's chapter 8, another split: .899",
    "muchocine": "five folds over films, measured here: .833 ± .022",
}
"""What is known of tf-idf and logistic regression beside our figure on the same split."""

HEADING = "## Source 004: the sentiment of film reviews"
"""Of the part of sources.md that is written here."""

COLUMNS = ("val/accuracy", "test/accuracy", "test/loss", "test/auc", "train_seconds", "epochs", "parameters")


def rows() -> pd.DataFrame:
    """A row for each run that is done, in the order of CORPORA, SYSTEMS and seeds. Runs that are not here keep the rows
    that film_reviews.csv has of them, by their commands."""
    runs = [(corpus, system, run) for corpus in CORPORA for system in SYSTEMS for run in system.runs(corpus)]
    found = [row(*each) for each in runs if each[-1].done() and not each[-1].diverged()]
    path, key = RESULTS / "film_reviews.csv", ["corpus", "system", "seed"]
    before = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["command"])
    before = before[before["command"].isin({run.command for *_, run in runs})]
    table = pd.concat([before, pd.DataFrame(found)])
    if table.empty:
        return table
    table = table.drop_duplicates(key, keep="last")
    order = {"corpus": list(CORPORA), "system": [system.name for system in SYSTEMS]}
    return table.sort_values(
        key, key=lambda column: column.map(order[column.name].index) if column.name in order else column
    ).reset_index(drop=True)


def row(corpus: str, system: System, run: Run) -> dict[str, Any]:
    """The line of a run in film_reviews.csv."""
    summary = run.summary()
    return {
        "corpus": corpus,
        "system": system.name,
        "seed": summary["seed"],
        **{name: summary[name] for name in COLUMNS},
        "tfidf/test/accuracy": summary["tfidf/test/accuracy"],
        "identity": summary["identity"],
        "git": summary["versions"]["git"],
        "command": run.command,
    }


def mean(values: "pd.Series[float]") -> str:
    """The mean, with its 95 % interval if there are two values or more."""
    found = judge_mean("?", values, Region(low=0.5), unit="share", min_runs=2, bounds=(0.0, 1.0))
    interval = f" ({found.low:.4f} to {found.high:.4f})" if found.low is not None and len(values) > 1 else ""
    return f"{values.mean():.4f}{interval}"


def section(table: pd.DataFrame) -> str:
    """The part of sources.md about source 004: a row for each corpus and system, with what the book printed."""
    lines = [
        HEADING,
        "",
        "Source 004 names this project, and its text ends there: the network is that of the book's public code. Test "
        "accuracy: mean over seeds with its 95 % interval. Our recipe is film_reviews_imdb for IMDb and film_reviews "
        "otherwise. In muchocine all reviews of a film are in one part; the book has no Spanish reviews. Written by "
        "`python -m experiments.published.film_reviews`.",
        "",
        "| reviews | network | seeds | validation | test | minutes, one thread | the book printed |",
        "|---|---|---|---|---|---|---|",
    ]
    for corpus, name in CORPORA.items():
        for system in SYSTEMS:
            part = table[(table["corpus"] == corpus) & (table["system"] == system.name)] if len(table) else table
            printed = system.printed.get(corpus, "–")
            if part.empty:
                lines.append(f"| {name} | {system.title} | 0 | – | – | – | {printed} |")
                continue
            minutes = f"{part['train_seconds'].mean() / 60:.1f}, at most {part['train_seconds'].max() / 60:.1f}"
            lines.append(
                f"| {name} | {system.title} | {len(part)} | {part['val/accuracy'].mean():.4f} | "
                f"{mean(part['test/accuracy'])} | {minutes} | {printed} |"
            )
    return "\n".join(lines) + "\n"


def report(table: pd.DataFrame) -> str:
    """film_reviews.md: the section, and words counted beside it."""
    lines = ["", "Words counted (tf-idf, logistic regression) on the same split:", ""]
    lines += ["| reviews | test | for comparison |", "|---|---|---|"]
    for corpus, name in CORPORA.items():
        found = table.loc[table["corpus"] == corpus, "tfidf/test/accuracy"].dropna() if len(table) else table
        lines.append(f"| {name} | {f'{found.iloc[0]:.4f}' if len(found) else '–'} | {WORDS[corpus]} |")
    end = "\n\nEach seed, with its command: [film_reviews.csv](film_reviews.csv).\n"
    return section(table).replace("## ", "# ", 1) + "\n".join(lines) + end


def replaced(text: str, part: str) -> str:
    """A Markdown text in which the part under the same heading is replaced, or appended if there is none."""
    heading = part.partition("\n")[0]
    before, found, after = text.partition(heading + "\n")
    if not found:
        return text.rstrip("\n") + "\n\n" + part
    _, following, rest = after.partition("\n## ")
    return before + part + (f"\n## {rest}" if following else "")


def write() -> None:
    """Write the table and both reports from the runs that are done."""
    table = rows()
    if len(table):
        write_atomically(RESULTS / "film_reviews.csv", table.to_csv(index=False))
    write_atomically(RESULTS / "film_reviews.md", report(table))
    sources = RESULTS / "sources.md"
    write_atomically(sources, replaced(sources.read_text(encoding="utf-8"), section(table)))


@report_user_errors()
def main(names: Sequence[str]) -> None:
    if {"-h", "--help"} & set(names):
        print(__doc__)
        return
    if unknown := set(names) - set(CORPORA):
        raise UserError(f"no reviews named {', '.join(sorted(unknown))}: choose from {', '.join(CORPORA)}")
    os.chdir(ROOT)
    wanted = [run for corpus in CORPORA if corpus in names or not names for seed in SEEDS for run in _of(corpus, seed)]
    train(lambda: wanted, joblib.cpu_count(), after_each=write)
    write()
    print((RESULTS / "film_reviews.md").read_text(encoding="utf-8"))
    print(f"written: {relative(RESULTS / 'film_reviews.md')}")


def _of(corpus: str, seed: int) -> list[Run]:
    """The runs of a seed, so that each system has a figure early."""
    return [run for system in SYSTEMS for run in system.runs(corpus) if run.overrides["seed"] == seed]


if __name__ == "__main__":
    main(sys.argv[1:])
