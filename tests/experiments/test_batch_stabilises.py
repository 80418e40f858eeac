"""The claim `batch_stabilises`: its measure of jumps and its differences."""

import numpy as np
import pandas as pd
import pytest

from experiments.claims.batch_stabilises import EVERY, SEEDS, STREAMS, UPDATES, arm, jumps
from experiments.study.measures import differences
from experiments.study.runs import SCALES


def test_a_steady_fall_has_no_jumps_and_noise_has_its_own_size():
    assert jumps(np.linspace(5, 2, 40)) == pytest.approx(0, abs=1e-12)
    noise = np.random.default_rng(1).normal(0, 0.1, 4001)
    # a second difference is a - 2b + c of independent values: the root of 1 + 4 + 1 times as large
    assert jumps(np.linspace(5, 2, 4001) + noise) == pytest.approx(0.1 * 6**0.5, rel=0.05)
    restless_start = np.concatenate([np.tile([5.0, 1.0], 10), np.full(20, 2.0)])
    assert jumps(restless_start) == 0


def test_all_arms_make_the_same_updates_and_validate_alike():
    for streams in STREAMS:
        found = arm(SCALES["laptop"], streams)
        assert len(found) == 3 * len(SEEDS)
        trainer = found[0].config().trainer
        assert trainer.max_steps == UPDATES and trainer.val_check_interval == EVERY


def test_differences_are_taken_on_the_same_text():
    rows = [
        {"data.batch_size": streams, "corpus": text, "seed": seed, "jumps": level + 1 / streams}
        for streams in STREAMS
        for text, level in (("a", 1.0), ("b", 7.0))
        for seed in (11, 12)
    ]
    frame = pd.DataFrame(rows).sample(frac=1, random_state=1)
    assert differences(frame, "jumps", "data.batch_size", 1, 64).tolist() == pytest.approx([63 / 64] * 4)
