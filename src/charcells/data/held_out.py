"""Batches of held-out text: fixed segments, so that a score does not depend on the batch size or window in training.

Legend: N characters, B segments, T time (characters of a window).
"""

from collections.abc import Iterator

import torch
from torch import Tensor

SEGMENTS = 64
"""Held-out text is scored in this many parallel segments, whatever the batch size in training."""

WARM_UP = 256
"""Characters before a segment that are read but not scored, so that no segment begins with a state of zeros."""

SCORING_WINDOW = 256
"""Characters of each segment per scoring step. The state is carried over, so the scores do not depend on it."""

MAX_LOGITS = 1 << 24
"""Limit on the number of logits in one scoring step, to bound its memory; a large vocabulary gets shorter windows."""


class HeldOutBatches:
    """Batches of a held-out part of a text, in which every character is scored exactly once.

    The part is cut into SEGMENTS contiguous segments that are scored in parallel. Each is preceded by up to WARM_UP
    characters that are read but not scored. Yields (inputs, targets, scored), each (B, T); `scored` is False for
    targets that are warm-up or padding. Each row continues the same row of the batch before.

    Args:
        tokens: the whole text, (N,).
        first, last: the part to score is [first, last); `first` must be at least 1.
        vocab_size: limits the window, see MAX_LOGITS.
    """

    def __init__(self, tokens: Tensor, first: int, last: int, vocab_size: int) -> None:
        assert 0 < first < last <= len(tokens)
        segments = min(SEGMENTS, last - first)
        length = -(-(last - first) // segments)
        begin = first + torch.arange(segments) * length
        warm_up = min(WARM_UP, first - 1)
        # the target in column j of a row is the character at position begin - warm_up + j of the text
        position = begin.unsqueeze(1) - warm_up + torch.arange(warm_up + length)  # (B, warm_up + length)
        self.scored = (position >= begin.unsqueeze(1)) & (position < last)
        position = position.clamp(max=last - 1)  # padding of the last segments; `scored` is False there
        self.inputs, self.targets = tokens[position - 1], tokens[position]
        self.window = max(1, min(SCORING_WINDOW, MAX_LOGITS // (segments * vocab_size)))

    @property
    def warm_up_batches(self) -> int:
        """Batches at the beginning that score nothing in most segments, or only a part."""
        return -(-WARM_UP // self.window)

    def __len__(self) -> int:
        return -(-self.targets.shape[1] // self.window)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for start in range(0, self.targets.shape[1], self.window):
            columns = slice(start, start + self.window)
            yield self.inputs[:, columns].long(), self.targets[:, columns].long(), self.scored[:, columns]
