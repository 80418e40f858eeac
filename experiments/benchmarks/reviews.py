"""Reading padded reviews and taking the last real step, compared with PyTorch's packed sequences; on one thread.

A step is a forward and a backward pass over the layers alone, in the sizes of source 004: batches of 32, vectors of 20,
64 units. The lengths are those of a random batch of IMDb's reviews in words: 215 on average, 551 at most. The memory is
that of a process with PyTorch that takes one step of a batch whose longest review has 2,500 words, the preset's limit.
"""

import resource
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path

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
        lengths = torch.rand(BATCH, generator=random).mul(2 * MEAN - 100).add(50).long().clamp(max=longest)
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

    def differences(self) -> tuple[float, float]:
        """The largest difference of a state, and that of a gradient as a share of its weight's largest."""
        states = (self.padded() - self.packed()).abs().max().item()
        gradients, theirs = 0.0, dict(self.theirs.named_parameters())
        for direction, suffix in (("forwards", ""), ("backwards", "_reverse")):
            for layer in getattr(self.ours, direction, []):
                for name, weight in layer.named_parameters():
                    other = theirs[name + suffix].grad
                    gradients = max(gradients, ((weight.grad - other).abs().max() / other.abs().max()).item())
        return states, gradients


def milliseconds(step: Callable[[], Tensor]) -> Callable[[], float]:
    def measured() -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        return 1000 * (time.perf_counter() - start) / STEPS

    return measured


def megabytes(cell: str, bidirectional: bool, side: str) -> float:
    """The most memory that a process of its own has in one step at the longest review, in MiB."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (cell, bidirectional, side))


def _peak(cell: str, bidirectional: bool, side: str) -> float:
    torch.set_num_threads(1)
    getattr(Sides(cell, bidirectional, LIMIT), side)()
    status = Path("/proc/self/status")
    if status.exists():  # Linux: what getrusage says includes the process that has started this one
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # macOS counts in bytes


def comparisons() -> Iterator[Comparison]:
    for cell in CELLS:
        for bidirectional in (False, True):
            what = f"{cell} of {UNITS}, {'both directions' if bidirectional else 'one direction'}"
            sides = Sides(cell, bidirectional)
            ours, theirs = in_turn(milliseconds(sides.padded), milliseconds(sides.packed))
            target = 0.2 if cell == "lstm" else None
            yield Comparison(f"{what}: a step", ours, "ms", theirs, "packed", at_most=target)
            states, gradients = Sides(cell, bidirectional).differences()
            yield Comparison(f"{what}: largest difference of a state", [states], "", at_most=1e-6)
            yield Comparison(f"{what}: largest difference of a gradient", [gradients], "share of the largest")
            ours, theirs = ([megabytes(cell, bidirectional, side)] for side in ("padded", "packed"))
            yield Comparison(f"{what}: memory of a process at {LIMIT:,} words", ours, "MiB", theirs, "packed")
