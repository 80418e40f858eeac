"""The recipes of the claims about reviews: balanced, the same budget for every arm, equal weights where said."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from experiments.claims import cells_on_reviews
from experiments.study import recipe_set
from experiments.study.review_recipes import FACTORS, L8, RATES, SEEDS, TEXTS, ReviewArms, recipes
from experiments.study.runs import PILOT_SEED, SCALES

LAPTOP = SCALES["laptop"]
ARMS = {"one": {"model__bidirectional": False}, "both": {"model__bidirectional": True}}


def test_each_pair_of_levels_of_two_factors_occurs_twice():
    assert {len(row) for row in L8} == {len(FACTORS)}
    for one, other in itertools.combinations(range(len(FACTORS)), 2):
        assert set(Counter((row[one], row[other]) for row in L8).values()) == {2}


def test_every_arm_has_the_same_budget_and_no_judged_run_has_chosen_a_rate():
    arms = ReviewArms("x", LAPTOP, ARMS)
    assert PILOT_SEED not in SEEDS
    for recipe in recipes(LAPTOP):
        one, both = ([run.overrides for run in arms.tuning(recipe, arm)] for arm in ARMS)
        assert len(one) == len(both) == len(RATES)
        assert [each | {"model.bidirectional": True} for each in one] == both
        assert {each["seed"] for each in one} == {PILOT_SEED}
        assert {each["corpus"] for each in one} == {TEXTS[0]}


def test_judged_runs_are_of_every_text_and_seed(tmp_path, monkeypatch):
    scale = replace(LAPTOP, name=str(tmp_path))
    assert len(ReviewArms("x", scale, ARMS).runs()) == 8 * 2 * 3
    monkeypatch.setattr(recipe_set.Run, "done", lambda run: True)
    monkeypatch.setattr(ReviewArms, "rate", lambda arms, tuning: 0.001)
    wanted = ReviewArms("x", scale, ARMS).runs()
    assert len(wanted) == 8 * 2 * (3 + len(TEXTS) * len(SEEDS))
    assert {(run.overrides["corpus"], run.overrides["seed"]) for run in wanted[3:9]} == set(
        itertools.product(TEXTS, SEEDS)
    )


@pytest.mark.parametrize("scale", ["smoke", "laptop", "paper"])
def test_every_run_is_a_classifier_that_can_be_composed(scale):
    for run in ReviewArms("x", SCALES[scale], ARMS).runs()[::7]:
        config = run.config()
        assert config.task == "classify" and config.corpus.name in TEXTS
        assert config.reviews.max_length == 100 and config.data.test_fraction == 0.3


def test_cells_have_equally_many_recurrent_weights():
    from charcells.models.classifier import Classifier

    for units, sizes in cells_on_reviews.SIZES.items():
        weights = {
            cell: sum(parameter.numel() for parameter in Classifier(2, cell, 64, size).rnn.parameters())
            for cell, size in sizes.items()
        }
        assert sizes["lstm"] == units
        assert max(weights.values()) / min(weights.values()) < 1.015


def test_equal_weights_apply_to_every_recipe():
    trained = cells_on_reviews.arms(LAPTOP)
    for recipe in trained.recipes:
        sizes = {cell: trained.options(recipe, cell)["model__hidden_size"] for cell in cells_on_reviews.CELLS}
        assert sizes == cells_on_reviews.SIZES[recipe.options["model__hidden_size"]]
        assert trained.options(recipe, "rnn")["cell"] == "rnn"
