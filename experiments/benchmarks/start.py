"""How long until something happens: `train.py --help`, the first training step, 100 MB of text as tokens.

    python -m experiments.benchmarks.start

The first two are whole commands, timed from outside, on a warm disk. Writes experiments/results/start.csv.
"""

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "experiments" / "results" / "start.csv"
TURNS = 5

TOKENS = """
import random, resource, time
from charlm.vocabulary import Vocabulary
text = "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz áéíóúñ.,;\\n", k=1_000_000)) * 100
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
tokens = Vocabulary.of(text).encode(text)
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds, 1024 * (after - before) / len(text))
"""
"""In a process of its own, whose peak of memory is told: bytes a character beyond the text itself."""


def help_seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "train.py", "--help"], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def first_step_seconds() -> float:
    """Until metrics.csv has its first row, which is that of the first step."""
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
    """Seconds, and bytes a character."""
    process = subprocess.run([sys.executable, "-c", TOKENS], check=True, capture_output=True, text=True)
    seconds, size = map(float, process.stdout.split())
    return seconds, size


def row(name: str, measured: Callable[[], float], unit: str, most: float) -> dict[str, object]:
    measured()  # warms the disk's cache
    values = [measured() for _ in range(TURNS)]
    figures = {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}
    return {"what": name, **{key: round(value, 2) for key, value in figures.items()}, "unit": unit, "at most": most}


def main() -> None:
    rows = [
        row("train.py --help", help_seconds, "s", 1),
        row("train.py until its first step", first_step_seconds, "s", 8),
        row("100 million characters as tokens", lambda: tokens()[0], "s", 3),
        row("peak of memory meanwhile, beyond the text", lambda: tokens()[1], "bytes a character", 6),
    ]
    table = Table(*rows[0])
    for each in rows:
        table.add_row(*map(str, each.values()))
    Console().print(table)
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    pd.DataFrame(rows).assign(**machine).to_csv(RESULTS, index=False)


if __name__ == "__main__":
    main()
