"""RunFolder: the files of a run, written whole or not at all, and read as they may have been left by a kill."""

import dataclasses
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from charcells.config import Config, check, from_values
from charcells.errors import Busy, UserError
from charcells.files import remove_drafts, write_atomically
from charcells.runs.summary import Summary

CONFIG, SUMMARY, LOCK = "config.yaml", "summary.json", ".lock"
REPLACED = ".replaced"
"""Beside run folders of a sweep: those that another run of the same name has taken the place of."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, which need not exist yet. README's section 'A run folder' says what each file holds."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.csv"

    @property
    def samples(self) -> Path:
        return self.path / "samples.jsonl"

    @property
    def log(self) -> Path:
        return self.path / "train.log"

    @property
    def loss_picture(self) -> Path:
        return self.path / "loss.png"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The checkpoint with the lowest validation loss; without held-out text, the last one of a run that ended."""
        return self.checkpoints / "best.ckpt"

    @property
    def last(self) -> Path:
        """The checkpoint from which a run is resumed."""
        return self.checkpoints / "last.ckpt"

    def epoch(self, number: int) -> Path:
        """The checkpoint of the end of an epoch, counted from 1."""
        return self.checkpoints / f"epoch_{number:04d}.ckpt"

    @property
    def wandb(self) -> Path:
        return self.path / "wandb"

    # configuration

    @property
    def has_config(self) -> bool:
        return (self.path / CONFIG).is_file()

    def read_config(self) -> Config:
        """The configuration of the run, checked. Raises UserError where its file is missing or damaged."""
        path = self.path / CONFIG
        try:
            values = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader) or {}
            if not isinstance(values, dict):
                raise UserError("it is no list of options and values")
            config: Config = from_values(Config, values)
            check(config)
        except (OSError, ValueError, yaml.YAMLError, UserError) as error:
            raise UserError(f"{path} cannot be read as the configuration of a run: {error}") from error
        return config

    def read_options(self) -> dict[str, Any]:
        """The configuration as plain nested values, as its file has it; empty where that is missing or damaged."""
        try:
            values = yaml.load((self.path / CONFIG).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        except (OSError, ValueError, yaml.YAMLError):
            return {}
        return values if isinstance(values, dict) else {}

    def write_config(self, config: Config) -> None:
        text = yaml.dump(dataclasses.asdict(config), Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=True)
        write_atomically(self.path / CONFIG, text)

    # summary

    @property
    def has_summary(self) -> bool:
        return (self.path / SUMMARY).exists()

    def read_summary(self) -> Summary:
        """What summary.json says; empty where there is none, or none that can be read."""
        try:
            summary = json.loads((self.path / SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Summary()
        return Summary(summary) if isinstance(summary, dict) else Summary()

    def write_summary(self, summary: Summary) -> None:
        write_atomically(self.path / SUMMARY, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")

    def summary_written(self) -> int | None:
        """When summary.json was last written, in nanoseconds; None where there is none."""
        try:
            return (self.path / SUMMARY).stat().st_mtime_ns
        except OSError:
            return None

    # samples

    def read_samples(self) -> list[dict[str, Any]]:
        """The records of samples.jsonl.

        Lines end with a line feed alone, since a text may hold any other line separator. What follows the last line
        feed was cut short by a kill.
        """
        lines = self.samples.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    # the folder as a whole

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other processes out of the folder, which must exist. The kernel releases it however this process ends.

        Raises Busy where another process holds it, OSError where the folder cannot be written. The lock file stays: it
        says nothing by being there.
        """
        from filelock import FileLock, Timeout  # which --help need not wait for

        lock = FileLock(self.path / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise Busy(f"another process is training in {self}: wait until it has ended, or stop it") from None
        try:
            yield
        finally:
            lock.release()

    def check_new(self) -> None:
        """Raise UserError where the folder holds a run already."""
        if self.has_summary:
            raise UserError(f"{self} already holds a run: continue it with resume={self}, or choose another folder")

    def remove_drafts(self) -> None:
        """Remove half-written files that a kill has left. The folder must be held."""
        for place in (self.path, self.checkpoints):
            remove_drafts(place)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been written into the folder, which exists, but the lock file."""
        return {path.name for path in self.path.iterdir()} <= {LOCK}

    def move_aside(self) -> None:
        """Move the folder into `.replaced` beside it, under its name and a number."""
        place = self.path.parent / REPLACED
        place.mkdir(exist_ok=True)
        names = (f"{self.path.name}_{number}" for number in itertools.count(1))
        self.path.rename(next(place / name for name in names if not (place / name).exists()))

    def finished_twin(self, identity: str) -> "RunFolder | None":
        """This folder, or another in the same sweep folder, that holds the finished run with this identity."""
        siblings = sorted(self.path.parent.iterdir()) if self.path.parent.is_dir() else []
        for folder in (self, *map(RunFolder, siblings)):
            summary = folder.read_summary()
            if summary.finished and summary.is_run(identity):
                return folder
        return None


def checkpoint_file(run: Path | str) -> Path:
    """The checkpoint that a person means by a run folder (the best one, or the last where none is best yet), or by a
    checkpoint file. Raises UserError where there is none."""
    path = Path(os.path.expanduser(run))
    if not os.path.isdir(path):
        if not os.path.exists(path):
            raise UserError(f"{run} does not exist: name a run folder, or a checkpoint file")
        return path
    folder = RunFolder(path)
    for checkpoint in (folder.best, folder.last):
        if checkpoint.exists():
            return checkpoint
    raise UserError(f"{run} holds no checkpoint (checkpoints/best.ckpt or last.ckpt): is it a run folder?")


def find_run_folders(folder: Path) -> Iterator[RunFolder]:
    """Every run folder at any depth below a folder, which may be one itself; none within another or a hidden one."""
    for path, below, files in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        if CONFIG in files or SUMMARY in files:
            below.clear()
            yield RunFolder(Path(path))
