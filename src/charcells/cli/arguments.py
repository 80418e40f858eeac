"""The words of a command line, checked before Hydra reads them: flags, names of options, groups, run folders."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from charcells.config import (
    ClassifyConfig,
    Config,
    ExportConfig,
    PageConfig,
    ProbeConfig,
    SampleConfig,
    ScoreConfig,
    options,
)
from charcells.errors import UserError, did_you_mean

RUNS = ("run", "resume", "init_from", "sweep")
"""Options that name the folder of a run or a sweep."""

PATHS = {  # what a file or a folder that is given alone was probably meant for
    Config: ("corpus=file corpus.path", "resume"),
    SampleConfig: ("run", "run"),
    ScoreConfig: ("file", "run"),
    ClassifyConfig: ("file", "run"),
    ProbeConfig: ("corpus=file corpus.path", "run"),
    PageConfig: ("runs", "sweep"),
    ExportConfig: ("run", "run"),
}

CHOSEN = ("cell", "optimizer", "scheduler", "logger")
"""Groups whose `.name` cannot be set alone, because the choice also sets the options that suit it."""

MULTIRUN = ("-m", "--multirun")


def split_flags(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments with -m at the beginning, where Hydra needs it; and those among them that are options (name=value).

    Raises UserError for a flag that Hydra does not have, and for a flag with a wrong value.
    """
    from hydra._internal.utils import get_args_parser

    others = [argument for argument in arguments if argument not in MULTIRUN]
    parser = get_args_parser()
    parser.allow_abbrev = False
    parser.error = _refuse_flag  # type: ignore[method-assign, assignment]
    parsed = parser.parse_args(others)
    overrides: list[str] = parsed.overrides
    if parsed.shell_completion:
        if not any(re.fullmatch("(un)?install=(bash|zsh|fish)|query=(bash|zsh|fish)", each) for each in overrides):
            raise UserError("-sc takes install=bash (or zsh, fish); uninstall=bash takes it away again")
        overrides = []
    multirun = len(others) < len(arguments)
    if sum(map(bool, (multirun, parsed.run, parsed.cfg, parsed.info, parsed.shell_completion))) > 1:
        raise UserError("only one of -m, --run, --cfg, --info and -sc can be given")
    return ["-m", *others] if multirun else others, overrides


def _refuse_flag(message: str) -> None:
    found = re.fullmatch(r"unrecognized arguments: (\S+).*", message, re.DOTALL)
    if found is None:
        raise UserError(message)
    refuse_flags([found[1]])


def refuse_flags(arguments: Sequence[str]) -> None:
    """Raise UserError for the first argument that is a flag."""
    for argument in arguments:
        if argument.startswith("-"):
            raise UserError(
                f"unknown flag {argument}: options are written name=value, without dashes; --help lists them"
            )


def check_arguments(arguments: Sequence[str], schema: type, groups: Collection[str]) -> None:
    """Raise UserError for an argument that names no option, with the option that was perhaps meant.

    Args:
        arguments: of the command line, without flags. Hydra's own options are left to Hydra.
        schema: Config, or that of another command.
        groups: names of the groups of choices, such as 'cell'.
    """
    names = [name for name, _ in options(schema)]
    sections = {name.rpartition(".")[0] for name in names} - {""}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if argument.startswith("-") or "@" in key or ("/" in key.partition(".")[0] and equals):
            continue
        if argument.startswith("~") and not argument.startswith("~hydra"):
            raise UserError(f"{argument} is not allowed: options can be set, but not removed")
        if not equals:
            raise UserError(_without_equals(argument, schema))
        name = key.lstrip("+")
        group, _, last = name.rpartition(".")
        if name.startswith(("hydra.", "~")):
            continue
        if name in RUNS and name in names and not value:
            raise UserError(f"{argument} is empty: name a folder, or leave the option out")
        if last == "name" and group in CHOSEN and name in names:
            raise UserError(f"{argument} is not an option: write {group}={value}, which sets what belongs to it too")
        if name in groups and not value:
            raise UserError(f"{argument} is empty: name a choice, or leave the option out")
        if name in names or name in groups:
            continue
        if name in sections or name == "hydra":
            if not value.startswith("{"):
                example = next((each for each in names if each.startswith(f"{name}.")), "hydra.run.dir")
                raise UserError(f"{argument} is not allowed: {name} is a group of options, such as {example}=...")
            continue
        if not name:
            raise UserError(f"{argument} names no option: options are written name=value; --help lists them")
        raise UserError(_unknown(name, names, groups))


def _unknown(name: str, names: Sequence[str], groups: Collection[str]) -> str:
    meant = suggestion(name, [*names, *groups])
    if name.startswith("trainer."):
        offered = ", ".join(each for each in names if each.startswith("trainer."))
        return f"there is no option {name}{meant or '.'} Of Lightning's options there are {offered}"
    return f"there is no option {name}{meant or ';'} --help lists all"


def _without_equals(argument: str, schema: type) -> str:
    """Why an argument without `=` is refused, with what was perhaps meant if it is a path."""
    path, (of_file, of_folder) = Path(argument), PATHS[schema]
    option = of_file if path.is_file() else of_folder if path.is_dir() or "/" in argument else ""
    hint = f", such as {option}={argument}" if option else ""
    return f"{argument} is not an option: options are written name=value{hint}; a value with spaces needs quotes"


def suggestion(name: str, known: Sequence[str]) -> str:
    """', did you mean X?' with the closest name, also for one that lacks its group, such as 'hidden_size'; else ''."""
    shortened = [each for each in known if each.rpartition(".")[2] == name.rpartition(".")[2] and each != name]
    if shortened:
        return f", did you mean {' or '.join(shortened)}?"
    if meant := did_you_mean(name, known) or did_you_mean(f"x.{name}", known):
        return meant
    part = [each for each in known if each.endswith(f"_{name}")]  # epochs, for trainer.max_epochs
    return f", did you mean {' or '.join(part)}?" if part else ""
