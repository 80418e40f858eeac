"""CharLM: how a CharRNN is trained and scored, and what a checkpoint holds.

Truncated backpropagation through time: each window starts from the state that the one before ended with, and gradients
stop there. Losses are nats per character, bpc is bits per character, nats / ln 2.

Where several devices share a run, each rank trains on its rows of every batch, and the mean of their gradients is that
of the batch. A checkpoint holds the state of the whole batch and the random state of each rank.

Legend: B batch, T time, V vocabulary, H hidden, L layers.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from charcells.cells import State
from charcells.config import Config, SchedulerConfig
from charcells.generation import Description
from charcells.model import CharRNN, detach, to_device

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "sgd": torch.optim.SGD,
}

Value = TypeVar("Value")


def gather(value: Value, devices: int) -> list[Value]:
    """What each rank has, in their order. All ranks must ask, and wait here for one another. Tensors: on the CPU."""
    if devices == 1:
        return [value]
    values = [value] * devices
    torch.distributed.all_gather_object(values, value)
    return values


def join_rows(states: Sequence[State]) -> State:
    """The state of a batch, (L, B, H) or a pair of them, from the states of its parts; None where they are None."""
    if isinstance(states[0], tuple):
        return tuple(torch.cat(parts, 1) for parts in zip(*states, strict=True))
    return torch.cat(list(states), 1) if states[0] is not None else None


def rows_of_rank(state: State, rank: int, world_size: int) -> State:
    """The part of a batch's state that belongs to a rank: what `join_rows` has joined, or None."""
    if isinstance(state, tuple):
        return tuple(rows_of_rank(part, rank, world_size) for part in state)
    return state.chunk(world_size, 1)[rank].contiguous() if state is not None else None


class HeldOutScore:
    """The score of a model on held-out text, gathered window by window in float64."""

    def __init__(self) -> None:
        self.state: State = None
        self.nats = 0.0
        self.correct = 0
        self.characters = 0

    def add(self, model: CharRNN, inputs: Tensor, targets: Tensor, scored: Tensor) -> None:
        """Score the targets (B, T) where `scored` (B, T) says so, going on from the state of the last call."""
        logits, self.state = model(inputs, self.state)
        logits = logits.float().flatten(0, 1)  # (B T, V)
        nats = F.cross_entropy(logits, targets.flatten(), reduction="none")
        correct = logits.argmax(-1) == targets.flatten()
        self.nats += nats[scored.flatten()].cpu().double().sum().item()  # not every device has float64
        self.correct += int((correct & scored.flatten()).sum())
        self.characters += int(scored.sum())

    def metrics(self, stage: str) -> dict[str, float]:
        """stage/loss in nats per character, stage/bpc in bits per character, stage/accuracy as a share."""
        loss = self.nats / self.characters
        return {
            f"{stage}/loss": loss,
            f"{stage}/bpc": loss / math.log(2),
            f"{stage}/accuracy": self.correct / self.characters,
        }


class CharLM(LightningModule):
    """Trains a CharRNN.

    Args:
        model: what is trained.
        config: optimizer, scheduler and whether state is carried are read from it.
        description: what the checkpoints say of themselves.
        steps_per_epoch: batches that an epoch has. Lightning's own count may not be asked for: it would set up the
            data before a checkpoint is restored, and the position in the text would be lost.
    """

    def __init__(self, model: CharRNN, config: Config, description: Description, steps_per_epoch: int) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.description = description
        self.steps_per_epoch = steps_per_epoch
        self.total_steps = total_steps(config, steps_per_epoch)
        carry_state = config.data.carry_state
        self.carry_state = config.data.sampling == "streams" if carry_state is None else carry_state
        self.train_state: State = None
        self.score = HeldOutScore()
        self.held_out: dict[str, float] = {}
        """The metrics of the last validation or test."""
        self.grad_norm: Tensor | None = None
        """Norm of the last gradient before clipping."""
        self.lr = config.optimizer.lr
        """Learning rate of the last step."""
        self._plateau: ReduceLROnPlateau | None = None
        self._restored: dict[str, Any] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_current_fx_name":  # set by Lightning some forty times a step; PyTorch would look for weights in it
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        inputs, targets = batch  # (B, T) each
        if batch_idx == 0 or not self.carry_state:
            self.train_state = None
        logits, state = self.model(inputs, self.train_state)
        self.train_state = detach(state)
        nats = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        # gradients become the mean over the devices: of sums over their rows, the sum over the batch is wanted
        factor = targets.numel() * self.config.trainer.devices
        summed = self.config.trainer.loss_reduction == "sum"
        return {"loss": nats * factor if summed else nats, "nats": nats.detach()}

    def on_train_start(self) -> None:
        rank, devices = self.global_rank, self.config.trainer.devices
        if rank > 0:  # other dropout than on the first, which goes on from the initial weights as a single device does
            torch.manual_seed(self.config.seed + 1_000_003 * rank)
        if self._restored:
            self.train_state = rows_of_rank(self._restored["train_state"], rank, devices)
            if self.train_state is not None:
                self.train_state = to_device(self.train_state, self.device)
            random = self._restored["random"][rank]
            torch.set_rng_state(random["cpu"])
            if random["cuda"] is not None and self.device.type == "cuda":
                torch.cuda.set_rng_state(random["cuda"], self.device)
            if self._plateau is not None:
                self._plateau.load_state_dict(self._restored["plateau"])
            self._restored = {}

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        self.lr = optimizer.param_groups[0]["lr"]  # the scheduler changes it before the step ends
        parameters = optimizer.param_groups[0]["params"]  # quicker than to search the modules for them at each step
        if gradient_clip_val is not None and gradient_clip_algorithm == "norm":
            self.grad_norm = torch.nn.utils.clip_grad_norm_(parameters, gradient_clip_val)
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        self.grad_norm = torch.nn.utils.get_total_norm(gradients)
        if gradient_clip_val is not None:
            torch.nn.utils.clip_grad_value_(parameters, gradient_clip_val)

    def on_validation_epoch_start(self) -> None:
        self.score = HeldOutScore()

    def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], batch_idx: int) -> None:
        self.score.add(self.model, *batch)

    def on_validation_epoch_end(self) -> None:
        # the first rank's on all of them: what follows from it must be the same to the last bit
        self.held_out = gather(self.score.metrics("val"), self.config.trainer.devices)[0]
        # where EarlyStopping looks for it
        self.log("val/loss", self.held_out["val/loss"], logger=False, sync_dist=True)
        # Stepped here, not by Lightning, which would step it after this validation's checkpoint and, when a run is
        # resumed from that, not at all.
        if self._plateau is not None:
            self._plateau.step(self.held_out["val/loss"])

    def on_test_epoch_start(self) -> None:
        self.score = HeldOutScore()

    def test_step(self, batch: tuple[Tensor, Tensor, Tensor], batch_idx: int) -> None:
        self.score.add(self.model, *batch)

    def on_test_epoch_end(self) -> None:
        self.held_out = self.score.metrics("test")

    def configure_optimizers(self) -> Any:
        optimizer = make_optimizer(self.config, self.model)
        scheduler = self.config.scheduler
        if scheduler.name == "plateau":
            assert scheduler.factor is not None and scheduler.patience is not None
            self._plateau = ReduceLROnPlateau(optimizer, factor=scheduler.factor, patience=scheduler.patience)
            return optimizer
        total, per_epoch = self.total_steps, self.steps_per_epoch
        factor = LambdaLR(optimizer, lambda step: lr_factor(scheduler, step, total, per_epoch))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": factor, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["charcells"] = dataclasses.asdict(dataclasses.replace(self.description, step=self.global_step))
        on_cuda = self.device.type == "cuda"
        random = {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state(self.device) if on_cuda else None}
        state = to_device(self.train_state, torch.device("cpu")) if self.train_state is not None else None
        ranks = gather((state, random), self.config.trainer.devices)
        checkpoint["training"] = {
            "train_state": join_rows([state for state, _ in ranks]),
            "random": [random for _, random in ranks],
            "plateau": self._plateau.state_dict() if self._plateau is not None else None,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._restored = checkpoint["training"]


def make_optimizer(config: Config, model: CharRNN) -> torch.optim.Optimizer:
    """The configured one; Adam and AdamW as one pass over the weights instead of an operation at a time."""
    options = {name: value for name, value in dataclasses.asdict(config.optimizer).items() if value is not None}
    name = options.pop("name")
    # under 16-mixed a fused optimizer would take over the unscaling of gradients, and clipping would see them scaled
    if name in ("adam", "adamw") and config.trainer.precision != "16-mixed":
        options["fused"] = True
    return OPTIMIZERS[name](model.parameters(), **options)


def total_steps(config: Config, steps_per_epoch: int) -> int:
    """The updates that a run is to make, whichever of max_epochs and max_steps ends it."""
    steps = config.trainer.max_epochs * steps_per_epoch
    return min(steps, config.trainer.max_steps) if config.trainer.max_steps > 0 else steps


def lr_factor(scheduler: SchedulerConfig, step: int, total: int, per_epoch: int) -> float:
    """The learning rate at a step (from 0 on), as a share of its peak.

    A function of the step alone: a run that is resumed with a later end goes on with the schedule it would have had
    with that end from the beginning.
    """
    if scheduler.name == "one_cycle":
        assert scheduler.warmup is not None and scheduler.final is not None
        rise = scheduler.warmup * total
        if step < rise:
            return (step + 1) / (rise + 1)
        progress = min(1.0, (step - rise) / max(1.0, total - rise))
        return scheduler.final + (1 - scheduler.final) * (1 + math.cos(math.pi * progress)) / 2
    if scheduler.name == "exponential":
        assert scheduler.gamma is not None and scheduler.hold_epochs is not None
        return scheduler.gamma ** max(0, step // per_epoch - scheduler.hold_epochs + 1)
    return 1.0
