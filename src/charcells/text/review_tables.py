"""Labelled texts in a table: tab-separated or comma-separated values with a line of column names."""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charcells.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Review:
    """A text and its label; `film` is what it is about, if the set says so."""

    text: str
    label: str
    film: str | None = None


def column_names(text: str, path: Path) -> list[str]:
    """The names in the first line of a table."""
    return _cells(text.partition("\n")[0], path)[0]


def read_table(text: str, path: Path, columns: Sequence[str], options: Sequence[str] = ()) -> list[dict[str, str]]:
    """The rows of a table, each with the wanted columns.

    The first line names the columns. If it has a tab, tabs separate the columns and nothing is quoted; otherwise
    commas do, and quotes are those of CSV.

    Args:
        text: content of the file.
        path: for messages.
        columns: to return.
        options: the option that names each of `columns`, for messages.

    Raises UserError for a missing column, a row with fewer or more cells than there are columns, and an empty cell in a
    wanted column.
    """
    header, *rows = _cells(text, path)
    places = []
    for number, column in enumerate(columns):
        if column not in header:
            shown = ", ".join(name[:40] for name in header[:10])
            way = f": name another with {options[number]}=" if options else ""
            raise UserError(
                f"{path} has no column {column!r}{did_you_mean(column, header)}; its first line has the columns "
                f"{shown}, separated by tabs or commas{way}"
            )
        places.append(header.index(column))
    found = []
    for number, cells in enumerate(rows, 2):
        if len(cells) != len(header):
            wanted = f"{len(header)} cells, as its first line"
            raise UserError(f"row {number} of {path} must have {wanted}, and has {len(cells)}")
        row = {column: cells[place] for column, place in zip(columns, places, strict=True)}
        for column, value in row.items():
            if not value.strip():
                raise UserError(f"row {number} of {path} has nothing in its column {column!r}: remove that row")
        found.append(row)
    return found


def _cells(text: str, path: Path) -> list[list[str]]:
    """The cells of each line that is not empty; the first are the names of the columns."""
    first = text.partition("\n")[0]
    if "\t" in first:
        rows = [line.split("\t") for line in text.split("\n") if line.strip()]
    else:
        before = csv.field_size_limit(sys.maxsize)  # a review may be longer than csv's limit of 128 KiB
        try:
            rows = [cells for cells in csv.reader(io.StringIO(text, newline=""), strict=True) if cells]
        except csv.Error as error:
            raise UserError(f"{path} cannot be read as comma-separated values: {error}") from error
        finally:
            csv.field_size_limit(before)
    if not rows:
        raise UserError(f"{path} has no rows")
    return [[name.strip() for name in rows[0]], *rows[1:]]
