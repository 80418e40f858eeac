"""Reading padded reviews and taking the last real step, compared with PyTorch's packed sequences; on one thread.

A step is a forward and a backward pass over the layers alone, in the sizes of source 004: batches of 32, vectors of 20,
64 units. The lengths are those of a random batch of IMDb's reviews in words: 215 on average, 551 at most. The memory is
what a process needs more for one step of a batch whose longest review has 2,500 words, the limit of the preset.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from charcells.models.classifier import OneDirection, TwoDirections
from experiments.benchmarks.turns import Comparison, in_turn

BATCH, EMBEDDING, UNITS = 32, 20, 64
MEAN, LONGEST, LIMIT = 215, 551, 2500
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
STEPS = 5
"""Steps in a turn."""


class Sides:
    """The same weights twice: our layers on padded text, and PyTorch's on packed text.

    `padded` and `packed` take a forward and a backward pass and return the last states, (B, H) or (B, 2 H).
    """

    def __init__(self, cell: str, bidirectional: bool, longest: int = LONGEST) -> None:
        random = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        lengths = torch.rand(BATCH, generator=random).mul(2 * MEAN - 100).add(50).long()
        self.lengths = torch.cat([lengths[:-1], torch.tensor([longest])])  # (B,)
        self.inputs = torch.randn(BATCH, longest, EMBEDDING, generator=random)  # (B, T, E)
        self.ours = (TwoDirections if bidirectional else OneDirection)(cell, EMBEDDING, UNITS, 1, 0.0)
        self.theirs = CELLS[cell](EMBEDDING, UNITS, batch_first=True, bidirectional=bidirectional)
        directions = [("forwards", ""), ("backwards", "_reverse")][: 1 + bidirectional]
        self.theirs.load_state_dict(
            {
                name + suffix: weight
                for direction, suffix in directions
                for name, weight in getattr(self.ours, direction)[0].state_dict().items()
            }
        )

    def padded(self) -> Tensor:
        states: Tensor = self.ours(self.inputs, self.lengths)
        states.sum().backward()  # type: ignore[no-untyped-call]
        return states.detach()

    def packed(self) -> Tensor:
        packed = pack_padded_sequence(self.inputs, self.lengths, batch_first=True, enforce_sorted=False)
        _, state = self.theirs(packed)
        last = state[0] if isinstance(state, tuple) else state  # (D, B, H)
        states = torch.cat(list(last), 1)
        states.sum().backward()  # type: ignore[no-untyped-call]
        return states.detach()

    def difference(self) -> float:
        """The largest difference of a state or, relative to the largest gradient, of a weight's gradient."""
        largest = (self.padded() - self.packed()).abs().max().item()
        theirs = dict(self.theirs.named_parameters())
        for direction, suffix in (("forwards", ""), ("backwards", "_reverse")):
            for layer in getattr(self.ours, direction, []):
                for name, weight in layer.named_parameters():
                    other = theirs[name + suffix].grad
                    largest = max(largest, ((weight.grad - other).abs().max() / other.abs().max()).item())
        return largest


def milliseconds(step: Callable[[], Tensor]) -> Callable[[], float]:
    def measured() -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        return 1000 * (time.perf_counter() - start) / STEPS

    return measured


def megabytes(cell: str, bidirectional: bool, side: str) -> float:
    """What a process of its own needs more than before for one step at the longest review, in MiB."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_growth, (cell, bidirectional, side))


def _growth(cell: str, bidirectional: bool, side: str) -> float:
    torch.set_num_threads(1)
    getattr(Sides(cell, bidirectional, 20), side)()  # compiled loops and libraries are loaded
    sides = Sides(cell, bidirectional, LIMIT)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    getattr(sides, side)()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return grown / (1 << 20 if sys.platform == "darwin" else 1 << 10)  # macOS counts in bytes, Linux in KiB


def comparisons() -> Iterator[Comparison]:
    for cell in CELLS:
        for bidirectional in (False, True):
            what = f"{cell} of {UNITS}, {'both directions' if bidirectional else 'one direction'}"
            sides = Sides(cell, bidirectional)
            ours, theirs = in_turn(milliseconds(sides.padded), milliseconds(sides.packed))
            target = 0.2 if cell == "lstm" else None
            yield Comparison(f"{what}: a step", ours, "ms", theirs, "packed", at_most=target)
            exact = Sides(cell, bidirectional).difference()
            yield Comparison(f"{what}: largest difference of states and gradients", [exact], "", at_most=1e-6)
            ours, theirs = ([megabytes(cell, bidirectional, side)] for side in ("padded", "packed"))
            yield Comparison(f"{what}: memory of a step at {LIMIT:,} words", ours, "MiB", theirs, "packed")
