"""The command that trains a run, from its configuration."""

import shlex
from pathlib import Path
from typing import Any

from charcells.cli.compose import compose
from charcells.cli.help import HELP_CORPUS_OPTIONS
from charcells.config import Config, options, value_of
from charcells.errors import UserError
from charcells.runs.identity import PATHS

LEFT_OUT = ("corpora_dir", "resume", "rerun", "logger.project", "logger.mode")
"""Options that do not change what is learnt."""


def command_line(config: Config) -> str | None:
    """`charcells train` with every option that differs from its default. Of paths only the last part is shown.

    None if the run's cell, corpus or optimizer cannot be composed here, such as those of another package.
    """
    names = {group: value_of(config, f"{group}.name") for group in ("cell", "optimizer", "scheduler")}
    corpus = config.corpus.name
    try:
        chosen = [f"{group}={name}" for group, name in names.items()]
        default = compose([*chosen, f"corpus={corpus}"])
    except UserError:
        if config.corpus.path is None:
            return None
        corpus = "file"  # of a user's own configuration file
    try:
        usual = compose([])
        chosen = [f"{group}={name}" for group, name in names.items() if name != value_of(usual, f"{group}.name")]
        if corpus != usual.corpus.name:
            chosen.append(f"corpus={corpus}")
        default = compose([*chosen, "corpus.path=x"] if corpus == "file" else chosen)
    except UserError:
        return None
    for name, _ in options(Config):
        value = value_of(config, name)
        if value == value_of(default, name) or name.endswith(".name") or name in LEFT_OUT:
            continue
        if name.startswith("corpus.") and name not in HELP_CORPUS_OPTIONS:
            continue
        chosen.append(f"{name}={_written(value, short=name in (*PATHS, 'init_from'))}")
    return " ".join(["charcells train", *map(shlex.quote, chosen)])


def _written(value: Any, *, short: bool) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, list):
        return "[" + ",".join(_written(item, short=short).replace(",", "\\,") for item in value) + "]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return Path(value).name if short else str(value)
