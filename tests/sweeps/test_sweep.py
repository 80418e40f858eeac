"""Sweeps: what is skipped, resumed, trained again or refused; that nothing is lost and nobody left behind."""

import csv
import dataclasses
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from charcells.cli.compose import CONF_DIR
from charcells.config import Config
from charcells.errors import UserError
from charcells.runs.folder import RunFolder
from charcells.runs.identity import RESULTS_VERSION, identity
from charcells.signals import Interrupted
from charcells.sweeps import plan as planning
from charcells.sweeps import workers
from charcells.sweeps.job import run_job
from charcells.sweeps.plan import Job, cores_per_job, plan
from charcells.sweeps.progress import Progress
from charcells.sweeps.watch import watch
from charcells.training.train import train

Small = Callable[..., Config]
Command = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
TEXT = "the quick brown fox jumps over the lazy dog; she sells sea shells.\n" * 60
TINY = (
    "corpus=file",
    "corpus.path=text.txt",
    "logger=none",
    "model.hidden_size=8",
    "model.embedding_dim=4",
    "data.batch_size=4",
    "data.seq_len=20",
    "trainer.max_epochs=2",
    "samples.length=5",
)
SLURM = {"_target_": "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher", "cpus_per_task": 1}
JOBLIB = {"_target_": "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher", "n_jobs": 1}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.delenv("CHARCELLS_CORPORA", raising=False)
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path_factory.getbasetemp() / "matplotlib"))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder in which `command` runs, with a text in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "text.txt").write_text(TEXT, encoding="utf-8")
    return folder


def run_folders(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/summary.json"))


def losses(folder: Path) -> list[list[str]]:
    """metrics.csv without the speed, which no two runs share."""
    with open(folder / "metrics.csv", newline="", encoding="utf-8") as file:
        return [row[:-1] for row in csv.reader(file)]


def written(folder: Path) -> dict[Path, int]:
    """When each file of each run was last written."""
    return {path: path.stat().st_mtime_ns for run in run_folders(folder) for path in run.rglob("*")}


def job(folder: Path, config: Config) -> Job:
    return Job(RunFolder(folder), config, folder.name)


# a sweep as a person runs it


def test_a_sweep_runs_side_by_side_as_one_after_another_skips_what_is_done_and_runs_it_again(
    command: Command, work: Path
) -> None:
    arguments = ("-m", *TINY, "cell=rnn,gru")
    result = command("train.py", *arguments)
    assert result.returncode == 0, result.stderr
    folder = work / "sweeps" / "file"
    runs = run_folders(folder)
    assert len(runs) == 2 and all(RunFolder(run).read_summary()["status"] == "finished" for run in runs)
    assert {RunFolder(run).read_summary()["threads"] for run in runs} == {1}
    assert {path.name for path in folder.iterdir() if path.is_file()} == {"runs.csv", "table.csv", "runs.png"}
    assert len(re.findall(r"^\[\d/2.* finished", result.stdout, re.M)) == 2

    serial = command("train.py", *arguments, "hydra.sweep.dir=serial", "hydra.launcher.n_jobs=1", "threads=1")
    assert serial.returncode == 0, serial.stderr
    for run in runs:
        cell = RunFolder(run).read_summary()["cell"]
        (twin,) = [other for other in run_folders(work / "serial") if RunFolder(other).read_summary()["cell"] == cell]
        assert losses(run) == losses(twin)
        ours, theirs = (
            torch.load(path / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for path in (run, twin)
        )
        assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)

    before = written(folder)
    again = command("train.py", *arguments)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("already finished") == 2
    assert written(folder) == before

    again = command("train.py", *arguments, "rerun=true")
    assert again.returncode == 0, again.stderr
    assert run_folders(folder) == runs
    assert not before.items() & written(folder).items()
    assert len(run_folders(folder / ".replaced")) == 2


def test_a_run_that_fails_is_recorded_and_listed_and_the_others_complete(command: Command, work: Path) -> None:
    paths = "corpus.path=text.txt,missing.txt"
    result = command("train.py", "-m", *(option for option in TINY if "corpus.path" not in option), paths)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "1 of the sweep's runs failed:" in result.stderr and "missing.txt cannot be read" in result.stderr
    states = {
        RunFolder(run).read_summary()["status"]: RunFolder(run).read_summary()
        for run in run_folders(work / "sweeps" / "file")
    }
    assert states.keys() == {"finished", "failed"}
    assert "missing.txt" in states["failed"]["error"]

    (work / "missing.txt").write_text(TEXT[::-1], encoding="utf-8")
    repaired = command("train.py", "-m", *(option for option in TINY if "corpus.path" not in option), paths)
    assert repaired.returncode == 0, repaired.stderr
    assert {RunFolder(run).read_summary()["status"] for run in run_folders(work / "sweeps" / "file")} == {"finished"}


@pytest.mark.slow
def test_a_sweep_over_corpora_lies_in_one_folder(command: Command, work: Path) -> None:
    tiny = [option for option in TINY if not option.startswith("corpus")]
    arguments = ("corpus=pydoc,stdlib", "corpus.max_chars=3000", "trainer.max_steps=2")
    result = command("train.py", "-m", *tiny, *arguments)
    assert result.returncode == 0, result.stderr
    assert [path.name for path in (work / "sweeps").iterdir()] == ["pydoc,stdlib"]
    assert len(run_folders(work / "sweeps" / "pydoc,stdlib")) == 2


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["data.batch_size=4,0"], ["data.batch_size=0", "at least 1"]),
        (["trainer.devices=2", "seed=1,2"], ["trainer.devices=2", "without -m"]),
        (["seed=1,1"], ["two jobs"]),
        (["resume=a,b"], ["resume=a", "leave out -m"]),
        (["threads=99", "seed=1,2"], ["threads=99", "threads=auto"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_what_cannot_be_swept_is_refused_before_anything_starts(
    command: Command, work: Path, arguments: list[str], messages: list[str]
) -> None:
    result = command("train.py", "-m", *TINY, *arguments)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    for message in messages:
        assert message in result.stderr
    assert [path.name for path in work.iterdir()] == ["text.txt"]


def test_wandb_groups_the_runs_of_a_sweep(command: Command, work: Path, wandb_records: Any) -> None:
    """Read back from the files that an offline sweep leaves, which is what `wandb sync` uploads."""
    tiny = [option for option in TINY if not option.startswith("logger")]
    result = command(
        "train.py",
        "-m",
        *tiny,
        "logger=wandb",
        "logger.mode=offline",
        "cell=rnn,gru",
        "hydra.launcher.n_jobs=1",  # one process runs both
        "optimizer.lr=0.01,1e30",
        "hydra.sweep.dir=sweeps/mine/here",  # a group of its own beside sweeps/yours/here
    )
    assert result.returncode == 1  # a rate of 1e30 diverges
    seen = {}
    for path in (work / "sweeps").rglob("*.wandb"):
        records = list(wandb_records(path))
        (run,) = [record.run for record in records if record.HasField("run")][:1]
        config = {update.key: json.loads(update.value_json) for update in run.config.update}
        (end,) = [record.exit.exit_code for record in records if record.HasField("exit")]
        logged = {item.key or "/".join(item.nested_key) for r in records for item in r.history.item}
        seen[run.display_name] = (run, config, end, logged)
    assert len(seen) == 4 and len({run.run_id for run, *_ in seen.values()}) == 4
    for run, config, end, logged in seen.values():
        assert (run.run_group, run.job_type) == ("mine/here", "train")
        assert f"cell={config['cell']}" in run.tags
        assert {"cell", "num_layers", "batch_size", "train_fraction", "seed"} <= config.keys()
        diverges = "optimizer.lr=0.01" not in run.tags
        assert end == (1 if diverges else 0)
        assert diverges or {"chars_seen", "train/loss", "val/bpc"} <= logged


# killed, and told to stop


@pytest.fixture
def started(work: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a sweep of four runs, some seconds each, in a session of its own."""
    command = [sys.executable, str(ROOT / "train.py"), "-m", *TINY, "cell=rnn,gru", "seed=1,2"]
    command += ["trainer.max_epochs=40", "hydra.launcher.n_jobs=2", "logger=wandb", "logger.mode=offline"]
    processes: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, cwd=work, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def members(session: int) -> list[str]:
    """The processes of a session that are not just waiting to be reaped."""
    listed = subprocess.run(["ps", "-eo", "sid,stat,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [row[2] for row in rows if row[0] == str(session) and not row[1].startswith("Z")]


def wait_for(folder: Path, ready: Callable[[list[str]], bool]) -> None:
    until = time.monotonic() + 120
    while not ready([RunFolder(run).read_summary()["status"] for run in run_folders(folder)]):
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_stopped_sweep_leaves_nobody_behind_and_the_same_command_completes_it(
    started: Callable[[], subprocess.Popen[str]], work: Path, number: signal.Signals
) -> None:
    folder = work / "sweeps" / "file"
    process = started()
    wait_for(folder, lambda states: "finished" in states and "running" in states)
    time.sleep(0.3)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    states = {run: RunFolder(run).read_summary()["status"] for run in run_folders(folder)}
    again = started()  # at once
    time.sleep(0.5)
    assert not members(process.pid)
    finished = {run for run, status in states.items() if status == "finished"}
    before = {path: time for path, time in written(folder).items() if set(path.parents) & finished}
    assert finished and len(finished) < 4
    if number != signal.SIGKILL:  # which leaves "running"
        assert set(states.values()) <= {"finished", "interrupted"}
    output, errors = again.communicate(timeout=180)
    assert again.returncode == 0, errors
    assert output.count("already finished") == len(finished)
    assert before.items() <= written(folder).items()
    assert [RunFolder(run).read_summary()["status"] for run in run_folders(folder)] == ["finished"] * 4
    with open(folder / "runs.csv", newline="", encoding="utf-8") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["finished"] * 4


@pytest.mark.slow
def test_a_worker_that_is_killed_ends_the_sweep_with_a_clear_line(
    started: Callable[[], subprocess.Popen[str]], work: Path
) -> None:
    folder = work / "sweeps" / "file"
    process = started()
    wait_for(folder, lambda states: "finished" in states and "running" in states)
    listed = subprocess.run(["ps", "-wweo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    workers = [int(row[0]) for row in rows if row[1] == str(process.pid) and "popen_loky" in row[2]]
    os.kill(workers[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in errors and "a worker was killed" in errors
    assert "of the sweep's runs failed" in errors and "the same command continues it" in errors


# a job


def test_an_interrupted_run_of_a_sweep_is_resumed(small: Small, tmp_path: Path) -> None:
    folder = tmp_path / "sweep" / "run"
    train(small(TEXT, "trainer.max_steps=7"), folder)
    config = small(TEXT)
    summary = RunFolder(folder).read_summary() | {"status": "interrupted"}
    summary["identity"] = identity(config, summary["corpus_sha256"])  # as if it had been asked for two epochs
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    run_job(config, folder, 1, "sweep", [])
    assert RunFolder(folder).read_summary()["status"] == "finished"
    assert [path.name for path in folder.parent.iterdir()] == ["run"]
    assert "resuming" in (folder / "train.log").read_text(encoding="utf-8")
    assert losses(folder)[-1][0] == str(RunFolder(folder).read_summary()["steps"]) != "7"


def test_a_run_of_another_text_or_version_is_moved_aside_and_trained_again(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sweep" / "run"
    run_job(small(TEXT), folder, 1, "sweep", [])
    first = RunFolder(folder).read_summary()
    run_job(small(TEXT.upper()), folder, 1, "sweep", [])
    second = RunFolder(folder).read_summary()
    assert second["corpus_sha256"] != first["corpus_sha256"]
    monkeypatch.setattr("charcells.runs.identity.RESULTS_VERSION", RESULTS_VERSION + 1)
    run_job(small(TEXT.upper()), folder, 1, "sweep", [])
    assert RunFolder(folder).read_summary()["identity"] not in (first["identity"], second["identity"])
    replaced = {RunFolder(path).read_summary()["identity"] for path in (folder.parent / ".replaced").iterdir()}
    assert first["identity"] in replaced


def test_a_job_that_fails_leaves_no_word_in_the_folder_of_a_run_in_progress(
    small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sweep" / "run"
    train(small(TEXT), folder)
    summary = json.dumps(RunFolder(folder).read_summary() | {"status": "running"})
    (folder / "summary.json").write_text(summary, encoding="utf-8")
    config = small(TEXT)
    config.corpus.path = str(tmp_path / "missing.txt")
    with RunFolder(folder).hold():
        run_job(config, folder, 1, "sweep", [])
    assert (folder / "summary.json").read_text(encoding="utf-8") == summary
    assert "missing.txt" in capsys.readouterr().err
    run_job(config, folder, 1, "sweep", [])
    assert RunFolder(folder).read_summary()["status"] == "failed"


def test_a_finished_run_is_found_under_whatever_name_in_the_same_sweep_folder(small: Small, tmp_path: Path) -> None:
    config = small(TEXT)
    run_job(config, tmp_path / "sweep" / "seed=1", 1, "sweep", [])
    own = RunFolder(tmp_path / "sweep" / "seed=1").read_summary()["identity"]
    assert RunFolder(tmp_path / "sweep" / "other").finished_twin(own) == RunFolder(tmp_path / "sweep" / "seed=1")
    assert RunFolder(tmp_path / "elsewhere" / "other").finished_twin(own) is None
    assert RunFolder(tmp_path / "sweep" / "other").finished_twin(own[::-1]) is None
    run_job(config, tmp_path / "sweep" / "other", 1, "sweep", [])
    assert not (tmp_path / "sweep" / "other").exists()


def test_a_bug_keeps_its_traceback_and_is_recorded(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: Any, **options: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("charcells.training.train.train", broken)
    run_job(small(TEXT), tmp_path / "run", 1, "sweep", [])
    assert "ZeroDivisionError: a bug" in capsys.readouterr().err
    assert RunFolder(tmp_path / "run").read_summary() == {"status": "failed", "error": "a bug"}
    assert RunFolder(tmp_path / "run").read_config().seed == 1


def test_a_failure_does_not_overwrite_a_finished_run(small: Small, tmp_path: Path) -> None:
    config, folder = small(TEXT), tmp_path / "sweep" / "run"
    run_job(config, folder, 1, "sweep", [])
    before = (folder / "summary.json").read_text(encoding="utf-8")
    (tmp_path / "text.txt").unlink()
    jobs = [job(folder, config)]
    plan(jobs, JOBLIB)
    assert "cannot be read" in (jobs[0].error or "")
    with pytest.raises(SystemExit, match="cannot be read"), watch(jobs, JOBLIB):
        run_job(config, folder, 1, "sweep", [])
    assert (folder / "summary.json").read_text(encoding="utf-8") == before


def test_after_a_stop_no_further_job_begins(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [job(tmp_path / "sweep" / str(seed), small(TEXT, f"seed={seed}")) for seed in (1, 2)]
    plan(jobs, JOBLIB)

    def interrupted(*arguments: Any, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
        pytest.fail("the signal was not noticed")

    monkeypatch.setattr("charcells.training.train.train", interrupted)
    with pytest.raises(SystemExit) as ended, watch(jobs, JOBLIB):
        for each in jobs:
            run_job(each.config, each.folder.path, 1, "sweep", [])
    assert ended.value.code == 128 + signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert workers.PARENT not in os.environ and workers.STOP not in os.environ
    assert run_folders(tmp_path / "sweep") == []


# what makes two runs the same


def test_identity_is_the_configuration_the_text_and_the_results_version(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = identity(small(TEXT), "aa")
    assert own == identity(small(TEXT), "aa")
    (tmp_path / "elsewhere.txt").write_text(TEXT, encoding="utf-8")
    where = ["threads=2", "corpora_dir=.", f"corpus.path={tmp_path}/elsewhere.txt", "logger.mode=offline", "rerun=true"]
    where += ["corpus.path=[a.txt,b.txt]", "corpus.val_path=val.txt", "corpus.test_path=test.txt"]
    assert all(identity(small(TEXT, option), "aa") == own for option in where)
    other = ["seed=2", "cell=rnn", "data.train_fraction=0.5", "samples.length=6", "trainer.max_epochs=3"]
    assert len({own, identity(small(TEXT), "bb"), *(identity(small(TEXT, option), "aa") for option in other)}) == 7
    monkeypatch.setattr("charcells.runs.identity.RESULTS_VERSION", RESULTS_VERSION + 1)
    assert identity(small(TEXT), "aa") != own


# planning and watching


def test_jobs_times_threads_never_exceed_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 12)
    assert [cores_per_job({"n_jobs": jobs}) for jobs in (1, 2, 5, 12, 40, -1, -2, -12)] == [12, 6, 2, 1, 1, 1, 1, 12]
    for jobs in range(1, 13):
        assert jobs * (cores_per_job({"n_jobs": jobs}) or 0) <= 12
    assert cores_per_job({"_target_": "BasicLauncher"}) is None
    assert cores_per_job({"cpus_per_task": 3}) == 3
    assert cores_per_job({"ray": {"remote": {"num_cpus": 2}}}) == 2


def test_the_corpus_of_many_jobs_is_read_once(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    monkeypatch.setattr(planning, "data_sha256", lambda *arguments: reads.append(arguments) or pytest.fail("unused"))
    monkeypatch.setattr(planning, "_corpus_sha256", lambda config: reads.append(config) or "aa")
    plan([job(tmp_path / str(seed), small(TEXT, f"seed={seed}")) for seed in range(5)], JOBLIB)
    assert len(reads) == 1


def test_progress_counts_what_the_run_folders_say(
    small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small(TEXT)
    jobs = [job(tmp_path / name, config) for name in ("old", "ran", "failed", "runs", "waits")]
    jobs[0] = dataclasses.replace(jobs[0], finished_twin=jobs[0].folder)
    progress = Progress(jobs)
    with progress:
        for name, facts in (
            ("ran", {"status": "finished", "val/bpc": 1.5, "test/bpc": None}),
            ("failed", {"status": "failed", "error": "no luck"}),
            ("runs", {"status": "running"}),
        ):
            (tmp_path / name).mkdir()
            (tmp_path / name / "summary.json").write_text(json.dumps(facts), encoding="utf-8")
        time.sleep(1.2)
        state = progress.state()
    assert state.startswith("1 running, 1 failed, about ")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "skipped   old" in lines[0] and "finished  ran  val/bpc 1.500" in lines[1] and "no luck" in lines[2]
    assert all(line.startswith(f"[{ended}/5") for ended, line in enumerate(lines, 1))


def test_what_another_sweep_left_is_not_counted_as_done(small: Small, tmp_path: Path) -> None:
    config, folder = small(TEXT), tmp_path / "run"
    folder.mkdir()
    (folder / "summary.json").write_text('{"status": "failed", "error": "old"}', encoding="utf-8")
    jobs = [job(folder, config)]
    plan(jobs, JOBLIB)
    assert jobs[0].outcome() is None
    run_job(config, folder, 1, "sweep", [])
    assert jobs[0].outcome() == "finished"


def test_a_failure_that_is_met_again_is_reported_again(small: Small, tmp_path: Path) -> None:
    config, folder = small("too short", "data.batch_size=400"), tmp_path / "sweep" / "run"
    for _ in range(2):
        jobs = [job(folder, config)]
        plan(jobs, JOBLIB)
        with pytest.raises(SystemExit, match="too short"), watch(jobs, JOBLIB):
            run_job(config, folder, 1, "sweep", [])


def test_two_names_of_one_run_are_no_failure(small: Small, tmp_path: Path) -> None:
    config = small(TEXT)
    jobs = [job(tmp_path / "sweep" / name, config) for name in ("fraction=1", "fraction=1.0")]
    plan(jobs, JOBLIB)
    with watch(jobs, JOBLIB):
        for each in jobs:
            run_job(each.config, each.folder.path, 1, "sweep", [])
    assert [path.name for path in run_folders(tmp_path / "sweep")] == ["fraction=1"]


GROWING = """
import sys, time
from joblib import Parallel, delayed
from charcells.sweeps.watch import watch

def grow():
    sys.kept = getattr(sys, "kept", b"") + b"x" * 400_000_000
    time.sleep(1.1)  # joblib looks at a worker's memory once a second

with watch([], {"_target_": "joblib", "n_jobs": 2}):
    print(len(Parallel(n_jobs=2, batch_size=1)(delayed(grow)() for _ in range(8))))
"""


@pytest.mark.slow
def test_a_worker_that_grows_is_replaced_without_a_word() -> None:
    done = subprocess.run([sys.executable, "-c", GROWING], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["8"] and done.stderr == ""


@pytest.mark.parametrize("again", [True, False])
def test_a_run_that_slurm_starts_again_is_requeued_and_not_failed(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    steps = iter(range(10))

    def stop(*arguments: Any) -> None:
        if next(steps) == 3:
            os.kill(os.getpid(), signal.SIGUSR2)

    monkeypatch.setenv("SLURM_JOB_ID", "9")
    monkeypatch.setattr("charcells.slurm.requeue", lambda: again)
    monkeypatch.setattr("charcells.training.samples.Samples.on_train_batch_end", stop)
    jobs = [job(tmp_path / "sweep" / "run", small(TEXT))]
    plan(jobs, SLURM)
    with pytest.raises(SystemExit) as ended, watch(jobs, SLURM):
        try:
            run_job(jobs[0].config, jobs[0].folder.path, 1, "sweep", [])
        except Interrupted:  # in a process of its own, which ends without a result, so that the sweep waits
            assert again
    said = str(ended.value)
    assert jobs[0].folder.read_summary().requeued == again
    assert ("requeued: Slurm starts these runs again" in said, "failed:" in said) == (again, not again), said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_status_of_a_stopped_sweep_names_the_signal(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr("charcells.training.train.train", lambda *arguments, **options: os.kill(os.getpid(), number))
    jobs = [job(tmp_path / "sweep" / "run", small(TEXT))]
    plan(jobs, JOBLIB)
    with pytest.raises(SystemExit) as ended, watch(jobs, JOBLIB):
        run_job(jobs[0].config, jobs[0].folder.path, 1, "sweep", [])
    assert ended.value.code == 128 + number


def test_a_sweep_refuses_what_it_cannot_run(small: Small, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two jobs"):
        plan([job(tmp_path / "a", small(TEXT)), job(tmp_path / "a", small(TEXT))], JOBLIB)
    with pytest.raises(UserError, match=r"n_jobs=0 runs nothing"):
        plan([job(tmp_path / "a", small(TEXT))], {**JOBLIB, "n_jobs": 0})
    with pytest.raises(UserError, match=r"threads=4096.*hydra\.launcher\.n_jobs=1"):
        plan([job(tmp_path / "a", small(TEXT, "threads=4096"))], JOBLIB)


# the sweeps that are shipped, and other launchers

SHIPPED = sorted(path.stem for path in (CONF_DIR / "experiment").glob("*_sweep.yaml"))
WITH_THEIR_OWN_TEXT = ("batch_and_size_sweep", "war_and_peace_table_sweep")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in WITH_THEIR_OWN_TEXT])
def test_every_shipped_sweep_runs(command: Command, work: Path, name: str) -> None:
    (work / "text.txt").write_text(TEXT * 5, encoding="utf-8")
    shrunk = ["model.hidden_size=4", "trainer.max_steps=2", "trainer.max_epochs=1", "samples.length=3", "seed=1"]
    result = command("train.py", f"experiment={name}", "corpus=file", "corpus.path=text.txt", *shrunk, "logger=none")
    assert result.returncode == 0, result.stdout + result.stderr
    (folder,) = {path.parents[1] for path in (work / "sweeps").rglob("summary.json")}
    assert folder.relative_to(work / "sweeps") == Path(name.removesuffix("_sweep"), "file")
    with open(CONF_DIR / "experiment" / f"{name}.yaml", encoding="utf-8") as file:
        header = file.read().split("hydra:")[0]
    assert f"experiment={name}" in header
    with open(folder / "table.csv", newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == (3 if "cell" in header else 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("submitit", ["launcher=slurm", "hydra/launcher=submitit_local", "hydra.launcher.cpus_per_task=1"]),
        ("ray", ["launcher=ray", "+hydra.launcher.ray.init.num_cpus=2"]),
    ],
)
def test_other_launchers_run_skip_and_record_as_joblib_does(
    command: Command, work: Path, package: str, arguments: list[str]
) -> None:
    if importlib.util.find_spec(f"hydra_plugins.hydra_{package}_launcher") is None:
        pytest.skip(f"needs hydra-{package}-launcher")
    options = [option for option in TINY if "corpus.path" not in option]
    sweeping = ("-m", *arguments, *options, "corpus.path=text.txt,missing.txt", "hydra.sweep.dir=sweeps/mine")
    result = command("train.py", *sweeping)
    assert result.returncode == 1 and "missing.txt cannot be read" in result.stderr, result.stderr
    runs = {RunFolder(run).read_summary()["status"]: run for run in run_folders(work / "sweeps" / "mine")}
    assert runs.keys() == {"finished", "failed"}
    before = (runs["finished"] / "summary.json").stat().st_mtime_ns
    again = command("train.py", *sweeping)
    assert again.stdout.count("already finished") == 1
    assert (runs["finished"] / "summary.json").stat().st_mtime_ns == before
