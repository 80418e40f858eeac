"""Atomic writing of files, and names for folders."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from charcells.errors import UserError

DRAFT = ".tmp"
"""Suffix of the name under which a file is written until it is complete."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a draft for writing that replaces `path` when the block ends. A reader sees the old file or the new one.

    If the file cannot be written, raises OSError and leaves the old file unchanged. Only a kill leaves a draft behind.
    """
    draft = path.with_name(path.name + DRAFT)
    try:
        with open(draft, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # otherwise a crash of the machine could leave an empty file under the final name
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, text: str) -> None:
    """Write a text file by `replacing`. A lone surrogate, which UTF-8 cannot encode, is written as \\ud800."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def check_named(option: str, path: str, example: str) -> None:
    """Raise UserError, which names both, if the value of an option cannot be the path of a file to write.

    `example`: a file that might be named instead.
    """
    file = Path(path).expanduser()
    if not path or file.is_dir():
        raise UserError(f"{option}={path} is not a file: name one, such as {option}={example}")
    if not file.parent.is_dir():
        raise UserError(f"{option}={path}: there is no folder {file.parent}; make it first")


def write_named(option: str, path: str, text: str) -> None:
    """Write a text file whose path is the value of an option. Raises UserError, which names both, if it cannot."""
    try:
        write_atomically(Path(path).expanduser(), text)
    except OSError as error:
        raise UserError(f"{option}={path} cannot be written: {error.strerror or error}") from error


def make_folder(folder: Path, option: str) -> None:
    """Make a folder and those above it. Raises UserError, which names the option, if that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"the folder {folder} cannot be made: {reason}. Choose another with {option}=") from error


def remove_drafts(folder: Path) -> None:
    """Remove the drafts that a kill has left in a folder. No other process may be writing there."""
    for draft in folder.glob("*" + DRAFT):
        draft.unlink(missing_ok=True)


def relative(path: Path) -> Path:
    """The path as a person would type it: relative to the current folder if it lies below it, else unchanged."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def folder_name(text: str) -> str:
    """A text as a folder name of at most 200 bytes. If the text had to be changed, the name ends in a hash of it."""
    name = re.sub(r"[^\w.,=+-]+", "_", text)
    if name == text and len(name.encode()) <= 200:
        return name
    # an argument that is not valid UTF-8 reaches Python with lone surrogates, which plain UTF-8 refuses to encode
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return name.encode()[:180].decode(errors="ignore") + "_" + sha256[:12]
