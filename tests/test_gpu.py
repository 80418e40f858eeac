"""On a GPU: train, resume, write, bf16, several devices. Skipped where there is none.

CHARCELLS_GPU_TESTS=cpu runs the same tests on a CPU, to show that they themselves are right.
"""

import os

import pytest
import torch

import charcells
from charcells.runs.folder import RunFolder
from charcells.training.train import train
from charcells.writing.decoder import PlainDecoder, decoder

ON_CPU = os.environ.get("CHARCELLS_GPU_TESTS") == "cpu"
ACCELERATOR = "gpu" if torch.cuda.is_available() else "cpu"
TEXT = "the cat sat on the mat and the dog on the log\n" * 100
OPTIONS = ("model.hidden_size=32", "data.batch_size=8", "optimizer.lr=0.02", f"trainer.accelerator={ACCELERATOR}")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available() and not ON_CPU, reason="needs a GPU"),
]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_run_learns(small, tmp_path, cell):
    summary = train(small(TEXT, *OPTIONS, f"cell={cell}", "trainer.max_epochs=8"), tmp_path / "run")
    assert summary["test/bpc"] < 2.0  # a text without any order in it has 3.6
    assert (summary["device"] == "cpu") == (ACCELERATOR == "cpu")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_resumed_run_goes_on_where_it_stopped(small, tmp_path, cell):
    options = (*OPTIONS, f"cell={cell}", "scheduler=constant")
    train(small(TEXT, *options, "trainer.max_steps=30"), tmp_path / "run")
    longer = small(TEXT, *options, "trainer.max_steps=60", "trainer.max_epochs=50")
    resumed = train(longer, tmp_path / "run", resume=True)
    whole = train(longer, tmp_path / "whole")
    # a GPU may sum in another order each time
    assert resumed["test/loss"] == pytest.approx(whole["test/loss"], abs=1e-12 if ACCELERATOR == "cpu" else 1e-2)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_text_written_there_is_that_of_the_models_own_forward(small, tmp_path, cell):
    train(small(TEXT, *OPTIONS, f"cell={cell}", "trainer.max_epochs=8"), tmp_path / "run")
    generator = charcells.load(tmp_path / "run")
    model = generator.model.to("cuda" if ACCELERATOR == "gpu" else "cpu")
    assert isinstance(decoder(model), PlainDecoder) is False
    text = generator.generate("the ", length=60, temperature=0)
    tokens = torch.from_numpy(generator.vocabulary.encode(text)).long().to(model.output.weight.device)
    with torch.no_grad():
        logits, _ = model(tokens[None, :-1])
    assert generator.vocabulary.decode(logits[0, 3:].argmax(-1).tolist()) == text[4:]
    many = generator.generate_many(["the "], seeds=range(64), length=30, temperature=0)
    assert set(many) == {text[:34]}


def test_bf16_learns_as_float32_does(small, tmp_path):
    options = (*OPTIONS, "cell=gru", "trainer.max_epochs=4")
    full = train(small(TEXT, *options), tmp_path / "full")
    half = train(small(TEXT, *options, "trainer.precision=bf16-mixed"), tmp_path / "half")
    assert half["test/bpc"] == pytest.approx(full["test/bpc"], abs=0.1)


@pytest.mark.skipif(ACCELERATOR == "gpu" and torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_two_devices_train_one_run(small, tmp_path, command):
    (tmp_path / "text.txt").write_text(TEXT)
    options = [*OPTIONS, "corpus=file", f"corpus.path={tmp_path / 'text.txt'}", "logger=none", "trainer.max_steps=20"]
    options += ["model.embedding_dim=4", "data.seq_len=20", "samples.length=0"]
    one, two = (
        command("train.py", *options, f"trainer.devices={devices}", f"hydra.run.dir={tmp_path / str(devices)}")
        for devices in (1, 2)
    )
    assert (one.returncode, two.returncode) == (0, 0), two.stderr
    alone, together = (RunFolder(tmp_path / str(devices)).read_summary()["test/loss"] for devices in (1, 2))
    assert together == pytest.approx(alone, abs=1e-3)
