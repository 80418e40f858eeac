"""Advice for a file in another encoding than it was read with: which one it looks like, and how it would read."""

import re
import unicodedata
from collections.abc import Iterator

SAMPLE = 1 << 18
"""Bytes that are looked at."""

MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8-sig",
}
"""Byte-order marks, the longer ones first."""

LETTERS = {
    "Spanish": "áéíóúüñ",
    "Portuguese, Galician": "áâãàçéêíóôõúü",
    "French": "àâæçéèêëîïôœùûüÿ",
    "Catalan": "àçéèíïóòúü",
    "Italian": "àèéìòù",
    "German": "äöüß",
    "Scandinavian": "åäöæøé",
    "Icelandic": "áéíóúýþæðö",
    "Turkish": "çğıiöşüâî",
    "Polish": "ąćęłńóśźż",
    "Czech, Slovak": "áčďéěíňóřšťúůýžäľĺôŕ",
    "Hungarian": "áéíóöőúüű",
    "Romanian": "ăâîşţșț",
    "Croatian, Slovene": "čćđšž",
    "Baltic": "āčēģīķļņšūžąęėįųõäöü",
}
"""The letters outside of ASCII of languages in Latin script."""

SIGNS = "’‘“”„‚«»‹›–—…¿¡°§·ºª€£\u00a0"
"""What else of such languages is outside of ASCII."""

INSIDE_NO_WORD = SIGNS.replace("’", "").replace("·", "").replace("—", "").replace("\u00a0", "")
"""Signs that do not stand between two letters, unless the encoding is wrong."""

LATIN = (
    *("cp1252", "iso-8859-15", "cp1254", "cp1250", "iso-8859-2", "cp1257", "iso-8859-4", "mac-roman", "cp850"),
    *("cp852", "cp857", "mac-turkish", "mac-latin2"),
)
"""Encodings of such languages. Of several that fit equally well, the first is named."""


def advice(content: bytes) -> str:
    """What the bytes of a text file look like, and the option that reads them so."""
    content = content[:SAMPLE]
    for mark, name in MARKS.items():
        if content.startswith(mark):
            return f"It begins with the byte-order mark of {name.upper()}: {_try(content, name)}"
    wide = wide_encoding(content)
    if wide is not None:
        return f"It looks like {wide.upper()} without a byte-order mark: {_try(content, wide)}"
    if b"\0" in content:
        return "It looks like a binary file"
    stray = _stray_bytes(content)
    if stray is not None:
        return stray
    from charset_normalizer import from_bytes  # slow to import

    guess = from_bytes(content).best()
    if guess is None:
        return "It looks like a binary file"
    name = guess.encoding.replace("_", "-").replace("iso8859", "iso-8859")
    if _is_latin(str(guess)):
        name = _best_latin(content) or name
    return f"It looks like {name}: {_try(content, name)}"


def _try(content: bytes, encoding: str) -> str:
    """The option, and the first line with a character outside of ASCII as it would read."""
    lines = content.decode(encoding, "replace").splitlines()
    line = next((line for line in lines if not line.isascii()), lines[0] if lines else "")
    shown = " ".join(line.split())
    return f"try corpus.encoding={encoding}, which reads “{shown[:60]}{'…' if len(shown) > 60 else ''}”"


def wide_encoding(content: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, if the bytes are text in it: every character assigned, with spaces or lines."""
    for encoding, width in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        try:
            text = content[: len(content) // width * width].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(content) - 4:  # and not a pair that the sample cuts
                continue
            text = content[: error.start].decode(encoding)
        breaks = sum(text.count(each) for each in " \n。、,")
        odd = sum(unicodedata.category(each) in ("Cn", "Co", "Cs", "Cc") and each not in "\n\r\t" for each in text)
        if breaks >= len(text) / 100 and odd <= len(text) / 1000:
            return encoding
    return None


def _invalid(content: bytes) -> Iterator[int]:
    """Offsets of the bytes that are no UTF-8."""
    start = 0
    while True:
        try:
            content[start:].decode()
            return
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data":
                return
            yield start + error.start
            start += error.end


def _stray_bytes(content: bytes) -> str | None:
    """Advice for UTF-8 with a few bytes that are not; None for other text."""
    found: list[int] = []
    for offset in _invalid(content):
        found.append(offset)
        if len(found) > 50:
            return None
    good = sum(not character.isascii() for character in content.decode(errors="ignore"))
    if not found or good < 3 * len(found):
        return None
    first = found[0]
    byte = content[first : first + 1]
    meant = byte.decode("cp1252", "replace")
    around = content[max(0, first - 30) : first].decode(errors="ignore").splitlines()
    after = f" after “{around[-1]}”" if around else ""
    many = f"{len(found)} byte{'s' if len(found) > 1 else ''}"
    where = "at" if len(found) == 1 else "the first at"
    return (
        f"It is UTF-8 but for {many}, {where} byte offset {first:,}{after}: 0x{byte.hex()}, in Windows-1252 “{meant}”. "
        "Replace what stands there in an editor, and save the file as UTF-8"
    )


def _is_latin(text: str) -> bool:
    """Whether most letters of a text are of the Latin alphabet."""
    letters = [character for character in text if character.isalpha()]
    return sum(unicodedata.name(each, "").startswith("LATIN") for each in letters) * 2 > len(letters)


def _best_latin(content: bytes) -> str | None:
    """The encoding under which most characters outside of ASCII are letters and signs of one language; None if no
    encoding makes sense of nine tenths of them."""
    best, name = 0.9, None
    for encoding in LATIN:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = re.sub(rf"(?<=[^\W\d_])[{re.escape(INSIDE_NO_WORD)}](?=[^\W\d_])", "\N{REPLACEMENT CHARACTER}", text)
        outside = [character for character in text if not character.isascii()]
        for letters in LETTERS.values():
            share = sum(each.lower() in letters or each in SIGNS for each in outside) / max(1, len(outside))
            if share > best:
                best, name = share, encoding
    if name == "cp1252" and not any(0x80 <= byte < 0xA0 for byte in content):
        return "iso-8859-1"  # the same then, and known by more people
    return name
