"""train(config, folder): one run from configuration to summary, for commands, sweeps and experiments alike."""

import dataclasses
import datetime
import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.strategies import DDPStrategy

from charcells.config import Config
from charcells.data.module import CharDataModule
from charcells.errors import UserError
from charcells.models.char_rnn import count_parameters
from charcells.models.checkpoint import Checkpoint, read_checkpoint
from charcells.process import prepare_process
from charcells.runs.folder import RunFolder
from charcells.runs.identity import resumed_from
from charcells.runs.summary import Summary
from charcells.training.build import build, sample_prompts
from charcells.training.checkpoints import CheckpointFiles, Checkpoints, EarlyStopping
from charcells.training.facts import describe, device_name, first_summary, title
from charcells.training.language_model import CharLM
from charcells.training.loggers import check_logger, log_results, run_logger
from charcells.training.machine import auto_threads, check_machine
from charcells.training.optimization import total_steps
from charcells.training.outcome import recorded
from charcells.training.overhead import NoProfiler
from charcells.training.progress import ProgressBar
from charcells.training.ranks import announce_first_rank, end_with_first_rank, rank_of_process
from charcells.training.record import Record
from charcells.training.samples import Samples

log = logging.getLogger(__name__)


def train(
    config: Config,
    folder: Path,
    *,
    resume: bool = False,
    progress_bar: bool = False,
    cores: int | None = None,
    group: str | None = None,
    tags: Sequence[str] = (),
) -> Summary:
    """Train a model, or go on training it; test the best one; return the summary, which summary.json holds too.

    Args:
        config: a checked configuration.
        folder: the run folder. It is created once nothing in configuration or corpus speaks against the run.
        resume: continue the run in `folder` from its last checkpoint, or from the start where there is none yet.
        progress_bar: show one.
        cores: how many CPU cores this run may use; None: all that there are.
        group: the sweep that it belongs to; W&B groups by it.
        tags: what sets it apart there, such as 'cell=gru'.

    With `trainer.devices` above 1 Lightning starts the same script again for each further device, and all come by here.
    The first rank writes; the others only train, and leave in silence where a run is interrupted or fails.

    Raises UserError for a mistake that the user can fix, a full disk and the like among them; Busy where another
    process is training in the folder; Interrupted once the run was asked to stop and is saved.
    """
    logging.getLogger("charcells").setLevel(logging.INFO)
    run = RunFolder(folder)
    if rank_of_process(config) > 0:
        end_with_first_rank()
    elif not resume:
        run.check_new()
    prepare_process(threads=1)  # initial values must not depend on the number of threads that follows
    data = _load_data(config)
    # a run that was killed before its first checkpoint starts again
    start = read_checkpoint(run.last) if resume and run.last.exists() else None
    if start is not None:
        _check_resumable(config, run, data, start)
    prompts = sample_prompts(config, data)
    module = build(config, data, prompts[0], init_from=config.init_from if start is None else None)
    check_machine(config)
    check_logger(config)
    if config.threads == "auto":
        parameters, devices = count_parameters(module.model), config.trainer.devices
        threads = auto_threads(parameters, config.data.batch_size, cores, devices=devices)
        config = dataclasses.replace(config, threads=threads)
    prepare_process(threads=int(config.threads), keep_freed_memory=True)
    summary = first_summary(config, data, module)
    if start is not None:  # what is known stays known until there is more
        before = run.read_summary()
        summary.update({key: value for key, value in before.items() if summary.get(key, 0) is None})
        summary |= {"error": None, "resumed_from": resumed_from(before, summary, config.scheduler.name)}
    with recorded(run, config, summary, resume), run_logger(config, run, summary, group, tags) as logger:
        _fit_and_test(config, run, data, module, start, summary, logger, prompts, progress_bar)
    return summary


def _load_data(config: Config) -> CharDataModule:
    data = CharDataModule(config.corpus, config.data, config.corpora_dir, config.seed)
    try:
        data.setup()
    except MemoryError as error:
        raise UserError(
            f"corpus={config.corpus.name} is too large for this machine's memory: corpus.max_chars= takes its beginning"
        ) from error
    return data


def _check_resumable(config: Config, run: RunFolder, data: CharDataModule, start: Checkpoint) -> None:
    """Raise UserError for a checkpoint that nothing can be added to."""
    corpus, description = data.text.corpus, start.description
    if description.corpus_sha256 != corpus.sha256:
        raise UserError(
            f"corpus {corpus.name} has changed since this run was started: its SHA-256 was "
            f"{description.corpus_sha256} and is {corpus.sha256}. A resumed run needs the same text"
        )
    if not run.read_summary().finished and run.best.exists():
        return  # if there is no step left, there is the test
    options, ends = config.trainer, []
    if description.step >= total_steps(config, len(data.train_batches)):
        ends += [f"trainer.max_epochs={options.max_epochs} trainer.max_steps={options.max_steps}"]
    limit, timer = options.max_time, start.callback("Timer")
    if limit and timer and timer["time_elapsed"]["train"] >= _duration(limit).total_seconds():
        ends += [f"trainer.max_time={limit}"]
    patience, stopping = options.early_stopping_patience, start.callback("EarlyStopping")
    if patience and stopping and stopping["wait_count"] >= patience:
        ends += [f"trainer.early_stopping_patience={patience}"]
    if ends:
        raise UserError(
            f"{run} has trained {description.step} steps already and {' '.join(ends)} ask for no more: raise what "
            "ended it"
        )


def _fit_and_test(
    config: Config,
    run: RunFolder,
    data: CharDataModule,
    module: CharLM,
    start: Checkpoint | None,
    summary: Summary,
    logger: Logger | None,
    prompts: list[str],
    progress_bar: bool,
) -> None:
    """Train from `start` on, or from the beginning where it is None; test the best model; complete the summary."""
    record = Record(run, config)
    checkpoints = Checkpoints(run, record)
    # Their order matters: a checkpoint holds what the callbacks before it have noted of its step.
    callbacks: list[Callback] = [record, Samples(run, config, data.vocabulary, prompts, record), checkpoints]
    if config.trainer.early_stopping_patience is not None:
        callbacks.insert(1, EarlyStopping(config.trainer.early_stopping_patience))
    if config.trainer.max_time is not None:
        callbacks.insert(0, Timer(_duration(config.trainer.max_time), verbose=False))
    if progress_bar:
        callbacks.append(ProgressBar(record, refresh_rate=10))
    trainer = _trainer(config, run, data, logger, callbacks)
    summary["device"] = device_name(trainer)
    steps_per_epoch = len(data.train_batches)
    log.info("%s %s", "resuming" if start else "training", describe(summary, steps_per_epoch))
    # Lightning's own use of torch, not the user's concern
    warnings.filterwarnings("ignore", ".*isinstance\\(treespec, LeafSpec\\).*")
    try:
        trainer.fit(module, datamodule=data, ckpt_path=start.path if start else None, weights_only=True)
    finally:  # an interrupted run says how far it came
        steps, seconds = trainer.global_step, record.train_seconds
        # else it ended before the checkpoint was restored, and what was known stays true
        if start is None or steps >= start.description.step:
            chars_seen = steps * record.chars_per_step
            summary |= {
                "epochs": steps / steps_per_epoch,
                "steps": steps,
                "chars_seen": chars_seen,
                "train_seconds": round(seconds, 3),
                "chars_per_second": round(chars_seen / seconds) if seconds else None,
                "train/loss": record.latest.get("train/loss"),
                **checkpoints.best,
            }
    summary |= _test(trainer, module, data, run)
    if trainer.is_global_zero:
        from charcells.runs import pictures  # matplotlib is slow to start, and a refused run has no need of it

        pictures.loss_curve(run, title(summary))
        log_results(logger, run, summary)


def _duration(max_time: str) -> datetime.timedelta:
    days, hours, minutes, seconds = map(int, max_time.split(":"))
    return datetime.timedelta(days, seconds, hours=hours, minutes=minutes)


def _trainer(
    config: Config, run: RunFolder, data: CharDataModule, logger: Logger | None, callbacks: list[Callback]
) -> Trainer:
    options = config.trainer
    for package in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(package).setLevel(logging.WARNING)
    strategy: str | DDPStrategy = "auto"
    if options.devices > 1:
        # whichever cluster this is, Lightning is to start the processes itself
        strategy = DDPStrategy(cluster_environment=LightningEnvironment())
        os.environ.setdefault("OMP_NUM_THREADS", str(config.threads))  # else Lightning sets another number
        if rank_of_process(config) == 0:
            announce_first_rank()
    return Trainer(
        accelerator=options.accelerator,
        devices=options.devices,
        strategy=strategy,
        precision=options.precision,  # type: ignore[arg-type]
        max_epochs=options.max_epochs,
        max_steps=total_steps(config, len(data.train_batches)),
        gradient_clip_val=options.gradient_clip_val,
        gradient_clip_algorithm=options.gradient_clip_algorithm,
        val_check_interval=options.val_check_interval,
        limit_val_batches=1.0 if data.text.val_text else 0,
        # Record writes the rows; this only keeps Lightning from warning of short epochs
        log_every_n_steps=min(options.log_every_n_steps, len(data.train_batches)),
        logger=logger or False,
        callbacks=callbacks,
        plugins=[CheckpointFiles()],
        default_root_dir=run.path,
        enable_checkpointing=False,
        enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in callbacks),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        profiler=NoProfiler(),
    )


def _test(trainer: Trainer, module: CharLM, data: CharDataModule, run: RunFolder) -> dict[str, Any]:
    """The test figures of the best checkpoint, whose weights the module holds from here on."""
    module.model.load_state_dict(read_checkpoint(run.best).weights)
    if not data.text.test_text:
        return {}
    trainer.test(module, data.test_dataloader(), verbose=False)
    return dict(module.held_out)
