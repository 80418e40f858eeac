"""Files that are written whole or not at all, and names for folders."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

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
            os.fsync(file.fileno())  # else a crash of the machine could leave the new name with none of the content
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, text: str) -> None:
    """Write a text file as `replacing` does; a lone surrogate, which UTF-8 cannot encode, is written as \\ud800."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def remove_drafts(folder: Path) -> None:
    """Remove what a kill in the midst of writing has left in a folder. Nobody else may be writing there."""
    for draft in folder.glob("*" + DRAFT):
        draft.unlink(missing_ok=True)


def relative(path: Path) -> Path:
    """The path as a person would type it: relative to the current folder where it lies below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def folder_name(text: str) -> str:
    """A text as the name of a folder, at most 200 bytes. A name that had to be changed ends in a hash of the text."""
    name = re.sub(r"[^\w.,=+-]+", "_", text)
    if name == text and len(name.encode()) <= 200:
        return name
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return name.encode()[:180].decode(errors="ignore") + "_" + sha256[:12]
