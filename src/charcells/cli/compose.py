"""From conf/ and the words of a command line to a checked configuration, by Hydra."""

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException

import charcells
from charcells.config import Config, SampleConfig, check, value_of
from charcells.errors import UserError
from charcells.files import folder_name
from charcells.registry import CELLS, OPTIMIZERS
from charcells.runs.folder import RunFolder

PACKAGE = Path(charcells.__file__).parent
CONF_DIR = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parents[1] / "conf"
"""A wheel carries conf/ in the package; in a checkout, and so in an editable install, it lies at the top."""

FREE_TEXT = ("prompt", "samples.prompts", "run", "resume", "init_from", "corpus.path", "corpora_dir")
"""Options whose value is taken as typed: any Unicode, spaces, commas, quotes, brackets and `=`."""

FOLDERS = ("hydra.run.dir", "hydra.sweep.dir")
"""Hydra's: taken as typed too, but for interpolations (${corpus.name}) and where Hydra's own quotes stand around."""

RESUME_OVERRIDES = (
    "trainer.max_epochs",
    "trainer.max_steps",
    "trainer.max_time",
    "trainer.early_stopping_patience",
    "corpora_dir",
    "corpus.path",
    "logger.mode",
)
"""What may change when a run is resumed: how long it trains, and where things lie. All else makes another run."""


LAUNCHER_PLUGINS = {"slurm": "hydra_plugins.hydra_submitit_launcher", "ray": "hydra_plugins.hydra_ray_launcher"}
"""What the launchers need that are not part of every installation."""


def register() -> None:
    """Tell Hydra of the schemas, of each cell and optimizer as a choice of its group, and of conf/'s own functions."""
    store = ConfigStore.instance()
    store.store("config_schema", Config)
    store.store("sample_schema", SampleConfig)
    for cell in CELLS.values():
        store.store(cell.name, {"name": cell.name, "lr": cell.lr}, group="cell")
    for optimizer in OPTIMIZERS.values():
        store.store(optimizer.name, {"name": optimizer.name, **optimizer.defaults}, group="optimizer")
    OmegaConf.register_new_resolver("by_name", lambda name, values, default: values.get(name, default), replace=True)
    OmegaConf.register_new_resolver("folder_name", folder_name, replace=True)


@contextmanager
def _as_user_errors() -> Iterator[None]:
    """What Hydra and OmegaConf refuse is a mistake of the user."""
    try:
        yield
    except MissingConfigException as error:
        offered = f": choose one of {', '.join(error.options)}" if error.options else ""
        raise UserError(str(error).split("\n")[0] + offered) from error
    except (HydraException, OmegaConfBaseException) as error:
        if isinstance(error.__cause__, HydraException | OmegaConfBaseException):  # whose further lines are internals
            raise UserError(": ".join(str(each).split("\n")[0] for each in (error, error.__cause__))) from error
        raise UserError(str(error)) from error


def compose(overrides: Sequence[str] = (), config_name: str = "config") -> Any:
    """The checked configuration for a list of overrides, a Config or with config_name="sample" a SampleConfig.

    Raises UserError for an option, a choice or a value that there is not.
    """
    return compose_with_hydra(overrides, config_name)[0]


def compose_with_hydra(overrides: Sequence[str], config_name: str = "config") -> tuple[Any, DictConfig]:
    """As `compose`; and Hydra's own part of the configuration, such as `run.dir`."""
    register()
    with _as_user_errors(), initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        composed = hydra_compose(config_name, quote_free_text(overrides), return_hydra_config=True)
        return from_hydra(composed), composed.hydra


def from_hydra(composed: DictConfig) -> Any:
    """The dataclass behind what Hydra composed (a Config or a SampleConfig), checked.

    Raises UserError for a value that is missing or not allowed.
    """
    with flag_override(composed, ["readonly", "struct"], False):
        composed = composed.copy()
        composed.pop("hydra", None)
    missing = sorted(OmegaConf.missing_keys(composed))
    if missing:
        raise UserError(f"{missing[0]} is missing: add {missing[0]}=...")
    try:
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:  # such as an interpolation of what is not there
        raise UserError(str(error).split("\n")[0]) from error
    except AttributeError as error:  # a key added with + that the schema does not have
        raise UserError(f"there is no such option: {error}; --help lists them all") from error
    check(config)  # type: ignore[arg-type]
    return config


def run_hydra(task: Callable[[Any, DictConfig], None], arguments: Sequence[str], config_name: str = "config") -> None:
    """Leave the command line to Hydra: sweeps (-m), and its flags, such as --info or shell completion.

    Args:
        task: called for each job with its checked configuration and with Hydra's.
    """

    def job(composed: DictConfig) -> None:
        task(from_hydra(composed), HydraConfig.get())  # type: ignore[arg-type]

    register()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints, with a traceback, what comes from below it
    sys.argv[1:] = quote_free_text(arguments)
    with _as_user_errors():
        hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name=config_name)(job)()


def is_multirun(hydra_config: DictConfig) -> bool:
    """Whether a configuration asks for a sweep, as a file in conf/experiment may."""
    return bool(hydra_config.mode == RunMode.MULTIRUN)


def config_to_resume(folder: RunFolder, composed: Config, overrides: Sequence[str]) -> Config:
    """The configuration of a run, with those overrides applied that a resume accepts.

    Args:
        folder: of the run.
        composed: what Hydra composed from the command line, where the overrides' values are read.
        overrides: of the command line, `resume=...` among them.

    Raises UserError for an override that a resume does not accept, or a damaged config.yaml.
    """
    keys = [re.sub(r"^[+~]+", "", override).split("=", 1)[0] for override in overrides]
    keys = [key for key in keys if key != "resume" and not key.startswith("hydra.")]
    for key in keys:
        if key not in RESUME_OVERRIDES:
            raise UserError(
                f"{key} cannot change when a run is resumed; what can: {', '.join(RESUME_OVERRIDES)}. "
                "For a new run that starts from these weights, use init_from= instead of resume="
            )
    config = folder.read_config()
    for key in keys:
        group, _, name = key.rpartition(".")
        setattr(getattr(config, group) if group else config, name, value_of(composed, key))
    check(config)
    return config


def own_conf_dirs(arguments: Sequence[str]) -> list[Path]:
    """The folders of people's own configuration that a command line adds by hydra.searchpath=[file://...]."""
    values = [argument.partition("=")[2] for argument in arguments if argument.startswith("hydra.searchpath=")]
    return [Path(place) for value in values for place in re.findall(r"file://([^,\]'\"]+)", value)]


def quote_free_text(arguments: Sequence[str]) -> list[str]:
    """Quote the values of free-text options, so that Hydra's parser takes them as typed.

    Under multirun (`-m`) a comma still separates the values of a sweep; `\\,` is a comma there. Raises UserError for a
    group that is to have no choice at all, which Hydra answers with a traceback, and for a launcher that is not
    installed.
    """
    multirun = "-m" in arguments or "--multirun" in arguments
    quoted = []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if value == "null" and key in choices() and key != "experiment":
            allowed = ", ".join(choices()[key])
            raise UserError(f"{argument} is not allowed: choose one of {allowed}")
        plugin = LAUNCHER_PLUGINS.get(value) if key == "launcher" else None
        if plugin is not None and importlib.util.find_spec(plugin) is None:
            raise UserError(f"launcher={value} needs a package more: make clusters, or pip install -e '.[{value}]'")
        name = key.lstrip("+")
        if name in FOLDERS and value and not value.startswith(("'", '"')):
            quoted.append(f"{key}={QuotedString(value, Quote.single).with_quotes()}")
            continue
        listed = name == "samples.prompts" and re.fullmatch(r"\[.*\]", value, re.DOTALL)  # several, as Hydra has it
        if not equals or name not in FREE_TEXT or value in ("", "null") or listed:
            quoted.append(argument)
            continue
        values = [value]
        if multirun:
            values = [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", value)]
        literals = [QuotedString(_escaped(part), Quote.single).with_quotes() for part in values]
        quoted.append(key + "=" + ",".join(f"[{one}]" if name == "samples.prompts" else one for one in literals))
    return quoted


def _escaped(text: str) -> str:
    """A text in which OmegaConf reads no interpolation."""
    return re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", text)


def choices(own: Sequence[Path] = ()) -> dict[str, list[str]]:
    """The groups and what each offers, sorted: files of conf/ and of people's own folders, cells, optimizers."""
    found = {"cell": set(CELLS), "optimizer": set(OPTIMIZERS)}
    for conf in (CONF_DIR, *own):
        for group in conf.glob("*/"):
            if group.is_dir() and group.name != "hydra":
                found.setdefault(group.name, set()).update(file.stem for file in group.glob("*.yaml"))
    return {group: sorted(found[group]) for group in sorted(found)}
