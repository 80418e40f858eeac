"""The benchmarks compare like with like, and their arithmetic is right."""

import types
from contextlib import nullcontext

import pandas as pd
import pytest
import torch
from experiments.benchmarks import __main__ as benchmarks
from experiments.benchmarks import scoring
from experiments.benchmarks.__main__ import main
from experiments.benchmarks.training import Bare, ByCharacter, Usual, configuration
from experiments.benchmarks.turns import Comparison, in_turn

from charlm.training import train


def test_a_row_has_medians_their_ratio_and_the_spread_of_the_turns():
    row = Comparison("step", [3.0, 1.0, 2.0], "ms", [2.0, 4.0, 1.0], "bare", at_most=1.05).row()
    assert (row["charlm"], row["yardstick"], row["ratio"]) == (2.0, 2.0, 1.0)
    assert (row["lowest"], row["highest"]) == (0.25, 2.0)
    assert (row["target"], row["met"]) == ("at most 1.05", True)
    alone = Comparison("help", [0.5, 0.7], "s", at_least=1).row()
    assert (alone["charlm"], alone["lowest"], alone["highest"], alone["met"]) == (0.6, 0.5, 0.7, False)
    assert "ratio" not in alone


def test_sides_take_turns_and_the_first_turn_does_not_count():
    calls = []

    def side(name):
        return lambda: calls.append(name) or len(calls)

    assert in_turn(side("a"), side("b"), turns=2) == [[3, 5], [4, 6]]
    assert calls == ["a", "b"] * 3


@pytest.mark.parametrize(("cell", "loop"), [("rnn", Bare), ("gru", Bare), ("lstm", Bare), ("lstm", Usual)])
def test_the_bare_loop_does_the_same_work(tmp_path, monkeypatch, cell, loop):
    """The loss of its last step is that of train()."""
    config = configuration(cell, (1, 8, 2, 5), 7, "trainer.log_every_n_steps=1")
    losses, cross_entropy = [], torch.nn.functional.cross_entropy

    def noted(*arguments, **options):
        losses.append(cross_entropy(*arguments, **options))
        return losses[-1]

    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.functional, "cross_entropy", noted)
        assert loop(config).seconds() > 0
    assert len(losses) == 7
    assert train(config, tmp_path / "run")["train/loss"] == pytest.approx(losses[-1].item(), rel=1e-6)


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


def test_an_unknown_benchmark_is_refused(capsys):
    with pytest.raises(SystemExit, match="there is no benchmark speed: choose from training, precision, start"):
        main(["speed"])


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
        return list(pd.read_csv(tmp_path / "benchmarks.csv")[["benchmark", "what", "charlm"]].itertuples(index=False))

    def line(what, figure, against):
        return Comparison(what, [figure], "s", [1.0] * (against is not None), against)

    measure("training", line("a", 1, "bare"), line("a", 2, "usual"), line("b", 3, None))
    measure("start", line("a", 4, None))
    found = measure("training", line("a", 5, "usual"), line("b", 6, None), stops=True)
    assert sorted(found) == [("start", "a", 4), ("training", "a", 1), ("training", "a", 5), ("training", "b", 6)]
    found = measure("training", line("a", 7, "usual"))
    assert sorted(found) == [("start", "a", 4), ("training", "a", 7)]
