"""What a claim asks of its figures: a Question says how an interval is made of them, a Joined which questions it joins.

The functions below are the words in which `recipes` and `models` are written.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.audit.methods import (
    Interval,
    Range,
    clopper_pearson,
    mean,
    median,
    pages_test_agrees,
    rank_correlation,
    student,
    student_within,
    sum_of_means,
    welch,
    welch_within,
)

TUNING_SEED = 101
"""Runs with this seed have chosen a learning rate and are not judged."""

SHARE: Range = (0.0, 1.0)

TEXTS = ("biblia", "quijote", "pydoc")

BITS = "test/bpc"

MARGIN = 0.02
"""Bits per character that count as alike."""


@dataclass(frozen=True)
class Question:
    """One question, with figures of its own."""

    asked: str
    """As the finding has it."""
    n: int
    """Figures behind the estimate: runs, both sides of a difference together, or pairs where pairs are judged."""
    interval: Callable[[float], Interval]
    """The interval that leaves out a given probability at each end."""
    alike: float | None = None
    """What counts as alike: a difference surely within ± this is not called refuted, but alike."""
    rounding: float = 0.0
    """By how much the estimate may be off because the CSV has six digits of each figure."""
    each: Callable[[float], list[Interval]] | None = None
    """Of claims about recipes: the interval of each recipe by its own seeds."""
    bears_out: Callable[[bool, float], bool] | None = None
    """Of trends: whether a second test agrees that the figure rises (True) or falls (False)."""


@dataclass(frozen=True)
class Lacking:
    """A question whose figures the CSVs do not hold."""

    asked: str
    why: str


@dataclass(frozen=True)
class Joined:
    """A question that is true if all of several are."""

    asked: str
    parts: tuple[str, ...]


Asked = Question | Joined | Lacking


@dataclass(frozen=True)
class Data:
    """What is committed of a claim."""

    folder: Path
    name: str

    @property
    def runs(self) -> pd.DataFrame:
        """A row for each judged run."""
        frame = pd.read_csv(self.folder / f"{self.name}.csv")
        return frame[frame["seed"] != TUNING_SEED]

    @property
    def measured(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"{self.name}_measured.csv")

    @property
    def has_measured(self) -> bool:
        return (self.folder / f"{self.name}_measured.csv").exists()

    @property
    def finding(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / f"{self.name}.json").read_text(encoding="utf-8"))
        return found


Audit = Callable[[Data], Iterator[Asked]]


def joined(question: str, parts: list[Asked]) -> Iterator[Asked]:
    """A question and those that it joins."""
    yield Joined(question, tuple(part.asked for part in parts))
    yield from parts


def where(frame: pd.DataFrame, values: dict[str, object]) -> pd.DataFrame:
    """The rows that have these values."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame


def numbers(values: Any) -> list[float]:
    """Raises ValueError if there are none."""
    found = [float(value) for value in values]
    if not found:
        raise ValueError("no row of the CSV answers one of the questions")
    return found


def rounding(values: Sequence[float]) -> float:
    """Mean of half a unit of the sixth digit of each figure."""
    return mean([10 ** (math.floor(math.log10(abs(value))) - 5) / 2 if value else 0.0 for value in values])


def share(asked: str, happened: Any) -> Question:
    """In how many of the runs something happened: exact, after Clopper and Pearson."""
    each = [bool(value) for value in happened]
    return Question(asked, len(each), lambda tail: clopper_pearson(sum(each), len(each), tail))


def mean_of(
    asked: str, values: Any, minus: Any = None, span: Range | None = None, alike: float | None = None
) -> Question:
    """The mean of a figure, or of the differences of pairs: Student's interval, within the range if there is one."""
    first = numbers(values)
    second = [0.0] * len(first) if minus is None else numbers(minus)
    each = [a - b for a, b in zip(first, second, strict=True)]

    def interval(tail: float) -> Interval:
        return student(each, tail) if span is None else student_within(each, span, tail)

    return Question(asked, len(each), interval, alike, rounding(first) + rounding(second))


def difference(asked: str, a: Any, b: Any, span: Range | None = None, alike: float | None = None) -> Question:
    """The difference of two means whose runs are no pairs: Welch's interval, within the range if there is one."""
    first, second = numbers(a), numbers(b)

    def interval(tail: float) -> Interval:
        return welch(first, second, tail) if span is None else welch_within(first, second, span, tail)

    return Question(asked, len(first) + len(second), interval, alike, rounding(first) + rounding(second))


def median_of(asked: str, values: Any, minus: Any = None) -> Question:
    """The median run, or the median difference of pairs, between two of the ordered figures."""
    first = numbers(values)
    second = [0.0] * len(first) if minus is None else numbers(minus)
    each = [a - b for a, b in zip(first, second, strict=True)]
    return Question(asked, len(each), lambda tail: median(each, tail), rounding=rounding(first) + rounding(second))


def trend(asked: str, curves: Any) -> Question:
    """Whether each run's curve rises: the mean rank correlation, between −1 and 1, and Page's test must agree.

    Args:
        curves: a row for each run, a column for each level.
    """
    each = [numbers(row) for row in curves.to_numpy()]
    ranks = [rank_correlation(curve) for curve in each]
    return Question(
        asked,
        len(each),
        lambda tail: student_within(ranks, (-1.0, 1.0), tail),
        bears_out=lambda rising, tail: pages_test_agrees(each, rising, tail),
    )


def over_recipes(
    asked: str,
    runs: pd.DataFrame,
    recipe: Sequence[str],
    figure: str,
    arms: tuple[str, object, object] | None = None,
    alike: float | None = None,
) -> Question:
    """The mean over recipes of: the mean over texts of the difference of two arms' means.

    Student's interval of the recipes' effects. Those of the recipes themselves are of sums of independent means.

    Args:
        recipe: the columns that tell recipes from one another.
        arms: a column, and its value in the first arm and in the second. None: the figure is a difference already.
    """
    column, first, second = arms or ("corpus", None, None)
    chosen = runs[runs[column].isin([first, second])] if arms else runs
    found = []
    for _, part in chosen.groupby(list(recipe)):
        texts = part["corpus"].nunique()
        groups = part.groupby(["corpus", column] if arms else ["corpus"])[figure]
        weights = [(-1.0 if arms and key[1] == second else 1.0) / texts for key, _ in groups]
        assert len(weights) == texts * (2 if arms else 1), f"{asked}: an arm is missing in a recipe"
        found.append([(weight, numbers(values)) for weight, (_, values) in zip(weights, groups, strict=True)])
    effects = [sum_of_means(parts).estimate for parts in found]
    return Question(
        asked,
        len(chosen),
        lambda tail: student(effects, tail),
        alike,
        rounding(numbers(chosen[figure])) * (2 if arms else 1),
        each=lambda tail: [sum_of_means(parts, tail) for parts in found],
    )


def by_text(runs: pd.DataFrame, figure: str, column: str, first: object, second: object) -> tuple[Any, Any]:
    """A figure of two arms, one run of each for each text and seed, in the same order."""
    sides = [where(runs, {column: arm}).set_index(["corpus", "seed"])[figure].sort_index() for arm in (first, second)]
    assert sides[0].index.equals(sides[1].index), f"{column}: {first} and {second} have not the same texts and seeds"
    return sides[0], sides[1]
