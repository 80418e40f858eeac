"""Slurm's side of a run: asking it to start the job again when its time is up."""

import os
import shutil
import subprocess

REQUEUE_SECONDS = 30
"""How long to wait for scontrol, which may find the controller busy."""


def requeue() -> bool:
    """Ask Slurm to start this process's job again. Returns whether it will.

    It will not outside of a job, on a cluster without requeueing, or if the job was submitted with --no-requeue. If it
    will, it ends all processes of the job at once, so everything must be saved before.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ.get('SLURM_ARRAY_TASK_ID', '')}"
    if job is None or os.environ.get("SLURM_PROCID", "0") != "0" or shutil.which("scontrol") is None:
        return False
    try:
        asked = subprocess.run(["scontrol", "requeue", job], capture_output=True, timeout=REQUEUE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def was_requeued() -> bool:
    """Whether Slurm has started this job before."""
    return os.environ.get("SLURM_RESTART_COUNT", "0") not in ("", "0")
