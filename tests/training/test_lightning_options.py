"""Options with Lightning's names mean what they mean in Lightning."""

import csv
import math

import pytest
import torch
import torch.nn.functional as F

from charcells.data.module import CharDataModule
from charcells.data.streams import TrainBatches
from charcells.errors import UserError
from charcells.models.cells import detach
from charcells.models.checkpoint import read_checkpoint
from charcells.training.build import build
from charcells.training.run_module import RunModule
from charcells.training.train import train

TEXT = "".join("abcdefghijklmnopqrstuvwxy"[(i * i + i // 7) % 25] for i in range(960))
EPOCH = 9  # batches of 4 × 20 in its training part


def column(folder, name, where="step"):
    with open(folder / "metrics.csv", newline="") as file:
        return [int(row[name]) for row in csv.DictReader(file) if row[where]]


@pytest.mark.parametrize(
    ("overrides", "validated"),
    [
        (["trainer.val_check_interval=4"], [4, 8, 12, 16, 18]),  # through the epochs; and the last step
        (["trainer.val_check_interval=1", "trainer.max_epochs=1"], list(range(1, 10))),
        (["trainer.val_check_interval=13"], [13, 18]),  # longer than an epoch
        (["trainer.val_check_interval=0.5"], [4, 8, 13, 17, 18]),
        (["trainer.accumulate_grad_batches=2", "trainer.val_check_interval=4"], [2, 4, 6, 8]),
        (["trainer.accumulate_grad_batches=2", "trainer.val_check_interval=0.34"], list(range(1, 9))),
    ],
)
def test_the_interval_between_validations_is_in_batches_or_a_share_of_an_epoch(small, tmp_path, overrides, validated):
    train(small(TEXT, *overrides), tmp_path)
    assert column(tmp_path, "step", "val/loss") == validated


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_accumulated_gradients_are_those_of_a_plain_loop(small, tmp_path, reduction):
    options = ["trainer.accumulate_grad_batches=4", "optimizer=sgd", "scheduler=constant", "samples.length=0"]
    rate = 0.2 if reduction == "mean" else 0.002
    more = [f"trainer.loss_reduction={reduction}", f"optimizer.lr={rate}", "trainer.gradient_clip_val=null"]
    config = small(TEXT, *options, *more, "trainer.log_every_n_steps=1")
    summary = train(config, tmp_path / "run")

    data = CharDataModule(config.corpus, batch_size=4, seq_len=20)
    data.setup()
    model = build(config, data, "a", None).model
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9)
    for _ in range(2):
        state = None
        for batch, (inputs, targets) in enumerate(list(data.train_batches)[:8], start=1):
            logits, state = model(inputs, state)
            state = detach(state)
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction=reduction)
            (loss / 4 if reduction == "mean" else loss).backward()
            if batch in (4, 8):  # and the ninth is left out
                optimizer.step()
                optimizer.zero_grad()
    weights = read_checkpoint(tmp_path / "run/checkpoints/last.ckpt").weights
    for name, parameter in model.named_parameters():
        assert torch.allclose(weights[name], parameter, atol=1e-6), name
    assert (summary["steps"], summary["epochs"], summary["chars_seen"]) == (4, 2.0, 16 * 80)
    assert column(tmp_path / "run", "step") == [1, 2, 3, 4]
    assert column(tmp_path / "run", "chars_seen") == [320, 640, 960, 1280]


@pytest.mark.parametrize(("limit", "batches"), [(3, 3), (0.5, 4), (1, 1), (1.0, 9), (500, 9), (0.01, 1)])
def test_an_epoch_can_be_limited_to_some_batches(small, tmp_path, monkeypatch, limit, batches):
    seen, original = [], RunModule.training_step

    def training_step(self, batch, batch_idx):
        seen.append(batch[0])
        return original(self, batch, batch_idx)

    monkeypatch.setattr(RunModule, "training_step", training_step)
    config = small(TEXT, f"trainer.limit_train_batches={limit}")
    assert train(config, tmp_path)["steps"] == 2 * batches
    data = CharDataModule(config.corpus, batch_size=4, seq_len=20)
    data.setup()
    whole = [inputs for inputs, _ in data.train_batches]
    assert torch.equal(torch.stack(seen), torch.stack(whole[:batches] * 2))


def test_more_batches_in_a_step_than_in_an_epoch_are_refused(small, tmp_path):
    with pytest.raises(UserError, match=r"accumulate_grad_batches=10 is more than an epoch has: .* makes 9"):
        train(small(TEXT, "trainer.accumulate_grad_batches=10"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_limited_windows_are_others_in_each_epoch():
    batches = TrainBatches(torch.arange(1000), 4, 20, "windows", seed=1)
    batches.limit(3)
    first, second = (torch.cat([inputs[:, 0] for inputs, _ in batches]) for _ in range(2))
    assert len(first) == len(second) == 12 and set(first.tolist()) != set(second.tolist())


@pytest.mark.parametrize("steps", [True, 3])
def test_a_rehearsal_trains_validates_tests_and_keeps_nothing(small, tmp_path, steps):
    summary = train(small(TEXT, f"trainer.fast_dev_run={steps}".lower()), tmp_path / "run")
    assert summary["steps"] == int(steps) and math.isfinite(summary["val/loss"]) and math.isfinite(summary["test/bpc"])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "shows"), [("simple", "training_step"), ("advanced", "ncalls")])
def test_a_profile_is_written_to_the_run_folder(small, tmp_path, name, shows):
    train(small(TEXT, f"trainer.profiler={name}", "trainer.max_steps=4", "samples.length=0"), tmp_path)
    assert any(shows in path.read_text() for path in tmp_path.glob("*profile*.txt"))


def test_an_anomaly_names_the_operation(small, tmp_path, monkeypatch):
    original = RunModule.training_step

    def training_step(self, batch, batch_idx):
        outputs = original(self, batch, batch_idx)
        return outputs | {"loss": (outputs["loss"] - outputs["loss"].detach()).sqrt() * 0}

    monkeypatch.setattr(RunModule, "training_step", training_step)
    with pytest.raises(RuntimeError, match="SqrtBackward"), pytest.warns(UserWarning, match="Error detected"):
        train(small(TEXT, "trainer.detect_anomaly=true", "model.compiled=false"), tmp_path)


def test_deterministic_algorithms_are_asked_for_and_change_no_loss(small, tmp_path, monkeypatch):
    asked, original = [], RunModule.training_step

    def training_step(self, batch, batch_idx):
        asked.append(torch.are_deterministic_algorithms_enabled())
        return original(self, batch, batch_idx)

    monkeypatch.setattr(RunModule, "training_step", training_step)
    yes, no = (train(small(TEXT, f"trainer.deterministic={each}"), tmp_path / each) for each in ("true", "false"))
    assert yes["test/loss"] == no["test/loss"]
    assert asked == [True] * 2 * EPOCH + [False] * 2 * EPOCH


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("val_check_interval=1.5", "a share of an epoch is at most 1.0, and a number of batches"),
        ("val_check_interval=0", "must be above 0"),
        ("limit_train_batches=2.0", r"such as trainer.limit_train_batches=2$"),
        ("accumulate_grad_batches=0", "at least 1"),
        ("fast_dev_run=-1", "at least 0"),
        ("val_check_interval=3 trainer.accumulate_grad_batches=2", "must be a multiple of .*, such as 4"),
        ("profiler=slow", "one of simple, advanced"),
        ("overfit_batches=1", "Of Lightning's options there are .*trainer.limit_train_batches, .*trainer.profiler"),
    ],
)
def test_wrong_values_and_other_options_of_lightning_are_refused(small, option, message):
    with pytest.raises(UserError, match=message):
        small(TEXT, *f"trainer.{option}".split())
