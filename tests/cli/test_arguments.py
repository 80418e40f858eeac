"""The words of a command line before Hydra sees them: what names no option is refused with what was perhaps meant."""

import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from charcells.cli.arguments import split_flags
from charcells.cli.compose import CONF_DIR, SCHEMAS, compose, user_conf_dirs
from charcells.config import options
from charcells.errors import UserError

ROOT = Path(__file__).parents[2]

REFUSED = {
    "model.hiden_size=2": "there is no option model.hiden_size, did you mean model.hidden_size?",
    "hidden_size=2": "did you mean model.hidden_size?",
    "lr=1": "did you mean cell.lr or optimizer.lr?",
    "modle.num_layers=2": "did you mean model.num_layers?",
    "+model.layers=2": "did you mean model.num_layers?",
    "samples.prompts.0=a": "did you mean samples.prompts?",
    "corpsu=biblia": "did you mean corpus?",
    "zzz=1": "there is no option zzz; --help lists all",
    "=3": "=3 names no option",
    "model=null": "model is a group of options, such as model.embedding_dim=...",
    "trainer=3": "trainer is a group of options, such as trainer.max_epochs=...",
    "hydra=null": "hydra is a group of options",
    "~model": "~model is not allowed",
    "~cell": "~cell is not allowed",
    "cell=": "cell= is empty",
    "resume=": "resume= is empty",
    "init_from=": "init_from= is empty",
    "optimizer.name=adam": "write optimizer=adam",
    "scheduler.name=plateau": "write scheduler=plateau",
    "optimizer=adm": "there is no optimizer=adm, did you mean adam?",
    "seed=range(1,4)": "seed=range(1,4): several values are a sweep, one run for each: add -m",
    "seed=1,2": "quote a value with a comma",
    "cell.lr=0,01": "a fraction has a point: cell.lr=0.01",
}


@pytest.mark.parametrize("argument", REFUSED)
def test_what_names_no_option_is_refused_with_what_was_meant(argument: str) -> None:
    with pytest.raises(UserError) as raised:
        compose([argument])
    assert REFUSED[argument] in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("argument", "message"), [("temprature=1", "did you mean temperature?"), ("run=", "run= is empty")]
)
def test_the_options_of_sampling_are_checked_too(argument: str, message: str) -> None:
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        compose([argument], "sample")


@pytest.mark.parametrize("schema", SCHEMAS.values())
def test_every_option_is_known(schema: type) -> None:
    from charcells.cli.arguments import check_arguments

    check_arguments([f"{option}=x" for option, _ in options(schema) if not option.endswith(".name")], schema, ())


def test_hydras_own_options_and_dicts_are_left_to_hydra() -> None:
    arguments = ["hydra.run.dir=x", "hydra/launcher=basic", "model={hidden_size: 3}", "++model.num_layers=2"]
    assert compose(arguments).model.hidden_size == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--foo"], "unknown flag --foo"),
        (["seed=1", "--seed=3"], "unknown flag --seed=3: options are written name=value"),
        (["-sc"], "-sc takes install=bash"),
        (["-sc", "foo"], "-sc takes install=bash"),
        (["--info", "foo"], "invalid choice: 'foo'"),
        (["-c"], "expected one argument"),
        (["-m", "--info"], "only one of -m"),
    ],
)
def test_a_wrong_flag_is_refused_in_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError) as raised:
        split_flags(arguments)
    assert message in str(raised.value) and "\n" not in str(raised.value)


def test_flags_are_told_from_options_and_their_values() -> None:
    assert split_flags(["cell=gru", "-m", "seed=1"]) == (["-m", "cell=gru", "seed=1"], ["cell=gru", "seed=1"])
    assert split_flags(["cell=gru", "-c", "job"]) == (["cell=gru", "-c", "job"], ["cell=gru"])
    assert split_flags(["-sc", "install=bash"]) == (["-sc", "install=bash"], [])
    assert user_conf_dirs(["hydra.searchpath=[file://a,file://b]", "--config-dir", "c"]) == [Path(p) for p in "abc"]


def test_a_configuration_is_composed_inside_another_programs_hydra() -> None:
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        outer = GlobalHydra.instance().hydra
        assert compose(["cell=gru"]).cell.name == "gru"
        with pytest.raises(UserError):
            compose(["cell=nonsense"])
        assert GlobalHydra.instance().hydra is outer
        assert hydra_compose("config", ["seed=3"])["seed"] == 3


def cut_short(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose reader stops before the first line."""
    line = f"{sys.executable} {' '.join(command)} | true"
    return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "command", ["train.py --help", "train.py --info", "sample.py --help", "-m charcells", "-m charcells runs --help"]
)
def test_a_reader_who_stops_ends_no_command_with_an_error(command: str) -> None:
    result = cut_short(command)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        *("reproduce", "published.sources", "published.shakespeare", "published.war_and_peace"),
        *("robustness", "benchmarks", "study.report"),
    ],
)
def test_a_reader_who_stops_ends_no_experiment_with_an_error(module: str) -> None:
    result = cut_short(f"-m experiments.{module} --help")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_version_is_that_of_charcells_everywhere() -> None:
    for command in (["train.py"], ["sample.py"], ["-m", "charcells"]):
        shown = subprocess.run(
            [sys.executable, *command, "--version"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert shown.stdout.startswith("charcells 0.")
