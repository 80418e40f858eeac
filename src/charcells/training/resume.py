"""Resuming a run: the checkpoint to start from, whether it can be continued, what stays known of the run."""

import datetime
from collections.abc import Collection
from typing import Any

from charcells.config import RATES, Config, value_of
from charcells.errors import UserError
from charcells.models.checkpoint import RunCheckpoint, read_any_checkpoint
from charcells.runs.folder import RunFolder
from charcells.runs.identity import resumed_from
from charcells.runs.summary import Summary
from charcells.training.data import RunData
from charcells.training.length import RunLength
from charcells.training.run_module import RunModule


def find_start(config: Config, run: RunFolder, data: RunData) -> RunCheckpoint | None:
    """The checkpoint to resume from; None if the run was killed before its first one, and so starts again.

    Raises UserError if it cannot be continued: its corpus has changed, there is nothing left to train, it is damaged.
    """
    if run.last.exists():
        start = read_any_checkpoint(run.last)
        _check_resumable(config, run, data, start)
        return start
    if run.read_summary().finished:
        raise UserError(f"{run} is finished but has no {run.last.name} to continue from; init_from= starts a new run")
    return None


def _check_resumable(config: Config, run: RunFolder, data: RunData, start: RunCheckpoint) -> None:
    """Raise UserError if the corpus has changed, or if there is nothing left to train."""
    description = start.description
    if description.corpus_sha256 != data.corpus_sha256:
        raise UserError(
            f"corpus {data.corpus_name} has changed since this run was started: its SHA-256 was "
            f"{description.corpus_sha256} and is {data.corpus_sha256}. A resumed run needs the same text"
        )
    if not run.read_summary().finished and run.best.exists():
        return  # even if no step is left, the test still has to be done
    options, limits = config.trainer, []
    if description.step >= RunLength.of(config, len(data.train_batches)).total_steps:
        limits += [f"trainer.max_epochs={options.max_epochs} trainer.max_steps={options.max_steps}"]
    limit, timer = options.max_time, start.callback("Timer")
    if limit and timer and timer["time_elapsed"]["train"] >= duration(limit).total_seconds():
        limits += [f"trainer.max_time={limit}"]
    patience, stopping = options.early_stopping_patience, start.callback("EarlyStopping")
    if patience and stopping and stopping["wait_count"] >= patience:
        limits += [f"trainer.early_stopping_patience={patience}"]
    if limits:
        raise UserError(
            f"{run} has already trained {description.step} steps, and {' '.join(limits)} allows no more: "
            "raise that limit"
        )


def check_same_model(run: RunFolder, module: RunModule, start: RunCheckpoint | None) -> None:
    """Raise UserError if config.yaml describes another model than the checkpoint holds."""
    if start is None:
        return
    for name, value in module.description.model.items():
        held = start.description.model.get(name)
        if held != value:
            raise UserError(f"{run}: config.yaml says {name}={value}, but {start.path.name} holds a model with {held}")


def rates_before(config: Config, start: RunCheckpoint) -> dict[str, Any]:
    """The rates that the checkpoint was trained with, by option, where the configuration has others now.

    They differ if the command line has changed them, or somebody has edited config.yaml.
    """
    [group] = start.content["optimizer_states"][0]["param_groups"]
    # scheduler=plateau itself changes the rate, and no scheduler has noted the first one
    trained = {"optimizer.lr": group.get("initial_lr"), "optimizer.weight_decay": group.get("weight_decay")}
    return {
        name: value
        for name, value in trained.items()
        if value is not None and value_of(config, name) not in (None, value)
    }


def keep_known(
    summary: Summary, previous: Summary, config: Config, stored: Config, before: Collection[str] = ()
) -> None:
    """Fill the gaps in the first summary of a resumed run from its previous summary.

    Args:
        summary: to be filled.
        previous: the one in the run folder.
        config: of the resumed run.
        stored: the configuration in the run folder.
        before: the options with which the steps so far were made otherwise, see `rates_before`.
    """
    summary.update({key: value for key, value in previous.items() if summary.get(key, 0) is None})
    # with one_cycle, the rate of the steps already made depended on the end that was planned then
    same_rates = (
        config.scheduler.name != "one_cycle"
        and not before
        and all(value_of(config, name) == value_of(stored, name) for name in RATES)
    )
    summary |= {"error": None, "resumed_from": resumed_from(previous, summary, same_rates=same_rates)}


def duration(max_time: str) -> datetime.timedelta:
    """A trainer.max_time of DD:HH:MM:SS."""
    days, hours, minutes, seconds = map(int, max_time.split(":"))
    return datetime.timedelta(days, seconds, hours=hours, minutes=minutes)
