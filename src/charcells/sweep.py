"""A sweep: many runs by one command, each in a folder that is named after its configuration. Hydra is not known here.

The process that starts a sweep plans it (`plan`), and watches it (`watch`): it shows how far the sweep is and closes it
with the table of its runs and the list of what failed. A job, in whatever process or machine it runs, looks for itself
whether there is something to skip, to resume or to train (`run_job`). They meet in the run folders; on one machine a
worker also ends when the process that started it does.
"""

import dataclasses
import itertools
import os
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charcells.config import Busy, Config, Interrupted, UserError, identity, save, stop_signals
from charcells.corpus import load_corpus
from charcells.files import is_run, read_summary, write_summary
from charcells.lock import hold

PARENT = "CHARCELLS_SWEEP_PARENT"
"""Environment variable with the process id that workers on the same machine must not outlive."""

STOP = "CHARCELLS_SWEEP_STOP"
"""Environment variable with the path of a file: once it exists, those workers save their run and stop."""

POLL_SECONDS = 0.2
LOOK_SECONDS = 0.5


# what both sides know


@dataclass
class Job:
    """A run of a sweep as the process that starts it sees it."""

    folder: Path
    config: Config
    label: str
    """The overrides in which it differs from the other jobs."""
    identity: str | None = None
    """See `charcells.config.identity`; None where its text cannot be read."""
    twin: Path | None = None
    """A finished run that is the same one."""
    error: str | None = None
    """Why it cannot begin, where that is known beforehand."""
    seen: int | None = None
    """When its summary was last written before the sweep began."""

    def outcome(self) -> str | None:
        """What summary.json says since the sweep began: running, finished, failed, interrupted; None: nothing yet."""
        return read_summary(self.folder).get("status") if _written(self.folder) != self.seen else None


def cores_per_job(launcher: Mapping[str, Any]) -> int | None:
    """The CPU cores that each job may use, as its launcher runs them; None: all of them."""
    if "n_jobs" in launcher:  # joblib
        import joblib

        jobs = int(launcher["n_jobs"])
        total: int = joblib.cpu_count()
        return max(1, total // (jobs if jobs > 0 else max(1, total + 1 + jobs)))
    if "cpus_per_task" in launcher:  # submitit, on Slurm or here
        return int(launcher["cpus_per_task"] or 1)
    if "ray" in launcher:
        return max(1, int(launcher["ray"]["remote"].get("num_cpus") or 1))
    return None


def finished_twin(folder: Path, own: str) -> Path | None:
    """The finished run in the same sweep folder whose identity is `own`, if there is one."""
    for path in (folder, *(sorted(folder.parent.iterdir()) if folder.parent.is_dir() else [])):
        summary = read_summary(path)
        if summary.get("status") == "finished" and is_run(summary, own):
            return path
    return None


def _written(folder: Path) -> int | None:
    try:
        return (folder / "summary.json").stat().st_mtime_ns
    except OSError:
        return None


# the side of a job


def run_job(config: Config, folder: Path, cores: int | None, group: str, tags: Sequence[str]) -> None:
    """Bring the run in `folder` to its end: skip, resume or train it. A failure is recorded, and the sweep goes on.

    A run that is there and is another one (of other options, another text or another version of charcells), or is to be
    run again, is not overwritten but moved into `.replaced` beside it.

    Args:
        config: a checked configuration.
        folder: the run folder.
        cores: how many CPU cores the run may use; None: all.
        group: name of the sweep, for W&B.
        tags: the overrides that make this run, for W&B.
    """
    worker, seen = _follow_parent(), _written(folder)
    before = {number: signal.getsignal(number) for number in stop_signals()}
    if worker:  # Ctrl-C reaches every process of a terminal; what it means for a sweep is its parent's business
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _interrupt)
    elif _is_parent():
        for number in before:
            signal.signal(number, _interrupt)
    try:
        if not _asked_to_stop():
            _run(config, folder, cores, group, tags)
    except Interrupted as stopped:
        _ask_to_stop(int(str(stopped.code)) - 128)
    except KeyboardInterrupt:
        _ask_to_stop(signal.SIGINT)
    except Busy as error:  # whoever trains there keeps the record
        print(f"error: {error}", file=sys.stderr)
    except UserError as error:
        _record_failure(config, folder, error, seen)
    except Exception as error:  # a bug of ours: it keeps its traceback, and the other runs their chance
        traceback.print_exc()
        _record_failure(config, folder, error, seen)
    finally:
        if worker:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        elif _is_parent():
            for number, handler in before.items():
                signal.signal(number, handler)


def _run(config: Config, folder: Path, cores: int | None, group: str, tags: Sequence[str]) -> None:
    own = identity(config, load_corpus(config.corpus, config.corpora_dir).sha256)
    if not config.rerun and finished_twin(folder, own) is not None:
        return
    from charcells.training import train  # torch and lightning, which nothing that is skipped need wait for

    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder):  # nobody is to be at work in what is moved
        summary = read_summary(folder)
        same = is_run(summary, own) and summary["status"] != "finished"
        trained = (folder / "checkpoints" / "last.ckpt").exists()
        if summary and trained and not same:
            _move_aside(folder)
    if same and trained:  # bits are equal for equal threads
        config = dataclasses.replace(config, threads=summary["threads"])
    resume = (folder / "summary.json").exists()
    train(dataclasses.replace(config, rerun=False), folder, resume=resume, cores=cores, group=group, tags=tags)


def _move_aside(folder: Path) -> None:
    place = folder.parent / ".replaced"
    place.mkdir(exist_ok=True)
    names = (f"{folder.name}_{number}" for number in itertools.count(1))
    folder.rename(next(place / name for name in names if not (place / name).exists()))


def _record_failure(config: Config, folder: Path, error: Exception, seen: int | None) -> None:
    """Leave word of a run that failed before it could do so itself. What another run has left is not overwritten.

    `seen`: when its summary had last been written before.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with hold(folder):
            summary = read_summary(folder)
            if summary.get("status") == "finished" or (summary.get("status") == "failed" and _written(folder) != seen):
                return
            save(config, folder / "config.yaml")
            write_summary(folder, summary | {"status": "failed", "error": str(error) or type(error).__name__})
    except Busy:  # as above
        print(f"error: {folder}: {error}", file=sys.stderr)
    except OSError as unwritable:  # a full disk has no place for the news of itself
        print(f"error: {folder}: {error} (and this could not be recorded: {unwritable.strerror})", file=sys.stderr)


def _is_parent() -> bool:
    return os.environ.get(PARENT) == str(os.getpid())


def _follow_parent() -> bool:
    """In a worker on the parent's machine: end when it ends, stop when it says so. Returns whether this is one."""
    if PARENT not in os.environ or _is_parent():
        return False
    if not any(thread.name == PARENT for thread in threading.enumerate()):
        threading.Thread(target=_follow, args=(int(os.environ[PARENT]),), name=PARENT, daemon=True).start()
    return True


def _follow(parent: int) -> None:
    told = False
    while True:
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)  # a run folder is whole at any moment; two writers would spoil it
        if _asked_to_stop() and not told:
            told = True
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(POLL_SECONDS)


def _interrupt(number: int, frame: Any) -> None:
    raise Interrupted(128 + number)


def _asked_to_stop() -> bool:
    return STOP in os.environ and Path(os.environ[STOP]).exists()


def _ask_to_stop(number: int) -> None:
    """Have all jobs on this machine stop, as after the signal of that number; the first one counts."""
    if STOP in os.environ and not _asked_to_stop():
        Path(os.environ[STOP]).write_text(str(number))


# the side of the process that starts the sweep


def plan(jobs: Sequence[Job], launcher: Mapping[str, Any]) -> None:
    """Check what can only be checked of all jobs together, and look which are done already.

    Raises UserError, before anything is started or written, for jobs that cannot run in a sweep, or not in this one.
    """
    if launcher.get("n_jobs") == 0:
        raise UserError("hydra.launcher.n_jobs=0 runs nothing: it must be at least 1, or -1 for as many as cores")
    for job in jobs:
        if job.config.trainer.devices > 1:
            raise UserError(
                f"trainer.devices={job.config.trainer.devices} cannot be swept: each job would start the whole sweep "
                "again. Run them one by one without -m, or sweep with trainer.devices=1"
            )
        if job.config.resume is not None:
            raise UserError(
                f"resume={job.config.resume} continues one run: leave -m out. A sweep is continued by its own command"
            )
        _check_threads(job.config.threads, launcher)
    folders = [job.folder for job in jobs]
    twice = next((folder for folder in folders if folders.count(folder) > 1), None)
    if twice is not None:
        raise UserError(f"two jobs of this sweep would write into {twice}: name each value of an option once")
    hashes: dict[str, str | UserError] = {}
    for job in jobs:
        key = repr((job.config.corpus, job.config.corpora_dir))
        if key not in hashes:
            hashes[key] = _corpus_sha256(job.config)
        found = hashes[key]
        if isinstance(found, UserError):
            job.error = str(found)
        else:
            job.identity = identity(job.config, found)
            job.twin = None if job.config.rerun else finished_twin(job.folder, job.identity)
        job.seen = _written(job.folder)


def _check_threads(threads: int | str, launcher: Mapping[str, Any]) -> None:
    cores = cores_per_job(launcher)
    if isinstance(threads, int) and cores is not None and threads > cores:
        raise UserError(
            f"threads={threads} is more than the {cores} that each of the jobs side by side has, and threads that "
            "fight for a core are many times slower: leave threads=auto, or run fewer at once (hydra.launcher.n_jobs=1)"
        )


def _corpus_sha256(config: Config) -> str | UserError:
    try:
        return load_corpus(config.corpus, config.corpora_dir).sha256
    except UserError as error:
        return error


@contextmanager
def watch(jobs: Sequence[Job], launcher: Mapping[str, Any], *, tables: bool = True) -> Iterator[None]:
    """While the jobs run inside, show how far they are; then print the table, and exit if not all is well.

    `tables`: whether the sweep folders are sweeps of one design each, of which a table says something.

    Raises Interrupted where the sweep was asked to stop, SystemExit with the list of failures where there are any.
    """
    here = "n_jobs" in launcher or launcher["_target_"].endswith("BasicLauncher")
    with tempfile.TemporaryDirectory(prefix="charcells-") as scratch:
        stopped: list[int] = []
        before = {}
        if here:
            os.environ |= {PARENT: str(os.getpid()), STOP: f"{scratch}/stop"}

            def stop(number: int, frame: Any) -> None:
                if stopped:
                    raise KeyboardInterrupt
                stopped.append(number)
                _ask_to_stop(number)
                print("stopping: each run saves itself at the end of its step (once more: at once)", file=sys.stderr)

            before = {number: signal.signal(number, stop) for number in stop_signals()}
        progress = Progress(jobs)
        try:
            with progress:
                yield
        finally:
            asked = int(Path(os.environ[STOP]).read_text()) if _asked_to_stop() else 0
            for number, handler in before.items():
                signal.signal(number, handler)
            os.environ.pop(PARENT, None)
            os.environ.pop(STOP, None)
            if tables:
                _close(jobs)
    if asked:
        print("interrupted; the same command goes on", file=sys.stderr)
        raise Interrupted(128 + asked)
    failures = [f"{job.label} ({job.folder}): {failure}" for job in jobs if (failure := _failure(job)) is not None]
    if failures:
        sys.exit("\n".join([f"{len(failures)} of the sweep's runs failed:", *failures]))


def _failure(job: Job) -> str | None:
    outcome = job.outcome()
    if job.twin is not None or outcome == "finished":
        return None
    if outcome is None and job.identity is not None and finished_twin(job.folder, job.identity):
        return None  # the same run under another name has been finished meanwhile
    if outcome == "failed":
        return str(read_summary(job.folder).get("error"))
    try:
        if job.folder.is_dir():
            with hold(job.folder):
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
    for job in jobs:  # Hydra has made a folder for each; those that nothing has come to go
        if job.folder.is_dir() and {path.name for path in job.folder.iterdir()} <= {".lock"}:
            shutil.rmtree(job.folder)
    folders = sorted({job.folder.parent for job in jobs})
    shown = [folder for folder in folders if any(folder.glob("*/summary.json"))]
    if shown:
        from charcells.runs import report  # pandas

        for folder in shown:
            report(folder)


class Progress:
    """A thread that looks into the run folders of a sweep: a line for each run that ends, a bar where somebody watches.

    Args:
        jobs: of the sweep, planned.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.begun: dict[Path, float] = {}
        self.ended: dict[Path, str] = {}
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
        summary = read_summary(job.folder)
        if summary["status"] == "failed":
            return f": {summary.get('error')}"
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

    def _left(self, running: Sequence[Path]) -> str:
        """About how long, judged by the runs of this sweep that have ended; empty before the first has."""
        open_jobs = len(self.jobs) - len(self.ended)
        if not self.seconds or not open_jobs:
            return ""
        each, now = statistics.mean(self.seconds), time.monotonic()
        done = sum(min(now - self.begun[folder], each) for folder in running)
        minutes, seconds = divmod(round((open_jobs * each - done) / self.most), 60)
        return f", about {f'{minutes} min' if minutes else f'{seconds} s'} left"
