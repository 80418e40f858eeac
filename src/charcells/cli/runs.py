"""Compare the runs of a sweep.

Usage
  charcells runs FOLDER    a sweep folder, or any folder with runs somewhere below it

Prints the mean over seeds of each combination with its interval, the best of each comparison, and the failed runs.
Writes runs.csv, table.csv and runs.png into the folder.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from charcells.errors import UserError


def main(arguments: Sequence[str]) -> None:
    """`charcells runs` with these arguments. Raises UserError."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    if flags := [argument for argument in arguments if argument.startswith("-")]:
        raise UserError(f"unknown flag {flags[0]}: charcells runs takes a folder and no options")
    if len(arguments) == 1 and re.fullmatch(r"[\w.]+=.*", arguments[0]) and not Path(arguments[0]).exists():
        raise UserError(
            f"{arguments[0]}: charcells runs takes a folder and no options, such as charcells runs sweeps/pydoc"
        )
    if len(arguments) != 1:
        raise UserError(f"charcells runs takes one folder, such as sweeps/pydoc, but got {len(arguments)} arguments")
    from charcells.runs.show import report  # pandas

    report(Path(arguments[0]))
