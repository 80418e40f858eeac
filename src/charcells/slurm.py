"""Slurm's side of a run: whether Slurm starts its job again after a stop signal, and asking it to."""

import os
import shutil
import subprocess

from charcells.signals import Interrupted

ANSWER_SECONDS = 30
"""How long to wait for scontrol, which may find the controller busy."""


def is_job() -> bool:
    """Whether this process belongs to a job of Slurm."""
    return "SLURM_JOB_ID" in os.environ


def starts_again(stopped: Interrupted) -> bool:
    """Whether Slurm starts this process's job again, now that a signal has stopped it and everything is saved.

    If the job's time is nearly up, or if Slurm has told it to make room for another job (a preemption with a
    GraceTime), the job must ask for it: one that only ended would count as failed. Slurm needs no asking if somebody
    has requeued the job, or once the GraceTime is over. It does not start a job again that was cancelled.
    """
    if stopped.time_is_up:
        return requeue()
    if not is_job():
        return False
    job = _shown()
    if int(job.get("Restarts", "0")) > _restarts():
        return True
    preempted = job.get("JobState") == "RUNNING" and job.get("PreemptTime", "None") != "None"
    return preempted and requeue()


def requeue() -> bool:
    """Ask Slurm to start this process's job again. Returns whether it will.

    It will not outside of a job, on a cluster without requeueing, or if the job was submitted with --no-requeue. If it
    will, it ends all processes of the job at once, so everything must be saved before.
    """
    if not is_job() or os.environ.get("SLURM_PROCID", "0") != "0":
        return False
    return _scontrol("requeue", _job()) is not None


def was_requeued() -> bool:
    """Whether Slurm has started this job before."""
    return _restarts() > 0


def _restarts() -> int:
    """How often Slurm has started this job again."""
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0)


def _job() -> str:
    """The job's number; for a task of a job array those of the array and of the task, such as 7_3."""
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        return f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ.get('SLURM_ARRAY_TASK_ID', '')}"
    return os.environ["SLURM_JOB_ID"]


def _shown() -> dict[str, str]:
    """What Slurm says about this job, such as JobState=RUNNING; empty if it does not answer."""
    words = (_scontrol("show", "job", "--oneliner", _job()) or "").split()
    return dict(word.split("=", 1) for word in words if "=" in word)


def _scontrol(*arguments: str) -> str | None:
    """The output of scontrol; None if it is missing, refuses or does not answer."""
    if shutil.which("scontrol") is None:
        return None
    try:
        asked = subprocess.run(
            ["scontrol", *arguments], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return asked.stdout if asked.returncode == 0 else None
