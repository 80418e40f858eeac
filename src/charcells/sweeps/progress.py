"""How far a sweep is, on the terminal: a line for each run that ends, a bar where somebody watches."""

import statistics
import sys
import threading
import time
from collections.abc import Sequence

from charcells.runs.folder import RunFolder
from charcells.sweeps.plan import Job

LOOK_SECONDS = 0.5
"""From one look into the run folders to the next."""


class Progress:
    """A thread that looks into the run folders of a sweep: a line for each run that ends, a bar where somebody watches.

    Args:
        jobs: of the sweep, planned.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.begun: dict[RunFolder, float] = {}
        self.ended: dict[RunFolder, str] = {}
        self.seconds: list[float] = []
        self.most = 1  # that ran at once
        self._over = threading.Event()
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
            if job.twin is not None:
                where = "" if job.twin == job.folder else f" as {job.twin}"
                self.ended[job.folder] = "skipped"
                self._say(f"skipped   {job.label}: finished already{where} (rerun=true trains it again)")
        self._look()
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()
        self._bar.close()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for job in self.jobs:
            if job.folder in self.ended:
                continue
            outcome = job.outcome()
            if outcome is not None:
                self.begun.setdefault(job.folder, now)
            if outcome in ("finished", "failed", "interrupted"):
                self.ended[job.folder] = outcome
                self.seconds.append(now - self.begun[job.folder])
                self._say(f"{outcome:<9} {job.label}{self._result(job)}")
        self.most = max(self.most, len(self.begun) - len(self.begun.keys() & self.ended.keys()))
        self._bar.n = len(self.ended)
        self._bar.set_postfix_str(self.state())

    def _result(self, job: Job) -> str:
        summary = job.folder.read_summary()
        if summary.status == "failed":
            return f": {summary.error}"
        figures = [f"  {key} {summary[key]:.3f}" for key in ("val/bpc", "test/bpc") if summary.get(key) is not None]
        return "".join(figures) + f"  {self.seconds[-1]:.0f} s"

    def _say(self, line: str) -> None:
        from tqdm import tqdm

        counted = f"[{len(self.ended)}/{len(self.jobs)}, {self.state()}] " if self._bar.disable else ""
        tqdm.write(counted + line, file=sys.stdout)
        sys.stdout.flush()

    def state(self) -> str:
        """How many run, how many failed, and how long the rest may take."""
        running = [folder for folder in self.begun if folder not in self.ended]
        failed = sum(outcome == "failed" for outcome in self.ended.values())
        return f"{len(running)} running, {failed} failed" + self._left(running)

    def _left(self, running: Sequence[RunFolder]) -> str:
        """About how long, judged by the runs of this sweep that have ended; empty before the first has."""
        open_jobs = len(self.jobs) - len(self.ended)
        if not self.seconds or not open_jobs:
            return ""
        each, now = statistics.mean(self.seconds), time.monotonic()
        done = sum(min(now - self.begun[folder], each) for folder in running)
        minutes, seconds = divmod(round((open_jobs * each - done) / self.most), 60)
        return f", about {f'{minutes} min' if minutes else f'{seconds} s'} left"
