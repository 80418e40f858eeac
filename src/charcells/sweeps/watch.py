"""Watch the jobs of a sweep while they run; close with a table and the list of failures."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from charcells.errors import Busy
from charcells.runs.folder import RunFolder
from charcells.signals import Interrupted, StopHandlers
from charcells.sweeps.plan import Job
from charcells.sweeps.progress import Progress
from charcells.sweeps.workers import ask_to_stop, be_parent, stop_signal


@contextmanager
def watch(jobs: Sequence[Job], launcher: Mapping[str, Any], *, tables: bool = True) -> Iterator[None]:
    """While the jobs run inside, show how far they are; then print the table, and exit if not all is well.

    `tables`: whether the sweep folders are sweeps of one design each, of which a table says something.

    Raises Interrupted where the sweep was asked to stop, SystemExit with the list of failures where there are any.
    """
    here = "n_jobs" in launcher or launcher["_target_"].endswith("BasicLauncher")
    asked = 0
    with tempfile.TemporaryDirectory(prefix="charcells-") as scratch, ExitStack() as during:
        if here:
            during.enter_context(be_parent(Path(scratch)))
            during.enter_context(StopHandlers(_StopAll()))
        try:
            with Progress(jobs):
                yield
        finally:
            asked = stop_signal()
            during.close()
            if tables:
                _close(jobs)
    if asked:
        print("interrupted; the same command goes on", file=sys.stderr)
        raise Interrupted(asked)
    failures = [f"{job.label} ({job.folder}): {failure}" for job in jobs if (failure := _failure(job)) is not None]
    if failures:
        sys.exit("\n".join([f"{len(failures)} of the sweep's runs failed:", *failures]))


class _StopAll:
    """A handler that has all jobs stop; a second signal does not wait for them."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        ask_to_stop(number)
        print("stopping: each run saves itself at the end of its step (once more: at once)", file=sys.stderr)


def _failure(job: Job) -> str | None:
    outcome = job.outcome()
    if job.twin is not None or outcome == "finished":
        return None
    if outcome is None and job.identity is not None and job.folder.finished_twin(job.identity):
        return None  # the same run under another name has been finished meanwhile
    if outcome == "failed":
        return str(job.folder.read_summary().error)
    try:
        if job.folder.path.is_dir():
            with job.folder.hold():
                pass
    except Busy as error:
        return str(error)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    if outcome in ("running", "interrupted"):
        return f"{outcome}, but its process has ended; the same command goes on"
    return job.error or "it did not start; the same command goes on"


def _close(jobs: Sequence[Job]) -> None:
    """Print the table of each sweep folder that has a run to show."""
    for job in jobs:  # Hydra has made a folder for each; remove those that nothing was written into
        if job.folder.path.is_dir() and job.folder.is_empty:
            shutil.rmtree(job.folder.path)
    folders = sorted({job.folder.path.parent for job in jobs})
    shown = [folder for folder in folders if any(RunFolder(path).has_summary for path in folder.glob("*"))]
    if shown:
        from charcells.runs.show import report  # pandas

        for folder in shown:
            report(folder)
