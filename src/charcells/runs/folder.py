"""RunFolder: the files of a run. They are written atomically, and reading allows for what a kill may have left."""

import dataclasses
import itertools
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from charcells.checks import check, from_values
from charcells.config import Config
from charcells.errors import Busy, UserError
from charcells.files import remove_drafts, write_atomically
from charcells.runs.export_folder import ExportFolder
from charcells.runs.summary import Summary

CONFIG, SUMMARY, LOCK = "config.yaml", "summary.json", ".lock"
REPLACED = ".replaced"
"""Folder in a sweep folder for runs that another run of the same name has replaced."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, which need not exist yet. docs/reading_a_run.md describes its files."""

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
        """The checkpoint with the lowest validation loss; without validation text, the last one of a finished run."""
        return self.checkpoints / "best.ckpt"

    @property
    def last(self) -> Path:
        """The checkpoint from which a run is resumed."""
        return self.checkpoints / "last.ckpt"

    def epoch(self, number: int) -> Path:
        """The checkpoint at the end of an epoch, counted from 1."""
        return self.checkpoints / f"epoch_{number:04d}.ckpt"

    @property
    def wandb(self) -> Path:
        return self.path / "wandb"

    # configuration

    @property
    def has_config(self) -> bool:
        return os.path.isfile(self.path / CONFIG)  # Path.is_file raises if the name is too long

    def read_config(self) -> Config:
        """The checked configuration of the run. Raises UserError if config.yaml is missing or damaged."""
        path = self.path / CONFIG
        try:
            values = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader) or {}
            if not isinstance(values, dict):
                raise UserError("it is not a mapping of options to values")
            config: Config = from_values(Config, values)
            check(config)
        except (OSError, ValueError, yaml.YAMLError, UserError) as error:
            raise UserError(f"{path} cannot be read as the configuration of a run: {error}") from error
        return config

    def read_options(self) -> dict[str, Any]:
        """The unchecked, nested values of config.yaml; empty if it is missing or damaged."""
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
        return os.path.exists(self.path / SUMMARY)

    def read_summary(self) -> Summary:
        """The content of summary.json; empty if it is missing or damaged."""
        try:
            summary = json.loads((self.path / SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Summary()
        return Summary(summary) if isinstance(summary, dict) else Summary()

    def write_summary(self, summary: Summary) -> None:
        write_atomically(self.path / SUMMARY, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")

    def summary_written(self) -> int | None:
        """Modification time of summary.json in nanoseconds; None if there is no such file."""
        try:
            return (self.path / SUMMARY).stat().st_mtime_ns
        except OSError:
            return None

    # samples

    def read_samples(self) -> list[dict[str, Any]]:
        """The records of samples.jsonl.

        Only a line feed ends a line, because a text may contain any other line separator. Anything after the last line
        feed is an incomplete line that a kill has left, and is ignored.
        """
        lines = self.samples.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    # the folder as a whole

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Lock the folder, which must exist, against other processes. The kernel releases the lock of a killed process.

        The lock file stays behind: its existence does not mean that the folder is locked. Raises Busy if another
        process has locked the folder, OSError if it cannot be written.
        """
        from filelock import FileLock, Timeout  # imported here to keep --help fast

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
        """Raise UserError if the folder already contains a run."""
        if self.has_summary:
            raise UserError(f"{self} already contains a run: continue it with resume={self}, or choose another folder")

    def remove_drafts(self) -> None:
        """Remove incomplete files that a kill has left. The folder must be locked by `hold`."""
        for place in (self.path, self.checkpoints):
            remove_drafts(place)

    @property
    def is_empty(self) -> bool:
        """Whether the folder, which must exist, contains nothing but the lock file."""
        return {path.name for path in self.path.iterdir()} <= {LOCK}

    def move_aside(self) -> None:
        """Move the folder into `.replaced` next to it, with a number appended to its name."""
        place = self.path.parent / REPLACED
        place.mkdir(exist_ok=True)
        names = (f"{self.path.name}_{number}" for number in itertools.count(1))
        self.path.rename(next(place / name for name in names if not (place / name).exists()))

    def finished_twin(self, identity: str) -> "RunFolder | None":
        """The folder of a finished run with this identity: this one or another in the same sweep folder; else None."""
        siblings = sorted(self.path.parent.iterdir()) if os.path.isdir(self.path.parent) else []
        for folder in (self, *map(RunFolder, siblings)):
            summary = folder.read_summary()
            if summary.finished and summary.is_run(identity):
                return folder
        return None


def checkpoint_file(run: Path | str) -> Path:
    """The checkpoint file for a run folder, the folder of an exported model, or a checkpoint file.

    For a run folder it is the best checkpoint, or the last one if there is no best one yet. Raises UserError if there
    is no checkpoint.
    """
    path = Path(os.path.expanduser(run))
    if not os.path.isdir(path):
        if not os.path.exists(path):
            raise UserError(f"{run} does not exist: give a run folder or a checkpoint file")
        exported = ExportFolder(path.parent)
        if path in (exported.onnx, exported.torchscript) and exported.config.exists():
            raise UserError(_foreign(run))
        return path
    folder = RunFolder(path)
    for checkpoint in (folder.best, folder.last):
        if checkpoint.exists():
            return checkpoint
    exported = ExportFolder(path)
    if exported.weights.exists():
        return exported.weights
    if exported.onnx.exists() or exported.torchscript.exists():
        raise UserError(_foreign(run))
    raise UserError(f"{run} has no checkpoint (checkpoints/best.ckpt or last.ckpt): is it a run folder?")


def _foreign(run: Path | str) -> str:
    return (
        f"{run} is a model exported for other programs, which charcells does not read back: use the run itself, or "
        "export it with format=safetensors"
    )


def new_run_folder(path: Path) -> RunFolder:
    """Create a new folder for a run: `path`, or the next free name of `path`_2, `path`_3, ... if that is taken.

    Two processes that ask for the same path at the same time get two folders.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        folder = path if number == 1 else path.with_name(f"{path.name}_{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return RunFolder(folder)
    raise AssertionError("unreachable")


def latest_run(place: Path = Path("runs")) -> RunFolder:
    """The run in or below a folder that was written last; its name is printed on standard error.

    Raises UserError if there is none.
    """
    runs = [(run.summary_written() or 0, run) for run in (find_run_folders(place) if place.is_dir() else ())]
    if not runs:
        raise UserError(f"latest means the newest run in {place.absolute()}, which has none: name a run folder")
    _, latest = max(runs, key=lambda each: each[0])
    print(f"latest run: {latest}", file=sys.stderr)
    return latest


def named_run(run: Path | str) -> Path:
    """The path of a run as a user names it: a path, or the text `latest` for the newest run in runs/.

    Raises UserError if `latest` has nothing to mean.
    """
    return latest_run().path if run == "latest" else Path(os.path.expanduser(run))


def find_run_folders(folder: Path) -> Iterator[RunFolder]:
    """Yield all run folders in and below a folder, which may be one itself.

    Hidden folders and the inside of run folders are not searched.
    """
    for path, below, files in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        if CONFIG in files or SUMMARY in files:
            below.clear()
            yield RunFolder(Path(path))
