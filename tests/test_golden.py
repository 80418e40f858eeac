"""Tiny runs whose losses are stored: whoever changes what a run computes sees it here.

The stored losses hold to the last bit on the machine that made them, and to 1e-4 on another one. A change that is meant
to alter them raises RESULTS_VERSION and stores new ones: `python tests/test_golden.py`.
"""

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch

from charcells.cli.compose import compose
from charcells.training.train import train

ROOT = Path(__file__).parents[1]
STORED = Path(__file__).with_name("golden.json")

COMMON = (
    *("corpus=file", "logger=none", "threads=1", "model.hidden_size=12", "model.embedding_dim=6", "data.batch_size=4"),
    *("data.seq_len=16", "trainer.max_steps=20", "trainer.log_every_n_steps=5", "samples.length=20"),
)
RUNS = {
    "rnn": ["cell=rnn", "scheduler=constant", "optimizer=sgd"],
    "gru": ["cell=gru", "scheduler=exponential", "scheduler.gamma=0.5", "trainer.val_check_interval=0.5"],
    "lstm": ["cell=lstm", "model.num_layers=2", "model.dropout=0.3"],
    "jordan": ["cell=jordan", "model.num_layers=2", "model.dropout=0.2", "optimizer=rmsprop", "optimizer.momentum=0.5"],
    "output": ["cell=output", "optimizer=adagrad", "trainer.gradient_clip_val=null"],
    "one-hot": ["cell=lstm", "model.embedding_dim=null", "model.num_layers=2", "optimizer=adam"],
    "windows": ["cell=gru", "data.sampling=windows", "data.stride=7", "model.output_dropout=0.4"],
    "windows, state carried": ["cell=rnn", "data.sampling=windows", "data.carry_state=true", "model.init=normal"],
    "streams, state reset": ["cell=lstm", "data.carry_state=false", "model.init=torch", "data.train_fraction=0.5"],
    "plateau": ["cell=rnn", "scheduler=plateau", "scheduler.patience=0", "trainer.val_check_interval=0.25"],
    "summed": ["cell=rnn", "trainer.loss_reduction=sum", "trainer.gradient_clip_algorithm=value", "optimizer.lr=1e-3"],
    "keras": ["cell=lstm", "model.init=keras", "model.freeze_second_bias=true", "trainer.precision=64-true"],
    "matched": ["cell=gru", "model.match_parameters=1500", "data.val_fraction=0", "samples.top_k=3"],
}


def text() -> str:
    """Some 2,500 characters of made-up sentences, the same everywhere."""
    words = ["uma", "água", "la", "niña", "reads", "the", "old", "book", "de", "novo", "y", "sueña"]
    draw = random.Random(5)
    lines = (" ".join(draw.choice(words) for _ in range(draw.randint(3, 9))) for _ in range(90))
    return "".join(f"{line.capitalize()}.\n" for line in lines)


def losses(folder: Path) -> dict[str, Any]:
    """All losses that a run has written, in nats per character, and its last sample."""
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    sample = json.loads((folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    return {
        "train": [float(row["train/loss"]) for row in rows if row["train/loss"]],
        "val": [float(row["val/loss"]) for row in rows if row["val/loss"]],
        "test": summary["test/loss"],
        "sample": sample["text"],
    }


def single(overrides: list[str], folder: Path) -> dict[str, Any]:
    """The losses of a run in this process."""
    corpus = folder / "text.txt"
    corpus.write_text(text(), encoding="utf-8")
    train(compose([*COMMON, f"corpus.path={corpus}", *overrides]), folder / "run")
    return losses(folder / "run")


def resumed(folder: Path) -> dict[str, Any]:
    """The losses of a run that was trained in two parts, the first of which ended inside an epoch."""
    corpus = folder / "text.txt"
    corpus.write_text(text(), encoding="utf-8")
    overrides = [*COMMON, f"corpus.path={corpus}", "scheduler=constant", "model.dropout=0.2"]
    train(compose([*overrides, "trainer.max_steps=11"]), folder / "run")
    train(compose(overrides), folder / "run", resume=True)
    return losses(folder / "run")


def two_processes(folder: Path) -> dict[str, Any]:
    """The losses of a run that two processes share."""
    corpus = folder / "text.txt"
    corpus.write_text(text(), encoding="utf-8")
    options = [*COMMON, f"corpus.path={corpus}", "trainer.devices=2", "trainer.accelerator=cpu", "model.dropout=0.2"]
    command = [sys.executable, str(ROOT / "train.py"), *options, f"hydra.run.dir={folder / 'run'}"]
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True)
    return losses(folder / "run")


def machine() -> str:
    """What the last bits depend on."""
    return f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}, {_processor()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return sys.platform
    facts = dict(line.split(":", 1) for line in lines if ":" in line)  # of the last core
    wanted = {key.strip(): value.strip() for key, value in facts.items()}
    return ", ".join(wanted.get(key, "") for key in ("model name", "cpu family", "model", "stepping"))


def check(name: str, found: dict[str, Any]) -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    expected = stored["runs"][name]
    if stored["machine"] == machine():
        assert found == expected
    for part in ("train", "val", "test"):
        assert found[part] == pytest.approx(expected[part], abs=1e-4)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_gives_the_losses_that_it_has_always_given(name, tmp_path):
    check(name, single(RUNS[name], tmp_path))


def test_a_resumed_run_gives_the_losses_that_it_has_always_given(tmp_path):
    check("resumed", resumed(tmp_path))


@pytest.mark.slow
def test_a_run_of_two_processes_gives_the_losses_that_it_has_always_given(tmp_path):
    check("two processes", two_processes(tmp_path))


def store() -> None:
    """Write golden.json anew."""
    runs: dict[str, Any] = {}
    jobs = {name: lambda folder, name=name: single(RUNS[name], folder) for name in RUNS}
    for name, job in {**jobs, "resumed": resumed, "two processes": two_processes}.items():
        with tempfile.TemporaryDirectory() as folder:
            runs[name] = job(Path(folder))
    STORED.write_text(json.dumps({"machine": machine(), "runs": runs}, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    store()
