"""The dashboard of a sweep names only what its runs have logged, and shows them and no others."""

import json
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from charcells.cli import dashboard as command_line
from charcells.cli.compose import compose
from charcells.errors import UserError
from charcells.registry import CELLS
from charcells.runs import dashboard, wandb_runs
from charcells.runs.folder import find_run_folders
from charcells.training.train import train

pytest.importorskip("wandb_workspaces")
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic V1 style")  # by wandb-workspaces, when it is imported

TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(900))


SMALL = ("logger=wandb", "threads=1", "model.hidden_size=8", "model.embedding_dim=4", "data.batch_size=4",
         "data.seq_len=20", "trainer.max_steps=3", "samples.length=5")  # fmt: skip


@pytest.fixture(autouse=True)
def no_account(tmp_path, monkeypatch):
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_PROJECT", "WANDB_ENTITY", "WANDB_DISABLED", "WANDB_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def trained(place, *sweep):
    """Trains a run for each list of options, offline, as the jobs of a sweep; the folder of the sweep."""
    (place / "text.txt").write_text(TEXT)
    folder = place / "sweeps" / "the writer's" / "cells"
    for options in sweep:
        config = compose(["corpus=file", f"corpus.path={place / 'text.txt'}", *SMALL, *options])
        train(config, folder / ",".join(options), group=wandb_runs.group_of(folder), tags=options)
    return folder


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """A sweep of two cells, one of them at two rates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        place = tmp_path_factory.mktemp("dashboard")
        return trained(
            place,
            ["cell=rnn", "optimizer.lr=0.01"],
            ["cell=rnn", "optimizer.lr=0.02"],
            ["cell=gru", "optimizer.lr=0.01"],
        )


def logged(folder, wandb_records):
    """By W&B id: group and project of each run of a sweep, and the keys of its configuration, history and summary."""
    found = {}
    for path in folder.rglob("*.wandb"):
        records = list(wandb_records(path))
        run = next(record.run for record in records if record.HasField("run"))
        config = {update.key: json.loads(update.value_json) for update in run.config.update}
        history = {item.key or item.nested_key[0] for r in records for item in r.history.item}
        summary = {item.key or item.nested_key[0] for r in records for item in r.summary.update}
        found[run.run_id] = {
            "group": run.run_group,
            "project": run.project,
            "config": config,
            "history": history,
            "summary": summary | history,
        }
    return found


def inside(view, key):
    """The values of a key, wherever it stands in nested JSON."""
    if isinstance(view, dict):
        return [value for name, value in view.items() if name == key] + [
            each for value in view.values() for each in inside(value, key)
        ]
    return [each for value in view for each in inside(value, key)] if isinstance(view, list) else []


def has(config, path):
    """Whether a configuration has a value at W&B's path, whose first part is followed by `value`."""
    first, value, *rest = path.split(".")
    assert value == "value", path
    for part in (first, *rest):
        if not isinstance(config, dict) or part not in config:
            return False
        config = config[part]
    return True


@pytest.mark.parametrize("view", ["workspace", "report"])
def test_every_key_of_the_dashboard_is_one_that_a_run_has_logged(cells, wandb_records, view, capsys):
    folder = cells
    command_line.main([f"sweep={folder}"])
    printed = capsys.readouterr().out
    assert f"written: {folder / 'dashboard.json'}" in printed and "3 of 3 runs" in printed
    found = json.loads((folder / "dashboard.json").read_text(encoding="utf-8"))
    runs = logged(folder, wandb_records)
    assert len(runs) == 3
    for each in runs.values():
        assert (
            (each["group"], each["project"])
            == (found["group"], found["project"])
            == ("the writer's/cells", "charcells")
        )

    panels = [panel for section in inside(found[view], "panels") if isinstance(section, list) for panel in section]
    kinds = {panel["viewType"] for panel in panels}
    assert {"Run History Line Plot", "Bar Chart", "Parallel Coordinates Plot", "Media Browser"} <= kinds
    history = set.intersection(*(run["history"] for run in runs.values()))
    final = set.intersection(*(run["summary"] for run in runs.values()))
    lines = [panel["config"] for panel in panels if panel["viewType"] == "Run History Line Plot"]
    assert {line["xAxis"] for line in lines} == {"chars_seen"} <= history
    assert {"val/bpc", "train/loss", "lr"} <= {key for line in lines for key in line["metrics"]} <= history
    bars = {key for panel in panels if panel["viewType"] == "Bar Chart" for key in panel["config"]["metrics"]}
    assert bars == {"val/bpc", "test/bpc"} <= final
    assert {key for keys in inside(panels, "mediaKeys") for key in keys} == {"loss curve"} <= final
    assert "samples" in json.dumps([each for each in panels if each["viewType"].startswith("Weave")])

    named = [each.removeprefix("config:") for each in keys_of_options(found[view], panels)]
    assert {"cell.value", "config.value.optimizer.lr", "seed.value"} == set(named)
    for run in runs.values():
        assert all(has(run["config"], path) for path in named)


def keys_of_options(view, panels):
    """All keys of the configuration that a view names: in groupings, columns and the axes of parallel coordinates."""
    grouping = [key["name"] for keys in inside(view, "grouping") for key in keys if key["section"] == "config"]
    by = [panel["config"]["groupBy"] for panel in panels if "groupBy" in panel["config"]]
    columns = [name for names in inside(view, "columnOrder") for name in names if name.startswith("config:")]
    axes = [each["accessor"] for columns in inside(panels, "columns") for each in columns]
    return [*grouping, *by, *columns, *(axis for axis in axes if axis.startswith("config:"))]


def test_the_dashboard_shows_the_sweeps_group_and_each_level_in_its_colour(cells):
    found = json.loads(dashboard.as_json(dashboard.read_sweep(cells), "me"))
    for view in ("workspace", "report"):
        (group,) = {json.dumps(each["filters"]) for each in inside(found[view], "filters") if isinstance(each, dict)}
        assert '"group"' in group and json.dumps("the writer's/cells") in group
        colours = inside(found[view], "customRunColors")
        for run in find_run_folders(cells):
            cell = run.read_config().cell.name
            assert colours and all(each[wandb_runs.id_of(run)] == CELLS[cell].colour for each in colours)
            groups = [{own for key, own in each.items() if cell in unquote(key)} for each in colours]
            assert groups == [{CELLS[cell].colour}] * len(colours)
    assert found["report"]["project"]["entityName"] == "me"


def test_the_table_of_factors_has_the_figures_of_the_summaries(cells):
    tables = inside(json.loads(dashboard.as_json(dashboard.read_sweep(cells), ""))["report"], "content")
    for run in find_run_folders(cells):
        summary = run.read_summary()
        figures = f"{summary['val/bpc']:.3f} | {summary['test/bpc']:.3f}"
        row = f"| {summary['cell']} | {run.read_config().optimizer.lr:g} | 1 | {figures} |"
        assert any(row in table for table in tables)


def test_without_held_out_text_or_samples_their_panels_are_left_out(tmp_path):
    folder = trained(tmp_path, ["data.val_fraction=0", "data.test_fraction=0", "samples.length=0"])
    found = dashboard.as_json(dashboard.read_sweep(folder), "")
    assert "bpc" not in found and "Weave" not in found and "train/loss" in found


def test_where_a_key_is_the_dashboard_is_saved(cells, monkeypatch, capsys):
    """W&B's server is not there, so its client is played by one that keeps what it is told."""
    import wandb_workspaces.reports.v2 as reports
    import wandb_workspaces.workspaces as workspaces

    kept = []
    for kind in (workspaces.Workspace, reports.Report):
        monkeypatch.setattr(kind, "save", lambda self: kept.append(self) or self)
        monkeypatch.setattr(kind, "url", f"https://wandb.ai/me/charcells/{kind.__name__}")
    monkeypatch.setattr(wandb_runs, "mode_of", lambda config: "online")
    monkeypatch.setenv("WANDB_ENTITY", "me")
    (cells / "dashboard.json").unlink(missing_ok=True)
    command_line.main([f"sweep={cells}"])
    assert [(each.entity, each.project) for each in kept] == [("me", "charcells")] * 2
    assert "saved: https://wandb.ai/me/charcells/Workspace" in capsys.readouterr().out
    assert not (cells / "dashboard.json").exists()

    monkeypatch.setattr(reports.Report, "save", lambda self: 1 / 0)
    command_line.main([f"sweep={cells}"])
    assert "W&B has refused it: division by zero" in capsys.readouterr().out and (cells / "dashboard.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "takes sweep=FOLDER, such as sweep=sweeps/pydoc, but got nothing"),
        (["sweeps/pydoc"], "but got sweeps/pydoc"),
        (["sweep=nowhere"], "nowhere is not a folder"),
    ],
)
def test_a_mistake_is_answered_with_the_way_out(arguments, message):
    with pytest.raises(UserError, match=message):
        command_line.main(arguments)


def test_a_sweep_without_wandb_is_refused(small, tmp_path):
    train(small(TEXT, "trainer.max_steps=1"), tmp_path / "sweep" / "run")
    with pytest.raises(UserError, match="none of its 1 runs was logged to W&B: train them with logger=wandb"):
        command_line.main([f"sweep={tmp_path / 'sweep'}"])


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[dashboard\]'"):
        command_line.main(["sweep=anything"])


def test_a_group_is_the_path_below_sweeps_from_wherever_it_is_asked_for(tmp_path, monkeypatch):
    (tmp_path / "sweeps" / "mine" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert wandb_runs.group_of(Path("sweeps/mine/here")) == "mine/here"
    monkeypatch.chdir(tmp_path / "sweeps" / "mine")
    assert wandb_runs.group_of(Path("here")) == "mine/here"
    assert wandb_runs.group_of(tmp_path / "else" / "where") == "where"
