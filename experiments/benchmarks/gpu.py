"""Training on a GPU: train() compared with a bare loop over the same cuDNN modules, and many small runs at once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from charcells.config import Config
from experiments.benchmarks.packing import multirun
from experiments.benchmarks.training import Bare, Size, configuration, ours, shown
from experiments.benchmarks.turns import Comparison, in_turn

MODELS, STREAMS, WINDOW = ((1, 128), (2, 512), (3, 1024)), (8, 128, 1024), 100
STEPS, AT_ONCE = 200, (1, 2, 4, 8, 16)
SMALL_RUNS = (
    "cell=lstm",
    "corpus=stdlib",
    "data.batch_size=8",
    "data.seq_len=100",
    "trainer.accelerator=gpu",
    "trainer.max_steps=5000",
    "samples.length=0",
    "logger=none",
)


def on_gpu(cell: str, size: Size, steps: int, *more: str) -> Config:
    """A configuration whose text is long enough for 1,024 streams."""
    return configuration(cell, size, steps, "corpus=stdlib", "trainer.accelerator=gpu", *more)


def compare(cell: str, size: Size, precision: str, config: Config) -> Comparison:
    _, _, streams, window = size
    bare = Bare(config)
    mine, theirs = (
        [streams * window / seconds for seconds in side]
        for side in in_turn(lambda: ours(config), bare.seconds, turns=3)
    )
    what = f"training, {cell} {shown(size)}, {precision}"
    return Comparison(what, mine, "characters/s", theirs, "bare PyTorch loop")


def carried(runs: int, *overrides: str) -> float:
    """Characters per second of `runs` runs at once, added up; the time that they take to start is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        seeds = ",".join(str(seed) for seed in range(1, runs + 1))
        multirun(Path(folder), *SMALL_RUNS, f"seed={seeds}", f"hydra.launcher.n_jobs={runs}", *overrides)
        return float(pd.read_csv(Path(folder, "runs.csv"))["chars_per_second"].sum())


def comparisons() -> Iterator[Comparison]:
    for layers, units in MODELS:
        for streams in STREAMS:
            for cell in ("lstm", "gru", "rnn"):
                for precision in ("32-true", "bf16-mixed"):
                    size = (layers, units, streams, WINDOW)
                    config = on_gpu(cell, size, STEPS, f"trainer.precision={precision}")
                    yield compare(cell, size, precision, config)
    alone = [carried(1) for _ in range(2)]
    for runs in AT_ONCE[1:]:
        together = [carried(runs) for _ in alone]
        yield Comparison(f"{runs} runs of lstm 1×128, 8 streams, at once", together, "characters/s", alone, "one run")
