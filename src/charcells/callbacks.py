"""What happens around training: the run's record of metrics, checkpoints and interruption, samples, the progress bar.

Their order matters and is settled in `charcells.training`: record, early stopping, samples, checkpoints, so that a
checkpoint holds what the others have noted of its step.

Where several devices share a run, these callbacks act on each rank alike, since checks and checkpoints need all of
them; only the first writes.
"""

import csv
import io
import json
import logging
import math
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, callbacks
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import Tensor

from charcells.config import Config, Interrupted, UserError, stop_signals
from charcells.files import replacing, write_atomically
from charcells.generation import TextGenerator
from charcells.module import CharLM, gather
from charcells.vocabulary import Vocabulary

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
"""Of metrics.csv. Losses in nats per character; epochs count from 1; `train/loss` is the mean since the row before,
`grad_norm` that of the row's step before clipping."""

CHECKPOINT_SECONDS: float = 60
"""A run that is killed loses at most so much of its training."""


ABSURD_LOSS = 1e4
"""Nats per character that no model on its way anywhere has: guessing among a million characters costs 14."""

SHOWN = 200
"""Characters of a sample that are printed while training."""


def validation_follows(trainer: Trainer, batch_idx: int) -> bool:
    """Whether Lightning validates after this batch; then the run is to be saved once it has, not before."""
    if not trainer.enable_validation:
        return False
    assert isinstance(trainer.val_check_batch, int)
    return trainer.should_stop or (batch_idx + 1) % trainer.val_check_batch == 0


class Record(Callback):
    """Writes metrics.csv and hands each row to the loggers; stops a run whose loss is no number.

    Args:
        folder: the run folder.
        config: names the characters of a step and how often a row is due.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self.path = folder / "metrics.csv"
        self.config = config
        self.chars_per_step = config.data.batch_size * config.data.seq_len
        self.latest: dict[str, Any] = {}
        self._losses: list[Tensor] = []  # of the steps since the last look at them, which waits for the device
        self._loss_sum = 0.0
        self._loss_count = 0
        self._row: dict[str, Any] | None = None  # waits for the validation that follows
        self._interval: tuple[float, int] | None = None  # (time, step) where the row's interval began
        self._seconds_before = 0.0
        self._began: float | None = None

    def state_dict(self) -> dict[str, Any]:
        assert not self._losses, "a checkpoint is saved after a check"
        return {
            "loss_sum": self._loss_sum,
            "loss_count": self._loss_count,
            "latest": self.latest,
            "seconds": self.train_seconds,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._loss_sum, self._loss_count = state_dict["loss_sum"], state_dict["loss_count"]
        self.latest = state_dict["latest"]
        self._seconds_before = state_dict["seconds"]

    @property
    def train_seconds(self) -> float:
        """Seconds of training with its validations, earlier parts of a resumed run included."""
        return self._seconds_before + (time.monotonic() - self._began if self._began is not None else 0.0)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._began = time.monotonic()
        if trainer.is_global_zero:
            _keep_lines(self.path, lambda line: int(line.split(",")[0]), trainer.global_step, header=",".join(COLUMNS))

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if self._interval is None:
            self._interval = (time.monotonic(), trainer.global_step)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, CharLM)
        step = trainer.global_step
        self._losses.append(outputs["nats"])
        if step == pl_module.total_steps:
            trainer.should_stop = True  # so that Lightning validates once more, wherever in the epoch this is
        waits = validation_follows(trainer, batch_idx)
        if waits or trainer.should_stop or step % self.config.trainer.log_every_n_steps == 0:
            self._row = self._new_row(trainer, pl_module)
            if not waits:
                self._write(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, CharLM)
        if not pl_module.held_out["val/loss"] < ABSURD_LOSS:
            loss = pl_module.held_out["val/loss"]
            raise self._diverged(f"the validation loss after step {trainer.global_step} is {loss:g} nats per character")
        row = self._row = self._row or self._new_row(trainer, pl_module)
        row.update(pl_module.held_out)
        self._write(trainer)
        log.info(
            "epoch %d/%d  step %d  train %s  val %.4f nats = %.4f bits per character  %s characters/s",
            row["epoch"],
            self.config.trainer.max_epochs,
            row["step"],
            f"{row['train/loss']:.4f}" if row["train/loss"] is not None else "-",
            row["val/loss"],
            row["val/bpc"],
            f"{row['chars_per_second']:,}" if row["chars_per_second"] else "-",
        )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._seconds_before, self._began = self.train_seconds, None

    def check(self, trainer: Trainer) -> None:
        """Look at the losses since the last look, and at the weights.

        A step's loss is the mean over the ranks, so that all come to the same result. Raises UserError, naming the
        step, for one that is not finite.
        """
        losses: list[float] = []
        if self._losses:
            ranks = gather(torch.stack(self._losses).tolist(), self.config.trainer.devices)
            losses = [sum(step) / len(step) for step in zip(*ranks, strict=True)]
        self._losses = []
        for step, loss in enumerate(losses, trainer.global_step - len(losses) + 1):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss of step {step} is {loss}")
            self._loss_sum += loss
        self._loss_count += len(losses)
        if not torch.stack([weights.isfinite().all() for weights in trainer.lightning_module.parameters()]).all():
            raise self._diverged(f"the weights after step {trainer.global_step} are not finite")

    def _diverged(self, what: str) -> UserError:
        clips = self.config.trainer.gradient_clip_val is not None
        return UserError(
            f"training diverged: {what}. Try a smaller optimizer.lr than {self.config.optimizer.lr:g}"
            + ("" if clips else ", or trainer.gradient_clip_val=1")
        )

    def _new_row(self, trainer: Trainer, module: CharLM) -> dict[str, Any]:
        self.check(trainer)
        step = trainer.global_step
        speed = None
        if self._interval is not None and step > self._interval[1]:
            characters = (step - self._interval[1]) * self.chars_per_step
            speed = round(characters / (time.monotonic() - self._interval[0]))
        self._interval = None
        loss = self._loss_sum / self._loss_count if self._loss_count else None
        self._loss_sum, self._loss_count = 0.0, 0
        return {
            "step": step,
            "epoch": trainer.current_epoch + 1,
            "chars_seen": step * self.chars_per_step,
            "train/loss": loss,
            "lr": module.lr,
            "grad_norm": module.grad_norm.item() if module.grad_norm is not None else None,
            "chars_per_second": speed,
        }

    def _write(self, trainer: Trainer) -> None:
        assert self._row is not None
        row, self._row = self._row, None
        self.latest.update({key: value for key, value in row.items() if value is not None})
        if not trainer.is_global_zero:
            return
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n").writerow(row)
        for logger in trainer.loggers:
            logger.log_metrics({key: value for key, value in row.items() if value is not None}, step=row["step"])


def _keep_lines(path: Path, step_of: Callable[[str], int], last: int, header: str | None = None) -> None:
    """Drop what was written after step `last`, where the run goes on from, and lines that a kill has damaged."""

    def keep(line: str) -> bool:
        try:
            return step_of(line) <= last
        except (ValueError, KeyError, TypeError):
            return False

    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1] if path.exists() else []
    kept = [line for line in lines if line != header and keep(line)]
    write_atomically(path, "".join(line + "\n" for line in ([header] if header is not None else []) + kept))


class Samples(Callback):
    """Writes a sample to samples.jsonl and to the log: at each validation, without held-out text ten times a run.

    Args:
        folder: the run folder.
        config: `samples` says what to write. Each sample is drawn with the run's seed, so that they differ by training
            alone.
        vocabulary: of the model.
        prompts: what the samples begin with.
        record: is asked, before the samples, whether the model is sound.
    """

    def __init__(
        self, folder: Path, config: Config, vocabulary: Vocabulary, prompts: list[str], record: Record
    ) -> None:
        self.path = folder / "samples.jsonl"
        self.config = config.samples
        self.seed = config.seed
        self.chars_per_step = config.data.batch_size * config.data.seq_len
        self.vocabulary = vocabulary
        self.prompts = prompts
        self.record = record

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            _keep_lines(self.path, lambda line: json.loads(line)["step"], trainer.global_step)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, CharLM)
        every = -(-pl_module.total_steps // 10)
        if not trainer.enable_validation and (trainer.global_step % every == 0 or trainer.should_stop):
            self._write(trainer, pl_module)

    def _write(self, trainer: Trainer, module: LightningModule) -> None:
        assert isinstance(module, CharLM)
        config = self.config
        if config.length == 0:
            return
        self.record.check(trainer)
        if not trainer.is_global_zero:
            return
        training = module.model.training
        module.model.eval()
        for prompt in self.prompts:
            text = TextGenerator(module.model, self.vocabulary, prompt).generate(
                length=config.length, temperature=config.temperature, top_k=config.top_k, seed=self.seed
            )
            record = {
                "step": trainer.global_step,
                "chars_seen": trainer.global_step * self.chars_per_step,
                "prompt": prompt,
                "temperature": config.temperature,
                "top_k": config.top_k,
                "text": text,
            }
            # a lone surrogate, which UTF-8 does not have, becomes its JSON escape
            with open(self.path, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
            beginning = text[:SHOWN].replace("\n", "⏎ ").encode("utf-8", "backslashreplace").decode()
            log.info("sample at step %d: %s", record["step"], beginning)
        module.model.train(training)


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

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder = folder / "checkpoints"
        self.record = record
        self.best_loss = math.inf
        self.best: dict[str, float] = {}
        self._saved = time.monotonic()
        self._signal: int | None = None
        self._handlers: dict[int, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        return {"best_loss": self.best_loss, "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best_loss, self.best = state_dict["best_loss"], state_dict["best"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.folder.mkdir(exist_ok=True)
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._note) for number in stop_signals()}

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        self._restore_handlers()
        # in a thread: the signal may have come in the middle of a line of the same log, which takes no other meanwhile
        told = "stopping at the end of this step, to save the run (once more: stop at once)"
        threading.Thread(target=log.info, args=(told,)).start()

    def _restore_handlers(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if validation_follows(trainer, batch_idx):
            return
        self._save_epoch(trainer, pl_module)
        due, number = self._agree(trainer)
        if trainer.should_stop:  # there is no held-out text: the best model is the last
            self._save(trainer, "best.ckpt")
        if due or trainer.should_stop or number:  # after the best: from a last step nothing makes another best
            self._save(trainer, "last.ckpt")
        if number:
            raise Interrupted(128 + number)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, CharLM)
        loss = pl_module.held_out["val/loss"]
        if loss < self.best_loss:
            self.best_loss, self.best = loss, {**pl_module.held_out, "best_step": trainer.global_step}
            self._save(trainer, "best.ckpt")
        self._save_epoch(trainer, pl_module)
        self._save(trainer, "last.ckpt")
        _, number = self._agree(trainer)
        if number:
            raise Interrupted(128 + number)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._restore_handlers()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._restore_handlers()

    def _save_epoch(self, trainer: Trainer, module: LightningModule) -> None:
        assert isinstance(module, CharLM)
        epochs, steps = divmod(trainer.global_step, module.steps_per_epoch)
        if module.config.trainer.save_every_epoch and steps == 0:
            self._save(trainer, f"epoch_{epochs:04d}.ckpt")

    def _save(self, trainer: Trainer, name: str) -> None:
        self.record.check(trainer)
        trainer.save_checkpoint(self.folder / name)
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
        content = io.BytesIO()  # written to a file, PyTorch would answer a full disk with a RuntimeError of its own
        torch.save(checkpoint, content)
        with replacing(Path(path)) as file:
            file.write(content.getbuffer())


class EarlyStopping(callbacks.EarlyStopping):
    """Lightning's, made exact for runs that are resumed: the patience is the configuration's, and a run that was
    interrupted in the very moment it had stopped stays stopped."""

    def __init__(self, patience: int) -> None:
        super().__init__("val/loss", patience=patience, verbose=False, check_on_train_epoch_end=False)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "patience": self.patience})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience


class ProgressBar(callbacks.TQDMProgressBar):
    """Lightning's bar with loss, bits per character and characters/s of the record's latest row."""

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
