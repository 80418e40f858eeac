"""experiments/wandb_sweep.yaml: W&B's own agent starts train.py with it, and the run is the agent's."""

import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from charcells.cli.compose import compose
from charcells.config import value_of
from charcells.runs.folder import find_run_folders

ROOT = Path(__file__).parents[2]
SWEEP = yaml.safe_load((ROOT / "experiments" / "wandb_sweep.yaml").read_text(encoding="utf-8"))
TINY = {"corpus.max_chars": 3000, "data.batch_size": 4, "samples.length": 5, "trainer.max_steps": 3, "threads": 1}


def drawn(pick):
    """Parameters of one run, as W&B's server draws them: `pick` chooses among values."""

    def value(of):
        return of["value"] if "value" in of else pick(of.get("values") or [of["min"], of["max"]])

    return {name: value(each) for name, each in SWEEP["parameters"].items()}


@pytest.mark.parametrize("pick", [min, max])
def test_what_the_agent_passes_is_what_hydra_reads(pick):
    from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

    parameters = drawn(pick)
    arguments = create_sweep_command_args({"args": {name: {"value": value} for name, value in parameters.items()}})
    config = compose(arguments["args_no_hyphens"])
    for name, value in parameters.items():
        assert value_of(config, {"cell": "cell.name", "corpus": "corpus.name"}.get(name, name)) == value


def test_the_sweeps_metric_is_in_the_summary_of_a_run(tmp_path, small):
    from charcells.training.train import train

    summary = train(small("abcdefgh" * 100, "trainer.max_steps=1"), tmp_path / "run")
    assert summary[SWEEP["metric"]["name"]] > 0


def test_the_run_of_an_agent_has_its_id_its_sweep_and_its_parameters(tmp_path, monkeypatch, wandb_records):
    """The agent's own code starts the process, with its command and its environment; only its server is missing."""
    from wandb.wandb_agent import Agent

    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text((ROOT / "train.py").read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("WANDB_API_KEY", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH"):
        monkeypatch.setenv(name, "")  # so that what the agent sets is taken back
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep1")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_PROJECT", "mine")  # as the command `wandb agent` sets it, like the next one
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    parameters = drawn(min) | TINY
    agent = Agent(None, None, sweep_id="sweep1")
    agent._sweep_command = SWEEP["command"]
    arguments = {name: {"value": value} for name, value in parameters.items()}
    agent._command_run({"run_id": "agent123", "args": arguments, "program": SWEEP["program"]})
    assert agent._run_processes["agent123"].wait() == 0

    (run,) = find_run_folders(tmp_path / "runs")
    config = run.read_config()
    assert (config.cell.name, config.optimizer.lr, config.model.hidden_size) == ("gru", 0.001, 64)
    assert (run.wandb / "id").read_text() == "agent123\n"
    (path,) = (tmp_path / "wandb").rglob("*.wandb")
    (logged,) = [record.run for record in wandb_records(path) if record.HasField("run")][:1]
    assert (logged.run_id, logged.sweep_id, logged.project) == ("agent123", "sweep1", "mine")
    values = {update.key: json.loads(update.value_json) for update in logged.config.update}
    assert {name: values[name] for name in SWEEP["parameters"]} == drawn(min)
    assert values["config"]["optimizer"]["lr"] == 0.001
