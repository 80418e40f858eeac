"""Training: train() compared with a bare PyTorch loop, Keras' recipe and a loop over single characters, on one thread.

All sides train on the same text with cells, batches and windows of the same size, train() with its logging and a
progress bar. Nothing is held out, so that no side scores. The time per step is the time from the beginning of the first
step to the end of the last, divided by their number; it leaves out saving the finished run, which happens once.
"""

import importlib.util
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch.optim.lr_scheduler import LambdaLR

from charcells.cli.compose import compose
from charcells.config import Config
from charcells.data.module import CharDataModule
from charcells.models.cells import detach
from charcells.models.char_rnn import CharRNN
from charcells.training import train as training
from charcells.training.length import RunLength
from charcells.training.optimization import lr_factor, make_optimizer
from charcells.training.record import Record
from experiments.benchmarks.turns import Comparison, in_turn

SECONDS = 4
"""Approximate duration of each side in each turn."""

TURNS = 9
"""Many short turns: a disturbance on a shared machine then lasts longer than one turn and slows both sides."""

Size = tuple[int, int, int, int]
"""Layers, units, streams, window."""

SMALLEST, SMALL, MIDDLE, LARGE = (1, 100, 1, 25), (1, 128, 8, 100), (2, 256, 32, 100), (2, 512, 64, 100)
AT_MOST = {SMALLEST: 1.25, SMALL: 1.05, MIDDLE: 1.05, LARGE: 1.05}
"""Target for the ratio of train()'s time to that of the bare loop."""


def shown(size: Size) -> str:
    layers, units, streams, window = size
    return f"{layers}×{units}, {streams} streams, windows of {window}".replace("1 streams", "1 stream")


def configuration(cell: str, size: Size, steps: int, *more: str) -> Config:
    layers, units, streams, window = size
    config: Config = compose(
        [
            f"cell={cell}",
            "corpus=pydoc",
            "logger=none",
            "threads=1",
            f"model.num_layers={layers}",
            f"model.hidden_size={units}",
            f"data.batch_size={streams}",
            f"data.seq_len={window}",
            "data.val_fraction=0",
            "data.test_fraction=0",
            "samples.length=0",
            f"trainer.max_steps={steps}",
            "trainer.max_epochs=1000",
            *more,
        ]
    )
    return config


class Clocked(Record):
    """Records when the first step of the latest run began and when its last step, with its row of metrics, ended."""

    began = ended = 0.0

    def on_train_start(self, *arguments: Any) -> None:
        super().on_train_start(*arguments)
        Clocked.began = time.perf_counter()

    def on_train_batch_end(self, *arguments: Any) -> None:
        super().on_train_batch_end(*arguments)
        Clocked.ended = time.perf_counter()


def ours(config: Config) -> float:
    """Seconds per step of train(), logging and progress bar on."""
    clocked = patch.object(training, "Record", Clocked)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()), clocked:
        summary = training.train(config, Path(folder, "run"), progress_bar=True, cores=1)
    return (Clocked.ended - Clocked.began) / int(summary["steps"])


class Bare:
    """A bare loop with the modules, optimizer, precision and device of a configuration; `seconds` times its step."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.device = torch.device("cuda" if config.trainer.accelerator == "gpu" else "cpu")
        self.data = CharDataModule(config.corpus, None, config.seed, **asdict(config.data))
        self.data.setup()

    def model(self) -> CharRNN:
        torch.manual_seed(self.config.seed)
        options = self.config.model
        model = CharRNN(
            len(self.data.vocabulary),
            self.config.cell.name,
            options.embedding_dim,
            options.hidden_size,
            options.num_layers,
        )
        return model.to(self.device)

    def optimizer(self, model: CharRNN) -> torch.optim.Optimizer:
        return make_optimizer(self.config.optimizer, model)

    def seconds(self) -> float:
        config, data, model = self.config, self.data, self.model()
        optimizer = self.optimizer(model)
        length = RunLength.of(config, len(data.train_batches))
        total = length.total_steps
        schedule = LambdaLR(optimizer, lambda step: lr_factor(config.scheduler, step, total, length.steps_per_epoch))
        clip = config.trainer.gradient_clip_val
        assert clip is not None
        mixed = config.trainer.precision == "bf16-mixed"
        format = torch.autocast(self.device.type, torch.bfloat16) if mixed else nullcontext()
        steps = 0
        start = time.perf_counter()
        while steps < total:
            state = None
            for batch in data.train_batches:
                inputs, targets = (part.to(self.device) for part in batch)
                with format:
                    logits, state = model(inputs, state)
                    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
                state = detach(state)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
                optimizer.step()
                schedule.step()
                steps += 1
                if steps == total:
                    break
        loss.item()  # waits for the device
        return (time.perf_counter() - start) / total


class Usual(Bare):
    """The same with PyTorch's default AdamW, which is not fused."""

    def optimizer(self, model: CharRNN) -> torch.optim.Optimizer:
        settings = super().optimizer(model).param_groups[0]
        return torch.optim.AdamW([settings | {"fused": None}])


class ByCharacter(Bare):
    """The loop of many tutorials: the model is called on one character after another, with one update per window."""

    def seconds(self) -> float:
        config, model = self.config, self.model()
        optimizer = torch.optim.Adam(model.parameters(), config.optimizer.lr)
        batches = iter(self.data.train_batches)
        total = config.trainer.max_steps
        assert total is not None
        start = time.perf_counter()
        for _ in range(total):
            inputs, targets = next(batches)
            state, loss = None, torch.zeros(())
            for position in range(inputs.shape[1]):
                logits, state = model(inputs[:, position : position + 1], state)
                loss = loss + F.cross_entropy(logits[:, 0], targets[:, position])
            optimizer.zero_grad()
            (loss / inputs.shape[1]).backward()
            optimizer.step()
        return (time.perf_counter() - start) / total


class Keras(Bare):
    """Keras on its PyTorch backend: Embedding, LSTM(return_sequences), Dense, compile(), fit()."""

    def seconds(self) -> float:
        os.environ["KERAS_BACKEND"] = "torch"
        import keras

        options, data = self.config.model, self.data
        vocab_size = len(data.vocabulary)
        layers = [keras.layers.LSTM(options.hidden_size, return_sequences=True) for _ in range(options.num_layers)]
        assert options.embedding_dim is not None
        model = keras.Sequential(
            [keras.layers.Embedding(vocab_size, options.embedding_dim), *layers, keras.layers.Dense(vocab_size)]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=keras.optimizers.Adam(self.config.optimizer.lr), loss=loss)
        total = self.config.trainer.max_steps
        assert total is not None
        pairs = [pair for pair, _ in zip(data.train_batches, range(total), strict=False)]
        inputs, targets = (torch.cat([pair[side] for pair in pairs]).numpy() for side in (0, 1))
        batch_size = self.config.data.batch_size
        model.fit(inputs[:batch_size], targets[:batch_size], batch_size=batch_size, verbose=0)  # builds the model
        start = time.perf_counter()
        model.fit(inputs, targets, batch_size=batch_size, shuffle=False, verbose=0)
        return (time.perf_counter() - start) / len(pairs)


def steps_of_a_turn(side: Bare) -> int:
    return max(4, round(SECONDS / side.seconds()))


def compare(
    cell: str, size: Size, yardsticks: Mapping[str, type[Bare]], at_most: float | None = None
) -> Iterator[Comparison]:
    """train() compared with each of the yardsticks, all in the same turns."""
    sides = list(yardsticks.values())
    first = sides[0](configuration(cell, size, 4))
    steps = min(
        steps_of_a_turn(first), len(first.data.train_batches)
    )  # at most an epoch: only `Bare` can begin another
    config = configuration(cell, size, steps)
    loops = [side(config) for side in sides]
    each = [lambda: 1e3 * ours(config), *(lambda loop=loop: 1e3 * loop.seconds() for loop in loops)]
    mine, *theirs = in_turn(*each, turns=TURNS)
    for against, taken in zip(yardsticks, theirs, strict=True):
        yield Comparison(f"training step, {cell} {shown(size)}", mine, "ms per step", taken, against, at_most=at_most)


def comparisons() -> Iterator[Comparison]:
    bare = {"bare PyTorch loop": Bare, "bare loop, AdamW not fused": Usual}
    for cell in ("lstm", "gru", "rnn"):
        for size, at_most in AT_MOST.items():
            yield from compare(cell, size, bare, at_most)
    yield from compare("lstm", SMALLEST, {"loop over characters": ByCharacter})
    if importlib.util.find_spec("keras") is None:
        print("Keras is not installed, so it is not measured: make bench, or pip install -e '.[bench]'")
    else:
        for size in (SMALL, MIDDLE):
            yield from compare("lstm", size, {"Keras on PyTorch": Keras})
