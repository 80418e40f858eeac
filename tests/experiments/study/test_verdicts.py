"""Verdicts on runs whose truth is known, and figures against scipy's own or sums by hand.

How often a verdict is wrong is simulated in test_false_verdicts.py.
"""

import json
import math

import numpy as np
import pytest
from scipy import stats

from experiments.study.findings import (
    ABOVE_ZERO,
    ALIKE,
    EQUIVALENT,
    HIGHER,
    INCONCLUSIVE,
    LOWER,
    MARGIN,
    REFUTED,
    SUPPORTED,
    Claim,
    Constant,
    Finding,
    Region,
)
from experiments.study.verdicts import (
    confirmed_by_text,
    holm,
    judge_all,
    judge_difference,
    judge_mean,
    judge_median,
    judge_share,
    judge_trend,
)

UNIT = "bits per character"
SPREAD = 0.01
"""Standard deviation over seeds that real runs have, about."""


@pytest.fixture
def draw():
    """draw(mean, n): figures of n simulated runs."""
    generator = np.random.default_rng(0)
    return lambda mean, *n: generator.normal(mean, SPREAD, n)


def share(verdicts, wanted):
    return sum(verdict in wanted for verdict in verdicts) / len(verdicts)


def verdict_of(a, b, region, **options):
    return judge_difference("?", a, b, region, unit=UNIT, **options).verdict


# Known effects


@pytest.mark.parametrize(
    ("effect", "region", "seeds", "expected"),
    [
        (0.1, ABOVE_ZERO, 5, SUPPORTED),
        (-0.1, ABOVE_ZERO, 5, REFUTED),
        (-0.1, Region(high=0.0), 5, SUPPORTED),
        (0.1, Region(low=0.05), 5, SUPPORTED),
        (0.0, EQUIVALENT, 8, SUPPORTED),
        (0.1, EQUIVALENT, 8, REFUTED),
        (-0.1, EQUIVALENT, 8, REFUTED),
        (0.0, Region(low=0.05), 5, REFUTED),
    ],
)
def test_a_known_effect_is_found(draw, effect, region, seeds, expected):
    found = [verdict_of(draw(2 + effect, seeds), draw(2, seeds), region) for _ in range(200)]
    assert share(found, {expected}) > 0.8
    assert share(found, {SUPPORTED, REFUTED} - {expected}) == 0


def test_no_effect_is_mostly_inconclusive(draw):
    found = [verdict_of(draw(2, 5), draw(2, 5), ABOVE_ZERO) for _ in range(500)]
    assert share(found, {INCONCLUSIVE}) > 0.9


@pytest.mark.parametrize("region", [ABOVE_ZERO, EQUIVALENT, Region(low=0.05)])
def test_too_few_runs_decide_nothing(draw, region):
    assert verdict_of(draw(3, 2), draw(2, 2), region, min_runs=1) == INCONCLUSIVE
    assert verdict_of(draw(3, 5), draw(2, 4), region) == INCONCLUSIVE
    assert verdict_of(draw(2, 7), draw(2, 7), region, min_runs=8) == INCONCLUSIVE
    assert judge_mean("?", draw(3, 2), region, unit=UNIT, min_runs=1).verdict == INCONCLUSIVE
    assert judge_trend("?", draw(3, 2, 5), rising=True, min_runs=1).verdict == INCONCLUSIVE


def test_few_or_scattered_runs_do_not_make_an_equivalence():
    generator = np.random.default_rng(0)
    found = [verdict_of(*generator.normal(2, 0.1, (2, 8)), EQUIVALENT) for _ in range(200)]
    assert share(found, {SUPPORTED}) == 0


def test_a_mean_above_a_threshold(draw):
    assert judge_mean("?", draw(0.95, 5), Region(low=0.9), unit="share").verdict == SUPPORTED
    assert judge_mean("?", draw(0.8, 5), Region(low=0.9), unit="share").verdict == REFUTED


def test_a_run_without_a_figure_has_no_mean(draw):
    for missing in (math.inf, math.nan):
        found = judge_difference("?", [missing, *draw(2, 5)], draw(2, 6), ABOVE_ZERO, unit=UNIT)
        assert (found.verdict, found.estimate) == (INCONCLUSIVE, None)
        assert "without a finite figure" in found.note


# Runs that agree


@pytest.mark.parametrize("n", [5, 8, 16])
def test_runs_that_all_agree_decide_nothing_by_themselves(n):
    for value in (0.0, 0.1, 1.5):
        same = [value] * n
        for region in (ABOVE_ZERO, EQUIVALENT, Region(low=1), Region(high=-1)):
            mean = judge_mean("?", same, region, unit=UNIT)
            assert (mean.verdict, mean.low, mean.high, mean.p) == (INCONCLUSIVE, None, None, 1)
            assert mean.estimate == pytest.approx(value)
            for other in (same, [value + 1] * n):
                found = judge_difference("?", same, other, region, unit=UNIT, min_runs=5)
                assert (found.verdict, found.p) == (INCONCLUSIVE, 1)


@pytest.mark.parametrize("n", [5, 8, 16, 40])
def test_runs_that_all_stand_at_the_end_of_a_range_are_judged_as_a_binomial_share(n):
    for asked in (0.3, 0.5, 0.9):
        mean = judge_mean("?", [1.0] * n, Region(low=asked), unit="share", bounds=(0, 1))
        share_ = judge_share("?", n, n, Region(low=asked))
        assert mean.p_supported == pytest.approx(asked**n)
        assert (mean.verdict, mean.estimate, mean.high) == (share_.verdict, 1, 1)
        assert mean.low == pytest.approx(share_.low)


def test_arms_without_spread_are_judged_by_their_range():
    """By Hoeffding: a difference of means that is t above the true one has probability exp(-2 t² / (1/n + 1/m))."""
    apart = judge_difference("?", [1.0] * 5, [0.0] * 5, ABOVE_ZERO, unit="share", bounds=(0, 1))
    assert (apart.verdict, apart.high) == (SUPPORTED, 1)
    assert apart.p_supported == pytest.approx(math.exp(-5))
    assert 0 < apart.low < 1
    near = judge_difference("?", [0.8] * 5, [0.2] * 5, ABOVE_ZERO, unit="share", bounds=(0, 1))
    assert near.verdict == INCONCLUSIVE
    nothing = judge_difference("?", [0.0] * 5, [0.0] * 5, ABOVE_ZERO, unit="share", bounds=(0, 1))
    assert (nothing.verdict, nothing.estimate) == (INCONCLUSIVE, 0)


def test_an_interval_stays_in_the_range_of_its_quantity():
    generator = np.random.default_rng(0)
    for _ in range(300):
        a, b = generator.beta(4, 0.5, (2, 6))
        single = judge_mean("?", a, Region(low=0.9), unit="share", bounds=(0, 1))
        assert 0 <= single.low <= single.estimate <= single.high <= 1
        both = judge_difference("?", a, b, ABOVE_ZERO, unit="share", bounds=(0, 1))
        assert -1 <= both.low <= both.estimate <= both.high <= 1
    loss = judge_mean("?", [0.0, 0.0, 0.001, 0.004, 0.0], Region(high=0.1), unit="nats", bounds=(0, math.inf))
    assert (loss.low, loss.verdict) == (0, SUPPORTED)


def test_a_range_makes_an_interval_never_narrower():
    generator = np.random.default_rng(0)
    for _ in range(300):
        values = generator.beta(4, 0.5, 6)
        free, ranged = (
            judge_mean("?", values, Region(low=0.8), unit="share", **more) for more in ({}, {"bounds": (0, 1)})
        )
        assert ranged.low <= free.low
        assert ranged.high >= min(free.high, 1)
        assert ranged.p_supported >= free.p_supported
        assert ranged.p_refuted >= free.p_refuted


# Shares and medians


def tail(n, k, rate):
    """Probability of k successes or more, summed by hand."""
    return sum(math.comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize(("successes", "n"), [(5, 5), (6, 6), (0, 8), (7, 16), (49, 50)])
def test_a_share_is_judged_by_exact_tests(successes, n):
    found = judge_share("?", successes, n, Region(low=0.5))
    assert found.p_supported == pytest.approx(tail(n, successes, 0.5))
    assert found.p_refuted == pytest.approx(1 - tail(n, successes + 1, 0.5))
    assert found.estimate == successes / n
    if successes:  # Clopper and Pearson: the rate at which so many successes or more have a probability of 2.5 %
        assert tail(n, successes, found.low) == pytest.approx(0.025)
    else:
        assert found.low == 0
    assert found.verdict == (SUPPORTED if found.low > 0.5 else REFUTED if found.high < 0.5 else INCONCLUSIVE)


def test_five_of_five_decide_nothing_and_six_do():
    assert judge_share("?", 5, 5, Region(low=0.5)).verdict == INCONCLUSIVE
    assert judge_share("?", 6, 6, Region(low=0.5)).verdict == SUPPORTED
    assert judge_share("?", 35, 35, Region(low=0.9)).verdict == INCONCLUSIVE
    assert judge_share("?", 36, 36, Region(low=0.9)).verdict == SUPPORTED
    assert judge_share("?", 0, 0, Region(low=0.5)).verdict == INCONCLUSIVE
    assert judge_median("?", [2.0] * 5, Region(low=1), unit=UNIT).verdict == INCONCLUSIVE
    assert judge_median("?", [2.0] * 6, Region(low=1), unit=UNIT).verdict == SUPPORTED
    rising = np.tile(np.arange(5.0), (6, 1))
    assert judge_trend("?", rising[:5], rising=True).verdict == INCONCLUSIVE
    assert judge_trend("?", rising, rising=True).verdict == SUPPORTED


def test_a_median_is_judged_by_the_signs_alone():
    values = np.array([3.0, 1.0, 9.0, 4.0, math.inf, 5.0, 2.0, 8.0])
    found = judge_median("?", values, Region(low=2.5), unit=UNIT)
    assert found.p_supported == pytest.approx(tail(8, 6, 0.5))
    assert found.estimate == 4.5
    assert (found.low, found.high) == (1, math.inf)
    assert judge_median("?", values, Region(low=0), unit=UNIT).verdict == SUPPORTED
    assert judge_median("?", [math.nan, *values], Region(low=0), unit=UNIT).verdict == INCONCLUSIVE
    tied = judge_median("?", [1.0] * 8, Region(low=1), unit=UNIT)
    assert tied.verdict == INCONCLUSIVE  # a value on the threshold is neither above nor below


# Better means better by more than the margin


def test_a_sure_difference_that_is_smaller_than_the_margin_is_alike(draw):
    found = {effect: verdict_of(draw(2 + effect, 40), draw(2, 40), HIGHER) for effect in (0.05, 0.01, -0.01, -0.05)}
    assert found == {0.05: SUPPORTED, 0.01: ALIKE, -0.01: ALIKE, -0.05: REFUTED}
    assert verdict_of(draw(1.99, 40), draw(2, 40), LOWER) == ALIKE
    scattered = np.linspace(-0.04, 0.05, 5)
    assert verdict_of(2 + scattered, 2 - scattered, HIGHER) == INCONCLUSIVE
    assert verdict_of(draw(2.01, 40), draw(2, 40), Region(low=MARGIN)) == REFUTED  # without a margin of likeness


def test_alike_is_what_the_two_one_sided_tests_say(draw):
    a, b = draw(2.01, 12), draw(2, 12)
    found = judge_difference("?", a, b, HIGHER, unit=UNIT)
    above = stats.ttest_ind(a + MARGIN, b, equal_var=False, alternative="greater").pvalue
    below = stats.ttest_ind(a - MARGIN, b, equal_var=False, alternative="less").pvalue
    assert found.p_alike == pytest.approx(max(above, below))
    assert found.p_alike == pytest.approx(judge_difference("?", a, b, EQUIVALENT, unit=UNIT).p_supported)


def test_parts_that_are_all_alike_make_a_claim_alike(draw):
    alike, better, worse = (
        judge_difference("?", draw(2 + effect, 40), draw(2, 40), HIGHER, unit=UNIT) for effect in (0, 0.1, -0.1)
    )
    assert judge_all("?", [alike, alike]).verdict == ALIKE
    assert judge_all("?", [alike, better]).verdict == REFUTED
    assert judge_all("?", [alike, worse]).verdict == REFUTED
    assert holm({"a": judge_all("?", [alike, alike])})["a"].verdict == ALIKE


# Figures


def test_figures_are_those_of_welch_and_student(draw):
    a, b = draw(2.1, 6), draw(2.0, 9)
    found = judge_difference("?", a, b, ABOVE_ZERO, unit=UNIT)
    welch = stats.ttest_ind(a, b, equal_var=False)
    interval = welch.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.estimate == pytest.approx(a.mean() - b.mean())
    assert found.p_supported == pytest.approx(stats.ttest_ind(a, b, equal_var=False, alternative="greater").pvalue)
    assert found.p == pytest.approx(welch.pvalue)
    assert found.n == 15

    mean = judge_mean("?", a, Region(low=2.0), unit=UNIT)
    student = stats.ttest_1samp(a, 2.0)
    assert mean.p == pytest.approx(student.pvalue)
    assert (mean.low, mean.high) == pytest.approx(tuple(student.confidence_interval(0.95)))


@pytest.mark.parametrize("effect", np.linspace(-0.05, 0.05, 21))
def test_the_verdict_is_what_the_interval_shows(draw, effect):
    for region in (ABOVE_ZERO, EQUIVALENT, Region(high=0.01)):
        found = judge_difference("?", draw(2 + effect, 8), draw(2, 8), region, unit=UNIT)
        inside, outside = region.holds(found.low, found.high), region.excludes(found.low, found.high)
        assert found.verdict == (SUPPORTED if inside else REFUTED if outside else INCONCLUSIVE)


def test_a_trend(draw):
    rising = np.linspace(0, 0.1, 5) + draw(0, 6, 5)
    found = judge_trend("?", rising, rising=True)
    assert found.verdict == SUPPORTED
    correlations = [stats.spearmanr(range(5), curve).statistic for curve in rising]
    assert found.estimate == pytest.approx(np.mean(correlations))
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert judge_trend("?", rising, rising=False).verdict == REFUTED
    assert found.low == pytest.approx(2 * judge_mean("?", [1.0] * 6, ABOVE_ZERO, unit="", bounds=(0, 1)).low - 1)
    level = judge_trend("?", np.ones((6, 5)), rising=True)
    assert (level.verdict, level.estimate) == (INCONCLUSIVE, 0)


def test_one_run_that_goes_astray_does_not_hide_a_trend():
    """A text that repeats one misspelt word for ever, say: its share is high, its rank is one of many."""
    curves = np.tile(np.linspace(0, 0.2, 5), (10, 1))
    curves[0, 0] = 1.0
    found = judge_trend("?", curves, rising=True)
    assert found.verdict == SUPPORTED
    assert found.low > 0


# Several questions


def test_all_of_needs_every_part(draw):
    yes = judge_difference("yes", draw(2.1, 5), draw(2, 5), ABOVE_ZERO, unit=UNIT)
    no = judge_difference("no", draw(1.9, 5), draw(2, 5), ABOVE_ZERO, unit=UNIT)
    open_ = judge_difference("open", draw(2, 3), draw(2, 3), ABOVE_ZERO, unit=UNIT)
    assert [part.verdict for part in (yes, no, open_)] == [SUPPORTED, REFUTED, INCONCLUSIVE]
    assert judge_all("?", [yes, yes]).verdict == SUPPORTED
    assert judge_all("?", [yes, no]).verdict == REFUTED
    assert judge_all("?", [yes, open_]).verdict == INCONCLUSIVE
    assert judge_all("?", [no, open_]).verdict == REFUTED
    assert judge_all("?", [yes, open_]).n == 16


def test_a_claim_in_parts_shows_the_interval_of_each_and_none_of_its_own(draw):
    parts = [judge_difference(name, draw(2.1, 5), draw(2, 5), ABOVE_ZERO, unit=UNIT) for name in "abc"]
    whole = judge_all("?", [judge_all("a and b", parts[:2]), parts[2]])
    assert (whole.estimate, whole.low, whole.high) == (None, None, None)
    assert whole.parts == tuple(parts)
    facts = whole.facts()
    assert [part["question"] for part in facts["parts"]] == ["a", "b", "c"]
    assert [(part["low"], part["high"]) for part in facts["parts"]] == [(part.low, part.high) for part in parts]
    json.dumps(facts, allow_nan=False)


def test_holm_takes_a_weak_verdict_back(draw):
    weak = next(
        found
        for found in (judge_difference("?", draw(2.012, 5), draw(2, 5), ABOVE_ZERO, unit=UNIT) for _ in range(1000))
        if 0.02 < found.p < 0.05
    )
    strong = judge_difference("?", draw(3, 5), draw(2, 5), ABOVE_ZERO, unit=UNIT)
    assert holm({"weak": weak})["weak"].verdict == SUPPORTED
    corrected = holm({"weak": weak, "a": weak, "b": weak, "strong": strong})
    assert [corrected[name].verdict for name in ("weak", "strong")] == [INCONCLUSIVE, SUPPORTED]
    again = holm(corrected)
    assert again == corrected
    assert holm({"weak": again["weak"]})["weak"].verdict == SUPPORTED
    assert again["weak"].note.count("Holm") == 1


def test_seeds_alone_do_not_decide_where_the_text_does_not_bear_it_out(draw):
    better = judge_difference("?", draw(2.1, 5), draw(2, 5), ABOVE_ZERO, unit=UNIT)
    generator = np.random.default_rng(0)
    b = generator.exponential(2, 20_000)
    everywhere = confirmed_by_text(better, ABOVE_ZERO, b + 0.1, b)
    assert everywhere.verdict == SUPPORTED
    one_place = b.copy()
    one_place[:1000] += 2.0  # the same mean difference, all of it in two of forty blocks
    assert one_place.mean() == pytest.approx((b + 0.1).mean())
    doubted = confirmed_by_text(better, ABOVE_ZERO, one_place, b)
    assert doubted.verdict == INCONCLUSIVE
    assert "does not bear it out" in doubted.note
    assert judge_all("?", [better, doubted]).verdict == INCONCLUSIVE
    assert confirmed_by_text(better, ABOVE_ZERO, b[:600] + 0.1, b[:600]).verdict == INCONCLUSIVE


def test_a_finding_is_plain_values(draw):
    claim = Claim(
        name="x",
        source="000",
        quote="q",
        quote_language="es",
        translation="t",
        prediction="p",
        judged_by="j",
        main=True,
    )
    verdict = judge_difference("?", draw(2.1, 5), draw(2, 5), ABOVE_ZERO, unit=UNIT)
    size = Constant("multiply-adds of a GRU", 98_304, "per character")
    finding = Finding(claim=claim, verdicts=[verdict], constants=[size], answer="a", population="b", held_equal="c")
    facts = json.loads(json.dumps(finding.facts(), allow_nan=False))
    assert facts["constants"] == [
        {"question": "multiply-adds of a GRU", "value": 98_304, "unit": "per character", "note": ""}
    ]
    assert facts["kind"] == "finding"
    assert (facts["name"], facts["verdict"], facts["main"]) == ("x", SUPPORTED, True)
    assert facts["verdicts"][0]["p"] == verdict.p
    assert facts["verdicts"][0]["threshold"] == "above 0"
