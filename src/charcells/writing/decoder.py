"""A CharRNN one character at a time, for many texts side by side.

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
    """What writes B texts side by side, each with a state of its own."""

    def start(self, texts: int) -> None:
        """Begin that many texts, with states of zeros."""

    def step(self, tokens: Tensor) -> Tensor:
        """Read a token of each text, (B,) int64; return the logits (B, V) of the next, valid until the next step."""
        ...

    def state(self, text: int) -> Any:
        """A copy of the state of one text, by its number."""
        ...

    def load_states(self, states: Sequence[Any]) -> None:
        """Begin a text for each of these states, which `state` has returned."""


def decoder(model: CharRNN, int8: bool = False) -> Decoder:
    """The fastest decoder for a model.

    Args:
        model: its weights are copied, in the type and on the device that they have.
        int8: round the weights to 8 bits, on a CPU: faster for large models, and slightly another model. Only cells
            with a decoder of their own can; others write with the weights as they are.
    """
    place = CELLS[model.cell].decoder
    if place is None:
        return PlainDecoder(model)
    made: Decoder = load_class(place)(model, int8)
    return made


class PlainDecoder:
    """Any cell, by its own forward."""

    def __init__(self, model: CharRNN) -> None:
        self.model = model
        self.states: list[State] = []

    def start(self, texts: int) -> None:
        self.states = [None] * texts

    def step(self, tokens: Tensor) -> Tensor:
        with torch.inference_mode():
            # one by one: a sum over a batch may differ from that over a single row, in the last bit
            read = [self.model(token.view(1, 1), state) for token, state in zip(tokens, self.states, strict=True)]
            self.states = [state for _, state in read]
            return torch.cat([logits[0] for logits, _ in read])

    def state(self, text: int) -> State:
        return map_state(Tensor.clone, self.states[text])

    def load_states(self, states: Sequence[State]) -> None:
        self.states = list(states)
