"""Held-out text as batches: fixed segments, each character scored once, independent of how a model is trained.

Legend: N characters, B segments, T time (characters of a window).
"""

from collections.abc import Iterator

import torch
from torch import Tensor

SEGMENTS = 64
"""Held-out text is scored as this many segments side by side, whatever the batch size in training."""

WARM_UP = 256
"""Characters before a segment that a model reads, unscored, to have a state when the segment begins."""

SCORING_WINDOW = 256
"""Characters of each segment scored at a time; the state is carried on, so the scores do not depend on it."""

MAX_LOGITS = 1 << 24
"""Bound on the logits of one scoring step; a large vocabulary takes shorter windows."""


class HeldOutBatches:
    """A held-out part of a text, each character scored once, independent of how a model is trained.

    The part is cut into SEGMENTS contiguous segments that are scored side by side. A model reads the characters before
    each segment first, unscored, so that none begins without a state. Yields (inputs, targets, scored), each (B, T);
    `scored` is False where a target is warm-up or padding. Rows continue from one batch to the next.

    Args:
        tokens: the whole text, (N,).
        first, last: the part to score is [first, last); the character before `first` must exist.
        vocab_size: bounds the memory of a step.
    """

    def __init__(self, tokens: Tensor, first: int, last: int, vocab_size: int) -> None:
        assert 0 < first < last <= len(tokens)
        segments = min(SEGMENTS, last - first)
        length = -(-(last - first) // segments)
        begin = first + torch.arange(segments) * length
        warm_up = min(WARM_UP, first - 1)
        # the target at column j of a row stands at position begin - warm_up + j of the text
        position = begin.unsqueeze(1) - warm_up + torch.arange(warm_up + length)  # (B, warm_up + length)
        self.scored = (position >= begin.unsqueeze(1)) & (position < last)
        position = position.clamp(max=last - 1)
        self.inputs, self.targets = tokens[position - 1], tokens[position]
        self.window = max(1, min(SCORING_WINDOW, MAX_LOGITS // (segments * vocab_size)))

    def __len__(self) -> int:
        return -(-self.targets.shape[1] // self.window)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for start in range(0, self.targets.shape[1], self.window):
            columns = slice(start, start + self.window)
            yield self.inputs[:, columns].long(), self.targets[:, columns].long(), self.scored[:, columns]
