"""Optimizers, learning-rate schedules and the number of updates."""

import dataclasses
import math

import torch
from torch import nn

from charcells.config import Config, SchedulerConfig
from charcells.registry import OPTIMIZERS, load_class


def make_optimizer(config: Config, model: nn.Module) -> torch.optim.Optimizer:
    """The configured optimizer; as one pass over the weights instead of an operation at a time where it can."""
    options = {name: value for name, value in dataclasses.asdict(config.optimizer).items() if value is not None}
    row = OPTIMIZERS[options.pop("name")]
    # under 16-mixed a fused optimizer would take over the unscaling of gradients, and clipping would see them scaled
    if row.fused and config.trainer.precision != "16-mixed":
        options["fused"] = True
    optimizer: torch.optim.Optimizer = load_class(row.optimizer)(model.parameters(), **options)
    return optimizer


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
