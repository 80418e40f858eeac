"""From a review to tokens: words or characters, and the vocabulary of the training part."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

PADDING, UNKNOWN = 0, 1
"""Tokens for what follows the end of a shorter review in a batch, and for units that are not in the vocabulary."""

_TAG = re.compile(r"<[^<>]*>")  # without '<' inside, so that a text of '<' alone takes no quadratic time
_EMOTICON = re.compile(r"[:;=]-?[)(]")
_NO_WORD = re.compile(r"\W+")


def words(text: str) -> list[str]:
    """The words of a review as Raschka et al., 'Machine Learning with PyTorch and Scikit-Learn', split it.

    HTML tags are removed, letters are in lower case, and runs of letters, digits and underscores are words. Emoticons
    follow at the end, without their noses: ':)', ';(', '=)'.
    """
    text = _TAG.sub("", text).lower()
    emoticons = [found.replace("-", "") for found in _EMOTICON.findall(text)]
    return _NO_WORD.sub(" ", text).split() + emoticons


def characters(text: str) -> list[str]:
    """The characters of a review as they are written, without HTML tags and white space around it."""
    return list(_TAG.sub("", text).strip())


UNITS: dict[str, Callable[[str], list[str]]] = {"words": words, "characters": characters}
"""The choices of `reviews.units`."""


@dataclass(frozen=True)
class UnitVocabulary:
    """The units that a classifier knows. The token of `known[k]` is k + 2, after PADDING and UNKNOWN."""

    known: tuple[str, ...]

    @classmethod
    def of(cls, reviews: Iterable[Sequence[str]], min_count: int = 1) -> "UnitVocabulary":
        """The units that occur at least `min_count` times in all reviews together, the commonest first."""
        counts: Counter[str] = Counter()
        for units in reviews:
            counts.update(units)
        kept = (unit for unit, count in counts.items() if count >= min_count)
        return cls(tuple(sorted(kept, key=lambda unit: (-counts[unit], unit))))

    def __len__(self) -> int:
        """Number of tokens, PADDING and UNKNOWN included."""
        return len(self.known) + 2

    @cached_property
    def _token_of(self) -> dict[str, int]:
        return {unit: token for token, unit in enumerate(self.known, 2)}

    def encode(self, units: Sequence[str], max_length: int) -> list[int]:
        """The tokens of a review, at most its last `max_length`. One without units is a single UNKNOWN."""
        return [self._token_of.get(unit, UNKNOWN) for unit in units[-max_length:]] or [UNKNOWN]
