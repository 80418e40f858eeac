"""Compose a checked configuration from conf/ and the command line, with Hydra."""

import dataclasses
import importlib.util
import itertools
import logging
import os
import re
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException

import charcells
from charcells.checks import check
from charcells.cli.arguments import check_arguments, refuse_flags, split_flags
from charcells.cli.free_text import FREE_TEXT, quoted, with_accents
from charcells.cli.help import help_text
from charcells.config import (
    RATES,
    ClassifyConfig,
    Config,
    ExportConfig,
    OptimizerConfig,
    PageConfig,
    ProbeConfig,
    SampleConfig,
    ScoreConfig,
    allowed,
    in_words,
    options,
    value_of,
)
from charcells.errors import UserError, did_you_mean
from charcells.files import folder_name
from charcells.registry import CELLS, OPTIMIZERS, Optimizer
from charcells.runs.folder import RunFolder
from charcells.runs.identity import PATHS

PACKAGE = Path(charcells.__file__).parent
CONF_DIR = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parents[1] / "conf"
"""In a wheel, conf/ is inside the package. In a checkout, and so in an editable install, it is at the top level."""

SCHEMAS: dict[str, type] = {
    "config": Config,
    "sample": SampleConfig,
    "score": ScoreConfig,
    "classify": ClassifyConfig,
    "probe": ProbeConfig,
    "page": PageConfig,
    "export": ExportConfig,
}
"""The options of each main file in conf/."""

FOLDERS = ("hydra.run.dir", "hydra.sweep.dir")
"""Hydra's folders: taken literally too, except for interpolations (${corpus.name}) and quoted values."""

RESUME_OVERRIDES = (
    "trainer.max_epochs",
    "trainer.max_steps",
    "trainer.max_time",
    "trainer.early_stopping_patience",
    *RATES,
    "corpora_dir",
    *PATHS,
    "logger.mode",
)
"""Options that may change when a run is resumed: how long it trains, its rate from there on, and where files are."""


LAUNCHER_PLUGINS = {"slurm": "hydra_plugins.hydra_submitit_launcher", "ray": "hydra_plugins.hydra_ray_launcher"}
"""Launchers that need another package, and the module to look for."""


def register() -> None:
    """Register with Hydra the schemas, each cell and optimizer as a choice, and the resolvers that conf/ uses."""
    store = ConfigStore.instance()
    for name, schema in SCHEMAS.items():
        store.store(f"{name}_schema", schema)
    for cell in CELLS.usable():
        store.store(cell.name, {"name": cell.name, "lr": cell.lr}, group="cell")
    for optimizer in OPTIMIZERS.usable():
        if _wrong_options(optimizer) is None:
            store.store(optimizer.name, {"name": optimizer.name, **optimizer.defaults}, group="optimizer")
    OmegaConf.register_new_resolver("by_name", lambda name, values, default: values.get(name, default), replace=True)
    OmegaConf.register_new_resolver("folder_name", folder_name, replace=True)


def _wrong_options(optimizer: Optimizer) -> str | None:
    """What is wrong with the options of an optimizer's row; None if nothing is."""
    known = {item.name for item in dataclasses.fields(OptimizerConfig)} - {"name"}
    unknown = sorted(optimizer.defaults.keys() - known)
    if unknown:
        return f"its row has the options {', '.join(unknown)}; there are {', '.join(sorted(known))}"
    return None if "lr" in optimizer.defaults else "its row has no lr"


def _missing_choice(error: MissingConfigException) -> UserError:
    """Why a choice such as 'cell/mine' cannot be used: there is none of that name, or its row has an error."""
    group, _, name = (error.missing_cfg_file or "").rpartition("/")
    if group == "cell" and name in CELLS:
        _ = CELLS[name]  # raises a UserError with the reason
    if group == "optimizer" and name in OPTIMIZERS:
        return UserError(f"optimizer={name} cannot be used: {_wrong_options(OPTIMIZERS[name])}")
    if not group or not error.options:
        return UserError(str(error).split("\n")[0])
    meant = did_you_mean(name, error.options)
    return UserError(f"there is no {group}={name}{meant or ':'} choose one of {', '.join(error.options)}")


@contextmanager
def _as_user_errors() -> Iterator[None]:
    """Turn errors of Hydra and OmegaConf into UserErrors."""
    try:
        yield
    except MissingConfigException as error:
        raise _missing_choice(error) from error
    except OverrideParseException as error:
        raise UserError(
            f"{error.override} cannot be read: brackets and quotes have to be closed, and a value that contains "
            "brackets, quotes or commas has to be quoted, such as name=\"'a [b'\""
        ) from error
    except (HydraException, OmegaConfBaseException) as error:
        if several := re.match(
            r"(?:Ambiguous value for argument|Sweep parameters) '(.*?)'(?:$|\n| requires)", str(error)
        ):
            raise UserError(
                f"{several[1]}: several values are a sweep, one run for each: add -m, or quote a value with a comma"
                f"{_decimal_comma(several[1])}"
            ) from error
        if wrong := re.match(r"Error merging override \+*(([\w.]+)=.*)", str(error).split("\n")[0]):
            raise _wrong_type(wrong[1], wrong[2]) from error
        if isinstance(error.__cause__, HydraException | OmegaConfBaseException):  # further lines are internals
            raise UserError(": ".join(str(each).split("\n")[0] for each in (error, error.__cause__))) from error
        message = str(error)
        raise UserError(message.split("\n")[0] if isinstance(error, OmegaConfBaseException) else message) from error
    except yaml.YAMLError as error:
        raise UserError(f"a configuration file is not valid YAML: {' '.join(str(error).split())}") from error


def _option(name: str) -> Any:
    """The option of that name, whichever command has it; None if none has."""
    return next((each[name] for schema in SCHEMAS.values() if name in (each := dict(options(schema)))), None)


def _decimal_comma(override: str) -> str:
    """'; a fraction has a point: temperature=0.8' of temperature=0,8; empty if its option takes no fractions."""
    number = re.fullmatch(r"\+*([\w.]+)=(-?\d+),(\d+)", override)
    item = _option(number[1]) if number else None
    if number is None or item is None or float not in (item.type, *typing.get_args(item.type)):
        return ""
    return f"; a fraction has a point: {number[1]}={number[2]}.{number[3]}"


def _wrong_type(override: str, name: str) -> UserError:
    """Of an override whose value is not of the type of its option."""
    item = _option(name)
    if item is None:
        return UserError(f"{override} is not allowed: {name} is a group of options, not an option")
    kind = in_words(item.metadata["kind"] or item.type)
    limits = f", {allowed(item)}" if allowed(item) else ""
    return UserError(f"{override} is not allowed: it must be {kind}{limits}")


def compose(overrides: Sequence[str] = (), config_name: str = "config") -> Any:
    """The checked configuration for a list of overrides: a Config, or a SampleConfig for config_name="sample".

    Raises UserError for an unknown option or choice, and for a value that is not allowed.
    """
    return compose_with_hydra(overrides, config_name)[0]


def command_options(command: str, arguments: Sequence[str], doc: str | None) -> Any:
    """The checked configuration of a command that makes no sweep, such as a SampleConfig for "sample".

    Where --help is among the arguments, the command's `doc` and its options are printed, and the process ends.

    Raises UserError for a flag, and like `compose`.
    """
    if {"-h", "--help"} & set(arguments):
        print(f"{doc}{help_text(SCHEMAS[command])}")
        raise SystemExit
    refuse_flags(arguments)
    return compose(arguments, command)


def compose_with_hydra(overrides: Sequence[str], config_name: str = "config") -> tuple[Any, DictConfig]:
    """Like `compose`, but also returns Hydra's own part of the configuration, such as `run.dir`."""
    register()
    _check(overrides, config_name, user_conf_dirs(overrides))
    with _as_user_errors(), _own_hydra(), initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        composed = hydra_compose(config_name, quote_free_text(overrides), return_hydra_config=True)
        return from_hydra(composed), composed.hydra


def _check(overrides: Sequence[str], config_name: str, user_dirs: Sequence[Path]) -> None:
    """Raise UserError for an override that names no option."""
    schema = SCHEMAS[config_name]
    groups = {Config: tuple(choices(user_dirs)), ProbeConfig: ("corpus",)}
    check_arguments(overrides, schema, groups.get(schema, ()))


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Put aside the Hydra that the program around has initialised, for another configuration, and give it back."""
    outer, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = outer


def from_hydra(composed: DictConfig) -> Any:
    """Convert what Hydra composed into a checked Config or SampleConfig.

    Raises UserError for a value that is missing or not allowed.
    """
    with flag_override(composed, ["readonly", "struct"], False):
        composed = composed.copy()
        composed.pop("hydra", None)
    missing = sorted(OmegaConf.missing_keys(composed))
    if missing:
        example = "latest (the newest run in runs/) or run=RUN_FOLDER" if missing[0] == "run" else "..."
        raise UserError(f"{missing[0]} is missing: add {missing[0]}={example}")
    try:
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:  # such as an interpolation of an unknown name
        raise UserError(str(error).split("\n")[0]) from error
    except AttributeError as error:  # a key added with + that the schema does not have
        raise UserError(f"unknown option: {error}; --help lists all options") from error
    check(config)
    return config


def run_hydra(task: Callable[[Any, DictConfig], None], arguments: Sequence[str], config_name: str = "config") -> None:
    """Let Hydra handle the command line: sweeps (-m) and flags such as --info or shell completion.

    Args:
        task: called for each job with its checked configuration and Hydra's own.
        arguments: of the command line.
        config_name: name of the main file in conf/.
    """

    def job(composed: DictConfig) -> None:
        task(from_hydra(composed), HydraConfig.get())  # type: ignore[arg-type]

    register()
    arguments, overrides = split_flags(arguments)
    _check(overrides, config_name, user_conf_dirs(arguments))
    if any(argument.startswith(("--info", "-i")) for argument in arguments):
        logging.raiseExceptions = False  # Hydra prints with a logger, which would complain about `| head`
    os.environ["HYDRA_FULL_ERROR"] = "1"  # otherwise Hydra prints a traceback for every exception
    sys.argv[1:] = quote_free_text(arguments)
    with _as_user_errors():
        hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name=config_name)(job)()


def run_folder(hydra_config: DictConfig) -> Path:
    """The folder of a single run. Raises UserError if hydra.run.dir is empty or refers to an unknown option."""
    with _as_user_errors():
        folder = os.path.expanduser(hydra_config.run.dir)
    if not folder:
        raise UserError("hydra.run.dir= is empty: name a folder, or leave the option out")
    return Path(folder)


def is_multirun(hydra_config: DictConfig) -> bool:
    """Whether the configuration is a sweep, which a file in conf/experiment can also choose."""
    return bool(hydra_config.mode == RunMode.MULTIRUN)


def config_to_resume(folder: RunFolder, composed: Config, overrides: Sequence[str]) -> Config:
    """The configuration of the run in a folder, with the overrides of the command line applied.

    Args:
        folder: of the run.
        composed: the configuration composed from the command line, from which the overridden values are taken.
        overrides: of the command line, including `resume=...`.

    Raises UserError for an override that a resume does not allow, and for a damaged config.yaml.
    """
    keys = [re.sub(r"^[+~]+", "", override).split("=", 1)[0] for override in overrides]
    keys = [key for key in keys if key != "resume" and not key.startswith("hydra.")]
    stored = folder.read_config()
    same = [key for key in keys if key not in RESUME_OVERRIDES and _of(stored, key) == _of(composed, key)]
    keys = [key for key in keys if key not in same]
    for key in keys:
        if key not in RESUME_OVERRIDES:
            raise UserError(
                f"{key} cannot change when a run is resumed; these can: {', '.join(RESUME_OVERRIDES)}. "
                "For a new run that starts from these weights, use init_from= instead of resume="
            )
    config = stored
    if config.scheduler.name == "plateau" and "optimizer.lr" in keys:
        raise UserError("optimizer.lr cannot change when a run with scheduler=plateau is resumed: that sets the rate")
    for key in keys:
        group, _, name = key.rpartition(".")
        setattr(getattr(config, group) if group else config, name, value_of(composed, key))
    check(config)
    return config


def _of(config: Config, key: str) -> Any:
    """The value of an option, or the name of a choice such as `logger`; None for what is neither."""
    with suppress(AttributeError):
        value = value_of(config, key)
        return getattr(value, "name", value)
    return None


def user_conf_dirs(arguments: Sequence[str]) -> list[Path]:
    """The user's own configuration folders, from hydra.searchpath=[file://...] or --config-dir."""
    values = [argument.partition("=")[2] for argument in arguments if argument.startswith("hydra.searchpath=")]
    found = [path for value in values for path in re.findall(r"file://([^,\]'\"]+)", value)]
    found += [value for flag, value in itertools.pairwise(arguments) if flag in ("--config-dir", "-cd")]
    return [Path(path) for path in found]


def quote_free_text(arguments: Sequence[str]) -> list[str]:
    """Quote the values of free-text options, so that Hydra's parser takes them literally.

    With multirun (`-m`), a comma still separates the values of a sweep, and `\\,` is a literal comma. Texts with
    accents are quoted in all other options too.

    Raises UserError for GROUP=null, on which Hydra fails with a traceback, and for a launcher that is not installed.
    """
    multirun = "-m" in arguments or "--multirun" in arguments
    done = []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if value == "null" and key in choices() and key != "experiment":
            raise UserError(f"{argument} is not allowed: choose one of {', '.join(choices()[key])}")
        plugin = LAUNCHER_PLUGINS.get(value) if key == "launcher" else None
        if plugin is not None and importlib.util.find_spec(plugin) is None:
            raise UserError(f"launcher={value} needs another package: make clusters, or pip install -e '.[{value}]'")
        name = key.lstrip("+")
        if name in FOLDERS and value and not value.startswith(("'", '"')):
            done.append(f"{key}={QuotedString(value, Quote.single).with_quotes()}")
            continue
        if not equals or value in ("", "null"):
            done.append(argument)
        elif name in FREE_TEXT:
            done.append(f"{key}={quoted(name, value, sweep=multirun)}")
        else:
            done.append(with_accents(argument))
    return done


def choices(user_dirs: Sequence[Path] = ()) -> dict[str, list[str]]:
    """The choices of each group, sorted: cells, optimizers, and files in conf/ and in the user's own folders."""
    found = {"cell": set(CELLS), "optimizer": set(OPTIMIZERS)}
    for conf in (CONF_DIR, *user_dirs):
        for group in conf.glob("*/"):
            if group.is_dir() and group.name != "hydra":
                found.setdefault(group.name, set()).update(file.stem for file in group.glob("*.yaml"))
    return {group: sorted(found[group]) for group in sorted(found)}
