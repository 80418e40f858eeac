"""Runs on disk: the run folder and its files, pictures, and the table of many runs: `charcells.runs(folder)`."""

import sys
import types
from pathlib import Path
from typing import Any


class _Callable(types.ModuleType):
    """This package, which can also be called, since it has the name that the table of runs has for people."""

    def __call__(self, folder: Path | str) -> Any:
        """One row for each run in and below a folder, as a DataFrame; see runs.table.read_runs."""
        from charcells.runs.table import read_runs

        return read_runs(Path(folder))


sys.modules[__name__].__class__ = _Callable
