"""The tenths of the text: each as often as the others, none twice in a recipe."""

from collections import Counter
from itertools import pairwise

from experiments.claims import corpus_size
from experiments.claims.corpus_size import TENTH, TENTHS, WHOLE
from experiments.study import recipe_set
from experiments.study.recipe_set import recipes
from experiments.study.runs import SCALES


def test_seeds_and_recipes_take_turns_among_disjoint_tenths(monkeypatch):
    monkeypatch.setattr(recipe_set, "run_table", lambda runs: None)
    monkeypatch.setattr(recipe_set, "best_rate", lambda pilots, figure: 0.01)
    arms, begins = corpus_size.arms(SCALES["laptop"]), Counter()
    for recipe in recipes(SCALES["laptop"]):
        runs = arms.judged(recipe, TENTH)
        by_seed = {run.overrides["seed"]: run.overrides["data.train_offset"] for run in runs}
        assert len(set(by_seed.values())) == len(by_seed) == 3
        assert all(by_seed[run.overrides["seed"]] == run.overrides["data.train_offset"] for run in runs)
        assert {run.overrides["data.train_fraction"] for run in runs} == {0.1}
        assert not any("data.train_offset" in run.overrides for run in arms.judged(recipe, WHOLE))
        begins.update(by_seed.values())
    assert set(begins) == set(TENTHS)
    assert max(begins.values()) - min(begins.values()) <= 1
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(TENTHS))
