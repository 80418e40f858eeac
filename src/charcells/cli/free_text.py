"""Free text on the command line: quoted, so that Hydra's parser takes it literally."""

import os
import re
from collections.abc import Iterator

from hydra.core.override_parser.types import Quote, QuotedString

from charcells.runs.identity import PATHS

TEXTS = ("samples.prompts", "stop", "runs")
"""Options whose value is a list of texts; a single one needs no brackets."""

FILES = (*PATHS, "file")
"""Options that name files: one text or a list."""

FREE_TEXT = (
    "prompt",
    "prompt_file",
    "text",
    "json",
    "out",
    "html",
    "run",
    "sweep",
    "to",
    "resume",
    "init_from",
    "corpora_dir",
    *FILES,
    *TEXTS,
)
"""Options whose value is taken literally: any Unicode, spaces, commas, quotes, brackets and `=`.

In a list, [one,two], a comma inside a text is written `\\,`, or the text is quoted.
"""

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_PART = re.compile(rf"(?P<quoted>(?:{_QUOTED})(?=\s*(?:[,\]]|$)))|\\.|.", re.DOTALL)


def quoted(name: str, value: str, *, sweep: bool) -> str:
    """The value of an option of FREE_TEXT in Hydra's syntax.

    In a sweep, commas separate the values, except in lists. Of `corpus.path` and the like, a value in brackets is not a
    list if a file of that name exists.
    """
    values = [value]
    if sweep:
        parts = list(_split(value))
        values = [part if _items(part) is not None else part.replace("\\,", ",") for part in parts]
    return ",".join(_literal(name, one) for one in values)


def _literal(name: str, text: str) -> str:
    items = _items(text) if name in (*FILES, *TEXTS) else None
    if items is None or (name in FILES and os.path.exists(text)):
        return f"[{_quote(text)}]" if name in TEXTS else _quote(text)
    return f"[{','.join(item if re.fullmatch(_QUOTED, item) else _quote(_unescaped(item)) for item in items)}]"


def _items(text: str) -> list[str] | None:
    """The items of a list in brackets, quoted ones with their quotes; None if the text is not a list."""
    if not text.startswith("[") or not text.endswith("]") or len(list(_split(text))) > 1:
        return None
    depth = 0
    for position, part in _parts(text):
        depth += (part == "[") - (part == "]")
        if depth == 0 and position < len(text) - 1:  # such as '[1:1] In the beginning [of all]'
            return None
    inside = text[1:-1].strip()
    return [item.strip() for item in _split(inside)] if depth == 0 and inside else [] if depth == 0 else None


def _split(text: str) -> Iterator[str]:
    """Split at commas, except escaped ones and those inside a quoted text or a list."""
    start = depth = 0
    at_start = True
    for position, part in _parts(text):
        if part == "," and depth == 0:
            yield text[start:position]
            start, at_start = position + 1, True
            continue
        if depth or at_start:  # a bracket elsewhere is part of a text
            depth += (part == "[") - (part == "]" and depth > 0)
        at_start = at_start and part.isspace()
    if depth:  # a bracket that is not closed begins no list
        yield from re.split(r"(?<!\\),", text[start:])
    else:
        yield text[start:]


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The characters of a text with their positions; an escaped one and a quoted item are in one piece."""
    position, at_start = 0, True
    while position < len(text):
        match = _PART.match(text, position)
        assert match is not None
        part = match[0]
        if match["quoted"] is not None and not at_start:  # an apostrophe
            part = part[0]
        yield position, part
        position += len(part)
        at_start = part in ",[" or (at_start and part.isspace())


def _unescaped(text: str) -> str:
    return re.sub(r"\\([,\[\]])", r"\1", text)


def _quote(text: str) -> str:
    # `${` is escaped, so that OmegaConf does not read an interpolation
    escaped = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", text)
    return str(QuotedString(escaped, Quote.single).with_quotes())


def with_accents(argument: str) -> str:
    """An override of any other option, with each text quoted that has letters beyond ASCII, which Hydra refuses."""
    key, equals, value = argument.partition("=")
    if value.isascii() or re.search(r"""['"{}()]""", value):
        return argument
    return key + equals + re.sub(r"[^,\[\]]*[^\0-\x7f,\[\]][^,\[\]]*", lambda found: f"'{found[0].strip()}'", value)
