"""The files of a corpus: from what `corpus.path` says to their bytes, decompressed."""

import bz2
import glob
import gzip
import importlib.util
import lzma
import os
import re
import stat
import zlib
from collections.abc import Callable
from pathlib import Path

from charcells.errors import UserError


def find_files(path: str, option: str = "corpus.path") -> list[Path]:
    """The files that a path means: one file, those of a folder, those that fit a pattern, or those of a list.

    A folder means all files in it and below but hidden ones, sorted by path. An element of a list may be any of these.
    Raises UserError if there are none. A single file is not looked for.
    """
    if re.fullmatch(r"\[.*\]", path, re.DOTALL) and not os.path.exists(path):
        parts = [part.strip().strip("'\"") for part in path[1:-1].split(",") if part.strip()]
        if not parts:
            raise UserError(f"{option}={path} is empty: name at least one file")
        return [file for part in parts for file in find_files(part, option)]
    whole = Path(os.path.expanduser(path))
    if os.path.isdir(whole):
        below = (file for file in sorted(whole.rglob("*")) if file.is_file())
        files = [file for file in below if not any(part.startswith(".") for part in file.relative_to(whole).parts)]
        if not files:
            raise UserError(f"{option}={path} is a folder without files")
        return files
    if not os.path.exists(whole) and glob.has_magic(str(whole)):
        files = [Path(found) for found in sorted(glob.glob(str(whole), recursive=True)) if os.path.isfile(found)]
        if not files:
            raise UserError(f"{option}={path}: no file fits this pattern")
        return files
    return [whole]


def read_file(path: Path) -> bytes:
    """The bytes of a file, decompressed. Raises UserError if it cannot be read, is damaged, a device, or empty."""
    try:
        if stat.S_ISCHR(path.stat().st_mode):
            raise UserError(f"corpus file {path} is a device, which may never end")
        content = path.read_bytes()
        if path.suffix.lower() in DECOMPRESS:
            content = DECOMPRESS[path.suffix.lower()](content)
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"corpus file {path} is damaged, or not a {path.suffix} file: {error}") from error
    except (OSError, ValueError) as error:  # ValueError: the path contains a NUL
        damaged = path.suffix.lower() in DECOMPRESS and getattr(error, "strerror", None) is None  # bz2's
        reason = f"it is damaged ({error})" if damaged else getattr(error, "strerror", None) or error
        raise UserError(f"corpus file {path} cannot be read: {reason}") from error
    except MemoryError as error:
        raise UserError(f"corpus file {path} is too large for this machine's memory") from error
    if not content:
        raise UserError(f"corpus file {path} is empty")
    return content


def _zstd(content: bytes) -> bytes:
    if importlib.util.find_spec("zstandard") is None:
        raise UserError("a .zst file needs another package: pip install zstandard")
    import io

    import zstandard

    try:
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True)
        return bytes(reader.read())
    except zstandard.ZstdError as error:
        raise EOFError(error) from error


DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".xz": lzma.decompress,
    ".bz2": bz2.decompress,
    ".zst": _zstd,
}
