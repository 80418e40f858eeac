"""The progress bar of a run."""

import math
from typing import Any

from lightning.pytorch import LightningModule, Trainer, callbacks

from charcells.training.record import Record


class ProgressBar(callbacks.TQDMProgressBar):
    """Lightning's progress bar with loss, bits per character and characters/s from the latest row of metrics."""

    def __init__(self, record: Record, refresh_rate: int) -> None:
        super().__init__(refresh_rate=refresh_rate)
        self.record = record

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        latest, shown = self.record.latest, dict[str, Any]()
        if "train/loss" in latest:
            shown["loss"] = f"{latest['train/loss']:.3f}"
            shown["bpc"] = f"{latest['train/loss'] / math.log(2):.3f}"
        if "val/bpc" in latest:
            shown["val_bpc"] = f"{latest['val/bpc']:.3f}"
        if "chars_per_second" in latest:
            shown["chars/s"] = f"{latest['chars_per_second']:,}"
        return shown
