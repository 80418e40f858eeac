"""Optimizers, learning-rate schedules and the number of updates."""

import dataclasses
import math

import torch
from torch import nn

from charcells.config import Config, SchedulerConfig
from charcells.errors import UserError
from charcells.registry import OPTIMIZERS, load_class


def make_optimizer(config: Config, model: nn.Module) -> torch.optim.Optimizer:
    """The configured optimizer, in PyTorch's fused version where there is one."""
    options = {name: value for name, value in dataclasses.asdict(config.optimizer).items() if value is not None}
    row = OPTIMIZERS[options.pop("name")]
    # with 16-mixed, a fused optimizer unscales the gradients itself, and clipping would work on scaled ones
    if row.fused and config.trainer.precision != "16-mixed":
        options["fused"] = True
    optimizer: torch.optim.Optimizer = load_class(row.optimizer)(model.parameters(), **options)
    return optimizer


def check_optimizer(config: Config) -> None:
    """Raise UserError if the optimizer cannot be made with its options, before anything is trained."""
    parameter = nn.ParameterList([torch.zeros(1)])
    try:
        make_optimizer(config, parameter)
    except (TypeError, ValueError, RuntimeError) as error:
        row = OPTIMIZERS[config.optimizer.name]
        raise UserError(f"optimizer={row.name}: {row.optimizer} refuses its options: {error}") from error


def total_steps(config: Config, steps_per_epoch: int) -> int:
    """Number of updates in a run, as limited by max_epochs and max_steps."""
    steps = config.trainer.max_epochs * steps_per_epoch
    return min(steps, config.trainer.max_steps) if config.trainer.max_steps > 0 else steps


def lr_factor(scheduler: SchedulerConfig, step: int, total: int, per_epoch: int) -> float:
    """The learning rate at a step, counted from 0, as a share of the peak.

    It depends only on the step and the planned end. So a run that is resumed with a later end continues on the schedule
    that it would have had with that end from the start.
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
