"""Train a character-level language model: `python train.py --help`."""

import logging
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

# How long idle OpenMP threads spin; read when torch is imported. The default makes two runs on the same cores
# several times slower, and passive waiting makes a small model alone slower.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from charlm.config import UserError, differences, from_hydra, load, load_for_resume, quote_free_text
from charlm.files import read_samples, read_summary

STARTED = time.time()


FAILED: list[str] = []
"""The runs of a sweep that could not be trained: the sweep goes on without them."""


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(composed: DictConfig) -> None:
    folder = Path(HydraConfig.get().runtime.output_dir)  # Hydra has made it, if it was not there
    in_sweep = HydraConfig.get().mode == RunMode.MULTIRUN
    try:
        if composed.resume is not None:
            resume(composed, Path(composed.resume).expanduser())
        elif in_sweep and (folder / "summary.json").exists():
            run_again(from_hydra(composed), folder)
        else:
            run(from_hydra(composed), folder)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        if not in_sweep:
            sys.exit(1)
        FAILED.append(f"{relative(folder)}: {error}")
    finally:
        remove_new_and_empty(folder)


def run(config: Any, folder: Path, *, resume: bool = False) -> None:
    """Train with a progress bar (where somebody watches) and show the result."""
    log_to_terminal()
    from charlm.training import train  # torch and lightning, which bad input need not wait for

    show(train(config, relative(folder), resume=resume, progress_bar=sys.stderr.isatty()), relative(folder))


def resume(composed: DictConfig, folder: Path) -> None:
    """Continue the run in a folder, with those overrides that a resume accepts."""
    overrides = list(HydraConfig.get().overrides.task)
    if not (folder / "config.yaml").is_file():
        raise UserError(f"resume={folder} is no run folder: it has no config.yaml")
    config = load_for_resume(folder / "config.yaml", composed, overrides)
    if is_finished(folder) and not any(override.startswith("trainer.") for override in overrides):
        print(f"{folder} is finished; trainer.max_epochs= or trainer.max_steps= trains it longer")
        return
    run(config, folder, resume=True)


def run_again(config: Any, folder: Path) -> None:
    """A run of a sweep that has been there before: leave it alone if it is finished, else continue it."""
    saved = from_hydra(load(folder / "config.yaml"))
    different = differences(config, saved)
    if different:
        raise UserError(
            f"{relative(folder)} holds a run with another {', '.join(different)}: remove it, or choose another folder "
            "with hydra.sweep.dir="
        )
    if is_finished(folder):
        print(f"{relative(folder)} is finished")
        return
    run(saved, folder, resume=True)


def remove_new_and_empty(folder: Path) -> None:
    """A refused run leaves nothing behind of what Hydra has made for it, and takes nothing else away."""
    for path in (folder, folder.parent):
        if path == Path.cwd() or not path.is_dir() or any(path.iterdir()) or path.stat().st_ctime < STARTED - 1:
            return
        path.rmdir()


def is_finished(folder: Path) -> bool:
    return read_summary(folder).get("status") == "finished"


def relative(folder: Path) -> Path:
    """The folder as a person would type it."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def log_to_terminal() -> None:
    """Print what charlm logs, above the progress bar where there is one."""
    from tqdm import tqdm

    class Terminal(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tqdm.write(self.format(record), file=sys.stdout)

    logger = logging.getLogger("charlm")
    logger.propagate = False
    if not logger.handlers:  # a multirun comes by often
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
    Console().print(table)
    print(
        f"{number('steps', ',')} steps, {number('chars_seen', ',')} characters in {number('train_seconds', '.1f')} s "
        f"({number('chars_per_second', ',')} characters/s)\n"
    )
    samples = read_samples(folder)
    if samples:
        print("a sample of the last model:\n" + samples[-1]["text"])
    print(f"\nrun folder: {folder}\nmore text:  python sample.py {shlex.quote(f'run={folder}')} prompt='...'")


if __name__ == "__main__":
    try:
        sys.argv[1:] = quote_free_text(sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    if FAILED:
        sys.exit("\n".join([f"{len(FAILED)} of the sweep's runs failed:", *FAILED]))
