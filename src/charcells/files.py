"""The files of a run folder: written whole or not at all, and read as they may have been left by a kill."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

DRAFT = ".tmp"
"""Ends the name under which a file is written until it is whole."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `path` once it is whole: whoever reads finds the old one or the new.

    Raises OSError, and leaves the old one as it is, where it cannot be written. Only a kill leaves a draft behind.
    """
    draft = path.with_name(path.name + DRAFT)
    try:
        with open(draft, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, text: str) -> None:
    """Write a text file as `replacing` does; a lone surrogate, which no encoding has, stands in it as \\ud800."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def remove_drafts(folder: Path) -> None:
    """Remove what a kill in the midst of writing has left in a folder. Nobody else may be writing there."""
    for draft in folder.glob("*" + DRAFT):
        draft.unlink(missing_ok=True)


def write_summary(folder: Path, summary: dict[str, Any]) -> None:
    """Write summary.json."""
    write_atomically(folder / "summary.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")


def read_summary(folder: Path) -> dict[str, Any]:
    """What summary.json holds; empty where there is none, or none that can be read."""
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return summary if isinstance(summary, dict) else {}


def is_run(summary: dict[str, Any], identity: str) -> bool:
    """Whether a summary is that of the run with this identity, trained as such from its beginning."""
    return summary.get("identity") == identity and summary.get("resumed_from") is None


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """The records of samples.jsonl. Lines end with a line feed alone: a text may hold any other line separator.

    What follows the last line feed was cut short by a kill.
    """
    lines = (folder / "samples.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def relative(path: Path) -> Path:
    """The path as a person would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
