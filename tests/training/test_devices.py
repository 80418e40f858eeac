"""Several devices for one run: two processes on a CPU train as one does, and stop, fail and resume together.

Legend: L layers, B batch, H hidden.
"""

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import charcells
from charcells.data.streams import TrainBatches
from charcells.errors import UserError
from charcells.models.cells import join_rows, split_rows
from charcells.training.machine import THREADING_THRESHOLD, auto_threads
from charcells.training.train import train

ROOT = Path(__file__).parents[2]
TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(1000))

EPOCH = 9
"""Steps that SMALL makes in an epoch of TEXT: 799 characters in batches of 4 × 20."""

SMALL = [
    "corpus=file",
    "logger=none",
    "threads=1",
    "model.hidden_size=8",
    "model.embedding_dim=4",
    "data.batch_size=4",
    "data.seq_len=20",
    "trainer.max_epochs=3",
    "trainer.log_every_n_steps=2",
    "trainer.accelerator=cpu",
    "samples.length=5",
]
TWO = ["trainer.devices=2"]

# Trains the runs of a list, one after the other; Lightning starts it once more for the second rank. A run may be sent a
# signal, or be given a loss that is no number, on one rank and in one step.
DRIVER = """
import json, math, os, signal, sys
from pathlib import Path

from charcells.cli.compose import compose
from charcells.errors import UserError
from charcells.training.run_module import RunModule
from charcells.training.train import train

original = RunModule.training_step
rank = int(os.environ.get("LOCAL_RANK", 0))
endings = []
for run in json.loads(Path(sys.argv[1]).read_text()):

    def training_step(self, batch, batch_idx, run=run):
        now = [self.global_rank, self.global_step + 1]
        if now == run["stop"]:
            signal.raise_signal(signal.SIGTERM)
        outputs = original(self, batch, batch_idx)
        return {key: loss * math.nan for key, loss in outputs.items()} if now == run["nan"] else outputs

    RunModule.training_step = training_step
    try:
        train(compose(run["overrides"]), Path(run["folder"]), resume=run["resume"])
        endings.append("returned")
    except (SystemExit, UserError) as error:
        code = getattr(error, "code", error)
        endings.append(f"{type(error).__name__}: {'' if code is None else code}")
Path(sys.argv[1]).with_name(f"endings{rank}.json").write_text(json.dumps(endings))
"""


def plan(folder, *overrides, resume=False, stop=None, nan=None):
    """A run for the driver; `stop` and `nan` are (rank, step)."""
    text = folder.parent / "text.txt"
    text.write_text(TEXT)
    overrides = [*SMALL, f"corpus.path={text}", *TWO, *overrides]
    return {"folder": str(folder), "overrides": overrides, "resume": resume, "stop": stop, "nan": nan}


def train_on_two(work, *plans):
    """Train runs on two devices, in the same two processes; how they ended on each rank."""
    (work / "driver.py").write_text(DRIVER)
    (work / "plans.json").write_text(json.dumps(plans))
    command = [sys.executable, "-W", "error::UserWarning:lightning", work / "driver.py", work / "plans.json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return [json.loads((work / f"endings{rank}.json").read_text()) for rank in (0, 1)]


def metrics(folder, *columns):
    """The rows of metrics.csv: those columns as numbers, or all but the speed as they stand there."""
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if columns:
        return [float(row[column]) for row in rows for column in columns if row[column]]
    return [{key: value for key, value in row.items() if key != "chars_per_second"} for row in rows]


def summary_of(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def checkpoint(folder, name="last"):
    return torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)


def assert_equal_bit_for_bit(one, other):
    assert metrics(one) == metrics(other)
    assert (one / "samples.jsonl").read_text() == (other / "samples.jsonl").read_text()
    for name in ("last", "best"):
        first, second = checkpoint(one, name), checkpoint(other, name)
        for key in ("state_dict", "optimizer_states", "training"):
            torch.testing.assert_close(first[key], second[key], rtol=0, atol=0)


def assert_same_losses(two, one):
    for column in ("train/loss", "val/loss", "grad_norm"):
        assert metrics(two, column) == pytest.approx(metrics(one, column), abs=1e-5)
    assert metrics(two, "step", "epoch", "chars_seen", "lr") == metrics(one, "step", "epoch", "chars_seen", "lr")
    assert summary_of(two)["test/loss"] == pytest.approx(summary_of(one)["test/loss"], abs=1e-5)


# --- what belongs to which rank ---


@pytest.mark.parametrize("sampling", ["streams", "windows"])
@pytest.mark.parametrize("world_size", [1, 2, 3, 6])
def test_the_ranks_rows_together_are_the_batches_of_a_single_process(sampling, world_size):
    def loader(rank, world_size):
        batches = TrainBatches(torch.arange(500), 6, 11, sampling, 1)
        batches.share(rank, world_size)
        return batches

    whole, parts = loader(0, 1), [loader(rank, world_size) for rank in range(world_size)]
    assert {len(part) for part in parts} == {len(whole)}
    for _ in range(2):  # epochs
        epochs = [list(itertools.islice(part, len(part))) for part in parts]
        for batch, *shares in zip(itertools.islice(whole, len(whole)), *epochs, strict=True):
            for tensor, *rows in zip(batch, *shares, strict=True):
                assert torch.equal(tensor, torch.cat(rows))
    assert all(part.state_dict() == whole.state_dict() for part in parts)


def test_each_rank_continues_with_its_own_streams():
    for rank in range(2):
        loader = TrainBatches(torch.arange(500), 6, 11, "streams", 1)
        loader.share(rank, 2)
        for (_, targets), (inputs, _) in itertools.pairwise(loader):
            assert torch.equal(targets[:, -1], inputs[:, 0])


def test_the_state_of_a_batch_is_divided_as_its_rows_are():
    state = torch.randn(2, 6, 5)  # (L, B, H)
    for whole in (state, (state, -state)):
        parts = [*split_rows(whole, 3)]
        first = parts[1][0] if isinstance(whole, tuple) else parts[1]
        assert torch.equal(first, state[:, 2:4])
        assert first.is_contiguous()
        torch.testing.assert_close(join_rows(parts), whole, rtol=0, atol=0)
    assert join_rows([None, None]) is None
    assert split_rows(None, 2) == [None, None]


# --- options ---


def test_a_batch_that_cannot_be_divided_is_refused_with_the_next_that_can(small):
    with pytest.raises(UserError, match=r"data\.batch_size=3 .* trainer\.devices=2.* is data\.batch_size=4"):
        small(TEXT, "data.batch_size=3", "trainer.devices=2")


def test_several_devices_on_mps_are_refused(small):
    with pytest.raises(UserError, match=r"trainer\.devices=2 .* trainer\.accelerator=mps"):
        small(TEXT, "trainer.accelerator=mps", "trainer.devices=2")


@pytest.mark.parametrize("accelerator", ["gpu", "auto"])
def test_more_devices_than_there_are_is_refused(small, tmp_path, monkeypatch, accelerator):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    options = [f"trainer.accelerator={accelerator}", "trainer.devices=2"]
    with pytest.raises(UserError, match=r"trainer\.devices=2, but PyTorch sees 1 gpu here: set trainer\.devices=1"):
        train(small(TEXT, *options), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_devices_share_cores_and_batch():
    threshold = THREADING_THRESHOLD
    assert auto_threads(threshold, 2, cores=8, devices=2) == 4
    assert auto_threads(threshold, 2, cores=5, devices=2) == 2
    assert auto_threads(threshold, 2, cores=1, devices=2) == 1
    assert auto_threads(threshold, 1, cores=8, devices=2) == 1
    assert auto_threads(threshold, 1, cores=8) == 4


# --- two processes ---


def test_two_processes_train_as_one_does_and_only_the_first_writes(small, tmp_path):
    endings = train_on_two(tmp_path, plan(tmp_path / "two"))
    assert endings == [["returned"], ["returned"]]
    assert summary_of(tmp_path / "two")["device"] == "2 × cpu"
    config = small(TEXT, "trainer.max_epochs=3", "trainer.log_every_n_steps=2", "trainer.accelerator=cpu")
    train(config, tmp_path / "one")
    assert_same_losses(tmp_path / "two", tmp_path / "one")
    for folder in ("", "checkpoints"):
        files = [sorted(path.name for path in (tmp_path / name / folder).iterdir()) for name in ("one", "two")]
        assert files[0] == files[1]
    assert (tmp_path / "two" / "train.log").read_text().count("epoch 3/3") == 1
    # the state of all streams, and the same as in one process
    one, two = (checkpoint(tmp_path / name)["training"] for name in ("one", "two"))
    for state, expected in zip(two["train_state"], one["train_state"], strict=True):
        assert state.shape == (1, 4, 8)
        torch.testing.assert_close(state, expected, rtol=0, atol=1e-5)
    assert (len(one["random"]), len(two["random"])) == (1, 2)
    assert charcells.load(tmp_path / "two").generate("a", length=10)


EQUAL = {
    "rnn": ["cell=rnn"],
    "gru": ["cell=gru", "trainer.max_steps=14"],
    "summed": ["cell=rnn", "trainer.loss_reduction=sum", "optimizer=sgd", "optimizer.lr=1e-4"],
    "windows": ["data.sampling=windows", "data.val_fraction=0", "trainer.gradient_clip_val=0.05"],
    "overlapping": ["data.sampling=overlapping", "data.carry_state=true", "data.reset_state=never", "cell=gru"],
    # steps that change next to nothing, so that validation does not improve
    "plateau": ["scheduler=plateau", "scheduler.patience=0", "optimizer=sgd", "optimizer.lr=1e-6"],
    "early_stopping": ["trainer.early_stopping_patience=1", "optimizer=sgd", "optimizer.lr=1e-60"],
    "one_hot": ["model.embedding_dim=null", "model.freeze_second_bias=true", "trainer.val_check_interval=0.34"],
    "jordan": ["cell=jordan", "trainer.save_every_epoch=true", "trainer.max_time=00:01:00:00"],
}
DROPOUT = ["model.dropout=0.4", "model.num_layers=2", "data.test_fraction=0"]
STOPS = {"first_rank": (0, 13), "other_rank": (1, 5), "before_validation": (1, EPOCH), "last": (0, 3 * EPOCH)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder with the runs of all the tests below, trained in two processes, and how each ended on each rank."""
    work = tmp_path_factory.mktemp("devices")
    plans = {name: plan(work / name, *overrides) for name, overrides in EQUAL.items()}
    plans["full"] = plan(work / "full", *DROPOUT)
    for name, stop in STOPS.items():
        plans[f"{name}, stopped"] = plan(work / name, *DROPOUT, stop=stop)
        plans[name] = plan(work / name, *DROPOUT, resume=True)
    plans["nan"] = plan(work / "nan", nan=(1, EPOCH + 4))
    endings = train_on_two(work, *plans.values())
    return work, dict(zip(plans, zip(*endings, strict=True), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", EQUAL)
def test_losses_are_those_of_a_single_process(runs, small, tmp_path, name):
    work, endings = runs
    assert endings[name] == ("returned", "returned")
    options = [option for option in SMALL if option.startswith(("trainer", "samples"))]
    train(small(TEXT, *options, *EQUAL[name]), tmp_path / "run")
    assert_same_losses(work / name, tmp_path / "run")
    one, two = checkpoint(tmp_path / "run", "best"), checkpoint(work / name, "best")
    assert one["global_step"] == two["global_step"]
    if name == "early_stopping":
        assert summary_of(work / name)["steps"] == 2 * EPOCH
    if name == "plateau":
        assert len(set(metrics(work / name, "lr"))) > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", STOPS)
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(runs, name):
    work, endings = runs
    assert endings[f"{name}, stopped"] == ("Interrupted: 143", "SystemExit: ")  # the second rank leaves in silence
    assert endings[name] == ("returned", "returned")
    assert_equal_bit_for_bit(work / name, work / "full")


@pytest.mark.slow
def test_the_ranks_draw_different_dropout(runs):
    work, _ = runs
    first, second = (random["cpu"] for random in checkpoint(work / "full")["training"]["random"])
    assert not torch.equal(first, second)


@pytest.mark.slow
def test_a_loss_that_is_no_number_on_one_rank_stops_both(runs):
    work, endings = runs
    first, second = endings["nan"]
    assert f"UserError: training diverged: the loss of step {EPOCH + 4} is nan" in first
    assert second == "SystemExit: "
    assert summary_of(work / "nan")["status"] == "failed"
    assert checkpoint(work / "nan")["global_step"] == EPOCH


# --- from the command line ---

LONG = [*SMALL, *TWO, "trainer.max_epochs=30", "model.dropout=0.2"]


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def second_rank(pid):
    """The process that Lightning started as the second rank, if there is one yet.

    Its environment tells it from others: git is called for a moment, and a fork has its parent's command line at first.
    """
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            if b"LOCAL_RANK=1" in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
                return int(child)
        except OSError:
            pass
    return None


@pytest.fixture
def start(tmp_path):
    """Starts train.py and waits for so many lines of metrics: its process, and that of its second rank."""
    processes = []

    def run(folder, lines=30):
        (tmp_path / "text.txt").write_text(TEXT)
        arguments = [*LONG, f"corpus.path={tmp_path / 'text.txt'}", f"hydra.run.dir={folder}"]
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "train.py"), *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        written = folder / "metrics.csv"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            second = second_rank(process.pid)
            if second and (lines == 0 or (written.exists() and written.read_text().count("\n") > lines)):
                return process, second
            time.sleep(0.005)
        raise AssertionError(process.communicate()[0])

    yield run
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def ended(process, second):
    """The output of a run, once both its processes are gone."""
    output, _ = process.communicate(timeout=60)
    deadline = time.monotonic() + 10
    while is_running(second) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(second)
    return output


@pytest.fixture
def resume(tmp_path, command):
    """Resumes a run, which then equals one that was never stopped."""

    def run(folder):
        full = tmp_path / "full"
        for arguments in (
            [*LONG, f"corpus.path={tmp_path / 'text.txt'}", f"hydra.run.dir={full}"],
            [f"resume={folder}"],
        ):
            result = command("train.py", *arguments)
            assert result.returncode == 0, result.stderr
            assert result.stderr == ""
            for said_once in ("epoch 30/30", "best model (step", "run folder:"):
                assert result.stdout.count(said_once) == 1
        assert list((tmp_path / "work").iterdir()) == []
        names = [
            ".lock",
            "checkpoints",
            "config.yaml",
            "loss.png",
            "metrics.csv",
            "samples.jsonl",
            "summary.json",
            "train.log",
        ]
        assert sorted(path.name for path in folder.iterdir()) == names
        assert summary_of(folder)["status"] == "finished"
        assert_equal_bit_for_bit(folder, full)

    return run


@pytest.mark.slow
@on_linux
def test_ctrl_c_stops_both_processes_and_resume_finishes_the_run(tmp_path, start, resume):
    folder = tmp_path / "run"
    process, second = start(folder)
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does
    output = ended(process, second)
    assert "Traceback" not in output
    assert output.count("stopping at the end of this step") == 1
    assert (process.returncode, summary_of(folder)["status"]) == (130, "interrupted")
    resume(folder)


@pytest.mark.slow
@on_linux
def test_a_run_of_which_one_process_was_killed_is_resumed(tmp_path, start, resume):
    folder = tmp_path / "run"
    process, second = start(folder)
    os.kill(second, signal.SIGKILL)
    ended(process, second)
    assert process.returncode != 0
    assert summary_of(folder)["status"] in ("running", "failed")
    resume(folder)


@pytest.mark.slow
@on_linux
@pytest.mark.parametrize(("number", "lines"), [(signal.SIGTERM, 30), (signal.SIGTERM, 0), (signal.SIGKILL, 30)])
def test_no_process_outlives_the_first(tmp_path, start, number, lines):
    process, second = start(tmp_path / "run", lines)
    process.send_signal(number)
    ended(process, second)
    stopped = number == signal.SIGTERM
    assert process.returncode == (143 if stopped else -number)
    assert summary_of(tmp_path / "run")["status"] == ("interrupted" if stopped else "running")
