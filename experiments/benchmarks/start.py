"""Start-up times: `train.py --help`, the first training step, and encoding 100 million characters.

The first two are whole commands, timed from outside, with their files in the disk cache.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from experiments.benchmarks.turns import Comparison, in_turn

ROOT = Path(__file__).parents[2]

TOKENS = """
import pathlib, random, re, time
from charcells.text.vocabulary import Vocabulary

def peak():  # resource.getrusage would include the process that started this one
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])

text = "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz áéíóúñ.,;\\n", k=1_000_000)) * 100
before = peak()
start = time.perf_counter()
tokens = Vocabulary.of(text).encode(text)
seconds = time.perf_counter() - start
print(seconds, (peak() - before) / len(text))
"""
"""Program that prints seconds and the peak of memory, in bytes per character beyond the text itself; it runs in a
process of its own, whose peak is that of nothing else."""


def help_seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "train.py", "--help"], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def first_step_seconds() -> float:
    """Seconds until metrics.csv has its first row, which is that of the first step."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["trainer.log_every_n_steps=1", "trainer.max_steps=2", f"hydra.run.dir={folder}/run"]
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "train.py", *options], cwd=ROOT, stdout=subprocess.DEVNULL)
        metrics = Path(folder, "run", "metrics.csv")
        while not (metrics.exists() and metrics.read_text().count("\n") > 1):
            assert process.poll() in (None, 0), "train.py failed"
            time.sleep(0.01)
        seconds = time.perf_counter() - start
        process.wait()
    return seconds


def tokens() -> tuple[float, float]:
    """Seconds, and bytes per character."""
    process = subprocess.run([sys.executable, "-c", TOKENS], check=True, capture_output=True, text=True)
    seconds, size = map(float, process.stdout.split())
    return seconds, size


def comparisons() -> Iterator[Comparison]:
    yield Comparison("train.py --help", in_turn(help_seconds)[0], "s", at_most=1)
    yield Comparison("train.py until its first step", in_turn(first_step_seconds)[0], "s", at_most=8)
    seconds, sizes = zip(*(tokens() for _ in range(5)), strict=True)
    yield Comparison("encoding 100 million characters", seconds, "s", at_most=3)
    yield Comparison("peak of memory while encoding, beyond the text", sizes, "bytes per character", at_most=6)
