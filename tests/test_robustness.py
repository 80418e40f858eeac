"""Nothing is lost: kills, faults of the machine, odd input, hostile files. The long form: experiments/robustness."""

import csv
import errno
import logging
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer

import charcells
from charcells.cli.compose import compose
from charcells.errors import Busy, UserError
from charcells.files import remove_drafts, replacing
from charcells.models.checkpoint import ALLOWED_TYPES
from charcells.runs.folder import RunFolder
from charcells.runs.identity import identity
from charcells.signals import Interrupted, stop_signals
from charcells.sweeps import watch
from charcells.sweeps.job import run_job
from charcells.sweeps.plan import Job
from charcells.text.corpus import load_corpus
from charcells.text.vocabulary import Vocabulary
from charcells.training import checkpoints, record
from charcells.training import train as training
from charcells.training.run_module import RunModule
from charcells.training.train import train
from experiments.robustness.faults import FAULTS, MOUNTS

ROOT = Path(__file__).parents[1]
TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(1000))


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


# the harness


def robustness(tmp_path, *arguments):
    """Run the harness in a copy of the experiments; the rows of its table, and the table."""
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments", ignore=shutil.ignore_patterns("results"))
    command = [sys.executable, "-m", "experiments.robustness", *arguments]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=1200)
    assert result.returncode == 0, result.stderr
    results = tmp_path / "experiments" / "results"
    with open(results / "robustness.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file)), (results / "robustness.md").read_text(encoding="utf-8")


def assert_nothing_lost(rows):
    good = ("exact", "not stopped")
    assert [row for row in rows if not row["result"].startswith(good)] == []


def test_killed_runs_are_resumed_exactly(tmp_path):
    rows, table = robustness(tmp_path, "kills=4")
    assert_nothing_lost(rows)
    assert [row["fault"] for row in rows] == ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"]
    assert "| kill |" in table


def test_a_trial_that_is_stopped_as_it_begins_is_stopped_as_train_py_is(tmp_path):
    code = f"""
import os
from pathlib import Path
from experiments.robustness.bench import STOPS, Bench, attempt

folder = Path({str(tmp_path)!r})
config = Bench(folder).config("gru windows one_cycle")
for stop in STOPS[:3] * 5:
    status, _ = attempt(config, folder / "run", meanwhile=lambda process: os.kill(process, stop))
    print(status - stop)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["128"] * 15


@pytest.mark.slow
def test_no_run_is_lost_by_any_kill_or_fault(tmp_path):
    rows, _ = robustness(tmp_path, "kills=12", "commands=1", "faults=1")
    assert_nothing_lost(rows)
    faults = {row["fault"] for row in rows}
    assert faults >= set(FAULTS) - set(MOUNTS)


# a folder of one's own


def test_a_second_process_in_a_run_folder_is_refused_and_writes_nothing(small, tmp_path):
    config, folder = small(TEXT, "trainer.max_steps=1"), tmp_path / "run"
    train(config, folder)
    before = content(folder)
    longer = small(TEXT, "trainer.max_steps=2")
    with RunFolder(folder).hold(), pytest.raises(Busy, match=r"another process is training in .*run"):
        train(longer, folder, resume=True)
    assert content(folder) == before
    assert train(longer, folder, resume=True)["steps"] == 2
    assert (folder / ".lock").exists()  # it says nothing by being there


def test_of_two_that_begin_in_one_folder_the_second_does_not_overwrite_the_first(small, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    train(small(TEXT, "trainer.max_steps=1"), folder)
    before, checks = content(folder), []
    check = RunFolder.check_new
    # as if the first had not been there yet when the second looked for the first time
    monkeypatch.setattr(RunFolder, "check_new", lambda folder: check(folder) if checks else checks.append(folder))
    with pytest.raises(UserError, match="already contains a run"):
        train(small(TEXT, "trainer.max_steps=1"), folder)
    assert checks and content(folder) == before


def test_a_sweep_leaves_a_run_alone_that_another_process_trains(small, tmp_path, capsys):
    config, folder = small(TEXT, "trainer.max_steps=1"), tmp_path / "run"
    train(config, folder)
    other = small(TEXT, "trainer.max_steps=2")  # which would be moved aside
    before = content(folder)
    own = identity(other, load_corpus(other.corpus).sha256)
    job = Job(RunFolder(folder), other, "max_steps=2", own, written_before=0)
    with RunFolder(folder).hold():
        run_job(other, folder, 1, "group", [])
        assert "another process is training in" in capsys.readouterr().err
        assert content(folder) == before and not (tmp_path / ".replaced").exists()
        (folder / "summary.json").write_text((folder / "summary.json").read_text().replace("finished", "running"))
        assert "another process is training in" in watch._failure(job)
    assert "its process has ended" in watch._failure(job)


# what the machine refuses


@pytest.mark.parametrize(("step", "code"), [(1, errno.ENOSPC), (3, errno.EFBIG), (9, errno.EROFS)])
def test_a_full_disk_is_reported_in_one_line_and_costs_nothing(small, tmp_path, monkeypatch, caplog, step, code):
    config, fsync = small(TEXT, "trainer.val_check_interval=0.2", "trainer.log_every_n_steps=1"), os.fsync
    train(config, tmp_path / "full")
    writes = 0

    def full(descriptor):
        nonlocal writes
        writes += 1
        if writes > step:
            raise OSError(code, os.strerror(code))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError) as raised:
        train(config, tmp_path / "run")
    message = str(raised.value)
    assert os.strerror(code) in message and "resume=" in message and str(tmp_path / "run") in message
    assert "\n" not in message and not list(tmp_path.rglob("*.tmp"))
    monkeypatch.undo()
    train(config, tmp_path / "run", resume=(tmp_path / "run" / "config.yaml").exists())
    for name in ("best", "last"):
        one, two = (charcells.load(tmp_path / run / "checkpoints" / f"{name}.ckpt").model for run in ("full", "run"))
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert RunFolder(tmp_path / "full").read_samples() == RunFolder(tmp_path / "run").read_samples()


def test_a_log_that_cannot_be_written_ends_no_run(small, tmp_path, monkeypatch, capsys):
    def full(self, record):
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            self.handleError(record)

    monkeypatch.setattr(logging.FileHandler, "emit", full)
    assert train(small(TEXT, "trainer.max_steps=1"), tmp_path / "run")["status"] == "finished"
    assert "Traceback" not in capsys.readouterr().err


def test_what_asks_for_more_memory_than_there_is_is_refused_before_it_is_taken(small, tmp_path):
    for options, word in (
        (["model.hidden_size=1000000000"], "not enough memory for this model"),
        (["model.hidden_size=1000000"], "GB of memory"),
        (["model.num_layers=1000000000"], "GB of memory"),
        (["model.hidden_size=4611686018427387904"], "not enough memory for this model"),
        (["model.match_parameters=1000000000000000000"], "no memory|GB of memory"),
        (["model.hidden_size=9223372036854775808"], "the number is too large"),
    ):
        with pytest.raises(UserError, match=word):
            train(small(TEXT, *options), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["optimizer.weight_decay", "optimizer.lr", "trainer.gradient_clip_val"])
def test_a_number_that_float32_cannot_hold_is_refused(option):
    with pytest.raises(UserError, match=f"^{option}=1e.300 is not allowed: the number is too large"):
        compose(["optimizer=rmsprop", f"{option}=1e300"])


def test_a_draft_that_a_kill_left_is_removed_and_one_that_fails_leaves_none(tmp_path):
    (tmp_path / "last.ckpt.tmp").write_bytes(b"half")
    remove_drafts(tmp_path)
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "last.ckpt") as file:
        file.write(b"half" * (1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_a_clock_that_jumps_changes_nothing(small, tmp_path, monkeypatch):
    config = small(TEXT)
    one = train(config, tmp_path / "one")
    clock, ahead = time.time, iter([10**8, -(10**8)] * 10**6)
    monkeypatch.setattr(time, "time", lambda: clock() + next(ahead))
    other = train(config, tmp_path / "other")
    assert (one["val/loss"], one["steps"]) == (other["val/loss"], other["steps"])
    assert 0 < other["train_seconds"] < 100


# interrupts at the edges of a run


def test_a_resume_that_ends_before_its_checkpoint_is_restored_forgets_nothing(small, tmp_path, monkeypatch):
    train(small(TEXT, "trainer.max_steps=7"), tmp_path / "run")
    before = RunFolder(tmp_path / "run").read_summary()

    def stopped(*arguments, **options):
        raise Interrupted(signal.SIGTERM)

    monkeypatch.setattr(Trainer, "fit", stopped)
    with pytest.raises(Interrupted):
        train(small(TEXT, "trainer.max_steps=9"), tmp_path / "run", resume=True)
    after = RunFolder(tmp_path / "run").read_summary()
    assert after["status"] == "interrupted" and after["steps"] == 7
    assert [after[key] for key in ("epochs", "chars_seen", "val/loss", "train/loss")] == [
        before[key] for key in ("epochs", "chars_seen", "val/loss", "train/loss")
    ]


def test_a_run_that_is_stopped_before_its_configuration_is_saved_can_begin_again(small, tmp_path, monkeypatch):
    config = small(TEXT, "trainer.max_steps=1")

    def stopped(*arguments):
        raise Interrupted(signal.SIGTERM)

    monkeypatch.setattr(RunFolder, "write_config", stopped)
    with pytest.raises(Interrupted):
        train(config, tmp_path / "run")
    monkeypatch.undo()
    assert train(config, tmp_path / "run")["status"] == "finished"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_after_the_last_step_is_recorded_too(small, tmp_path, monkeypatch, number):
    config, test = small(TEXT), training._test

    def interrupted(*arguments):
        os.kill(os.getpid(), number)
        return test(*arguments)

    monkeypatch.setattr(training, "_test", interrupted)
    handlers = [signal.getsignal(each) for each in stop_signals()]
    with pytest.raises(Interrupted) as stopped:
        train(config, tmp_path / "run")
    assert stopped.value.code == 128 + number
    assert RunFolder(tmp_path / "run").read_summary()["status"] == "interrupted"
    assert [signal.getsignal(each) for each in stop_signals()] == handlers
    monkeypatch.undo()
    assert train(config, tmp_path / "run", resume=True)["test/bpc"] > 0


def test_a_signal_that_is_ignored_stops_nothing(small, tmp_path, monkeypatch):
    def hang_up(*arguments):
        os.kill(os.getpid(), signal.SIGHUP)

    monkeypatch.setattr(record.Record, "on_train_batch_end", hang_up)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        assert train(small(TEXT), tmp_path / "run")["status"] == "finished"
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_corpus_too_large_for_the_memory_is_reported_in_one_line(small, tmp_path, monkeypatch):
    def no_memory(*arguments):
        raise MemoryError

    monkeypatch.setattr(Vocabulary, "encode", no_memory)
    with pytest.raises(UserError, match=r"^corpus=file is too large for this machine's memory: corpus.max_chars="):
        train(small(TEXT), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 5])
def test_a_run_of_which_nobody_reads_on_ends_in_peace(tmp_path, lines):
    arguments = ["corpus=pydoc", "logger=none", "trainer.max_steps=2", f"hydra.run.dir={tmp_path / 'run'}"]
    with subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for _ in range(lines):
            assert process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors, RunFolder(tmp_path / "run").read_summary()["status"]) == (0, "", "finished")


@pytest.mark.parametrize("script", ["train.py", "sample.py"])
@pytest.mark.parametrize("seconds", [0.15, 1.5])
def test_ctrl_c_while_importing_leaves_no_traceback(tmp_path, script, seconds):
    arguments = ["corpus=pydoc", "logger=none"] if script == "train.py" else [f"run={tmp_path}"]
    with subprocess.Popen(
        [sys.executable, str(ROOT / script), *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output
    # before Python has reached the first line it knows of nothing; sample.py, where nothing lies, may have ended
    assert process.returncode in (130, 1, -signal.SIGINT)
    assert [path.name for path in tmp_path.rglob("*") if path.name not in ("runs",)] == []


# folders that cannot be


@pytest.mark.parametrize(
    "arguments",
    [
        ["hydra.run.dir=/proc/nowhere/run"],
        ["hydra.run.dir=text.txt/run"],
        ["-m", "hydra.sweep.dir=text.txt/sweep", "seed=1,2"],
    ],
)
def test_a_folder_that_cannot_be_made_is_reported_in_one_line(command, tmp_path, arguments):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "text.txt").write_text(TEXT)
    small = ("corpus=file", "corpus.path=text.txt", "logger=none", "data.batch_size=2", "data.seq_len=10")
    result = command("train.py", *arguments, *small)
    output = result.stdout + result.stderr
    assert result.returncode == 1 and "Traceback" not in output
    assert "error: " in output or "sweep's runs failed" in output
    assert any(word in output for word in ("Not a directory", "No such file", "Permission denied", "Read-only"))


@pytest.mark.slow
def test_a_long_run_takes_no_more_memory_and_opens_no_more_files(small, tmp_path, monkeypatch):
    steps, measured, original = 6000, {}, RunModule.training_step

    def training_step(self, batch, batch_idx):
        if self.global_step % (steps // 3) == 0:
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            measured[self.global_step] = (resident, len(os.listdir("/proc/self/fd")))
        return original(self, batch, batch_idx)

    monkeypatch.setattr(RunModule, "training_step", training_step)
    monkeypatch.setattr(checkpoints, "CHECKPOINT_SECONDS", 0.5)
    train(small(TEXT, f"trainer.max_steps={steps}", "trainer.max_epochs=100000", "samples.length=0"), tmp_path / "run")
    (early, files), (late, files_late) = measured[steps // 3], measured[steps // 3 * 2]
    assert late - early < 3e6 and files_late == files


# hostile files


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "text.txt").write_text(TEXT)
    size = ["data.batch_size=4", "data.seq_len=20", "model.hidden_size=8", "model.embedding_dim=4", "threads=1"]
    limits = ["trainer.max_steps=1", "logger=none", "samples.length=0"]
    train(compose(["corpus=file", f"corpus.path={folder / 'text.txt'}", *size, *limits]), folder / "run")
    return folder / "run"


def forged(run, change):
    """The run's checkpoint as a stranger has changed it."""
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    change(checkpoint)
    torch.save(checkpoint, run / "forged.ckpt")
    return run / "forged.ckpt"


def sized(name, value):
    return lambda checkpoint: checkpoint["charcells"]["model"].update({name: value})


def described(name, value):
    return lambda checkpoint: checkpoint["charcells"].update({name: value})


def weighed(name, value):
    return lambda checkpoint: checkpoint["state_dict"].update({name: value})


HOSTILE = {
    "a hidden size of a billion": sized("hidden_size", 10**9),
    "a billion layers": sized("num_layers", 10**9),
    "more layers than integers": sized("num_layers", 10**30),
    "an embedding of a billion": sized("embedding_dim", 10**9),
    "a size that is no number": sized("hidden_size", [8]),
    "a size that is a truth": sized("num_layers", True),
    "a cell to be imported": sized("cell", "os.system"),
    "dropout that is no number": sized("dropout", float("nan")),
    "a vocabulary that is a list": described("characters", ["a", "b"]),
    "no vocabulary": described("characters", ""),
    "a character twice": described("characters", "aab"),
    "a prompt from elsewhere": described("prompt", "\x1b]0;"),
    "a step that is a text": described("step", "1"),
    "a model that is a list": described("model", [1]),
    "weights of one number, expanded": weighed("model.output.bias", torch.zeros(1).expand(10**12)),
    "weights that are a text": weighed("model.output.bias", "os.system"),
    "weights that are whole numbers": weighed("model.output.bias", torch.zeros(23, dtype=torch.long)),
    "weights with a hole": weighed("model.output.weight", torch.zeros(8, 23).t()),
    "a set": lambda checkpoint: checkpoint.update({"more": {1, 2}}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_checkpoint_is_refused_in_one_line(run, what):
    path = forged(run, HOSTILE[what])
    for _ in range(2):
        with pytest.raises(UserError, match=r"forged\.ckpt (is damaged|has a model that cannot be built)") as raised:
            charcells.load(path)
        assert "\n" not in str(raised.value)


class Memory:
    """Unpickled as PyTorch allows it even with weights_only, this takes as much memory as it says."""

    def __reduce__(self):
        return bytearray, (10**11,)


def test_a_checkpoint_names_nothing_but_what_charcells_writes(run, tmp_path):
    with zipfile.ZipFile(run / "checkpoints" / "last.ckpt") as archive:
        assert archive.testzip() is None
    path = forged(run, lambda checkpoint: checkpoint.update({"more": Memory()}))
    with pytest.raises(UserError, match=r"it names \w+ bytearray, which no charcells checkpoint does"):
        charcells.load(path)
    assert not any("builtin" in name for name in ALLOWED_TYPES)


def test_a_checkpoint_that_is_larger_unpacked_than_packed_is_refused(run):
    with (
        zipfile.ZipFile(run / "checkpoints" / "last.ckpt") as source,
        zipfile.ZipFile(run / "bomb.ckpt", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for part in source.namelist():
            bomb.writestr(part, b"\0" * 10**7 if part.endswith("data/0") else source.read(part))
    with pytest.raises(UserError, match="its unpacked size exceeds the file size"):
        charcells.load(run / "bomb.ckpt")


def test_an_older_kind_of_file_is_not_read_at_all(run):
    torch.save(OrderedDict(charcells=1), run / "old.ckpt", _use_new_zipfile_serialization=False)
    (run / "plain.ckpt").write_bytes(pickle.dumps(1))
    for name in ("old.ckpt", "plain.ckpt"):
        with pytest.raises(UserError, match=r"it is not a file that torch\.save writes"):
            charcells.load(run / name)


@pytest.mark.slow
def test_a_name_escapes_neither_into_the_shell_nor_out_of_its_folder(command, tmp_path):
    """What is printed to be typed again is quoted; names of folders hold what they are given."""
    (tmp_path / "work").mkdir()
    name = "$(touch sprung) <b>&amp;`touch sprung`"
    (tmp_path / "work" / name).write_text(TEXT)
    tiny = ["logger=none", "data.batch_size=4", "data.seq_len=20", "trainer.max_steps=2", "samples.length=0"]
    folder = f"hydra.run.dir='runs/{name}'"
    result = command("train.py", "corpus=file", f"corpus.path={name}", *tiny, folder)
    assert result.returncode == 0, result.stderr
    (suggested,) = [line for line in result.stdout.splitlines() if line.startswith("more text:")]
    typed = suggested.removeprefix("more text:").strip().split(" ", 2)[2]
    shown = subprocess.run(["sh", "-c", f"printf %s {typed}"], cwd=tmp_path, capture_output=True, text=True)
    assert shown.stdout.startswith(f"run=runs/{name}")
    assert not list(tmp_path.rglob("sprung"))


# odd options and texts


@pytest.mark.parametrize("time", ["1:0:0:0", "999999:99:99:99"])
def test_every_time_that_the_configuration_takes_the_trainer_takes_too(small, tmp_path, time):
    options = [f"trainer.max_time={time}", "trainer.max_steps=1"]
    assert train(small(TEXT, *options), tmp_path / "run")["status"] == "finished"


@pytest.mark.slow
def test_a_text_of_seventy_thousand_different_characters_is_trained_on(small, tmp_path):
    text = "".join(map(chr, range(0xE000, 0xE000 + 72_000)))
    shares = ["data.val_fraction=0.001", "data.test_fraction=0.001", "corpus.normalize=false"]
    summary = train(small(text, "trainer.max_steps=2", *shares), tmp_path / "run")
    assert (summary["status"], summary["vocab_size"]) == ("finished", 72_000)
    assert len(charcells.load(tmp_path / "run").generate(length=3)) == 4


def test_a_text_with_lone_surrogates_is_trained_on_and_recorded(small, tmp_path):
    config = small("", "corpus.encoding=utf-7", "samples.length=40", "trainer.max_epochs=1")
    Path(config.corpus.path).write_bytes(("a\udffeb\udfff" * 200).encode("utf-7"))
    train(config, tmp_path / "run")
    samples = RunFolder(tmp_path / "run").read_samples()
    assert samples and set("".join(sample["text"] for sample in samples)) <= set("a\udffeb\udfff")
    assert "\udffe" in "".join(sample["text"] for sample in samples)


@pytest.mark.parametrize("given", ["kills", "kills=many", "deaths=3"])
def test_what_cannot_be_given_is_answered_with_what_can(given: str) -> None:
    from experiments.robustness.__main__ import main

    with pytest.raises(SystemExit, match="error: the options are kills=240"):
        main([given])
