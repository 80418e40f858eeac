"""Writes the validation reviews of which a classifier is surest and least sure to samples.jsonl."""

import json
import logging
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from charcells.config import Config
from charcells.data.reviews import ReviewDataModule
from charcells.runs.folder import RunFolder
from charcells.training.classification import ReviewRunModule, ReviewScore
from charcells.training.record import Record, keep_lines

log = logging.getLogger(__name__)

EACH = 3
"""Reviews of either kind at each validation."""


class ReviewSamples(Callback):
    """Writes reviews at each validation: `surest`, right or wrong, and `least sure`.

    Args:
        folder: the run folder.
        config: `samples.length` is how much of each review is written, in characters; 0: no reviews.
        data: has the validation reviews.
        record: checks for divergence before reviews are written.
    """

    def __init__(self, folder: RunFolder, config: Config, data: ReviewDataModule, record: Record) -> None:
        self.path = folder.samples
        self.length = config.samples.length
        self.data = data
        self.record = record

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        keep_lines(self.path, lambda line: json.loads(line)["step"], trainer.global_step)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, ReviewRunModule) and isinstance(pl_module.score, ReviewScore)
        if self.length == 0:
            return
        self.record.check(trainer)
        samples = self._samples(pl_module.score.logits)
        seen = {"step": trainer.global_step, "reviews_seen": pl_module.length.seen(trainer.global_step)}
        # UTF-8 cannot encode a lone surrogate; backslashreplace turns it into a valid JSON escape
        with open(self.path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(json.dumps({**seen, **sample}, ensure_ascii=False) + "\n" for sample in samples)
        for sample in samples[:1]:
            beginning = sample["text"][:100].encode("utf-8", "backslashreplace").decode()
            log.info(
                "surest at step %d: predicted %s, p=%.3f, true %s: %s",
                seen["step"],
                sample["predicted"],
                sample["probability"],
                sample["label"],
                beginning,
            )

    def _samples(self, logits: torch.Tensor) -> list[dict[str, Any]]:
        """The EACH surest reviews and the EACH least sure ones, given the logits (R,) in the order of the batches."""
        order, reviews = self.data.val_dataloader().order, self.data.split.val
        by_sureness = logits.abs().argsort(descending=True, stable=True).tolist()
        each = min(EACH, (len(by_sureness) + 1) // 2)
        chosen = [("surest", place) for place in by_sureness[:each]]
        chosen += [("least sure", place) for place in by_sureness[each:][::-1][:each]]
        samples = []
        for kind, place in chosen:
            review = reviews[int(order[place])]
            samples.append(
                {
                    "kind": kind,
                    "label": review.label,
                    "predicted": self.data.split.labels[int(logits[place] > 0)],
                    "probability": round(logits[place].abs().sigmoid().item(), 6),  # of the predicted label
                    "text": review.text[: self.length],
                }
            )
        return samples
