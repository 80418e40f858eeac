"""How much of a generated text is copied from the training text, character for character."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydivsufsort import divsufsort, kasai

from charcells.text.vocabulary import Vocabulary
from charcells.text.words import share

COPY_LENGTH = 50
"""Characters from which a copied span is reported as such: longer than nearly all that human text repeats by chance."""


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
    return share(sum(int((window < length).sum()) for window in windows), sum(map(len, windows)))


def copied_share(found: Sequence[Matches], length: int) -> float | None:
    """Share of the samples' characters that lie in a copy of at least `length` characters."""
    copied = 0
    for match in found:
        position = np.arange(len(match.lengths))
        end = np.where(match.lengths >= length, position + match.lengths, 0)
        copied += int((np.maximum.accumulate(end) > position).sum())
    return share(copied, sum(len(match.lengths) for match in found))
