"""Optimizers and learning-rate schedules."""

import dataclasses
import math

import torch
from torch import nn

from charcells.config import OptimizerConfig, SchedulerConfig
from charcells.errors import UserError
from charcells.registry import OPTIMIZERS, load_class


def make_optimizer(config: OptimizerConfig, model: nn.Module, *, may_be_fused: bool = True) -> torch.optim.Optimizer:
    """The configured optimizer, in PyTorch's fused version where there is one.

    Set `may_be_fused` to False with precision 16-mixed: a fused optimizer unscales the gradients itself, so clipping
    would work on scaled ones.
    """
    options = {name: value for name, value in dataclasses.asdict(config).items() if value is not None}
    row = OPTIMIZERS[options.pop("name")]
    if row.fused and may_be_fused:
        options["fused"] = True
    optimizer: torch.optim.Optimizer = load_class(row.optimizer)(model.parameters(), **options)
    return optimizer


def check_optimizer(config: OptimizerConfig) -> None:
    """Raise UserError if the optimizer cannot be made with its options, before anything is trained."""
    parameter = nn.ParameterList([torch.zeros(1)])
    try:
        make_optimizer(config, parameter)
    except (TypeError, ValueError, RuntimeError) as error:
        row = OPTIMIZERS[config.name]
        raise UserError(f"optimizer={row.name}: {row.optimizer} refuses its options: {error}") from error


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
