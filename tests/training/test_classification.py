"""Training a classifier: the score, the run folder, the exact resume, and refusals."""

import csv
import json
import math
import random
from pathlib import Path

import pytest
import torch

from charcells.cli.compose import compose
from charcells.config import Config
from charcells.errors import UserError
from charcells.models.checkpoint import read_checkpoint, read_classifier
from charcells.signals import Interrupted
from charcells.training import checkpoints
from charcells.training.classification import ReviewScore
from charcells.training.run_module import RunModule
from charcells.training.train import train

TIMES = {"train_seconds", "reviews_per_second", "versions"}

BOOK = "film_reviews_book"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """The baseline beside a run is cached."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def reviews(number: int = 240) -> str:
    """Made-up reviews; the label is whether 'fine' or 'dull' is in them, among other words."""
    draw = random.Random(5)
    lines = []
    for k in range(number):
        label, word = ("pos", "fine") if k % 2 else ("neg", "dull")
        words = draw.choices(["the", "a", "film", "plot", "actor", "story", "scene"], k=draw.randint(1, 12))
        words.insert(draw.randint(0, len(words)), word)
        lines.append(f"{label}\t{' '.join(words)} {k}\n")
    return "label\ttext\n" + "".join(lines)


def small(folder: Path, *overrides: str, preset: str = "film_reviews") -> Config:
    path = folder / "reviews.tsv"
    path.write_text(reviews(), encoding="utf-8")
    return compose(
        [
            f"experiment={preset}",
            "corpus=file",
            f"corpus.path={path}",
            "logger=none",
            "threads=1",
            "model.hidden_size=8",
            "model.embedding_dim=6",
            "model.dropout=0.2",
            "data.batch_size=8",
            "trainer.max_epochs=4",
            "trainer.log_every_n_steps=10",
            "optimizer.lr=0.02",
            *overrides,
        ]
    )


def summary_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def metrics(folder: Path) -> list[dict]:
    with open(folder / "metrics.csv") as file:
        return [{key: value for key, value in row.items() if key not in TIMES} for row in csv.DictReader(file)]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_classifier_learns_which_word_decides(tmp_path, cell):
    config = small(tmp_path, f"cell={cell}", "model.bidirectional=true")
    summary = train(config, tmp_path / "run")
    assert summary == summary_of(tmp_path / "run")
    assert summary["status"] == "finished"
    assert (summary["train_reviews"], summary["val_reviews"], summary["test_reviews"]) == (192, 24, 24)
    assert summary["corpus"] == "reviews.tsv"
    assert summary["test/accuracy"] > 0.9 and summary["test/auc"] > 0.95
    assert summary["val/loss"] == min(float(row["val/loss"]) for row in metrics(tmp_path / "run") if row["val/loss"])
    assert (tmp_path / "run" / "loss.png").exists()


def test_samples_are_the_reviews_of_which_it_is_surest_and_least_sure(tmp_path):
    train(small(tmp_path), tmp_path / "run")
    samples = [json.loads(line) for line in (tmp_path / "run" / "samples.jsonl").read_text().splitlines()]
    last = [sample for sample in samples if sample["step"] == samples[-1]["step"]]
    assert [sample["kind"] for sample in last] == ["surest"] * 3 + ["least sure"] * 3
    sureness = [sample["probability"] for sample in last]
    assert min(sureness) >= 0.5 and {sample["predicted"] for sample in last} <= {"neg", "pos"}
    assert min(sureness[:3]) >= max(sureness[3:])
    lines = set(reviews().splitlines())
    assert all(f"{sample['label']}\t{sample['text']}" in lines for sample in last)


def test_the_books_network_trains_by_its_preset(tmp_path):
    config = small(tmp_path, "trainer.max_steps=3", "model.hidden_size=64", "reviews.units=characters", preset=BOOK)
    summary = train(config, tmp_path / "run")
    assert (summary["steps"], summary["head_size"], summary["units"]) == (3, 64, "characters")
    config = compose([f"experiment={BOOK}"])
    assert (config.corpus.name, config.model.embedding_dim, config.model.hidden_size) == ("imdb", 20, 64)
    assert (config.optimizer.name, config.optimizer.lr, config.trainer.max_epochs) == ("adam", 1e-3, 10)


def test_the_recipe_for_imdb_trains_by_its_preset(tmp_path):
    summary = train(small(tmp_path, preset="film_reviews_imdb"), tmp_path / "run")
    assert (summary["cell"], summary["status"]) == ("gru", "finished")
    kept = {"the", "a", "film", "plot", "actor", "story", "scene", "fine", "dull"}
    # each is in about a hundred of 192 reviews; the numbers at their ends, once each, are unknown words
    assert summary["vocab_size"] == len(kept) + 2
    assert summary["test/accuracy"] > 0.9


def stop_after(monkeypatch, step: int) -> None:
    """Let the process get a stop signal in that step."""
    original = RunModule.training_step

    def training_step(self, batch, batch_idx):
        if self.global_step + 1 == step:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, batch, batch_idx)

    monkeypatch.setattr(RunModule, "training_step", training_step)


@pytest.mark.parametrize("step", [1, 11, 24, 30])  # 24 steps an epoch
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(tmp_path, monkeypatch, step):
    config = small(tmp_path, "cell=gru", "model.bidirectional=true", "model.num_layers=2", "trainer.max_epochs=2")
    train(config, tmp_path / "full")
    with monkeypatch.context() as patch:
        stop_after(patch, step)
        with pytest.raises(Interrupted):
            train(config, tmp_path / "parts")
    assert summary_of(tmp_path / "parts")["steps"] == step
    train(config, tmp_path / "parts", resume=True)
    for name in ("last", "best"):
        one, two = (
            read_classifier(tmp_path / run / "checkpoints" / f"{name}.ckpt").weights for run in ("full", "parts")
        )
        assert all(torch.equal(one[key], two[key]) for key in one)
    assert metrics(tmp_path / "full") == metrics(tmp_path / "parts")
    assert (tmp_path / "full" / "samples.jsonl").read_text() == (tmp_path / "parts" / "samples.jsonl").read_text()
    one, two = summary_of(tmp_path / "full"), summary_of(tmp_path / "parts")
    assert {key: one[key] for key in one if key not in TIMES} == {key: two[key] for key in two if key not in TIMES}


def test_the_area_under_the_curve_is_the_share_of_ordered_pairs():
    torch.manual_seed(1)
    logits = torch.randn(40).round(decimals=1)  # with ties
    labels = (torch.rand(40) < 0.4).float()
    score = ReviewScore()
    for part in (slice(0, 7), slice(7, 40)):
        score.add(lambda tokens, lengths: tokens, logits[part], None, labels[part])
    found = score.metrics("val")
    pairs = [
        1.0 if high > low else 0.5 if high == low else 0.0
        for high in logits[labels == 1].tolist()
        for low in logits[labels == 0].tolist()
    ]
    assert found["val/auc"] == pytest.approx(sum(pairs) / len(pairs))
    right = [(logit > 0) == bool(label) for logit, label in zip(logits.tolist(), labels.tolist(), strict=True)]
    assert found["val/accuracy"] == pytest.approx(sum(right) / 40)
    nats = [math.log1p(math.exp(-x if y else x)) for x, y in zip(logits.tolist(), labels.tolist(), strict=True)]
    assert found["val/loss"] == pytest.approx(sum(nats) / 40)


def test_equal_parameters_are_chosen_for_a_classifier_too(tmp_path):
    counts = []
    for cell in ("rnn", "lstm"):
        options = ("model.match_parameters=3000", "trainer.max_steps=1", "model.bidirectional=true")
        counts.append(train(small(tmp_path, f"cell={cell}", *options), tmp_path / cell)["parameters"])
    assert counts == pytest.approx([3000, 3000], rel=0.05)


def test_without_held_out_reviews_the_last_model_is_kept(tmp_path):
    summary = train(small(tmp_path, "data.val_fraction=0", "data.test_fraction=0"), tmp_path / "run")
    assert summary["status"] == "finished" and summary["test/accuracy"] is None
    assert read_classifier(tmp_path / "run" / "checkpoints" / "best.ckpt").description.labels == ["neg", "pos"]


def test_a_try_run_leaves_nothing_behind(tmp_path):
    train(small(tmp_path, "trainer.fast_dev_run=true"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_a_classifier_is_not_taken_for_a_language_model(tmp_path):
    train(small(tmp_path, "trainer.max_steps=2"), tmp_path / "run")
    path = tmp_path / "run" / "checkpoints" / "best.ckpt"
    with pytest.raises(UserError, match="is a classifier, which writes and scores no text"):
        read_checkpoint(path)
    model, checkpoint = read_classifier(path).model(), read_classifier(path)
    assert model.embedding.num_embeddings == len(checkpoint.vocabulary) == len(checkpoint.description.known) + 2


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.seq_len=10"], "data.seq_len=10 does not apply to task=classify"),
        (["trainer.devices=2"], "trainer.devices=2 is not possible with task=classify: a classifier trains on one"),
        (["init_from=x"], "init_from=x is not possible with task=classify"),
        (["model.embedding_dim=null"], "model.embedding_dim=null is not possible"),
        (["reviews.max_length=0"], "reviews.max_length=0 is not allowed: it must be at least 1"),
    ],
)
def test_what_does_not_apply_to_a_classifier_is_refused(tmp_path, overrides, message):
    with pytest.raises(UserError, match=message):
        small(tmp_path, *overrides)


def test_what_applies_to_classifiers_only_is_refused_elsewhere():
    with pytest.raises(
        UserError, match=r"model.bidirectional=True does not apply to task=next_character: .*film_reviews"
    ):
        compose(["model.bidirectional=true"])


def test_a_classifier_needs_labelled_texts(tmp_path):
    with pytest.raises(UserError, match="corpus=pydoc has no labels to learn: choose one of"):
        train(compose(["experiment=film_reviews", "corpus=pydoc", "logger=none"]), tmp_path / "run")


@pytest.mark.parametrize(("batch_size", "seen"), [(8, [192, 384]), (100, [100, 192, 292, 384])])
def test_each_review_counts_once_an_epoch(tmp_path, batch_size, seen):
    options = (f"data.batch_size={batch_size}", "trainer.max_epochs=2", "trainer.log_every_n_steps=1")
    summary = train(small(tmp_path, *options), tmp_path / "run")
    assert summary["reviews_seen"] == 384
    counted = [int(row["reviews_seen"]) for row in metrics(tmp_path / "run")]
    assert counted[-len(seen) :] == seen if batch_size == 100 else set(seen) <= set(counted)


def test_a_run_is_saved_once_a_minute_between_validations(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "CHECKPOINT_SECONDS", 0)
    train(small(tmp_path, "trainer.max_steps=3"), tmp_path / "run")
    assert read_classifier(tmp_path / "run" / "checkpoints" / "last.ckpt").description.step == 3
