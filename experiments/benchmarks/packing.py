"""Eight runs on all cores: several at a time, as a multirun trains them, or one after another with all cores each."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import joblib

from experiments.benchmarks.turns import Comparison

ROOT = Path(__file__).parents[2]
TURNS = 2
RUNS = (
    "cell=lstm",
    "corpus=pydoc",
    "data.batch_size=8",
    "trainer.max_epochs=1",
    "seed=1,2,3,4,5,6,7,8",
    "logger=none",
)


def multirun(folder: Path, *overrides: str) -> None:
    """Train a sweep into a folder without showing its output."""
    command = [sys.executable, "train.py", "-m", f"hydra.sweep.dir={folder}", *overrides]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def seconds(*more: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        multirun(Path(folder, "sweep"), *RUNS, *more)
        return time.perf_counter() - start


def comparisons() -> Iterator[Comparison]:
    cores = joblib.cpu_count()
    packed, serial = [], []
    for _ in range(TURNS):
        packed.append(seconds())
        serial.append(seconds("hydra.launcher.n_jobs=1", f"threads={cores}"))
    what = f"eight runs of lstm 1×128, 8 streams, {cores} cores"
    yield Comparison(what, packed, "s", serial, f"one after another, {cores} threads each", at_most=0.65)
