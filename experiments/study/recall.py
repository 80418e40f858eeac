"""The recall task: a letter is to be repeated after a number of dots. It needs a memory of just that length."""

import random
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from charcells.files import write_atomically
from experiments.study.measures import carried_bits, data_of, reset_bits
from experiments.study.runs import ROOT, Run, Scale

LETTERS = "abcdefgh"


def line(letter: str, lag: int) -> str:
    """A letter, `lag` dots, a question mark and the letter again: lag + 4 characters with the line break.

    The question mark says where the dots end: without it a model would have to count them.
    """
    return f"{letter}{'.' * lag}?{letter}\n"


def recall_text(scale: Scale, lag: int) -> str:
    """The path of the task's text, relative to the project, for the option corpus.path."""
    return f"sweeps/{scale.name}/recall/recall_{lag}.txt"


def write_recall_texts(scale: Scale, lags: Iterable[int]) -> None:
    """Write the texts of the task that are missing."""
    for lag in lags:
        path = ROOT / recall_text(scale, lag)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            letters = random.Random(lag).choices(LETTERS, k=(300_000 if scale.judged else 6_000) // (lag + 4))
            write_atomically(path, "".join(line(letter, lag) for letter in letters))


def recalled(run: Run, lag: int, reset: int | None = None, checkpoint: str = "best") -> float:
    """Share of the lines of the test text whose repeated letter gets more than half of the model's probability.

    A model that guesses gives each letter an eighth, and so recalls none.

    Args:
        reset: characters after which the state is reset to zeros, as in training; None: it is carried.
        checkpoint: "best" or "last".
    """
    text = data_of(run).text.test_text
    bits = carried_bits(run, checkpoint) if reset is None else reset_bits(run, reset, checkpoint)
    return float(np.mean(bits[repeated(text, lag)] < 1))


def repeated(text: str, lag: int) -> NDArray[np.intp]:
    """Positions of the repeated letters whose line has begun in this text."""
    return np.array([i for i in range(lag + 2, len(text)) if text[i - 1] == "?"])
