"""How fast a model is trained: train() beside a bare PyTorch loop with the same modules, in one run.

    python -m experiments.benchmarks.training

One thread. Both sides train on the same text with the same cells, batches, optimizer, schedule and clipping; ours with
its logging and a progress bar, and nothing is held out, so that neither scores. They take turns; the ratio is that of
the medians, the spread that of the turns. Writes experiments/results/training.csv.
"""

import dataclasses
import logging
import os

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # read when torch is imported: see train.py

import platform
import statistics
import sys
import tempfile
import time
import warnings
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch.optim.lr_scheduler import LambdaLR

from charlm.config import Config, compose
from charlm.data import CharDataModule
from charlm.model import CharRNN, detach
from charlm.module import OPTIMIZERS, lr_factor, total_steps
from charlm.training import train

RESULTS = Path(__file__).parents[1] / "results" / "training.csv"
TURNS = 5
SECONDS = 4
"""Of each side in each turn, about."""

SIZES = {
    "1×100, 1 stream, windows of 25": (1, 100, 1, 25, 1.25),
    "1×128, 8, 100": (1, 128, 8, 100, 1.05),
    "2×256, 32, 100": (2, 256, 32, 100, 1.05),
    "2×512, 64, 100": (2, 512, 64, 100, 1.05),
}
"""Layers, units, streams, window, and the ratio to stay below."""


def configuration(cell: str, size: str, steps: int) -> Config:
    layers, units, streams, window, _ = SIZES[size]
    config: Config = compose(
        [
            f"cell={cell}",
            "corpus=pydoc",
            "logger=none",
            "threads=1",
            f"model.num_layers={layers}",
            f"model.hidden_size={units}",
            f"data.batch_size={streams}",
            f"data.seq_len={window}",
            "data.val_fraction=0",
            "data.test_fraction=0",
            "samples.length=0",
            f"trainer.max_steps={steps}",
            "trainer.max_epochs=1000",
        ]
    )
    return config


def bare(config: Config) -> float:
    """Seconds of the loop that anybody would write with these modules."""
    data = CharDataModule(config.corpus, config.data, None, config.seed)
    data.setup()
    torch.manual_seed(config.seed)
    model = CharRNN(
        len(data.vocabulary),
        config.cell.name,
        config.model.embedding_dim,
        config.model.hidden_size,
        config.model.num_layers,
    )
    options = {name: value for name, value in dataclasses.asdict(config.optimizer).items() if value is not None}
    optimizer = OPTIMIZERS[options.pop("name")](model.parameters(), **options)
    total = total_steps(config, len(data.train_batches))
    schedule = LambdaLR(optimizer, lambda step: lr_factor(config.scheduler, step, total, len(data.train_batches)))
    clip = config.trainer.gradient_clip_val
    assert clip is not None
    steps, state = 0, None
    start = time.perf_counter()
    while steps < total:
        state = None
        for inputs, targets in data.train_batches:
            logits, state = model(inputs, state)
            state = detach(state)
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            schedule.step()
            steps += 1
            if steps == total:
                break
    return time.perf_counter() - start


def ours(config: Config) -> float:
    """Seconds that train() says it took, logging and progress bar on."""
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(StringIO()):
        return float(train(config, Path(folder, "run"), progress_bar=True, cores=1)["train_seconds"])


def measure(cell: str, size: str) -> dict[str, Any]:
    steps = max(20, round(20 * SECONDS / bare(configuration(cell, size, 20))))
    config = configuration(cell, size, steps)
    taken: dict[str, list[float]] = {"bare": [], "charlm": []}
    for _ in range(TURNS):
        taken["bare"].append(bare(config) / steps)
        taken["charlm"].append(ours(config) / steps)
    medians = {side: statistics.median(each) for side, each in taken.items()}
    ratios = [one / other for one, other in zip(taken["charlm"], taken["bare"], strict=True)]
    streams, window, most = SIZES[size][2:]
    return {
        "cell": cell,
        "size": size,
        "bare, ms a step": round(1e3 * medians["bare"], 2),
        "charlm, ms a step": round(1e3 * medians["charlm"], 2),
        "characters/s": round(streams * window / medians["charlm"]),
        "ratio": round(medians["charlm"] / medians["bare"], 3),
        "lowest": round(min(ratios), 3),
        "highest": round(max(ratios), 3),
        "at most": most,
    }


def main(arguments: list[str]) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    logging.getLogger("charlm").propagate = False
    warnings.filterwarnings("ignore", ".*isinstance\\(treespec, LeafSpec\\).*")
    rows = []
    for cell in arguments or ("lstm", "gru", "rnn"):
        for size in SIZES:
            rows.append(measure(cell, size))
            print(f"{cell} {size}: {rows[-1]['ratio']}", flush=True)
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    Console().print(table)
    machine = {"torch": torch.__version__, "python": platform.python_version(), "machine": platform.machine()}
    pd.DataFrame(rows).assign(**machine).to_csv(RESULTS, index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
