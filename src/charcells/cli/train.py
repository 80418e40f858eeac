"""Train a character-level language model with nn.RNN, nn.GRU or nn.LSTM, and see samples while it learns.

Usage
  python train.py                                    the embedded default corpus, about a minute
  python train.py cell=gru corpus=biblia             another cell, another corpus
  python train.py corpus=file corpus.path=mine.txt   your own text
  python train.py -m cell=rnn,gru,lstm seed=1,2,3    a sweep: one run for each combination, then a table of all runs
  python train.py resume=RUN_FOLDER                  continue exactly where a run stopped

`charcells train` is the same as `python train.py`.
"""

import dataclasses
import logging
import math
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from charcells.cli.compose import (
    choices,
    compose_with_hydra,
    config_to_resume,
    is_multirun,
    run_folder,
    run_hydra,
    user_conf_dirs,
)
from charcells.cli.help import help_text
from charcells.config import Config, options, value_of
from charcells.errors import UserError, ignore_closed_pipe
from charcells.files import relative
from charcells.registry import CELLS
from charcells.runs.folder import RunFolder, named_run, new_run_folder
from charcells.runs.identity import NOT_IDENTITY
from charcells.runs.summary import Summary
from charcells.runs.wandb_runs import group_of
from charcells.signals import Interrupted, StopHandlers, ignore_stop_signals, raise_interrupted
from charcells.slurm import starts_again, was_requeued
from charcells.terminal import print_table

if TYPE_CHECKING:
    from rich.table import Table

FIRST_RANK = os.environ.get("LOCAL_RANK", "0") == "0"
"""Whether this is the process that the user started, and not one that Lightning started for another device."""

SHOWN = 100
"""Characters of a review that are shown after the training of a classifier."""


def main(arguments: Sequence[str]) -> None:
    """`python train.py` with these arguments. Raises UserError, Interrupted."""
    if {"-h", "--help"} & set(arguments):
        print(help(arguments))
        return
    # The other ranks just end on a signal. They may be waiting for one another in code in which no handler can run.
    if FIRST_RANK:
        StopHandlers(raise_interrupted).install()
    if any(argument.startswith("-") for argument in arguments):
        refuse_dev_run(arguments)
        run_hydra(job, arguments)
        return
    config, hydra_config = compose_with_hydra(arguments)
    if is_multirun(hydra_config):
        refuse_dev_run(arguments)
        run_hydra(job, arguments)
        return
    refuse_cluster(arguments)
    if config.init_from == "latest":
        config = dataclasses.replace(config, init_from=str(named_run(config.init_from)))
    is_fixed = any(argument.startswith("hydra.run.dir=") for argument in arguments)
    try:
        single_run(config, hydra_config, arguments, is_fixed)
    except Interrupted as stopped:
        # a job that Slurm starts again goes on only if it comes back to the same folder
        if is_fixed and FIRST_RANK and starts_again(stopped):
            ignore_stop_signals()  # Slurm is about to end the job, which is all done
            print("Slurm starts this job again", flush=True)
        raise


def refuse_dev_run(arguments: Sequence[str]) -> None:
    """Raise UserError for trainer.fast_dev_run in a sweep, whose table would have no run to show."""
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name == "trainer.fast_dev_run" and value.lower() not in ("false", "0"):
            raise UserError(f"{argument} tries a single run and keeps nothing: leave it out, or leave out -m")


def refuse_cluster(arguments: Sequence[str]) -> None:
    """Raise UserError for a single run with a launcher of sweeps, which Hydra would ignore."""
    asked = [argument for argument in arguments if argument in ("launcher=slurm", "launcher=ray")]
    if asked:
        raise UserError(
            f"{asked[0]} starts the runs of a sweep, and without -m this is a single run, which would train here: add "
            "-m, or submit this command with sbatch"
        )


def single_run(config: Config, hydra_config: DictConfig, arguments: Sequence[str], is_fixed: bool) -> None:
    """Start or resume the one run that a command line describes.

    `is_fixed`: whether hydra.run.dir= names its folder.
    """
    if config.resume == "auto" or (config.resume is None and is_fixed and was_requeued()):
        if not is_fixed:
            raise UserError("resume=auto needs a fixed folder: add hydra.run.dir=FOLDER")
        start_or_resume(config, RunFolder(relative(run_folder(hydra_config).absolute())))
    elif config.resume is not None:
        folder = RunFolder(named_run(config.resume))
        resume(config, folder, arguments)
    elif is_fixed:
        run(config, RunFolder(relative(run_folder(hydra_config).absolute())))
    else:
        run_in_new_folder(config, run_folder(hydra_config))


def run_in_new_folder(config: Config, wanted: Path) -> None:
    """Train in a folder of this name, with a number behind it if another run that began in this second has it."""
    place_was_there = wanted.parent.is_dir()
    folder = new_run_folder(relative(wanted.absolute()))
    # Lightning starts this command again for each further device, and all processes must use the same folder
    sys.argv.append(f"hydra.run.dir={folder}")
    try:
        run(config, folder)
    finally:
        with suppress(OSError):  # a run that was refused leaves nothing behind
            folder.path.rmdir()
            if not place_was_there:
                wanted.parent.rmdir()


def start_or_resume(config: Config, folder: RunFolder) -> None:
    """resume=auto: begin the run in a folder, or go on with it if the folder has it already."""
    if not folder.has_summary or not folder.has_config:
        run(config, folder)
        return
    stored = folder.read_config()
    different = [
        f"{name}={value_of(config, name)} instead of {value_of(stored, name)}"
        for name, _ in options(Config)
        if name not in NOT_IDENTITY and value_of(config, name) != value_of(stored, name)
    ]
    if different:
        raise UserError(
            f"resume=auto: {folder} holds another run than this one, which has {', '.join(different)}: choose another "
            "hydra.run.dir=, or the same options"
        )
    if folder.read_summary().finished:
        print(f"{folder} is finished")
        return
    run(stored, folder, resume=True)


def job(config: Config, hydra_config: DictConfig) -> None:
    """The function that Hydra calls: a job of a sweep, or a single run that was started with one of Hydra's flags."""
    folder = relative(Path(hydra_config.runtime.output_dir))
    if not is_multirun(hydra_config):
        run(config, RunFolder(folder))
        return
    from charcells.sweeps.job import run_job
    from charcells.sweeps.plan import cores_per_job

    cores = cores_per_job(hydra_config.launcher)
    run_job(config, folder, cores, group_of(Path(hydra_config.sweep.dir)), list(hydra_config.overrides.task))


def run(config: Config, folder: RunFolder, *, resume: bool = False) -> None:
    """Train, with a progress bar on a terminal, and show the result."""
    if FIRST_RANK:
        log_to_terminal()
    from charcells.training.train import (
        train,  # imports torch and lightning, so errors in the input are reported sooner
    )

    watched = FIRST_RANK and sys.stderr.isatty()
    summary = train(config, folder.path, resume=resume, progress_bar=watched)
    if config.trainer.fast_dev_run:
        print("trainer.fast_dev_run: training, validation and test work; nothing was kept")
    elif FIRST_RANK:
        with ignore_closed_pipe():
            show(summary, folder)


def resume(composed: Config, folder: RunFolder, overrides: Sequence[str]) -> None:
    """Continue the run in a folder, with the overrides that a resume allows."""
    if not os.path.exists(folder.path):
        raise UserError(f"resume={folder} does not exist: give a run folder")
    if not folder.has_config:
        what = "it has no config.yaml" if folder.path.is_dir() else "it is a file; give the folder of the run"
        raise UserError(f"resume={folder} is not a run folder: {what}")
    if any(override.startswith("hydra.run.dir=") for override in overrides) and FIRST_RANK:
        raise UserError("hydra.run.dir= has no meaning with resume=: the run goes on in its own folder")
    config = config_to_resume(folder, composed, overrides)
    if folder.read_summary().finished and not any(override.startswith("trainer.") for override in overrides):
        print(f"{folder} is finished; set trainer.max_epochs= or trainer.max_steps= to train it longer")
        return
    run(config, RunFolder(relative(folder.path.absolute())), resume=True)


def log_to_terminal() -> None:
    """Print charcells' log messages, above the progress bar if there is one."""
    from tqdm import tqdm

    class Terminal(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with suppress(OSError):  # a closed terminal must not end the run
                tqdm.write(record.getMessage(), file=sys.stdout)  # tracebacks are for train.log

    logger = logging.getLogger("charcells")
    logger.propagate = False
    logger.addHandler(Terminal())


def show(summary: Summary, run: RunFolder) -> None:
    """Print a short table of the result, a sample, and the next commands."""
    classifies = summary.get("task") == "classify"
    counted, name = ("reviews", "reviews") if classifies else ("chars", "characters")
    print_table(result_table(summary))
    print(
        f"{_number(summary, 'steps', ',')} steps, {_number(summary, f'{counted}_seen', ',')} {name} "
        f"in {_number(summary, 'train_seconds', '.1f')} s ({_number(summary, f'{counted}_per_second', ',')} {name}/s)\n"
    )
    samples = run.read_samples()
    named = shlex.quote(f"run={run}")
    if classifies:
        for sample in [sample for sample in samples if sample["step"] == samples[-1]["step"]]:
            print(f"{sample['kind']}: {sample['label']}, p={sample['probability']:.3f}: {sample['text'][:SHOWN]}")
        print(f"\nrun folder: {run}\nany text:   charcells classify {named} text='...'")
        return
    if samples:
        print("a sample of the last model:\n" + samples[-1]["text"])
    print(f"\nrun folder: {run}\nmore text:  python sample.py {named} prompt='...'")


def result_table(summary: Summary) -> "Table":
    """The figures of a run, with a column for each part that it has: validation, test; training without the former."""
    from rich.table import Table

    chosen = summary.get("val/loss") is not None
    model = f"best model (step {summary['best_step']})" if chosen else f"last model (step {summary['steps']})"
    stages = ["val", "test"] if chosen else ["train", "test"]
    stages = [stage for stage in stages if summary.get(f"{stage}/loss") is not None]
    figures = dict(summary)
    classifies = summary.get("task") == "classify"
    if summary.get("train/loss") is not None and not classifies:
        figures["train/bpc"] = summary["train/loss"] / math.log(2)
    names = {"train": "training", "val": "validation", "test": "test"}
    table = Table("", *(names[stage] for stage in stages), title=f"{summary['corpus']}, {model}")
    for label, key, format in (
        ("bits per character", "bpc", ".3f"),
        ("nats per review" if classifies else "nats per character", "loss", ".4f"),
        ("accuracy", "accuracy", ".1%"),
        ("area under the ROC curve", "auc", ".3f"),
    ):
        if any(figures.get(f"{stage}/{key}") is not None for stage in stages):
            table.add_row(label, *(_number(figures, f"{stage}/{key}", format) for stage in stages))
    if summary.get("ngram/order") is not None:
        label = f"n-gram of order {summary['ngram/order']}, bits"
        table.add_row(label, *(_number(figures, f"ngram/{stage}/bpc", ".3f") for stage in stages))
    if summary.get("tfidf/test/accuracy") is not None or summary.get("tfidf/val/accuracy") is not None:
        label = "accuracy of tf-idf and logistic regression"
        table.add_row(label, *(_number(figures, f"tfidf/{stage}/accuracy", ".1%") for stage in stages))
    return table


def _number(summary: Mapping[str, Any], key: str, format: str) -> str:
    return "-" if summary.get(key) is None else f"{summary[key]:{format}}"


def help(arguments: Sequence[str] = ()) -> str:
    """The text of --help. Hydra's own help takes seconds, and longer with every plugin that is installed."""
    listed = choices(user_conf_dirs(arguments))
    offered = "\n".join(f"  {group}: {', '.join(names)}" for group, names in listed.items())
    cells = "\n".join(
        f"  {name:<10} {help}" for name, help in sorted((cell.name, cell.help) for cell in CELLS.usable())
    )
    return f"""{__doc__}
Choices (group=choice)
{offered}

Cells
{cells}

Options (name=value), each with its default
{help_text(Config)}

--info shows the composed configuration, --hydra-help the flags of Hydra,
-sc install=bash (or zsh, fish) prints the command for shell completion.
hydra.searchpath=[file://FOLDER] adds your own choices from FOLDER/corpus, FOLDER/experiment, ..."""
