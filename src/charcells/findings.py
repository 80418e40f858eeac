"""Claims, and how figures of several runs decide about them: an interval, two tests and a verdict.

A claim says that a quantity (a difference of mean bits per character, a share) lies in a region: beyond a threshold,
or within a margin of zero ('A is like B'). It is supported where the 95 % interval lies wholly inside, refuted where it
lies wholly outside, and inconclusive otherwise: so either error has at most a chance of 2.5 %, and few or scattered
runs decide nothing. For a margin, 'inside' is the two one-sided tests of Schuirmann (1987), at 2.5 % each.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

SUPPORTED, REFUTED, INCONCLUSIVE = "supported", "refuted", "inconclusive"

ALPHA = 0.05
MARGIN = 0.02
"""Bits per character within which two models count as alike."""

MIN_RUNS = 3
"""Of each side; with fewer there is no verdict."""


@dataclass(frozen=True)
class Region:
    """Where the quantity lies if the claim is true: above `low`, below `high`, or between the two."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"above {self.low:g}"
        if math.isinf(self.low):
            return f"below {self.high:g}"
        return f"within ±{self.high:g}" if self.low == -self.high else f"between {self.low:g} and {self.high:g}"

    def holds(self, low: float, high: float) -> bool:
        """Whether a whole interval lies inside."""
        return self.low < low and high < self.high

    def excludes(self, low: float, high: float) -> bool:
        """Whether a whole interval lies outside."""
        return high < self.low or low > self.high


ABOVE_ZERO, BELOW_ZERO = Region(low=0.0), Region(high=0.0)
ALIKE = Region(-MARGIN, MARGIN)

RANK_CORRELATION = "rank correlation"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a source says, and what was fixed before any run: the prediction, and how it is judged."""

    name: str
    source: str  # number of the source, 000 to 004
    quote: str
    quote_language: str
    translation: str
    prediction: str
    judged_by: str
    main: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to one question."""

    question: str
    verdict: str
    estimate: float | None
    low: float | None  # of the 95 % interval, as `high`
    high: float | None
    unit: str
    n: int  # runs behind it
    threshold: str
    held_equal: str = ""
    p_supported: float = 1.0  # of the hypothesis that the claim is false
    p_refuted: float = 1.0  # of the hypothesis that it is true
    note: str = ""

    @property
    def p(self) -> float:
        """Two-sided: what Holm's correction is given."""
        return min(1.0, 2 * min(self.p_supported, self.p_refuted))


@dataclass(kw_only=True)
class Finding:
    """A judged claim. `verdicts` begins with the one that decides; the rest are its parts and side questions."""

    claim: Claim
    verdicts: list[Verdict]
    answer: str
    population: str
    held_equal: str
    tables: list[dict[str, Any]] = field(default_factory=list)
    plots: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return self.verdicts[0].verdict

    def facts(self) -> dict[str, Any]:
        """All of it as plain values, ready for JSON."""
        parts = [asdict(verdict) | {"p": verdict.p} for verdict in self.verdicts]
        rest = {"answer": self.answer, "population": self.population, "held_equal": self.held_equal}
        shown = {"tables": self.tables, "plots": self.plots, "samples": self.samples}
        return {"kind": "finding", **asdict(self.claim), "verdict": self.verdict, **rest, "verdicts": parts, **shown}


# One question


def of_difference(
    question: str, a: ArrayLike, b: ArrayLike, region: Region, *, unit: str, held_equal: str = "", min_runs: int = 5
) -> Verdict:
    """Whether mean(a) - mean(b) lies in a region, by Welch's t test: the runs of the two sides are no pairs.

    Args:
        a, b: a figure of each run. One that is not finite (a run that diverged) has no mean: no verdict.
        min_runs: of each side, below which there is no verdict.
    """
    first, second = _array(a), _array(b)
    if min(len(first), len(second)) < max(MIN_RUNS, min_runs) or not _finite(first, second):
        return _undecided(question, region, unit, held_equal, first, second, min_runs)
    n, estimate = len(first) + len(second), float(first.mean() - second.mean())
    if first.var() + second.var() == 0:
        return _exactly(question, estimate, region, unit, held_equal, n)
    comparison = CompareMeans(DescrStatsW(first), DescrStatsW(second))
    low, high = comparison.tconfint_diff(alpha=ALPHA, usevar="unequal")

    def p(alternative: str, value: float) -> float:
        return float(comparison.ttest_ind(alternative=alternative, usevar="unequal", value=value)[1])

    return _judged(question, estimate, float(low), float(high), p, region, unit, held_equal, n)


def of_mean(
    question: str, values: ArrayLike, region: Region, *, unit: str, held_equal: str = "", min_runs: int = 5
) -> Verdict:
    """Whether the mean of a figure lies in a region, by Student's t test. Also for differences of true pairs: the same
    model looked at in two ways.

    Args: as for `of_difference`.
    """
    array = _array(values)
    if len(array) < max(MIN_RUNS, min_runs) or not _finite(array):
        return _undecided(question, region, unit, held_equal, array, None, min_runs)
    if array.var() == 0:
        return _exactly(question, float(array[0]), region, unit, held_equal, len(array))
    described = DescrStatsW(array)
    low, high = described.tconfint_mean(alpha=ALPHA)

    def p(alternative: str, value: float) -> float:
        return float(described.ttest_mean(value, alternative=alternative)[1])

    return _judged(question, float(array.mean()), float(low), float(high), p, region, unit, held_equal, len(array))


def of_trend(question: str, curves: ArrayLike, *, rising: bool, held_equal: str = "", min_runs: int = 5) -> Verdict:
    """Whether a figure rises (or falls) along a scale, by Page's trend test over the runs' curves.

    The estimate is what that test sums up: the rank correlation of a curve with the scale (Spearman's; 1: each value is
    higher than the one before, -1: lower; 0 for a curve that is level), its mean over the runs with a t interval.

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
    effect = of_mean(question, values, region, unit=RANK_CORRELATION, held_equal=held_equal, min_runs=min_runs)
    up, down = (float(stats.page_trend_test(ordered).pvalue) for ordered in (table, table[:, ::-1]))
    p_supported, p_refuted = (up, down) if rising else (down, up)
    assert effect.low is not None and effect.high is not None
    effect = replace(effect, low=max(effect.low, -1.0), high=min(effect.high, 1.0))
    decided = replace(effect, p_supported=p_supported, p_refuted=p_refuted, note="Page's trend test")
    return replace(decided, verdict=_decide(p_supported, p_refuted))


# Several questions


def all_of(question: str, parts: Sequence[Verdict], *, held_equal: str = "") -> Verdict:
    """The answer where a claim must hold in each part: of each corpus, against each rival.

    Supported if each part is (an intersection-union test needs no correction); refuted if a part is, by Bonferroni's
    correction for their number. The estimate shown is that of the part which decides: the least sure of being
    supported, or the surest of being refuted.
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
        note=f"{len(parts)} parts; shown is the one that decides: {shown.question}",
    )


def holm(verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Holm's correction of several claims' verdicts together: what no longer holds becomes inconclusive.

    Corrected verdicts may be corrected again, as when one of them is judged anew: p stays what it was.
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
    """The verdict, if it also holds for other held-out text of the kind: else inconclusive.

    Block bootstrap: held-out text comes in blocks of neighbouring characters, whose losses hang together; blocks are
    drawn with replacement, 2,000 times.

    Args:
        a, b: (T,) loss of each held-out character in bits, the mean over the runs of each side.
        block: characters; a rest at the end is left out.
    """
    difference = np.asarray(a, float) - np.asarray(b, float)
    blocks = difference[: len(difference) // block * block].reshape(-1, block).mean(1)
    if len(blocks) < 2:
        return replace(verdict, verdict=INCONCLUSIVE, note="held-out text of less than two blocks")
    result = stats.bootstrap(
        (blocks,), np.mean, n_resamples=2000, confidence_level=1 - ALPHA, rng=0, method="percentile"
    )
    low, high = result.confidence_interval
    note = f"over {len(blocks)} blocks of held-out text {low:+.3f} to {high:+.3f}"
    agrees = {SUPPORTED: region.holds(low, high), REFUTED: region.excludes(low, high)}.get(verdict.verdict, True)
    note = "; ".join(filter(None, [verdict.note, note + ("" if agrees else ", which does not bear it out")]))
    if agrees:
        return replace(verdict, note=note)
    return replace(verdict, verdict=INCONCLUSIVE, p_supported=1.0, p_refuted=1.0, note=note)


# Inside


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
    """`p(alternative, value)`: of the test of a mean against a value, 'larger' or 'smaller'."""
    bounds = [("larger", region.low), ("smaller", region.high)]
    bounds = [(alternative, value) for alternative, value in bounds if math.isfinite(value)]
    p_supported = max(p(alternative, value) for alternative, value in bounds)
    opposite = {"larger": "smaller", "smaller": "larger"}
    p_refuted = min(p(opposite[alternative], value) for alternative, value in bounds)
    return Verdict(
        question=question,
        verdict=_decide(p_supported, p_refuted),
        estimate=estimate,
        low=low,
        high=high,
        unit=unit,
        n=n,
        threshold=str(region),
        held_equal=held_equal,
        p_supported=p_supported,
        p_refuted=p_refuted,
    )


def _exactly(question: str, value: float, region: Region, unit: str, held_equal: str, n: int) -> Verdict:
    """Where all runs agree there is nothing to estimate."""
    inside = region.low < value < region.high
    return Verdict(
        question=question,
        verdict=SUPPORTED if inside else REFUTED,
        estimate=value,
        low=value,
        high=value,
        unit=unit,
        n=n,
        threshold=str(region),
        held_equal=held_equal,
        p_supported=float(not inside),
        p_refuted=float(inside),
        note="all runs agree",
    )


def _undecided(
    question: str,
    region: Region,
    unit: str,
    held_equal: str,
    first: NDArray[np.float64],
    second: NDArray[np.float64] | None,
    min_runs: int,
) -> Verdict:
    sides = [first] if second is None else [first, second]
    n = sum(map(len, sides))
    means = [float(side.mean()) if len(side) and _finite(side) else None for side in sides]
    estimate = None
    if None not in means:
        estimate = means[0] if len(means) == 1 else means[0] - means[1]  # type: ignore[operator]
    few = min(map(len, sides)) < max(MIN_RUNS, min_runs)
    why = f"fewer than {max(MIN_RUNS, min_runs)} runs of a side" if few else "a run without a finite figure"
    return Verdict(
        question=question,
        verdict=INCONCLUSIVE,
        estimate=estimate,
        low=None,
        high=None,
        unit=unit,
        n=n,
        threshold=str(region),
        held_equal=held_equal,
        note=why,
    )
