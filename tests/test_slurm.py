"""On a real Slurm: a job is told that its time is up, saves its run, is requeued, and ends with the same figures."""

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(6000))
OPTIONS = (
    *("corpus=file", "corpus.path=text.txt", "logger=none", "threads=1", "model.hidden_size=16", "samples.length=0"),
    *("model.embedding_dim=8", "data.batch_size=2", "data.seq_len=8", "trainer.max_epochs=30"),
)


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("sbatch") is None or not ask("sinfo", "-h", "-t", "idle,mix"), reason="needs a running Slurm"
    ),
]


@pytest.fixture
def work(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path


def submit(work, *command, options=()):
    """Submit a batch job; its number."""
    (work / "job.sh").write_text("#!/bin/bash\nexec " + " ".join(command) + "\n")
    limits = ["--requeue", "--mem=1500", "--time=30", "--open-mode=append", "--output=job.out", *options]
    result = subprocess.run(
        ["sbatch", "--parsable", *limits, "job.sh"], cwd=work, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def wait_for(condition, what, seconds=240):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.2)


def figures(folder):
    summary = json.loads((folder / "summary.json").read_text())
    with open(folder / "metrics.csv") as file:
        losses = [(row["step"], row["train/loss"], row["val/loss"]) for row in csv.DictReader(file)]
    return summary["status"], summary["test/loss"], losses


@pytest.mark.parametrize("array", [False, True])
def test_a_job_whose_time_is_up_is_requeued_and_ends_with_the_same_figures(work, array):
    train = [sys.executable, str(ROOT / "train.py"), *OPTIONS]
    subprocess.run([*train, "hydra.run.dir=whole"], cwd=work, check=True, capture_output=True)
    options = ["--array=3"] if array else []
    number = submit(work, *train, "resume=auto", "hydra.run.dir=run", options=options)
    job = f"{number}_3" if array else number
    log, output = work / "run" / "train.log", work / "job.out"

    def said():
        return output.read_text() if output.exists() else "no output"

    wait_for(lambda: log.exists() and "epoch 1/" in log.read_text(), said)
    ask("scancel", "--signal=USR1", "--batch", job)  # what --signal=B:USR1@SECONDS does before the time limit
    wait_for(lambda: "Slurm starts this job again" in said(), said)
    assert figures(work / "run")[0] == "interrupted"
    wait_for(lambda: "PENDING" in ask("squeue", "-h", "-j", number, "-o", "%T"), said)
    ask("scontrol", "update", f"JobId={job}", "StartTime=now")  # Slurm itself would wait for two minutes
    wait_for(lambda: figures(work / "run")[0] == "finished", said)
    assert figures(work / "run") == figures(work / "whole")
    assert "Traceback" not in said()
