"""The jobs of a sweep as its parent sees them, checked together before any of them starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charcells.config import Config
from charcells.errors import UserError
from charcells.runs.folder import RunFolder
from charcells.runs.identity import identity
from charcells.text.reviews import data_sha256


@dataclass
class Job:
    """A run of a sweep, as the parent sees it."""

    folder: RunFolder
    config: Config
    label: str
    """The overrides that distinguish it from the other jobs."""
    identity: str | None = None
    """See `runs.identity`; None if its text cannot be read."""
    finished_twin: RunFolder | None = None
    """The folder of a finished run with the same identity; such a job is skipped."""
    error: str | None = None
    """Why it cannot run, if that is known before it starts."""
    written_before: int | None = None
    """When its summary was last written before the sweep, in nanoseconds; None if it had none."""

    def outcome(self) -> str | None:
        """The status in summary.json if it was written during this sweep: running, finished, failed or interrupted."""
        return self.folder.read_summary().status if self.folder.summary_written() != self.written_before else None


def cores_per_job(launcher: Mapping[str, Any]) -> int | None:
    """The number of CPU cores that each job may use under this launcher; None: all."""
    if "n_jobs" in launcher:  # joblib
        import joblib

        jobs = int(launcher["n_jobs"])
        total: int = joblib.cpu_count()
        return max(1, total // (jobs if jobs > 0 else max(1, total + 1 + jobs)))
    if "cpus_per_task" in launcher:  # submitit, on Slurm or on this machine
        return int(launcher["cpus_per_task"] or 1)
    if "ray" in launcher:
        return max(1, int(launcher["ray"]["remote"].get("num_cpus") or 1))
    return None


def plan(jobs: Sequence[Job], launcher: Mapping[str, Any]) -> None:
    """Check all jobs together, and find those that have already finished. Fills in the fields of each job.

    Raises UserError, before anything is started or written, for jobs that cannot run in a sweep or not together.
    """
    if launcher.get("n_jobs") == 0:
        raise UserError("hydra.launcher.n_jobs=0 runs nothing: it must be at least 1, or -1 for one job per core")
    for job in jobs:
        if job.config.trainer.devices > 1:
            raise UserError(
                f"trainer.devices={job.config.trainer.devices} cannot be used in a sweep: each job would start the "
                "whole sweep again. Run them one by one without -m, or sweep with trainer.devices=1"
            )
        if job.config.resume is not None:
            raise UserError(
                f"resume={job.config.resume} continues one run: leave out -m. To continue a sweep, repeat its command"
            )
        _check_threads(job.config.threads, launcher)
    folders = [job.folder for job in jobs]
    duplicate = next((folder for folder in folders if folders.count(folder) > 1), None)
    if duplicate is not None:
        raise UserError(f"two jobs of this sweep would write into {duplicate}: give each value of an option only once")
    hashes: dict[str, str | UserError] = {}
    for job in jobs:
        key = repr((job.config.task, job.config.corpus, job.config.reviews, job.config.corpora_dir))
        if key not in hashes:
            hashes[key] = _corpus_sha256(job.config)
        found = hashes[key]
        if isinstance(found, UserError):
            job.error = str(found)
        else:
            job.identity = identity(job.config, found)
            job.finished_twin = None if job.config.rerun else job.folder.finished_twin(job.identity)
        job.written_before = job.folder.summary_written()


def _check_threads(threads: int | str, launcher: Mapping[str, Any]) -> None:
    cores = cores_per_job(launcher)
    if isinstance(threads, int) and cores is not None and threads > cores:
        raise UserError(
            f"threads={threads} is more than the {cores} cores of each parallel job, and threads that share a core "
            "are many times slower: use threads=auto, or run fewer jobs at once (hydra.launcher.n_jobs=1)"
        )


def _corpus_sha256(config: Config) -> str | UserError:
    try:
        return data_sha256(config)
    except UserError as error:
        return error
