"""The claim `long_windows_hurt`: what its arms hold equal, and its differences."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from charcells.models.char_rnn import CharRNN
from experiments.claims.long_windows_hurt import ARMS, UPDATE, arm, lost
from experiments.study.runs import SCALES


def test_every_arm_reads_as_many_characters_before_an_update():
    for cell, window in ARMS:
        [run] = arm(SCALES["laptop"], cell, window, (11,), ("pydoc",), 1.0)
        config = run.config()
        each = config.data.batch_size * config.data.seq_len * config.trainer.accumulate_grad_batches
        assert each == UPDATE == 800 and config.data.batch_size == 1


def test_the_mean_gradient_of_windows_that_carry_on_is_that_of_one_whose_gradients_are_cut():
    """So that arms differ in the reach of the gradient only: the loss is the same, and so is a one-step gradient."""
    torch.manual_seed(1)
    model, text = CharRNN(vocab_size=5, embedding_dim=3, hidden_size=4), torch.randint(5, (1, 9))

    def read(window):
        state, losses = None, []
        for start in range(0, 8, window):
            logits, state = model(text[:, start : start + window], state)
            state = tuple(part.detach() for part in state)
            losses.append(F.cross_entropy(logits[0], text[0, start + 1 : start + window + 1]) / (8 // window))
        return sum(losses)

    assert read(2).item() == pytest.approx(read(8).item(), abs=1e-6)
    gradients = [torch.autograd.grad(read(window), model.output.weight)[0] for window in (2, 8)]
    torch.testing.assert_close(*gradients)  # the output layer has no recurrence to cut


def test_the_difference_is_that_of_the_means_whatever_the_texts_differ_by():
    drawn = np.random.default_rng(1)
    rows = [
        {
            "cell": "rnn",
            "data.seq_len": window,
            "corpus": text,
            "seed": seed,
            "test/bpc": level + cost + drawn.normal(0, 1e-3),
        }
        for window, cost in ((100, 0.0), (800, 0.3))
        for text, level in (("a", 1.0), ("b", 3.0))
        for seed in (11, 12, 13, 14)
    ]
    frame = pd.DataFrame(rows)
    means = frame.groupby("data.seq_len")["test/bpc"].mean()
    found = lost(frame.sample(frac=1, random_state=1), "rnn", 800)
    assert len(found) == 8 and found.std() < 0.01
    assert found.mean() == pytest.approx(means[800] - means[100])
