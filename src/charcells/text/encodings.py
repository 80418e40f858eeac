"""From bytes to characters: decoding, a hint when that fails, and Unicode normalisation."""

import unicodedata
from pathlib import Path

from charcells.errors import UserError


def decode(content: bytes, encoding: str, path: Path) -> str:
    """Decode the bytes of a file.

    Raises UserError, with the byte offset and a guess at the right encoding, if the content is not in `encoding`; also
    for an unknown encoding and for content that looks like a binary file.
    """
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        where = ""
        if isinstance(error, UnicodeDecodeError) and error.start < len(error.object):
            # utf-8-sig has removed the byte-order mark before counting
            offset = error.start + len(content) - len(error.object)
            where = f" at byte offset {offset:,} (byte 0x{content[offset]:02x})"
        raise UserError(f"corpus file {path} is not {encoding} text{where}. {_advice(content)}") from error
    except (LookupError, ValueError) as error:  # ValueError: an impossible name, such as one with a NUL
        raise UserError(f"corpus.encoding={encoding} is not an encoding that Python knows") from error
    if "\0" in text and encoding.lower().replace("_", "-") not in ("latin-1", "iso-8859-1", "latin1"):
        offset = len(text[: text.index("\0")].encode(encoding, "ignore"))
        raise UserError(
            f"corpus file {path} has a NUL character at byte offset {offset:,}: it looks like a binary file. To train "
            "on its bytes anyway: corpus.encoding=iso-8859-1 corpus.normalize=false"
        )
    return text


def _advice(content: bytes) -> str:
    """A hint for a file that cannot be decoded."""
    from charset_normalizer import from_bytes

    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "It begins with the byte-order mark of UTF-16: try corpus.encoding=utf-16"
    if b"\0" in content[: 1 << 16]:
        return "It looks like a binary file"
    guess = from_bytes(content[: 1 << 18]).best()
    if guess is None:
        return "It looks like a binary file"
    # ISO-8859-1 and its many variants differ only in characters that are rare in Western text, so name the usual one
    western = {"iso-8859-1", "cp1252", *guess.could_be_from_charset}
    name = "iso-8859-1" if guess.encoding in western and _is_latin_1(content) else guess.encoding
    return f"It looks like {name}: try corpus.encoding={name}"


def _is_latin_1(content: bytes) -> bool:
    """Whether bytes are plausible as ISO-8859-1: no C1 control codes, at least half of the high bytes letters."""
    high = [byte for byte in content[: 1 << 18] if byte >= 0x80]
    return all(byte >= 0xA0 for byte in high) and sum(byte >= 0xC0 for byte in high) * 2 >= len(high)


def normalize(text: str) -> str:
    """Remove a byte-order mark, turn CRLF and CR into LF, compose accents (Unicode NFC)."""
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
