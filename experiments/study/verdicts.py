"""How the figures of several runs decide a question: a 95 % interval, two one-sided tests and a verdict.

A claim says that a quantity (a difference of mean bits per character, a share) lies in a Region: beyond a threshold, or
within a margin of zero ('A is equivalent to B'). It is supported if the 95 % interval lies wholly inside the region,
refuted if it lies wholly outside, and inconclusive otherwise. Each kind of error therefore has a probability of at most
2.5 %, and few or scattered runs decide nothing. For a margin, 'inside' amounts to the two one-sided tests of Schuirmann
(1987) at 2.5 % each.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from experiments.study.findings import ABOVE_ZERO, BELOW_ZERO, INCONCLUSIVE, REFUTED, SUPPORTED, Region, Verdict

ALPHA = 0.05
"""Two-sided: each one-sided test is made at half of it."""

MIN_RUNS = 3
"""Runs per side below which there is never a verdict, whatever `min_runs` says: two hardly show a variance."""

RANK_CORRELATION = "rank correlation"


# One question


def judge_difference(
    question: str, a: ArrayLike, b: ArrayLike, region: Region, *, unit: str, held_equal: str = "", min_runs: int = 5
) -> Verdict:
    """Whether mean(a) - mean(b) lies in a region, by Welch's t test.

    Welch's, not Student's: two arms may scatter differently, and a seed of one arm is not paired with the same seed of
    the other, since the weights drawn from it differ.

    Args:
        a, b: a figure of each run. If one is not finite (a run that diverged), there is no mean and so no verdict.
        min_runs: of each side, below which there is no verdict.
    """
    first, second = _array(a), _array(b)
    if min(len(first), len(second)) < max(MIN_RUNS, min_runs) or not _finite(first, second):
        return _undecided(question, region, unit, held_equal, first, second, min_runs)
    n, estimate = len(first) + len(second), float(first.mean() - second.mean())
    if first.var() + second.var() == 0:
        return _without_variance(question, estimate, region, unit, held_equal, n)
    comparison = CompareMeans(DescrStatsW(first), DescrStatsW(second))
    low, high = comparison.tconfint_diff(alpha=ALPHA, usevar="unequal")

    def p(alternative: str, value: float) -> float:
        return float(comparison.ttest_ind(alternative=alternative, usevar="unequal", value=value)[1])

    return _judged(question, estimate, float(low), float(high), p, region, unit, held_equal, n)


def judge_mean(
    question: str, values: ArrayLike, region: Region, *, unit: str, held_equal: str = "", min_runs: int = 5
) -> Verdict:
    """Whether the mean of a figure lies in a region, by Student's t test.

    For paired differences too, where one model is measured in two ways: pass the differences.

    Args: as for `judge_difference`.
    """
    array = _array(values)
    if len(array) < max(MIN_RUNS, min_runs) or not _finite(array):
        return _undecided(question, region, unit, held_equal, array, None, min_runs)
    if array.var() == 0:
        return _without_variance(question, float(array[0]), region, unit, held_equal, len(array))
    described = DescrStatsW(array)
    low, high = described.tconfint_mean(alpha=ALPHA)

    def p(alternative: str, value: float) -> float:
        return float(described.ttest_mean(value, alternative=alternative)[1])

    return _judged(question, float(array.mean()), float(low), float(high), p, region, unit, held_equal, len(array))


def judge_trend(question: str, curves: ArrayLike, *, rising: bool, held_equal: str = "", min_runs: int = 5) -> Verdict:
    """Whether a figure rises (or falls) along an ordered scale, by Page's trend test over the runs' curves.

    The estimate is the statistic which that test sums: Spearman's rank correlation of a curve with the scale (1: each
    value is higher than the one before, -1: lower, 0: a level curve), its mean over the runs with a t interval. Ranks,
    because one run with an outlier would hide a trend that every run shows.

    Args:
        curves: (runs, levels), the same levels in the same order for each run; at least 3 levels.
    """
    table = np.asarray(curves, float)
    levels = table.shape[1]
    region = ABOVE_ZERO if rising else BELOW_ZERO
    scale, ranks = (values - (levels + 1) / 2 for values in (np.arange(1, levels + 1), stats.rankdata(table, axis=1)))
    values = _array(ranks @ scale / (scale @ scale))
    if len(table) < max(MIN_RUNS, min_runs) or not _finite(table):
        return _undecided(question, region, RANK_CORRELATION, held_equal, values, None, min_runs)
    effect = judge_mean(question, values, region, unit=RANK_CORRELATION, held_equal=held_equal, min_runs=min_runs)
    up, down = (float(stats.page_trend_test(ordered).pvalue) for ordered in (table, table[:, ::-1]))
    p_supported, p_refuted = (up, down) if rising else (down, up)
    assert effect.low is not None and effect.high is not None
    # a t interval does not know that a correlation ends at ±1
    effect = replace(effect, low=max(effect.low, -1.0), high=min(effect.high, 1.0))
    decided = replace(effect, p_supported=p_supported, p_refuted=p_refuted, note="Page's trend test")
    return replace(decided, verdict=_decide(p_supported, p_refuted))


# Several questions


def judge_all(question: str, parts: Sequence[Verdict], *, held_equal: str = "") -> Verdict:
    """The verdict on a claim that must hold in each part: on each corpus, against each rival.

    Supported if every part is: an intersection-union test, which needs no correction. Refuted if any part is: one wrong
    refutation among the parts would be enough, so Bonferroni's correction multiplies p by their number. The estimate is
    that of the deciding part: the one with the strongest evidence against the claim if the claim is refuted, otherwise
    the one with the weakest evidence for it.
    """
    p_supported = max(part.p_supported for part in parts)
    p_refuted = min(1.0, len(parts) * min(part.p_refuted for part in parts))
    if p_refuted <= ALPHA / 2:
        shown = min(parts, key=lambda part: part.p_refuted)
    else:
        shown = max(parts, key=lambda part: part.p_supported)
    return replace(
        shown,
        question=question,
        verdict=_decide(p_supported, p_refuted),
        n=sum(part.n for part in parts),
        held_equal=held_equal or shown.held_equal,
        p_supported=p_supported,
        p_refuted=p_refuted,
        note=f"{len(parts)} parts; the estimate is that of the deciding part: {shown.question}",
    )


def holm(verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Holm's correction of several claims' verdicts together: one that is no longer significant becomes inconclusive.

    Corrected verdicts may be passed again, for instance after one claim has been judged a second time: the correction
    leaves p_supported and p_refuted as they are.
    """
    adjusted = multipletests([verdict.p for verdict in verdicts.values()], alpha=ALPHA, method="holm")[1]
    corrected = {}
    for (name, verdict), p in zip(verdicts.items(), adjusted, strict=True):
        notes = [note for note in verdict.note.split("; ") if note and "Holm" not in note]
        notes.append(f"p after Holm's correction over {len(verdicts)} claims: {p:.2g}")
        held = _decide(verdict.p_supported, verdict.p_refuted) if p <= ALPHA else INCONCLUSIVE
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
        return replace(verdict, verdict=INCONCLUSIVE, note="held-out text shorter than two blocks")
    result = stats.bootstrap(
        (blocks,), np.mean, n_resamples=2000, confidence_level=1 - ALPHA, rng=0, method="percentile"
    )
    low, high = result.confidence_interval
    note = f"95 % interval over {len(blocks)} blocks of held-out text: {low:+.3f} to {high:+.3f}"
    agrees = {SUPPORTED: region.holds(low, high), REFUTED: region.excludes(low, high)}.get(verdict.verdict, True)
    note = "; ".join(filter(None, [verdict.note, note + ("" if agrees else ", which does not bear it out")]))
    if agrees:
        return replace(verdict, note=note)
    return replace(verdict, verdict=INCONCLUSIVE, p_supported=1.0, p_refuted=1.0, note=note)


def _array(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, float).reshape(-1)


def _finite(*arrays: NDArray[np.float64]) -> bool:
    return all(bool(np.isfinite(array).all()) for array in arrays)


def _decide(p_supported: float, p_refuted: float) -> str:
    if p_supported <= ALPHA / 2:
        return SUPPORTED
    return REFUTED if p_refuted <= ALPHA / 2 else INCONCLUSIVE


def _judged(
    question: str,
    estimate: float,
    low: float,
    high: float,
    p: Any,
    region: Region,
    unit: str,
    held_equal: str,
    n: int,
) -> Verdict:
    """`p(alternative, value)`: p of the one-sided test of the mean against a value; 'larger' or 'smaller'."""
    bounds = [("larger", region.low), ("smaller", region.high)]
    bounds = [(alternative, value) for alternative, value in bounds if math.isfinite(value)]
    # inside a margin means beyond both bounds, outside means beyond one of them
    p_supported = max(p(alternative, value) for alternative, value in bounds)
    opposite = {"larger": "smaller", "smaller": "larger"}
    p_refuted = min(p(opposite[alternative], value) for alternative, value in bounds)
    about: Any = {"question": question, "unit": unit, "n": n, "threshold": str(region), "held_equal": held_equal}
    tested: Any = {"p_supported": p_supported, "p_refuted": p_refuted, "verdict": _decide(p_supported, p_refuted)}
    return Verdict(estimate=estimate, low=low, high=high, **about, **tested)


def _without_variance(question: str, value: float, region: Region, unit: str, held_equal: str, n: int) -> Verdict:
    """Where all runs give the same figure, a t test divides by zero and the figure itself decides."""
    inside = region.low < value < region.high
    about: Any = {"question": question, "unit": unit, "n": n, "threshold": str(region), "held_equal": held_equal}
    certain: Any = {"p_supported": float(not inside), "p_refuted": float(inside), "note": "all runs agree"}
    return Verdict(estimate=value, low=value, high=value, verdict=SUPPORTED if inside else REFUTED, **about, **certain)


def _undecided(
    question: str,
    region: Region,
    unit: str,
    held_equal: str,
    first: NDArray[np.float64],
    second: NDArray[np.float64] | None,
    min_runs: int,
) -> Verdict:
    """Inconclusive for too few runs or a run without a finite figure; with the estimate if all figures are finite."""
    sides = [first] if second is None else [first, second]
    n = sum(map(len, sides))
    means = [float(side.mean()) if len(side) and _finite(side) else None for side in sides]
    estimate = None
    if None not in means:
        estimate = means[0] if len(means) == 1 else means[0] - means[1]  # type: ignore[operator]
    few = min(map(len, sides)) < max(MIN_RUNS, min_runs)
    why = f"fewer than {max(MIN_RUNS, min_runs)} runs per side" if few else "a run without a finite figure"
    about: Any = {"question": question, "unit": unit, "n": n, "threshold": str(region), "held_equal": held_equal}
    return Verdict(verdict=INCONCLUSIVE, estimate=estimate, low=None, high=None, note=why, **about)
