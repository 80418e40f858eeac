"""The jobs of a sweep as the process that starts it sees them, checked together before any of them begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charcells.config import Config
from charcells.errors import UserError
from charcells.runs.folder import RunFolder
from charcells.runs.identity import identity
from charcells.text.corpus import load_corpus


@dataclass
class Job:
    """A run of a sweep as the process that starts it sees it."""

    folder: RunFolder
    config: Config
    label: str
    """The overrides in which it differs from the other jobs."""
    identity: str | None = None
    """See `runs.identity`; None where its text cannot be read."""
    twin: RunFolder | None = None
    """A finished run that is the same one."""
    error: str | None = None
    """Why it cannot begin, where that is known beforehand."""
    seen: int | None = None
    """When its summary was last written before the sweep began."""

    def outcome(self) -> str | None:
        """What summary.json says since the sweep began: running, finished, failed, interrupted; None: nothing yet."""
        return self.folder.read_summary().status if self.folder.summary_written() != self.seen else None


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
            job.twin = None if job.config.rerun else job.folder.finished_twin(job.identity)
        job.seen = job.folder.summary_written()


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
