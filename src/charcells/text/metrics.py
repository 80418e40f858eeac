"""Generated text measured beside human text: what is copied, whether words exist, how much it repeats itself.

Each figure means something only beside that of human text of the same length (RAVEN, McCoy et al. 2021): `compare`
sets the two side by side. Samples are given without their prompts, which nobody generated. The figures of several
samples are pooled: all their windows, words or lines count alike. A share of nothing is None: of an empty sample, or of
windows longer than the sample.
"""

from collections.abc import Sequence

import pandas as pd

from charcells.text.copies import COPY_LENGTH, copied_share, longest_copy, matches, novelty
from charcells.text.words import distinct, find_layout, licence_share, real_word_rate, seq_rep, words

NOVELTY_LENGTHS = (5, 8, 10, 12, 15, 20)
"""Windows, in characters, of the novelty curve: those of torch-rnn's checker."""


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
