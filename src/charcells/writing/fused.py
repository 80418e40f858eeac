"""Decoders for PyTorch's three cells, several times faster than their layers called for single steps.

`nn.LSTM` repacks its weights at every call, which for a single step costs many times the step itself. A decoder keeps
them transposed, looks the first layer's input up in a table, and works in place.

The rows of a step do not depend on one another, to the last bit: a text is the same alone and among others. For that, a
batch has at least two rows (a single one would be multiplied by another routine, which sums in another order) and ends
in rows that nobody reads (the last numbers of a tensor are computed by another routine than the rest).

Legend: B texts, R rows (B and padding), G gates, H hidden, V vocabulary, L layers.
"""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from charcells.models.char_rnn import CharRNN

PADDING = 32
"""Numbers at the end of a tensor that may be computed by another routine; more than any CPU's vector holds."""

MAX_TABLE = 1 << 24
"""Largest table of the first layer's input, in numbers; a larger vocabulary is multiplied at each step."""


INT8_STEPS = 64
"""How many steps of an 8-bit weight reach the largest of a row. 127 would fit, but a CPU without VNNI adds two products
of an input, up to 255, and a weight in 16 bits: they hold 2 · 255 · 64, and with 127 it would write nonsense."""


class Linear:
    """y = x W^T + b for rows x in [-1, 1], with W kept as it is multiplied fastest; or + another summand than b."""

    def __init__(self, weight: Tensor, bias: Tensor, int8: bool) -> None:
        self.bias = bias
        if int8:
            scales = weight.abs().amax(1).clamp(min=1e-12).double() / INT8_STEPS
            zeros = torch.zeros(len(weight), dtype=torch.long)
            with warnings.catch_warnings():
                # this way to quantise is deprecated; the new one (torchao) is a package more
                warnings.simplefilter("ignore", UserWarning)
                rounded = torch.quantize_per_channel(weight.float(), scales, zeros, 0, torch.qint8)
            self.packed = torch.ops.quantized.linear_prepack(rounded, None)
        else:
            self.weight = weight.T.contiguous()
        self.int8 = int8

    def __call__(self, inputs: Tensor, out: Tensor, plus: Tensor | None = None) -> Tensor:
        summand = self.bias if plus is None else plus
        if self.int8:
            # fixed steps of 1/127 for all rows: steps that follow the largest would tie them to one another
            multiply = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
            return torch.add(multiply(inputs, 1 / 127, 128, self.packed), summand, out=out)
        return torch.addmm(summand, inputs, self.weight, out=out)


class Fused:
    """The common part of the three cells of PyTorch.

    The gates of a layer, (R, G H), are what its input and its last hidden state add up to; `cell` makes the next hidden
    state of them. Weights are those of `nn.RNN`, `nn.GRU` and `nn.LSTM`, whose documentation has the equations.
    """

    order: tuple[int, ...]
    """Where PyTorch keeps the gates that are wanted first, second, ..."""

    shared: bool = True
    """Whether a gate's two parts are just added up, so that both biases can stand in the first."""

    def __init__(self, model: CharRNN, int8: bool) -> None:
        with torch.inference_mode():
            self.hidden_size, self.num_layers, self.vocab_size = model.hidden_size, model.num_layers, model.vocab_size
            weights = {name: self._gates(tensor.detach()) for name, tensor in model.rnn.named_parameters()}
            self.recurrent, self.inputs = [], []
            self.embedding: Tensor | None = None
            for layer in range(self.num_layers):
                weight_ih, weight_hh = weights[f"weight_ih_l{layer}"], weights[f"weight_hh_l{layer}"]
                bias_ih, bias_hh = weights[f"bias_ih_l{layer}"], weights[f"bias_hh_l{layer}"]
                if self.shared:
                    bias_ih = bias_ih + bias_hh
                self.recurrent.append(Linear(weight_hh, bias_hh, int8))
                if layer > 0:
                    self.inputs.append(Linear(weight_ih, bias_ih, int8))
                elif model.embedding is None:
                    self.table = weight_ih.T + bias_ih  # (V, G H)
                elif self.vocab_size * len(weight_ih) <= MAX_TABLE:
                    self.table = torch.addmm(bias_ih, model.embedding.weight.detach(), weight_ih.T)
                else:
                    self.embedding = model.embedding.weight.detach().clone()
                    self.first = Linear(weight_ih, bias_ih, False)  # embeddings are not bounded
            self.output = Linear(model.output.weight.detach(), model.output.bias.detach(), int8)
            self.like = self.output.bias

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
            self.read, self.told = self.tokens[:texts], self.logits[:texts]
            self.begin()

    def _zeros(self, columns: int) -> Tensor:
        return self.like.new_zeros(self.rows, columns)

    def step(self, tokens: Tensor) -> Tensor:
        with torch.inference_mode():
            self.read.copy_(tokens)
            for layer in range(self.num_layers):
                if layer > 0:
                    self.inputs[layer - 1](self.hidden[layer - 1], self.from_input)
                elif self.embedding is None:
                    torch.index_select(self.table, 0, self.tokens, out=self.from_input)
                else:
                    self.first(torch.embedding(self.embedding, self.tokens), self.from_input)
                plus = self.from_input if self.shared else None
                self.recurrent[layer](self.hidden[layer], self.from_hidden, plus)
                self.cell(layer)
            self.output(self.hidden[-1], self.logits)
            return self.told

    def state(self, text: int) -> list[Tensor]:
        return [part[text].clone() for kind in self.kinds() for part in kind]

    def load_states(self, states: Sequence[list[Tensor]]) -> None:
        self.start(len(states))
        parts = [part for kind in self.kinds() for part in kind]
        with torch.inference_mode():
            for part, kept in zip(parts, zip(*states, strict=True), strict=True):
                part[: self.texts] = torch.stack(kept)

    def kinds(self) -> list[list[Tensor]]:
        """The tensors (R, H) that carry a text on, kind by kind and layer by layer."""
        return [self.hidden]

    def begin(self) -> None:
        """Make what a cell needs beside the hidden state."""

    def cell(self, layer: int) -> None:
        """Make the next `hidden[layer]` of `from_hidden`, to which `from_input` has been added if it is shared."""
        raise NotImplementedError


class FusedRNN(Fused):
    order = (0,)

    def cell(self, layer: int) -> None:
        torch.tanh(self.from_hidden, out=self.hidden[layer])


class FusedLSTM(Fused):
    order = (0, 1, 3, 2)  # input, forget, output, cell: the three that are squashed alike side by side

    def begin(self) -> None:
        self.cells = [self._zeros(self.hidden_size) for _ in range(self.num_layers)]
        self.squashed = self.from_hidden[:, : 3 * self.hidden_size]
        self.i, self.f, self.o, self.g = self.from_hidden.chunk(4, 1)

    def kinds(self) -> list[list[Tensor]]:
        return [self.hidden, self.cells]

    def cell(self, layer: int) -> None:
        self.squashed.sigmoid_()
        self.g.tanh_()
        cell = self.cells[layer].mul_(self.f).addcmul_(self.i, self.g)
        torch.tanh(cell, out=self.hidden[layer]).mul_(self.o)


class FusedGRU(Fused):
    order = (0, 1, 2)  # reset, update, new
    shared = False  # the reset gate stands before the hidden part's bias

    def begin(self) -> None:
        both = 2 * self.hidden_size
        self.squashed, self.squashed_input = self.from_hidden[:, :both], self.from_input[:, :both]
        self.r, self.z, self.n = self.from_hidden.chunk(3, 1)
        self.n_input = self.from_input[:, both:]

    def cell(self, layer: int) -> None:
        self.squashed.add_(self.squashed_input).sigmoid_()
        new = self.n.mul_(self.r).add_(self.n_input).tanh_()
        hidden = self.hidden[layer]
        torch.lerp(new, hidden, self.z, out=hidden)
