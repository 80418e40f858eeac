"""Simulate how often each test gives a verdict that is wrong, and how often one that is right.

Usage
  python -m experiments.study.false_verdicts     about six minutes; writes experiments/results/false_verdicts.md

The runs are simulated, so the truth is known. Mostly it stands at the border of the region that the claim names, where
a wrong verdict is likeliest: there 'supported' and 'refuted' are each wrong. Each may have a probability of 2.5 %.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from charcells.files import write_atomically
from experiments.study.findings import (
    ABOVE_ZERO,
    ALIKE,
    ALPHA,
    EQUIVALENT,
    HIGHER,
    INCONCLUSIVE,
    MARGIN,
    RECIPE_DEPENDENT,
    REFUTED,
    SUPPORTED,
    Region,
    Verdict,
)
from experiments.study.power import power_of_equivalence, power_over_recipes
from experiments.study.recipes import judge_recipes, recipe_effects
from experiments.study.runs import ROOT
from experiments.study.verdicts import (
    holm,
    judge_all,
    judge_difference,
    judge_mean,
    judge_median,
    judge_share,
    judge_trend,
)

PATH = ROOT / "experiments" / "results" / "false_verdicts.md"
COMMAND = "python -m experiments.study.false_verdicts"

EXPERIMENTS, WITH_RECIPES = 10_000, 2_000
"""Simulated experiments of a case; fewer of those with recipes, which take longer."""

SD = 0.01
"""Standard deviation over seeds that real runs have, about, in bits per character."""

Array = NDArray[np.float64]


def normal(random: Generator, *shape: int) -> Array:
    return random.normal(size=shape)


def heavy_tailed(random: Generator, *shape: int) -> Array:
    """Student's t with three degrees of freedom."""
    return random.standard_t(3, shape) / math.sqrt(3)


def skewed(random: Generator, *shape: int) -> Array:
    """Exponential: bounded on one side."""
    return random.exponential(size=shape) - 1


SPREADS = (normal, heavy_tailed, skewed)
"""Each with mean 0 and standard deviation 1."""


@dataclass(frozen=True)
class Case:
    """A kind of experiment: what is true, what is asked, and which verdicts would be wrong."""

    name: str
    judge: Callable[[Generator], Verdict]
    """Simulates one experiment and judges it."""
    wrong: tuple[str, ...] = (SUPPORTED, REFUTED)
    experiments: int = EXPERIMENTS

    @property
    def allowed(self) -> float:
        """The highest rate of a wrong verdict that a test may show: 2.5 % and three standard errors of the rate, since
        it is simulated."""
        return ALPHA / 2 + 3 * math.sqrt(ALPHA / 2 * (1 - ALPHA / 2) / self.experiments)

    def rates(self) -> dict[str, float]:
        """The share of the experiments that had each verdict; verdicts that none had are missing."""
        random = np.random.default_rng(0)
        counted = Counter(self.judge(random).verdict for _ in range(self.experiments))
        return {verdict: count / self.experiments for verdict, count in counted.items()}

    def worst(self, rates: dict[str, float]) -> float:
        return max(rates.get(verdict, 0.0) for verdict in self.wrong)


def difference(
    name: str, spread: Any, n: tuple[int, int], region: Region, true: float, wider: float = 1.0, **more: Any
) -> Case:
    """Two arms whose means differ by `true`; the first scatters `wider` times as much as the second."""

    def judge(random: Generator) -> Verdict:
        a, b = (true + wider * SD * spread(random, n[0]), SD * spread(random, n[1]))
        return judge_difference("?", a, b, region, unit="", min_runs=min(n))

    return Case(name, judge, **more)


def differences() -> list[Case]:
    cases = []
    for spread in SPREADS:
        kind = spread.__name__.replace("_", "-")
        cases += [
            difference(f"no difference, 'above 0', 5 and 5 runs, {kind}", spread, (5, 5), ABOVE_ZERO, 0.0),
            difference(
                f"difference of the margin, 'higher by more than the margin', 8 and 8 runs, {kind}",
                spread, (8, 8), HIGHER, MARGIN, wrong=(SUPPORTED, REFUTED, ALIKE),
            ),
            difference(
                f"difference of the margin, 'alike', 16 and 16 runs, {kind}", spread, (16, 16), EQUIVALENT, MARGIN
            ),
        ]  # fmt: skip
    for spread in (normal, heavy_tailed):
        kind = spread.__name__.replace("_", "-")
        unequal = f"no difference, 'above 0', one arm with four times the spread, {kind}"
        cases += [
            difference(f"{unequal}, 5 and 5 runs", spread, (5, 5), ABOVE_ZERO, 0.0, 4.0),
            difference(f"{unequal}, 5 runs of it and 10", spread, (5, 10), ABOVE_ZERO, 0.0, 4.0),
        ]
    return cases


def failures(rate: float, n: int) -> Case:
    """Clipping that has no effect: in both arms a run fails with the same probability."""

    def judge(random: Generator) -> Verdict:
        a, b = (random.random((2, n)) < rate).astype(float)
        return judge_difference("?", a, b, ABOVE_ZERO, unit="", bounds=(0.0, 1.0))

    return Case(
        f"clipping without effect, {rate:.0%} of the runs fail in both arms, 'fewer fail', {n} and {n} runs", judge
    )


def share(true: float, asked: float, n: int) -> Case:
    @cache
    def judged(successes: int) -> Verdict:
        return judge_share("?", successes, n, Region(low=asked))

    def judge(random: Generator) -> Verdict:
        return judged(int(random.binomial(n, true)))

    wrong = (SUPPORTED,) if true < asked else (SUPPORTED, REFUTED)
    return Case(f"true rate {true:g}, 'above {asked:g}', {n} runs: judge_share", judge, wrong)


def shares_and_ties() -> list[Case]:
    def yes_or_no(n: int) -> Case:
        def judge(random: Generator) -> Verdict:
            values = (random.random(n) < 0.8).astype(float)
            return judge_mean("?", values, Region(low=0.9), unit="", bounds=(0.0, 1.0))

        return Case(f"true rate 0.8, 'above 0.9', {n} runs of 0 or 1: judge_mean with its range", judge, (SUPPORTED,))

    def equal(random: Generator) -> Verdict:
        return judge_difference("?", [1.5] * 5, [1.5] * 5, ABOVE_ZERO, unit="")

    return [
        *(share(0.8, 0.9, n) for n in (5, 8, 16, 50)),
        *(share(0.9, 0.9, n) for n in (16, 50)),
        *(yes_or_no(n) for n in (5, 8, 16)),
        *(failures(rate, n) for rate in (0.05, 0.2, 0.5) for n in (5, 16)),
        Case("the same figure in all runs of both arms, 'above 0', 5 and 5 runs", equal, experiments=1),
    ]


def single_figures() -> list[Case]:
    def mean(spread: Any, n: int) -> Case:
        def judge(random: Generator) -> Verdict:
            return judge_mean("?", spread(random, n), ABOVE_ZERO, unit="")

        return Case(f"mean 0, 'above 0', {n} runs, {spread.__name__.replace('_', '-')}: judge_mean", judge)

    def median(spread: Any, n: int) -> Case:
        middle = math.log(2) - 1 if spread is skewed else 0.0

        def judge(random: Generator) -> Verdict:
            return judge_median("?", spread(random, n), Region(low=middle), unit="")

        kind = spread.__name__.replace("_", "-")
        return Case(f"median at the threshold, {n} runs, {kind}: judge_median", judge, experiments=4_000)

    return [
        *(mean(spread, n) for spread in (normal, heavy_tailed) for n in (5, 8)),
        *(median(spread, n) for spread in SPREADS for n in (8, 16)),
    ]


def several_questions() -> list[Case]:
    def corpora(random: Generator) -> Verdict:
        pairs = normal(random, 3, 2, 5)
        return judge_all("?", [judge_difference("?", a, b, ABOVE_ZERO, unit="") for a, b in pairs])

    def claims(random: Generator) -> Verdict:
        """A wrong verdict if any of the four is."""
        pairs = normal(random, 4, 2, 5)
        four = [judge_difference("?", a, b, ABOVE_ZERO, unit="") for a, b in pairs]
        if any(verdict.verdict != INCONCLUSIVE for verdict in four):  # Holm's correction makes no verdict
            four = list(holm({str(i): verdict for i, verdict in enumerate(four)}).values())
        return next((verdict for verdict in four if verdict.verdict != INCONCLUSIVE), four[0])

    def level(random: Generator) -> Verdict:
        return judge_trend("?", normal(random, 6, 5), rising=True)

    def opposed(random: Generator) -> Verdict:
        rises = random.integers(0, 2, 8)[:, None] * 2 - 1
        return judge_trend("?", rises * np.arange(5), rising=True)

    return [
        Case("no difference on three corpora, 'above 0 on each', 5 and 5 runs", corpora, experiments=4_000),
        Case("any wrong verdict of four claims, after Holm's correction", claims, experiments=3_000),
        Case("curves without a trend, 6 runs of 5 levels", level),
        Case("half of the runs rise throughout, half fall throughout, 8 runs", opposed),
    ]


def recipes(
    name: str, spread: float, region: Region, true: float = 0.0, *, shape: Any = normal, number: int = 8,
    seeds: int = 2, wider: float = 1.0, half_at: float | None = None, **more: Any,
) -> Case:  # fmt: skip
    """A population of recipes, whose effects scatter by `spread` around `true`, on three corpora.

    Args:
        wider: how many times as much the seeds of the first arm scatter as those of the second.
        half_at: the effect of every second recipe, without any spread.
    """
    index = pd.MultiIndex.from_product(
        [range(number), ("a", "b", "c"), ("first", "second"), range(seeds)], names=["recipe", "corpus", "arm", "seed"]
    )
    frame = index.to_frame(index=False)

    def judge(random: Generator) -> Verdict:
        effects = true + spread * shape(random, number)
        if half_at is not None:
            effects[::2] = half_at
        by_corpus = effects[:, None] + spread / 3 * normal(random, number, 3)
        figures = SD * normal(random, number, 3, 2, seeds)
        figures[:, :, 0] *= wider
        figures[:, :, 0] += by_corpus[:, :, None]
        runs = frame.assign(figure=figures.ravel())
        return judge_recipes("?", recipe_effects(runs, "figure", ("arm", "first", "second")), region, unit="")

    return Case(name, judge, experiments=WITH_RECIPES, **more)


def recipe_cases() -> list[Case]:
    each = "8 recipes × 3 corpora × 2 seeds"
    same, any_ = (SUPPORTED, REFUTED, RECIPE_DEPENDENT), (SUPPORTED, REFUTED, ALIKE, RECIPE_DEPENDENT)
    three = each.replace("2 seeds", "3 seeds")
    return [
        recipes(f"effects scatter by 0.02 around 0, 'above 0', {each}", 0.02, ABOVE_ZERO),
        recipes(f"effects scatter by 0.03 around 0, 'above 0', {each}", 0.03, ABOVE_ZERO),
        recipes(f"effects scatter by 0.03 around 0, heavy-tailed, 'above 0', {each}", 0.03, ABOVE_ZERO,
                shape=heavy_tailed),
        recipes(f"effects scatter by 0.025 around the margin, 'higher by more than the margin', {three}",
                0.025, HIGHER, MARGIN, seeds=3, wrong=(SUPPORTED, REFUTED, ALIKE)),
        recipes(f"effects scatter by 0.01 around the margin, 'alike', {each}", 0.01, EQUIVALENT, MARGIN),
        recipes(f"no effect in any recipe, 'above 0', {each}", 0.0, ABOVE_ZERO, wrong=same),
        recipes(f"the margin in every recipe, 'higher by more than the margin', {three}", 0.0, HIGHER, MARGIN, seeds=3,
                wrong=any_),
        recipes(f"0 in half of the recipes, 0.1 in the others, 'above 0', {each}", 0.0, ABOVE_ZERO, half_at=0.1,
                wrong=(REFUTED, RECIPE_DEPENDENT)),
        recipes(f"the same, one arm with three times the spread of seeds, {three}", 0.0, ABOVE_ZERO, half_at=0.1,
                seeds=3, wider=3.0, wrong=(REFUTED, RECIPE_DEPENDENT)),
    ]  # fmt: skip


def known_limits() -> list[Case]:
    """Where a test does not keep its level, and what to use instead."""

    def skewed_mean(random: Generator) -> Verdict:
        return judge_mean("?", skewed(random, 8), ABOVE_ZERO, unit="")

    def skewed_share(random: Generator) -> Verdict:
        return judge_mean("?", random.beta(9, 1, 8), Region(low=0.9), unit="", bounds=(0.0, 1.0))

    def learned_or_not(random: Generator) -> Verdict:
        values = np.where(random.random(5) < 0.8, random.uniform(0.98, 0.99, 5), 0.1)
        return judge_mean("?", values, Region(low=0.9), unit="", bounds=(0.0, 1.0))

    def one_recipe(random: Generator) -> Verdict:
        a, b = SD * normal(random, 2, 8)
        return judge_difference("?", a + 0.025 * random.normal(), b, ABOVE_ZERO, unit="")

    return [
        Case("mean of a skewed figure, 8 runs: take judge_median", skewed_mean),
        Case("mean of shares near 1 (true 0.9, 'above 0.9'), 8 runs: take judge_median", skewed_share),
        Case("recall of 0.98 to 0.99 in 80 % of the runs and 0.1 in the others, 'mean above 0.9', 5 runs: take "
             "judge_share of the runs that recall enough", learned_or_not, (SUPPORTED,)),
        difference("no difference, skewed, one arm with four times the spread, 5 and 5 runs", skewed, (5, 5),
                   ABOVE_ZERO, 0.0, 4.0),
        recipes("effects of recipes scatter by 0.03 around 0, skewed, 8 recipes: look at the specification curve",
                0.03, ABOVE_ZERO, shape=skewed),
        Case("seeds of one recipe alone, taken for all recipes, whose effects scatter by 0.025 around 0: take "
             "judge_recipes", one_recipe),
    ]  # fmt: skip


def cases() -> list[Case]:
    """All that must keep their level."""
    return [*differences(), *shares_and_ties(), *single_figures(), *several_questions(), *recipe_cases()]


def right_verdicts() -> list[tuple[str, str, float]]:
    """(what is true and asked, a verdict that is right, how often it was given)."""
    populations = [
        recipes(f"half of the recipes at −0.05, half at 0.05, 'above 0', 8 × 3 corpora × {seeds} seeds", 0.0,
                ABOVE_ZERO, 0.05, half_at=-0.05, seeds=seeds)
        for seeds in (2, 3)
    ]  # fmt: skip
    populations += [
        recipes(f"mean effect 0.03, scatters by {spread:g}, 'above 0', 8 recipes × 3 corpora × {seeds} seeds", spread,
                ABOVE_ZERO, 0.03, seeds=seeds)
        for spread in (0.02, 0.03)
        for seeds in (2, 3)
    ]  # fmt: skip
    rows = []
    for case in populations:
        rates = case.rates()
        rows += [(case.name, word, rates.get(word, 0.0)) for word in (SUPPORTED, RECIPE_DEPENDENT)]
    rows += [
        (f"no difference, spread over seeds {sd:g}, 'alike', {n} and {n} runs", SUPPORTED, power_of_equivalence(sd, n))
        for sd in (0.01, 0.0125)
        for n in (8, 16)
    ]
    return rows + [
        (
            f"mean effect {true:g}, scatters by {spread:g}, '{region}', {number} recipes × 3 corpora × 2 seeds, where "
            "no recipe surely disagrees",
            SUPPORTED,
            power_over_recipes(spread, SD, number, true, region, runs_per_arm=6),
        )
        for true, region in ((0.06, HIGHER), (0.0, EQUIVALENT))
        for spread in (0.01, 0.02)
        for number in (8, 16)
    ]


def markdown() -> str:
    words = (SUPPORTED, REFUTED, ALIKE, RECIPE_DEPENDENT)
    head = ["truth and claim", *words, "experiments"]

    def row(case: Case) -> list[str]:
        rates = case.rates()
        # a verdict that would be right here is in brackets
        shown = [f"{rates.get(word, 0.0):.1%}" for word in words]
        marked = [text if word in case.wrong else f"({text})" for word, text in zip(words, shown, strict=True)]
        return [case.name, *marked, f"{case.experiments:,}"]

    def table(columns: list[str], rows: list[list[str]]) -> list[str]:
        lines = [columns, ["---"] * len(columns), *rows]
        return ["| " + " | ".join(line) + " |" for line in lines] + [""]

    right = [[name, word, f"{rate:.0%}"] for name, word, rate in right_verdicts()]
    return "\n".join(
        [
            "# How often a verdict is wrong",
            "",
            f"Written by `{COMMAND}`.",
            "",
            "The runs are simulated, so the truth is known. A wrong verdict may have a probability of 2.5 %; a rate of",
            f"{EXPERIMENTS:,} experiments is right to ±0.3 points, one of {WITH_RECIPES:,} to ±0.7. Rates in",
            "brackets are of verdicts that are not wrong in this case. Bits per character; seeds scatter by 0.01.",
            "",
            *table(head, [row(case) for case in cases()]),
            "## Where a test does not keep its level",
            "",
            "No test of a mean is right for every spread (Bahadur and Savage 1956).",
            "",
            *table(head, [row(case) for case in known_limits()]),
            "## How often a right verdict is found",
            "",
            *table(["truth and claim", "verdict", "found"], right),
        ]
    )


if __name__ == "__main__":
    write_atomically(PATH, markdown())
    print(PATH.relative_to(ROOT))
