"""Decoders of PyTorch's three cells for a GPU, and where numba is missing: several times faster than the layers.

`nn.LSTM` repacks its weights at every call, which takes much longer than a single step itself. A decoder keeps its
weights transposed, looks up the first layer's input in a table, and computes in place.

A text must come out the same alone and in a batch, to the last bit, so the rows of a step must not depend on one
another. There are two precautions. A batch has at least two rows, because a single row is multiplied by another
routine, which sums in another order. And a batch ends in padding rows, because the last numbers of a tensor are
computed by another routine than the rest.

Legend: B texts, R rows (B and padding), G gates, H hidden, V vocabulary, L layers.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from charcells.models.char_rnn import CharRNN
from charcells.writing.decoder import Decoder

PADDING = 32
"""Numbers at the end of a tensor that may be computed by another routine: more than any vector register holds."""

MAX_TABLE = 1 << 24
"""Largest lookup table for the first layer's input, in numbers. Above it, the input is multiplied at each step."""


class Fused(Decoder):
    """Base class of the decoders of PyTorch's three cells.

    The gates of a layer, (R, G H), are the sum of a part from its input and a part from its last hidden state; `cell`
    computes the next hidden state from them. The equations are in the documentation of `nn.RNN`, `nn.GRU` and
    `nn.LSTM`.
    """

    order: tuple[int, ...]
    """Order in which the gates are stored here, as indices into PyTorch's order."""

    adds_parts: bool = True
    """Whether every gate is simply the sum of its two parts, so that both biases can be added to the input part."""

    @classmethod
    def of(cls, model: CharRNN, weights: str) -> "Fused | None":
        """A decoder for a model, or None if it cannot read such weights."""
        return cls(model) if weights == "float32" else None

    def __init__(self, model: CharRNN) -> None:
        with torch.inference_mode():
            self.hidden_size, self.num_layers, self.vocab_size = model.hidden_size, model.num_layers, model.vocab_size
            weights = {name: self._gates(tensor.detach()) for name, tensor in model.rnn.named_parameters()}
            self.recurrent, self.inputs = [], []
            self.embedding: Tensor | None = None
            for layer in range(self.num_layers):
                weight_ih, weight_hh = weights[f"weight_ih_l{layer}"], weights[f"weight_hh_l{layer}"]
                bias_ih, bias_hh = weights[f"bias_ih_l{layer}"], weights[f"bias_hh_l{layer}"]
                if self.adds_parts:
                    bias_ih = bias_ih + bias_hh
                self.recurrent.append((bias_hh, weight_hh.T.contiguous()))
                if layer > 0:
                    self.inputs.append((bias_ih, weight_ih.T.contiguous()))
                elif model.embedding is None:
                    self.table = weight_ih.T + bias_ih  # (V, G H)
                elif self.vocab_size * len(weight_ih) <= MAX_TABLE:
                    self.table = torch.addmm(bias_ih, model.embedding.weight.detach(), weight_ih.T)
                else:
                    self.embedding = model.embedding.weight.detach().clone()
                    self.first = (bias_ih, weight_ih.T.contiguous())
            self.output = (model.output.bias.detach().clone(), model.output.weight.detach().T.contiguous())
            self.like = self.output[0]

    def _gates(self, tensor: Tensor) -> Tensor:
        parts = tensor.chunk(len(self.order))
        return torch.cat([parts[gate] for gate in self.order])

    def start(self, texts: int) -> None:
        with torch.inference_mode():
            self.texts = texts
            self.rows = texts + 1 + PADDING // self.hidden_size
            self.hidden = [self._zeros(self.hidden_size) for _ in range(self.num_layers)]
            self.from_input = self._zeros(len(self.order) * self.hidden_size)
            self.from_hidden = torch.zeros_like(self.from_input)
            self.logits = self._zeros(self.vocab_size)
            self.tokens = torch.zeros(self.rows, dtype=torch.long, device=self.like.device)
            # the rows of the texts, without the padding
            self.text_tokens, self.text_logits = self.tokens[:texts], self.logits[:texts]
            self.allocate()

    def _zeros(self, columns: int) -> Tensor:
        return self.like.new_zeros(self.rows, columns)

    def step(self, tokens: Tensor) -> Tensor:
        with torch.inference_mode():
            self.text_tokens.copy_(tokens)
            for layer in range(self.num_layers):
                if layer > 0:
                    bias, weight = self.inputs[layer - 1]
                    torch.addmm(bias, self.hidden[layer - 1], weight, out=self.from_input)
                elif self.embedding is None:
                    torch.index_select(self.table, 0, self.tokens, out=self.from_input)
                else:
                    bias, weight = self.first
                    torch.addmm(bias, torch.embedding(self.embedding, self.tokens), weight, out=self.from_input)
                bias, weight = self.recurrent[layer]
                summand = self.from_input if self.adds_parts else bias
                torch.addmm(summand, self.hidden[layer], weight, out=self.from_hidden)
                self.cell(layer)
            bias, weight = self.output
            torch.addmm(bias, self.hidden[-1], weight, out=self.logits)
            return self.text_logits

    def state(self, text: int) -> list[Tensor]:
        return [tensor[text].clone() for tensor in self.state_tensors()]

    def load_states(self, states: Sequence[list[Tensor]]) -> None:
        self.start(len(states))
        with torch.inference_mode():
            for tensor, rows in zip(self.state_tensors(), zip(*states, strict=True), strict=True):
                tensor[: self.texts] = torch.stack(rows)

    def state_tensors(self) -> list[Tensor]:
        """The tensors (R, H) of the recurrent state, one for each layer and kind of state."""
        return self.hidden

    def allocate(self) -> None:
        """Allocate what the cell needs besides the hidden state. Called by `start`."""

    def cell(self, layer: int) -> None:
        """Compute the next `hidden[layer]` from `from_hidden`, which includes `from_input` if `adds_parts` is True."""
        raise NotImplementedError


class FusedRNN(Fused):
    order = (0,)

    def cell(self, layer: int) -> None:
        torch.tanh(self.from_hidden, out=self.hidden[layer])


class FusedLSTM(Fused):
    order = (0, 1, 3, 2)  # input, forget, output, cell: one sigmoid call covers the first three

    def allocate(self) -> None:
        self.cells = [self._zeros(self.hidden_size) for _ in range(self.num_layers)]
        self.sigmoid_gates = self.from_hidden[:, : 3 * self.hidden_size]
        self.i, self.f, self.o, self.g = self.from_hidden.chunk(4, 1)

    def state_tensors(self) -> list[Tensor]:
        return self.hidden + self.cells

    def cell(self, layer: int) -> None:
        self.sigmoid_gates.sigmoid_()
        self.g.tanh_()
        cell = self.cells[layer].mul_(self.f).addcmul_(self.i, self.g)
        torch.tanh(cell, out=self.hidden[layer]).mul_(self.o)


class FusedGRU(Fused):
    order = (0, 1, 2)  # reset, update, new
    adds_parts = False  # the reset gate multiplies the hidden part of the new gate, including its bias

    def allocate(self) -> None:
        both = 2 * self.hidden_size
        self.sigmoid_gates, self.sigmoid_input = self.from_hidden[:, :both], self.from_input[:, :both]
        self.r, self.z, self.n = self.from_hidden.chunk(3, 1)
        self.n_input = self.from_input[:, both:]

    def cell(self, layer: int) -> None:
        self.sigmoid_gates.add_(self.sigmoid_input).sigmoid_()
        new = self.n.mul_(self.r).add_(self.n_input).tanh_()
        hidden = self.hidden[layer]
        torch.lerp(new, hidden, self.z, out=hidden)
