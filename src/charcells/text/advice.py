"""What to tell the user about a file that cannot be read as text: its encoding, its stray bytes, its first line."""

import re
import shlex
from pathlib import Path

from charcells.text.compression import compression_of
from charcells.text.detection import SAMPLE, Strays, legacy_encodings, strays, unicode_encoding
from charcells.text.vocabulary import visible

LINE = 60
"""Characters of a line that are shown."""

BINARY = "It looks like a binary file"

SHOWN = 3
"""Stray bytes that are placed; more are counted."""


def advice(content: bytes, path: Path, others: str | None) -> str:
    """A sentence, without its full stop, about content that is not text in the encoding that was asked for.

    It says what to do: which encoding to try and how the first line would read in it, or where the stray bytes are.
    `others` is the encoding of the other files of the corpus; None: they are not known to be text in it either.
    """

    def remedy(encoding: str) -> str:
        if others is None:
            return f"try corpus.encoding={encoding}"
        new = f"iconv -f {encoding} -t {others} {shlex.quote(str(path))} > NEW_FILE"
        return f"other files are {others}, and all must be in one encoding; convert it, with {new} for instance"

    encoding = unicode_encoding(content)
    if encoding is not None:
        without = " without a byte-order mark" if encoding.endswith(("le", "be")) else ""
        name = encoding.removesuffix("-le").removesuffix("-be").upper()
        return f"It is {name}{without}{_first_line(content, encoding)}: {remedy(encoding)}"
    compression = compression_of(content)
    if compression is not None:
        return f"It is compressed: read it under a name that ends in {compression}"
    stray = strays(content)
    if stray is not None:
        return _about_strays(content, stray, path)
    candidates = legacy_encodings(content)
    if len(candidates) == 1:
        return f"It looks like {candidates[0]}{_first_line(content, *candidates)}: {remedy(candidates[0])}"
    if candidates:
        *found, last = [f"{name}{_first_line(content, name)}" for name in candidates]
        return f"It may be {'; '.join(found)}; or {last}. If the first reads right, {remedy(candidates[0])}"
    return BINARY


def _first_line(content: bytes, encoding: str) -> str:
    """How the first line that is not plain ASCII would read, for the middle of a sentence."""
    first = re.search(rb"[\x80-\xff]", content)
    if encoding.startswith("utf") or first is None:
        text = content[:SAMPLE].decode(encoding, "ignore").removeprefix("\ufeff")
        start = len(text) - len(text.lstrip())
        number, line = text.count("\n", 0, start) + 1, text[start:].partition("\n")[0]
    else:
        start = content.rfind(b"\n", 0, first.start()) + 1
        number = content.count(b"\n", 0, start) + 1
        begin = max(start, first.start() - LINE // 2)  # a whole book may be a single line
        line = content[begin : begin + SAMPLE].decode(encoding, "ignore").partition("\n")[0]
        line = line.lstrip() if begin == start else f"…{line}"
    line = line.rstrip()
    shown = line if len(line) <= LINE else f"{line[:LINE].rstrip()}…"
    return f', in which line {number:,} reads "{visible(shown)}"'


def _about_strays(content: bytes, found: Strays, path: Path) -> str:
    count = len(found.offsets)
    if found.offsets[-1] + 1 == len(content) and found.offsets[0] + count == len(content):
        them = "byte" if count == 1 else f"{count} bytes"
        return f"It is UTF-8, but its last character is cut off: remove the last {them}, or get the whole file"
    places = []
    for offset, value in list(zip(found.offsets, found.values, strict=True))[:SHOWN]:
        meant = bytes([value]).decode("cp1252", "ignore")
        character = f", a Windows-1252 {meant}" if meant.isprintable() and meant else ""
        places.append(f"offset {offset:,} in line {content.count(10, 0, offset) + 1:,} (0x{value:02x}{character})")
    more = f" and {count - SHOWN:,} more" if count > SHOWN else ""
    them = "it" if count == 1 else "them"
    return (
        f"It is UTF-8 but for {count:,} {'byte' if count == 1 else 'bytes'} at {', '.join(places)}{more}: correct "
        f"{them} in an editor, or leave {them} out with iconv -c -f UTF-8 -t UTF-8 {shlex.quote(str(path))} > NEW_FILE"
    )
