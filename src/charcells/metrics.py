"""What a generated text is worth: how much of it is copied, whether its words exist, how much it repeats itself.

Each figure means something only beside that of human text of the same length (RAVEN, McCoy et al. 2021): `compare`
sets the two side by side. Samples are given without their prompts, which nobody generated. Functions that take several
samples pool them: all their windows, words or lines count alike. A share of nothing is None: of an empty sample, or of
windows longer than the sample.
"""

import random
import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydivsufsort import divsufsort, kasai

from charcells.corpus import strip_boilerplate
from charcells.vocabulary import Vocabulary

NOVELTY_LENGTHS = (5, 8, 10, 12, 15, 20)
"""Windows, in characters, of the novelty curve: those of torch-rnn's checker."""

COPY_LENGTH = 50
"""Characters from which a copied span is reported as such: longer than nearly all that human text repeats by chance."""

MIN_LAYOUT_SHARE = 0.95
"""A text has a layout where at least this share of its lines or paragraphs follow it."""


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


# memorisation


class Matches(NamedTuple):
    """Matching statistics of a sample against a training text, N characters.

    lengths: (N,) int32, characters of the longest string that begins here and occurs in the training text, 0 for none.
    sources: (N,) int32, where in the training text it occurs (one place of perhaps many), -1 for nowhere.
    """

    lengths: NDArray[np.int32]
    sources: NDArray[np.int32]


class Copy(NamedTuple):
    """sample[start:end] is the training text from `source` on, character for character."""

    start: int
    end: int
    source: int


def matches(samples: Sequence[str], training_text: str) -> list[Matches]:
    """The matching statistics of each sample, by a suffix array of all texts together: pass all samples at once.

    Time and memory are nearly those of the training text alone: at 5 MB about a second and 20 bytes per character, or
    two seconds and 90 bytes where there are more than 256 distinct characters.
    """
    alphabet = set(training_text).union(*samples)
    separator = next(character for character in map(chr, range(0x110000)) if character not in alphabet)
    joined = separator.join([training_text, *samples, ""])
    tokens = Vocabulary.of(joined).encode(joined)
    order = divsufsort(tokens)
    shared = kasai(tokens, order)  # characters that the suffixes order[i] and order[i + 1] share; 0 for the last

    # What is nearest in order shares most. Between a sample's suffix and the nearest training suffix on either side
    # stand only suffixes of samples: a run of neighbours, and what is shared is the minimum along it. A run without a
    # training suffix before it starts at rank 0 and reads shared[-1], which is 0.
    ranks = np.flatnonzero(order >= len(training_text))
    run = np.cumsum(np.diff(ranks, prepend=-2) != 1)
    with_previous = pd.Series(shared[ranks - 1]).groupby(run).cummin().to_numpy()
    with_next = pd.Series(shared[ranks][::-1]).groupby(run[::-1]).cummin().to_numpy()[::-1]
    runs = pd.Series(ranks).groupby(run)
    previous = order[runs.transform("min").to_numpy() - 1]
    next_ = order[np.minimum(runs.transform("max").to_numpy() + 1, len(order) - 1)]
    lengths, sources = np.empty((2, len(ranks)), np.int32)
    place = order[ranks] - len(training_text)
    lengths[place] = np.maximum(with_previous, with_next)
    sources[place] = np.where(with_previous >= with_next, previous, next_)

    found, start = [], 1
    for sample in samples:
        own = slice(start, start + len(sample))
        # A match that runs over the end of the training text includes the separator, so it runs over the end of the
        # sample too: cut there, it is what both texts end with.
        length = np.minimum(lengths[own], np.arange(len(sample), 0, -1, dtype=np.int32))
        found.append(Matches(length, np.where(length > 0, sources[own], np.int32(-1))))
        start = own.stop + 1
    return found


def copied_spans(match: Matches, length: int) -> list[Copy]:
    """The copies of at least `length` characters that cannot be made longer on either side, in order of their starts.

    They may overlap, where one place of the training text ends and another one already goes on.
    """
    grows = np.diff(match.lengths, prepend=0) >= 0  # else it is the match one character before, less that character
    starts = np.flatnonzero(grows & (match.lengths >= max(1, length)))
    return [Copy(int(i), int(i + match.lengths[i]), int(match.sources[i])) for i in starts]


def longest_copy(match: Matches) -> Copy | None:
    """The longest common substring of sample and training text, the first of equals; None where they share nothing."""
    return max(copied_spans(match, 1), key=lambda copy: copy.end - copy.start, default=None)


def novelty(found: Sequence[Matches], length: int) -> float | None:
    """Share of the samples' windows of `length` characters, one at each position, absent from the training text.

    As torch-rnn's checker and RAVEN count: 0 for copied text, near 1 for long windows of text that is not.
    """
    windows = [match.lengths[: max(0, len(match.lengths) - length + 1)] for match in found]
    return _share(sum(int((window < length).sum()) for window in windows), sum(map(len, windows)))


def copied_share(found: Sequence[Matches], length: int) -> float | None:
    """Share of the samples' characters that lie in a copy of at least `length` characters."""
    copied = 0
    for match in found:
        position = np.arange(len(match.lengths))
        end = np.where(match.lengths >= length, position + match.lengths, 0)
        copied += int((np.maximum.accumulate(end) > position).sum())
    return _share(copied, sum(len(match.lengths) for match in found))


def extractable(
    continue_: Callable[[list[str], int], list[str]],
    text: str,
    *,
    prefix_length: int = 50,
    length: int = 50,
    count: int = 100,
    seed: int = 0,
) -> float | None:
    """Share of `count` prefixes of a text, at seeded random positions, that a model continues as the text does.

    k-extractable, k = prefix_length (Carlini et al. 2023). Given held-out text, the share is what can be guessed, not
    remembered. A text with fewer positions than `count` is tried at each of them; None where it has none.

    Args:
        continue_: greedy continuations, without the prefixes, of as many characters as its second argument says.

    Raises ValueError where a continuation has another length.
    """
    positions = range(max(0, len(text) - prefix_length - length + 1))
    chosen = random.Random(seed).sample(positions, min(count, len(positions)))
    if not chosen:
        return None
    continuations = continue_([text[start : start + prefix_length] for start in chosen], length)
    if [len(continuation) for continuation in continuations] != [length] * len(chosen):
        raise ValueError(f"continue_ must answer {length} characters for each of {len(chosen)} prefixes")
    ends = [start + prefix_length for start in chosen]
    return _share(sum(text[e : e + length] == c for e, c in zip(ends, continuations, strict=True)), len(chosen))


# words


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
    return _share(sum(found), len(found))


def _ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def distinct(samples: Sequence[Sequence[str]], n: int) -> float | None:
    """distinct-n (Li et al. 2016): unique / all n-grams over the pool of samples; 1 where nothing is said twice.

    A sample is a list of words, or a string for n-grams of characters. Falls with the amount of text: compare equal
    amounts only. (Li divides by the number of tokens, n - 1 more for each sample.)
    """
    pool = [ngram for sample in samples for ngram in _ngrams(sample, n)]
    return _share(len(set(pool)), len(pool))


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
    return _share(sum(found), len(found))


# layout


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
        return _share(sum(self.pattern.fullmatch(unit) is not None for unit in units), len(units))


LAYOUTS = (
    Layout("verses", "\n", re.compile(r"\[\d+:\d+\] \S.*|### \S.*")),  # biblia, biblia_es, kjv: [1:1] In the ...
    Layout("script", "\n\n", re.compile(r"[^\s:][^\n:]*:\n\S(?s:.*)")),  # shakespeare: ROMEO: and lines below it
)


def find_layout(text: str) -> Layout | None:
    """The known layout that at least MIN_LAYOUT_SHARE of a text follows, if there is one."""
    return next((layout for layout in LAYOUTS if (layout.rate([text]) or 0) >= MIN_LAYOUT_SHARE), None)


# a report


def describe(samples: Sequence[str], training_text: str, licence: str | None = None) -> dict[str, float | None]:
    """All figures of a set of samples, pooled. Shares from 0 to 1, None where there is nothing to count.

    characters, longest_copy: in characters, longest_copy the largest of any sample. novelty_L, copied_share_L: L in
    characters. real_words. distinct_words_n, distinct_chars_n, seq_rep_words_n. layout: well-formed verses or speeches,
    where the training text has them. licence: n-grams from it, where one is given.
    """
    found, spoken = matches(samples, training_text), [words(sample, whole=True) for sample in samples]
    layout = find_layout(training_text)
    copies = [copy.end - copy.start for match in found if (copy := longest_copy(match))]
    return {
        "characters": sum(map(len, samples)),
        "longest_copy": max(copies, default=0) if any(samples) else None,
        **{f"novelty_{length}": novelty(found, length) for length in NOVELTY_LENGTHS},
        f"copied_share_{COPY_LENGTH}": copied_share(found, COPY_LENGTH),
        "real_words": real_word_rate(samples, set(words(training_text))),
        "distinct_words_1": distinct(spoken, 1),
        "distinct_words_2": distinct(spoken, 2),
        "distinct_chars_5": distinct(samples, 5),
        "seq_rep_words_4": seq_rep(spoken, 4),
        "layout": layout.rate(samples) if layout else None,
        "licence": licence_share(samples, licence) if licence is not None else None,
    }


def compare(samples: Sequence[str], training_text: str, held_out_text: str, licence: str | None = None) -> pd.DataFrame:
    """`describe`, a row a figure, of the samples and of as many windows, as long, spread evenly over held-out text.

    Columns `sample` and `held_out`, NaN for None. Held-out text shorter than a sample has no window to compare with:
    all of its column is NaN. It has overlapping windows if it is shorter than all samples together.
    """
    free = [len(held_out_text) - len(sample) for sample in samples]
    starts = [room * i // max(1, len(samples) - 1) for i, room in enumerate(free)]
    windows = [held_out_text[start : start + len(sample)] for start, sample in zip(starts, samples, strict=True)]
    columns = {"sample": describe(samples, training_text, licence)}
    columns["held_out"] = describe(windows, training_text, licence) if min(free, default=-1) >= 0 else {}
    return pd.DataFrame(columns, index=list(columns["sample"]), columns=["sample", "held_out"], dtype=float)
