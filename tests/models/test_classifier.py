"""The classifier against PyTorch's packed sequences, and what padding and direction may and may not change."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from charcells.models.classifier import Classifier, turned
from charcells.registry import CELLS

PYTORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
VOCAB, EMBEDDING, HIDDEN, HEAD = 11, 5, 4, 3  # all different, so that no dimension passes for another
LENGTHS = torch.tensor([7, 1, 4, 9, 2, 9])


def batch(seed: int = 0) -> torch.Tensor:
    """Tokens (6, 9), with zeros after the end of each row."""
    tokens = torch.randint(1, VOCAB, (len(LENGTHS), int(LENGTHS.max())), generator=torch.Generator().manual_seed(seed))
    return tokens * (torch.arange(tokens.shape[1]) < LENGTHS.unsqueeze(1))


def packed_state(model: Classifier, tokens: torch.Tensor) -> tuple[torch.Tensor, nn.Module]:
    """The last hidden state of PyTorch's own layers with the same weights, and these layers."""
    layers = PYTORCH[model.cell](
        EMBEDDING, HIDDEN, model.num_layers, batch_first=True, bidirectional=model.bidirectional
    )
    weights = {}
    for direction, suffix in (("forwards", ""), ("backwards", "_reverse")):
        for number, layer in enumerate(getattr(model.rnn, direction, [])):
            for name, weight in layer.named_parameters():
                weights[name.replace("_l0", f"_l{number}") + suffix] = weight.detach()
    layers.load_state_dict(weights)
    inputs = model.embedding(tokens).detach()
    _, state = layers(pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False))
    hidden = state[0] if isinstance(state, tuple) else state  # (L D, B, H)
    return torch.cat(list(hidden[-2:] if model.bidirectional else hidden[-1:]), 1), layers


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", PYTORCH)
def test_padding_gives_what_packed_sequences_give(cell, bidirectional, num_layers):
    torch.manual_seed(1)
    model = Classifier(VOCAB, cell, EMBEDDING, HIDDEN, num_layers, bidirectional, init="torch")
    tokens = batch()
    expected, layers = packed_state(model, tokens)
    found = model.rnn(model.embedding(tokens), LENGTHS)
    assert torch.allclose(found, expected, atol=1e-6)
    weights = torch.randn(expected.shape)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    reference = dict(layers.named_parameters())
    for direction, suffix in (("forwards", ""), ("backwards", "_reverse")):
        for number, layer in enumerate(getattr(model.rnn, direction, [])):
            for name, weight in layer.named_parameters():
                gradient = reference[name.replace("_l0", f"_l{number}") + suffix].grad
                assert torch.allclose(weight.grad, gradient, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_a_text_gets_the_same_logit_alone_and_among_longer_ones(cell, bidirectional):
    model = Classifier(VOCAB, cell, EMBEDDING, HIDDEN, 2, bidirectional, HEAD).eval()
    tokens = batch()
    together = model(tokens, LENGTHS)
    alone = torch.cat([model(row[None, :length], length[None]) for row, length in zip(tokens, LENGTHS, strict=True)])
    assert together.shape == (len(LENGTHS),)
    assert torch.allclose(together, alone, atol=1e-6)
    other = torch.where(tokens == 0, 5, tokens)  # what the padding holds
    assert torch.allclose(model(other, LENGTHS), together, atol=1e-6)


def test_turned_turns_each_sequence_within_its_length():
    inputs = torch.randn(3, 5, 2)
    lengths = torch.tensor([5, 1, 3])
    for row, length, found in zip(inputs, lengths, turned(inputs, lengths), strict=True):
        assert torch.equal(found, torch.cat([row[:length].flip(0), row[length:]]))


def test_both_directions_read_every_word():
    torch.manual_seed(1)
    model = Classifier(VOCAB, "gru", EMBEDDING, HIDDEN, bidirectional=True).eval()
    tokens = batch()
    before = model(tokens, LENGTHS)
    for row, length in enumerate(LENGTHS):
        for step in range(length):
            changed = tokens.clone()
            changed[row, step] = 1 + changed[row, step] % (VOCAB - 1)
            differs = model(changed, LENGTHS) != before
            assert differs.nonzero().flatten().tolist() == [row]


def test_the_head_is_the_equations_of_the_book():
    torch.manual_seed(1)
    model = Classifier(VOCAB, "lstm", EMBEDDING, HIDDEN, head_size=HEAD).eval()
    tokens = batch()
    state = model.rnn(model.embedding(tokens), LENGTHS)
    first = model.head[0]
    hidden = (state @ first.weight.T + first.bias).clamp(min=0)
    assert torch.allclose(model(tokens, LENGTHS), hidden @ model.output.weight[0] + model.output.bias, atol=1e-6)


def test_the_books_network_has_as_many_parameters_as_printed_layer_by_layer():
    model = Classifier(69_025, "lstm", 20, 64, head_size=64)
    lstm = 4 * (64 * 20 + 64 * 64 + 2 * 64)
    assert sum(weight.numel() for weight in model.parameters()) == 69_025 * 20 + lstm + 64 * 64 + 64 + 64 + 1


@pytest.mark.parametrize("init", ["orthogonal", "torch", "keras", "normal"])
def test_each_kind_of_initial_values_reaches_both_directions_and_all_layers(init):
    torch.manual_seed(1)
    model = Classifier(VOCAB, "lstm", EMBEDDING, HIDDEN, 2, True, init=init)
    assert len(model.rnn.forwards) == len(model.rnn.backwards) == 2
    for layer in [*model.rnn.forwards, *model.rnn.backwards]:
        recurrent, bias = layer.weight_hh_l0.detach(), layer.bias_ih_l0.detach()
        if init == "orthogonal":
            for gate in recurrent.chunk(4):
                assert torch.allclose(gate @ gate.T, torch.eye(HIDDEN), atol=1e-5)
        if init == "keras":
            assert bias.tolist() == [0.0] * HIDDEN + [1.0] * HIDDEN + [0.0] * (2 * HIDDEN)
        if init == "normal":
            assert 0 < recurrent.std() < 0.03
            assert not bias.any()


def test_a_frozen_second_bias_is_zero_and_stays_out_of_training():
    model = Classifier(VOCAB, "gru", EMBEDDING, HIDDEN, 2, True, freeze_second_bias=True)
    second = [weight for name, weight in model.named_parameters() if "bias_hh" in name]
    assert len(second) == 4
    assert not any(weight.any() or weight.requires_grad for weight in second)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "output"])
def test_the_beginnings_of_a_text_are_what_they_are_as_texts(cell, bidirectional, monkeypatch):
    monkeypatch.setattr("charcells.models.classifier.BEGINNINGS", 3)
    torch.manual_seed(0)
    sizes = {"embedding_dim": 5, "hidden_size": 6, "num_layers": 2, "head_size": 4}
    model = Classifier(11, cell, bidirectional=bidirectional, **sizes).eval()
    text = torch.randint(2, 11, (7,))
    none, *others = model.beginnings(text)
    alone = torch.stack([model(text[None, :length], torch.tensor([length]))[0] for length in range(1, 8)])
    torch.testing.assert_close(torch.stack(others), alone)
    torch.testing.assert_close(none, model.output(model.head(torch.zeros(12 if bidirectional else 6)))[0])
