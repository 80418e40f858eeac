"""Train a character-level language model with nn.RNN, nn.GRU or nn.LSTM, and watch it learn to write.

Usage
  python train.py                                    the embedded default corpus, about a minute
  python train.py cell=gru corpus=biblia             another cell, another corpus
  python train.py corpus=file corpus.path=mine.txt   your own text
  python train.py -m cell=rnn,gru,lstm seed=1,2,3    a sweep: one run for each combination, then a table of them all
  python train.py resume=RUN_FOLDER                  go on exactly where a run stopped
"""

import os
import signal
import sys

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(128 + number))  # nothing but imports is interrupted

import logging
import shlex
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

# How long idle OpenMP threads spin; read when torch is imported. The default makes two runs on the same cores
# several times slower, and passive waiting makes a small model alone slower.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from charcells import sweep
from charcells.config import (
    Config,
    Interrupted,
    UserError,
    choices_text,
    cut_short,
    from_hydra,
    help_text,
    load_for_resume,
    quote_free_text,
    stop_signals,
    told_in_lines,
)
from charcells.files import read_samples, read_summary, relative

STARTED = time.time()


FIRST_RANK = os.environ.get("LOCAL_RANK", "0") == "0"
"""Whether this is the process that the user started, not one that Lightning started beside it for a second device."""


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(composed: DictConfig) -> None:
    hydra_config = HydraConfig.get()
    folder = Path(hydra_config.runtime.output_dir)  # Hydra has made it, if it was not there
    if hydra_config.mode == RunMode.MULTIRUN:
        cores = sweep.cores_per_job(hydra_config.launcher)
        place = relative(Path(hydra_config.sweep.dir))
        group = place.relative_to("sweeps").as_posix() if place.is_relative_to("sweeps") else place.name
        tags = list(hydra_config.overrides.task)
        sweep.run_job(from_hydra(composed), relative(folder), cores, group, tags)
        return
    try:
        if composed.resume is not None:
            resume(composed, Path(os.path.expanduser(composed.resume)))
        else:
            run(from_hydra(composed), folder)
    except UserError as error:
        sys.exit(f"error: {error}")
    finally:
        if FIRST_RANK:
            remove_new_and_empty(folder)


def run(config: Any, folder: Path, *, resume: bool = False) -> None:
    """Train with a progress bar (where somebody watches) and show the result."""
    if FIRST_RANK:
        log_to_terminal()
    from charcells.training import train  # torch and lightning, which bad input need not wait for

    watched = FIRST_RANK and sys.stderr.isatty()
    summary = train(config, relative(folder), resume=resume, progress_bar=watched)
    if FIRST_RANK:
        with cut_short():
            show(summary, relative(folder))


def resume(composed: DictConfig, folder: Path) -> None:
    """Continue the run in a folder, with those overrides that a resume accepts."""
    overrides = list(HydraConfig.get().overrides.task)
    if not (folder / "config.yaml").is_file():
        raise UserError(f"resume={folder} is no run folder: it has no config.yaml")
    config = load_for_resume(folder / "config.yaml", composed, overrides)
    finished = read_summary(folder).get("status") == "finished"
    if finished and not any(override.startswith("trainer.") for override in overrides):
        print(f"{folder} is finished; trainer.max_epochs= or trainer.max_steps= trains it longer")
        return
    run(config, folder, resume=True)


def remove_new_and_empty(folder: Path) -> None:
    """A refused run leaves nothing behind of what Hydra has made for it, and takes nothing else away."""
    with suppress(OSError):  # somebody else may be there, or nobody may write
        for path in (folder, folder.parent):
            if path == Path.cwd() or not path.is_dir() or path.stat().st_ctime < STARTED - 1:
                return
            if [inside.name for inside in path.iterdir()] == [".lock"]:
                (path / ".lock").unlink()
            path.rmdir()  # where it is empty


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


def show(summary: dict[str, Any], folder: Path) -> None:
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
    samples = read_samples(folder)
    if samples:
        print("a sample of the last model:\n" + samples[-1]["text"])
    print(f"\nrun folder: {folder}\nmore text:  python sample.py {shlex.quote(f'run={folder}')} prompt='...'")


def help() -> str:
    """What --help prints. Hydra's own would take seconds to list the groups, the more the more plugins there are."""
    return f"""{__doc__}
Choices (group=choice)
{choices_text()}

Options (name=value), each with its default
{help_text(Config)}

--info shows the composed configuration, --hydra-help the flags of Hydra,
-sc install=bash (or zsh, fish) prints the command for shell completion."""


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(help())
        sys.exit()

    def interrupt(number: int, frame: Any) -> None:
        raise Interrupted(128 + number)

    # the other ranks just end: they may wait for one another where Python does not get to hear of a signal
    for number in stop_signals() if FIRST_RANK else ():
        signal.signal(number, interrupt)
    with told_in_lines():
        if FIRST_RANK:  # the others are started with what it has quoted
            sys.argv[1:] = quote_free_text(sys.argv[1:])
        main()
