"""The vocabulary of a corpus: from characters to tokens and back, and how characters are displayed."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charcells.errors import UserError

BLOCK = 1 << 20
"""Characters converted at a time. Converting a whole text at once would need several times its memory."""


def _codepoints(text: str) -> Iterator[NDArray[np.uint32]]:
    """The code points of a text, block by block."""
    for start in range(0, len(text), BLOCK):
        block = text[start : start + BLOCK]
        yield np.frombuffer(block.encode("utf-32-le", "surrogatepass"), np.uint32)


@dataclass(frozen=True)
class Vocabulary:
    """The distinct characters of a text in code-point order; a character's position is its token."""

    characters: str

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """The vocabulary of a text."""
        present = np.zeros(0x110000, bool)
        for codepoints in _codepoints(text):
            present[codepoints] = True
        return cls("".join(map(chr, np.flatnonzero(present))))

    def __len__(self) -> int:
        return len(self.characters)

    def __contains__(self, character: str) -> bool:
        return character in self._token_of

    @cached_property
    def _token_of(self) -> dict[str, int]:
        return {character: token for token, character in enumerate(self.characters)}

    @property
    def dtype(self) -> type[np.integer[Any]]:
        """The smallest integer type that can hold every token."""
        return np.uint8 if len(self) <= 1 << 8 else np.uint16 if len(self) <= 1 << 16 else np.int32

    def encode(self, text: str) -> NDArray[np.integer[Any]]:
        """Tokens of a text, (len(text),), in `dtype`.

        Raises UserError, which names the characters, if some are not in the vocabulary.
        """
        absent = len(self)
        table = np.full(0x110000, absent, np.int32)
        table[[ord(character) for character in self.characters]] = np.arange(absent)
        tokens = np.empty(len(text), self.dtype)
        done = 0
        for codepoints in _codepoints(text):
            block = table[codepoints]
            if block.max() == absent:
                raise UserError(f"the vocabulary lacks {name_characters(self.unknown(text))}")
            tokens[done : done + len(block)] = block
            done += len(block)
        return tokens

    def decode(self, tokens: Iterable[int]) -> str:
        """The text that tokens stand for."""
        return "".join(self.characters[token] for token in tokens)

    def unknown(self, text: str) -> str:
        """The distinct characters of a text that are not in the vocabulary, in order of appearance."""
        return "".join(dict.fromkeys(character for character in text if character not in self))


def name_characters(characters: str, limit: int = 8) -> str:
    """Characters for an error message: each quoted and with its code point, at most `limit` of them."""
    named = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in characters[:limit])
    return named + (f" and {len(characters) - limit} more" if len(characters) > limit else "")


def visible(text: str, line_break: str = "\n") -> str:
    """The text with control characters and invisible characters shown as escapes such as \\x1b."""
    text = text.replace("\n", line_break)
    hidden = {c for c in set(text) - {"\n", "\t"} if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return "".join(ascii(c)[1:-1] if c in hidden else c for c in text)
