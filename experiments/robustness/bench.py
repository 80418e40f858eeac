"""Runs to be hindered: each in a process of its own, compared bit for bit with the one that nothing has disturbed."""

import functools
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from charcells import callbacks, plots
from charcells.config import Config, Interrupted, UserError, compose, from_hydra, load
from charcells.files import read_samples, read_summary
from charcells.generation import read_checkpoint
from charcells.training import train

TEXT = "".join("abcdefgh\n"[(i * i * 7 + i // 3) % 9] for i in range(1500))

COMMON = (
    "corpus=file",
    "logger=none",
    "threads=1",
    "model.hidden_size=8",
    "model.embedding_dim=4",
    "data.batch_size=4",
    "data.seq_len=20",
    "trainer.max_epochs=3",
    "trainer.val_check_interval=0.5",
    "trainer.log_every_n_steps=4",
    "samples.length=5",
)
"""42 steps, 6 validations with a sample each: under a second."""

VARIANTS = {
    "lstm streams one_cycle": ("cell=lstm", "model.num_layers=2", "model.dropout=0.3"),
    "gru streams plateau": ("cell=gru", "scheduler=plateau", "scheduler.patience=0", "model.dropout=0.2"),
    "rnn streams exponential one-hot": (
        "cell=rnn",
        "scheduler=exponential",
        "model.embedding_dim=null",
        "model.dropout=0.2",
    ),
    "lstm windows one-hot plateau": (
        "cell=lstm",
        "data.sampling=windows",
        "model.embedding_dim=null",
        "scheduler=plateau",
        "model.dropout=0.3",
    ),
    "gru windows one_cycle": ("cell=gru", "data.sampling=windows", "model.num_layers=2", "model.dropout=0.3"),
    "rnn windows constant": ("cell=rnn", "data.sampling=windows", "scheduler=constant", "model.dropout=0.5"),
}

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
"""What asks a run to stop, and what asks nobody."""

OFTEN = 0.05
"""Seconds from one checkpoint to the next, instead of a minute."""

LIMIT = 120
"""Seconds after which a trial counts as hung."""


class Bench:
    """A folder with a text, the undisturbed run of each variant, and the trials."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = folder / "text.txt"
        self.text.write_text(TEXT)
        # what is looked up or imported at its first use need not be so in each process
        train(self.config("lstm streams one_cycle", "trainer.max_steps=2"), folder / "warm")
        self.seconds: dict[str, float] = {}

    @functools.cache  # noqa: B019 (there is one bench)
    def config(self, variant: str, *overrides: str) -> Config:
        config: Config = compose([*COMMON, f"corpus.path={self.text}", *VARIANTS[variant], *overrides])
        return config

    def reference(self, variant: str) -> Path:
        """The run folder of a variant that nothing disturbs."""
        folder = self.folder / "undisturbed" / variant.replace(" ", "_")
        if not folder.exists():
            began = time.monotonic()
            status, output = attempt(self.config(variant), folder)
            assert status == 0, output
            self.seconds[variant] = time.monotonic() - began
        return folder

    def goes_on(self, variant: str, folder: Path) -> str:
        """Resume a run, to its end, and say whether it is the undisturbed one: 'exact', or what is wrong."""
        status, output = attempt(self.config(variant), folder)
        if status != 0:
            return f"resume ended with {status}: {output.strip()[-300:]}"
        found = differences(self.reference(variant), folder)
        return f"another run: {', '.join(found)}" if found else "exact"


def no_picture(metrics: Path, picture: Path, title: str) -> None:
    """In place of loss.png, which takes as long as all else and of which nothing depends."""


def attempt(
    config: Config,
    folder: Path,
    *,
    hinder: Callable[[], None] = lambda: None,
    meanwhile: Callable[[int], None] = lambda process: None,
) -> tuple[int, str]:
    """Train in a process of its own: a new run, or on with what the folder holds.

    Args:
        config: of the run, as long as the folder has none of its own.
        folder: the run folder.
        hinder: what that process does to itself before.
        meanwhile: what is done to it from here, given its number.

    Returns its status (the negative number of a signal that ended it) and what it has printed.
    """
    with tempfile.TemporaryFile("w+") as output:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS[:3])  # what comes early waits for the new one's handlers
        process = os.fork()
        if process == 0:
            _train_and_exit(config, folder, hinder, output.fileno())
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        meanwhile(process)
        status = _wait(process)
        output.seek(0)
        return status, output.read()


def _train_and_exit(config: Config, folder: Path, hinder: Callable[[], None], output: int) -> None:
    """What train.py does, from its signals to its status."""
    status = 99
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout.flush()

        def interrupt(number: int, frame: Any) -> None:
            raise Interrupted(128 + number)

        for number in STOPS[:3]:  # also where the harness itself is to go on after them, as under nohup
            signal.signal(number, interrupt)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS[:3])
        callbacks.CHECKPOINT_SECONDS = OFTEN
        plots.loss_curve = no_picture
        hinder()
        resume = (folder / "config.yaml").exists()
        train(from_hydra(load(folder / "config.yaml")) if resume else config, folder, resume=resume)
        status = 0
    except Interrupted as stopped:
        status = int(str(stopped.code))
    except UserError as error:
        print(f"error: {error}")
        status = 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(process: int) -> int:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return 124


def differences(one: Path, other: Path) -> list[str]:
    """In what two finished runs differ, speed and paths aside."""
    found = []
    for name in ("last.ckpt", "best.ckpt"):
        parts = [torch.load(run / "checkpoints" / name, weights_only=True) for run in (one, other)]
        found += [f"{name} {key}" for key in ("state_dict", "optimizer_states") if not _equal(*(p[key] for p in parts))]
    tables = [[row.rsplit(",", 1)[0] for row in (run / "metrics.csv").read_text().splitlines()] for run in (one, other)]
    if tables[0] != tables[1]:
        found.append("metrics.csv")
    if read_samples(one) != read_samples(other):
        found.append("samples.jsonl")
    summaries = [read_summary(run) for run in (one, other)]
    keys = [key for key in summaries[0] if "/" in key] + ["status", "steps", "epochs", "best_step", "error"]
    return found + [f"summary {key}" for key in keys if summaries[0][key] != summaries[1].get(key)]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def damage(folder: Path) -> str:
    """What of a run folder cannot be read; empty where all can."""
    try:
        if (folder / "config.yaml").exists():
            from_hydra(load(folder / "config.yaml"))
        if (folder / "summary.json").exists() and not read_summary(folder):
            return "summary.json"
        for checkpoint in folder.glob("checkpoints/*.ckpt"):
            read_checkpoint(checkpoint)
        if (folder / "samples.jsonl").exists():
            read_samples(folder)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
