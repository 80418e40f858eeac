"""Intervals by the textbook's formulas. `tail` is the probability that each end leaves out: 0.025 for 95 %.

An interval that is None cannot be given: too few figures, or figures that show no spread.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.stats import beta, binom, page_trend_test, rankdata
from scipy.stats import t as student_t

TAIL = 0.025


class Interval(NamedTuple):
    """An estimate with the ends of its interval."""

    estimate: float
    low: float | None = None
    high: float | None = None


Figures = Sequence[float]
Range = tuple[float, float]


def mean(values: Figures) -> float:
    return math.fsum(values) / len(values)


def variance(values: Figures) -> float:
    """With n − 1 in the denominator."""
    centre = mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


def alike(values: Figures) -> bool:
    """Whether there is no spread to judge by, but for the rounding of floats."""
    return max(values) - min(values) <= 1e-9 * abs(values[0])


def around(estimate: float, reach: float) -> Interval:
    return Interval(estimate, estimate - reach, estimate + reach)


# Means


def student(values: Figures, tail: float = TAIL) -> Interval:
    """The mean of n independent figures: x̄ ± t(n − 1) s/√n. Student (1908), Biometrika 6; NIST/SEMATECH e-Handbook,
    section 1.3.5.2."""
    if alike(values):
        return Interval(mean(values))
    n = len(values)
    return around(mean(values), float(student_t.isf(tail, n - 1)) * math.sqrt(variance(values) / n))


def welch(a: Figures, b: Figures, tail: float = TAIL) -> Interval:
    """The difference of two means whose spreads may differ: Welch (1947), Biometrika 34, with the degrees of freedom of
    Satterthwaite (1946), Biometrics Bulletin 2."""
    estimate = mean(a) - mean(b)
    if alike(a) and alike(b):
        return Interval(estimate)
    return sum_of_means([(1.0, a), (-1.0, b)], tail)


def sum_of_means(parts: Sequence[tuple[float, Figures]], tail: float = TAIL) -> Interval:
    """Σ wᵢ x̄ᵢ of independent groups, with the variance Σ wᵢ² sᵢ²/nᵢ and Satterthwaite's (1946) degrees of freedom
    (Σ vᵢ)² / Σ vᵢ²/(nᵢ − 1), where vᵢ = wᵢ² sᵢ²/nᵢ."""
    estimate = math.fsum(weight * mean(values) for weight, values in parts)
    if min(len(values) for _, values in parts) < 2:
        return Interval(estimate)
    pieces = [(weight**2 * variance(values) / len(values), len(values) - 1) for weight, values in parts]
    whole = math.fsum(piece for piece, _ in pieces)
    if not whole:
        return Interval(estimate)
    df = whole**2 / math.fsum(piece**2 / free for piece, free in pieces)
    return around(estimate, float(student_t.isf(tail, df)) * math.sqrt(whole))


# Means of figures that have a range, such as shares


def hoeffding(values: Figures, span: Range, tail: float = TAIL) -> Interval:
    """The mean of n figures between a and b, whatever their spread: the m for which the bound of Hoeffding (1963),
    JASA 58, theorem 1 (equation 2.1), exp(−n KL(x̄ ‖ m)), is the tail. All figures scaled to 0 … 1."""
    a, b = span
    x, n = min(max((mean(values) - a) / (b - a), 0.0), 1.0), len(values)

    def excess(m: float) -> float:
        return n * (xlog(x, m) + xlog(1 - x, 1 - m)) + math.log(tail)

    # an end that lies nearer to 0 or 1 than floats can tell from them is 0 or 1
    least, most = 1e-15, 1 - 1e-15
    low = brentq(excess, least, x, xtol=1e-14) if x > least and excess(least) > 0 else 0.0
    high = brentq(excess, x, most, xtol=1e-14) if x < most and excess(most) > 0 else 1.0
    return Interval(mean(values), a + (b - a) * low, a + (b - a) * high)


def xlog(x: float, m: float) -> float:
    """x log(x/m), 0 where x is."""
    return x * math.log(x / m) if x else 0.0


def hoeffding_difference(a: Figures, b: Figures, span: Range, tail: float = TAIL) -> Interval:
    """The difference of two means of figures with a range of width w: ± w √((1/n + 1/m) log(1/tail) / 2), from
    Hoeffding (1963), JASA 58, equation 2.7. Never wider than ± w."""
    width, estimate = span[1] - span[0], mean(a) - mean(b)
    reach = width * math.sqrt((1 / len(a) + 1 / len(b)) * math.log(1 / tail) / 2)
    return Interval(estimate, max(estimate - reach, -width), min(estimate + reach, width))


def within(
    span: Range, by_t: Callable[[float], Interval], by_range: Callable[[float], Interval], tail: float
) -> Interval:
    """An interval that stays in the range of its quantity.

    The t interval where it does. Where its 95 % interval reaches beyond the range, or all figures agree, the range
    itself decides: the wider of the two, cut off at the range.
    """
    usual, found = by_t(TAIL), by_t(tail)
    if usual.low is None or usual.high is None or found.low is None or found.high is None:
        return by_range(tail)
    if span[0] <= usual.low and usual.high <= span[1]:
        return found
    other = by_range(tail)
    assert other.low is not None and other.high is not None
    low, high = min(max(found.low, span[0]), other.low), max(min(found.high, span[1]), other.high)
    return Interval(found.estimate, low, high)


def student_within(values: Figures, span: Range, tail: float = TAIL) -> Interval:
    return within(span, lambda at: student(values, at), lambda at: hoeffding(values, span, at), tail)


def welch_within(a: Figures, b: Figures, span: Range, tail: float = TAIL) -> Interval:
    """`span` is the range of a figure; a difference may be as large as its width, in either direction."""
    width = span[1] - span[0]
    return within((-width, width), lambda at: welch(a, b, at), lambda at: hoeffding_difference(a, b, span, at), tail)


# Exact ones


def clopper_pearson(successes: int, n: int, tail: float = TAIL) -> Interval:
    """The rate of something that happened in k of n runs: Clopper and Pearson (1934), Biometrika 26, by quantiles of
    the beta distribution (Brown, Cai and DasGupta 2001, Statistical Science 16, section 4.2.1)."""
    low = float(beta.ppf(tail, successes, n - successes + 1)) if successes else 0.0
    high = float(beta.isf(tail, successes + 1, n - successes)) if successes < n else 1.0
    return Interval(successes / n, low, high)


def median(values: Figures, tail: float = TAIL) -> Interval:
    """The median of any distribution, between two of the ordered figures, x(r) and x(n + 1 − r): r is the largest for
    which P(Bin(n, ½) < r) is at most the tail (Conover 1999, Practical Nonparametric Statistics, section 3.2)."""
    ordered, n = sorted(values), len(values)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    ranks = [r for r in range(1, n // 2 + 1) if binom.cdf(r - 1, n, 0.5) <= tail]
    if not ranks:
        return Interval(middle)
    return Interval(middle, ordered[ranks[-1] - 1], ordered[n - ranks[-1]])


# Trends


def rank_correlation(curve: Figures) -> float:
    """Of a curve with its ordered scale 1 … k: Σ (i − c)(rᵢ − c) / Σ (i − c)², c = (k + 1)/2, rᵢ the mean ranks.

    Without ties this is Spearman's ρ; with ties it is ρ_a of Kendall (1948), Rank Correlation Methods, chapter 3, which
    does not make up for them: a level curve is 0. The usual Spearman's ρ of ties, ρ_b, is larger.
    """
    centre = (len(curve) + 1) / 2
    scale = [i - centre for i in range(1, len(curve) + 1)]
    ranks = [float(rank) - centre for rank in rankdata(curve)]
    return math.fsum(i * r for i, r in zip(scale, ranks, strict=True)) / math.fsum(i * i for i in scale)


def pages_test_agrees(curves: Sequence[Figures], rising: bool, tail: float = TAIL) -> bool:
    """Whether Page's (1963) test for ordered alternatives, JASA 58, finds the levels rising (or falling), too."""
    ordered = [list(curve) if rising else list(curve)[::-1] for curve in curves]
    return float(page_trend_test(ordered).pvalue) <= tail
