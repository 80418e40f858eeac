"""Watch the jobs of a sweep while they run; end with a table and a list of failures."""

import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from charcells.errors import Busy, UserError
from charcells.runs.folder import RunFolder
from charcells.signals import Interrupted, StopHandlers
from charcells.sweeps.plan import Job
from charcells.sweeps.progress import Progress
from charcells.sweeps.workers import ask_to_stop, stop_signal, sweep_parent


@contextmanager
def watch(jobs: Sequence[Job], launcher: Mapping[str, Any], *, tables: bool = True) -> Iterator[None]:
    """Show progress while the jobs run inside the block, then print the table of each sweep folder.

    `tables`: whether each sweep folder is a sweep of one design, so that a table of it is meaningful.

    Raises Interrupted if the sweep was stopped by a signal, and SystemExit with the list of failures if there are any.
    """
    is_local = "n_jobs" in launcher or launcher["_target_"].endswith("BasicLauncher")
    stopped_by, shown = 0, True
    with tempfile.TemporaryDirectory(prefix="charcells-") as scratch, ExitStack() as during:
        # joblib replaces a worker that has grown by 300 MB, as one that trains classifiers does; no run is lost by it
        during.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
        if is_local:
            during.enter_context(sweep_parent(Path(scratch)))
            during.enter_context(StopHandlers(_StopAll()))
        try:
            with Progress(jobs):
                yield
        finally:
            stopped_by = stop_signal()
            during.close()
            if tables:
                shown = _close(jobs)
    if stopped_by:
        print("interrupted; the same command continues the sweep", file=sys.stderr)
        raise Interrupted(stopped_by)
    failures = [f"{job.label} ({job.folder}): {failure}" for job in jobs if (failure := _failure(job)) is not None]
    requeued = [f"{job.label} ({job.folder})" for job in jobs if job.folder.read_summary().requeued]
    messages = [f"{len(failures)} of the sweep's runs failed:", *failures] if failures else []
    if requeued:
        messages += ["requeued: Slurm starts these runs again, and the same command shows them then:", *requeued]
    if messages:
        sys.exit("\n".join(messages))
    if not shown:
        sys.exit(1)


class _StopAll:
    """A signal handler that asks all jobs to stop. A second signal does not wait for them."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        ask_to_stop(number)
        print("stopping: each run is saved at the end of its step (repeat to stop at once)", file=sys.stderr)


def _failure(job: Job) -> str | None:
    """Why the job has not finished; None if it has, or if Slurm starts it again."""
    outcome = job.outcome()
    if job.finished_twin is not None or outcome == "finished":
        return None
    if outcome is None and job.identity is not None and job.folder.finished_twin(job.identity):
        return None  # meanwhile the same run has finished under another name
    if job.folder.read_summary().requeued:
        return None
    if outcome == "failed":
        return str(job.folder.read_summary().error)
    try:  # is another process training there?
        if job.folder.path.is_dir():
            with job.folder.hold():
                pass
    except Busy as error:
        return str(error)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    if outcome in ("running", "interrupted"):
        return f"{outcome}, but its process has ended; the same command continues it"
    return job.error or "it did not start; the same command continues it"


def _close(jobs: Sequence[Job]) -> bool:
    """Print the table of each sweep folder that has a run to show. Returns whether all of them could be made.

    A table or picture that fails is reported but not raised: the list of failed runs is still to come.
    """
    for job in jobs:  # Hydra creates a folder for each job; remove those that are empty
        if job.folder.path.is_dir() and job.folder.is_empty:
            shutil.rmtree(job.folder.path)
    complete, folders = True, sorted({job.folder.path.parent for job in jobs})
    shown = [folder for folder in folders if any(RunFolder(path).has_summary for path in folder.glob("*"))]
    if shown:
        from charcells.runs.show import report  # pandas

        for folder in shown:
            try:
                report(folder)
            except (UserError, OSError) as error:
                print(f"error: the table of {folder} is not complete: {error}", file=sys.stderr)
                complete = False
            except Exception:  # a bug
                traceback.print_exc()
                complete = False
    return complete
