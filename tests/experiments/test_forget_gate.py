"""The claim `forget_gate`: the LSTM whose forget gate is held at 1, and the size of its state."""

import numpy as np
import pytest
import torch
from torch import nn

from charcells.models.cells import check_contract
from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS
from experiments.claims.forget_gate import READ, sizes
from experiments.study.cells import OPEN, register
from experiments.study.held_open import OpenLSTM, hold_open


def test_the_cell_state_is_the_sum_of_what_was_added():
    """Against the equations of a step with f = 1, written out."""
    torch.manual_seed(1)
    lstm = OpenLSTM(input_size=3, hidden_size=4, num_layers=1, batch_first=True)
    inputs = torch.randn(2, 7, 3)
    outputs, (_, c) = lstm(inputs)
    h, total = torch.zeros(2, 4), torch.zeros(2, 4)
    for x in inputs.unbind(1):
        gates = x @ lstm.weight_ih_l0.T + lstm.bias_ih_l0 + h @ lstm.weight_hh_l0.T + lstm.bias_hh_l0
        i, _, g, o = gates.chunk(4, 1)
        total = total + i.sigmoid() * g.tanh()
        h = o.sigmoid() * total.tanh()
    torch.testing.assert_close(c[0], total)
    torch.testing.assert_close(outputs[:, -1], h)


def test_the_gate_stays_open_through_training_while_the_other_gates_learn():
    torch.manual_seed(1)
    lstm = OpenLSTM(input_size=3, hidden_size=4, num_layers=2, batch_first=True)
    before = {name: value.clone() for name, value in lstm.named_parameters()}
    optimizer = torch.optim.AdamW(lstm.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        lstm(torch.randn(2, 7, 3))[0].square().sum().backward()
        assert lstm.weight_hh_l1.grad[4:8].abs().max() == 0
        optimizer.step()
    lstm(torch.randn(2, 7, 3))
    for name, value in lstm.named_parameters():
        assert (value[4:8] == (100 if name.startswith("bias_ih") else 0)).all()
        assert not torch.equal(value[:4], before[name][:4])


def test_a_constant_addition_grows_in_proportion_to_the_characters_read():
    model = CharRNN(vocab_size=5, embedding_dim=3, hidden_size=4)
    assert isinstance(model.rnn, nn.LSTM)
    with torch.no_grad():
        for name, value in model.rnn.named_parameters():
            value.zero_()
            if name.startswith("bias_ih"):
                value[:4], value[8:12] = 100.0, 0.5  # input gate 1, candidate tanh(0.5); the forget gate is a half
    tokens = torch.zeros(max(READ), dtype=torch.long)
    bounded = sizes(model.eval(), tokens)
    np.testing.assert_allclose(bounded, 2 * np.tanh(0.5), rtol=1e-5)  # c = c / 2 + tanh(0.5)
    hold_open(model.rnn)
    n = np.array(READ)
    steps = [np.arange(round(0.9 * k) + 1, k + 1) for k in READ]
    expected = [np.tanh(0.5) * np.mean(each.astype(float) ** 2) ** 0.5 for each in steps]
    np.testing.assert_allclose(sizes(model, tokens), expected, rtol=1e-3)
    assert expected[-1] / expected[2] == pytest.approx(n[-1] / n[2], rel=1e-3)


def test_it_is_registered_as_a_cell_that_keeps_the_contract_and_registering_twice_is_harmless(monkeypatch):
    monkeypatch.setattr(CELLS, "_rows", {name: CELLS[name] for name in CELLS if name != OPEN.name})
    assert OPEN.name not in CELLS
    register()
    register()
    check_contract(OPEN.name)
    assert isinstance(CharRNN(vocab_size=5, cell=OPEN.name).rnn, OpenLSTM)
