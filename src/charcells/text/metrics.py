"""Metrics of generated text: what is copied, whether the words exist, how much the text repeats itself.

A figure is only meaningful next to that of human text of the same length (RAVEN, McCoy et al. 2021), and `compare`
gives both. Pass samples without their prompts, since the model did not write those. Several samples are pooled: all
their windows, words or lines count equally. A share is None if there is nothing to count, as for an empty sample or for
windows longer than the sample.
"""

from collections.abc import Sequence

import pandas as pd

from charcells.text.copies import COPY_LENGTH, copied_share, longest_copy, matches, novelty
from charcells.text.words import distinct, find_layout, licence_share, real_word_rate, seq_rep, words

NOVELTY_LENGTHS = (5, 8, 10, 12, 15, 20)
"""Window lengths of the novelty curve, in characters; the same as in torch-rnn's checker."""


def describe(samples: Sequence[str], training_text: str, licence: str | None = None) -> dict[str, float | None]:
    """All metrics of a set of samples, pooled. Shares are from 0 to 1, or None if there is nothing to count.

    `characters` is the total length and `longest_copy` the longest copy in any sample, both in characters. `novelty_L`
    and `copied_share_L` refer to L characters. `real_words`, `distinct_words_n`, `distinct_chars_n` and
    `seq_rep_words_n` are explained in text.words. `layout` is the share of well-formed verses or speeches, if the
    training text has such a layout. `licence` is the share of word n-grams that occur in `licence`, if that is given.
    """
    found, word_lists = matches(samples, training_text), [words(sample, whole=True) for sample in samples]
    layout = find_layout(training_text)
    copies = [copy.end - copy.start for match in found if (copy := longest_copy(match))]
    return {
        "characters": sum(map(len, samples)),
        "longest_copy": max(copies, default=0) if any(samples) else None,
        **{f"novelty_{length}": novelty(found, length) for length in NOVELTY_LENGTHS},
        f"copied_share_{COPY_LENGTH}": copied_share(found, COPY_LENGTH),
        "real_words": real_word_rate(samples, set(words(training_text))),
        "distinct_words_1": distinct(word_lists, 1),
        "distinct_words_2": distinct(word_lists, 2),
        "distinct_chars_5": distinct(samples, 5),
        "seq_rep_words_4": seq_rep(word_lists, 4),
        "layout": layout.rate(samples) if layout else None,
        "licence": licence_share(samples, licence) if licence is not None else None,
    }


def compare(samples: Sequence[str], training_text: str, held_out_text: str, licence: str | None = None) -> pd.DataFrame:
    """`describe` for the samples and for equally many, equally long windows of held-out text, one row per metric.

    The columns are `sample` and `held_out`, with NaN for None. The windows are spread evenly over the held-out text.
    They overlap if it is shorter than all samples together. If it is shorter than a sample, `held_out` is all NaN.
    """
    last_starts = [len(held_out_text) - len(sample) for sample in samples]
    starts = [last_start * i // max(1, len(samples) - 1) for i, last_start in enumerate(last_starts)]
    windows = [held_out_text[start : start + len(sample)] for start, sample in zip(starts, samples, strict=True)]
    columns = {"sample": describe(samples, training_text, licence)}
    columns["held_out"] = describe(windows, training_text, licence) if min(last_starts, default=-1) >= 0 else {}
    return pd.DataFrame(columns, index=list(columns["sample"]), columns=["sample", "held_out"], dtype=float)
