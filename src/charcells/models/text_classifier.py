"""TextClassifier: which of two labels any text has, by a trained classifier.

Legend: R texts.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from charcells.data.reviews import HeldOutReviews
from charcells.models.checkpoint import ClassifierCheckpoint, read_classifier
from charcells.runs.folder import checkpoint_file
from charcells.text.review_units import UNITS


class TextClassifier:
    """Reads texts as the run has read its reviews. `labels` are the two labels, `units` what a token is.

    Args:
        checkpoint: of a classifier.
    """

    def __init__(self, checkpoint: ClassifierCheckpoint) -> None:
        self.labels = checkpoint.description.labels
        self.model = checkpoint.model()
        self.units = checkpoint.description.units
        self._split = UNITS[self.units]
        self._vocabulary = checkpoint.vocabulary
        self._max_length = checkpoint.description.max_length

    @torch.inference_mode()
    def probabilities(self, texts: Sequence[str]) -> list[float]:
        """The probability of the second label for each text. A text gets the same alone and among others, to 1e-6."""
        encoded = (self._vocabulary.encode(self._split(text), self._max_length) for text in texts)
        batches = HeldOutReviews([torch.tensor(tokens) for tokens in encoded], torch.zeros(len(texts)))
        found = torch.zeros(len(texts))  # (R,)
        found[batches.order] = torch.cat([self.model(tokens, lengths) for tokens, lengths, _ in batches]).sigmoid()
        return found.tolist()

    @torch.inference_mode()
    def beginnings(self, text: str) -> tuple[list[str], list[float]]:
        """The T units that are read of a text, and the log-odds of the second label after none, one, ..., all of them.

        Log-odds are in nats: 0 if both labels are as likely, positive if the second is likelier.
        """
        units = self._split(text)[-self._max_length :]
        tokens = torch.tensor(self._vocabulary.encode(units, self._max_length))
        return units, self.model.beginnings(tokens)[: len(units) + 1].tolist()

    def label(self, probability: float) -> str:
        """The likelier label, given the probability of the second."""
        return self.labels[1] if probability > 0.5 else self.labels[0]


def load_classifier(run: Path | str) -> TextClassifier:
    """The classifier of a run folder or a checkpoint. Raises UserError if there is none, or it is a language model."""
    return TextClassifier(read_classifier(checkpoint_file(run)))
