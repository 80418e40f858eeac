"""The set of recipes: balanced, the same budget for every arm, and no judged seed that has chosen anything."""

import itertools
import math
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from experiments.study import recipe_set
from experiments.study.recipe_set import LEVELS, SEEDS, Arms, recipes
from experiments.study.runs import PILOT_SEED, SCALES
from experiments.study.tables import spread

LAPTOP = SCALES["laptop"]
CELLS = {cell: {"cell": cell} for cell in ("rnn", "gru", "lstm")}


def test_each_pair_of_levels_of_two_of_the_first_four_factors_occurs_once():
    for one, other in itertools.combinations(range(4), 2):
        assert set(Counter((row[one], row[other]) for row in LEVELS).values()) == {1}
    assert set(Counter(row[4] for row in LEVELS).values()) == {3}


def test_every_arm_of_every_recipe_has_the_same_budget_of_tuning():
    arms = Arms("best_cell", LAPTOP, CELLS, 150_000)
    for recipe in recipes(LAPTOP):
        tuning = {cell: arms.tuning(recipe, cell) for cell in CELLS}
        assert {len(runs) for runs in tuning.values()} == {4}
        assert {run.overrides["seed"] for runs in tuning.values() for run in runs} == {PILOT_SEED}
        ratios = {
            tuple(run.overrides["optimizer.lr"] / runs[0].overrides["optimizer.lr"] for run in runs)
            for runs in tuning.values()
        }
        assert all(ratio == pytest.approx((1, 2, 4, 8), rel=0.02) for ratio in ratios)
    assert PILOT_SEED not in SEEDS


def test_all_that_is_not_the_arm_is_equal_within_a_recipe():
    arms = Arms("best_cell", LAPTOP, CELLS, 150_000)
    for recipe in recipes(LAPTOP):
        rest = [
            {key: value for key, value in run.overrides.items() if key not in ("cell", "optimizer.lr")}
            for cell in CELLS
            for run in arms.tuning(recipe, cell)
        ]
        assert all(each == rest[0] for each in rest)


def test_only_tuning_runs_are_wanted_before_they_are_done(tmp_path, monkeypatch):
    scale = replace(LAPTOP, name=str(tmp_path))  # nothing has been trained there
    wanted = Arms("best_cell", scale, CELLS, 150_000).runs()
    assert len(wanted) == 9 * 3 * 4 and {run.overrides["seed"] for run in wanted} == {PILOT_SEED}
    monkeypatch.setattr(recipe_set.Run, "done", lambda run: True)
    monkeypatch.setattr(recipe_set, "best_rate", lambda pilots, figure: {"val/bpc": 0.001}[figure])
    both = Arms("best_cell", scale, CELLS, 150_000).runs()
    judged = both[4:13]  # of the first arm
    assert {run.overrides["seed"] for run in judged} == set(SEEDS)
    assert {run.overrides["corpus"] for run in judged} == set(LAPTOP.texts)
    assert len(both) == 9 * 3 * (4 + 3 * 3)


def test_a_factor_that_the_arms_set_is_not_in_the_names_of_recipes():
    streams = {"1 stream": {"data__batch_size": 1}, "8 streams": {"data__batch_size": 8}}
    arms, recipe = Arms("batch_count", LAPTOP, streams, 80_000), recipes(LAPTOP)[0]
    assert arms._name(recipe) == "our initial values; AdamW, one cycle; 64 units; 3 epochs"
    assert Arms("best_cell", LAPTOP, CELLS, 1)._name(recipe).endswith("; 16 streams")
    assert len({arms._name(each) for each in recipes(LAPTOP)}) == 9


def test_samples_are_those_of_the_best_model_of_each_arm_by_validation_text(monkeypatch):
    monkeypatch.setattr(recipe_set, "generate", lambda run, count, length, top_k: [f"{run}: {length}, {top_k}"])
    monkeypatch.setattr(recipe_set, "sample", lambda title, text, run: (title, text, run))
    frame = pd.DataFrame({"arm": ["b", "a", "b", "a"], "val/bpc": [2.0, 2.5, 1.5, math.inf], "run": [1, 2, 3, 4]})
    found = recipe_set.best_samples(frame, "top-5", top_k=5)
    assert found == [("b, top-5", "3: 500, 5", 3), ("a, top-5", "2: 500, 5", 2)]


def test_the_spread_of_effects_is_told_with_signs():
    assert spread(pd.DataFrame({"estimate": [0.25, -0.1234, 0.0]})) == "from −0.123 to +0.250"
