"""The presets of the five sources: that each runs, and that it is the system that its source describes."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from charcells.cli.compose import CONF_DIR, compose
from charcells.config import Config
from charcells.data.module import CharDataModule
from charcells.data.streams import TrainBatches
from charcells.models.char_rnn import CharRNN, count_parameters
from charcells.text.vocabulary import Vocabulary
from charcells.training.length import RunLength
from charcells.training.train import train

PRESETS = sorted(path.stem for path in (CONF_DIR / "experiment").glob("*.yaml") if not path.stem.endswith("_sweep"))
REVIEWS = {"film_reviews", "film_reviews_imdb", "film_reviews_book"}
"""Classifiers: tests/training/test_classification.py trains them."""
PROMPTS = (
    "El libro empieza años Alcohol modelo activación Henrique says E o professor João Carlos "
    "Eduardo the great philo The island "
)


def on_file(tmp_path: Path, text: str, *overrides: str) -> Config:
    """A configuration that reads `text` instead of the preset's corpus, and trains a small model."""
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8", newline="")
    return compose(
        ["corpus=file", f"corpus.path={path}", "corpus.max_chars=null", "logger=none", "threads=1", *overrides]
    )


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - REVIEWS))
def test_every_preset_trains(preset: str, tmp_path: Path) -> None:
    config = on_file(
        tmp_path,
        PROMPTS * 200,
        f"experiment={preset}",
        "corpus.strip_boilerplate=false",
        "model.hidden_size=8",
        "data.batch_size=4",
        "trainer.max_epochs=1",
        "trainer.max_steps=4",
        "samples.length=10",
    )
    summary = train(config, tmp_path / "run")
    assert summary["status"] == "finished"
    assert summary["steps"] == 4
    samples = [json.loads(line) for line in (tmp_path / "run" / "samples.jsonl").read_text().splitlines()]
    prompts = config.samples.prompts or ["E"]
    assert [sample["prompt"] for sample in samples[-len(prompts) :]] == prompts
    assert all(sample["text"].startswith(sample["prompt"]) for sample in samples)


def test_every_preset_says_what_is_quoted_and_what_to_expect() -> None:
    for preset in PRESETS:
        header = (CONF_DIR / "experiment" / f"{preset}.yaml").read_text(encoding="utf-8").split("defaults:")[0]
        ours = ("shakespeare_cpu", "war_and_peace_table", "film_reviews", "film_reviews_imdb")
        of_a_source = () if preset in ours else ("Source", "Quoted:")
        for word in (*of_a_source, "Command:", "Expect:", f"experiment={preset}"):
            assert word in header, (preset, word)


def test_the_sweep_of_source_000_has_its_four_runs(command: Callable[..., object]) -> None:
    from omegaconf import OmegaConf

    sweep = OmegaConf.load(CONF_DIR / "experiment" / "batch_and_size_sweep.yaml")
    assert sweep.hydra.mode == "MULTIRUN"
    assert sweep.hydra.sweeper.params == {"data.batch_size": "1,8", "corpus": "quijote_long,biblia_es_short"}
    for corpus, characters in (("quijote_long", 691_699), ("biblia_es_short", 60_489)):
        assert compose([f"corpus={corpus}"]).corpus.max_chars == characters


def test_keras_book_has_keras_parameters_and_one_bias_vector_more(tmp_path: Path) -> None:
    text = "".join(chr(0x100 + i) for i in range(93)) * 80
    config = on_file(tmp_path, text, "experiment=keras_book")
    model = CharRNN(
        len(Vocabulary.of(text)),
        config.cell.name,
        embedding_dim=config.model.embedding_dim,
        hidden_size=config.model.hidden_size,
        num_layers=config.model.num_layers,
        init=config.model.init,
    )
    second_bias = 4 * 1024
    assert count_parameters(model) == 5_366_109 + second_bias
    # Keras' initial values: the forget gate open, other biases 0, recurrent weights in one Glorot interval
    bias = sum(getattr(model.rnn, name) for name in ("bias_ih_l0", "bias_hh_l0"))
    assert torch.equal(bias, torch.tensor([0.0, 1.0, 0.0, 0.0]).repeat_interleave(1024))
    bound = np.sqrt(6 / (1024 + 4 * 1024))
    assert 0.99 * bound < model.rnn.weight_hh_l0.abs().max() <= bound
    assert 0.049 < model.embedding.weight.abs().max() <= 0.05
    assert (config.optimizer.lr, config.optimizer.betas, config.optimizer.eps) == (1e-3, [0.9, 0.999], 1e-7)


def test_keras_book_says_how_many_parameters_are_the_second_bias(tmp_path: Path) -> None:
    config = on_file(
        tmp_path,
        PROMPTS * 50,
        "experiment=keras_book",
        "model.hidden_size=8",
        "trainer.max_steps=1",
        "data.batch_size=2",
        "samples.length=1",
    )
    summary = train(config, tmp_path / "run")
    assert summary["parameters_second_bias"] == 4 * 8
    assert "32 of them PyTorch's second bias" in (tmp_path / "run" / "train.log").read_text()


def test_keras_book_never_sets_its_state_back(tmp_path: Path) -> None:
    """Two epochs of one batch each: only the second loss tells whether its state began at zero."""
    options = ["model.hidden_size=8", "data.batch_size=2", "samples.length=1", "trainer.max_epochs=2"]
    text = PROMPTS * 2  # two chunks of 101 at most
    losses = {}
    for name, more in {"preset": [], "reset": ["data.reset_state=epoch"]}.items():
        config = on_file(tmp_path, text, "experiment=keras_book", *options, "trainer.log_every_n_steps=1", *more)
        assert train(config, tmp_path / name)["steps"] == 2
        rows = (tmp_path / name / "metrics.csv").read_text().splitlines()[1:]
        losses[name] = [line.split(",")[3] for line in rows]
    assert losses["preset"][0] == losses["reset"][0]
    assert losses["preset"][1] != losses["reset"][1]


def test_keras_chunks_are_cut_one_after_another() -> None:
    text = torch.arange(1000, dtype=torch.int32)
    batches = TrainBatches(text, batch_size=3, seq_len=100, sampling="windows", seed=1, stride=101)
    rows = [(x.tolist(), y.tolist()) for inputs, targets in batches for x, y in zip(inputs, targets, strict=True)]
    chunks = [list(range(start, start + 101)) for start in range(0, 1000 - 100, 101)]  # as char_dataset.batch(101)
    assert len(chunks) == 9
    assert sorted(rows) == sorted((chunk[:-1], chunk[1:]) for chunk in chunks)


def test_stride_one_gives_every_window() -> None:
    text = torch.arange(50, dtype=torch.uint8)
    batches = TrainBatches(text, batch_size=1, seq_len=40, sampling="windows", seed=1, stride=1)
    assert sorted(inputs[0, 0].item() for inputs, _ in batches) == list(range(10))


BIBLE = ["bible_report", "bible_report_pt", "bible_report_republic"]
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


@pytest.mark.parametrize("preset", [name + suffix for name in BIBLE for suffix in ("", "_laptop")])
def test_dropout_and_state_of_source_003_follow_the_cell(preset: str) -> None:
    for cell, dropout, carried, reset in (
        ("lstm", 0.1, False, "epoch"),
        ("gru", 0.5, True, "never"),
        ("rnn", 0.5, True, "never"),
    ):
        config = compose([f"experiment={preset}", f"cell={cell}"])
        assert (config.model.dropout, config.model.output_dropout) == (dropout, 0)
        assert (config.data.carry_state, config.data.reset_state) == (carried, reset)
        assert (config.data.sampling, config.data.batch_size, config.data.seq_len) == ("overlapping", 64, 100)
        assert (config.optimizer.name, config.optimizer.lr, config.trainer.gradient_clip_val) == ("adam", 2e-3, None)
        assert (config.data.val_fraction, config.data.test_fraction, config.samples.temperature) == (0, 0, 1)


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize(("preset", "layers"), list(zip(BIBLE, (2, 3, 3), strict=True)))
def test_the_systems_of_source_003_have_the_parameters_of_512_units(preset: str, layers: int, cell: str) -> None:
    config = compose([f"experiment={preset}", f"cell={cell}"])
    options = config.model
    h, v = 512, 81
    with torch.device("meta"):
        model = CharRNN(v, cell, options.embedding_dim, options.hidden_size, options.num_layers, init="torch")
    layer = GATES[cell] * (h * h + h * h + h + h)
    assert count_parameters(model) == v * h + layers * layer + h * v + v


@pytest.mark.parametrize(
    ("preset", "characters", "updates"),
    [
        ("bible_report", 4_406_471, 137_504),  # 2 epochs of 68,752: (4,406,471 - 6,400) // 64 + 1
        ("bible_report_pt", 100_000, 2_926),  # 2 of 1,463, some 100 s at 31.8 ms each
        ("bible_report_republic", 1_214_416, 188_760),  # 10 of 18,876, 100 minutes at 31.8 ms each
        ("bible_report_laptop", 220_323, 6_686),
        ("bible_report_pt_laptop", 100_000, 2_926),
        ("bible_report_republic_laptop", 121_441, 3_596),
    ],
)
def test_the_runs_of_source_003_have_the_updates_of_its_code(preset: str, characters: int, updates: int) -> None:
    config = compose([f"experiment={preset}"])
    data = CharDataModule(config.corpus, corpora(config), **dataclasses.asdict(config.data))
    data.setup()
    text = data.text.train_text
    assert len(text) == characters
    assert RunLength.of(config, len(data.train_batches)).total_steps == updates
    # batches against slices of the text: the first two, one of the middle, which comes in its turn, and the last
    wanted = {0, 1, 500, len(data.train_batches) - 1}
    for k, (inputs, targets) in enumerate(data.train_batches):
        if k in wanted:
            begins = range(64 * k, 64 * k + 64)
            assert [data.vocabulary.decode(row) for row in inputs.tolist()] == [text[i : i + 100] for i in begins]
            assert [data.vocabulary.decode(row) for row in targets.tolist()] == [text[i + 1 : i + 101] for i in begins]
    assert k == len(data.train_batches) - 1
    assert 64 * k + 6_400 <= characters < 64 * (k + 1) + 6_400


def corpora(config: Config) -> str:
    """The folder with the corpora; the test is skipped where there is none."""
    folder = os.environ.get("CHARCELLS_CORPORA")
    if folder is None or not (Path(folder) / str(config.corpus.file)).exists():
        pytest.skip(f"{config.corpus.file} is not in the folder that CHARCELLS_CORPORA names")
    return folder


class MinCharRNN:
    """The equations printed in source 002, one window at a time, in float64; Adagrad as torch has it.

    Its printed derivative of tanh is the one exception: with `as_printed` it is (1 - h) h, otherwise 1 - h².
    """

    def __init__(self, weights: dict[str, NDArray[np.float64]], *, as_printed: bool = False) -> None:
        self.as_printed = as_printed
        self.wxh, self.whh, self.why = (
            weights["rnn.weight_ih_l0"],
            weights["rnn.weight_hh_l0"],
            weights["output.weight"],
        )
        self.bh, self.by = weights["rnn.bias_ih_l0"], weights["output.bias"]
        self.parameters = [self.wxh, self.whh, self.why, self.bh, self.by]
        self.memory = [np.zeros_like(parameter) for parameter in self.parameters]
        self.h = np.zeros(len(self.bh))

    def step(self, inputs: list[int], targets: list[int]) -> float:
        """One window: forward, backward, clip to ±5, update. Returns the loss summed over the window."""
        xs, hs, ps, loss = [], [self.h], [], 0.0
        for token, target in zip(inputs, targets, strict=True):
            x = np.zeros(len(self.by))
            x[token] = 1
            h = np.tanh(self.wxh @ x + self.whh @ hs[-1] + self.bh)
            y = self.why @ h + self.by
            p = np.exp(y) / np.exp(y).sum()
            loss -= np.log(p[target])
            xs.append(x)
            hs.append(h)
            ps.append(p)
        gradients = [np.zeros_like(parameter) for parameter in self.parameters]
        dwxh, dwhh, dwhy, dbh, dby = gradients
        dh_next = np.zeros_like(self.h)
        for t in reversed(range(len(inputs))):
            dy = ps[t].copy()
            dy[targets[t]] -= 1
            dwhy += np.outer(dy, hs[t + 1])
            dby += dy
            h = hs[t + 1]
            dh_raw = ((1 - h) * h if self.as_printed else 1 - h**2) * (self.why.T @ dy + dh_next)
            dbh += dh_raw
            dwxh += np.outer(dh_raw, xs[t])
            dwhh += np.outer(dh_raw, hs[t])
            dh_next = self.whh.T @ dh_raw
        for parameter, gradient, memory in zip(self.parameters, gradients, self.memory, strict=True):
            gradient = np.clip(gradient, -5, 5)
            memory += gradient**2
            parameter -= 0.1 * gradient / (np.sqrt(memory) + 1e-4)
        self.h = hs[-1]
        return loss


def test_min_char_rnn_equals_the_printed_equations_step_for_step(tmp_path: Path) -> None:
    text = "the quick brown fox jumps over the lazy dog, and the dog sleeps on. " * 16
    steps, seq_len = 40, 25
    config = on_file(
        tmp_path,
        text,
        "experiment=min_char_rnn",
        "data.val_fraction=0",
        "data.test_fraction=0",
        "trainer.precision=64-true",
        "trainer.log_every_n_steps=1",
        f"trainer.max_steps={steps}",
        "samples.length=0",
    )
    assert config.data.seq_len == seq_len
    train(config, tmp_path / "run")
    losses = [line.split(",")[3] for line in (tmp_path / "run" / "metrics.csv").read_text().splitlines()[1:]]

    vocabulary = Vocabulary.of(text)
    torch.manual_seed(config.seed)
    start = CharRNN(len(vocabulary), "rnn", embedding_dim=None, hidden_size=100, init="normal", freeze_second_bias=True)
    twin = MinCharRNN({name: tensor.double().numpy().copy() for name, tensor in start.state_dict().items()})
    tokens = [vocabulary.characters.index(character) for character in text]
    assert steps * seq_len < len(tokens)
    expected = [
        twin.step(tokens[k * seq_len : (k + 1) * seq_len], tokens[k * seq_len + 1 : (k + 1) * seq_len + 1]) / seq_len
        for k in range(steps)
    ]
    assert np.ptp(expected) > 0.3  # there is something to agree on
    np.testing.assert_allclose(np.array(losses, float), expected, rtol=0, atol=1e-6)
    trained = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    for name, expected_weights in (
        ("rnn.weight_hh_l0", twin.whh),
        ("output.weight", twin.why),
        ("rnn.bias_ih_l0", twin.bh),
    ):
        np.testing.assert_allclose(trained[f"model.{name}"].numpy(), expected_weights, rtol=0, atol=1e-6)
    assert not trained["model.rnn.bias_hh_l0"].any()


def test_min_char_rnn_learns_hello(tmp_path: Path) -> None:
    from charcells import load

    config = compose(["experiment=min_char_rnn", "corpus=hello", "logger=none", "threads=1"])
    summary = train(config, tmp_path / "run")
    assert summary["train/loss"] < 0.05
    assert load(tmp_path / "run").generate("h", length=4, temperature=0) == "hello"


@pytest.mark.parametrize("as_printed", [False, True])
def test_the_printed_derivative_learns_hello_as_the_right_one_does(as_printed: bool) -> None:
    torch.manual_seed(1)
    start = CharRNN(4, "rnn", embedding_dim=None, hidden_size=100, init="normal", freeze_second_bias=True)
    twin = MinCharRNN(
        {name: x.double().numpy().copy() for name, x in start.state_dict().items()}, as_printed=as_printed
    )
    losses = []
    for _ in range(200):
        twin.h = np.zeros(100)
        losses.append(twin.step([0, 1, 2, 2], [1, 2, 2, 3]) / 4)  # h, e, l, l to e, l, l, o
    assert losses[0] == pytest.approx(np.log(4), abs=0.01)
    assert losses[-1] < 0.05


def test_a_checkpoint_of_each_epoch_is_kept(tmp_path: Path) -> None:
    config = on_file(
        tmp_path, PROMPTS * 20, "trainer.save_every_epoch=true", "trainer.max_epochs=3", "model.hidden_size=4"
    )
    summary = train(config, tmp_path / "run")
    kept = sorted((tmp_path / "run" / "checkpoints").glob("epoch_*.ckpt"))
    assert [path.name for path in kept] == ["epoch_0001.ckpt", "epoch_0002.ckpt", "epoch_0003.ckpt"]
    steps = [torch.load(path, weights_only=True)["charcells"]["step"] for path in kept]
    assert steps == [summary["steps"] // 3 * epoch for epoch in (1, 2, 3)]


def test_summed_loss_is_reported_as_the_mean(tmp_path: Path) -> None:
    """With plain gradient descent a sum is a mean with a larger rate: the same weights, the same reported loss."""
    characters = 16 * 64
    common = [
        "optimizer=sgd",
        "scheduler=constant",
        "optimizer.momentum=0",
        "trainer.gradient_clip_val=null",
        "trainer.max_steps=5",
        "trainer.log_every_n_steps=1",
        "model.hidden_size=4",
        "samples.length=0",
        "trainer.precision=64-true",
    ]
    mean = train(on_file(tmp_path, PROMPTS * 60, *common, "optimizer.lr=0.1"), tmp_path / "mean")
    summed = train(
        on_file(tmp_path, PROMPTS * 60, *common, f"optimizer.lr={0.1 / characters}", "trainer.loss_reduction=sum"),
        tmp_path / "sum",
    )
    assert summed["train/loss"] == pytest.approx(mean["train/loss"], abs=1e-9)
    assert summed["val/loss"] == pytest.approx(mean["val/loss"], abs=1e-9)
