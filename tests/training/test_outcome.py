"""What a run leaves in its folder when it ends: tracebacks, early messages, what the terminal shows."""

import errno
import logging
import math
import os
import re
import subprocess

import pytest

from charcells.cli.train import result_table
from charcells.errors import UserError, report_user_errors
from charcells.runs.folder import RunFolder
from charcells.training import facts
from charcells.training import train as training
from charcells.training.length import RunLength
from charcells.training.progress import ProgressBar
from charcells.training.record import Record
from charcells.training.train import train

TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(600))


def failing(monkeypatch, error):
    """Make the training of the second step fail."""

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 2:
            raise error

    monkeypatch.setattr(Record, "on_train_batch_end", on_train_batch_end)


def test_an_oserror_that_is_a_bug_keeps_its_traceback(small, tmp_path, monkeypatch):
    failing(monkeypatch, FileNotFoundError(errno.ENOENT, "No such file or directory", "inside.txt"))
    with pytest.raises(FileNotFoundError):
        train(small(TEXT), tmp_path / "run")
    log = (tmp_path / "run" / "train.log").read_text()
    assert "Traceback" in log and "on_train_batch_end" in log and "inside.txt" in log
    assert RunFolder(tmp_path / "run").read_summary().status == "failed"


def test_an_oserror_that_the_user_can_mend_is_one_line_and_has_its_traceback_in_the_log(
    small, tmp_path, monkeypatch, caplog
):
    failing(monkeypatch, PermissionError(errno.EACCES, "Permission denied", "somewhere"))
    with caplog.at_level(logging.INFO, "charcells"), pytest.raises(UserError, match="somewhere: Permission denied"):
        train(small(TEXT), tmp_path / "run")
    assert not any(record.exc_info for record in caplog.records)  # what the terminal shows
    log = (tmp_path / "run" / "train.log").read_text()
    assert "Traceback" in log and "on_train_batch_end" in log


def test_a_refusal_of_ours_has_no_traceback(small, tmp_path, monkeypatch):
    failing(monkeypatch, UserError("not like this"))
    with pytest.raises(UserError, match="not like this"):
        train(small(TEXT), tmp_path / "run")
    log = (tmp_path / "run" / "train.log").read_text()
    assert "failed: not like this" in log and "Traceback" not in log


@pytest.mark.parametrize(("code", "one_line"), [(errno.ENOSPC, True), (errno.EACCES, True), (errno.ENOENT, False)])
def test_a_command_reports_in_one_line_only_what_the_user_can_mend(code, one_line):
    with pytest.raises(SystemExit if one_line else OSError) as raised, report_user_errors():
        raise OSError(code, os.strerror(code), "a.txt")
    assert not one_line or str(raised.value) == f"error: a.txt: {os.strerror(code)}"


@pytest.mark.parametrize("name", ["", "a" * 300])
def test_a_folder_that_cannot_be_made_names_the_option(small, tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be made: .* Choose another with hydra\.run\.dir="):
        train(small(TEXT), tmp_path / "file" / "run" if not name else tmp_path / name)


def test_messages_from_before_the_folder_exists_stand_in_the_log_once(small, tmp_path):
    handlers = list(logging.getLogger("charcells").handlers)
    train(small(TEXT, "trainer.max_steps=1"), str(tmp_path / "one"))  # a path as text is a folder, too
    options = ["trainer.max_steps=1", f"init_from={tmp_path / 'one'}", "model.match_parameters=null"]
    train(small(TEXT, *options), tmp_path / "two")
    train(small(TEXT, "trainer.max_steps=1", "model.match_parameters=900"), tmp_path / "three")
    first, second, third = ((tmp_path / name / "train.log").read_text() for name in ("one", "two", "three"))
    assert "weights of" not in first and len(re.findall("weights of .*one.*characters shared", second)) == 1
    assert second.index("weights of") < second.index("training: ")
    assert len(re.findall("model.match_parameters=900: hidden_size", third)) == 1
    assert logging.getLogger("charcells").handlers == handlers


def test_a_resumed_run_says_where_it_begins(small, tmp_path):
    config = small(TEXT, "trainer.max_steps=2")
    train(config, tmp_path / "run")
    train(small(TEXT, "trainer.max_steps=3"), tmp_path / "run", resume=True)
    assert "resuming at step 2: " in (tmp_path / "run" / "train.log").read_text()
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        path.unlink()
    folder = RunFolder(tmp_path / "run")
    folder.write_summary(type(folder.read_summary())(folder.read_summary(), status="interrupted"))
    train(config, tmp_path / "run", resume=True)
    assert "beginning anew, because no checkpoint had been saved: " in (tmp_path / "run" / "train.log").read_text()


def test_a_rate_that_was_edited_by_hand_is_used_and_said(small, tmp_path):
    options = ("scheduler=constant", "optimizer.lr=0.01")
    train(small(TEXT, "trainer.max_steps=2", *options), tmp_path / "run")
    path = tmp_path / "run" / "config.yaml"
    path.write_text(path.read_text().replace("lr: 0.01\n  weight_decay", "lr: 0.5\n  weight_decay"))
    edited = RunFolder(tmp_path / "run").read_config()
    assert edited.optimizer.lr == 0.5
    edited.trainer.max_steps = 3
    summary = train(edited, tmp_path / "run", resume=True)
    assert "optimizer.lr=0.5 from here on; the steps so far were made with 0.01" in (
        (tmp_path / "run" / "train.log").read_text()
    )
    assert summary["resumed_from"] is not None
    last = (tmp_path / "run" / "metrics.csv").read_text().splitlines()[-1].split(",")
    assert float(last[7]) == 0.5  # lr


# the terminal


def test_the_bar_counts_epochs_from_one_to_the_last_and_reaches_the_end(small, tmp_path, capfd):
    train(small(TEXT, "trainer.max_epochs=7", "trainer.max_steps=8"), tmp_path / "run", progress_bar=True)
    shown = capfd.readouterr().err
    per_epoch = math.ceil((480 - 1) / (4 * 20))  # 480 characters are trained on
    epochs = math.ceil(8 / per_epoch)
    assert f"epoch 1/{epochs}" in shown and f"epoch {epochs}/{epochs}" in shown
    assert "epoch 0" not in shown and f"epoch {epochs + 1}" not in shown and "/7" not in shown
    assert "100%" in shown and "8/8" in shown and "00:00 left" in shown
    assert f"epoch 1/{epochs} " in (tmp_path / "run" / "train.log").read_text()


def test_the_time_left_is_that_of_the_steps_to_come_or_of_the_clock(monkeypatch):
    from charcells.training import progress

    class Trainer:
        global_step, callbacks = 30, []

    monkeypatch.setattr(progress.time, "monotonic", lambda: 120.0)
    assert progress.seconds_left(Trainer, 100, 10, 100.0) == 70  # 20 steps took 20 s
    assert progress.seconds_left(Trainer, 100, 30, 100.0) is None
    timer = progress.callbacks.Timer("00:00:01:00")
    monkeypatch.setattr(timer, "time_remaining", lambda: 12.0)
    Trainer.callbacks = [timer]
    assert progress.seconds_left(Trainer, 100, 10, 100.0) == 12
    assert issubclass(ProgressBar, training.Callback)


@pytest.mark.parametrize(
    ("fractions", "columns", "title"),
    [
        (["data.val_fraction=0", "data.test_fraction=0"], ["", "training"], "last model (step 2)"),
        (["data.val_fraction=0"], ["", "training", "test"], "last model (step 2)"),
        (["data.test_fraction=0"], ["", "validation"], "best model (step 2)"),
        ([], ["", "validation", "test"], "best model (step 2)"),
    ],
)
def test_the_result_has_a_column_for_each_text_and_no_dashes(small, tmp_path, fractions, columns, title):
    summary = train(small(TEXT * 2, "trainer.max_steps=2", *fractions), tmp_path / "run")
    table = result_table(summary)
    assert [str(column.header) for column in table.columns] == columns and title in str(table.title)
    if "training" in columns:
        bits = next(iter(table.columns[1].cells))
        assert float(bits) == pytest.approx(summary["train/loss"] / math.log(2), abs=1e-3)
    assert "-" not in list(table.columns[1].cells)[:2]


@pytest.mark.parametrize(
    ("bias", "steps", "said"), [(0, 1, "9 parameters; "), (4, 2, "9 parameters (4 of them PyTorch's second bias); ")]
)
def test_the_line_about_a_run_reads_right_for_one_and_for_none(bias, steps, said):
    names = ("corpus", "cell", "num_layers", "hidden_size", "embedding_dim", "train_chars", "batch_size", "seq_len")
    summary = {**dict.fromkeys(names, 1), "parameters": 9, "parameters_second_bias": bias}
    length = RunLength(steps, batches_per_step=1, per_step=1, counted="chars", max_epochs=1, max_steps=-1)
    line = facts.describe(summary, length)
    assert said in line and line.endswith("1 step an epoch" if steps == 1 else "2 steps an epoch")


def test_the_commit_is_that_of_the_packages_own_repository(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    package = tmp_path / ".venv" / "charcells"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (tmp_path / "theirs.txt").write_text("")
    assert facts._git_commit(package) is None
    git("init")
    git("add", "theirs.txt")
    git("commit", "-m", "theirs")
    assert facts._git_commit(package) is None
    git("add", "-f", ".venv")
    git("commit", "-m", "ours")
    assert re.fullmatch("[0-9a-f]{40}", facts._git_commit(package) or "")
