"""The files of a corpus: finding them, from a path, a folder, a pattern or a list, and reading their bytes."""

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from charcells.config import CorpusConfig
from charcells.errors import UserError, did_you_mean
from charcells.text.compression import decompress
from charcells.text.download import fetch


def find(config: CorpusConfig, corpora_dir: str | None) -> list[Path]:
    """The files of a corpus: at `corpus.path`, in corpora_dir or CHARCELLS_CORPORA, in the cache, or downloaded.

    Raises UserError if there are none, and for a corpus that has no file.
    """
    if config.path is not None:
        return expand(config.path, "corpus.path")
    if config.file is None:
        raise UserError(f"corpus={config.name} needs a file: add corpus.path=mine.txt")
    if not re.fullmatch(r"\w[\w.+-]{0,200}", config.file):
        raise UserError(
            f"corpus.file={config.file!r} is not allowed: it must be a plain file name of letters, digits, '_', '.', "
            "'+' and '-'. To read a file from another folder, use corpus.path="
        )
    folder = corpora_dir or os.environ.get("CHARCELLS_CORPORA")
    if folder:
        folder = os.path.expanduser(folder)
        if not os.path.isdir(folder):
            raise UserError(f"corpora_dir={folder} is not a folder (set by corpora_dir or CHARCELLS_CORPORA)")
        path = Path(folder) / config.file
        if path.exists():
            return [path]
    return [fetch(config)]


def expand(paths: str | Sequence[str], option: str) -> list[Path]:
    """The files that an option names.

    A folder stands for all files in and below it, without hidden ones, and a pattern for the files that match; both
    sorted by name. A list keeps its order. What exists under a name is not read as a pattern.

    Raises UserError for a folder without files, a pattern that matches none, an empty list, and a file named twice.
    """
    listed = [paths] if isinstance(paths, str) else paths
    if not listed:
        raise UserError(f"{option}=[] names no file")
    found = [file for path in listed for file in _expand_one(path, option)]
    twice = next((file for file in found if found.count(file) > 1), None) if len(set(found)) < len(found) else None
    if twice is not None:
        raise UserError(f"{option} names {twice} twice")
    return found


def _expand_one(path: str, option: str) -> list[Path]:
    whole = os.path.expanduser(path)
    if os.path.isdir(whole):
        files = sorted(_files_below(whole), key=lambda file: file.parts)
        if not files:
            raise UserError(f"{option}={path} is a folder without files")
        return files
    if glob.has_magic(whole) and not os.path.lexists(whole):
        matching = map(Path, glob.iglob(whole, recursive=True))
        files = sorted((file for file in matching if not file.is_dir()), key=lambda file: file.parts)
        if not files:
            raise UserError(f"{option}={path} matches no file")
        return files
    return [Path(whole)]


def _files_below(folder: str) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise UserError(f"corpus folder {error.filename} cannot be read: {error.strerror}") from error

    for place, below, files in os.walk(folder, onerror=refuse):
        below[:] = [name for name in below if not name.startswith(".")]
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _similar(path: Path) -> str:
    """What was perhaps meant by the name of a file that does not exist; empty if nothing is similar."""
    try:
        return did_you_mean(path.name, os.listdir(path.parent))
    except OSError:
        return ""


def read(path: Path) -> bytes:
    """The bytes of a file as it is stored. Raises UserError if it cannot be read or is empty."""
    try:
        if stat.S_ISCHR(path.stat().st_mode):
            raise UserError(f"corpus file {path} is a device, which may never end")
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: the path contains a NUL
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        meant = _similar(path) if isinstance(error, FileNotFoundError) else ""
        raise UserError(f"corpus file {path} cannot be read: {reason}{meant}") from error
    except MemoryError as error:
        raise UserError(f"corpus file {path} is too large for this machine's memory") from error
    if not content:
        raise UserError(f"corpus file {path} is empty")
    return content


def unpack(content: bytes, path: Path) -> bytes:
    """The content of a file, decompressed if its name says so. Raises UserError if it is damaged or empty."""
    try:
        unpacked = decompress(content, path)
    except MemoryError as error:
        raise UserError(f"corpus file {path} is too large for this machine's memory when decompressed") from error
    if not unpacked:
        raise UserError(f"corpus file {path} is empty when decompressed")
    return unpacked


def moved(paths: str | Sequence[str], folder: str) -> str | list[str]:
    """The same files, folders or patterns, looked for in another folder."""
    if isinstance(paths, str):
        return str(Path(folder) / Path(paths).name)
    return [str(Path(folder) / Path(path).name) for path in paths]


def label(paths: str | Sequence[str]) -> str:
    """What a text is called in tables and titles: 'mine.txt', 'books' (a folder), 'books/*.txt', 'a.txt and 2 more'."""
    if not isinstance(paths, str):
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        return label(paths[0]) + more if paths else "[]"
    path = Path(os.path.expanduser(paths))
    if glob.has_magic(path.name) and not os.path.lexists(path):
        return str(Path(*path.parts[-2:]))
    return path.name or path.absolute().name or str(path)
