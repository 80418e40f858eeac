"""Progress of a sweep on the terminal: a line for each run that ends, and a bar if it is a terminal."""

import statistics
import sys
import threading
import time
from collections.abc import Sequence

from charcells.runs.folder import RunFolder
from charcells.sweeps.plan import Job

POLL_SECONDS = 0.5
"""Time between two looks at the run folders."""


class Progress:
    """A thread that polls the run folders of a sweep. Prints a line for each run that ends; shows a bar on a terminal.

    Args:
        jobs: all jobs of the sweep, after `plan`.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.started: dict[RunFolder, float] = {}
        self.ended: dict[RunFolder, str] = {}
        self.requeued: set[RunFolder] = set()
        self.seconds: list[float] = []
        self.max_running = 1  # most runs at the same time so far
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=len(self.jobs),
            desc="sweep",
            disable=not sys.stderr.isatty(),
            bar_format="{desc} {bar} {n_fmt}/{total_fmt} {postfix}",
        )
        for job in self.jobs:
            if job.finished_twin is not None:
                where = "" if job.finished_twin == job.folder else f" as {job.finished_twin}"
                self.ended[job.folder] = "skipped"
                self._say(f"skipped   {job.label}: already finished{where} (rerun=true trains it again)")
        self._poll()
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()
        self._poll()  # runs may have ended since the last look
        self._bar.close()

    def _watch(self) -> None:
        while not self._done.wait(POLL_SECONDS):
            self._poll()

    def _poll(self) -> None:
        now = time.monotonic()
        for job in self.jobs:
            if job.folder in self.ended:
                continue
            outcome = job.outcome()
            if outcome is not None:
                self.started.setdefault(job.folder, now)
            if outcome == "interrupted" and job.folder.read_summary().requeued:
                if job.folder not in self.requeued:
                    self._say(f"requeued  {job.label}")
                self.requeued.add(job.folder)
            elif outcome in ("finished", "failed", "interrupted"):
                self.ended[job.folder] = outcome
                self.seconds.append(now - self.started[job.folder])
                self._say(f"{outcome:<9} {job.label}{self._result(job)}")
        self.max_running = max(self.max_running, len(self.started.keys() - self.ended.keys()))
        self._bar.n = len(self.ended)
        self._bar.set_postfix_str(self.state())

    def _result(self, job: Job) -> str:
        summary = job.folder.read_summary()
        if summary.status == "failed":
            return f": {summary.error}"
        keys = ("val/accuracy", "test/accuracy") if summary.get("task") == "classify" else ("val/bpc", "test/bpc")
        figures = [f"  {key} {summary[key]:.3f}" for key in keys if summary.get(key) is not None]
        return "".join(figures) + f"  {self.seconds[-1]:.0f} s"

    def _say(self, line: str) -> None:
        from tqdm import tqdm

        counted = f"[{len(self.ended)}/{len(self.jobs)}, {self.state()}] " if self._bar.disable else ""
        tqdm.write(counted + line, file=sys.stdout)
        sys.stdout.flush()

    def state(self) -> str:
        """Number of running and failed runs, and an estimate of the remaining time."""
        running = [folder for folder in self.started if folder not in self.ended]
        failed = sum(outcome == "failed" for outcome in self.ended.values())
        return f"{len(running)} running, {failed} failed" + self._time_left(running)

    def _time_left(self, running: Sequence[RunFolder]) -> str:
        """The remaining time, estimated from the runs of this sweep that have ended; empty before the first has."""
        open_jobs = len(self.jobs) - len(self.ended)
        if not self.seconds or not open_jobs:
            return ""
        each, now = statistics.mean(self.seconds), time.monotonic()
        done = sum(min(now - self.started[folder], each) for folder in running)
        minutes, seconds = divmod(round((open_jobs * each - done) / self.max_running), 60)
        return f", about {f'{minutes} min' if minutes else f'{seconds} s'} left"
