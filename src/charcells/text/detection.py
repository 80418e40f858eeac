"""Which encoding a file is in, for the advice that an error message gives."""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from charcells.text.alphabets import ALPHABETS, ENCODINGS, KANA, SYLLABARIES

SAMPLE = 1 << 16
"""Bytes of a file that are examined."""

MARKS = {
    "utf-8-sig": (codecs.BOM_UTF8,),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),  # before UTF-16, whose mark begins like one of these
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
"""Byte-order marks, and the encodings that read them."""

MISFIT_WEIGHT = 5.0
"""How much a share of misfits counts beside charset-normalizer's judgement, whose range is 1."""

MAX_MISFITS = 0.5
"""Share of misfits from which a reading is nonsense."""

ALIKE = 0.05
"""Readings whose scores differ by at most this much from the best are candidates too."""

CANDIDATES = 3

PUNCTUATION = frozenset("«»“”‘’„‚–—…•°§©®™№€£¡¿ªº·\u00a0\u00ad\u200e\u200f")
WITHIN_WORDS = frozenset("’·\u00ad")
WIDE = ((0x3000, 0x3040), (0xFF00, 0xFFF0))
"""Code points of East Asian punctuation and full-width characters."""
LATIN = ((0xC0, 0x370), (0x1E00, 0x1F00))
"""Code points of Latin letters and of the accents that combine with them."""

# besides white space: the end of a DOS file (0x1a) and the escape of terminals (0x1b) occur in texts
_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x19\x1c-\x1f\x7f-\x9f]")

_HIGH = re.compile(rb"[\x80-\xff]")
_STRAY = re.compile("[\udc80-\udcff]")  # a byte that could not be decoded, under Python's surrogateescape


@dataclass(frozen=True)
class Strays:
    """Bytes that are not UTF-8 in a file that is UTF-8 otherwise: their offsets, and the bytes themselves."""

    offsets: list[int]
    values: bytes


def strays(content: bytes) -> Strays | None:
    """The bytes that are not UTF-8 if nearly all others are; None if it is in another encoding altogether.

    Characters beyond ASCII that are valid UTF-8 must outnumber them four to one: in other encodings, valid sequences
    are rare.
    """
    if not _mostly_utf8(_telling(content)) or not _mostly_utf8(content):
        return None
    text = content.decode("utf-8", "surrogateescape")
    found = [match.start() for match in _STRAY.finditer(text)]
    if not found:
        return None
    values = bytes(ord(text[position]) - 0xDC00 for position in found)
    offsets, offset, done = [], 0, 0
    for position in found:
        offset += len(text[done:position].encode("utf-8", "surrogateescape"))
        offsets.append(offset)
        done = position
    return Strays(offsets, values)


def _mostly_utf8(content: bytes) -> bool:
    text = content.decode("utf-8", "surrogateescape")
    count = sum(1 for _ in _STRAY.finditer(text))
    leading = sum(1 for _ in re.finditer("[^\0-\x7f\udc80-\udcff]", text))
    return leading >= 4 * count


def unicode_encoding(content: bytes) -> str | None:
    """The encoding of Unicode that the content is in, with or without a byte-order mark; None if it is in none."""
    for encoding, marks in MARKS.items():
        if content.startswith(marks) and _reads(content, encoding):
            return encoding
    if _reads(content, "utf-8") and not _CONTROL.search(content[:SAMPLE].decode("utf-8", "ignore")):
        return "utf-8"
    for unit, encodings in ((4, ("utf-32-le", "utf-32-be")), (2, ("utf-16-le", "utf-16-be"))):
        if len(content) % unit == 0:
            spaces = {encoding: _spaces(content, encoding) for encoding in encodings}
            best = max(spaces, key=spaces.__getitem__)
            if spaces[best] > 0:
                return best
    return None


def _spaces(content: bytes, encoding: str) -> int:
    """How many spaces, line breaks and East Asian full stops a sample has in an encoding; 0 if it is not text in it."""
    sample = content[:SAMPLE].decode(encoding, "ignore")
    unusual = sum(unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs") for character in sample)
    spaces = len(re.findall("[ \n\u3000-\u3002]", sample))
    breaks = sum(map(sample.count, "\t\n\r\f"))
    return spaces if unusual == breaks and _reads(content, encoding) else 0


def legacy_encodings(content: bytes) -> list[str]:
    """The encodings other than Unicode's in which the content may be, the likeliest first, at most CANDIDATES.

    Each of them decodes all of it, and each to another text. Empty: it is not text.
    """
    sample = _telling(content)
    if not sample or b"\0" in content:
        return []
    usual = _usual(sample)
    scores: dict[str, tuple[float, str]] = {}
    for encoding, languages in ENCODINGS.items():
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(sample)  # the sample may end inside a character
        except UnicodeDecodeError:
            continue
        if text not in scores and not _CONTROL.search(text) and (share := misfits(text, languages)) < MAX_MISFITS:
            scores[text] = (usual.get(encoding, 0) - MISFIT_WEIGHT * share, encoding)
    ranked = sorted(scores.values(), key=lambda score: -score[0])
    readable = (score for score in ranked if score[0] >= ranked[0][0] - ALIKE and _reads(content, score[1]))
    return [encoding for _, encoding in islice(readable, CANDIDATES)]


def _telling(content: bytes) -> bytes:
    """The lines of the content that are not plain ASCII, up to SAMPLE bytes."""
    sample, position = b"", 0
    while len(sample) < SAMPLE and (found := _HIGH.search(content, position)):
        # a whole book may be a single line
        start = max(position, content.rfind(b"\n", position, found.start()) + 1, found.start() - SAMPLE // 64)
        end = content.find(b"\n", found.end()) + 1 or len(content)
        sample += content[start : min(end, start + SAMPLE - len(sample))]
        position = end
    return sample


def _usual(sample: bytes) -> dict[str, float]:
    """How usual the letters would be in some language under each encoding, as charset-normalizer judges: -1 to 1."""
    from charset_normalizer import from_bytes

    names = {codecs.lookup(encoding).name: encoding for encoding in ENCODINGS}
    isolated = [name.replace("-", "_") for name in ENCODINGS]
    usual = {}
    for match in from_bytes(sample, cp_isolation=isolated, threshold=0.5):
        for name in (match.encoding, *match.could_be_from_charset):
            if codecs.lookup(name).name in names:  # it also proposes UTF-8
                usual[names[codecs.lookup(name).name]] = match.coherence - match.chaos
    return usual


def misfits(text: str, languages: tuple[str, ...]) -> float:
    """Share of the characters beyond ASCII that do not fit into a text in any one of these languages, 0 to 1.

    Those are letters of other languages, symbols, capitals inside words, punctuation inside words, and letters of
    another script beside a Latin one.
    """
    text = unicodedata.normalize("NFC", text)
    letters: Counter[str] = Counter()
    others = misplaced = 0
    for match in re.finditer("[^\0-\x7f]", text):
        character, position = match[0], match.start()
        before, after = text[position - 1 : position], text[position + 1 : position + 2]
        if character in PUNCTUATION:
            others += 1
            misplaced += character not in WITHIN_WORDS and before.isalpha() and after.isalpha()
        elif _within(character, WIDE):
            others += 1
        else:
            letters[character.lower()] += 1
            beside_latin = (before + after).isascii() and (before.isalpha() or after.isalpha())
            misplaced += character.isupper() and before.isalpha()
            misplaced += beside_latin and character.isalpha() and not _within(character, LATIN)
    foreign = min(_foreign(letters, language) for language in languages)
    return (foreign + misplaced) / max(1, letters.total() + others)


def _foreign(letters: Counter[str], language: str) -> int:
    """How many of the letters a language does not have."""
    if language not in SYLLABARIES:
        return sum(count for letter, count in letters.items() if letter not in ALPHABETS[language])
    if language == "Japanese" and not any(_within(letter[0], KANA) for letter in letters):
        return letters.total()  # ideographs alone are Chinese
    return sum(count for letter, count in letters.items() if not _within(letter[0], SYLLABARIES[language]))


def _within(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(character) < end for first, end in ranges)


def _reads(content: bytes, encoding: str) -> bool:
    """Whether the encoding decodes all of the content."""
    try:
        for _ in decoded(content, encoding):
            pass
    except UnicodeError:
        return False
    return True


def decoded(content: bytes, encoding: str) -> Iterator[str]:
    """The text of the content, piece by piece, so that a large file is never held twice. Raises UnicodeError."""
    decoder, size = codecs.getincrementaldecoder(encoding)(), 1 << 20
    for start in range(0, len(content), size):
        yield decoder.decode(content[start : start + size], start + size >= len(content))
