"""The decoder of PyTorch's three cells on a CPU: weights packed for the compiled loops of charcells.kernels.

Legend: B texts, S steps, V vocabulary, L layers, H hidden units, G gates of a cell times H.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charcells.models.char_rnn import CharRNN
from charcells.models.recurrence import kernels
from charcells.writing.decoder import Decoder
from charcells.writing.draw import GREEDY, Draw

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

MAX_TABLE = 1 << 26
"""Largest table of the first layer's input, in numbers (256 MiB). Above it, another decoder serves."""


class CompiledDecoder(Decoder):
    """Decoder for RNN, GRU and LSTM in float32 on a CPU.

    A state is (hidden, cells), (L, H) each; only an LSTM uses the second.
    """

    characters_at_once = 1024  # so that the way in and out costs little, and Ctrl-C still works within half a second

    @classmethod
    def of(cls, model: CharRNN, weights: str) -> "CompiledDecoder | None":
        """A decoder for a model, or None if it needs another."""
        output = model.output.weight
        table = model.vocab_size * len(model.rnn.weight_ih_l0)
        if output.device.type != "cpu" or output.dtype != torch.float32 or table > MAX_TABLE or kernels() is None:
            return None
        return cls(model, weights)

    def __init__(self, model: CharRNN, weights: str) -> None:
        self.layers, self.hidden_size, self.vocab_size = model.num_layers, model.hidden_size, model.vocab_size
        self.kernels = kernels()
        self.kind = {"rnn": self.kernels.RNN, "gru": self.kernels.GRU, "lstm": self.kernels.LSTM}[model.cell]
        self.network = self._network(model, weights)

    def _network(self, model: CharRNN, weights: str) -> tuple[NDArray[Any], ...]:
        """The arrays that kernels.run takes as `network`."""
        values = {name: tensor.detach().numpy() for name, tensor in model.rnn.named_parameters()}
        every = range(self.layers)
        recurrent = np.stack([values[f"weight_hh_l{layer}"].T for layer in every])  # (L, H, G)
        inputs = np.zeros((0, *recurrent.shape[1:]), np.float32)  # (L - 1, H, G): the first layer's are in the table
        if self.layers > 1:
            inputs = np.stack([values[f"weight_ih_l{layer}"].T for layer in every[1:]])
        biases = np.stack([values[f"bias_ih_l{layer}"] for layer in every])
        state_biases = np.stack([values[f"bias_hh_l{layer}"] for layer in every])
        new_biases = np.zeros((self.layers, self.hidden_size), np.float32)
        if self.kind == self.kernels.GRU:
            # the reset gate multiplies the state's part of the new gate, including its bias
            split = 2 * self.hidden_size
            biases[:, :split] += state_biases[:, :split]
            new_biases[:] = state_biases[:, split:]
        else:
            biases += state_biases
        first = values["weight_ih_l0"].T
        table = first if model.embedding is None else model.embedding.weight.detach().numpy() @ first
        output = model.output.weight.detach().numpy().T
        return (
            np.ascontiguousarray(table + biases[0]),
            *pack(recurrent, weights),
            *pack(inputs, weights),
            np.ascontiguousarray(biases[1:]),
            new_biases,
            *pack(output, weights),
            model.output.bias.detach().numpy().copy(),
        )

    def start(self, texts: int) -> None:
        gates = self.network[0].shape[1]
        self.hidden = np.zeros((self.layers, texts, self.hidden_size), np.float32)
        self.cells = np.zeros_like(self.hidden)
        self.buffers = (np.empty((texts, gates), np.float32), np.empty((texts, gates), np.float32))

    def step(self, tokens: Tensor) -> Tensor:
        logits = np.empty((len(tokens), self.vocab_size), np.float32)
        self._run(tokens.numpy()[np.newaxis].copy(), logits)
        return torch.from_numpy(logits)

    def write(self, logits: Tensor, how: Draw, uniform: Tensor) -> tuple[Tensor, Tensor]:
        after, tokens = logits.numpy().copy(), np.empty(uniform.shape, np.int64)
        self._run(tokens, after, how, uniform.numpy())
        return torch.from_numpy(tokens), torch.from_numpy(after)

    def _run(
        self, tokens: NDArray[np.int64], logits: Floats, how: Draw | None = None, uniform: NDArray[Any] | None = None
    ) -> None:
        """Read tokens (S, B); with `how`, draw them first. Updates the state and `logits`."""
        temperatures = np.zeros(tokens.shape[1]) if how is None else np.array(how.temperatures, np.float64)
        temperatures[temperatures < GREEDY] = 0
        top_k = self.vocab_size if how is None or how.top_k is None else how.top_k
        top_p = 1.0 if how is None or how.top_p is None else float(how.top_p)
        numbers = np.zeros((0, 0)) if uniform is None else np.ascontiguousarray(uniform)
        state = (self.hidden, self.cells)
        draw = (how is not None, temperatures, top_k, top_p, numbers)
        run, start = self.kernels.run, time.perf_counter()
        before = len(run.signatures), sum(run.stats.cache_hits.values())
        run(self.kind, self.network, state, self.buffers, logits, *draw, tokens)
        if before == (len(run.signatures) - 1, sum(run.stats.cache_hits.values())):
            log.info("compiled the loops that write text in %.1f s, once", time.perf_counter() - start)

    def state(self, text: int) -> tuple[Floats, Floats]:
        return self.hidden[:, text].copy(), self.cells[:, text].copy()

    def load_states(self, states: Sequence[tuple[Floats, Floats]]) -> None:
        self.start(len(states))
        for text, (hidden, cells) in enumerate(states):
            self.hidden[:, text], self.cells[:, text] = hidden, cells


def pack(weights: Floats, kind: str) -> tuple[NDArray[Any], Floats]:
    """Round weights (..., H, N) to a kind of decoder.WEIGHTS.

    Returns the rounded weights and the scales (..., N) that the sums of their products are multiplied by.
    """
    weights = np.ascontiguousarray(weights)
    ones = np.ones((*weights.shape[:-2], weights.shape[-1]), np.float32)
    if kind == "float32":
        return weights, ones
    if kind == "bfloat16":
        bits = torch.from_numpy(weights).bfloat16().view(torch.int16).numpy().view(np.uint16)  # rounds to nearest
        return bits, ones
    scales = np.abs(weights).max(-2, initial=0) / 127  # the largest weight of each output becomes 127
    scales[scales == 0] = 1
    return np.rint(weights / scales[..., np.newaxis, :]).astype(np.int8), scales.astype(np.float32)
