"""train(config, folder): one run from configuration to summary; used by commands, sweeps and experiments."""

import dataclasses
import logging
import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.profilers import AdvancedProfiler, Profiler, SimpleProfiler

from charcells.config import Config, TrainerConfig, value_of
from charcells.data.reviews import ReviewDataModule
from charcells.models.char_rnn import count_parameters
from charcells.models.checkpoint import RunCheckpoint, read_any_checkpoint
from charcells.process import ALL_BLOCKS, BLOCKS_OF_VARYING_SIZE, prepare_process
from charcells.runs.folder import RunFolder
from charcells.runs.summary import Summary
from charcells.training.build import build, build_classifier, sample_prompts
from charcells.training.checkpoints import CheckpointFiles, Checkpoints, EarlyStopping, Timer
from charcells.training.data import RunData, load_data
from charcells.training.facts import describe, device_name, first_summary, title
from charcells.training.loggers import check_logger, log_results, run_logger
from charcells.training.machine import accelerator, auto_threads, check_machine
from charcells.training.outcome import keep_early_messages, record_outcome
from charcells.training.overhead import NoProfiler
from charcells.training.progress import ProgressBar
from charcells.training.ranks import announce_first_rank, exit_with_first_rank, rank_of_process
from charcells.training.record import Record
from charcells.training.resume import check_same_model, duration, find_start, keep_known, rates_before
from charcells.training.review_samples import ReviewSamples
from charcells.training.run_module import RunModule
from charcells.training.samples import Samples

log = logging.getLogger(__name__)


@keep_early_messages()
def train(
    config: Config,
    folder: Path | str,
    *,
    resume: bool = False,
    progress_bar: bool = False,
    cores: int | None = None,
    group: str | None = None,
    tags: Sequence[str] = (),
) -> Summary:
    """Train a model, or resume training; test the best model; return the summary, which is also in summary.json.

    Args:
        config: a checked configuration.
        folder: the run folder. It is created only after configuration and corpus have been checked.
        resume: continue the run in `folder` from its last checkpoint, or from the start if it has none yet.
        progress_bar: show a progress bar.
        cores: number of CPU cores that this run may use; None: all.
        group: name of the run's sweep, for grouping in W&B.
        tags: W&B tags that distinguish the run in its sweep, such as 'cell=gru'.

    With `trainer.devices` above 1, Lightning starts the same script again for each further device, and each process
    calls this function. The first rank writes; the others only train, and exit silently if the run is interrupted or
    fails.

    Raises UserError for everything that the user can fix, including a full disk; Busy if another process is training in
    the folder; Interrupted after a stop signal, once the run is saved.
    """
    logging.getLogger("charcells").setLevel(logging.INFO)
    if config.trainer.fast_dev_run:
        with tempfile.TemporaryDirectory() as place:
            return _train(_dev_run(config), RunFolder(Path(place, "run")), False, progress_bar, cores, None, ())
    return _train(config, RunFolder(Path(folder)), resume, progress_bar, cores, group, tags)


def _dev_run(config: Config) -> Config:
    """The configuration for trainer.fast_dev_run: that many steps, all written to files and to no other place."""
    steps = int(config.trainer.fast_dev_run)
    trainer = dataclasses.replace(config.trainer, max_steps=steps, max_epochs=steps, max_time=None)
    logger = dataclasses.replace(config.logger, name="none")
    return dataclasses.replace(config, trainer=trainer, logger=logger)


def _train(
    config: Config,
    run: RunFolder,
    resume: bool,
    progress_bar: bool,
    cores: int | None,
    group: str | None,
    tags: Sequence[str],
) -> Summary:
    if rank_of_process(config) > 0:
        exit_with_first_rank()
    elif not resume:
        run.check_new()
    prepare_process(threads=1)  # so that initial values do not depend on config.threads
    data = load_data(config)
    start = find_start(config, run, data) if resume else None
    module = _build(config, data, init_from=config.init_from if start is None else None)
    check_same_model(run, module, start)
    check_machine(config)
    check_logger(config)
    config = _with_threads(config, module, cores)
    keep_blocks = BLOCKS_OF_VARYING_SIZE if config.task == "classify" else ALL_BLOCKS
    prepare_process(threads=int(config.threads), keep_blocks=keep_blocks)
    summary = first_summary(config, data, module)
    if start is not None:
        before = rates_before(config, start)
        keep_known(summary, run.read_summary(), config, run.read_config(), before)
        for name, value in before.items():
            log.info("%s=%g from here on; the steps so far were made with %g", name, value_of(config, name), value)
    with record_outcome(run, config, summary, resume), run_logger(config, run, summary, group, tags) as logger:
        _fit_and_test(config, run, data, module, start, resume, summary, logger, progress_bar)
    return summary


def _build(config: Config, data: RunData, init_from: str | None) -> RunModule:
    if isinstance(data, ReviewDataModule):
        return build_classifier(config, data)
    return build(config, data, sample_prompts(config, data)[0], init_from)


def _samples(config: Config, run: RunFolder, data: RunData, record: Record) -> Callback:
    if isinstance(data, ReviewDataModule):
        return ReviewSamples(run, config, data, record)
    return Samples(run, config, data.vocabulary, sample_prompts(config, data), record)


def _with_threads(config: Config, module: RunModule, cores: int | None) -> Config:
    """The configuration with threads=auto replaced by a number."""
    if config.threads != "auto":
        return config
    # of a classifier's embedding, a batch reads a few rows
    parameters = count_parameters(module.model.rnn if config.task == "classify" else module.model)
    devices = config.trainer.devices
    return dataclasses.replace(config, threads=auto_threads(parameters, config.data.batch_size, cores, devices=devices))


def _fit_and_test(
    config: Config,
    run: RunFolder,
    data: RunData,
    module: RunModule,
    start: RunCheckpoint | None,
    resume: bool,
    summary: Summary,
    logger: Logger | None,
    progress_bar: bool,
) -> None:
    """Train from the checkpoint `start`, or from the beginning if None; test the best model; complete the summary."""
    record = Record(run, config)
    checkpoints = Checkpoints(run, record)
    # The order matters: a checkpoint has to include what the other callbacks record for the same step, so Checkpoints
    # comes after them.
    callbacks: list[Callback] = [record, _samples(config, run, data, record), checkpoints]
    if config.trainer.early_stopping_patience is not None:
        callbacks.insert(1, EarlyStopping(config.trainer.early_stopping_patience))
    if config.trainer.max_time is not None:
        callbacks.insert(0, Timer(duration(config.trainer.max_time)))
    if progress_bar:
        callbacks.append(ProgressBar(record, refresh_rate=10))
    trainer = _trainer(config, run, data, module, logger, callbacks)
    summary["device"] = device_name(trainer)
    log.info("%s: %s", _beginning(start, resume), describe(summary, module.length))
    try:
        trainer.fit(module, datamodule=data, ckpt_path=start.path if start else None, weights_only=True)
    finally:  # also after an interruption, so that the summary shows the progress
        steps, seconds = trainer.global_step, record.train_seconds
        # with fewer steps, it ended before the checkpoint was restored, and the previous figures remain valid
        if start is None or steps >= start.description.step:
            seen, counted = module.length.seen(steps), module.length.counted
            summary |= {
                "epochs": steps / module.length.steps_per_epoch,
                "steps": steps,
                f"{counted}_seen": seen,
                "train_seconds": round(seconds, 3),
                f"{counted}_per_second": round(seen / seconds) if seconds else None,
                "train/loss": record.latest.get("train/loss"),
                **checkpoints.best,
            }
    summary |= _test(trainer, module, data, run)
    if trainer.is_global_zero:
        from charcells.runs import pictures  # slow to import, so not before the run has trained

        pictures.loss_curve(run, title(summary))
        log_results(logger, config, run, summary)


def _beginning(start: RunCheckpoint | None, resume: bool) -> str:
    """Where the training begins, in a few words."""
    if start is not None:
        return f"resuming at step {start.description.step:,}"
    return "beginning anew, because no checkpoint had been saved" if resume else "training"


def _trainer(
    config: Config,
    run: RunFolder,
    data: RunData,
    module: RunModule,
    logger: Logger | None,
    callbacks: list[Callback],
) -> Trainer:
    options, held_out = config.trainer, _held_out_batches(config, data)
    _silence_lightning()
    if options.devices > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(config.threads))  # otherwise Lightning sets another value
        if rank_of_process(config) == 0:
            announce_first_rank()
    return Trainer(
        accelerator=accelerator(config, count_parameters(module.model)),
        devices=options.devices,
        strategy="ddp" if options.devices > 1 else "auto",
        precision=options.precision,  # type: ignore[arg-type]
        max_epochs=options.max_epochs,
        max_steps=module.length.total_steps,
        gradient_clip_val=options.gradient_clip_val,
        gradient_clip_algorithm=options.gradient_clip_algorithm,
        accumulate_grad_batches=options.accumulate_grad_batches,
        val_check_interval=_val_check_interval(options, len(data.train_batches)),
        # Lightning counts an interval in batches through the epochs only without this
        check_val_every_n_epoch=None if isinstance(options.val_check_interval, int) else 1,
        limit_val_batches=held_out if data.val_dataloader() else 0,
        limit_test_batches=held_out,
        # Record writes the rows; this value only avoids Lightning's warning about short epochs
        log_every_n_steps=min(options.log_every_n_steps, len(data.train_batches)),
        logger=logger or False,
        callbacks=callbacks,
        # Even inside a cluster's job, Lightning must start the processes itself, and must leave signals to us: it would
        # save a checkpoint of its own, and test that one instead of the best.
        plugins=[CheckpointFiles(), LightningEnvironment()],
        default_root_dir=run.path,
        enable_checkpointing=False,  # Checkpoints does that
        enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in callbacks),
        enable_model_summary=False,
        num_sanity_val_steps=0,  # they would run the validation callbacks, which save checkpoints and write rows
        use_distributed_sampler=False,  # TrainBatches divides the batches itself
        deterministic=options.deterministic,
        detect_anomaly=options.detect_anomaly,
        profiler=_profiler(options.profiler, run),
    )


def _silence_lightning() -> None:
    for package in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(package).setLevel(logging.WARNING)
    # a warning about Lightning's own use of torch, which the user cannot change, and advice to use srun, which it gives
    # wherever Slurm is installed
    for message in (".*isinstance\\(treespec, LeafSpec\\).*", ".*`srun` command is available.*"):
        warnings.filterwarnings("ignore", message)


def _held_out_batches(config: Config, data: RunData) -> int | float:
    """How much of the held-out text is scored: 1.0 is all of it, a number that many batches."""
    batches = data.val_dataloader() or data.test_dataloader()
    if not config.trainer.fast_dev_run or not batches:
        return 1.0
    return int(batches.warm_up_batches) + int(config.trainer.fast_dev_run)


def _val_check_interval(options: TrainerConfig, batches: int) -> int | float:
    """Validations follow an update, never a batch before it: there a run could not be resumed exactly."""
    interval, each = options.val_check_interval, options.accumulate_grad_batches
    if each == 1 or isinstance(interval, int) or interval == 1:
        return interval
    return max(each, int(batches * interval) // each * each)


def _profiler(name: str | None, run: RunFolder) -> Profiler:
    if name is None:
        return NoProfiler()
    kinds: dict[str, type[SimpleProfiler | AdvancedProfiler]] = {"simple": SimpleProfiler, "advanced": AdvancedProfiler}
    return kinds[name](dirpath=run.path, filename="profile")


def _test(trainer: Trainer, module: RunModule, data: RunData, run: RunFolder) -> dict[str, Any]:
    """Test the best checkpoint and return its figures. The module keeps those weights."""
    module.model.load_state_dict(read_any_checkpoint(run.best).weights)
    if not data.test_dataloader():
        return {}
    trainer.test(module, data.test_dataloader(), verbose=False)
    return dict(module.held_out)
