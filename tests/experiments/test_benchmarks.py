"""The benchmarks compare like with like, and their arithmetic is right."""

import types
from contextlib import nullcontext

import pandas as pd
import pytest
import torch

from charcells.training.train import train
from experiments.benchmarks import __main__ as benchmarks
from experiments.benchmarks import gpu, reviews, scoring
from experiments.benchmarks.__main__ import main
from experiments.benchmarks.training import Bare, ByCharacter, Usual, configuration
from experiments.benchmarks.turns import Comparison, in_turn


def test_a_row_has_medians_their_ratio_and_the_spread_of_the_turns():
    row = Comparison("step", [3.0, 1.0, 2.0], "ms", [2.0, 4.0, 1.0], "bare", at_most=1.05).row()
    assert (row["charcells"], row["yardstick"], row["ratio"]) == (2.0, 2.0, 1.0)
    assert (row["lowest"], row["highest"]) == (0.25, 2.0)
    assert (row["target"], row["met"]) == ("at most 1.05", True)
    alone = Comparison("help", [0.5, 0.7], "s", at_least=1).row()
    assert (alone["charcells"], alone["lowest"], alone["highest"], alone["met"]) == (0.6, 0.5, 0.7, False)
    assert "ratio" not in alone


def test_sides_take_turns_and_the_first_turn_does_not_count():
    calls = []

    def side(name):
        return lambda: calls.append(name) or len(calls)

    assert in_turn(side("a"), side("b"), turns=2) == [[3, 5], [4, 6]]
    assert calls == ["a", "b"] * 3


@pytest.mark.parametrize(
    ("cell", "loop", "precision"),
    [
        ("rnn", Bare, "32-true"),
        ("gru", Bare, "32-true"),
        ("lstm", Bare, "32-true"),
        ("lstm", Usual, "32-true"),
        ("gru", Bare, "bf16-mixed"),
    ],
)
def test_the_bare_loop_does_the_same_work(tmp_path, monkeypatch, cell, loop, precision):
    """The loss of its last step is that of train()."""
    config = configuration(cell, (1, 8, 2, 5), 7, "trainer.log_every_n_steps=1", f"trainer.precision={precision}")
    losses, cross_entropy = [], torch.nn.functional.cross_entropy

    def noted(*arguments, **options):
        losses.append(cross_entropy(*arguments, **options))
        return losses[-1]

    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.functional, "cross_entropy", noted)
        assert loop(config).seconds() > 0
    assert len(losses) == 7
    # in bf16 a difference in the last bit of a weight may round to another number
    accuracy = 1e-6 if precision == "32-true" else 1e-3
    assert train(config, tmp_path / "run")["train/loss"] == pytest.approx(losses[-1].item(), rel=accuracy)


def test_a_character_at_a_time_gives_the_gradients_of_a_window(monkeypatch):
    config = configuration("lstm", (1, 8, 2, 5), 1)
    gradients = []
    monkeypatch.setattr(
        torch.optim.Adam, "step", lambda self: gradients.append([p.grad for p in self.param_groups[0]["params"]])
    )
    side = ByCharacter(config)
    side.seconds()
    model, (inputs, targets) = side.model(), next(iter(side.data.train_batches))
    torch.nn.functional.cross_entropy(model(inputs)[0].flatten(0, 1), targets.flatten()).backward()
    for one, other in zip(gradients[0], model.parameters(), strict=True):
        torch.testing.assert_close(one, other.grad)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_scoring_and_a_plain_pass_agree(monkeypatch, cell):
    monkeypatch.setattr(scoring, "CHARACTERS", 3000)
    assert scoring.compare(cell, 1, 16).row()["ratio"] > 0  # it asserts equal losses itself


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_padded_and_packed_reviews_give_the_same_states_and_gradients(cell, bidirectional):
    sides = reviews.Sides(cell, bidirectional, longest=400)
    assert sides.inputs.shape == (32, 400, 20) and sides.padded().shape == (32, 128 if bidirectional else 64)
    states, gradients = reviews.Sides(cell, bidirectional, longest=400).differences()
    assert states < 1e-6 and gradients < 1e-5


def test_an_unknown_benchmark_is_refused(capsys):
    with pytest.raises(SystemExit, match="there is no benchmark speed: choose from training, precision, start"):
        main(["speed"])


def test_without_a_gpu_its_benchmark_is_refused_by_name_and_left_out_else(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="needs a GPU, and PyTorch sees none here"):
        main(["gpu"])
    asked = []
    monkeypatch.setattr(benchmarks, "RESULTS", tmp_path)
    monkeypatch.setattr(
        benchmarks.importlib,
        "import_module",
        lambda name: asked.append(name.rpartition(".")[2]) or types.SimpleNamespace(comparisons=lambda: ()),
    )
    main([])
    assert asked == [name for name in benchmarks.NAMES if name != "gpu"]


def test_the_benchmark_of_a_gpu_compares_speeds_of_the_same_work():
    """On the CPU, where its code runs too but for the device."""
    config = configuration("gru", (1, 8, 4, 5), 6, "trainer.precision=bf16-mixed")
    row = gpu.compare("gru", (1, 8, 4, 5), "bf16-mixed", config).row()
    assert row["what"] == "training, gru 1×8, 4 streams, windows of 5, bf16-mixed"
    assert row["charcells"] > 0 and row["ratio"] > 0
    assert gpu.on_gpu("rnn", (1, 8, 1024, 100), 7).trainer.accelerator == "gpu"


@pytest.mark.slow
def test_runs_carried_at_once_are_counted_together(monkeypatch):
    monkeypatch.setattr(gpu, "SMALL_RUNS", tuple(part for part in gpu.SMALL_RUNS if "accelerator" not in part))
    assert gpu.carried(2, "trainer.max_steps=20", "corpus=pydoc") > 0


def test_lines_are_written_as_they_come_and_the_others_stay(tmp_path, monkeypatch):
    module = types.SimpleNamespace()
    monkeypatch.setattr(benchmarks, "RESULTS", tmp_path)
    monkeypatch.setattr(benchmarks.importlib, "import_module", lambda name: module)

    def measure(name, *comparisons, stops=False):
        def each():
            yield from comparisons
            if stops:
                raise KeyboardInterrupt

        module.comparisons = each
        with pytest.raises(KeyboardInterrupt) if stops else nullcontext():
            main([name])
        return list(
            pd.read_csv(tmp_path / "benchmarks.csv")[["benchmark", "what", "charcells"]].itertuples(index=False)
        )

    def line(what, figure, against):
        return Comparison(what, [figure], "s", [1.0] * (against is not None), against)

    measure("training", line("a", 1, "bare"), line("a", 2, "usual"), line("b", 3, None))
    measure("start", line("a", 4, None))
    found = measure("training", line("a", 5, "usual"), line("b", 6, None), stops=True)
    assert sorted(found) == [("start", "a", 4), ("training", "a", 1), ("training", "a", 5), ("training", "b", 6)]
    found = measure("training", line("a", 7, "usual"))
    assert sorted(found) == [("start", "a", 4), ("training", "a", 7)]
