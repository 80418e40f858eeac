"""Training steps of RNN and GRU layers: the compiled recurrence compared with PyTorch's, on one thread.

A step is a forward and a backward pass over windows of 64 characters, 25 for the smallest.
"""

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from charcells.models import recurrence
from experiments.benchmarks.turns import Comparison, in_turn

CELLS = {"rnn": (recurrence.RNN, nn.RNN), "gru": (recurrence.GRU, nn.GRU)}
SIZES = (
    (1, 100, 1, 25),
    (1, 128, 1, 64),
    (1, 128, 8, 64),
    (1, 128, 16, 64),
    (2, 256, 1, 64),
    (2, 256, 16, 64),
    (2, 512, 16, 64),
)
"""Layers, units, streams, characters."""


def milliseconds(layers: nn.Module, inputs: Tensor, steps: int) -> Callable[[], float]:
    def measured() -> float:
        start = time.perf_counter()
        for _ in range(steps):
            outputs, _ = layers(inputs)
            outputs.sum().backward()
        return 1000 * (time.perf_counter() - start) / steps

    return measured


def comparisons() -> Iterator[Comparison]:
    for cell, classes in CELLS.items():
        for layers, units, streams, characters in SIZES:
            inputs = torch.randn(streams, characters, 64)
            steps = max(3, 2_000_000 // (layers * units * streams * characters))
            sides = (milliseconds(made(64, units, layers, batch_first=True), inputs, steps) for made in classes)
            ours, theirs = in_turn(*sides)
            what = f"{cell} {layers}×{units}, {streams} streams of {characters}"
            yield Comparison(what, ours, "ms per step", theirs, f"nn.{cell.upper()}", at_most=1)
