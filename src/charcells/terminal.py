"""Tables and texts on the terminal. Everything is shown as it is: no name, path or prompt is read as markup."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LONGEST_WORD = 40
"""Characters of a word, such as a path, that are kept on one line in any table."""

ANY_WIDTH = 10_000
"""A width, in characters, that no table reaches."""


def console(*, width: int | None = None, stderr: bool = False) -> "Console":
    """A rich Console that takes text literally: `[b]` is not a style, `:cat:` is not an emoji, digits have no colour.

    Args:
        width: characters in a line; None: as many as the terminal has, or 80 if the output is not a terminal.
        stderr: whether it writes to standard error.
    """
    from rich.console import Console  # imported here to keep --help fast

    return Console(width=width, stderr=stderr, markup=False, emoji=False, highlight=False)


def print_table(table: "Table") -> None:
    """Print a table without breaking a word of it.

    Raises BrokenPipeError, as `print` does, if the reader of a pipe has stopped: rich itself would end the process.
    """
    target = console()
    target = console(width=max(target.width, keep_words(table, target.width)))
    with target.capture() as drawn:
        target.print(table)
    print(drawn.get(), end="")


def natural_width(table: "Table") -> int:
    """Characters in a line of a table in which nothing is wrapped."""
    wide = console(width=ANY_WIDTH)
    return wide.measure(table).maximum


def keep_words(table: "Table", width: int) -> int:
    """Set the widths of a table's columns so that it fits without breaking a word. Returns its width.

    The columns with the most room to spare are narrowed first. If even the longest words do not fit, the table stays
    wider than `width`. Its cells must be strings.
    """
    from rich.cells import cell_len

    texts = [[str(column.header), *map(str, column.cells)] for column in table.columns]
    widths = [max(cell_len(line) for text in column for line in text.split("\n")) for column in texts]
    least = [
        min(LONGEST_WORD, max((cell_len(word) for text in column for word in text.split()), default=1))
        for column in texts
    ]
    borders = natural_width(table) - sum(widths)
    while borders + sum(widths) > width and widths != least:
        widest = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
        widths[widest] -= 1
    for column, characters in zip(table.columns, widths, strict=True):
        column.width, column.overflow = characters, "fold"
    return borders + sum(widths)
