"""Checks of a configuration: types, limits, and what options require of one another."""

import dataclasses
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

from charcells.config import (
    SCHEDULER_OPTIONS,
    Config,
    DataConfig,
    TrainerConfig,
    allowed,
    carries_state,
    in_words,
    options,
    value_of,
)
from charcells.errors import UserError
from charcells.registry import OPTIMIZERS

MAX_INTEGER, MAX_FLOAT = 2**63, 3.4e38
"""Every number must be smaller than these in size: PyTorch's integers have 64 bits, and float32 ends at 3.4e38."""


def check(config: Any) -> None:
    """Check a Config, or the options of another command, such as a SampleConfig.

    Raises UserError for the first value outside its limits; it names the option, the value and what is allowed.
    """
    check_limits(config)
    if isinstance(config, Config):
        _check_task(config)
        _check_data(config.data)
        _check_devices(config)
        _check_length(config.trainer)
        _check_validation(config)
        _check_choices(config)


def check_limits(part: Any, prefix: str = "") -> None:
    """`check` without what options require of one another, for a part of a configuration such as DataConfig."""
    for name, item in options(type(part)):
        value = value_of(part, name)
        name = prefix + name
        if item.metadata["kind"] is not None:
            _typed(value, item.metadata["kind"], name)
        for element in value if isinstance(value, list) else [value]:
            too_large = {int: MAX_INTEGER, float: MAX_FLOAT}.get(type(element), math.inf)
            if isinstance(element, int | float) and too_large <= abs(element) < math.inf:
                raise UserError(f"{name}={str(value)[:40]} is not allowed: the number is too large")
            if element is not None and not _fits(element, item):
                raise UserError(f"{name}={value} is not allowed: it must be {allowed(item) or 'a finite number'}")


def _fits(value: Any, item: dataclasses.Field[Any]) -> bool:
    limits = item.metadata
    if limits["choices"]:
        return value in limits["choices"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (
        math.isfinite(value)
        and (limits["at_least"] is None or value >= limits["at_least"])
        and (limits["at_most"] is None or value <= limits["at_most"])
        and (limits["above"] is None or value > limits["above"])
        and (limits["below"] is None or value < limits["below"])
    )


ONLY_CLASSIFY = ("model.bidirectional", "model.head_size", "reviews.")
ONLY_NEXT_CHARACTER = ("data.seq_len", "data.stride", "data.sampling", "data.carry_state", "data.reset_state")
"""Options, or the beginnings of their names, that apply to one task only."""


def _check_task(config: Config) -> None:
    """Options of the other task, and what a classifier cannot do."""
    classify = config.task == "classify"
    for name, item in options(Config):
        value = value_of(config, name)
        if name.startswith(ONLY_NEXT_CHARACTER if classify else ONLY_CLASSIFY) and value != item.default:
            other = "experiment=film_reviews" if not classify else "task=next_character"
            raise UserError(f"{name}={value} does not apply to task={config.task}: leave it out, or add {other}")
    if not classify:
        return
    refused = {
        "trainer.devices": (config.trainer.devices, 1, "a classifier trains on one device"),
        "init_from": (config.init_from, None, "a classifier begins with new weights"),
    }
    for name, (value, needed, why) in refused.items():
        if value != needed:
            raise UserError(f"{name}={value} is not possible with task=classify: {why}")
    if config.model.embedding_dim is None:
        raise UserError("model.embedding_dim=null is not possible with task=classify: give the size of the embedding")


def _check_data(data: DataConfig) -> None:
    if data.stride is not None and data.sampling != "windows":
        raise UserError(
            f"data.stride={data.stride} needs data.sampling=windows: it does not apply to data.sampling={data.sampling}"
        )
    if data.reset_state == "never" and not carries_state(data):
        raise UserError(
            "data.reset_state=never needs a state that is carried from batch to batch: set data.carry_state=true, or "
            "data.reset_state=epoch"
        )
    if data.val_fraction + data.test_fraction >= 1:
        raise UserError(
            f"data.val_fraction={data.val_fraction} and data.test_fraction={data.test_fraction} leave nothing to train "
            "on: together they must stay below 1"
        )
    if data.train_offset + data.train_fraction > 1 + 1e-9:
        raise UserError(
            f"data.train_offset={data.train_offset} and data.train_fraction={data.train_fraction} reach past the "
            "end of the training text: together they must be at most 1"
        )


def _check_devices(config: Config) -> None:
    data, trainer = config.data, config.trainer
    if data.batch_size % trainer.devices != 0:
        more = -(-data.batch_size // trainer.devices) * trainer.devices
        raise UserError(
            f"data.batch_size={data.batch_size} cannot be divided among trainer.devices={trainer.devices}: it counts "
            f"the streams of all devices together; the next possible value is data.batch_size={more}"
        )
    if trainer.devices > 1 and trainer.accelerator == "mps":
        raise UserError(
            f"trainer.devices={trainer.devices} is not possible with trainer.accelerator=mps, which has one device"
        )
    if trainer.fast_dev_run and trainer.devices > 1:
        raise UserError(f"trainer.fast_dev_run={trainer.fast_dev_run} runs on one device: leave trainer.devices out")
    if config.threads != "auto" and not isinstance(config.threads, int):
        raise UserError(f"threads={config.threads} is not allowed: it must be auto or a number from 1 to 4096")


def _check_length(trainer: TrainerConfig) -> None:
    if trainer.max_steps == 0:
        raise UserError("trainer.max_steps=0 is not allowed: it must be at least 1, or -1 for no limit")
    if trainer.max_time is not None and not re.fullmatch(r"\d{1,6}(:\d\d?){3}", trainer.max_time):
        raise UserError(f"trainer.max_time={trainer.max_time} is not allowed: write DD:HH:MM:SS, such as 00:01:30:00")
    if trainer.max_time is not None and not re.search(r"[1-9]", trainer.max_time):
        raise UserError(f"trainer.max_time={trainer.max_time} is not allowed: it leaves no time to train")
    limit, each = trainer.limit_train_batches, trainer.accumulate_grad_batches
    if isinstance(limit, int) and limit < each:
        raise UserError(
            f"trainer.limit_train_batches={limit} is not allowed: one step takes trainer.accumulate_grad_batches={each}"
        )
    for name in ("val_check_interval", "limit_train_batches"):
        value = getattr(trainer, name)
        if isinstance(value, float) and value > 1:
            raise UserError(
                f"trainer.{name}={value} is not allowed: a share of an epoch is at most 1.0, and a number of batches "
                f"is written without a point, such as trainer.{name}={value:.0f}"
            )


def _check_validation(config: Config) -> None:
    data, trainer = config.data, config.trainer
    each, interval = trainer.accumulate_grad_batches, trainer.val_check_interval
    if isinstance(interval, int) and interval % each:
        raise UserError(
            f"trainer.val_check_interval={interval} is not allowed: validations follow a step, so it must be a "
            f"multiple of trainer.accumulate_grad_batches={each}, such as {-(-interval // each) * each}"
        )
    needs_validation = {
        "scheduler=plateau": config.scheduler.name == "plateau",
        "trainer.early_stopping_patience": trainer.early_stopping_patience is not None,
    }
    for name, asked in needs_validation.items():
        if asked and data.val_fraction == 0 and config.corpus.val_path is None:
            raise UserError(f"{name} needs held-out text, and data.val_fraction=0 leaves none")


def _check_choices(config: Config) -> None:
    """The options of the chosen optimizer and scheduler."""
    optimizer_options = set(OPTIMIZERS[config.optimizer.name].defaults)
    for group, known in (("optimizer", optimizer_options), ("scheduler", SCHEDULER_OPTIONS[config.scheduler.name])):
        part = getattr(config, group)
        for item in dataclasses.fields(part):
            value = getattr(part, item.name)
            if item.name != "name" and value is not None and item.name not in known:
                has = ", ".join(sorted(known)) or "no options"
                raise UserError(f"{group}.{item.name}={value} does not apply to {group}={part.name}, which has {has}")
    if config.optimizer.betas is not None and len(config.optimizer.betas) != 2:
        raise UserError(f"optimizer.betas={config.optimizer.betas} is not allowed: it must be two numbers")


def from_values(schema: type, values: Mapping[str, Any], prefix: str = "") -> Any:
    """Build a configuration dataclass from plain nested values, such as those of config.yaml. Limits are not checked.

    Raises UserError for an unknown name, a missing name or a value of the wrong type.
    """
    fields = {item.name: item for item in dataclasses.fields(schema)}
    for name in values:
        if name not in fields:
            raise UserError(f"unknown option {prefix}{name}")
    parsed: dict[str, Any] = {}
    for name, item in fields.items():
        if dataclasses.is_dataclass(item.type):
            part = values.get(name, {})
            if not isinstance(part, Mapping):
                raise UserError(f"{prefix}{name}={part!r} is not a group of options")
            parsed[name] = from_values(item.type, part, f"{prefix}{name}.")  # type: ignore[arg-type]
        elif name in values:
            parsed[name] = _typed(values[name], item.metadata["kind"] or item.type, prefix + name)
        elif item.default == "???":
            raise UserError(f"{prefix}{name} is missing")
    return schema(**parsed)


def _typed(value: Any, kind: Any, name: str) -> Any:
    """Convert a value to the type of its field, or raise UserError.

    Integers are accepted for floats. So are strings such as '1e-3', because YAML 1.1 reads 1e-3 as a string.
    """
    kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    for each in kinds:
        if typing.get_origin(each) is list and isinstance(value, list):
            return [_typed(element, typing.get_args(each)[0], name) for element in value]
        if each in (bool, int, str, types.NoneType) and type(value) is each:
            return value
        if each is float and type(value) in (int, float, str):
            try:
                return float(value)
            except ValueError:
                continue
    raise UserError(f"{name}={value!r} is not allowed: it must be {in_words(kind)}")
