"""A job of a sweep, in the process that trains it: skip, resume or train the run."""

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
from charcells.runs.summary import REQUEUED, Summary
from charcells.signals import Interrupted, StopHandlers, ignore_stop_signals, raise_interrupted
from charcells.slurm import is_job, starts_again
from charcells.sweeps.workers import ask_to_stop, follow_parent, is_parent, stop_signal
from charcells.text.reviews import data_sha256


def run_job(config: Config, folder: Path, cores: int | None, group: str, tags: Sequence[str]) -> None:
    """Skip, resume or train the run in `folder`. A failure is recorded and not raised, so that the sweep continues.

    Raises Interrupted if Slurm starts the job again: if this returned, the launcher would take the job for done.

    If the folder contains a different run (other options, another text or another RESULTS_VERSION), or one that is to
    be trained again, that run is not overwritten but moved into `.replaced` next to it.

    Args:
        config: a checked configuration.
        folder: the run folder.
        cores: number of CPU cores that the run may use; None: all.
        group: name of the sweep, for W&B.
        tags: overrides that distinguish this run, for W&B.
    """
    run = RunFolder(folder)
    worker, written_before = follow_parent(), run.summary_written()
    handlers: AbstractContextManager[None] = nullcontext()
    if worker:  # Ctrl-C reaches every process of a terminal, but the parent decides when its workers stop
        ignore_stop_signals(except_for=signal.SIGTERM)
    elif is_parent() or is_job():  # submitit ignores SIGTERM, and lets a job fail whose time is nearly up
        handlers = StopHandlers(raise_interrupted)
    with handlers:
        try:
            if not stop_signal():
                skip_resume_or_train(config, run, cores, group, tags)
        except Interrupted as stopped:
            if is_job() and not worker and _requeued(run, stopped):
                ignore_stop_signals()  # Slurm is about to end the job
                raise
            ask_to_stop(stopped.number)
        except KeyboardInterrupt:
            ask_to_stop(signal.SIGINT)
        except Busy as error:  # the process that trains there records the outcome
            print(f"error: {error}", file=sys.stderr)
        except UserError as error:
            _record_failure(config, run, error, written_before)
        except Exception as error:  # a bug: show its traceback, but let the other runs continue
            traceback.print_exc()
            _record_failure(config, run, error, written_before)
        finally:
            if worker:
                ignore_stop_signals()


def skip_resume_or_train(
    config: Config, run: RunFolder, cores: int | None = None, group: str | None = None, tags: Sequence[str] = ()
) -> None:
    """Skip a run that is finished, resume one that was interrupted, move any other aside, and train.

    The arguments are those of `run_job`. Raises what `train` raises.
    """
    own = identity(config, data_sha256(config))
    if not config.rerun and run.finished_twin(own) is not None:
        return
    from charcells.training.train import train  # imports torch and lightning, which a skipped run does not need

    run.path.mkdir(parents=True, exist_ok=True)
    with run.hold():  # no other process may be training in a folder that is moved
        summary = run.read_summary()
        same = summary.is_run(own) and not summary.finished
        trained = run.last.exists()
        if summary and trained and not same:
            run.move_aside()
    if same and trained:  # a resume is only bit for bit exact with the same number of threads
        config = dataclasses.replace(config, threads=summary["threads"])
    config = dataclasses.replace(config, rerun=False)
    train(config, run.path, resume=run.has_summary, cores=cores, group=group, tags=tags)


def _requeued(run: RunFolder, stopped: Interrupted) -> bool:
    """Whether Slurm starts this job again. The summary says so first, because Slurm ends the job at once."""
    summary = run.read_summary()
    if summary.status != "interrupted":  # it had not begun, or its last attempt has failed
        return starts_again(stopped)
    run.write_summary(Summary(summary, error=REQUEUED))
    if starts_again(stopped):
        return True
    run.write_summary(summary)
    return False


def _record_failure(config: Config, run: RunFolder, error: Exception, written_before: int | None) -> None:
    """Record the failure of a run that could not record it itself.

    A finished run, or a failure that train() has recorded already, is not overwritten. `written_before` is when the
    summary was last written before this job, in nanoseconds.
    """
    try:
        run.path.mkdir(parents=True, exist_ok=True)
        with run.hold():
            summary = run.read_summary()
            if summary.finished or (summary.status == "failed" and run.summary_written() != written_before):
                return
            run.write_config(config)
            run.write_summary(Summary(summary, status="failed", error=str(error) or type(error).__name__))
    except Busy:  # as in run_job
        print(f"error: {run}: {error}", file=sys.stderr)
    except OSError as unwritable:  # for example a full disk
        print(f"error: {run}: {error} (and this could not be recorded: {unwritable.strerror})", file=sys.stderr)
