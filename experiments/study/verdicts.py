"""How the figures of several runs decide a question: a 95 % interval, one-sided tests and a verdict.

A claim says that a quantity (a difference of mean bits per character, a share) lies in a Region: beyond a threshold, or
within a margin of zero ('A is like B'). It is supported if the 95 % interval lies wholly inside the region, refuted if
it lies wholly outside, and inconclusive otherwise. Each kind of error therefore has a probability of at most 2.5 %, and
few or scattered runs decide nothing. For a margin, 'inside' amounts to the two one-sided tests of Schuirmann (1987) at
2.5 % each.

Which function judges what:
    judge_share       in how many of the runs something happened
    judge_difference  two arms whose runs are no pairs
    judge_mean        a figure of each run, or the difference of each pair, whose spread is about symmetric
    judge_median      a figure of each run against a threshold, whatever its spread: losses, shares near 0 or 1
    judge_trend       curves along an ordered scale
    judge_recipes     (experiments.study.recipes) differences under several recipes
A figure that no run can change is not judged: findings.Constant.

`python -m experiments.study.false_verdicts` simulates how often each of them gives a wrong verdict.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from experiments.study.findings import (
    ABOVE_ZERO,
    ALIKE,
    ALPHA,
    BELOW_ZERO,
    INCONCLUSIVE,
    REFUTED,
    SUPPORTED,
    Region,
    Verdict,
)

MIN_RUNS = 3
"""Runs per side below which a t test never decides, whatever `min_runs` says: two hardly show a variance."""

RANK_CORRELATION = "rank correlation"

EVERYTHING = (-math.inf, math.inf)

OneSided = Callable[[str, float], float]
"""p(alternative, value): p of the one-sided test of the quantity against a value; 'greater' or 'less'."""


# One question


def judge_share(
    question: str, successes: int, trials: int, region: Region, *, unit: str = "share of runs", held_equal: str = ""
) -> Verdict:
    """Whether the true rate of something that each run does or does not do lies in a region: exact binomial tests.

    The interval is Clopper and Pearson's (1934), which inverts them. Five of five are p = 0.031 against a half, so six
    runs at least are needed for any verdict on 'above 0.5', 36 for 'above 0.9'.

    Args:
        successes: in how many of the `trials` runs it happened.
    """
    about: Any = {"question": question, "unit": unit, "held_equal": held_equal, "n": trials}
    if not trials:
        return _undecided(region, None, "no runs", **about)

    def p(alternative: str, value: float) -> float:
        return float(stats.binomtest(successes, trials, min(max(value, 0.0), 1.0), alternative).pvalue)

    exact = stats.binomtest(successes, trials).proportion_ci(1 - ALPHA, method="exact")
    note = f"{successes} of {trials}; exact binomial test"
    return _judged(region, successes / trials, (exact.low, exact.high), p, note=note, **about)


def judge_difference(
    question: str,
    a: ArrayLike,
    b: ArrayLike,
    region: Region,
    *,
    unit: str,
    held_equal: str = "",
    min_runs: int = 5,
    bounds: tuple[float, float] = EVERYTHING,
) -> Verdict:
    """Whether mean(a) - mean(b) lies in a region, by Welch's t test.

    Welch's, not Student's: two arms may scatter differently, and a seed of one arm is not paired with the same seed of
    the other, since the weights drawn from it differ.

    Where no arm has any spread only the range of the figures decides, by Hoeffding's inequality (1963, equation 2.7).
    So does it where Welch's interval reaches beyond what the range allows: there a symmetric spread is impossible, and
    the wider of the two intervals is taken.

    Args:
        a, b: a figure of each run. If one is not finite (a run that diverged), there is no mean and so no verdict.
        min_runs: of each side, below which there is no verdict.
        bounds: the least and the greatest figure that a run can have: (0, 1) for a share.
    """
    first, second = _array(a), _array(b)
    about: Any = {"question": question, "unit": unit, "held_equal": held_equal, "n": len(first) + len(second)}
    estimate = _mean(first) - _mean(second)
    if why := _unjudgeable(min_runs, first, second):
        return _undecided(region, estimate, why, **about)
    width = bounds[1] - bounds[0]
    ranged = _hoeffding_difference(estimate, 1 / len(first) + 1 / len(second), width) if math.isfinite(width) else None
    if _no_spread(first) and _no_spread(second):
        return _by_range(region, estimate, ranged, **about)
    comparison = CompareMeans(DescrStatsW(first), DescrStatsW(second))
    interval = comparison.tconfint_diff(alpha=ALPHA, usevar="unequal")

    def p(alternative: str, value: float) -> float:
        return float(comparison.ttest_ind(alternative=_LARGER[alternative], usevar="unequal", value=value)[1])

    return _judged(region, estimate, *_in_range(interval, p, (-width, width), ranged), **about)


def judge_mean(
    question: str,
    values: ArrayLike,
    region: Region,
    *,
    unit: str,
    held_equal: str = "",
    min_runs: int = 5,
    bounds: tuple[float, float] = EVERYTHING,
) -> Verdict:
    """Whether the mean of a figure lies in a region, by Student's t test.

    For paired differences too, where one model is measured in two ways: pass the differences. A figure with a skewed
    spread belongs to `judge_median`: no test of a mean is right for every spread (Bahadur and Savage 1956).

    Where there is no spread only the range of the figure decides, by Hoeffding's inequality (1963, theorem 1, in its
    form with logarithms); if all values stand at an end of the range that is the exact binomial test. So does it where
    Student's interval reaches beyond the range, as in `judge_difference`.

    Args: as for `judge_difference`; `bounds` are those of the values that are passed, so (-1, 1) for differences of
        shares.
    """
    array = _array(values)
    about: Any = {"question": question, "unit": unit, "held_equal": held_equal, "n": len(array)}
    estimate = _mean(array)
    if why := _unjudgeable(min_runs, array):
        return _undecided(region, estimate, why, **about)
    ranged = _hoeffding(estimate, len(array), *bounds) if math.isfinite(bounds[1] - bounds[0]) else None
    if _no_spread(array):
        return _by_range(region, estimate, ranged, **about)
    described = DescrStatsW(array)

    def p(alternative: str, value: float) -> float:
        return float(described.ttest_mean(value, alternative=_LARGER[alternative])[1])

    interval = described.tconfint_mean(alpha=ALPHA)
    return _judged(region, estimate, *_in_range(interval, p, bounds, ranged), **about)


def judge_median(question: str, values: ArrayLike, region: Region, *, unit: str, held_equal: str = "") -> Verdict:
    """Whether the median run lies in a region, by the exact sign test; the interval consists of two of the values.

    It holds for every spread, without any too: eight of eight runs beyond a threshold are p = 0.004, whatever their
    figures are. Five runs decide nothing, six if all of them agree. A run that diverged may be given as infinite.
    """
    array = _array(values)
    about: Any = {"question": question, "unit": unit, "held_equal": held_equal, "n": len(array)}
    estimate = float(np.median(array)) if len(array) else math.nan
    if not len(array) or np.isnan(array).any():
        return _undecided(region, estimate, "a run without a figure" if len(array) else "no runs", **about)

    def p(alternative: str, value: float) -> float:
        return float(stats.quantile_test(array, q=value, p=0.5, alternative=alternative).pvalue)

    interval = stats.quantile_test(array, p=0.5).confidence_interval(1 - ALPHA)  # NaN of fewer than six runs
    return _judged(region, estimate, (interval.low, interval.high), p, note="median run; exact sign test", **about)


def judge_trend(question: str, curves: ArrayLike, *, rising: bool, held_equal: str = "", min_runs: int = 5) -> Verdict:
    """Whether a figure rises (or falls) along an ordered scale in the mean over the runs.

    The figure of a run is the rank correlation of its curve with the scale (1: each value is higher than the one
    before, -1: lower, 0: a level curve), judged as any mean between -1 and 1. It is Spearman's where no values are tied
    and otherwise Kendall's ρ_a (1948, Rank Correlation Methods, chapter 3), which does not make up for ties and so is
    smaller. Ranks, because one run with an outlier would hide a trend that every run shows. Page's trend test must
    agree: it is exact where no run has a trend, but wrong alone where some runs rise and others fall, since it pools
    the levels of all runs. Five runs that all rise throughout decide nothing, six do.

    Args:
        curves: (runs, levels), the same levels in the same order for each run; at least 3 levels.
    """
    table = np.asarray(curves, float)
    levels = table.shape[1]
    scale, ranks = (values - (levels + 1) / 2 for values in (np.arange(1, levels + 1), stats.rankdata(table, axis=1)))
    correlations = np.where(np.isfinite(table).all(1), ranks @ scale / (scale @ scale), np.nan)
    region = ABOVE_ZERO if rising else BELOW_ZERO
    options: Any = {"unit": RANK_CORRELATION, "held_equal": held_equal, "min_runs": min_runs, "bounds": (-1.0, 1.0)}
    found = judge_mean(question, correlations, region, **options)
    if found.low is None:
        return found
    up, down = (float(stats.page_trend_test(ordered).pvalue) for ordered in (table, table[:, ::-1]))
    true, false = (up, down) if rising else (down, up)
    both = replace(found, p_supported=max(found.p_supported, true), p_refuted=max(found.p_refuted, false))
    return replace(both, verdict=both.decided[0], note="t test of rank correlations and Page's test")


# Several questions


def judge_all(question: str, parts: Sequence[Verdict], *, held_equal: str = "") -> Verdict:
    """The verdict on a claim that must hold in each part: on each corpus, against each rival.

    Supported if every part is: an intersection-union test, which needs no correction. Alike if every part is. Refuted
    if any part is, and recipe-dependent if any part is and none is refuted: one wrong part would be enough, so
    Bonferroni's correction multiplies p by their number.

    It has no estimate and no interval of its own: those of the parts are in `parts`. A part that has parts itself is
    replaced by them there.
    """

    def of_any(each: Sequence[float]) -> float:
        return min(1.0, len(parts) * min(each))

    joined = Verdict(
        question=question,
        verdict=INCONCLUSIVE,
        estimate=None,
        low=None,
        high=None,
        unit="",
        n=sum(part.n for part in parts),
        threshold="each part",
        held_equal=held_equal or parts[0].held_equal,
        p_supported=max(part.p_supported for part in parts),
        p_refuted=of_any([part.p_refuted for part in parts]),
        p_alike=max(part.p_alike for part in parts),
        p_recipes=of_any([part.p_recipes for part in parts]),
        parts=tuple(leaf for part in parts for leaf in part.parts or (part,)),
    )
    return replace(joined, verdict=joined.decided[0])


def holm(verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Holm's correction of several claims' verdicts together: one that is no longer significant becomes inconclusive.

    Corrected verdicts may be passed again, for instance after one claim has been judged a second time: the correction
    leaves their p as they are.
    """
    adjusted = multipletests([verdict.p for verdict in verdicts.values()], alpha=ALPHA, method="holm")[1]
    corrected = {}
    for (name, verdict), p in zip(verdicts.items(), adjusted, strict=True):
        notes = [note for note in verdict.note.split("; ") if note and "Holm" not in note]
        notes.append(f"p after Holm's correction over {len(verdicts)} claims: {p:.2g}")
        held = verdict.decided[0] if p <= ALPHA else INCONCLUSIVE
        corrected[name] = replace(verdict, verdict=held, note="; ".join(notes))
    return corrected


def confirmed_by_text(verdict: Verdict, region: Region, a: ArrayLike, b: ArrayLike, *, block: int = 500) -> Verdict:
    """The verdict if it also holds for other held-out text of the same kind, otherwise inconclusive.

    The seeds show how much the training varies, all of it scored on one text; this shows how much the text varies.
    Losses of neighbouring characters are correlated, so the bootstrap resamples blocks of 500 characters, longer than
    a model's memory, not single characters: 2,000 times, percentile interval.

    Args:
        a, b: (T,) loss of each held-out character in bits, the mean over the runs of each side.
        block: characters per block; an incomplete block at the end is left out.
    """
    difference = np.asarray(a, float) - np.asarray(b, float)
    blocks = difference[: len(difference) // block * block].reshape(-1, block).mean(1)
    if len(blocks) < 2:
        return replace(verdict, **_TAKEN_BACK, note="held-out text shorter than two blocks")
    return _confirmed(verdict, region, [blocks], f"{len(blocks)} blocks of held-out text")


def confirmed_by_reviews(verdict: Verdict, region: Region, differences: Mapping[str, ArrayLike]) -> Verdict:
    """The verdict on accuracy if it also holds for other reviews of the same kinds, otherwise inconclusive.

    The runs show how much training varies, all of them judged by the same test reviews. These are resampled here, each
    set's among themselves, 2,000 times; the figure is the mean over the sets. Percentile interval.

    Args:
        differences: by set of reviews, for each test review (R,), the share of the runs of the first side that find its
            label, less that of the second side.
    """
    samples = [np.asarray(values, float) for values in differences.values()]
    if min(map(len, samples)) < 2:
        return replace(verdict, **_TAKEN_BACK, note="fewer than two test reviews")
    return _confirmed(verdict, region, samples, f"{sum(map(len, samples)):,} test reviews")


_TAKEN_BACK: Any = {"verdict": INCONCLUSIVE, "p_supported": 1.0, "p_refuted": 1.0, "p_alike": 1.0}
"""What a verdict becomes that does not hold for other texts."""


def _confirmed(verdict: Verdict, region: Region, samples: Sequence[NDArray[np.float64]], of: str) -> Verdict:
    """The verdict if the bootstrap interval of the mean over the samples' means bears it out."""

    def mean(*parts: NDArray[np.float64], axis: int = -1) -> Any:
        return np.mean([part.mean(axis) for part in parts], axis=0)

    result = stats.bootstrap(
        tuple(samples), mean, n_resamples=2000, confidence_level=1 - ALPHA, rng=0, method="percentile", batch=100
    )
    low, high = result.confidence_interval
    note = f"95 % interval over {of}: {low:+.4f} to {high:+.4f}"
    agrees = {
        SUPPORTED: region.holds(low, high),
        REFUTED: region.excludes(low, high),
        ALIKE: region.alike is not None and Region(-region.alike, region.alike).holds(low, high),
    }.get(verdict.verdict, True)
    note = "; ".join(filter(None, [verdict.note, note + ("" if agrees else ", which does not bear it out")]))
    return replace(verdict, note=note, **({} if agrees else _TAKEN_BACK))


# Parts of the above


_LARGER = {"greater": "larger", "less": "smaller"}
"""scipy's names of the alternatives and those of statsmodels."""

_OPPOSITE = {"greater": "less", "less": "greater"}


def _array(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, float).reshape(-1)


def _mean(array: NDArray[np.float64]) -> float:
    """NaN where there is no finite mean."""
    return float(array.mean()) if len(array) and np.isfinite(array).all() else math.nan


def _no_spread(array: NDArray[np.float64]) -> bool:
    """Whether all figures are equal but for the rounding of floats."""
    return bool(np.ptp(array) <= 1e-9 * abs(array[0]))


def _unjudgeable(min_runs: int, *sides: NDArray[np.float64]) -> str:
    """Why a test by means cannot be made; empty if it can."""
    least = max(MIN_RUNS, min_runs)
    if min(map(len, sides)) < least:
        return f"fewer than {least} runs per side"
    return "" if all(np.isfinite(side).all() for side in sides) else "a run without a finite figure"


def p_values(region: Region, p: OneSided) -> dict[str, Any]:
    """p_supported, p_refuted and p_alike of a Verdict, from the one-sided tests of its quantity."""

    def within(low: float, high: float) -> list[tuple[str, float]]:
        return [(side, value) for side, value in (("greater", low), ("less", high)) if math.isfinite(value)]

    # inside a region means beyond both of its bounds, outside means beyond one of them
    inside = within(region.low, region.high)
    found = {
        "p_supported": max(p(side, value) for side, value in inside),
        "p_refuted": min(p(_OPPOSITE[side], value) for side, value in inside),
    }
    if region.alike is not None:
        found["p_alike"] = max(p(side, value) for side, value in within(-region.alike, region.alike))
    return found


def _judged(
    region: Region, estimate: float, interval: tuple[float, float], p: OneSided, *, note: str = "", **about: Any
) -> Verdict:
    """The verdict that the one-sided tests give; an end of the interval that is NaN is missing."""
    low, high = (None if math.isnan(end) else float(end) for end in interval)
    judged = Verdict(
        verdict=INCONCLUSIVE,
        estimate=estimate,
        low=low,
        high=high,
        threshold=str(region),
        note=note,
        **about,
        **p_values(region, p),
    )
    return replace(judged, verdict=judged.decided[0])


def _undecided(region: Region, estimate: float | None, why: str, **about: Any) -> Verdict:
    """Inconclusive; with the estimate if there is one."""
    known = None if estimate is None or math.isnan(estimate) else estimate
    threshold = str(region)
    return Verdict(verdict=INCONCLUSIVE, estimate=known, low=None, high=None, threshold=threshold, note=why, **about)


Ranged = tuple[tuple[float, float], OneSided]
"""The interval and the tests that follow from the range of a quantity alone."""


def _by_range(region: Region, estimate: float, ranged: Ranged | None, **about: Any) -> Verdict:
    """The verdict where all runs agree: by the range, or none."""
    if ranged is None:
        return _undecided(region, estimate, "all runs agree, which shows no spread to judge by", **about)
    return _judged(region, estimate, *ranged, note="all runs agree; Hoeffding's interval", **about)


def _in_range(
    interval: tuple[float, float], p: OneSided, bounds: tuple[float, float], ranged: Ranged | None
) -> tuple[tuple[float, float], OneSided]:
    """A t interval and its tests as they are where the interval lies within the bounds, otherwise cut off there, and
    the wider of it and the interval that follows from the range."""
    low, high = interval
    if bounds[0] <= low and high <= bounds[1]:
        return interval, p
    cut = (max(low, bounds[0]), min(high, bounds[1]))
    if ranged is None:
        return cut, p
    other, q = ranged
    return (min(cut[0], other[0]), max(cut[1], other[1])), lambda side, value: max(p(side, value), q(side, value))


def _hoeffding(mean: float, n: int, low: float, high: float) -> Ranged:
    """For the mean of n independent figures between low and high, by Hoeffding (1963), theorem 1."""
    x = min(max((mean - low) / (high - low), 0.0), 1.0)

    def bound(m: float) -> float:
        """The probability of a mean of n that lies as far from m as x does, on the same side."""
        return math.exp(-n * float(special.rel_entr(x, m) + special.rel_entr(1 - x, 1 - m)))

    def p(alternative: str, value: float) -> float:
        m = min(max((value - low) / (high - low), 0.0), 1.0)
        beyond = x > m if alternative == "greater" else x < m
        return bound(m) if beyond else 1.0

    def end(limit: float) -> float:
        """Where the bound is half of ALPHA between the limit and x; x itself if it stands at the limit."""
        if x == limit:
            return x
        return float(optimize.brentq(lambda m: bound(m) - ALPHA / 2, limit, x))

    return (low + (high - low) * end(0.0), low + (high - low) * end(1.0)), p


def _hoeffding_difference(difference: float, inverse_n: float, width: float) -> Ranged:
    """For a difference of two means of independent figures, by Hoeffding (1963), equation 2.7.

    Args:
        inverse_n: 1/n + 1/m of the two sides' numbers of figures.
        width: of the range of a figure.
    """

    def p(alternative: str, value: float) -> float:
        t = (difference - value) / width if alternative == "greater" else (value - difference) / width
        return math.exp(-2 * t**2 / inverse_n) if t > 0 else 1.0

    reach = width * math.sqrt(math.log(2 / ALPHA) * inverse_n / 2)
    return (max(difference - reach, -width), min(difference + reach, width)), p
