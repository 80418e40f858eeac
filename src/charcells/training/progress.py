"""The progress bar of a run."""

import math
import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer, callbacks

from charcells.training.language_model import CharLM
from charcells.training.record import Record


class ProgressBar(callbacks.TQDMProgressBar):
    """Lightning's progress bar, with epochs counted from 1, loss, bits per character and characters/s from the latest
    row of metrics, and the time that the whole run still takes."""

    def __init__(self, record: Record, refresh_rate: int) -> None:
        super().__init__(refresh_rate=refresh_rate)
        self.record = record
        self._started = (0, 0.0)
        """Step and time at which this process began to train."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._started = trainer.global_step, time.monotonic()

    def on_train_epoch_start(self, trainer: Trainer, *_: Any) -> None:
        super().on_train_epoch_start(trainer)
        assert isinstance(trainer.lightning_module, CharLM)
        epochs = math.ceil(trainer.max_steps / trainer.lightning_module.steps_per_epoch)  # that of the last step
        self.train_progress_bar.set_description(f"epoch {trainer.current_epoch + 1}/{epochs}")

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
        step, start = self._started
        if trainer.global_step > step:
            each = (time.monotonic() - start) / (trainer.global_step - step)
            minutes, seconds = divmod(round(each * (trainer.max_steps - trainer.global_step)), 60)
            shown["left"] = f"{minutes}:{seconds:02}"
        return shown
