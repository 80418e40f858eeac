"""Runs to be disturbed: each in a process of its own, compared bit for bit with an undisturbed run."""

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

from charcells.cli.compose import compose
from charcells.config import Config
from charcells.errors import UserError
from charcells.models.checkpoint import read_checkpoint
from charcells.runs import pictures
from charcells.runs.folder import RunFolder
from charcells.signals import Interrupted, raise_interrupted
from charcells.training import checkpoints
from charcells.training.train import train

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
"""42 steps and 6 validations with a sample each, which take less than a second."""

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
"""Signals that ask a run to stop, and SIGKILL, which it cannot handle."""

OFTEN = 0.05
"""Seconds between checkpoints, instead of a minute."""

LIMIT = 120
"""Seconds after which a trial counts as hanging."""


class Bench:
    """A folder with a text, an undisturbed run of each variant, and the trials."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = folder / "text.txt"
        self.text.write_text(TEXT)
        # imports and caches what training needs, so that each forked process has it already
        train(self.config("lstm streams one_cycle", "trainer.max_steps=2"), folder / "warm")
        self.seconds: dict[str, float] = {}

    @functools.cache  # noqa: B019 (there is only one bench)
    def config(self, variant: str, *overrides: str) -> Config:
        config: Config = compose([*COMMON, f"corpus.path={self.text}", *VARIANTS[variant], *overrides])
        return config

    def reference(self, variant: str) -> Path:
        """The folder of the undisturbed run of a variant, trained on the first call."""
        folder = self.folder / "undisturbed" / variant.replace(" ", "_")
        if not folder.exists():
            began = time.monotonic()
            status, output = attempt(self.config(variant), folder)
            assert status == 0, output
            self.seconds[variant] = time.monotonic() - began
        return folder

    def resume(self, variant: str, folder: Path) -> str:
        """Resume a run until it ends and compare it with the undisturbed run: 'exact', or what is wrong."""
        status, output = attempt(self.config(variant), folder)
        if status != 0:
            return f"resume ended with {status}: {output.strip()[-300:]}"
        found = differences(self.reference(variant), folder)
        return f"another run: {', '.join(found)}" if found else "exact"


def no_picture(run: RunFolder, title: str) -> None:
    """Replaces the drawing of loss.png, which takes as long as the training and on which nothing depends."""


def attempt(
    config: Config,
    folder: Path,
    *,
    disturb: Callable[[], None] = lambda: None,
    meanwhile: Callable[[int], None] = lambda process: None,
) -> tuple[int, str]:
    """Train in a process of its own: start a run, or resume it if the folder has its configuration.

    Args:
        config: used for a new run; a resumed run has its own.
        folder: the run folder.
        disturb: called in that process before it trains.
        meanwhile: called in this process with the process id while the other trains.

    Returns the exit status (the negative number of the signal that ended it) and the output.
    """
    with tempfile.TemporaryFile("w+") as output:
        mask = signal.pthread_sigmask(
            signal.SIG_BLOCK, STOPS[:3]
        )  # early signals wait until the child has its handlers
        process = os.fork()
        if process == 0:
            _train_and_exit(config, folder, disturb, output.fileno())
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        meanwhile(process)
        status = _wait(process)
        output.seek(0)
        return status, output.read()


def _train_and_exit(config: Config, folder: Path, disturb: Callable[[], None], output: int) -> None:
    """Do what train.py does, from its signal handlers to its exit status."""
    status = 99  # an exception that train.py does not expect
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout.flush()

        for number in STOPS[:3]:  # even if the harness itself ignores them, as under nohup
            signal.signal(number, raise_interrupted)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS[:3])
        checkpoints.CHECKPOINT_SECONDS = OFTEN
        pictures.loss_curve = no_picture
        disturb()
        run = RunFolder(folder)
        train(run.read_config() if run.has_config else config, folder, resume=run.has_config)
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
    """The names of what differs between two finished runs, apart from speed and paths."""
    found = []
    for name in ("last.ckpt", "best.ckpt"):
        parts = [torch.load(run / "checkpoints" / name, weights_only=True) for run in (one, other)]
        found += [f"{name} {key}" for key in ("state_dict", "optimizer_states") if not _equal(*(p[key] for p in parts))]
    # the last column is the speed
    rows = [RunFolder(run).metrics.read_text().splitlines() for run in (one, other)]
    tables = [[row.rsplit(",", 1)[0] for row in table] for table in rows]
    if tables[0] != tables[1]:
        found.append("metrics.csv")
    if RunFolder(one).read_samples() != RunFolder(other).read_samples():
        found.append("samples.jsonl")
    summaries = [RunFolder(run).read_summary() for run in (one, other)]
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
    """The first file of a run folder that cannot be read, and why; empty if all can be read."""
    try:
        run = RunFolder(folder)
        if run.has_config:
            run.read_config()
        if run.has_summary and not run.read_summary():
            return "summary.json"
        for checkpoint in run.checkpoints.glob("*.ckpt"):
            read_checkpoint(checkpoint)
        if run.samples.exists():
            run.read_samples()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
