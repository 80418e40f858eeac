"""The cells that PyTorch lacks, and the printed numbers of the one it has, against naive equations.

Legend: B batch, T time, E embedding, H hidden, V vocabulary, L layers; all different, so that no transpose can hide.
"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS, load_class
from charcells.text.vocabulary import Vocabulary
from charcells.writing.generator import TextGenerator

B, T, E, H, V, L = 2, 5, 3, 4, 7, 2

Array = NDArray[np.float64]


def naive(rnn: nn.Module, inputs: Array, to_hidden: bool) -> tuple[list[list[Array]], list[Array]]:
    """Outputs [b][t] (H,) and last outputs [layer] (B, H) by the equations of figure 15.7, one number at a time."""
    weights = {name: parameter.detach().numpy() for name, parameter in rnn.named_parameters()}
    last = [np.zeros((len(inputs), H)) for _ in range(L)]
    outputs = []
    for b, sequence in enumerate(inputs):
        row = []
        for x in sequence:
            for layer in range(L):
                w_ih, w_rec, w_ho, b_h, b_o = (
                    weights[f"{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "weight_ho", "bias_h", "bias_o")
                )
                before = last[layer][b].copy()
                output = np.empty(H)
                hidden = np.empty(H)
                for i in range(H):
                    net = b_h[i] + sum(w_ih[i, j] * x[j] for j in range(len(x)))
                    if to_hidden:
                        net += sum(w_rec[i, j] * before[j] for j in range(H))
                    hidden[i] = np.tanh(net)
                for i in range(H):
                    net = b_o[i] + sum(w_ho[i, j] * hidden[j] for j in range(H))
                    if not to_hidden:
                        net += sum(w_rec[i, j] * before[j] for j in range(H))
                    output[i] = np.tanh(net)
                last[layer][b] = x = output
            row.append(x)
        outputs.append(row)
    return outputs, last


@pytest.mark.parametrize(("cell", "to_hidden"), [("jordan", True), ("output", False)])
def test_output_recurrence_matches_the_equations(cell: str, to_hidden: bool) -> None:
    torch.manual_seed(0)
    rnn = load_class(CELLS[cell].layers)(E, H, num_layers=L, batch_first=True).double()
    inputs = torch.randn(B, T, E, dtype=torch.float64)
    outputs, state = rnn(inputs)
    expected, last = naive(rnn, inputs.numpy(), to_hidden)
    np.testing.assert_allclose(outputs.detach().numpy(), np.array(expected), atol=1e-12)
    np.testing.assert_allclose(state.detach().numpy(), np.stack(last), atol=1e-12)


@pytest.mark.parametrize("cell", ["jordan", "output"])
def test_output_recurrence_continues_from_its_state(cell: str) -> None:
    torch.manual_seed(0)
    model = CharRNN(V, cell, embedding_dim=E, hidden_size=H, num_layers=L).eval()
    tokens = torch.randint(V, (B, T))
    whole, _ = model(tokens)
    first, state = model(tokens[:, :2])
    rest, _ = model(tokens[:, 2:], state)
    torch.testing.assert_close(torch.cat([first, rest], 1), whole)


def gradient_of_the_last_output(cell: str) -> Tensor:
    torch.manual_seed(0)
    rnn = load_class(CELLS[cell].layers)(E, H, num_layers=1, batch_first=True)
    inputs = torch.randn(1, T, E, requires_grad=True)
    rnn(inputs)[0][0, -1].sum().backward()
    assert inputs.grad is not None
    return inputs.grad[0].norm(dim=-1)  # (T,)


@pytest.mark.parametrize("cell", ["jordan", "output"])
def test_the_first_character_reaches_the_last_output(cell: str) -> None:
    assert (gradient_of_the_last_output(cell) > 0).all()


@pytest.mark.parametrize("cell", ["jordan", "output"])
def test_output_recurrence_generates(cell: str) -> None:
    torch.manual_seed(0)
    model = CharRNN(3, cell, embedding_dim=None, hidden_size=H).eval()
    text = TextGenerator(model, Vocabulary("abc"), "a").generate("ab", length=20, seed=3)
    assert len(text) == 22
    assert set(text) <= set("abc")


def test_the_recurrence_printed_in_source_004_gives_its_printed_numbers() -> None:
    torch.manual_seed(1)
    rnn = nn.RNN(5, 2, num_layers=1, batch_first=True)
    inputs = torch.tensor([[1.0] * 5, [2.0] * 5, [3.0] * 5]).reshape(1, 3, 5)
    outputs, _ = rnn(inputs)
    printed = [[-0.3519801, 0.52525216], [-0.68424344, 0.76074266], [-0.8649416, 0.90466356]]
    np.testing.assert_allclose(outputs[0].detach().numpy(), printed, atol=1e-6)
    # and by hand, as the source does
    w_xh, w_hh, b_xh, b_hh = (parameter.detach().double().numpy() for parameter in rnn.parameters())
    hidden = np.zeros(2)
    for x, expected in zip(inputs[0].double().numpy(), printed, strict=True):
        hidden = np.tanh(w_xh @ x + b_xh + w_hh @ hidden + b_hh)
        np.testing.assert_allclose(hidden, expected, atol=1e-6)
