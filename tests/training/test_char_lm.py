"""CharLM and CharDataModule by themselves, under a lightning.Trainer of one's own."""

import csv

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger

import charcells
from charcells import CharDataModule, CharLM

TEXT = "a cab, a bed and a bag\n" * 60
MODEL = {"cell": "gru", "hidden_size": 8, "embedding_dim": 4}

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*LeafSpec.*", "ignore:.*`srun` command.*", "ignore:.*does not have a lot of workers.*"
)


@pytest.fixture
def data(tmp_path):
    (tmp_path / "mine.txt").write_text(TEXT)
    module = CharDataModule(tmp_path / "mine.txt", batch_size=2, seq_len=10)
    module.setup()
    return module


def new_module(data, **options):
    torch.manual_seed(1)
    return CharLM(data.vocabulary.characters, **{**MODEL, **options})


def trainer_in(folder, *callbacks, **options):
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu", "log_every_n_steps": 5}
    logger = CSVLogger(folder)
    return lightning.Trainer(
        default_root_dir=folder, logger=logger, callbacks=list(callbacks), gradient_clip_val=1.0, **quiet, **options
    )


def test_a_plain_trainer_reaches_the_losses_of_a_run(data, tmp_path):
    trainer = trainer_in(tmp_path, ModelCheckpoint(tmp_path / "kept", monitor="val/loss"), max_epochs=2)
    module = new_module(data)
    trainer.fit(module, data)
    found = trainer.test(module, data, ckpt_path="best", weights_only=True, verbose=False)[0]
    run = charcells.train(
        *("corpus=file", f"corpus.path={tmp_path / 'mine.txt'}", "data.batch_size=2", "data.seq_len=10"),
        *("model.hidden_size=8", "model.embedding_dim=4", "trainer.max_epochs=2", "logger=none", "threads=1"),
        folder=tmp_path / "run",
        cell="gru",
        progress_bar=False,
    )
    assert found["test/loss"] == pytest.approx(run.summary["test/loss"], rel=1e-6)
    assert module.held_out["test/bpc"] == pytest.approx(run.summary["test/bpc"], rel=1e-6)


def test_it_logs_to_any_logger_and_lightnings_callbacks_can_watch(data, tmp_path):
    best = ModelCheckpoint(tmp_path / "kept", monitor="val/loss")
    trainer = trainer_in(tmp_path, best, EarlyStopping("val/bpc", patience=1, min_delta=100), max_epochs=9)
    module = new_module(data)
    trainer.fit(module, data)
    assert trainer.current_epoch == 2  # nothing improves by 100 bits
    with open(tmp_path / "lightning_logs/version_0/metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("train/loss", "val/loss", "val/bpc", "val/accuracy"):
        assert any(row[name] for row in rows), name
    assert best.best_model_score == min(float(row["val/loss"]) for row in rows if row["val/loss"])


@pytest.mark.parametrize("weights_only", [True, False])
def test_a_checkpoint_is_read_by_lightning_and_by_charcells(data, tmp_path, weights_only):
    trainer = trainer_in(tmp_path, ModelCheckpoint(tmp_path / "kept", "last"), max_epochs=1)
    module = new_module(data, init="torch", dropout=0.1)
    trainer.fit(module, data)
    path = tmp_path / "kept/last.ckpt"
    again = CharLM.load_from_checkpoint(path, weights_only=weights_only)
    assert (again.characters, again.model.cell, again.model.dropout.p) == (data.vocabulary.characters, "gru", 0.1)
    for name, weights in module.state_dict().items():
        assert torch.equal(weights, again.state_dict()[name])
    text = charcells.load(path).generate("a", length=20)
    assert text.startswith("a") and set(text) <= set(TEXT)


def test_the_checkpoint_of_a_run_is_read_by_lightning(small, tmp_path):
    from charcells.training.train import train

    train(small(TEXT, "cell=gru", "trainer.max_epochs=1"), tmp_path / "run")
    best = tmp_path / "run/checkpoints/best.ckpt"
    module = CharLM.load_from_checkpoint(best, weights_only=True)
    expected = charcells.load(best).model.state_dict()
    assert all(torch.equal(weights, module.model.state_dict()[name]) for name, weights in expected.items())


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(charcells.UserError, match=r"data.batch_size=0 is not allowed: it must be at least 1"):
        CharDataModule(tmp_path, batch_size=0)
    for characters in ("", "aab"):
        with pytest.raises(charcells.UserError, match="each character of the vocabulary once"):
            CharLM(characters)
    with pytest.raises(charcells.UserError, match=r"cell=grru: choose one of .*did you mean gru"):
        CharLM("abc", cell="grru")
    with pytest.raises(charcells.UserError, match=r"nowhere"):
        CharDataModule(tmp_path / "nowhere.txt").setup()
