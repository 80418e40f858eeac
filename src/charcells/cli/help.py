"""The options of a command for its --help, and for the page of the documentation that lists them all."""

import shutil
import textwrap
from collections.abc import Iterator

from charcells.config import allowed, options

HELP_CORPUS_OPTIONS = (  # the others describe a corpus file in conf/corpus, not a choice for one run
    "corpus.path",
    "corpus.val_path",
    "corpus.test_path",
    "corpus.encoding",
    "corpus.normalize",
    "corpus.strip_boilerplate",
    "corpus.max_chars",
)


HELP_WIDTH = 110
"""Characters in a line of --help, or fewer on a narrower terminal."""

NAME_WIDTH, DEFAULT_WIDTH = 26, 11
"""Characters of the columns of --help. The help of an option with a longer name or default begins on the next line."""


def described(schema: type) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the default and the help of each option of a schema that a user sets, as they are shown.

    The help ends with what is allowed, in brackets.
    """
    for name, item in options(schema):
        if name.startswith("corpus.") and name not in HELP_CORPUS_OPTIONS:
            continue
        if name.endswith(".name"):  # a choice: cell=gru, not cell.name=gru
            continue
        default = item.default_factory() if callable(item.default_factory) else item.default
        shown = "" if default == "???" else "null" if default is None else str(default).lower()
        if name.startswith(("optimizer.", "scheduler.")):
            shown = "by choice"  # each optimizer and scheduler has its own defaults
        limits = f" ({allowed(item)})" if allowed(item) else ""
        yield name, shown, item.metadata["help"] + limits


def help_text(schema: type) -> str:
    """The options of a schema for `--help`, each with its default, its help and what is allowed."""
    width = max(60, min(HELP_WIDTH, shutil.get_terminal_size().columns))
    indent = " " * (2 + NAME_WIDTH + 1 + DEFAULT_WIDTH + 1)
    lines = []
    for name, default, help in described(schema):
        first = f"  {name:<{NAME_WIDTH}} {default:<{DEFAULT_WIDTH}} "
        if len(first) > len(indent):
            lines.append(first.rstrip())
            first = indent
        lines.append(textwrap.fill(help, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False))
    return "\n".join(lines)
