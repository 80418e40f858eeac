"""Verdicts against simulated runs whose truth is known, and figures against scipy's own."""

import math

import numpy as np
import pytest
from scipy import stats

from experiments.study.findings import (
    ABOVE_ZERO,
    EQUIVALENT,
    INCONCLUSIVE,
    MARGIN,
    REFUTED,
    SUPPORTED,
    Claim,
    Finding,
    Region,
)
from experiments.study.verdicts import confirmed_by_text, holm, judge_all, judge_difference, judge_mean, judge_trend

UNIT = "bits per character"
SPREAD = 0.01
"""Standard deviation over seeds that real runs have, about."""
NULLS = 10_000


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


def test_runs_that_all_agree():
    found = judge_mean("?", [1.0] * 5, Region(low=0.5), unit="share")
    assert (found.verdict, found.low, found.high) == (SUPPORTED, 1.0, 1.0)
    assert verdict_of([1.0] * 5, [0.0] * 5, ABOVE_ZERO) == SUPPORTED
    assert verdict_of([0.0] * 5, [1.0] * 5, ABOVE_ZERO) == REFUTED
    assert verdict_of([0.0] * 5, [0.0] * 5, ABOVE_ZERO) == REFUTED  # no difference is none above zero
    assert verdict_of([0.0] * 8, [0.0] * 8, EQUIVALENT) == SUPPORTED


# Ten thousand experiments in which a verdict would be wrong


def wrong(verdicts):
    """At the border of a region either verdict is one too many."""
    return share(verdicts, {SUPPORTED, REFUTED})


@pytest.mark.slow
def test_a_difference_of_nothing_gets_a_verdict_in_five_of_a_hundred_null_experiments(draw):
    a, b = draw(2, NULLS, 5), draw(2, NULLS, 5)
    assert 0.03 < wrong([verdict_of(*pair, ABOVE_ZERO) for pair in zip(a, b, strict=True)]) <= 0.055


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.2, 1.0])
def test_a_difference_of_the_margin_is_hardly_ever_called_alike(draw, spread):
    generator = np.random.default_rng(1)
    a = generator.normal(2 + MARGIN, SPREAD * spread, (NULLS, 8))
    b = generator.normal(2, SPREAD * spread, (NULLS, 8))
    found = [verdict_of(*pair, EQUIVALENT, min_runs=8) for pair in zip(a, b, strict=True)]
    assert share(found, {SUPPORTED}) <= 0.0275
    assert wrong(found) <= 0.055


@pytest.mark.slow
def test_a_claim_about_three_corpora_is_not_easier_to_decide(draw):
    a, b = draw(2, NULLS // 2, 3, 5), draw(2, NULLS // 2, 3, 5)
    found = []
    for first, second in zip(a, b, strict=True):
        pairs = zip(first, second, strict=True)
        parts = [judge_difference("?", *pair, ABOVE_ZERO, unit=UNIT) for pair in pairs]
        found.append(judge_all("?", parts).verdict)
    assert wrong(found) <= 0.055


@pytest.mark.slow
def test_a_curve_without_a_trend(draw):
    found = [judge_trend("?", curves, rising=True).verdict for curves in draw(0, 2000, 6, 5)]
    assert wrong(found) <= 0.055


@pytest.mark.slow
def test_four_claims_together_are_wrong_no_more_often_than_one(draw):
    """At least one wrong verdict of four: without Holm's correction that would be 19 %."""
    experiments = 2500
    a, b = draw(2, experiments, 4, 5), draw(2, experiments, 4, 5)
    before = after = 0
    for first, second in zip(a, b, strict=True):
        four = {str(i): judge_difference("?", first[i], second[i], ABOVE_ZERO, unit=UNIT) for i in range(4)}
        if any(verdict.verdict != INCONCLUSIVE for verdict in four.values()):
            before += 1
            after += any(verdict.verdict != INCONCLUSIVE for verdict in holm(four).values())
    assert before / experiments > 0.12
    assert after / experiments <= 0.055


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
    level = judge_trend("?", np.ones((6, 5)), rising=True)
    assert (level.verdict, level.estimate) == (INCONCLUSIVE, 0)


def test_one_run_that_goes_astray_does_not_hide_a_trend():
    """A text that repeats one misspelt word for ever, say: its share is high, its rank is one of many."""
    curves = np.tile(np.linspace(0, 0.2, 5), (8, 1))
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
    assert judge_all("?", [yes, no]).estimate == no.estimate
    assert judge_all("?", [yes, open_]).n == 16


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
    facts = Finding(claim=claim, verdicts=[verdict], answer="a", population="b", held_equal="c").facts()
    assert facts["kind"] == "finding"
    assert (facts["name"], facts["verdict"], facts["main"]) == ("x", SUPPORTED, True)
    assert facts["verdicts"][0]["p"] == verdict.p
    assert facts["verdicts"][0]["threshold"] == "above 0"
