"""One step of an RNN, GRU or LSTM language model with its state as input and output, for formats without charcells.

The equations are written out, instead of calling nn.GRU and the like, because they then consist of operations that
every format knows. PyTorch has exported a wrong GRU without an error (pytorch issue 189225).

Legend: B batch, E embedding, G gates of a cell times H, H hidden, V vocabulary, L layers.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN

CELLS = ("rnn", "gru", "lstm")
"""The cells whose equations are here."""


class Step(nn.Module):
    """Reads one token of each text: `step(tokens, *state) -> (logits, *state)`.

    The state is the hidden layers (L, B, H), for an LSTM followed by its cells (L, B, H). A text begins with zeros.

    Args:
        model: of one of CELLS. Its weights are copied as float32.

    Raises UserError for another cell.
    """

    embedding: Tensor
    output_weight: Tensor
    output_bias: Tensor

    def __init__(self, model: CharRNN) -> None:
        super().__init__()
        self.eval()
        if model.cell not in CELLS:
            raise UserError(
                f"a model of cell={model.cell} can only be exported with format=safetensors: the other formats are for "
                f"{', '.join(CELLS)}"
            )
        self.cell, self.num_layers, self.hidden_size = model.cell, model.num_layers, model.hidden_size
        self.vocab_size = model.vocab_size
        with torch.no_grad():
            # a product with a one-hot vector is a row of the transposed matrix
            rows = model.rnn.weight_ih_l0.T if model.embedding is None else model.embedding.weight  # (V, G) or (V, E)
            self._keep("embedding", rows)
            for name, weights in model.rnn.named_parameters():
                if name != "weight_ih_l0" or model.embedding is not None:
                    self._keep(name, weights)
            self._keep("output_weight", model.output.weight)
            self._keep("output_bias", model.output.bias)
        self.one_hot = model.embedding is None

    def _keep(self, name: str, weights: Tensor) -> None:
        self.register_buffer(name, weights.detach().float().contiguous().clone())

    @property
    def state_names(self) -> tuple[str, ...]:
        return ("hidden", "cell") if self.cell == "lstm" else ("hidden",)

    def zeros(self, batch: int) -> tuple[Tensor, ...]:
        """The state of `batch` texts at their beginning."""
        return tuple(torch.zeros(self.num_layers, batch, self.hidden_size) for _ in self.state_names)

    def forward(self, tokens: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Read tokens (B,) int64 with the state before them; return logits (B, V) and the new state."""
        inputs = functional.embedding(tokens, self.embedding)
        after: list[tuple[Tensor, ...]] = []
        for layer in range(self.num_layers):
            weight_hh, bias_ih, bias_hh = (
                getattr(self, f"{name}_l{layer}") for name in ("weight_hh", "bias_ih", "bias_hh")
            )
            if layer == 0 and self.one_hot:
                from_input = inputs + bias_ih  # (B, G)
            else:
                from_input = functional.linear(inputs, getattr(self, f"weight_ih_l{layer}"), bias_ih)
            before = tuple(part[layer] for part in state)
            from_hidden = functional.linear(before[0], weight_hh, bias_hh)  # (B, G)
            after.append(EQUATIONS[self.cell](from_input, from_hidden, *before))
            inputs = after[-1][0]
        logits = functional.linear(inputs, self.output_weight, self.output_bias)
        return (logits, *(torch.stack(parts) for parts in zip(*after, strict=True)))


def _rnn(from_input: Tensor, from_hidden: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
    return (torch.tanh(from_input + from_hidden),)


def _gru(from_input: Tensor, from_hidden: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
    input_r, input_z, input_n = from_input.chunk(3, 1)
    hidden_r, hidden_z, hidden_n = from_hidden.chunk(3, 1)
    r, z = torch.sigmoid(input_r + hidden_r), torch.sigmoid(input_z + hidden_z)
    n = torch.tanh(input_n + r * hidden_n)
    return ((1 - z) * n + z * hidden,)


def _lstm(from_input: Tensor, from_hidden: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = (from_input + from_hidden).chunk(4, 1)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


EQUATIONS: dict[str, Callable[..., tuple[Tensor, ...]]] = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}
"""From the gates' input and hidden parts (B, G) and the state before, (B, H) each, to the state after. The equations
are those in PyTorch's documentation of nn.RNN, nn.GRU and nn.LSTM."""
