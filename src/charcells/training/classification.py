"""Telling two kinds of texts apart as LightningModules: the loss of a classifier, and its score on held-out texts.

Losses are in nats per text: binary cross-entropy.

Legend: B batch, T time, R reviews.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from charcells.models.checkpoint import ClassifierDescription
from charcells.models.classifier import Classifier
from charcells.training.run_module import RunModule
from charcells.training.scored import ScoredModule


class ReviewScore:
    """Accumulates the logits of a classifier on held-out texts."""

    def __init__(self) -> None:
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []

    def add(self, model: Classifier, tokens: Tensor, lengths: Tensor, labels: Tensor) -> None:
        """Score a batch: tokens (B, T), lengths (B,) and labels (B,), 0 or 1."""
        # on the CPU, since MPS has no float64
        self._logits.append(model(tokens, lengths).float().cpu().double())
        self._labels.append(labels.cpu().double())

    @property
    def logits(self) -> Tensor:
        """Of all texts, (R,), in the order in which they were added."""
        return torch.cat(self._logits)

    def metrics(self, stage: str) -> dict[str, float]:
        """stage/loss in nats per text, stage/accuracy as a share, and stage/auc.

        The latter is the area under the receiver operating characteristic: the share of pairs of a text of either label
        in which that of the second has the larger logit (ties count half). It is missing if there is only one label.
        """
        logits, labels = self.logits, torch.cat(self._labels)
        figures = {
            f"{stage}/loss": F.binary_cross_entropy_with_logits(logits, labels).item(),
            f"{stage}/accuracy": ((logits > 0) == (labels > 0)).double().mean().item(),
        }
        positive = int(labels.sum())
        negative = len(labels) - positive
        if positive and negative:
            from scipy.stats import rankdata  # the import takes a second

            ranks = torch.from_numpy(rankdata(logits.numpy()))[labels > 0].sum().item()
            # Mann and Whitney's U, as a share of all pairs
            figures[f"{stage}/auc"] = (ranks - positive * (positive + 1) / 2) / (positive * negative)
        return figures


class ReviewModel(ScoredModule):
    """The training loss of a Classifier, and its score on held-out texts."""

    def new_score(self) -> ReviewScore:
        return ReviewScore()

    def describe_validation(self) -> str:
        return f"val {self.held_out['val/loss']:.4f} nats, accuracy {self.held_out['val/accuracy']:.1%}"

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        tokens, lengths, labels = batch  # (B, T), (B,), (B,)
        nats = F.binary_cross_entropy_with_logits(self.model(tokens, lengths), labels)
        return {"loss": nats, "nats": nats.detach()}


class ReviewRunModule(RunModule, ReviewModel):
    """Trains a Classifier as a configuration says."""

    description: ClassifierDescription
