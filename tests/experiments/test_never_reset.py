"""The claim `never_reset`: its arms and its differences."""

import pandas as pd
import pytest

from experiments.claims.never_reset import STATES, arm, questions
from experiments.study.findings import INCONCLUSIVE, REFUTED, SUPPORTED
from experiments.study.measures import differences
from experiments.study.runs import SCALES


def test_arms_differ_in_the_state_only_and_keep_the_recipe_of_the_source():
    configs = [arm(SCALES["laptop"], state)[0].config() for state in STATES]
    never, epoch, batch = (config.data for config in configs)
    assert (never.carry_state, never.reset_state) == (True, "never")
    assert (epoch.carry_state, epoch.reset_state) == (True, "epoch")
    assert batch.carry_state is False
    for config in configs:
        assert (config.model.init, config.optimizer.name, config.optimizer.lr) == ("keras", "adam", 1e-3)
        assert config.data.sampling == "windows" and config.data.stride == 101
        assert config.trainer.gradient_clip_val is None and config.data.val_fraction == 0


def table(never, epoch):
    """Excess of each arm, the rows of the second in another order."""
    rows = [
        {"state": state, "corpus": corpus, "seed": seed, "excess": value + (seed - 11.5) * 0.01}
        for state, value in (("never", never), ("at each epoch", epoch))
        for corpus in "abc"
        for seed in (11, 12)
    ]
    return pd.DataFrame(rows[:6] + rows[:5:-1])


def test_differences_are_of_models_on_the_same_text_and_decide_as_they_should():
    found = differences(table(0.3, 0.1), "excess", "state", "never", "at each epoch")
    assert found.tolist() == pytest.approx([0.2] * 6)
    first, _ = questions(table(0.0, 0.0))
    assert first.verdict == REFUTED
    found = questions(table(0.4, 0.1))
    assert found[0].verdict == SUPPORTED
    assert found[0].estimate == pytest.approx(0.4) and found[1].estimate == pytest.approx(0.3)
    assert found[1].verdict == INCONCLUSIVE  # all six differences are equal, and only their range could decide
