"""When a run is saved and how it is stopped: checkpoints, early stopping, signals."""

import logging
import math
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, callbacks
from lightning.pytorch.plugins.io import TorchCheckpointIO

from charcells.models.checkpoint import write_checkpoint
from charcells.runs.folder import RunFolder
from charcells.signals import Interrupted, StopHandlers
from charcells.training.language_model import CharLM
from charcells.training.record import Record, validation_follows

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS: float = 60
"""A run that is killed loses at most so much of its training."""


class Checkpoints(Callback):
    """Saves last.ckpt once a minute and at each validation, best.ckpt where validation improved; stops when asked to.

    With `trainer.save_every_epoch` the end of epoch n is kept as epoch_n.ckpt.

    A signal to stop is noted when it comes and answered at the end of the batch (or of the validation that follows
    it), where the run can be saved such that it goes on exactly. A second signal does not wait. Ranks that share a run
    stop at the same step, whichever the signal has reached first.

    Args:
        folder: the run folder.
        record: is asked, before each save, whether the model is sound.
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
        # in a thread: the signal may have come in the middle of a line of the same log, which takes no other meanwhile
        message = "stopping at the end of this step, to save the run (once more: stop at once)"
        threading.Thread(target=log.info, args=(message,)).start()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if validation_follows(trainer, batch_idx):
            return
        self._save_epoch(trainer, pl_module)
        due, number = self._agree(trainer)
        if trainer.should_stop:  # there is no held-out text: the best model is the last
            self._save(trainer, self.folder.best)
        if due or trainer.should_stop or number:  # after the best: from a last step nothing makes another best
            self._save(trainer, self.folder.last)
        if number:
            raise Interrupted(number)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, CharLM)
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
        assert isinstance(module, CharLM)
        epochs, steps = divmod(trainer.global_step, module.steps_per_epoch)
        if module.config.trainer.save_every_epoch and steps == 0:
            self._save(trainer, self.folder.epoch(epochs))

    def _save(self, trainer: Trainer, path: Path) -> None:
        self.record.check(trainer)
        trainer.save_checkpoint(path)
        trainer.strategy.barrier()  # no rank is to look for it before
        self._saved = time.monotonic()

    def _agree(self, trainer: Trainer) -> tuple[bool, int]:
        """Whether a checkpoint is due, and the number of the signal to stop, 0 for none: on any rank, so on all."""
        due, number = time.monotonic() - self._saved > CHECKPOINT_SECONDS, self._signal or 0
        if trainer.world_size > 1:
            asked = torch.tensor([int(due), number], device=trainer.strategy.root_device)
            torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
            due, number = bool(asked[0]), int(asked[1])
        return due, number


class CheckpointFiles(TorchCheckpointIO):
    """Writes a checkpoint whole or not at all, and where it lies: Lightning's own goes by the system's /tmp."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        write_checkpoint(checkpoint, Path(path))


class EarlyStopping(callbacks.EarlyStopping):
    """Lightning's, made exact for runs that are resumed: the patience is the configuration's, and a run that was
    interrupted in the very moment it had stopped stays stopped."""

    def __init__(self, patience: int) -> None:
        super().__init__("val/loss", patience=patience, verbose=False, check_on_train_epoch_end=False)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "patience": self.patience})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience
