"""The commands from Python: train and sweep. A notebook needs no shell.

They leave the process as it was: no signal handler is installed, and threads and loggers are restored.
"""

import contextlib
import datetime
import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charcells.errors import UserError
from charcells.runs.folder import RunFolder, new_run_folder
from charcells.runs.summary import Summary
from charcells.signals import leave_signals_alone

if TYPE_CHECKING:
    import pandas as pd

    from charcells.writing.generator import TextGenerator


@dataclass(frozen=True)
class Run:
    """A run in its folder."""

    folder: RunFolder

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def summary(self) -> Summary:
        """The facts of summary.json, such as `run.summary["test/bpc"]`."""
        return self.folder.read_summary()

    @property
    def metrics(self) -> "pd.DataFrame":
        """The rows of metrics.csv, one for each logged or validated step."""
        import pandas as pd

        return pd.read_csv(self.folder.metrics)

    def generator(self, weights: str = "float32") -> "TextGenerator":
        """Writes text with the best model, as `charcells.load` does."""
        from charcells.writing.generator import load

        return load(self.path, weights)

    def _repr_html_(self) -> str:
        figures = {key: self.summary.get(key) for key in ("status", "corpus", "cell", "val/bpc", "test/bpc", "epochs")}
        cells = "".join(f"<td>{name}: {value}</td>" for name, value in figures.items())
        return f"<table><tr>{cells}</tr></table>"


def _overrides(arguments: tuple[str, ...], options: dict[str, Any]) -> list[str]:
    """Overrides as on the command line; options by name stand for names without a dot."""
    return [*arguments, *(f"{name}={'null' if value is None else value}" for name, value in options.items())]


def train(*overrides: str, folder: Path | str | None = None, progress_bar: bool = True, **options: Any) -> Run:
    """Train a model, as `charcells train` does: `train("cell=gru", "corpus=biblia", "model.num_layers=2", seed=3)`.

    Args:
        overrides: as on the command line.
        folder: the run folder; None: a new one in runs/.
        progress_bar: show one.
        options: those whose name has no dot, such as cell="gru".

    Raises UserError for a wrong option, and if the folder already contains a run.
    """
    from charcells.cli.compose import compose
    from charcells.training.train import train as train_in

    config = compose(_overrides(overrides, options))
    if config.resume is not None:
        raise UserError("train() begins a new run: continue one with the command, resume=FOLDER")
    if config.trainer.fast_dev_run:
        raise UserError("trainer.fast_dev_run keeps no run that train() could return: use the command")
    if folder is None:
        now = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        run = new_run_folder(Path("runs") / f"{now}_{config.corpus.name}_{config.cell.name}")
    else:
        run = RunFolder(Path(folder))
    try:
        with _restoring_settings():
            train_in(config, run.path, progress_bar=progress_bar)
    finally:
        with contextlib.suppress(OSError):  # of a run that was refused
            run.path.rmdir()
    return Run(run)


def sweep(folder: Path | str, *overrides: str, **options: Any) -> "pd.DataFrame":
    """Train one run for each combination, one after another, and return the table of all, as `charcells.runs` does.

    Runs are skipped, resumed and moved aside as those of `charcells train -m` are. For several at a time use that
    command.

    Args:
        folder: the sweep folder; each run has a folder in it.
        overrides: as on the command line, with commas between the values of a sweep: `"cell=rnn,gru", "seed=1,2,3"`.
        options: those whose name has no dot; a list gives several values: `cell=["rnn", "gru"]`.
    """
    from charcells.cli.compose import compose
    from charcells.files import folder_name
    from charcells.runs.table import read_runs
    from charcells.sweeps.job import skip_resume_or_train

    given = [tuple(override.partition("=")[::2]) for override in overrides]
    axes = [(name, value.split(",")) for name, value in given]
    axes += [(name, list(value) if isinstance(value, list | tuple) else [value]) for name, value in options.items()]
    designs = [
        [f"{name}={value}" for (name, _), value in zip(axes, values, strict=True)]
        for values in itertools.product(*(values for _, values in axes))
    ]
    configs = [compose(design) for design in designs]  # all are checked before the first is trained
    varied = {name for name, values in axes if len(values) > 1}
    for design, config in zip(designs, configs, strict=True):
        name = ",".join(part for part in design if part.partition("=")[0] in varied) or "run"
        with _restoring_settings():
            skip_resume_or_train(config, RunFolder(Path(folder) / folder_name(name)))
    return read_runs(Path(folder))


@contextlib.contextmanager
def _restoring_settings() -> Iterator[None]:
    """Leave signals alone inside the block, and restore the threads and loggers of the process after it.

    An interruption raises KeyboardInterrupt, as everywhere in a notebook. Lightning would end the process.
    """
    import torch

    deterministic = torch.are_deterministic_algorithms_enabled()
    threads, package_log = torch.get_num_threads(), logging.getLogger("charcells")
    level, handlers = package_log.level, list(package_log.handlers)
    lightning = {name: logging.getLogger(name).level for name in ("lightning.pytorch", "lightning.fabric")}
    try:
        with leave_signals_alone():
            yield
    except SystemExit as stopped:
        raise KeyboardInterrupt from stopped
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        torch.set_flush_denormal(False)
        package_log.setLevel(level)
        package_log.handlers = handlers
        for name, before in lightning.items():
            logging.getLogger(name).setLevel(before)
