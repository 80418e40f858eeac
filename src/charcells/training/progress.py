"""The progress bar of a run."""

import math
import sys
import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer, callbacks
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm

from charcells.training.record import Record
from charcells.training.run_module import RunModule


class ProgressBar(callbacks.ProgressBar):
    """One bar from the first step of a run to its last, with the epoch, the time left and the latest figures.

    Args:
        record: has the latest row of metrics.
        refresh_rate: steps between two updates of the bar.
    """

    def __init__(self, record: Record, refresh_rate: int) -> None:
        super().__init__()
        self.record = record
        self.refresh_rate = refresh_rate
        self._bar: Tqdm | None = None
        self._enabled = True
        self._start = (0, 0.0)  # step and time

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, RunModule)
        self._start = (trainer.global_step, time.monotonic())
        self._bar = Tqdm(
            total=pl_module.length.total_steps,
            initial=trainer.global_step,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]",
            disable=not self._enabled,
            dynamic_ncols=True,
            file=sys.stderr,
        )
        self._show(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, RunModule)
        if trainer.global_step % self.refresh_rate == 0 or trainer.global_step == pl_module.length.total_steps:
            self._show(trainer, pl_module)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._show(trainer, pl_module, ", validating")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._show(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _show(self, trainer: Trainer, module: LightningModule, doing: str = "") -> None:
        if self._bar is None:
            return
        assert isinstance(module, RunModule)
        left = seconds_left(trainer, module.length.total_steps, *self._start)
        self._bar.n = trainer.global_step
        self._bar.set_description_str(f"epoch {trainer.current_epoch + 1}/{module.length.epochs}{doing}", refresh=False)
        figures = ", ".join(f"{name} {value}" for name, value in latest_figures(self.record.latest).items())
        shown = [*([f"{Tqdm.format_interval(left)} left"] if left is not None else []), *([figures] if figures else [])]
        self._bar.set_postfix_str(", ".join(shown), refresh=False)
        self._bar.refresh()


def seconds_left(trainer: Trainer, total_steps: int, first_step: int, start: float) -> float | None:
    """Seconds to the end of the run, from the mean of the steps since `first_step`; None before the first one.

    The time that trainer.max_time still allows is an upper limit.
    """
    done = trainer.global_step - first_step
    seconds = (time.monotonic() - start) / done * (total_steps - trainer.global_step) if done > 0 else None
    timers = [callback for callback in trainer.callbacks if isinstance(callback, callbacks.Timer)]  # type: ignore[attr-defined]
    limits = [limit for timer in timers if (limit := timer.time_remaining()) is not None]
    known = [each for each in (seconds, *limits) if each is not None]
    return max(0.0, min(known)) if known else None


def latest_figures(latest: dict[str, Any]) -> dict[str, str]:
    """The figures of the bar, from the latest row of metrics."""
    shown = {}
    if "train/loss" in latest:
        shown["loss"] = f"{latest['train/loss']:.3f}"
    if "train/loss" in latest and "reviews_seen" not in latest:
        shown["bpc"] = f"{latest['train/loss'] / math.log(2):.3f}"
    if "val/bpc" in latest:
        shown["val_bpc"] = f"{latest['val/bpc']:.3f}"
    if "val/accuracy" in latest and "reviews_seen" in latest:
        shown["val_accuracy"] = f"{latest['val/accuracy']:.1%}"
    if "reviews_per_second" in latest:
        shown["reviews/s"] = f"{latest['reviews_per_second']:,}"
    if "chars_per_second" in latest:
        shown["chars/s"] = f"{latest['chars_per_second']:,}"
    return shown
