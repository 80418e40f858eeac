"""The effects of recipes against sums by hand, and their verdicts on populations whose truth is known."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.study.findings import (
    ABOVE_ZERO,
    ALIKE,
    EQUIVALENT,
    HIGHER,
    INCONCLUSIVE,
    RECIPE_DEPENDENT,
    REFUTED,
    SUPPORTED,
)
from experiments.study.recipes import judge_recipes, recipe_effects
from experiments.study.tables import specification_curve
from experiments.study.verdicts import holm, judge_all, judge_difference, judge_share

UNIT = "bits per character"
BETWEEN = ("cell", "gru", "lstm")


def runs_of(effects, seeds=3, corpora="abc", spread=0.003):
    """A frame of runs: GRU − LSTM is `effects[i]` in recipe i, on each corpus."""
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "recipe": f"recipe {i}",
            "corpus": corpus,
            "cell": cell,
            "seed": seed,
            "test/bpc": 2 + ord(corpus) / 100 + (cell == "gru") * effect + generator.normal(0, spread),
        }
        for i, effect in enumerate(effects)
        for corpus in corpora
        for cell in ("gru", "lstm", "rnn")
        for seed in range(seeds)
    )


def judged(effects, region, **options):
    return judge_recipes("?", recipe_effects(runs_of(effects, **options), "test/bpc", BETWEEN), region, unit=UNIT)


def test_the_effect_of_a_recipe_on_one_corpus_is_welchs_test():
    runs = runs_of([0.02], corpora="a", seeds=6)
    [effect] = recipe_effects(runs, "test/bpc", BETWEEN).itertuples()
    gru, lstm = (runs[runs["cell"] == cell]["test/bpc"] for cell in ("gru", "lstm"))
    interval = stats.ttest_ind(gru, lstm, equal_var=False).confidence_interval(0.95)
    assert effect.estimate == pytest.approx(gru.mean() - lstm.mean())
    assert (effect.low, effect.high) == pytest.approx((interval.low, interval.high))
    assert effect.runs == 12


def test_every_corpus_counts_alike_whatever_its_number_of_seeds():
    runs = runs_of([0.0], seeds=4)
    runs.loc[(runs["corpus"] == "a") & (runs["cell"] == "gru"), "test/bpc"] += 0.3
    fewer = runs[(runs["corpus"] != "a") | (runs["seed"] < 2)]
    [effect] = recipe_effects(fewer, "test/bpc", BETWEEN).itertuples()
    assert effect.estimate == pytest.approx(0.1, abs=0.01)


def test_differences_of_pairs_need_no_arms():
    runs = runs_of([0.02, 0.05], corpora="a", seeds=5)
    gru, lstm = (runs[runs["cell"] == cell].set_index(["recipe", "corpus", "seed"]) for cell in ("gru", "lstm"))
    pairs = (gru["test/bpc"] - lstm["test/bpc"]).rename("difference").reset_index()
    effects = recipe_effects(pairs, "difference")
    for row in effects.itertuples():
        values = pairs[pairs["recipe"] == row.recipe]["difference"]
        assert row.estimate == pytest.approx(values.mean())
        assert row.error == pytest.approx(stats.sem(values))
        assert row.df == pytest.approx(4)


def test_effects_ascend_and_a_single_seed_has_no_interval():
    effects = recipe_effects(runs_of([0.05, -0.05, 0.0], seeds=1), "test/bpc", BETWEEN)
    assert list(effects["recipe"]) == ["recipe 1", "recipe 2", "recipe 0"]
    assert effects[["low", "high", "error"]].isna().all(axis=None)
    curve = specification_curve("GRU − LSTM", effects, UNIT)
    assert curve["series"][0]["x"] == list(effects["recipe"])
    assert curve["series"][0]["low"] == [None] * 3


def test_a_recipe_without_an_arm_or_a_corpus_is_named():
    runs = runs_of([0.0, 0.0])
    lacking = runs[(runs["recipe"] != "recipe 1") | (runs["corpus"] != "b") | (runs["cell"] != "gru")]
    with pytest.raises(ValueError, match=r"incomplete: recipe 1$"):
        recipe_effects(lacking, "test/bpc", BETWEEN)


@pytest.mark.parametrize(
    ("mean", "region", "expected"),
    [
        (0.06, ABOVE_ZERO, SUPPORTED),
        (-0.06, ABOVE_ZERO, REFUTED),
        (0.06, HIGHER, SUPPORTED),
        (0.0, HIGHER, ALIKE),
        (0.0, EQUIVALENT, SUPPORTED),
    ],
)
def test_recipes_that_agree_have_the_verdict_of_their_mean(mean, region, expected):
    effects = mean + np.linspace(-0.01, 0.01, 8)
    found = judged(effects, region)
    assert found.verdict == expected
    assert found.estimate == pytest.approx(mean, abs=0.003)
    assert found.n == 8 * 3 * 2 * 3


def test_the_interval_is_over_recipes_and_not_over_seeds():
    effects = recipe_effects(runs_of([0.01, 0.02, 0.03, 0.04] * 2), "test/bpc", BETWEEN)
    found = judge_recipes("?", effects, ABOVE_ZERO, unit=UNIT)
    interval = stats.ttest_1samp(effects["estimate"], 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_recipes_that_surely_disagree_are_a_verdict_of_their_own():
    found = judged([-0.06, 0.02] + [0.0] * 6, ABOVE_ZERO)
    assert found.verdict == RECIPE_DEPENDENT
    assert found.p <= 0.05
    assert (found.p_supported, found.p_refuted) == (1, 1)
    assert found.low < found.estimate < found.high
    # also where the mean alone would be decided
    assert judged([-0.04] + [0.08] * 11, ABOVE_ZERO).verdict == RECIPE_DEPENDENT
    # and where the claim is likeness, and a difference is sure in one recipe
    assert judged([0.0] * 7 + [0.06], EQUIVALENT).verdict == RECIPE_DEPENDENT


def test_a_few_recipes_decide_nothing_about_their_mean_but_may_disagree():
    assert judged([0.05] * 7, ABOVE_ZERO).verdict == INCONCLUSIVE
    assert judged([0.05, -0.05], ABOVE_ZERO).verdict == RECIPE_DEPENDENT
    assert judged([0.05, -0.05], ABOVE_ZERO, seeds=1).verdict == INCONCLUSIVE  # no seed shows the spread
    assert judged([0.05, -0.05], ABOVE_ZERO, spread=0).verdict == INCONCLUSIVE


def test_a_run_that_diverged_leaves_no_verdict():
    runs = runs_of([0.05] * 8)
    runs.loc[0, "test/bpc"] = math.inf
    effects = recipe_effects(runs, "test/bpc", BETWEEN)
    found = judge_recipes("?", effects, ABOVE_ZERO, unit=UNIT)
    assert (found.verdict, found.estimate) == (INCONCLUSIVE, None)


def test_the_share_of_recipes_of_one_sign_has_an_exact_interval():
    found = judged([0.05] * 7 + [-0.001], ABOVE_ZERO)
    exact = judge_share("?", 7, 8, ABOVE_ZERO)
    assert f"same sign as the mean in 7 of 8 recipes (95 %: {exact.low:.0%} to {exact.high:.0%})" in found.note


def test_disagreement_survives_holm_and_the_joining_of_parts():
    dependent, supported = judged([-0.06, 0.06] * 4, ABOVE_ZERO), judged(np.linspace(0.05, 0.07, 8), ABOVE_ZERO)
    refuted = judged(np.linspace(-0.07, -0.05, 8), ABOVE_ZERO)
    assert judge_all("?", [dependent, supported]).verdict == RECIPE_DEPENDENT
    assert judge_all("?", [dependent, refuted]).verdict == REFUTED
    corrected = holm({"a": dependent, "b": supported})
    assert [corrected[name].verdict for name in "ab"] == [RECIPE_DEPENDENT, SUPPORTED]
    generator = np.random.default_rng(0)
    none = judge_difference("?", *generator.normal(2, 0.01, (2, 5)), ABOVE_ZERO, unit=UNIT)
    weak = judge_recipes(
        "?", recipe_effects(runs_of([-0.008, 0.01], spread=0.0045), "test/bpc", BETWEEN), ABOVE_ZERO, unit=UNIT
    )
    assert weak.verdict == RECIPE_DEPENDENT
    many = holm({"weak": weak} | {str(i): none for i in range(200)})
    assert many["weak"].verdict == INCONCLUSIVE
    assert holm({"weak": many["weak"]})["weak"].verdict == RECIPE_DEPENDENT
