"""Saving and stopping a run: checkpoints, early stopping, stop signals."""

import logging
import math
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, callbacks
from lightning.pytorch.plugins.io import TorchCheckpointIO

from charcells.models.checkpoint import write_checkpoint
from charcells.runs.folder import RunFolder
from charcells.signals import Interrupted, StopHandlers
from charcells.training.record import Record, validation_follows
from charcells.training.run_module import RunModule

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS: float = 60
"""Seconds between checkpoints: the most training time that a kill can cost."""


class Checkpoints(Callback):
    """Saves checkpoints, and stops the run on a stop signal.

    last.ckpt is saved once a minute and at each validation, best.ckpt when the validation loss has improved. With
    `trainer.save_every_epoch` the end of epoch n is also saved as epoch_n.ckpt.

    A stop signal takes effect at the end of the step, or of the validation that follows it, because only there can the
    run be saved for an exact resume. A second signal stops at once. All ranks of a run stop at the same step, whichever
    of them received the signal.

    Args:
        folder: the run folder.
        record: checks for divergence before each save.
    """

    def __init__(self, folder: RunFolder, record: Record) -> None:
        self.folder = folder
        self.record = record
        self.best_loss = math.inf
        self.best: dict[str, float] = {}
        self._saved = time.monotonic()
        self._signal: int | None = None
        self._handlers = StopHandlers(self._note)

    def state_dict(self) -> dict[str, Any]:
        return {"best_loss": self.best_loss, "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best_loss, self.best = state_dict["best_loss"], state_dict["best"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.folder.checkpoints.mkdir(exist_ok=True)
        self._handlers.install()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        self._handlers.restore()
        # In a thread, because the signal may have interrupted a write to the same log, which cannot be re-entered.
        message = "stopping at the end of this step to save the run (repeat to stop at once)"
        threading.Thread(target=log.info, args=(message,)).start()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, RunModule)
        # within a step the gradients of its first batches would have to be saved, too
        if validation_follows(trainer, batch_idx) or pl_module.within_step:
            return
        self._save_epoch(trainer, pl_module)
        save_due, number = self._agree(trainer)
        # no validation follows, so there is no held-out text: the last model counts as the best
        if trainer.should_stop:
            self._save(trainer, self.folder.best)
        # last.ckpt after best.ckpt: a run that is resumed from its last step would never write best.ckpt
        if save_due or trainer.should_stop or number:
            self._save(trainer, self.folder.last)
        if number:
            raise Interrupted(number)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, RunModule)
        loss = pl_module.held_out["val/loss"]
        if loss < self.best_loss:
            self.best_loss, self.best = loss, {**pl_module.held_out, "best_step": trainer.global_step}
            self._save(trainer, self.folder.best)
        self._save_epoch(trainer, pl_module)
        self._save(trainer, self.folder.last)
        _, number = self._agree(trainer)
        if number:
            raise Interrupted(number)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._handlers.restore()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._handlers.restore()

    def _save_epoch(self, trainer: Trainer, module: LightningModule) -> None:
        assert isinstance(module, RunModule)
        epochs, steps = divmod(trainer.global_step, module.length.steps_per_epoch)
        if module.config.trainer.save_every_epoch and steps == 0:
            self._save(trainer, self.folder.epoch(epochs))

    def _save(self, trainer: Trainer, path: Path) -> None:
        self.record.check(trainer)
        trainer.save_checkpoint(path)
        trainer.strategy.barrier()  # no rank may look for the file before it is complete
        self._saved = time.monotonic()

    def _agree(self, trainer: Trainer) -> tuple[bool, int]:
        """Whether a checkpoint is due, and the stop signal or 0.

        The ranks take the maximum, so that all do the same.
        """
        save_due, number = time.monotonic() - self._saved > CHECKPOINT_SECONDS, self._signal or 0
        if trainer.world_size > 1:
            asked = torch.tensor([int(save_due), number], device=trainer.strategy.root_device)
            torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
            save_due, number = bool(asked[0]), int(asked[1])
        return save_due, number


class CheckpointFiles(TorchCheckpointIO):
    """Writes checkpoints atomically, with the draft beside the final file. Lightning's own goes through /tmp."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        write_checkpoint(checkpoint, Path(path))


class Timer(callbacks.Timer):
    """Lightning's Timer, which stops a run between two steps only, where it can be saved."""

    def __init__(self, limit: timedelta) -> None:
        super().__init__(limit, verbose=False)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any, **kwargs: Any) -> None:
        assert isinstance(pl_module, RunModule)
        if not pl_module.within_step:
            super().on_train_batch_end(trainer, pl_module, *args, **kwargs)


class EarlyStopping(callbacks.EarlyStopping):
    """Lightning's EarlyStopping, made exact for resumed runs.

    The patience is that of the current configuration, not the saved one. A run that was interrupted just after early
    stopping had ended it does not train any further.
    """

    def __init__(self, patience: int) -> None:
        super().__init__("val/loss", patience=patience, verbose=False, check_on_train_epoch_end=False)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "patience": self.patience})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience
