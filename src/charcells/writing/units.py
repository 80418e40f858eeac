"""Units that follow something in a text: the correlation of each unit's state with quotes, words, lines and the like.

Legend: T characters of a text, L layers, H hidden units.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from charcells.models.char_rnn import CharRNN

SHOWN = 3
"""Units shown for each property."""

FOLLOWS = 0.2
"""A unit with a smaller correlation follows nothing worth showing."""

Values = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit that follows a property of the text.

    `state` is "h", or "c" for the cell of an LSTM. `correlation` (Pearson's) is measured on the second half of the
    text, and the unit was chosen on the first half, so that the choice does not flatter it.
    """

    feature: str
    state: str
    layer: int
    unit: int
    correlation: float


def in_quotes(text: str) -> Values:
    """1 between quotation marks, from the opening one to the last character inside. A new paragraph closes them."""
    inside, found = False, np.zeros(len(text), np.float32)
    for position, character in enumerate(text):
        if character in "«“":
            inside = True
        elif character in "»”" or text[position - 1 : position + 1] == "\n\n":
            inside = False
        elif character == '"':
            inside = not inside
        found[position] = inside
    return found


def line_position(text: str) -> Values:
    """Characters since the last line feed, at most 80."""
    found, since = np.zeros(len(text), np.float32), 0
    for position, character in enumerate(text):
        since = 0 if character == "\n" else since + 1
        found[position] = min(since, 80)
    return found


def _where(test: Callable[[str], bool]) -> Callable[[str], Values]:
    return lambda text: np.array([test(character) for character in text], np.float32)


FEATURES: dict[str, Callable[[str], Values]] = {
    "quotes": in_quotes,
    "line": line_position,
    "words": _where(str.isalpha),
    "capitals": _where(str.isupper),
    "digits": _where(str.isdigit),
}
"""What a unit may follow: functions from a text to (T,) numbers."""


@torch.no_grad()
def states(model: CharRNN, tokens: torch.Tensor) -> dict[str, Values]:
    """The states of RNN, GRU or LSTM after each of T tokens: (T, L, H) under "h", and under "c" those of an LSTM."""
    hidden, cells, state = [], [], None
    for token in tokens:
        _, state = model(token.view(1, 1), state)
        pair = state if isinstance(state, tuple) else (state,)
        hidden.append(pair[0][:, 0])
        cells += [part[:, 0] for part in pair[1:]]
    found = {"h": torch.stack(hidden).numpy()}
    if cells:
        found["c"] = torch.stack(cells).numpy()
    return found


def correlations(values: Values, feature: Values) -> Values:
    """Pearson's correlation of each column of (T, N) with a feature (T,), (N,); 0 for a constant column."""
    values, feature = values - values.mean(0), feature - feature.mean()
    spread = np.sqrt((values**2).sum(0) * (feature**2).sum())
    return np.asarray(np.where(spread > 1e-6, values.T @ feature / np.maximum(spread, 1e-6), 0), np.float32)


def find_units(model: CharRNN, tokens: torch.Tensor, text: str) -> list[Unit]:
    """The units that follow each property best, at most SHOWN each, and only from FOLLOWS on.

    A property that is constant in one half of the text is left out.

    Args:
        model: an RNN, GRU or LSTM on the CPU.
        tokens: of the text, (T,) int64.
        text: T characters that the model was not trained on.
    """
    half, found, read = len(text) // 2, [], states(model, tokens)
    for name, follow in FEATURES.items():
        feature = follow(text)
        if feature[:half].std() == 0 or feature[half:].std() == 0:
            continue
        ranked = []
        for state, values in read.items():
            flat = values.reshape(len(values), -1)
            chosen, figures = correlations(flat[:half], feature[:half]), correlations(flat[half:], feature[half:])
            for index in np.argsort(-np.abs(chosen))[:SHOWN]:
                layer, unit = divmod(int(index), values.shape[2])
                ranked.append((abs(chosen[index]), Unit(name, state, layer, unit, float(figures[index]))))
        found += [unit for size, unit in sorted(ranked, key=lambda pair: -pair[0])[:SHOWN] if size >= FOLLOWS]
    return found
