"""What every cell must keep to, those of other packages among them: see registry.Cell."""

import json

import pytest
import torch

import charcells
from charcells.models.cells import join_rows, map_state, split_rows
from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS, load_class
from charcells.training.train import train

B, T, E, H, L, V = 4, 5, 3, 6, 2, 7
TEXT = "she sells sea shells by the sea shore.\n" * 40


def tensors(state):
    found = []
    map_state(lambda part: found.append(part) or part, state)
    return found


@pytest.fixture
def layers(cell):
    torch.manual_seed(1)
    return load_class(CELLS[cell].layers)(
        input_size=E, hidden_size=H, num_layers=L, dropout=0.0, batch_first=True
    ).double()


@pytest.mark.parametrize("cell", CELLS)
def test_outputs_and_state_have_the_shapes_of_the_contract(layers):
    outputs, state = layers(torch.randn(B, T, E, dtype=torch.float64), None)
    assert outputs.shape == (B, T, H)
    assert tensors(state) and all(part.shape[1] == B for part in tensors(state))


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_each_row_is_computed_by_itself(layers):
    inputs = torch.randn(B, 2 * T, E, dtype=torch.float64)
    whole, state = layers(inputs[:, :T])
    rows = [layers(inputs[row : row + 1, :T]) for row in range(B)]
    torch.testing.assert_close(torch.cat([outputs for outputs, _ in rows]), whole, rtol=0, atol=1e-12)
    for part, joined in zip(tensors(state), tensors(join_rows([own for _, own in rows])), strict=True):
        torch.testing.assert_close(part, joined, rtol=0, atol=1e-12)
    second, _ = layers(inputs[:, T:], state)
    halves = [layers(half, own)[0] for half, own in zip(inputs[:, T:].chunk(2), split_rows(state, 2), strict=True)]
    torch.testing.assert_close(torch.cat(halves), second, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_a_carried_state_makes_two_parts_one(layers):
    inputs = torch.randn(B, 2 * T, E, dtype=torch.float64)
    whole, _ = layers(inputs)
    first, state = layers(inputs[:, :T])
    second, _ = layers(inputs[:, T:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("init", ["orthogonal", "torch", "keras", "normal"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_choice_of_initial_values_gives_a_model_that_learns(cell, init):
    model = CharRNN(V, cell, E, H, L, init=init)
    logits, _ = model(torch.randint(V, (B, T)))
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("cell", CELLS)
def test_a_run_is_resumed_exactly_and_writes_the_same_alone_and_among_others(cell, small, tmp_path):
    options = (f"cell={cell}", "model.num_layers=2", "model.dropout=0.1", "scheduler=constant", "data.batch_size=2")
    train(small(TEXT, *options, "trainer.max_steps=9"), tmp_path / "whole")
    train(small(TEXT, *options, "trainer.max_steps=4"), tmp_path / "run")
    train(small(TEXT, *options, "trainer.max_steps=9"), tmp_path / "run", resume=True)
    whole, run = (charcells.load(tmp_path / name) for name in ("whole", "run"))
    assert all(torch.equal(a, b) for a, b in zip(whole.model.parameters(), run.model.parameters(), strict=True))
    summaries = [json.loads((tmp_path / name / "summary.json").read_text()) for name in ("whole", "run")]
    assert summaries[0]["test/loss"] == summaries[1]["test/loss"]
    texts = run.generate_many(["she "], seeds=range(3), length=20)
    assert texts == [run.generate("she ", seed=seed, length=20) for seed in range(3)]
