"""Stopping and going on as a cluster does it: signals of the time limit, resume=auto, other rates, folders of runs."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from charcells import slurm
from charcells.models.checkpoint import read_classifier
from charcells.runs.folder import latest_run, new_run_folder
from charcells.signals import Interrupted
from charcells.training.train import train

ROOT = Path(__file__).parents[2]
TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(3000))
LONG = [
    *("corpus=file", "corpus.path=text.txt", "logger=none", "threads=1", "model.hidden_size=8", "samples.length=0"),
    *("model.embedding_dim=4", "data.batch_size=2", "data.seq_len=8", "trainer.max_epochs=12"),
]


@pytest.fixture
def work(tmp_path, monkeypatch):
    (tmp_path / "text.txt").write_text(TEXT)
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        monkeypatch.delenv(name)
    return tmp_path


def train_py(work, *options, **environment):
    command = [sys.executable, str(ROOT / "train.py"), *LONG, *options]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=work, env={**os.environ, **environment}, text=True, **streams)


def stop_after_an_epoch(process, folder, number):
    """Send a signal once an epoch has been validated; the status of the process and its output."""
    log = folder / "train.log"
    while not (log.exists() and "epoch 1/" in log.read_text()):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def figures(folder):
    summary = json.loads((folder / "summary.json").read_text())
    with open(folder / "metrics.csv") as file:
        losses = [(row["step"], row["train/loss"], row["val/loss"]) for row in csv.DictReader(file)]
    return summary["status"], summary["val/loss"], summary["test/loss"], losses


SLURM = {"SLURM_NTASKS": "1", "SLURM_JOB_ID": "77", "SLURM_JOB_NAME": "train.sh", "SLURM_PROCID": "0"}
SLURM |= {"SLURM_LOCALID": "0", "SLURM_NODEID": "0"}


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_a_run_told_in_a_slurm_job_that_its_time_is_up_goes_on_to_the_same_figures(work, number):
    whole = train_py(work, "hydra.run.dir=whole")
    options = ("resume=auto", "hydra.run.dir=run")
    # a stand-in for scontrol notes what it is asked
    (work / "scontrol").write_text('#!/bin/sh\necho "$@" >> asked\n')
    (work / "scontrol").chmod(0o755)
    environment = {**SLURM, "PATH": f"{work}:{os.environ['PATH']}"}
    status, output = stop_after_an_epoch(train_py(work, *options, **environment), work / "run", number)
    assert status == 128 + number and "Slurm starts this job again" in output, output
    assert (work / "asked").read_text() == "requeue 77\n"
    assert figures(work / "run")[0] == "interrupted"
    assert not list((work / "run").rglob("hpc_ckpt*"))
    again = train_py(work, *options, **environment, SLURM_RESTART_COUNT="1")
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0, output
    whole.communicate(timeout=60)
    assert whole.returncode == 0
    assert figures(work / "run") == figures(work / "whole")
    third = train_py(work, *options)
    assert "run is finished" in third.communicate(timeout=60)[0] and third.returncode == 0
    other = train_py(work, *options, "model.hidden_size=9")
    output, _ = other.communicate(timeout=60)
    assert other.returncode == 1 and "model.hidden_size=9 instead of 8" in output and "Traceback" not in output


def test_four_tasks_without_srun_train_one_run(work):
    process = train_py(work, "trainer.max_epochs=1", **SLURM | {"SLURM_NTASKS": "4"})
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "srun" not in output, output


def test_resume_auto_needs_a_fixed_folder(work):
    output, _ = (process := train_py(work, "resume=auto")).communicate(timeout=60)
    assert process.returncode == 1 and "resume=auto needs a fixed folder: add hydra.run.dir=" in output


@pytest.mark.parametrize("launcher", ["slurm", "ray"])
def test_a_launcher_of_sweeps_is_refused_for_a_single_run(work, launcher):
    pytest.importorskip(
        {"slurm": "hydra_plugins.hydra_submitit_launcher", "ray": "hydra_plugins.hydra_ray_launcher"}[launcher]
    )
    output, _ = (process := train_py(work, f"launcher={launcher}")).communicate(timeout=60)
    assert process.returncode == 1 and f"launcher={launcher} starts the runs of a sweep" in output
    assert not (work / "runs").exists()


def test_scontrol_is_asked_for_the_task_of_an_array(work, monkeypatch):
    (work / "scontrol").write_text(f'#!/bin/sh\necho "$@" > {work}/asked\n')
    (work / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", str(work), prepend=os.pathsep)
    assert not slurm.requeue()  # this is no job
    for name, value in {"SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "3"}.items():
        monkeypatch.setenv(name, value)
    assert slurm.requeue()
    assert (work / "asked").read_text() == "requeue 7_3\n"
    monkeypatch.setenv("SLURM_PROCID", "1")
    assert not slurm.requeue()


@pytest.mark.parametrize(
    ("said", "number", "again", "asked"),
    [
        ("JobState=RUNNING Restarts=0 PreemptTime=2026-01-01T10:00:00", signal.SIGTERM, True, True),  # in a GraceTime
        ("JobState=COMPLETING Restarts=1 PreemptTime=None", signal.SIGTERM, True, False),  # somebody has requeued it
        ("JobState=RUNNING Restarts=0 PreemptTime=None", signal.SIGTERM, False, False),  # kill
        ("JobState=CANCELLED Restarts=0 PreemptTime=2026-01-01T10:00:00", signal.SIGTERM, False, False),  # scancel
        ("", signal.SIGTERM, False, False),
        ("", signal.SIGUSR2, True, True),
    ],
)
def test_a_job_asks_to_start_again_if_it_would_count_as_failed(work, monkeypatch, said, number, again, asked):
    (work / "scontrol").write_text(f'#!/bin/sh\necho "$@" >> {work}/asked\necho JobId=9 {said}\n')
    (work / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", str(work), prepend=os.pathsep)
    assert not slurm.starts_again(Interrupted(number))  # this is no job
    assert not (work / "asked").exists()
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    assert slurm.starts_again(Interrupted(number)) == again
    assert ("requeue 9" in (work / "asked").read_text()) == asked


def test_a_scontrol_that_refuses_is_no_requeue(work, monkeypatch):
    (work / "scontrol").write_text("#!/bin/sh\nexit 1\n")
    (work / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", str(work), prepend=os.pathsep)
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    assert not slurm.requeue()


def test_runs_that_begin_in_the_same_second_have_folders_of_their_own(tmp_path):
    wanted = tmp_path / "runs" / "2026-01-01_00-00-00"
    folders = [new_run_folder(wanted).path for _ in range(3)]
    assert [folder.name for folder in folders] == [wanted.name, f"{wanted.name}_2", f"{wanted.name}_3"]
    assert all(folder.is_dir() for folder in folders)


def test_several_runs_started_at_once_all_train(work):
    processes = [train_py(work, "trainer.max_steps=3", f"seed={seed}") for seed in range(3)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert len(list((work / "runs").glob("*/summary.json"))) == 3


def test_a_refused_run_leaves_no_folder_behind(work):
    process = train_py(work, "corpus.path=missing.txt")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "missing.txt cannot be read" in output
    assert not (work / "runs").exists()


def test_latest_is_the_run_that_was_written_last(tmp_path, capsys):
    for name, written in (("a", 3), ("b", 5), ("c", 4)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text("{}")
        os.utime(folder / "summary.json", (written, written))
    assert latest_run(tmp_path / "runs").path.name == "b"
    assert capsys.readouterr().err == f"latest run: {tmp_path / 'runs' / 'b'}\n"


REVIEWS = [
    *(
        "experiment=film_reviews",
        "corpus=rt_polarity",
        "cell=gru",
        "model.bidirectional=true",
        "logger=none",
        "threads=1",
    ),
    *("model.hidden_size=24", "model.embedding_dim=16", "reviews.min_count=3", "trainer.max_steps=330"),
    *("trainer.val_check_interval=50", "trainer.log_every_n_steps=10"),
]
"""267 steps an epoch."""


@pytest.mark.slow
def test_a_bidirectional_gru_killed_within_an_epoch_of_rt_polarity_goes_on_bit_for_bit(work, public_set):
    public_set("rt_polarity")

    def start(*options):
        command = [sys.executable, str(ROOT / "train.py"), *options]
        environment = {**os.environ, "XDG_CACHE_HOME": str(work / "cache")}
        return subprocess.Popen(command, cwd=work, env=environment, stdout=subprocess.DEVNULL)

    assert start(*REVIEWS, "hydra.run.dir=whole").wait(timeout=900) == 0
    last = work / "run" / "checkpoints" / "last.ckpt"
    killed = start(*REVIEWS, "hydra.run.dir=run")
    while not last.exists() or read_classifier(last).description.step < 100:
        assert killed.poll() is None
        time.sleep(0.02)
    time.sleep(0.1)
    killed.kill()
    assert killed.wait(timeout=60) == -signal.SIGKILL
    assert 100 <= read_classifier(last).description.step < 267
    assert start("resume=run").wait(timeout=900) == 0
    found = []
    for folder in (work / "run", work / "whole"):
        with open(folder / "metrics.csv") as file:
            rows = [{key: row[key] for key in row if key != "reviews_per_second"} for row in csv.DictReader(file)]
        summary = json.loads((folder / "summary.json").read_text())
        figures = {
            key: summary[key] for key in summary if key.startswith(("val/", "test/", "train/", "best_", "steps"))
        }
        weights = read_classifier(folder / "checkpoints" / "last.ckpt").weights
        samples = (folder / "samples.jsonl").read_text()
        found.append((rows, figures, samples, {name: weight.tolist() for name, weight in weights.items()}))
    assert found[0] == found[1]


# another rate from here on


def test_a_run_resumed_with_another_rate_takes_its_steps_at_that_rate(small, tmp_path):
    options = ["scheduler=exponential", "scheduler.gamma=0.5", "scheduler.hold_epochs=1", "optimizer=sgd"]
    short = small(TEXT, "trainer.max_epochs=1", "optimizer.lr=0.1", *options)
    before = train(short, tmp_path / "run")
    longer = small(TEXT, "trainer.max_epochs=3", "optimizer.lr=0.02", *options)
    after = train(longer, tmp_path / "run", resume=True)
    with open(tmp_path / "run" / "metrics.csv") as file:
        rates = [(int(row["step"]), float(row["lr"])) for row in csv.DictReader(file) if row["train/loss"]]
    first = before["steps"]
    assert {round(rate, 9) for step, rate in rates if step <= first} == {0.1}
    # the second epoch follows the schedule from the new rate: held for one epoch, then halved each epoch
    assert {round(rate, 9) for step, rate in rates if first < step <= 2 * first} == {0.01}
    assert {round(rate, 9) for step, rate in rates if step > 2 * first} == {0.005}
    assert after["resumed_from"]["identity"] == before["identity"] != after["identity"]


def test_a_rate_given_again_as_it_was_changes_nothing(small, tmp_path):
    options = ["scheduler=constant", "optimizer.lr=0.01"]
    train(small(TEXT, "trainer.max_epochs=1", *options), tmp_path / "run")
    train(small(TEXT, "trainer.max_epochs=2", *options), tmp_path / "run", resume=True)
    train(small(TEXT, "trainer.max_epochs=2", *options), tmp_path / "whole")
    assert figures(tmp_path / "run") == figures(tmp_path / "whole")
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["resumed_from"] is None


def test_what_the_model_is_cannot_change_when_it_is_resumed(work):
    process = train_py(work, "trainer.max_steps=2", "hydra.run.dir=run")
    process.communicate(timeout=60)
    command = [sys.executable, str(ROOT / "train.py"), "resume=run", "model.hidden_size=9"]
    result = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert result.returncode == 1 and re.search(r"model\.hidden_size cannot change .* optimizer\.lr", result.stderr)
