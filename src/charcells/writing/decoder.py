"""Decoders run a CharRNN one character at a time, for many texts in parallel.

Legend: B texts, V vocabulary.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from charcells.models.cells import State, map_state
from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS, load_class


class Decoder(Protocol):
    """Steps a model through B texts in parallel, each with its own state."""

    def start(self, texts: int) -> None:
        """Begin B = `texts` new texts with states of zeros."""

    def step(self, tokens: Tensor) -> Tensor:
        """Read one token of each text, (B,) int64; return the logits (B, V) of the next.

        The next step may overwrite them.
        """
        ...

    def state(self, text: int) -> Any:
        """A copy of the state of one text, given its index."""
        ...

    def load_states(self, states: Sequence[Any]) -> None:
        """Begin one text from each of these states, which `state` has returned."""


def decoder(model: CharRNN, int8: bool = False) -> Decoder:
    """The fastest decoder for a model.

    Args:
        model: a decoder of PyTorch's cells copies the weights, with their type and device.
        int8: round the weights to 8 bits, on a CPU: faster for large models, with slightly different output. It has no
            effect on a cell without a decoder of its own.
    """
    path = CELLS[model.cell].decoder
    if path is None:
        return PlainDecoder(model)
    fast: Decoder = load_class(path)(model, int8)
    return fast


class PlainDecoder:
    """Decoder for any cell, by the model's own forward."""

    def __init__(self, model: CharRNN) -> None:
        self.model = model
        self.states: list[State] = []

    def start(self, texts: int) -> None:
        self.states = [None] * texts

    def step(self, tokens: Tensor) -> Tensor:
        with torch.inference_mode():
            # text by text, since the sums of a batched product may differ in the last bit from those of a single row
            read = [self.model(token.view(1, 1), state) for token, state in zip(tokens, self.states, strict=True)]
            self.states = [state for _, state in read]
            return torch.cat([logits[0] for logits, _ in read])

    def state(self, text: int) -> State:
        return map_state(Tensor.clone, self.states[text])

    def load_states(self, states: Sequence[State]) -> None:
        self.states = list(states)
