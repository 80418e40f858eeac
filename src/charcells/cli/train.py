"""Train a character-level language model with nn.RNN, nn.GRU or nn.LSTM, and watch it learn to write.

Usage
  python train.py                                    the embedded default corpus, about a minute
  python train.py cell=gru corpus=biblia             another cell, another corpus
  python train.py corpus=file corpus.path=mine.txt   your own text
  python train.py -m cell=rnn,gru,lstm seed=1,2,3    a sweep: one run for each combination, then a table of them all
  python train.py resume=RUN_FOLDER                  continue exactly where a run stopped

`charcells train` is the same as `python train.py`.
"""

import logging
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from omegaconf import DictConfig

from charcells.cli.compose import (
    choices,
    compose_with_hydra,
    config_to_resume,
    is_multirun,
    own_conf_dirs,
    run_hydra,
)
from charcells.config import Config, help_text
from charcells.errors import UserError, ignore_closed_pipe
from charcells.files import relative
from charcells.runs.folder import RunFolder
from charcells.runs.summary import Summary
from charcells.signals import StopHandlers, raise_interrupted

FIRST_RANK = os.environ.get("LOCAL_RANK", "0") == "0"
"""Whether this is the process that the user started, not one that Lightning started beside it for a second device."""


def main(arguments: Sequence[str]) -> None:
    """`python train.py` with these arguments. Raises UserError, Interrupted."""
    if {"-h", "--help"} & set(arguments):
        print(help(arguments))
        return
    # the other ranks just end: they may wait for one another where Python does not get to hear of a signal
    if FIRST_RANK:
        StopHandlers(raise_interrupted).install()
    if any(argument.startswith("-") for argument in arguments):
        run_hydra(job, arguments)
        return
    config, hydra_config = compose_with_hydra(arguments)
    if is_multirun(hydra_config):
        run_hydra(job, arguments)
    elif config.resume is not None:
        resume(config, RunFolder(Path(os.path.expanduser(config.resume))), arguments)
    else:
        folder = Path(hydra_config.run.dir)
        # Lightning starts this command again for each further device, and all are to use one folder
        sys.argv.append(f"hydra.run.dir={folder}")
        run(config, RunFolder(relative(folder.absolute())))


def job(config: Config, hydra_config: DictConfig) -> None:
    """What Hydra calls: a job of a sweep, or a single run that was started with one of Hydra's flags."""
    folder = relative(Path(hydra_config.runtime.output_dir))
    if not is_multirun(hydra_config):
        run(config, RunFolder(folder))
        return
    from charcells.sweeps.job import run_job
    from charcells.sweeps.plan import cores_per_job

    cores = cores_per_job(hydra_config.launcher)
    place = relative(Path(hydra_config.sweep.dir))
    group = place.relative_to("sweeps").as_posix() if place.is_relative_to("sweeps") else place.name
    run_job(config, folder, cores, group, list(hydra_config.overrides.task))


def run(config: Config, folder: RunFolder, *, resume: bool = False) -> None:
    """Train with a progress bar (where somebody watches) and show the result."""
    if FIRST_RANK:
        log_to_terminal()
    from charcells.training.train import train  # torch and lightning, which bad input need not wait for

    watched = FIRST_RANK and sys.stderr.isatty()
    summary = train(config, folder.path, resume=resume, progress_bar=watched)
    if FIRST_RANK:
        with ignore_closed_pipe():
            show(summary, folder)


def resume(composed: Config, folder: RunFolder, overrides: Sequence[str]) -> None:
    """Continue the run in a folder, with those overrides that a resume accepts."""
    if not folder.has_config:
        raise UserError(f"resume={folder} is no run folder: it has no config.yaml")
    config = config_to_resume(folder, composed, overrides)
    if folder.read_summary().finished and not any(override.startswith("trainer.") for override in overrides):
        print(f"{folder} is finished; trainer.max_epochs= or trainer.max_steps= trains it longer")
        return
    run(config, RunFolder(relative(folder.path.absolute())), resume=True)


def log_to_terminal() -> None:
    """Print what charcells logs, above the progress bar where there is one."""
    from tqdm import tqdm

    class Terminal(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with suppress(OSError):  # a terminal that has been closed ends no run
                tqdm.write(self.format(record), file=sys.stdout)

    logger = logging.getLogger("charcells")
    logger.propagate = False
    logger.addHandler(Terminal())


def show(summary: Summary, run: RunFolder) -> None:
    """A short table of the result, and where to look further."""
    from rich.console import Console
    from rich.table import Table

    def number(key: str, format: str) -> str:
        return "-" if summary.get(key) is None else f"{summary[key]:{format}}"

    table = Table("", "validation", "test", title=f"{summary['corpus']}, best model (step {number('best_step', '')})")
    for label, key, format in (
        ("bits per character", "bpc", ".3f"),
        ("nats per character", "loss", ".4f"),
        ("accuracy", "accuracy", ".1%"),
    ):
        table.add_row(label, number(f"val/{key}", format), number(f"test/{key}", format))
    if summary["ngram/order"] is not None:
        label = f"n-gram of order {summary['ngram/order']}, bits"
        table.add_row(label, number("ngram/val/bpc", ".3f"), number("ngram/test/bpc", ".3f"))
    console = Console()
    with console.capture() as drawn:  # rich itself would end the program where nobody reads on
        console.print(table)
    print(drawn.get(), end="")
    print(
        f"{number('steps', ',')} steps, {number('chars_seen', ',')} characters in {number('train_seconds', '.1f')} s "
        f"({number('chars_per_second', ',')} characters/s)\n"
    )
    samples = run.read_samples()
    if samples:
        print("a sample of the last model:\n" + samples[-1]["text"])
    print(f"\nrun folder: {run}\nmore text:  python sample.py {shlex.quote(f'run={run}')} prompt='...'")


def help(arguments: Sequence[str] = ()) -> str:
    """What --help prints. Hydra's own would take seconds to list the groups, the more the more plugins there are."""
    listed = choices(own_conf_dirs(arguments))
    offered = "\n".join(f"  {group}: {', '.join(names)}" for group, names in listed.items())
    return f"""{__doc__}
Choices (group=choice)
{offered}

Options (name=value), each with its default
{help_text(Config)}

--info shows the composed configuration, --hydra-help the flags of Hydra,
-sc install=bash (or zsh, fish) prints the command for shell completion.
hydra.searchpath=[file://FOLDER] adds choices of your own, in FOLDER/corpus, FOLDER/experiment, ..."""
