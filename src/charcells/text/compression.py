"""Reading compressed files."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

from charcells.errors import UserError


def _zstd(content: bytes) -> bytes:
    try:
        from backports import zstd
    except ImportError as error:
        raise UserError("reading .zst files needs another package: pip install backports.zstd") from error
    try:
        return bytes(zstd.decompress(content))
    except zstd.ZstdError as error:
        raise ValueError(error) from error


FORMATS: dict[str, tuple[bytes | tuple[bytes, ...], Callable[[bytes], bytes]]] = {
    ".gz": (b"\x1f\x8b", gzip.decompress),
    ".xz": (b"\xfd7zXZ\0", lzma.decompress),
    ".bz2": (tuple(b"BZh%d1AY&SY" % level for level in range(1, 10)), bz2.decompress),
    ".zst": (b"\x28\xb5\x2f\xfd", _zstd),
}
"""For each suffix, how such a file begins and what decompresses it."""


def decompress(content: bytes, path: Path) -> bytes:
    """The content of a file, decompressed if its name has one of the suffixes in FORMATS.

    Raises UserError if it is damaged or not compressed, and for .zst if no package can read that.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        return content
    beginning, function = FORMATS[suffix]
    if not content.startswith(beginning):
        raise UserError(f"corpus file {path} is not compressed as its name says: give it a name without {suffix}")
    try:
        return function(content)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise UserError(f"corpus file {path} is damaged, or was not copied as a whole: {error}") from error


def compression_of(content: bytes) -> str | None:
    """The suffix of the format that the content is compressed in; None if it begins like none of them."""
    return next((suffix for suffix, (beginning, _) in FORMATS.items() if content.startswith(beginning)), None)
