"""Drawing the next character: temperature, top-k, top-p. In PyTorch; charcells.kernels does the same compiled.

Legend: B texts, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

GREEDY = 1e-6
"""Below this temperature the most likely character is taken."""


@dataclass(frozen=True)
class Draw:
    """How characters are drawn.

    Args:
        temperatures: one for each of B texts; they divide the logits. 0 always takes the most likely character.
        top_k: draw among exactly this many characters, the most likely; of equal ones the first in the vocabulary.
            None: among all.
        top_p: draw among the most likely characters (of the top_k) whose probabilities together reach this value,
            above 0 and at most 1. None: among all.
    """

    temperatures: Sequence[float]
    top_k: int | None = None
    top_p: float | None = None


def choose(logits: Tensor, how: Draw, uniform: Tensor) -> Tensor:
    """Draw one token for each text, (B,), by finding a uniform random number in the cumulative probabilities.

    Args:
        logits: (B, V).
        how: of the same B texts.
        uniform: (B,) float64, at least 0 and below 1.
    """
    if logits.device.type == "mps":  # which has no float64
        return choose(logits.cpu(), how, uniform.cpu()).to(logits.device)
    temperatures = torch.tensor(how.temperatures, dtype=torch.float64, device=logits.device).unsqueeze(1)  # (B, 1)
    scaled = logits / temperatures.clamp(min=GREEDY)
    uniform = uniform.to(logits.device).unsqueeze(1)
    order = None
    if (how.top_k is not None and how.top_k < logits.shape[1]) or how.top_p is not None:
        scaled, order = scaled.sort(dim=1, descending=True, stable=True)
        scaled = scaled[:, : how.top_k]
    probabilities = scaled.softmax(1)
    cumulated = probabilities.cumsum(1)
    if how.top_p is not None:
        probabilities = probabilities.masked_fill(cumulated - probabilities >= how.top_p, 0)
        cumulated = probabilities.cumsum(1)
        uniform = uniform * cumulated[:, -1:]
    tokens = torch.searchsorted(cumulated, uniform, right=True)  # (B, 1)
    if order is not None:
        tokens = order.gather(1, tokens)
    if min(how.temperatures) < GREEDY:
        tokens = torch.where(temperatures < GREEDY, logits.argmax(1, keepdim=True), tokens)
    return tokens.squeeze(1)
