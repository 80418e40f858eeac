"""W&B at the start of a run: its environment variables mean what they mean elsewhere, and nothing waits for long."""

import socket
import time

import pytest
import wandb

from charcells.training import loggers
from charcells.training.train import train

TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(600))
KEY = "0123456789" * 4


@pytest.fixture
def run(small, tmp_path, monkeypatch):
    """Trains a step with these environment variables; the run folder."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_DISABLED", "WANDB_PROJECT", "WANDB_DIR", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    wandb.teardown()  # it has read its variables once in this process, perhaps in a test that had set others

    def start(*options, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        train(small(TEXT, "trainer.max_steps=1", "logger=wandb", *options), tmp_path / "run")
        return tmp_path / "run"

    return start


def files(folder):
    return [path.name for path in folder.rglob("*.wandb")]


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"WANDB_API_KEY": "abc"}, "W&B does not accept the API key"),
        ({"WANDB_MODE": "of line"}, "WANDB_MODE=of line is none of online, offline"),
    ],
)
def test_a_wrong_setting_is_said_in_one_line_and_the_run_logged_offline(run, environment, line):
    folder = run(**environment)
    said = [each for each in (folder / "train.log").read_text().splitlines() if "W&B" in each or "WANDB" in each]
    assert len(said) == 1 and line in said[0] and said[0].endswith("logging offline")
    assert len(files(folder)) == 1


def test_a_key_without_a_network_ends_in_offline_mode_at_once(run, monkeypatch):
    with socket.socket() as server:  # a port on which nobody listens
        server.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setattr("wandb.login", lambda **options: True)
    start = time.monotonic()
    folder = run(WANDB_API_KEY=KEY, WANDB_BASE_URL=address)
    assert time.monotonic() - start < 15
    assert "server 127.0.0.1 cannot be reached" in (folder / "train.log").read_text()
    assert len(files(folder)) == 1


@pytest.mark.parametrize("setting", ["option", "WANDB_MODE", "WANDB_DISABLED"])
def test_disabled_means_that_nothing_is_logged(run, setting):
    options = ["logger.mode=disabled"] if setting == "option" else []
    environment = {"WANDB_MODE": {"WANDB_MODE": "disabled"}, "WANDB_DISABLED": {"WANDB_DISABLED": "true"}}
    folder = run(*options, **environment.get(setting, {}))
    assert not (folder / "wandb").exists() and "W&B" not in (folder / "train.log").read_text()


def test_an_agents_run_id_and_folder_are_those_of_the_run(run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    folder = run(WANDB_RUN_ID="agent123", WANDB_DIR=str(tmp_path / "elsewhere"), WANDB_MODE="offline")
    assert (folder / "wandb" / "id").read_text() == "agent123\n"
    assert files(folder) == [] and files(tmp_path / "elsewhere") == ["run-agent123.wandb"]


def test_the_project_of_the_environment_wins(run, monkeypatch):
    asked, init = {}, wandb.init
    monkeypatch.setattr("wandb.init", lambda **options: asked.update(options) or init(**options))
    run(WANDB_PROJECT="mine", WANDB_MODE="offline")
    assert asked["project"] == "mine"
    assert loggers.INIT_SECONDS <= 10


def test_a_service_that_does_not_begin_the_run_ends_in_offline_mode(run, monkeypatch):
    init, modes = wandb.init, []

    def refuse(**options):
        modes.append(options["mode"])
        if options["mode"] == "online":
            raise wandb.errors.CommError("permission denied")
        return init(**options)

    monkeypatch.setattr("wandb.init", refuse)
    monkeypatch.setattr(loggers, "mode_of", lambda config: "online")
    folder = run()
    assert modes == ["online", "offline"]
    assert "W&B cannot begin the run (permission denied): logging offline" in (folder / "train.log").read_text()
    assert len(files(folder)) == 1


def options_of(small, tmp_path, *overrides, group=None):
    return loggers._run_options(small(TEXT, *overrides), loggers.RunFolder(tmp_path), {}, group, ["seed=1"])


def test_the_runs_of_a_sweep_do_not_share_an_agents_id(small, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_RUN_ID", "agent123")
    monkeypatch.setenv("WANDB_NAME", "mine")
    monkeypatch.setenv("WANDB_TAGS", "x,y")
    swept = options_of(small, tmp_path, group="sweep")
    assert swept["id"] != "agent123" and swept["name"] == tmp_path.name
    single = options_of(small, tmp_path)  # an agent's id replaces an earlier one
    assert (single["id"], single["name"]) == ("agent123", "mine")
    assert {"x", "y", "seed=1"} <= set(single["tags"])


def test_a_project_that_is_named_beats_the_environment(small, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    assert options_of(small, tmp_path)["project"] == "theirs"
    assert options_of(small, tmp_path, "logger.project=named")["project"] == "named"
