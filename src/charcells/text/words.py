"""Statistics of words and lines: whether words exist, how often they repeat, whether lines follow a layout.

Functions of several samples pool them: all their words or lines count equally. A share is None if there is nothing to
count.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from charcells.text.gutenberg import strip_boilerplate

MIN_LAYOUT_SHARE = 0.95
"""A text has a layout if at least this share of its lines or paragraphs follows it."""


def share(part: float, whole: float) -> float | None:
    """part / whole, from 0 to 1; None if the whole is 0."""
    return float(part / whole) if whole else None


_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(r"(?<=[\W\d_])[^\W\d_]+(?=[\W\d_])")


def words(text: str, *, whole: bool = False) -> list[str]:
    """The words of a text in order: its maximal runs of letters (of any script), case folded.

    Any other character ends a word: digits, apostrophes, hyphens, combining marks. With `whole`, a run at either end of
    the text is left out, because it may be part of a longer word.
    """
    return [word.casefold() for word in (_WHOLE_WORD if whole else _WORD).findall(text)]


def real_word_rate(samples: Sequence[str], known: Collection[str]) -> float | None:
    """Share of the samples' words that are in `known`, which is usually `set(words(training_text))`.

    Words at the ends of a sample are not counted.
    """
    found = [word in known for sample in samples for word in words(sample, whole=True)]
    return share(sum(found), len(found))


def _ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def distinct(samples: Sequence[Sequence[str]], n: int) -> float | None:
    """distinct-n (Li et al. 2016): unique / all n-grams of the pooled samples; 1 if no n-gram occurs twice.

    A sample is a list of words, or a string for n-grams of characters. The value falls as the text gets longer, so only
    compare equal amounts of text. (Li et al. divide by the number of tokens, which is n - 1 more per sample.)
    """
    pool = [ngram for sample in samples for ngram in _ngrams(sample, n)]
    return share(len(set(pool)), len(pool))


def seq_rep(samples: Sequence[Sequence[str]], n: int) -> float | None:
    """seq-rep-n (Welleck et al. 2020): 1 - unique / all n-grams within a sample, averaged over the samples.

    0 if no sample repeats an n-gram. Samples without n-grams are not counted.
    """
    unique = [rate for sample in samples if (rate := distinct([sample], n)) is not None]
    return 1 - sum(unique) / len(unique) if unique else None


def boilerplate(text: str) -> str:
    """Project Gutenberg's header and licence, which `strip_boilerplate` removes. Raises the same UserErrors."""
    body = strip_boilerplate(text).strip()
    header, licence = text.split(body, 1)
    return header + licence


def licence_share(samples: Sequence[str], licence: str, n: int = 5) -> float | None:
    """Share of the samples' word n-grams that occur in a licence, such as `boilerplate(text)`.

    Words are compared so that different line breaks and case do not hide a copy.
    """
    known = set(_ngrams(words(licence), n))
    found = [ngram in known for sample in samples for ngram in _ngrams(words(sample, whole=True), n)]
    return share(sum(found), len(found))


class Layout(NamedTuple):
    """A text consists of units between separators, and each unit matches `pattern` completely."""

    name: str
    separator: str
    pattern: re.Pattern[str]

    def rate(self, samples: Sequence[str]) -> float | None:
        """Share of the samples' complete, non-blank units that are well formed.

        A unit is complete if it has a separator on both sides; a sample may begin and end in the middle of one.
        """
        units = [unit for sample in samples for unit in sample.split(self.separator)[1:-1] if unit.strip()]
        return share(sum(self.pattern.fullmatch(unit) is not None for unit in units), len(units))


LAYOUTS = (
    Layout("verses", "\n", re.compile(r"\[\d+:\d+\] \S.*|### \S.*")),  # biblia, biblia_es, kjv: [1:1] In the ...
    Layout("script", "\n\n", re.compile(r"[^\s:][^\n:]*:\n\S(?s:.*)")),  # shakespeare: ROMEO: and lines below it
)


def find_layout(text: str) -> Layout | None:
    """The layout that at least MIN_LAYOUT_SHARE of a text follows; None if no known layout does."""
    return next((layout for layout in LAYOUTS if (layout.rate([text]) or 0) >= MIN_LAYOUT_SHARE), None)
