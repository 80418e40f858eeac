"""The table beside published losses trains the models that it says, and names them as the sweep does."""

import json

import pytest
from omegaconf import OmegaConf
from torch import nn

from charcells.cli.compose import CONF_DIR, compose
from charcells.files import folder_name
from charcells.runs.identity import identity
from charcells.runs.summary import Summary
from experiments.published import war_and_peace as table
from experiments.study.runs import Run


@pytest.mark.parametrize("size", table.PUBLISHED)
def test_a_row_has_the_parameters_of_their_lstm_with_one_bias(size):
    lstm, output = nn.LSTM(table.DISTINCT, size), nn.Linear(size, table.DISTINCT)
    second_bias = lstm.bias_hh_l0.numel()
    assert table.parameters(size) == sum(p.numel() for part in (lstm, output) for p in part.parameters()) - second_bias


def test_the_sweep_makes_the_runs_of_the_first_two_rows():
    sweep = OmegaConf.load(CONF_DIR / "experiment" / "war_and_peace_table_sweep.yaml").hydra
    assert sweep.mode == "MULTIRUN"
    excluded = OmegaConf.load(CONF_DIR / "config.yaml").hydra.job.config.override_dirname.exclude_keys
    swept = {key: str(value).split(",") for key, value in sweep.sweeper.params.items()}
    assert swept["model.match_parameters"] == [str(table.parameters(size)) for size in (64, 128)]
    assert (swept["cell"], swept["model.num_layers"]) == (list(table.CELLS), [str(layers) for layers in table.LAYERS])
    one = table.runs(64)[0]
    assert sweep.job.config.override_dirname.exclude_keys == [*excluded, "experiment"]
    joined = "cell=lstm,model.match_parameters=44567,model.num_layers=1"
    assert one.folder.path == table.ROOT / sweep.sweep.dir / folder_name(joined)
    assert one.config().trainer.max_epochs <= 20
    overrides = ["experiment=war_and_peace_table_sweep", *(f"{name}={value}" for name, value in one.overrides.items())]
    swept_alike = compose(overrides)
    assert identity(swept_alike, "text") == identity(one.config(), "text")


def test_published_and_ours_stand_side_by_side_for_what_is_finished(tmp_path, monkeypatch):
    def summary(run):
        return Summary(
            {
                "cell": run.overrides["cell"],
                "test/loss": 1.25,
                "versions": {"git": "0123abc"},
                **dict.fromkeys(("parameters", "hidden_size", "epochs", "train_seconds", "identity"), 1),
            }
        )

    monkeypatch.setattr(table, "RESULTS", tmp_path)
    monkeypatch.setattr(Run, "summary", summary)
    monkeypatch.setattr(Run, "done", lambda run: run.overrides["model.num_layers"] == 2 and "44567" in run.label)
    found = table.write()
    assert found["cell"].tolist() == ["lstm", "rnn", "gru"]
    assert found["published"].tolist() == [1.442, 1.401, 1.373]
    assert json.loads(found["difference"].to_json(orient="values")) == [-0.192, -0.151, -0.123]
    assert (tmp_path / "war_and_peace.csv").exists()
    assert (tmp_path / "war_and_peace.png").stat().st_size > 5000
    monkeypatch.setattr(Run, "done", lambda run: run.overrides["model.num_layers"] == 1 and "44567" in run.label)
    found = table.write()  # as in another clone, where the first three have not been trained
    assert found["cell"].tolist() == ["lstm", "lstm", "rnn", "rnn", "gru", "gru"]
    assert found["num_layers"].tolist() == [1, 2] * 3
    assert table.write().equals(found)


def test_a_model_that_diverged_has_no_line(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "RESULTS", tmp_path)
    monkeypatch.setattr(Run, "summary", lambda run: Summary(status="failed", error="training diverged: ..."))
    monkeypatch.setattr(Run, "done", lambda run: True)
    assert len(table.write()) == 0
    assert not list(tmp_path.iterdir())
