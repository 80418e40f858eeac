"""The record of a run: writes metrics.csv, and stops the run if it diverges."""

import csv
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from charcells.config import Config
from charcells.errors import UserError
from charcells.files import write_atomically
from charcells.runs.folder import RunFolder
from charcells.runs.summary import DIVERGED
from charcells.training.length import NAMES
from charcells.training.ranks import gather
from charcells.training.run_module import RunModule

log = logging.getLogger(__name__)

COLUMNS = (
    "step",
    "epoch",
    "chars_seen",
    "train/loss",
    "val/loss",
    "val/bpc",
    "val/accuracy",
    "lr",
    "grad_norm",
    "chars_per_second",
)
"""Columns of metrics.csv. Losses are in nats per character, and epochs count from 1. `train/loss` is the mean since the
previous row; `grad_norm` is the norm at the row's step, before clipping."""

REVIEW_COLUMNS = (
    "step",
    "epoch",
    "reviews_seen",
    "train/loss",
    "val/loss",
    "val/accuracy",
    "val/auc",
    "lr",
    "grad_norm",
    "reviews_per_second",
)
"""Columns of metrics.csv of a classifier. Losses are in nats per review."""

MAX_LOSS = 1e4
"""Validation loss, in nats per character, above which a run counts as diverged. Guessing among a million characters
gives 14."""


def validation_follows(trainer: Trainer, batch_idx: int) -> bool:
    """Whether Lightning validates after this batch. If so, the run is saved after the validation, not before it."""
    if not trainer.enable_validation:
        return False
    assert isinstance(trainer.val_check_batch, int)
    # an interval in batches is counted through the epochs, one in epochs from the beginning of each
    batches = batch_idx + 1 if trainer.check_val_every_n_epoch is not None else trainer.fit_loop.total_batch_idx + 1
    return trainer.should_stop or batches % trainer.val_check_batch == 0


class Record(Callback):
    """Writes metrics.csv, passes each row to the loggers, and stops a run whose loss or weights are not finite.

    Args:
        folder: the run folder.
        config: determines the steps between rows.
    """

    def __init__(self, folder: RunFolder, config: Config) -> None:
        self.path = folder.metrics
        self.config = config
        self.columns = REVIEW_COLUMNS if config.task == "classify" else COLUMNS
        self.latest: dict[str, Any] = {}
        self._losses: list[tuple[int, Tensor]] = []  # (step, loss) not read yet: reading waits for the device
        self._loss_sum = 0.0
        self._loss_count = 0
        self._row: dict[str, Any] | None = None  # to be completed by the validation that follows
        self._interval: tuple[float, int] | None = None  # (time, step) at the start of the row's interval
        self._earlier_seconds = 0.0  # of the parts of the run before it was resumed
        self._start_time: float | None = None

    def state_dict(self) -> dict[str, Any]:
        assert not self._losses, "check() must be called before a checkpoint is saved"
        return {
            "loss_sum": self._loss_sum,
            "loss_count": self._loss_count,
            "latest": self.latest,
            "seconds": self.train_seconds,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._loss_sum, self._loss_count = state_dict["loss_sum"], state_dict["loss_count"]
        self.latest = state_dict["latest"]
        self._earlier_seconds = state_dict["seconds"]

    @property
    def train_seconds(self) -> float:
        """Seconds of training and validation, including the earlier parts of a resumed run."""
        running = time.monotonic() - self._start_time if self._start_time is not None else 0.0
        return self._earlier_seconds + running

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._start_time = time.monotonic()
        if trainer.is_global_zero:
            keep_lines(
                self.path, lambda line: int(line.split(",")[0]), trainer.global_step, header=",".join(self.columns)
            )

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if self._interval is None:
            self._interval = (time.monotonic(), trainer.global_step)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, RunModule)
        step = trainer.global_step
        self._losses.append((step + pl_module.within_step, outputs["nats"]))
        if pl_module.within_step:
            return
        if step == pl_module.length.total_steps:
            trainer.should_stop = True  # makes Lightning validate once more, even within an epoch
        validation_next = validation_follows(trainer, batch_idx)
        if validation_next or trainer.should_stop or step % self.config.trainer.log_every_n_steps == 0:
            self._row = self._new_row(trainer, pl_module)
            if not validation_next:
                self._write(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, RunModule)
        if not pl_module.held_out["val/loss"] < MAX_LOSS:  # also catches NaN
            loss = pl_module.held_out["val/loss"]
            each = "review" if self.config.task == "classify" else "character"
            raise self._diverged(f"the validation loss after step {trainer.global_step} is {loss:g} nats per {each}")
        counted = pl_module.length.counted
        row = self._row = self._row or self._new_row(trainer, pl_module)
        row.update(pl_module.held_out)
        self._write(trainer)
        log.info(
            "epoch %d/%d  step %d  train %s  %s  %s %s/s",
            row["epoch"],
            pl_module.length.epochs,
            row["step"],
            f"{row['train/loss']:.4f}" if row["train/loss"] is not None else "-",
            pl_module.describe_validation(),
            f"{row[f'{counted}_per_second']:,}" if row[f"{counted}_per_second"] else "-",
            NAMES[counted],
        )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._earlier_seconds, self._start_time = self.train_seconds, None

    def check(self, trainer: Trainer) -> None:
        """Check the losses since the last check, and the weights. Raises UserError if any of them is not finite.

        The loss of a batch is averaged over the ranks, so that all ranks reach the same result. All ranks must call it.
        """
        steps = [step for step, _ in self._losses]
        losses: list[float] = []
        if self._losses:
            ranks = gather(torch.stack([loss for _, loss in self._losses]).tolist(), self.config.trainer.devices)
            losses = [sum(batch) / len(batch) for batch in zip(*ranks, strict=True)]
        self._losses = []
        for step, loss in zip(steps, losses, strict=True):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss of step {step} is {loss}")
            self._loss_sum += loss
        self._loss_count += len(losses)
        if not torch.stack([weights.isfinite().all() for weights in trainer.lightning_module.parameters()]).all():
            raise self._diverged(f"the weights after step {trainer.global_step} are not finite")

    def _diverged(self, what: str) -> UserError:
        clips = self.config.trainer.gradient_clip_val is not None
        return UserError(
            f"{DIVERGED}: {what}. Try a smaller optimizer.lr than {self.config.optimizer.lr:g}"
            + ("" if clips else ", or trainer.gradient_clip_val=1")
        )

    def _new_row(self, trainer: Trainer, module: RunModule) -> dict[str, Any]:
        self.check(trainer)
        step = trainer.global_step
        speed = None
        if self._interval is not None and step > self._interval[1]:
            read = module.length.seen(step) - module.length.seen(self._interval[1])
            speed = round(read / (time.monotonic() - self._interval[0]))
        self._interval = None
        loss = self._loss_sum / self._loss_count if self._loss_count else None
        self._loss_sum, self._loss_count = 0.0, 0
        return {
            "step": step,
            "epoch": trainer.current_epoch + 1,
            f"{module.length.counted}_seen": module.length.seen(step),
            "train/loss": loss,
            "lr": module.lr,
            "grad_norm": module.grad_norm.item() if module.grad_norm is not None else None,
            f"{module.length.counted}_per_second": speed,
        }

    def _write(self, trainer: Trainer) -> None:
        assert self._row is not None
        row, self._row = self._row, None
        self.latest.update({key: value for key, value in row.items() if value is not None})
        if not trainer.is_global_zero:
            return
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self.columns, restval="", lineterminator="\n").writerow(row)
        for logger in trainer.loggers:
            logger.log_metrics({key: value for key, value in row.items() if value is not None}, step=row["step"])


def keep_lines(path: Path, step_of: Callable[[str], int], last: int, header: str | None = None) -> None:
    """Remove lines after step `last`, from which the run continues, and lines that a kill has damaged."""

    def keep(line: str) -> bool:
        try:
            return step_of(line) <= last
        except (ValueError, KeyError, TypeError):
            return False

    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1] if path.exists() else []
    kept = [line for line in lines if line != header and keep(line)]
    write_atomically(path, "".join(line + "\n" for line in ([header] if header is not None else []) + kept))
