"""Recompute the verdicts' figures from the committed CSVs, with nothing of this project.

    python -m experiments.audit

It exits with 1 if a figure differs in its third digit. AUDITED names the claims.

Nothing of charcells or of the study is imported: the arms are found again by the columns of the CSV, and means,
standard errors and intervals are computed here by the textbook's formulas. Claims of the first edition, which were
judged with other rules, are not audited.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from scipy.stats import t as student

RESULTS = Path(__file__).parent / "results"

TUNING_SEED = 101
"""Runs with this seed have chosen a learning rate and are not judged."""

RECIPE = ["model.init", "optimizer", "scheduler", "model.hidden_size", "trainer.max_epochs"]

Figure = tuple[str, float, float, float]
"""A question, its estimate, and the ends of its 95 % interval."""


def one_sample(question: str, values: pd.Series) -> Figure:
    """The mean of independent figures with Student's interval."""
    n = len(values)
    mean = sum(values) / n
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    reach = float(student.ppf(0.975, n - 1)) * deviation / math.sqrt(n)
    return question, mean, mean - reach, mean + reach


def two_samples(question: str, a: pd.Series, b: pd.Series) -> Figure:
    """The difference of two means with Welch's interval."""
    parts = []
    for side in (a, b):
        mean = sum(side) / len(side)
        parts.append((mean, sum((value - mean) ** 2 for value in side) / (len(side) - 1) / len(side), len(side)))
    (first, va, na), (second, vb, nb) = parts
    df = (va + vb) ** 2 / (va**2 / (na - 1) + vb**2 / (nb - 1))
    reach = float(student.ppf(0.975, df)) * math.sqrt(va + vb)
    return question, first - second, first - second - reach, first - second + reach


def over_recipes(question: str, runs: pd.DataFrame, arm: str, first: object, second: object) -> Figure:
    """The mean over recipes of: the mean over texts of the difference of two arms' mean test/bpc."""
    recipe = [column for column in [*RECIPE, "data.batch_size"] if column != arm]
    effects = []
    for _, part in runs.groupby(recipe):
        means = part.groupby(["corpus", arm])["test/bpc"].mean().unstack(arm)
        effects.append((means[first] - means[second]).mean())
    return one_sample(question, pd.Series(effects))


def judged(name: str) -> pd.DataFrame:
    runs = pd.read_csv(RESULTS / f"{name}.csv")
    return runs[runs["seed"] != TUNING_SEED]


def best_cell() -> Iterator[Figure]:
    for rival in ("rnn", "gru"):
        yield over_recipes(f"{rival.upper()} − LSTM", judged("best_cell"), "cell", rival, "lstm")


def gru_cost() -> Iterator[Figure]:
    yield over_recipes("GRU − LSTM", judged("gru_cost"), "cell", "gru", "lstm")


def batch_count() -> Iterator[Figure]:
    yield over_recipes("1 stream − 8 streams, equal epochs", judged("batch_count"), "data.batch_size", 1, 8)


def corpus_size() -> Iterator[Figure]:
    # the runs at equal updates have the default recipe, whose columns are empty
    runs = judged("corpus_size").dropna(subset=["model.init"]).fillna({"data.train_fraction": 1.0})
    yield over_recipes("a tenth − the whole, equal epochs", runs, "data.train_fraction", 0.1, 1.0)


def embedding() -> Iterator[Figure]:
    runs = judged("embedding").fillna({"model.embedding_dim": 0})
    yield over_recipes("one-hot − embedding", runs, "model.embedding_dim", 0, 64)


def training_order() -> Iterator[Figure]:
    measured = pd.read_csv(RESULTS / "training_order_measured.csv")
    for temperature, part in measured.groupby("temperature"):
        arms = {key: rows["licence"] for key, rows in part.groupby(["order", "place"])}
        last = arms["text order", "licence last"]
        for question, other in (
            ("licence last: text order − shuffled", arms["shuffled", "licence last"]),
            ("text order: licence last − licence first", arms["text order", "licence first"]),
        ):
            yield two_samples(f"{question}, temperature {temperature:g}", last, other)


AUDITED: dict[str, Callable[[], Iterator[Figure]]] = {
    claim.__name__: claim for claim in (best_cell, gru_cost, batch_count, corpus_size, embedding, training_order)
}


def agrees(mine: float, theirs: float | None) -> bool:
    """Equal to three digits."""
    return theirs is not None and math.isclose(mine, theirs, rel_tol=5e-4, abs_tol=1e-6)


def differences(name: str) -> Iterator[str]:
    """A line for each question, with both figures; those that differ end in 'DIFFERS'."""
    found = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    written = {verdict["question"]: verdict for verdict in found["verdicts"]}
    for question, *mine in AUDITED[name]():
        theirs = [written[question][key] for key in ("estimate", "low", "high")]
        same = all(map(agrees, mine, theirs))
        estimate, low, high = mine
        shown = f"{estimate:+.4f} (95 % interval {low:+.4f} to {high:+.4f})"
        yield f"{name}: {question}: {shown}, " + ("as written" if same else f"DIFFERS from {theirs}")


def main(arguments: list[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    if arguments:
        sys.exit(f"error: {arguments[0]}: the audit takes no options; it recomputes {', '.join(AUDITED)}")
    lines = []
    for name in AUDITED:
        if not (RESULTS / f"{name}.json").exists():
            print(f"{name}: waits for its runs of the second edition")
            continue
        for line in differences(name):
            print(line)
            lines.append(line)
    if any("DIFFERS" in line for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
