"""What a run writes as it goes: metrics.csv, samples.jsonl, and the same for loggers."""

import csv
import json
import os

import pytest
import torch

import charcells
from charcells.errors import UserError
from charcells.files import write_atomically
from charcells.runs.folder import RunFolder
from charcells.training.record import COLUMNS
from charcells.training.train import train

TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(1000))
EPOCH = 9
"""Steps that the `small` configuration makes in an epoch of TEXT: 799 characters in batches of 4 × 20."""


def rows(folder):
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def steps(folder, column="step"):
    """The steps of the rows that have something in a column."""
    return [int(row["step"]) for row in rows(folder) if row[column]]


def samples(folder):
    return [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("overrides", "logged", "validated"),
    [
        ([], [4, 8, 9, 12, 16, 18], [9, 18]),
        (["trainer.log_every_n_steps=100"], [9, 18], [9, 18]),
        (["trainer.max_steps=14"], [4, 8, 9, 12, 14], [9, 14]),
        (["trainer.max_steps=12"], [4, 8, 9, 12], [9, 12]),
        (["trainer.val_check_interval=0.34"], [3, 4, 6, 8, 9, 12, 15, 16, 18], [3, 6, 9, 12, 15, 18]),
        (["data.val_fraction=0", "trainer.max_steps=14"], [4, 8, 12, 14], []),
    ],
)
def test_there_is_one_row_for_each_logged_and_each_validated_step(small, tmp_path, overrides, logged, validated):
    train(small(TEXT, "trainer.log_every_n_steps=4", "data.test_fraction=0.1", *overrides), tmp_path)
    assert steps(tmp_path) == logged
    assert steps(tmp_path, "val/loss") == steps(tmp_path, "val/bpc") == steps(tmp_path, "val/accuracy") == validated


def test_train_loss_is_the_mean_since_the_row_before(small, tmp_path, batch_losses):
    summary = train(small(TEXT, "trainer.log_every_n_steps=4"), tmp_path)
    assert len(batch_losses) == 2 * EPOCH
    before = 0
    for row in rows(tmp_path):
        since = [loss.item() for loss in batch_losses[before : int(row["step"])]]
        assert float(row["train/loss"]) == pytest.approx(sum(since) / len(since), rel=1e-12)
        before = int(row["step"])
    assert before == 2 * EPOCH
    assert summary["train/loss"] == float(rows(tmp_path)[-1]["train/loss"])


def test_rows_count_epochs_and_characters(small, tmp_path):
    train(small(TEXT, "trainer.log_every_n_steps=4"), tmp_path)
    assert (tmp_path / "metrics.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    for row in rows(tmp_path):
        step = int(row["step"])
        assert int(row["chars_seen"]) == step * 4 * 20
        assert int(row["epoch"]) == 1 + (step - 1) // EPOCH
        assert float(row["grad_norm"]) > 0
        assert int(row["chars_per_second"]) > 0
        assert bool(row["val/bpc"]) is (step % EPOCH == 0)


def test_a_sample_is_recorded_at_each_validation(small, tmp_path):
    options = ["samples.prompts=[ab]", "samples.length=30", "samples.temperature=0.5", "samples.top_k=4"]
    train(small(TEXT + "\n", "trainer.val_check_interval=0.34", *options), tmp_path)
    records = samples(tmp_path)
    assert [record["step"] for record in records] == steps(tmp_path, "val/loss") == [3, 6, 9, 12, 15, 18]
    for record in records:
        assert list(record) == ["step", "chars_seen", "prompt", "temperature", "top_k", "text"]
        assert record["chars_seen"] == record["step"] * 80
        assert (record["prompt"], record["temperature"], record["top_k"]) == ("ab", 0.5, 4)
        assert record["text"].startswith("ab")
        assert len(record["text"]) == 32
        assert set(record["text"]) <= set(TEXT + "\n")
    assert len({record["text"] for record in records}) > 1


HELD_OUT = {"held out": [], "nothing held out": ["data.val_fraction=0", "data.test_fraction=0"]}


@pytest.mark.parametrize("held_out", HELD_OUT)
def test_the_last_sample_is_what_the_last_checkpoint_writes(small, tmp_path, held_out):
    train(small(TEXT, "samples.length=40", "seed=6", "model.dropout=0.5", *HELD_OUT[held_out]), tmp_path)
    last = samples(tmp_path)[-1]
    generator = charcells.load(tmp_path / "checkpoints" / "last.ckpt")
    assert generator.generate(length=40, temperature=0.8, seed=6) == last["text"]


DECOMPOSED = "a\u0301gua\r\n"


def test_the_prompts_of_samples_are_read_as_the_corpus_was(small, tmp_path):
    config = small("água e pão\r\n" * 60, "trainer.max_steps=1", f"samples.prompts={DECOMPOSED}")
    train(config, tmp_path)
    assert {record["prompt"] for record in samples(tmp_path)} == {"água\n"}
    assert charcells.load(tmp_path).prompt == "água\n"
    assert RunFolder(tmp_path).read_config().samples.prompts == [DECOMPOSED]  # as asked for, so the identity stays


def test_the_prompts_of_samples_are_left_as_they_are_where_the_corpus_was(small, tmp_path):
    options = ("trainer.max_steps=1", f"samples.prompts={DECOMPOSED}", "corpus.normalize=false")
    train(small("a\u0301gua e pa\u0303o\r\n" * 60, *options), tmp_path / "a")
    assert samples(tmp_path / "a")[0]["prompt"] == DECOMPOSED
    with pytest.raises(UserError, match=r"U\+0301"):
        train(small("água e pão\r\n" * 60, *options), tmp_path / "b")


@pytest.mark.parametrize(("text", "prompt"), [("ab\ncd" * 200, "\n"), ("xyabcd" * 200, "x")])
def test_samples_begin_with_a_line_break_or_the_first_character(small, tmp_path, text, prompt):
    train(small(text, "trainer.max_steps=1"), tmp_path)
    assert samples(tmp_path)[0]["prompt"] == prompt


def test_without_held_out_text_ten_samples_are_spread_over_the_run(small, tmp_path):
    train(small(TEXT, "data.val_fraction=0", "data.test_fraction=0", "trainer.max_steps=20"), tmp_path)
    assert [record["step"] for record in samples(tmp_path)] == list(range(2, 21, 2))


def test_samples_of_no_length_are_not_written(small, tmp_path):
    train(small(TEXT, "samples.length=0", "trainer.max_steps=3"), tmp_path)
    assert samples(tmp_path) == []


@pytest.mark.parametrize("held_out", HELD_OUT)
def test_samples_and_validations_do_not_disturb_training(small, tmp_path, held_out):
    options = ["model.dropout=0.3", "model.num_layers=2", "scheduler=constant", *HELD_OUT[held_out]]
    variants = {
        "watched": [],
        "often": ["trainer.val_check_interval=0.2", "samples.length=50"],
        "silent": ["samples.length=0"],
    }
    weights = {}
    for name, overrides in variants.items():
        train(small(TEXT, *options, *overrides), tmp_path / name)
        content = torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True)
        weights[name] = content["state_dict"]
    for name, value in weights["watched"].items():
        assert torch.equal(value, weights["often"][name])
        assert torch.equal(value, weights["silent"][name])


def test_writing_atomically_replaces_the_content(tmp_path):
    path = tmp_path / "summary.json"
    write_atomically(path, "old")
    write_atomically(path, "new é")
    assert path.read_text(encoding="utf-8") == "new é"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "summary.json"
    write_atomically(path, "old")

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_utf_8_does_not_have_is_written_as_an_escape(tmp_path):
    write_atomically(tmp_path / "summary.json", json.dumps("a lone \ud800", ensure_ascii=False))
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == "a lone \ud800"


def test_tensorboard_gets_event_files_with_our_metrics(small, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(small(TEXT, "logger=tensorboard"), tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    logged = {scalar.step: scalar.value for scalar in events.Scalars("val/bpc")}
    assert logged == pytest.approx(
        {int(row["step"]): float(row["val/bpc"]) for row in rows(tmp_path) if row["val/bpc"]}
    )


@pytest.mark.slow
def test_wandb_runs_offline_without_an_account_a_prompt_or_a_network(small, tmp_path, command, monkeypatch):
    small(TEXT)  # writes the text
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    unreachable = "http://127.0.0.1:9"
    folder = tmp_path / "run"
    result = command(
        "train.py",
        "corpus=file",
        f"corpus.path={tmp_path / 'text.txt'}",
        "threads=1",
        "data.batch_size=4",
        "data.seq_len=20",
        "trainer.max_steps=20",
        f"hydra.run.dir={folder}",
        HOME=str(tmp_path),
        HTTPS_PROXY=unreachable,
        HTTP_PROXY=unreachable,
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["status"] == "finished"
    runs = list((folder / "wandb").glob("offline-run-*"))
    assert len(runs) == 1
    record = b"".join(path.read_bytes() for path in runs[0].glob("*.wandb"))
    for logged in (b"val/bpc", b"chars_seen", b"hidden_size", b"loss curve"):
        assert logged in record


def test_samples_with_any_line_separator_are_read_back(small, tmp_path):
    text = "a\u2028b\u2029c\x85d\n" * 200
    train(small(text, "samples.length=60", 'samples.prompts=["a\u2028b"]'), tmp_path / "run")
    assert all(sample["text"].startswith("a\u2028b") for sample in RunFolder(tmp_path / "run").read_samples())
