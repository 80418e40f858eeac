"""The compiled recurrence against PyTorch's: outputs, states and all gradients, and when PyTorch's own serves."""

import copy

import pytest
import torch
from torch import nn

from charcells.models import recurrence

CELLS = {"rnn": (recurrence.RNN, nn.RNN), "gru": (recurrence.GRU, nn.GRU)}
INPUTS, HIDDEN = 7, 13
"""Neither is a multiple of four, which the loops go by."""


def pair(cell, layers=2, dropout=0.0):
    ours, theirs = CELLS[cell]
    torch.manual_seed(1)
    made = ours(INPUTS, HIDDEN, layers, dropout=dropout, batch_first=True)
    reference = theirs(INPUTS, HIDDEN, layers, dropout=dropout, batch_first=True)
    reference.load_state_dict(made.state_dict())
    return made, reference


def gradients(layers, inputs, state):
    """Outputs, last state, and the gradients of both with respect to everything."""
    inputs, state = inputs.clone().requires_grad_(), state.clone().requires_grad_()
    outputs, last = layers(inputs, state)
    weights = torch.linspace(-1, 2, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
    ((outputs * weights).sum() + (last**2).sum()).backward()
    return [outputs, last, inputs.grad, state.grad, *(parameter.grad for parameter in layers.parameters())]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("batch", "steps", "layers"), [(1, 1, 1), (1, 25, 1), (2, 9, 3), (5, 30, 2), (16, 12, 1)])
def test_outputs_and_gradients_are_those_of_pytorchs_layers_in_double_precision(cell, batch, steps, layers):
    made, reference = pair(cell, layers)
    inputs, state = torch.randn(batch, steps, INPUTS), torch.randn(layers, batch, HIDDEN)
    found = gradients(made, inputs, state)
    expected = gradients(reference.double(), inputs.double(), state.double())
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours - theirs).abs().max() <= 3e-6 * theirs.abs().max()


@pytest.mark.parametrize("cell", CELLS)
def test_no_state_is_a_state_of_zeros(cell):
    made, _ = pair(cell)
    inputs = torch.randn(3, 8, INPUTS)
    for ours, theirs in zip(made(inputs), made(inputs, torch.zeros(2, 3, HIDDEN)), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("cell", CELLS)
def test_only_parts_that_need_gradients_get_them(cell):
    made, reference = pair(cell)
    for layers in (made, reference):
        layers.bias_hh_l0.requires_grad_(False)
        layers(torch.randn(1, 4, INPUTS))[0].sum().backward()
        assert layers.bias_hh_l0.grad is None and layers.bias_ih_l0.grad is not None


@pytest.mark.parametrize("cell", CELLS)
def test_dropout_is_drawn_between_the_layers_in_training_only(cell):
    made, reference = pair(cell, dropout=0.9)
    inputs = torch.randn(2, 40, INPUTS)
    without, _ = pair(cell)
    assert not torch.allclose(made(inputs)[0], without(inputs)[0])
    assert torch.allclose(made.eval()(inputs)[0], reference.eval()(inputs)[0], atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_pytorchs_own_serves_for_everything_else(cell, monkeypatch):
    made, _ = pair(cell)
    calls = []
    monkeypatch.setattr(type(made), "layer", None)  # the compiled layer would fail
    monkeypatch.setattr(CELLS[cell][1], "forward", counted(CELLS[cell][1].forward, calls))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    inputs = torch.randn(2, 5, INPUTS)
    with torch.no_grad():
        made(inputs)
    made(torch.randn(recurrence.MAX_BATCH + 1, 5, INPUTS))
    with torch.autocast("cpu", torch.bfloat16):
        made(inputs)
    copy.deepcopy(made).double()(inputs.double())
    made.compiled = False
    made(inputs)
    assert len(calls) == 5
    made.compiled = True
    monkeypatch.setattr(torch, "get_num_threads", lambda: 16)
    made(inputs)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(recurrence, "kernels", lambda: None)
    made(inputs)
    assert len(calls) == 7


def counted(function, calls):
    def call(*arguments):
        calls.append(arguments)
        return function(*arguments)

    return call
