"""How often the advice on a file's encoding is right, over languages and encodings; charset-normalizer alone beside it.

Advice is right if the encoding that it names first decodes the file to the same characters. Each paragraph is tried as
a whole and cut after SHORT characters. Writes encodings.md.
"""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from charcells.files import write_atomically
from charcells.text.detection import legacy_encodings, strays, unicode_encoding
from experiments.benchmarks.paragraphs import PARAGRAPHS, Paragraph
from experiments.benchmarks.turns import Comparison

RESULT = Path(__file__).parents[1] / "results" / "encodings.md"

SHORT = 120

UNICODE = {
    "utf-16-le": b"",
    "utf-16-be": b"",
    "utf-32-le": b"",
    "utf-32-be": b"",
    "utf-16-le with mark": codecs.BOM_UTF16_LE,
    "utf-16-be with mark": codecs.BOM_UTF16_BE,
    "utf-32-le with mark": codecs.BOM_UTF32_LE,
    "utf-32-be with mark": codecs.BOM_UTF32_BE,
}
"""Unicode's own encodings and the byte-order mark that each paragraph gets in front."""

STRAY = "utf-8 with a stray byte"


@dataclass(frozen=True)
class Trial:
    """A text in an encoding: the advice for it, and what charset-normalizer names."""

    language: str
    encoding: str
    length: int
    advised: tuple[str, ...]
    right: bool
    among: bool
    alone: str | None
    alone_right: bool


def trials(length: int | None = None) -> Iterator[Trial]:
    """A trial of each paragraph in each of its encodings, cut after `length` characters."""
    for paragraph in PARAGRAPHS:
        for encoding in paragraph.encodings:
            text = paragraph.readable_in(encoding)[:length]
            yield _trial(paragraph, encoding, text, text.encode(encoding))
        for encoding, mark in UNICODE.items():
            text = paragraph.text[:length]
            yield _trial(paragraph, encoding, text, mark + text.encode(encoding.split()[0]))
        if len(paragraph.text[:length].encode()) - len(paragraph.text[:length]) > 5:
            yield _with_stray_byte(paragraph, paragraph.text[:length])


def _trial(paragraph: Paragraph, encoding: str, text: str, content: bytes) -> Trial:
    from charset_normalizer import from_bytes

    found = unicode_encoding(content)
    advised = [found] if found else [] if strays(content) else legacy_encodings(content)
    right = [_decodes(content, name, text) for name in advised]
    alone = from_bytes(content).best()
    name = alone.encoding if alone else None
    return Trial(
        paragraph.language,
        encoding,
        len(text),
        tuple(advised),
        bool(right and right[0]),
        any(right),
        name,
        name is not None and _decodes(content, name, text),
    )


def _with_stray_byte(paragraph: Paragraph, text: str) -> Trial:
    """UTF-8 with a Windows-1252 apostrophe in its middle: right is to find that byte."""
    from charset_normalizer import from_bytes

    start, end = (part.encode() for part in (text[: len(text) // 2], text[len(text) // 2 :]))
    content = start + b"\x92" + end
    found = strays(content)
    right = unicode_encoding(content) is None and found is not None and found.offsets == [len(start)]
    alone = from_bytes(content).best()
    name = alone.encoding if alone else None
    return Trial(paragraph.language, STRAY, len(text), ("its offset",) if right else (), right, right, name, False)


def _decodes(content: bytes, encoding: str, text: str) -> bool:
    try:
        return content.decode(encoding).removeprefix("\ufeff") == text
    except UnicodeError:
        return False


def share(found: Sequence[Trial]) -> float:
    """Share of the trials in which the advice is right."""
    return sum(trial.right for trial in found) / len(found)


def legacy(found: Iterable[Trial]) -> list[Trial]:
    """The trials in encodings that are not Unicode's."""
    return [trial for trial in found if trial.encoding not in (*UNICODE, STRAY)]


def table(whole: Sequence[Trial], short: Sequence[Trial]) -> str:
    """The trials as a Markdown text: a row for each language and encoding, and one for each encoding of Unicode."""
    shorter = {(trial.language, trial.encoding): trial for trial in short}
    rows = [
        [
            trial.language,
            trial.encoding,
            _mark(trial),
            _mark(shorter[trial.language, trial.encoding]),
            "yes" if trial.alone_right else f"no: {trial.alone}",
        ]
        for trial in legacy(whole)
    ]
    long, beginnings = legacy(whole), legacy(short)
    alone = sum(trial.alone_right for trial in long) / len(long)
    among = sum(trial.among for trial in beginnings) / len(beginnings)
    unicode = []
    for encoding in (*UNICODE, STRAY):
        found = [[trial.right for trial in trials if trial.encoding == encoding] for trials in (whole, short)]
        unicode.append([encoding, *(f"{sum(right)} of {len(right)}" for right in found)])
    return (
        "# Advice on encodings\n\n"
        "`python -m experiments.benchmarks encodings`: paragraphs of some 400 characters in each encoding, and their "
        f"first {SHORT} characters. *Yes*: the encoding that is named first decodes the file to the same characters. "
        "*Second*: it is named, but not first.\n\n"
        f"Right for {share(long):.1%} of {len(long)} whole paragraphs, where charset-normalizer alone names the right "
        f"encoding for {alone:.1%}, and for {share(beginnings):.1%} of their beginnings; it is among those named for "
        f"{among:.1%} of these.\n\n"
        + _rows(["language", "encoding", "right", f"first {SHORT} characters", "charset-normalizer alone"], rows)
        + "\nThe same paragraphs in the encodings of Unicode. For a stray byte, right is to find it; beginnings with "
        "fewer than six characters beyond ASCII are left out there.\n\n"
        + _rows(["encoding", "paragraphs right", f"first {SHORT} characters"], unicode)
    )


def _mark(trial: Trial) -> str:
    named = ", ".join(trial.advised) or "none"
    return "yes" if trial.right else f"second: {named}" if trial.among else f"no: {named}"


def _rows(head: list[str], rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def comparisons() -> Iterator[Comparison]:
    whole, short = list(trials()), list(trials(SHORT))
    write_atomically(RESULT, table(whole, short))
    for what, found in (("paragraphs", legacy(whole)), (f"paragraphs of {SHORT} characters", legacy(short))):
        alone = sum(trial.alone_right for trial in found) / len(found)
        yield Comparison(
            f"right advice on the encoding of {len(found)} {what}",
            [share(found)],
            "share",
            [alone],
            "charset-normalizer",
            at_least=1,
        )
