"""From bytes to characters: decoding, and Unicode normalisation."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

from charcells.errors import UserError
from charcells.text.advice import BINARY, advice


def decode(content: bytes, encoding: str, path: Path, others_fit: Callable[[], bool] = lambda: False) -> str:
    """Decode the bytes of a file.

    `others_fit` is asked if that fails: whether other files of the corpus are in `encoding`.

    Raises UserError, with the byte offset and advice on the right encoding, if the content is not in `encoding`; also
    for an unknown encoding and for content that looks like a binary file.
    """

    def advise() -> str:
        return advice(content, path, encoding if others_fit() else None)

    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        where = ""
        if isinstance(error, UnicodeDecodeError) and error.start < len(error.object):
            # utf-8-sig has removed the byte-order mark before counting
            offset = error.start + len(content) - len(error.object)
            where = f" at byte offset {offset:,} (byte 0x{content[offset]:02x})"
        raise UserError(f"corpus file {path} is not {encoding} text{where}. {advise()}") from error
    except (LookupError, ValueError) as error:  # ValueError: an impossible name, such as one with a NUL
        raise UserError(f"corpus.encoding={encoding} is not an encoding that Python knows") from error
    if "\0" in text and encoding.lower().replace("_", "-") not in ("latin-1", "iso-8859-1", "latin1"):
        offset = len(text[: text.index("\0")].encode(encoding, "ignore"))
        found = advise()
        anyway = ". To train on its bytes anyway: corpus.encoding=iso-8859-1 corpus.normalize=false"
        raise UserError(
            f"corpus file {path} has a NUL character at byte offset {offset:,}. {found}{anyway * (found == BINARY)}"
        )
    return text


def normalize(text: str) -> str:
    """Remove a byte-order mark, turn CRLF and CR into LF, compose accents (Unicode NFC)."""
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
