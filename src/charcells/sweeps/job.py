"""A run of a sweep in the process that trains it: skip, resume or train it."""

import dataclasses
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from charcells.config import Config
from charcells.errors import Busy, UserError
from charcells.runs.folder import RunFolder
from charcells.runs.identity import identity
from charcells.runs.summary import Summary
from charcells.signals import Interrupted, StopHandlers, ignore_stop_signals, raise_interrupted
from charcells.sweeps.workers import ask_to_stop, follow_parent, is_parent, stop_signal
from charcells.text.corpus import load_corpus


def run_job(config: Config, folder: Path, cores: int | None, group: str, tags: Sequence[str]) -> None:
    """Bring the run in `folder` to its end: skip, resume or train it. A failure is recorded, and the sweep goes on.

    A run that is there and is another one (of other options, another text or another RESULTS_VERSION), or is to be
    run again, is not overwritten but moved into `.replaced` beside it.

    Args:
        config: a checked configuration.
        folder: the run folder.
        cores: how many CPU cores the run may use; None: all.
        group: name of the sweep, for W&B.
        tags: the overrides that make this run, for W&B.
    """
    run = RunFolder(folder)
    worker, seen = follow_parent(), run.summary_written()
    handlers: AbstractContextManager[None] = nullcontext()
    if worker:  # Ctrl-C reaches every process of a terminal; what it means for a sweep is its parent's business
        ignore_stop_signals(but=signal.SIGTERM)
    elif is_parent():
        handlers = StopHandlers(raise_interrupted)
    with handlers:
        try:
            if not stop_signal():
                _run(config, run, cores, group, tags)
        except Interrupted as stopped:
            ask_to_stop(stopped.number)
        except KeyboardInterrupt:
            ask_to_stop(signal.SIGINT)
        except Busy as error:  # the process that trains there keeps the record
            print(f"error: {error}", file=sys.stderr)
        except UserError as error:
            _record_failure(config, run, error, seen)
        except Exception as error:  # a bug of ours: it keeps its traceback, and the other runs their chance
            traceback.print_exc()
            _record_failure(config, run, error, seen)
        finally:
            if worker:
                ignore_stop_signals()


def _run(config: Config, run: RunFolder, cores: int | None, group: str, tags: Sequence[str]) -> None:
    own = identity(config, load_corpus(config.corpus, config.corpora_dir).sha256)
    if not config.rerun and run.finished_twin(own) is not None:
        return
    from charcells.training.train import train  # torch and lightning, which nothing that is skipped need wait for

    run.path.mkdir(parents=True, exist_ok=True)
    with run.hold():  # nobody is to be at work in what is moved
        summary = run.read_summary()
        same = summary.is_run(own) and not summary.finished
        trained = run.last.exists()
        if summary and trained and not same:
            run.move_aside()
    if same and trained:  # bits are equal for equal threads
        config = dataclasses.replace(config, threads=summary["threads"])
    config = dataclasses.replace(config, rerun=False)
    train(config, run.path, resume=run.has_summary, cores=cores, group=group, tags=tags)


def _record_failure(config: Config, run: RunFolder, error: Exception, seen: int | None) -> None:
    """Leave word of a run that failed before it could do so itself. What another run has left is not overwritten.

    `seen`: when its summary had last been written before.
    """
    try:
        run.path.mkdir(parents=True, exist_ok=True)
        with run.hold():
            summary = run.read_summary()
            if summary.finished or (summary.status == "failed" and run.summary_written() != seen):
                return
            run.write_config(config)
            run.write_summary(Summary(summary, status="failed", error=str(error) or type(error).__name__))
    except Busy:  # as above
        print(f"error: {run}: {error}", file=sys.stderr)
    except OSError as unwritable:  # a full disk has no place for the news of itself
        print(f"error: {run}: {error} (and this could not be recorded: {unwritable.strerror})", file=sys.stderr)
