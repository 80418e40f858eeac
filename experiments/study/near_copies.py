"""Which passages of a sample are nearly copied from the training text: equal but for some characters."""

from collections.abc import Sequence

from charcells.text.words import share

WINDOW = 50
"""Characters of a passage."""

SIMILAR = 80.0
"""Similarity in per cent from which a passage counts as a near copy. It is 100 × (1 − edits / the characters of both
passages), where an edit inserts or deletes a character: 10 of 50 characters may be others."""


def near_copy_share(samples: Sequence[str], training_text: str) -> float | None:
    """Share of the passages of WINDOW characters, one after another, that are near copies of some passage of the same
    length in the training text; an incomplete passage at a sample's end is left out. None if there is no passage."""
    from rapidfuzz import fuzz

    passages = [text[start : start + WINDOW] for text in samples for start in range(0, len(text) - WINDOW + 1, WINDOW)]
    # partial_ratio tries every passage of the longer text, and returns 0 for what lies below the cut-off
    near = sum(fuzz.partial_ratio(passage, training_text, score_cutoff=SIMILAR) > 0 for passage in passages)
    return share(near, len(passages))
