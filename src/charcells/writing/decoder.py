"""Decoders run a CharRNN one character at a time, for many texts in parallel.

Legend: B texts, S steps, V vocabulary.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from charcells.errors import UserError
from charcells.models.cells import State, map_state
from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS, load_class
from charcells.writing.draw import Draw, choose

WEIGHTS = ("float32", "bfloat16", "int8")
"""How the weights may be read while writing: fewer bytes are read faster, and change the output slightly."""


class Decoder(ABC):
    """Steps a model through B texts in parallel, each with its own state."""

    characters_at_once = 1
    """About how many characters `write` had better write at a time. Above 1, a stream shows them in groups."""

    @abstractmethod
    def start(self, texts: int) -> None:
        """Begin B = `texts` new texts with states of zeros."""

    @abstractmethod
    def step(self, tokens: Tensor) -> Tensor:
        """Read one token of each text, (B,) int64; return the logits (B, V) of the next.

        The next step may overwrite them.
        """

    @abstractmethod
    def state(self, text: int) -> Any:
        """A copy of the state of one text, given its index."""

    @abstractmethod
    def load_states(self, states: Sequence[Any]) -> None:
        """Begin one text from each of these states, which `state` has returned."""

    def write(self, logits: Tensor, how: Draw, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Write S characters of each text: draw a token, read it, and so on.

        Args:
            logits: of the first token to be drawn, (B, V).
            how: temperatures and limits of the draw.
            uniform: random numbers of the draws, (S, B) float64, at least 0 and below 1.

        Returns the tokens (S, B) and the logits of the next token (B, V).
        """
        written = []
        for numbers in uniform:
            written.append(choose(logits, how, numbers))
            logits = self.step(written[-1])
        return torch.stack(written), logits


def decoder(model: CharRNN, weights: str = "float32") -> Decoder:
    """The fastest decoder for a model.

    Args:
        model: all decoders but PlainDecoder copy its weights.
        weights: one of WEIGHTS, which the decoder rounds the weights to.

    Raises UserError if rounded weights are asked for, and no decoder reads them: of a cell that has none of its own, on
    a GPU, and without numba.
    """
    for path in CELLS[model.cell].decoders:
        fast: Decoder | None = load_class(path).of(model, weights)
        if fast is not None:
            return fast
    if weights != "float32":
        raise UserError(
            f"weights={weights} is for RNN, GRU and LSTM in float32 on a CPU where numba is installed, and not for "
            f"cell={model.cell} on {model.output.weight.device}: leave it out"
        )
    return PlainDecoder(model)


class PlainDecoder(Decoder):
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
