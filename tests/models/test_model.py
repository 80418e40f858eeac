"""CharRNN against equations written out here, its initial values, and how many parameters it has.

Legend: B batch, T time, E embedding, H hidden, V vocabulary, L layers. All differ, so that no transpose can hide.
"""

import math

import pytest
import torch

from charcells.errors import UserError
from charcells.models.cells import detach
from charcells.models.char_rnn import CharRNN, count_parameters, match_hidden_size
from charcells.registry import CELLS

B, T, E, H, V, L = 3, 5, 4, 6, 7, 2
GATES = {"rnn": 1, "gru": 3, "lstm": 4, "jordan": 1, "output": 1}


def random_model(cell, embedding_dim=E, num_layers=L):
    """A model in float64 whose every weight and bias is random."""
    torch.manual_seed(7)
    model = CharRNN(V, cell, embedding_dim, H, num_layers).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.7)
    return model


def random_tokens(time=T, seed=1):
    return torch.randint(V, (B, time), generator=torch.Generator().manual_seed(seed))


def parts(state):
    """The tensors of a state, each (L, B, H)."""
    return state if isinstance(state, tuple) else (state,)


def rnn_step(x, state, w_i, w_h, b_i, b_h):
    return (torch.tanh(w_i @ x + b_i + w_h @ state[0] + b_h),)


def gru_step(x, state, w_i, w_h, b_i, b_h):
    # PyTorch's order is reset, update, new; the reset gate acts on the product with the state, bias included
    (h,) = state
    r = torch.sigmoid(w_i[:H] @ x + b_i[:H] + w_h[:H] @ h + b_h[:H])
    z = torch.sigmoid(w_i[H : 2 * H] @ x + b_i[H : 2 * H] + w_h[H : 2 * H] @ h + b_h[H : 2 * H])
    n = torch.tanh(w_i[2 * H :] @ x + b_i[2 * H :] + r * (w_h[2 * H :] @ h + b_h[2 * H :]))
    return ((1 - z) * n + z * h,)


def lstm_step(x, state, w_i, w_h, b_i, b_h):
    # PyTorch's order is input, forget, cell, output
    h, c = state
    i, f, g, o = (w_i @ x + b_i + w_h @ h + b_h).split(H)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


STEPS = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step}


def naive_forward(model, tokens, state):
    """One stream, one character, one layer at a time: logits (B, T, V) and the state after them."""
    weights = dict(model.named_parameters())
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    logits = torch.zeros(B, tokens.shape[1], V, dtype=torch.float64)
    after = tuple(part.clone() for part in parts(state))
    for b in range(B):
        for t in range(tokens.shape[1]):
            x = weights["embedding.weight"][tokens[b, t]]  # (E,)
            for layer in range(L):
                before = tuple(part[layer, b].clone() for part in after)
                new = STEPS[model.cell](x, before, *(weights[f"rnn.{kind}_l{layer}"] for kind in kinds))
                for part, value in zip(after, new, strict=True):
                    part[layer, b] = value
                x = new[0]  # (H,)
            logits[b, t] = weights["output.weight"] @ x + weights["output.bias"]
    return logits, after


@pytest.mark.parametrize("cell", STEPS)
@torch.no_grad()
def test_each_cell_matches_the_gate_equations(cell):
    model, tokens = random_model(cell), random_tokens()
    start = torch.randn(2, L, B, H, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    state = (start[0], start[1]) if cell == "lstm" else start[0]
    logits, after = model(tokens, state)
    expected_logits, expected_after = naive_forward(model, tokens, state)
    assert logits.shape == (B, T, V)
    torch.testing.assert_close(logits, expected_logits, rtol=0, atol=1e-10)
    for part, expected in zip(parts(after), expected_after, strict=True):
        torch.testing.assert_close(part, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("cell", STEPS)
@torch.no_grad()
def test_no_state_stands_for_zeros(cell):
    model, tokens = random_model(cell), random_tokens()
    zeros = torch.zeros(L, B, H, dtype=torch.float64)
    logits, _ = naive_forward(model, tokens, (zeros, zeros) if cell == "lstm" else zeros)
    torch.testing.assert_close(model(tokens)[0], logits, rtol=0, atol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_one_hot_input_equals_an_embedding_with_the_identity(cell):
    one_hot, embedding = random_model(cell, embedding_dim=None), random_model(cell, embedding_dim=V)
    weights = {**one_hot.state_dict(), "embedding.weight": torch.eye(V, dtype=torch.float64)}
    embedding.load_state_dict(weights)
    tokens = random_tokens()
    torch.testing.assert_close(one_hot(tokens)[0], embedding(tokens)[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("embedding_dim", [E, None])
@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_two_chunks_with_the_state_carried_equal_one_long_forward(cell, embedding_dim):
    model, tokens = random_model(cell, embedding_dim), random_tokens(time=2 * T + 1)
    whole, whole_state = model(tokens)
    first, state = model(tokens[:, :T])
    second, state = model(tokens[:, T:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-12)
    for part, expected in zip(parts(state), parts(whole_state), strict=True):
        torch.testing.assert_close(part, expected, rtol=0, atol=1e-12)
    forgotten, _ = model(tokens[:, T:])
    assert (forgotten - whole[:, T:]).abs().max() > 1e-3


@pytest.mark.parametrize("cell", CELLS)
def test_detach_keeps_the_values_and_cuts_the_gradient(cell):
    _, state = random_model(cell)(random_tokens())
    assert all(part.requires_grad for part in parts(state))
    cut = detach(state)
    assert type(cut) is type(state)
    for part, original in zip(parts(cut), parts(state), strict=True):
        assert not part.requires_grad
        assert torch.equal(part, original)


@torch.no_grad()
def test_dropout_acts_in_training_only():
    torch.manual_seed(1)
    model = CharRNN(V, "gru", E, H, L, dropout=0.5)
    plain = CharRNN(V, "gru", E, H, L)
    plain.load_state_dict(model.state_dict())
    tokens = random_tokens()
    assert torch.equal(model.eval()(tokens)[0], plain(tokens)[0])
    assert not torch.allclose(model.train()(tokens)[0], plain(tokens)[0])


@torch.no_grad()
def test_dropout_of_a_single_layer_stands_before_the_output():
    torch.manual_seed(1)
    model = CharRNN(V, "rnn", E, hidden_size=1000, num_layers=1, dropout=0.25)
    for parameter in model.rnn.parameters():
        parameter.zero_()
    model.rnn.bias_ih_l0.fill_(10)  # so that each hidden unit is 1
    model.output.weight.fill_(1 / 1000)
    whole, _ = model.eval()(random_tokens())
    dropped, _ = model.train()(random_tokens())
    torch.testing.assert_close(whole, torch.ones_like(whole))
    assert not torch.allclose(dropped, whole, atol=1e-3)
    torch.testing.assert_close(dropped, whole, rtol=0, atol=0.1)  # scaled up again, so equal in the mean


@pytest.mark.parametrize("embedding_dim", [E, None])
@pytest.mark.parametrize("cell", GATES)
def test_recurrent_weights_start_orthogonal_gate_by_gate(cell, embedding_dim):
    model = CharRNN(V, cell, embedding_dim, H, L)
    for layer in range(L):
        gates = getattr(model.rnn, f"weight_hh_l{layer}").detach().split(H)
        assert len(gates) == GATES[cell]
        for gate in gates:
            torch.testing.assert_close(gate @ gate.T, torch.eye(H), rtol=0, atol=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_what_a_layer_reads_moves_its_gates_by_about_one(cell):
    torch.manual_seed(4)
    model, tokens = CharRNN(90, cell, 30, 100, 3), torch.randint(90, (16, 60))
    weights = model.rnn.state_dict()
    with torch.no_grad():
        inputs = model.embedding(tokens)
        for layer in range(3):
            if layer:
                assert inputs.square().mean().sqrt() == pytest.approx(CELLS[cell].output_rms, rel=0.3)
            moved = inputs @ weights[f"weight_ih_l{layer}"].T
            assert moved.square().mean().sqrt() == pytest.approx(1, rel=0.3)
            up_to_it = CharRNN(90, cell, 30, 100, layer + 1).rnn
            up_to_it.load_state_dict({name: weights[name] for name in up_to_it.state_dict()})
            inputs = up_to_it(model.embedding(tokens))[0][:, 20:]


@pytest.mark.parametrize("cell", GATES)
def test_biases_start_at_zero(cell):
    biases = [value for name, value in CharRNN(V, cell, E, H, L).named_parameters() if "bias" in name]
    assert len(biases) == 2 * L + 1
    assert not any(bias.any() for bias in biases)


def test_one_hot_input_weights_start_larger_than_pytorchs_own():
    torch.manual_seed(1)
    size = 128
    ours = CharRNN(60, "lstm", None, size).rnn.weight_ih_l0.std().item()
    assert ours > 10 / math.sqrt(3 * size)  # PyTorch's are uniform within 1 / sqrt(H)


@pytest.mark.parametrize("cell", STEPS)
def test_init_torch_leaves_pytorchs_own_initial_values(cell):
    torch.manual_seed(3)
    model = CharRNN(V, cell, E, H, L, init="torch")
    torch.manual_seed(3)
    expected = {
        "embedding": torch.nn.Embedding(V, E),
        "rnn": {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell](E, H, L),
        "output": torch.nn.Linear(H, V),
    }
    for part, module in expected.items():
        for name, value in module.state_dict().items():
            assert torch.equal(model.state_dict()[f"{part}.{name}"], value)


def closed_count(cell, vocab_size, embedding_dim, hidden_size, num_layers):
    """Trainable numbers, from the shapes alone."""
    gates, total = GATES[cell], 0
    size = vocab_size if embedding_dim is None else embedding_dim
    total += 0 if embedding_dim is None else vocab_size * embedding_dim
    for _ in range(num_layers):
        total += gates * (hidden_size * size + hidden_size * hidden_size + 2 * hidden_size)
        total += hidden_size * hidden_size if cell in ("jordan", "output") else 0  # from hidden units to output
        size = hidden_size
    return total + vocab_size * hidden_size + vocab_size


SIZES = [(V, E, H, 1), (V, E, H, L), (V, None, H, 3), (90, 32, 128, 1), (1, 1, 1, 1)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cell", GATES)
def test_parameters_are_counted_as_the_closed_formula_says(cell, size):
    vocab_size, embedding_dim, hidden_size, num_layers = size
    model = CharRNN(vocab_size, cell, embedding_dim, hidden_size, num_layers)
    assert count_parameters(model) == closed_count(cell, *size)


def test_frozen_parameters_are_not_counted():
    model = CharRNN(V, "gru", E, H)
    model.embedding.weight.requires_grad_(False)
    assert count_parameters(model) == closed_count("gru", V, E, H, 1) - V * E


@pytest.mark.parametrize("parameters", [200, 1000, 1001, 5003, 20_000, 123_457])
@pytest.mark.parametrize(("embedding_dim", "num_layers"), [(E, 1), (None, 1), (E, 3)])
@pytest.mark.parametrize("cell", GATES)
def test_the_matched_hidden_size_is_the_nearest_of_all(cell, embedding_dim, num_layers, parameters):
    chosen = match_hidden_size(parameters, V, cell=cell, embedding_dim=embedding_dim, num_layers=num_layers)

    def distance(hidden_size):
        return abs(closed_count(cell, V, embedding_dim, hidden_size, num_layers) - parameters)

    assert distance(chosen) == min(distance(hidden_size) for hidden_size in range(1, 400))


@pytest.mark.parametrize("cell", GATES)
def test_a_number_of_parameters_that_no_model_is_small_enough_for_is_refused(cell):
    smallest = closed_count(cell, V, E, 1, 1)
    assert match_hidden_size(smallest, V, cell=cell, embedding_dim=E) == 1
    with pytest.raises(UserError, match=rf"match_parameters={smallest - 1} .* already has {smallest} parameters"):
        match_hidden_size(smallest - 1, V, cell=cell, embedding_dim=E)


def test_matching_draws_no_random_numbers():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    match_hidden_size(5000, V, cell="lstm", embedding_dim=E)
    assert torch.equal(torch.get_rng_state(), before)
