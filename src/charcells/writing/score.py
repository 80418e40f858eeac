"""Scoring a text: how much each of its characters surprises a model, in bits.

Legend: N characters of a text, T characters read at a time, V vocabulary.
"""

import dataclasses
import math
import re
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from charcells.writing.generator import TextGenerator

READ_LENGTH = 1024
"""Characters that the model reads at a time. The state is carried over, so the surprise does not depend on it."""


@dataclasses.dataclass(frozen=True)
class Score:
    """A text of N characters and the bits of each, (N,): -log2 of its probability after all characters before it."""

    text: str
    bits: NDArray[np.float64]

    @property
    def bpc(self) -> float:
        """The mean, in bits per character. Its difference from a run's test/bpc is that of the texts."""
        return float(self.bits.mean())

    def lines(self) -> list[tuple[str, float]]:
        """Each line, without its line feed, and its mean in bits per character, the line feed included."""
        found, start = [], 0
        for line in re.findall(r"[^\n]*\n|[^\n]+", self.text):
            found.append((line.rstrip("\n"), float(self.bits[start : start + len(line)].mean())))
            start += len(line)
        return found


@torch.no_grad()
def surprise(generator: "TextGenerator", prompt: str, text: str) -> NDArray[np.float64]:
    """-log2 p(character | prompt and all characters before it) for each character of a text, in bits, (N,).

    p is the model's own probability: at temperature 1, among all characters, with unrounded weights, however the text
    was drawn. Prompt characters that are not in the vocabulary are left out. If none remain, the run's own prompt is
    read, as in TextGenerator.
    """
    known = "".join(character for character in prompt if character in generator.vocabulary) or generator.prompt
    device = generator.model.output.weight.device
    tokens = torch.from_numpy(generator.vocabulary.encode(known + text)).long().to(device)
    bits, state = [], None
    for start in range(0, len(tokens) - 1, READ_LENGTH):
        part = tokens[start : start + READ_LENGTH + 1]  # (T + 1,)
        logits, state = generator.model(part[:-1].unsqueeze(0), state)  # (1, T, V)
        log_p = logits[0].double().log_softmax(1).gather(1, part[1:].unsqueeze(1)).squeeze(1)  # (T,)
        bits.append(-log_p / math.log(2))
    return torch.cat(bits)[len(known) - 1 :].cpu().numpy()
