"""The command that trains a run, from its configuration."""

import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from charcells.cli.compose import compose
from charcells.cli.help import HELP_CORPUS_OPTIONS
from charcells.config import OWN, Config, options, value_of
from charcells.errors import UserError
from charcells.runs.identity import PATHS

LEFT_OUT = ("corpora_dir", "resume", "rerun", "logger.project", "logger.mode")
"""Options that do not change what is learnt."""


def command_line(config: Config) -> str | None:
    """`charcells train` with every option that differs from its default. Of paths only the last part is shown.

    None if the run's cell, corpus or optimizer cannot be composed here, such as those of another package.
    """
    found = _choices(config)
    if found is None:
        return None
    chosen, default = found
    for name, _ in options(Config):
        value = value_of(config, name)
        if value == value_of(default, name) or name.endswith(".name") or name in LEFT_OUT:
            continue
        if name.startswith("corpus.") and name not in HELP_CORPUS_OPTIONS:
            continue
        chosen.append(f"{name}={_written(value, short=name in (*PATHS, 'init_from'))}")
    return " ".join(["charcells train", *map(shlex.quote, chosen)])


def _choices(config: Config) -> tuple[list[str], Config] | None:
    """The choices of a run that are not the usual ones, such as cell=gru, and what they compose; None: they cannot."""
    usual = compose([])
    groups = ("cell", "optimizer", "scheduler")
    chosen = [f"{group}={name}" for group in groups if (name := _name(config, group)) != _name(usual, group)]
    # a corpus of the user's own configuration file is shown as the file that it names
    for corpus in (config.corpus.name, *([OWN] if config.corpus.path is not None else [])):
        choices = [*chosen, f"corpus={corpus}"] if corpus != usual.corpus.name else chosen
        with suppress(UserError):
            return choices, compose([*choices, "corpus.path=x"] if corpus == OWN else choices)
    return None


def _name(config: Config, group: str) -> str:
    return str(value_of(config, f"{group}.name"))


def _written(value: Any, *, short: bool) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, list):
        return "[" + ",".join(_written(item, short=short).replace(",", "\\,") for item in value) + "]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return Path(value).name if short else str(value)
