"""Words of a text: whether they exist, how often they repeat, whether their lines have the training text's layout.

Functions that take several samples pool them: all their words or lines count alike. A share of nothing is None.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from charcells.text.gutenberg import strip_boilerplate

MIN_LAYOUT_SHARE = 0.95
"""A text has a layout where at least this share of its lines or paragraphs follow it."""


def share(part: float, whole: float) -> float | None:
    """Part of a whole, from 0 to 1; None of nothing."""
    return float(part / whole) if whole else None


_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(r"(?<=[\W\d_])[^\W\d_]+(?=[\W\d_])")


def words(text: str, *, whole: bool = False) -> list[str]:
    """The words of a text: its longest runs of letters (of any script), case folded, in order.

    All else ends a word: digits, apostrophes, hyphens, combining marks. `whole` leaves out a run at either end of the
    text, which may be part of a longer word.
    """
    return [word.casefold() for word in (_WHOLE_WORD if whole else _WORD).findall(text)]


def real_word_rate(samples: Sequence[str], known: Collection[str]) -> float | None:
    """Share of the samples' words that are known: `known` is `set(words(training_text))`.

    Words at the ends of a sample are not counted.
    """
    found = [word in known for sample in samples for word in words(sample, whole=True)]
    return share(sum(found), len(found))


def _ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def distinct(samples: Sequence[Sequence[str]], n: int) -> float | None:
    """distinct-n (Li et al. 2016): unique / all n-grams over the pool of samples; 1 where nothing is said twice.

    A sample is a list of words, or a string for n-grams of characters. Falls with the amount of text: compare equal
    amounts only. (Li divides by the number of tokens, n - 1 more for each sample.)
    """
    pool = [ngram for sample in samples for ngram in _ngrams(sample, n)]
    return share(len(set(pool)), len(pool))


def seq_rep(samples: Sequence[Sequence[str]], n: int) -> float | None:
    """seq-rep-n (Welleck et al. 2020): 1 - unique / all n-grams within a sample, averaged over the samples.

    0 where no sample repeats itself. A sample without n-grams does not count.
    """
    unique = [share for sample in samples if (share := distinct([sample], n)) is not None]
    return 1 - sum(unique) / len(unique) if unique else None


def boilerplate(text: str) -> str:
    """Project Gutenberg's header and licence: what `strip_boilerplate` cuts off. Raises UserError where that does."""
    body = strip_boilerplate(text).strip()
    header, licence = text.split(body, 1)
    return header + licence


def licence_share(samples: Sequence[str], licence: str, n: int = 5) -> float | None:
    """Share of the samples' n-grams of words that occur in a licence, such as `boilerplate(text)`.

    By words, so that line breaks and case do not hide it.
    """
    known = set(_ngrams(words(licence), n))
    found = [ngram in known for sample in samples for ngram in _ngrams(words(sample, whole=True), n)]
    return share(sum(found), len(found))


class Layout(NamedTuple):
    """A text is units with `separator` between them, each of which matches `pattern` as a whole."""

    name: str
    separator: str
    pattern: re.Pattern[str]

    def rate(self, samples: Sequence[str]) -> float | None:
        """Share of the samples' complete units, blank ones aside, that are well formed.

        Complete is what has a separator on both sides, as a sample may begin and end anywhere.
        """
        units = [unit for sample in samples for unit in sample.split(self.separator)[1:-1] if unit.strip()]
        return share(sum(self.pattern.fullmatch(unit) is not None for unit in units), len(units))


LAYOUTS = (
    Layout("verses", "\n", re.compile(r"\[\d+:\d+\] \S.*|### \S.*")),  # biblia, biblia_es, kjv: [1:1] In the ...
    Layout("script", "\n\n", re.compile(r"[^\s:][^\n:]*:\n\S(?s:.*)")),  # shakespeare: ROMEO: and lines below it
)


def find_layout(text: str) -> Layout | None:
    """The known layout that at least MIN_LAYOUT_SHARE of a text follows, if there is one."""
    return next((layout for layout in LAYOUTS if (layout.rate([text]) or 0) >= MIN_LAYOUT_SHARE), None)
