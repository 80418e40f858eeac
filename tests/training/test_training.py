"""Whole runs: equal for equal seeds, exact when resumed, saved however they end, and as good as theory allows."""

import csv
import errno
import hashlib
import json
import math
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

import charcells
from charcells.cli.compose import compose
from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN
from charcells.models.checkpoint import read_checkpoint
from charcells.runs.folder import RunFolder
from charcells.runs.identity import RESULTS_VERSION
from charcells.text import baselines
from charcells.text.corpus import load_split
from charcells.training.checkpoints import Checkpoints
from charcells.training.machine import auto_threads
from charcells.training.run_module import RunModule
from charcells.training.train import train

ROOT = Path(__file__).parents[2]
TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(1000))
NOISE = "".join("abcdefgh"[i] for i in np.random.default_rng(1).integers(8, size=1000))
"""What can only be learned by heart, so that validation gets worse once that begins."""

EPOCH = 9
"""Steps that the `small` configuration makes in an epoch of either: 799 characters in batches of 4 × 20."""

TIMES = ("seconds", "chars_per_second", "train_seconds")


def metrics(folder):
    """The rows of metrics.csv, without the speed, which no two runs share."""
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        return [{key: value for key, value in row.items() if key not in TIMES} for row in csv.DictReader(file)]


def summary_of(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def checkpoint(folder, name="last"):
    return torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)


def weights(folder, name="last"):
    return read_checkpoint(folder / "checkpoints" / f"{name}.ckpt").weights


def differences(one, other, path=""):
    """Where two checkpoints differ, times and Lightning's own counters aside."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return [] if torch.equal(one, other) else [path]
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return [f"{path}: {sorted(map(str, one.keys() ^ other.keys()))}"]
        keys = [key for key in one if key not in (*TIMES, "loops")]
        return [found for key in keys for found in differences(one[key], other[key], f"{path}/{key}")]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return [path]
        pairs = enumerate(zip(one, other, strict=True))
        return [found for i, (a, b) in pairs for found in differences(a, b, f"{path}/{i}")]
    return [] if one == other else [f"{path}: {one} against {other}"]


def assert_same_run(folder, other):
    for name in ("last", "best"):
        assert differences(checkpoint(folder, name), checkpoint(other, name)) == [], name
    assert metrics(folder) == metrics(other)
    assert (folder / "samples.jsonl").read_text() == (other / "samples.jsonl").read_text()
    one, two = summary_of(folder), summary_of(other)
    assert {key: one[key] for key in one if key not in TIMES} == {key: two[key] for key in two if key not in TIMES}


def interrupt(config, folder, step):
    """Train until a Ctrl-C that comes in the midst of a step."""
    original = RunModule.training_step

    def training_step(self, batch, batch_idx):
        if self.global_step == step - 1:
            signal.raise_signal(signal.SIGINT)
        return original(self, batch, batch_idx)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunModule, "training_step", training_step)
        with pytest.raises(SystemExit) as stopped:
            train(config, folder)
    assert stopped.value.code == 130
    assert summary_of(folder)["status"] == "interrupted"


LAST = 10**9

# what each variant adds to the small configuration, and the steps in which the fast tests interrupt it
VARIANTS = {
    "lstm_streams": (["cell=lstm"], [1, 5, EPOCH, EPOCH + 1, LAST]),
    "gru_windows_dropout": (["cell=gru", "data.sampling=windows", "model.dropout=0.3", "model.num_layers=2"], [1, 13]),
    "rnn_plateau": (
        [
            "cell=rnn",
            "scheduler=plateau",
            "scheduler.patience=0",
            "optimizer.lr=0.1",
            "trainer.val_check_interval=0.34",
        ],
        [2, EPOCH, 13, 15],
    ),
    "early_stopping": (
        [
            "trainer.early_stopping_patience=2",
            "trainer.max_epochs=9",
            "trainer.val_check_interval=0.5",
            "optimizer.lr=0.3",
            "scheduler=constant",
        ],
        [3, 4, EPOCH, LAST],
    ),
    "no_held_out_text": (["data.val_fraction=0", "data.test_fraction=0"], [1, 11, 15, LAST]),
    "max_steps_inside_an_epoch": (["trainer.max_steps=23"], [5, 22, LAST]),
    # an epoch of 31 steps: 200 characters, less 4 × 20, in steps of 4, and the first
    "overlapping": (
        [
            "cell=rnn",
            "data.sampling=overlapping",
            "data.carry_state=true",
            "data.train_fraction=0.25",
            "model.dropout=0.3",
            "model.num_layers=2",
        ],
        [1, 13, 31, 32, LAST],
    ),
    # interrupted at the end of an epoch, too, where the state would be reset
    "never_reset": (
        ["cell=lstm", "data.sampling=windows", "data.carry_state=true", "data.reset_state=never"],
        [1, 5, EPOCH, EPOCH + 1, LAST],
    ),
    "one_hot": (["model.embedding_dim=null", "cell=gru", "optimizer=rmsprop"], [EPOCH, 2 * EPOCH + 3]),
    "accumulated": (
        ["trainer.accumulate_grad_batches=4", "trainer.val_check_interval=0.34", "model.dropout=0.3"],
        [2, 3, 4, LAST],
    ),
    "limited": (["trainer.limit_train_batches=4", "trainer.val_check_interval=3"], [2, 4, 5, LAST]),
}


def variant(small, name):
    return small(NOISE, "trainer.max_epochs=3", "trainer.log_every_n_steps=4", *VARIANTS[name][0])


def train_variant(config, name, folder):
    """The steps of an uninterrupted run, in which what the variant is about does happen."""
    summary = train(config, folder)
    if name == "early_stopping":
        assert 2 * EPOCH < summary["steps"] < 9 * EPOCH
    if name == "rnn_plateau":
        assert len({row["lr"] for row in metrics(folder)}) > 1
    return summary["steps"]


def check_resume(config, full, folder, step):
    interrupt(config, folder, step)
    train(config, folder, resume=True)
    assert_same_run(full, folder)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(small, tmp_path, name):
    config = variant(small, name)
    full = tmp_path / "full"
    last = train_variant(config, name, full)
    for step in VARIANTS[name][1]:
        check_resume(config, full, tmp_path / str(step), min(step, last))


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_a_run_resumed_after_any_step_equals_the_uninterrupted_one(small, tmp_path, name):
    config = variant(small, name)
    full = tmp_path / "full"
    for step in range(1, train_variant(config, name, full) + 1):
        check_resume(config, full, tmp_path / str(step), step)


def test_a_run_interrupted_again_and_again_equals_the_uninterrupted_one(small, tmp_path, monkeypatch):
    config = variant(small, "lstm_streams")
    train(config, tmp_path / "full")
    original = RunModule.training_step

    def training_step(self, batch, batch_idx):
        signal.raise_signal(signal.SIGTERM)
        return original(self, batch, batch_idx)

    monkeypatch.setattr(RunModule, "training_step", training_step)
    folder = tmp_path / "run"
    for number in range(7):
        with pytest.raises(SystemExit) as stopped:
            train(config, folder, resume=number > 0)
        assert stopped.value.code == 143
    assert checkpoint(folder)["global_step"] == 7
    monkeypatch.undo()
    train(config, folder, resume=True)
    assert_same_run(tmp_path / "full", folder)


def test_two_runs_with_one_seed_are_equal_and_another_seed_differs(small, tmp_path):
    for name, seed in (("one", 4), ("two", 4), ("other", 5)):
        config = small(TEXT, f"seed={seed}", "model.dropout=0.2", "model.num_layers=2", "data.sampling=windows")
        torch.manual_seed(len(name))  # what happened before is not to matter
        train(config, tmp_path / name)
    assert_same_run(tmp_path / "one", tmp_path / "two")
    assert metrics(tmp_path / "one") != metrics(tmp_path / "other")


def test_a_run_without_held_out_text_that_stops_between_its_last_two_checkpoints_is_resumed(
    small, tmp_path, monkeypatch
):
    config = small(TEXT, "data.val_fraction=0", "data.test_fraction=0", "trainer.max_steps=7")
    train(config, tmp_path / "full")
    original, saved = Checkpoints._save, []

    def save(self, trainer, path):
        if trainer.global_step == 7:
            saved.append(path.name)
            if len(saved) == 2:
                raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))
        original(self, trainer, path)

    monkeypatch.setattr(Checkpoints, "_save", save)
    with pytest.raises(UserError, match="No space left"):
        train(config, tmp_path / "run")
    assert sorted(saved) == ["best.ckpt", "last.ckpt"]
    monkeypatch.undo()
    train(config, tmp_path / "run", resume=True)
    assert_same_run(tmp_path / "full", tmp_path / "run")


def test_a_run_trained_longer_equals_one_that_was_long_from_the_start(small, tmp_path):
    options = ["scheduler=constant", "cell=gru", "model.dropout=0.1"]
    train(small(TEXT, "trainer.max_epochs=1", *options), tmp_path / "run")
    longer = small(TEXT, "trainer.max_epochs=3", *options)
    summary = train(longer, tmp_path / "run", resume=True)
    assert (summary["status"], summary["steps"], summary["epochs"]) == ("finished", 3 * EPOCH, 3)
    train(longer, tmp_path / "long")
    assert_same_run(tmp_path / "long", tmp_path / "run")


def test_a_run_that_none_from_the_beginning_equals_says_what_it_was_resumed_from(small, tmp_path):
    # the rate falls until the end, so that another end is another course
    config, longer = small(TEXT, "trainer.max_epochs=1"), small(TEXT, "trainer.max_epochs=3")
    short, full = train(config, tmp_path / "run"), train(longer, tmp_path / "long")
    assert short["identity"] != full["identity"] and short["resumed_from"] is full["resumed_from"] is None
    continued = train(longer, tmp_path / "run", resume=True)
    assert continued["identity"] == full["identity"]
    assert continued["resumed_from"] == {"identity": short["identity"], "results_version": RESULTS_VERSION}
    assert full.is_run(full["identity"]) and not continued.is_run(full["identity"])


def test_a_run_resumed_under_another_results_version_says_so(small, tmp_path):
    longer = small(TEXT, "trainer.max_epochs=3")
    interrupt(longer, tmp_path / "other", 5)
    summary = summary_of(tmp_path / "other")
    summary |= {"results_version": RESULTS_VERSION - 1, "identity": "that of the older code"}
    (tmp_path / "other" / "summary.json").write_text(json.dumps(summary))
    resumed = train(longer, tmp_path / "other", resume=True)
    assert resumed["results_version"] == RESULTS_VERSION
    assert resumed["resumed_from"] == {"identity": "that of the older code", "results_version": RESULTS_VERSION - 1}


def test_a_run_that_ended_inside_an_epoch_can_be_trained_longer(small, tmp_path):
    options = ["scheduler=constant", "trainer.max_epochs=3"]
    train(small(TEXT, "trainer.max_steps=5", *options), tmp_path / "run")
    train(small(TEXT, *options), tmp_path / "run", resume=True)
    train(small(TEXT, *options), tmp_path / "long")
    assert differences(checkpoint(tmp_path / "run")["state_dict"], checkpoint(tmp_path / "long")["state_dict"]) == []
    steps = [int(row["step"]) for row in metrics(tmp_path / "run")]
    assert steps == sorted(set(steps))
    validated = [int(row["step"]) for row in metrics(tmp_path / "run") if row["val/loss"]]
    assert validated == [5, EPOCH, 2 * EPOCH, 3 * EPOCH]


def test_a_run_that_ends_inside_an_epoch_is_validated_saved_and_tested(small, tmp_path):
    summary = train(small(TEXT, "trainer.max_steps=5"), tmp_path)
    assert (summary["status"], summary["steps"], summary["best_step"]) == ("finished", 5, 5)
    assert summary["epochs"] == pytest.approx(5 / EPOCH)
    assert float(metrics(tmp_path)[-1]["val/bpc"]) == summary["val/bpc"]
    assert summary["test/bpc"] > 0
    for name in ("best", "last"):
        assert checkpoint(tmp_path, name)["global_step"] == 5


def test_a_run_out_of_time_is_validated_saved_and_tested(small, tmp_path):
    config = small(TEXT, "trainer.max_time=00:00:00:01", "trainer.max_epochs=100000", "samples.length=0")
    summary = train(config, tmp_path)
    assert summary["status"] == "finished"
    assert 0 < summary["steps"] < 100_000
    assert 0.5 < summary["train_seconds"] < 20
    last = metrics(tmp_path)[-1]
    assert (int(last["step"]), bool(last["val/bpc"])) == (summary["steps"], True)
    assert checkpoint(tmp_path)["global_step"] == summary["steps"]
    assert summary["test/bpc"] > 0


def test_the_best_checkpoint_is_the_one_that_is_tested(small, tmp_path):
    options = ["model.hidden_size=64", "optimizer.lr=0.02", "scheduler=constant", "trainer.max_epochs=6"]
    summary = train(small(NOISE, *options), tmp_path)
    losses = {int(row["step"]): float(row["val/loss"]) for row in metrics(tmp_path) if row["val/loss"]}
    best = min(losses, key=losses.get)
    assert best < 6 * EPOCH
    assert (summary["best_step"], summary["val/loss"]) == (best, losses[best])
    assert checkpoint(tmp_path, "best")["global_step"] == best
    assert checkpoint(tmp_path, "last")["global_step"] == 6 * EPOCH
    generator = charcells.load(tmp_path / "checkpoints" / "best.ckpt")
    tokens = torch.from_numpy(generator.vocabulary.encode(NOISE)).long()
    with torch.no_grad():
        logits = generator.model(tokens[None, :-1])[0][0]
    nats = torch.nn.functional.cross_entropy(logits[899:], tokens[900:])
    assert summary["test/loss"] == pytest.approx(nats.item(), abs=1e-4)


# --- interrupts from outside ---

LONG = [
    "corpus=file",
    "logger=none",
    "threads=1",
    "model.hidden_size=8",
    "model.embedding_dim=4",
    "data.batch_size=4",
    "data.seq_len=20",
    "trainer.max_epochs=60",
    "trainer.log_every_n_steps=4",
    "samples.length=5",
]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The folder of a run long enough to be stopped from outside, and its configuration."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    (folder / "text.txt").write_text(TEXT)
    config = compose([*LONG, f"corpus.path={folder / 'text.txt'}"])
    train(config, folder / "run")
    return folder / "run", config


def stop_from_outside(number, config, work):
    """Start train.py, send it a signal in mid-run; its run folder and exit status."""
    folder = work / "run"
    arguments = [*LONG, f"corpus.path={config.corpus.path}", f"hydra.run.dir={folder}"]
    command = [sys.executable, str(ROOT / "train.py"), *arguments]
    process = subprocess.Popen(command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if (folder / "metrics.csv").exists() and (folder / "metrics.csv").read_text().count("\n") > 12:
            break
        time.sleep(0.005)
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    assert "Traceback" not in output
    return folder, process.returncode


def test_ctrl_c_saves_the_run_and_resume_finishes_it(uninterrupted, tmp_path, command):
    full, config = uninterrupted
    folder, status = stop_from_outside(signal.SIGINT, config, tmp_path)
    assert (status, summary_of(folder)["status"]) == (130, "interrupted")
    step = checkpoint(folder)["global_step"]
    assert 0 < step < 60 * EPOCH
    result = command("train.py", f"resume={folder}")
    assert result.returncode == 0, result.stderr
    assert_same_run(full, folder)


def test_sigterm_saves_the_run_and_resume_finishes_it(uninterrupted, tmp_path):
    full, config = uninterrupted
    folder, status = stop_from_outside(signal.SIGTERM, config, tmp_path)
    assert (status, summary_of(folder)["status"]) == (143, "interrupted")
    train(config, folder, resume=True)
    assert_same_run(full, folder)


def test_a_killed_run_continues_from_its_last_checkpoint(uninterrupted, tmp_path):
    full, config = uninterrupted
    folder, status = stop_from_outside(signal.SIGKILL, config, tmp_path)
    assert (status, summary_of(folder)["status"]) == (-signal.SIGKILL, "running")
    train(config, folder, resume=True)
    assert_same_run(full, folder)


def test_lines_written_after_the_checkpoint_or_cut_short_are_not_doubled(small, tmp_path):
    config = variant(small, "lstm_streams")
    train(config, tmp_path / "full")
    folder = tmp_path / "run"
    interrupt(config, folder, 13)
    saved = (folder / "checkpoints" / "last.ckpt").read_bytes()
    shutil.copytree(tmp_path / "full", folder, dirs_exist_ok=True)  # the logs as they stand much later
    (folder / "checkpoints" / "last.ckpt").write_bytes(saved)
    for name in ("metrics.csv", "samples.jsonl"):
        path = folder / name
        path.write_text(path.read_text()[:-7])  # the last line is cut off
    train(config, folder, resume=True)
    assert metrics(folder) == metrics(tmp_path / "full")
    assert (folder / "samples.jsonl").read_text() == (tmp_path / "full" / "samples.jsonl").read_text()


def test_a_run_killed_before_its_first_checkpoint_starts_again(small, tmp_path):
    config = variant(small, "lstm_streams")
    train(config, tmp_path / "full")
    interrupt(config, tmp_path / "run", 5)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    train(config, tmp_path / "run", resume=True)
    assert_same_run(tmp_path / "full", tmp_path / "run")


# --- divergence ---


def loss_becomes_nan(step):
    """A training step whose loss is no number at one step."""
    original = RunModule.training_step

    def training_step(self, batch, batch_idx):
        outputs = original(self, batch, batch_idx)
        if self.global_step == step - 1:
            outputs = {name: loss * math.nan for name, loss in outputs.items()}
        return outputs

    return training_step


def assert_finite(state):
    assert all(value.isfinite().all() for value in state.values())


def test_a_diverging_run_stops_with_the_step_and_a_hint(small, tmp_path, batch_losses):
    options = ["optimizer=sgd", "optimizer.lr=1e38", "trainer.gradient_clip_val=null", "model.embedding_dim=null"]
    with pytest.raises(UserError) as error:
        train(small(TEXT, "scheduler=constant", *options), tmp_path)
    first = next(step for step, loss in enumerate(batch_losses, 1) if not loss.isfinite())
    assert first > 1
    assert f"the loss of step {first} is" in str(error.value)
    assert "optimizer.lr than 1e+38" in str(error.value)
    assert "trainer.gradient_clip_val=1" in str(error.value)
    assert (summary_of(tmp_path)["status"], summary_of(tmp_path)["error"]) == ("failed", str(error.value))


@pytest.mark.parametrize("step", [EPOCH + 1, EPOCH + 4, 2 * EPOCH])
def test_the_last_checkpoint_of_a_diverged_run_is_sound(small, tmp_path, monkeypatch, step):
    monkeypatch.setattr(RunModule, "training_step", loss_becomes_nan(step))
    with pytest.raises(UserError, match=f"diverged: the loss of step {step} is nan"):
        train(small(TEXT), tmp_path)
    assert summary_of(tmp_path)["status"] == "failed"
    assert checkpoint(tmp_path)["global_step"] == EPOCH
    for name in ("last", "best"):
        assert_finite(weights(tmp_path, name))
    assert all("nan" not in row.values() for row in metrics(tmp_path))


def test_an_interrupt_does_not_save_a_diverged_run(small, tmp_path, monkeypatch):
    diverging = loss_becomes_nan(EPOCH + 2)

    def training_step(self, batch, batch_idx):
        if self.global_step == EPOCH + 1:
            signal.raise_signal(signal.SIGINT)
        return diverging(self, batch, batch_idx)

    monkeypatch.setattr(RunModule, "training_step", training_step)
    with pytest.raises(UserError, match="diverged"):
        train(small(TEXT), tmp_path)
    assert checkpoint(tmp_path)["global_step"] == EPOCH
    assert_finite(weights(tmp_path))


def test_a_last_step_that_diverges_is_reported_as_divergence(small, tmp_path):
    options = ["optimizer=sgd", "optimizer.lr=1e38", "trainer.gradient_clip_val=null", "scheduler=constant"]
    with pytest.raises(UserError, match="diverged"):
        train(small(TEXT, "trainer.max_steps=1", *options), tmp_path)
    assert summary_of(tmp_path)["status"] == "failed"


# --- what a model can learn ---


def test_a_model_can_memorise_one_sentence(small, tmp_path):
    sentence = "The quick brown fox, whom nobody had asked, jumps over the lazy dog.\n"
    config = small(
        sentence * 60, "model.hidden_size=64", "model.embedding_dim=16", "trainer.max_epochs=8", "data.seq_len=35"
    )
    summary = train(config, tmp_path)
    assert summary["val/bpc"] < 0.02
    assert summary["test/accuracy"] == 1
    text = charcells.load(tmp_path).generate(sentence, length=2 * len(sentence), temperature=0)
    assert text == sentence * 3


def markov_chain(n, characters=8, seed=3):
    """A second-order chain: its transition probabilities (before last, last, next), and n characters of it."""
    random = np.random.default_rng(seed)
    transition = random.dirichlet(np.full(characters, 0.6), size=(characters, characters))
    transition = 0.97 * transition + 0.03 / characters  # nothing is impossible
    bounds, draws = transition.cumsum(-1), random.random(n)
    chain = [0, 0]
    for draw in draws[2:]:
        following = np.searchsorted(bounds[chain[-2], chain[-1]], draw)
        chain.append(min(int(following), characters - 1))
    return transition, np.array(chain)


def entropy_rate(transition):
    """Nats per character of a second-order chain: the entropy of each context's row, by how often it comes."""
    characters = len(transition)
    pairs = np.full((characters, characters), 1 / characters**2)
    for _ in range(1000):
        pairs = np.einsum("ab,abc->bc", pairs, transition)
    assert np.allclose(pairs, np.einsum("ab,abc->bc", pairs, transition), atol=1e-14)
    return float(-(pairs[:, :, None] * transition * np.log(transition)).sum())


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_loss_on_a_source_of_known_entropy_comes_near_it_and_never_below(small, tmp_path, cell):
    transition, chain = markov_chain(150_000)
    rate = entropy_rate(transition)
    config = small(
        "".join("abcdefgh"[token] for token in chain),
        f"cell={cell}",
        "model.hidden_size=48",
        "model.embedding_dim=8",
        "data.batch_size=32",
        "data.seq_len=32",
        "trainer.max_epochs=6",
        "trainer.log_every_n_steps=50",
    )
    summary = train(config, tmp_path)
    for key, begin, end in (("val/loss", 120_000, 135_000), ("test/loss", 135_000, 150_000)):
        context = chain[begin - 2 : end - 2], chain[begin - 1 : end - 1]
        surprise = -np.log(transition[(*context, chain[begin:end])])  # nats of the true source on this very text
        sampling_error = surprise.std() / math.sqrt(len(surprise))
        assert abs(surprise.mean() - rate) < 4 * sampling_error
        assert summary[key] < 1.02 * rate + 3 * sampling_error
        assert summary[key] < 1.02 * surprise.mean()
        assert summary[key] > rate - 3 * sampling_error
        # text that the true source finds hard is hard for every honest model
        assert summary[key] > surprise.mean() - 0.003 * rate


# --- init_from ---

ONE, OTHER = "abcdefgh", "bdfhxyz\n"


def text_over(alphabet, n=1000):
    return "".join(alphabet[(i * i + i // 7) % len(alphabet)] for i in range(n // 2)) + alphabet * (n // 2)


@pytest.mark.parametrize("embedding", ["4", "null"])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_init_from_maps_the_vocabulary_by_character(small, tmp_path, cell, embedding):
    options = [f"cell={cell}", f"model.embedding_dim={embedding}", "trainer.max_epochs=1"]
    train(small(text_over(ONE), *options), tmp_path / "one")
    still = ["optimizer=sgd", "optimizer.lr=1e-60", "trainer.max_steps=1", "seed=9"]  # a step that changes nothing
    train(small(text_over(OTHER), *options, *still, f"init_from={tmp_path / 'one'}"), tmp_path / "other")
    checkpoints = [read_checkpoint(RunFolder(tmp_path / name).best) for name in ("one", "other")]
    description, other_description = (checkpoint.description for checkpoint in checkpoints)
    one, other = (checkpoint.weights for checkpoint in checkpoints)
    assert (description.characters, other_description.characters) == ("abcdefgh", "\nbdfhxyz")
    torch.manual_seed(9)
    fresh = CharRNN(8, **other_description.model).state_dict()
    by_character = {"embedding.weight": 0, "output.weight": 0, "output.bias": 0}
    if embedding == "null":
        by_character = {"rnn.weight_ih_l0": 1, "output.weight": 0, "output.bias": 0}
    for name, value in other.items():
        if name not in by_character:
            assert torch.equal(value, one[name]), name
            continue
        axis = by_character[name]
        for token, character in enumerate("\nbdfhxyz"):
            shared = character in ONE
            expected = one[name].select(axis, ONE.index(character)) if shared else fresh[name].select(axis, token)
            assert torch.equal(value.select(axis, token), expected), (name, character)


def test_init_from_starts_a_run_of_its_own(small, tmp_path):
    train(small(TEXT), tmp_path / "one")
    summary = train(small(TEXT, f"init_from={tmp_path / 'one'}", "trainer.max_epochs=1"), tmp_path / "two")
    assert (summary["steps"], metrics(tmp_path / "two")[0]["step"]) == (EPOCH, "3")
    assert checkpoint(tmp_path / "two")["global_step"] == EPOCH


def test_a_run_from_anothers_weights_is_resumed_without_the_other(small, tmp_path):
    train(small(TEXT, "trainer.max_steps=3"), tmp_path / "one")
    config = small(TEXT, f"init_from={tmp_path / 'one'}")
    train(config, tmp_path / "full")
    interrupt(config, tmp_path / "two", 5)
    shutil.rmtree(tmp_path / "one")
    train(config, tmp_path / "two", resume=True)
    assert_same_run(tmp_path / "full", tmp_path / "two")


@pytest.mark.parametrize(
    ("override", "difference"),
    [
        ("model.hidden_size=9", "hidden_size is 8 there and 9 here"),
        ("model.num_layers=2", "num_layers is 1 there and 2 here"),
        ("model.embedding_dim=null", "embedding_dim is 4 there and None here"),
        ("cell=gru", "cell is lstm there and gru here"),
    ],
)
def test_init_from_another_shape_is_refused(small, tmp_path, override, difference):
    train(small(TEXT, "trainer.max_steps=1"), tmp_path / "one")
    with pytest.raises(UserError, match=difference):
        train(small(TEXT, override, f"init_from={tmp_path / 'one'}"), tmp_path / "two")
    assert not (tmp_path / "two").exists()


# --- what is refused ---


def test_a_changed_corpus_is_not_resumed(small, tmp_path):
    interrupt(small(TEXT), tmp_path / "run", 5)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()}
    changed = small(TEXT[:-1] + "?")
    with pytest.raises(UserError, match=r"corpus text\.txt has changed since this run was started"):
        train(changed, tmp_path / "run", resume=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()} == before
    train(small(TEXT), tmp_path / "run", resume=True)


def test_a_finished_run_that_is_asked_for_no_more_is_refused(small, tmp_path):
    config = small(TEXT)
    train(config, tmp_path / "run")
    before = (tmp_path / "run" / "summary.json").read_text()
    with pytest.raises(UserError, match=r"has already trained 18 steps, and trainer.max_epochs=2 .* allows no more"):
        train(config, tmp_path / "run", resume=True)
    with pytest.raises(UserError, match=r"trainer.max_epochs=1 .* allows no more"):
        train(small(TEXT, "trainer.max_epochs=1"), tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "summary.json").read_text() == before


@pytest.mark.parametrize("end", ["trainer.early_stopping_patience=1", "trainer.max_time=00:00:00:01"])
def test_a_run_that_something_else_has_ended_is_not_resumed_in_vain(small, tmp_path, end):
    options = [end, "scheduler=constant", "optimizer.lr=0.3", "samples.length=0"]
    summary = train(small(NOISE, "trainer.max_epochs=10000", *options), tmp_path)
    before = (tmp_path / "summary.json").read_text()
    with pytest.raises(UserError, match=f"has already trained {summary['steps']} steps, and {end} allows no more"):
        train(small(NOISE, "trainer.max_epochs=20000", *options), tmp_path, resume=True)
    assert (tmp_path / "summary.json").read_text() == before


def test_a_run_without_a_best_model_is_not_resumed_with_an_end_that_it_has_passed(small, tmp_path):
    interrupt(small(TEXT), tmp_path, 5)
    with pytest.raises(UserError, match=r"has already trained 5 steps, and .* trainer.max_steps=3 allows no more"):
        train(small(TEXT, "trainer.max_steps=3"), tmp_path, resume=True)
    assert train(small(TEXT), tmp_path, resume=True)["status"] == "finished"


def test_a_new_run_in_the_folder_of_another_is_refused(small, tmp_path):
    config = small(TEXT)
    train(config, tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with pytest.raises(UserError, match="already contains a run: continue it with resume="):
        train(config, tmp_path / "run")
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before


def test_a_refused_run_leaves_no_folder(small, tmp_path):
    with pytest.raises(UserError, match="too short"):
        train(small(TEXT, "data.batch_size=900"), tmp_path / "run")
    with pytest.raises(UserError, match=r"is not in the corpus text\.txt"):
        train(small(TEXT, "samples.prompts=É"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


# --- the summary ---

SUMMARY = """
status cell num_layers hidden_size embedding_dim parameters batch_size seq_len train_fraction seed corpus corpus_sha256
train_chars val_chars test_chars val_sha256 vocab_size epochs steps chars_seen train_seconds chars_per_second train/loss
val/loss val/bpc test/bpc test/accuracy versions device threads error
"""


def test_the_summary_is_complete_and_true(small, tmp_path):
    began = time.monotonic()
    summary = train(small(TEXT, "data.train_fraction=0.5", "cell=gru", "seed=4"), tmp_path / "run")
    elapsed = time.monotonic() - began
    assert summary == summary_of(tmp_path / "run")
    assert [key for key in SUMMARY.split() if summary.get(key) is None] == ["error"]
    assert "error" in summary
    vocabulary = len(set(TEXT))
    expected = {
        "status": "finished",
        "cell": "gru",
        "num_layers": 1,
        "hidden_size": 8,
        "embedding_dim": 4,
        "parameters": vocabulary * 4 + 3 * (8 * 4 + 8 * 8 + 2 * 8) + 8 * vocabulary + vocabulary,
        "batch_size": 4,
        "seq_len": 20,
        "train_fraction": 0.5,
        "seed": 4,
        "corpus": "text.txt",
        "corpus_sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
        "train_chars": 400,
        "val_chars": 100,
        "test_chars": 100,
        "val_sha256": hashlib.sha256(TEXT[800:900].encode()).hexdigest(),
        "vocab_size": vocabulary,
        "epochs": 2,
        "steps": 2 * 4,
        "chars_seen": 2 * 4 * 80,
        "device": "cpu",
        "threads": 1,
        "error": None,
    }
    assert {key: summary[key] for key in expected} == expected
    assert summary["versions"]["torch"] == torch.__version__
    assert summary["versions"]["python"] == platform.python_version()
    assert summary["versions"]["charcells"] == charcells.__version__
    assert 0 < summary["train_seconds"] < elapsed
    assert summary["chars_per_second"] == pytest.approx(summary["chars_seen"] / summary["train_seconds"], rel=0.02)
    for stage in ("val", "test"):
        assert summary[f"{stage}/bpc"] == pytest.approx(summary[f"{stage}/loss"] / math.log(2))
        assert 0 <= summary[f"{stage}/accuracy"] <= 1
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {
        "config.yaml",
        "summary.json",
        "metrics.csv",
        "samples.jsonl",
        "checkpoints",
        "train.log",
        "loss.png",
    }


def test_without_held_out_text_its_figures_are_null_and_the_best_model_is_the_last(small, tmp_path):
    summary = train(small(TEXT, "data.val_fraction=0", "data.test_fraction=0"), tmp_path)
    assert (summary["status"], summary["val_chars"], summary["test_chars"]) == ("finished", 0, 0)
    for key in ("val_sha256", "val/loss", "val/bpc", "val/accuracy", "test/loss", "test/bpc", "test/accuracy"):
        assert summary[key] is None, key
    assert summary["train/loss"] > 0
    assert differences(weights(tmp_path, "best"), weights(tmp_path, "last")) == []
    assert checkpoint(tmp_path)["global_step"] == summary["steps"] == 2 * ((1000 - 1) // 80)


@pytest.mark.parametrize(("val", "test"), [(0.1, 0.0), (0.0, 0.1)])
def test_either_part_of_the_held_out_text_can_be_left_out(small, tmp_path, val, test):
    summary = train(small(TEXT, f"data.val_fraction={val}", f"data.test_fraction={test}"), tmp_path)
    assert (summary["val/bpc"] is not None, summary["test/bpc"] is not None) == (val > 0, test > 0)
    assert summary["train_chars"] == 900


def test_match_parameters_trains_a_model_of_that_size(small, tmp_path):
    summary = train(small(TEXT, "cell=gru", "model.match_parameters=2000", "trainer.max_steps=1"), tmp_path)
    assert summary["parameters"] == pytest.approx(2000, rel=0.05)
    model = charcells.load(tmp_path).model
    assert sum(parameter.numel() for parameter in model.parameters()) == summary["parameters"]
    assert model.hidden_size == summary["hidden_size"] != 8


# --- threads ---


def test_a_small_model_takes_one_thread_and_a_large_one_no_more_than_there_are_cores():
    assert auto_threads(119_207, 16) == 1
    assert auto_threads(3_300_000, 64) == min(4, len(os.sched_getaffinity(0)))


def test_a_resumed_run_keeps_its_number_of_threads(small, tmp_path):
    train(small(TEXT, "threads=auto", "trainer.max_epochs=1"), tmp_path / "run")
    saved = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert saved["threads"] == summary_of(tmp_path / "run")["threads"] == 1


# --- what a run leaves behind when it does not end as planned ---


def test_an_interrupted_run_says_how_far_it_came(small, tmp_path):
    interrupt(small(TEXT), tmp_path, EPOCH + 2)
    summary = summary_of(tmp_path)
    assert (summary["status"], summary["steps"]) == ("interrupted", EPOCH + 2)
    assert summary["val/bpc"] == pytest.approx(float(metrics(tmp_path)[-1]["val/bpc"] or summary["val/bpc"]))


def test_a_longer_run_without_held_out_text_counts_no_loss_twice(small, tmp_path):
    options = ["data.val_fraction=0", "data.test_fraction=0", "scheduler=constant", "trainer.log_every_n_steps=1"]
    train(small(TEXT, *options, "trainer.max_steps=6"), tmp_path / "full")
    train(small(TEXT, *options, "trainer.max_steps=3"), tmp_path / "run")
    train(small(TEXT, *options, "trainer.max_steps=6"), tmp_path / "run", resume=True)
    assert metrics(tmp_path / "run") == metrics(tmp_path / "full")


@pytest.mark.parametrize("accelerator", ["cpu", "auto"])
def test_a_number_format_that_lightning_would_replace_on_a_cpu_is_refused(small, tmp_path, monkeypatch, accelerator):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"trainer\.precision=16-mixed is not possible with cpu: use 32-true"):
        train(small(TEXT, f"trainer.accelerator={accelerator}", "trainer.precision=16-mixed"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "jordan"])
def test_bf16_trains_where_this_cpu_has_it_for_the_cell_and_is_refused_elsewhere(small, tmp_path, cell):
    options = [f"cell={cell}", "trainer.accelerator=cpu", "trainer.precision=bf16-mixed", "trainer.max_steps=2"]
    try:
        summary = train(small(TEXT, *options), tmp_path / "run")
    except UserError as error:
        assert str(error) == f"trainer.precision=bf16-mixed: this CPU does not support it for cell={cell}: use 32-true"
        assert not (tmp_path / "run").exists()
        assert cell == "lstm" and "avx512" not in Path("/proc/cpuinfo").read_text()
    else:
        assert math.isfinite(summary["val/loss"])


def test_a_device_or_a_key_that_is_not_there_is_refused(small, tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match=r"trainer\.accelerator=gpu"):
            train(small(TEXT, "trainer.accelerator=gpu"), tmp_path / "run")
    with pytest.raises(UserError, match="wandb login"):
        train(small(TEXT, "logger=wandb", "logger.mode=online"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_summary_shows_the_ngram_beside_the_model_once_it_has_been_measured(small, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = small(TEXT, "trainer.max_steps=3")
    before = train(config, tmp_path / "before")
    assert [before[f"ngram/{key}"] for key in ("order", "val/bpc", "test/bpc")] == [None] * 3
    measured = baselines.best(baselines.load_or_measure(load_split(config.corpus, config.data)))
    after = train(config, tmp_path / "after")
    assert after["ngram/order"] == measured["order"] and after["ngram/test/bpc"] == measured["test/bpc"] > 0
    other = train(small(TEXT, "trainer.max_steps=3", "data.train_fraction=0.5"), tmp_path / "other")
    assert other["ngram/order"] is None  # learned from another text


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such setting")
def test_a_step_takes_the_memory_that_the_step_before_has_freed(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT * 20, encoding="utf-8")
    code = f"""
import resource
from pathlib import Path
from charcells.cli.compose import compose
from charcells.training.train import train

for steps in (4, 12):
    options = [f"trainer.max_steps={{steps}}", "model.num_layers=2", "model.hidden_size=256", "data.seq_len=100"]
    options += ["corpus=file", "corpus.path={tmp_path}/text.txt", "data.batch_size=32", "threads=1", "logger=none"]
    options += ["trainer.max_epochs=9", "data.val_fraction=0", "data.test_fraction=0", "samples.length=0"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    train(compose(options), Path({str(tmp_path)!r}, str(steps)))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    page_faults = int(result.stdout.split()[-1])  # of the second run
    assert page_faults < 12 * 5_000  # a page is 4 KiB; 15,000 a step where all is given back


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such setting")
@pytest.mark.parametrize(("kept", "stays"), [("ALL_BLOCKS", True), ("BLOCKS_OF_VARYING_SIZE", False)])
def test_a_large_block_that_is_freed_is_kept_or_given_back(kept, stays):
    code = f"""
import numpy as np
from charcells import process
process.prepare_process(threads=1, keep_blocks=process.{kept})

def resident():
    [line] = [line for line in open("/proc/self/status") if line.startswith("VmRSS")]
    return int(line.split()[1])

before, block = resident(), np.ones(100 * 2**17)
del block
print(resident() - before)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert (int(result.stdout) > 50 * 1024) == stays  # KiB; the block has 100 MiB


def test_a_configuration_that_does_not_fit_the_checkpoint_is_not_resumed(small, tmp_path):
    train(small(TEXT, "trainer.max_steps=4"), tmp_path / "run")
    with pytest.raises(UserError, match=r"config\.yaml says hidden_size=9, but last\.ckpt holds a model with 8"):
        train(small(TEXT, "trainer.max_steps=6", "model.hidden_size=9"), tmp_path / "run", resume=True)


def test_a_finished_run_without_its_last_checkpoint_is_not_begun_again(small, tmp_path):
    train(small(TEXT, "trainer.max_steps=4"), tmp_path / "run")
    RunFolder(tmp_path / "run").last.unlink()
    with pytest.raises(UserError, match=r"is finished but has no last\.ckpt"):
        train(small(TEXT, "trainer.max_steps=6"), tmp_path / "run", resume=True)
