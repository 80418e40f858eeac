"""Loss and accuracy of a model on held-out text.

Legend: B batch, T time, V vocabulary.
"""

import math

import torch.nn.functional as F
from torch import Tensor

from charcells.models.cells import State
from charcells.models.char_rnn import CharRNN


class HeldOutScore:
    """Accumulates loss and accuracy on held-out text, window by window. The loss is summed in float64."""

    def __init__(self) -> None:
        self.state: State = None
        self.nats = 0.0
        self.correct = 0
        self.characters = 0

    def add(self, model: CharRNN, inputs: Tensor, targets: Tensor, scored: Tensor) -> None:
        """Score the targets (B, T) where `scored` (B, T) is True, starting from the final state of the last call."""
        logits, self.state = model(inputs, self.state)
        logits = logits.float().flatten(0, 1)  # (B T, V)
        nats = F.cross_entropy(logits, targets.flatten(), reduction="none")
        correct = logits.argmax(-1) == targets.flatten()
        self.nats += nats[scored.flatten()].cpu().double().sum().item()  # on the CPU, since MPS has no float64
        self.correct += int((correct & scored.flatten()).sum())
        self.characters += int(scored.sum())

    def metrics(self, stage: str) -> dict[str, float]:
        """stage/loss in nats per character, stage/bpc in bits per character, stage/accuracy as a share."""
        loss = self.nats / self.characters
        return {
            f"{stage}/loss": loss,
            f"{stage}/bpc": loss / math.log(2),
            f"{stage}/accuracy": self.correct / self.characters,
        }
