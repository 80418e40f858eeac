"""trainer.precision=bf16-mixed compared with 32-true on this CPU: time per step, and loss after equally many steps."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from charcells.config import Config
from charcells.errors import UserError
from charcells.training.train import train
from experiments.benchmarks.training import LARGE, SMALL, Bare, Size, configuration, ours, shown, steps_of_a_turn
from experiments.benchmarks.turns import Comparison, in_turn


def compare(cell: str, size: Size) -> Iterator[Comparison]:
    steps = steps_of_a_turn(Bare(configuration(cell, size, 4)))
    sides = [configuration(cell, size, steps, f"trainer.precision={name}") for name in ("bf16-mixed", "32-true")]
    mixed, full = in_turn(lambda: 1e3 * ours(sides[0]), lambda: 1e3 * ours(sides[1]), turns=3)
    what = f"bf16-mixed, {cell} {shown(size)}"
    yield Comparison(what, mixed, "ms per step", full, "32-true")
    losses = [[loss(side)] for side in sides]
    yield Comparison(f"{what}: loss after {steps} steps", losses[0], "nats", losses[1], "32-true")


def loss(config: Config) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return float(train(config, Path(folder, "run"), cores=1)["train/loss"])


def comparisons() -> Iterator[Comparison]:
    for cell, size in (("lstm", SMALL), ("lstm", LARGE), ("gru", LARGE), ("rnn", LARGE)):
        try:
            yield from compare(cell, size)
        except UserError as error:  # this CPU cannot compute the cell in bf16
            print(f"{cell} is not measured: {error}")
