"""Tables and coloured text on the terminal. Names, prompts and characters are shown as they are: nothing is markup."""

from typing import Any


def console(**options: Any) -> Any:
    """A rich Console that takes brackets, colons and numbers in a text for nothing but text."""
    from rich.console import Console  # slow to import

    return Console(markup=False, emoji=False, highlight=False, **options)


def print_table(table: Any) -> None:
    """Print a rich Table. Raises BrokenPipeError, as `print` does, if the reader of a pipe has stopped."""
    shown = console()
    with shown.capture() as drawn:  # rich itself would exit in that case
        shown.print(table)
    print(drawn.get(), end="")
