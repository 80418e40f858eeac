"""The claim `window_enough`: the loss as a function of the context given, and its arms."""

import math

import numpy as np
import pytest
import torch

from charcells.models.char_rnn import CharRNN
from experiments.claims import window_enough
from experiments.claims.window_enough import CONTEXTS, arm
from experiments.study.measures import bits_by_context
from experiments.study.runs import SCALES


def test_the_loss_is_that_of_a_model_that_reads_just_the_context():
    """One position and one context at a time, by hand."""
    torch.manual_seed(1)
    model = CharRNN(vocab_size=5, embedding_dim=3, hidden_size=4).eval()
    tokens, positions = torch.randint(5, (450,), dtype=torch.uint8), [400, 413, 449]
    found = bits_by_context(model, tokens, positions, CONTEXTS)
    for context, bits in zip(CONTEXTS, found, strict=True):
        by_hand = []
        for position in positions:
            state = None
            for token in tokens[position - context : position].long():
                logits, state = model(token.view(1, 1), state)
            by_hand.append(-float(logits.detach()[0, 0].log_softmax(-1)[int(tokens[position])]) / math.log(2))
        assert bits == pytest.approx(np.mean(by_hand), abs=1e-5)


def test_a_uniform_model_has_log2_of_the_vocabulary_after_any_context():
    model = CharRNN(vocab_size=4, embedding_dim=3, hidden_size=4).eval()
    torch.nn.init.zeros_(model.output.weight)
    torch.nn.init.zeros_(model.output.bias)
    bits = bits_by_context(model, torch.randint(4, (450,)), [400, 449], CONTEXTS)
    assert bits == pytest.approx([2.0] * len(CONTEXTS))


def test_both_arms_make_equal_updates_on_as_many_characters():
    laptop = SCALES["laptop"]
    for window, count in window_enough.WINDOWS.items():
        [run] = arm(laptop, window, (11,), 1e-2, "pydoc")
        data = run.config().data
        assert data.batch_size * data.seq_len == count * window == 1600
        assert data.carry_state is False
