"""Where metrics are mirrored: W&B, TensorBoard. No run depends on them; the files of the run folder are the record."""

import dataclasses
import importlib.util
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger

from charcells.config import Config
from charcells.errors import UserError
from charcells.files import write_atomically
from charcells.runs.folder import RunFolder
from charcells.runs.summary import Summary
from charcells.training.ranks import rank_of_process

log = logging.getLogger(__name__)

MAX_TAG = 64
"""Characters of a tag that W&B accepts."""


def check_logger(config: Config) -> None:
    """Raise UserError for a logger whose package or key is not there."""
    if config.logger.name == "tensorboard" and importlib.util.find_spec("tensorboard") is None:
        raise UserError("logger=tensorboard needs a package more: pip install -e '.[tensorboard]'")
    if config.logger.name == "wandb" and config.logger.mode == "online":
        import wandb

        if not wandb.login(prompt=False, verify=False):
            raise UserError("logger.mode=online needs a key: run `wandb login` first, or leave logger.mode=auto")


class WandbMirror(WandbLogger):
    """W&B's logger, on which no run depends: once its service is gone it says so, and is silent from then on."""

    lost = False

    def attempt(self, action: Callable[[], Any]) -> None:
        """Do something with W&B, if it is still there."""
        if self.lost:
            return
        try:
            action()
        except Exception as error:  # of W&B, of asyncio, of a socket: they have no common base
            self.lost = True
            log.warning("W&B is gone (%s); the run goes on without it", str(error) or type(error).__name__)
            import wandb

            with suppress(Exception):  # else it would try once more when the process ends
                wandb.teardown(exit_code=1)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        log_metrics = super().log_metrics
        self.attempt(lambda: log_metrics(metrics, step))


@contextmanager
def run_logger(
    config: Config, folder: RunFolder, summary: Summary, group: str | None, tags: Sequence[str]
) -> Iterator[Logger | None]:
    """The logger asked for, or None; told at the end whether the run succeeded. The first rank alone has one."""
    if rank_of_process(config) > 0:
        yield None
        return
    logger: Logger | None = None
    if config.logger.name == "wandb":
        logger = _wandb_logger(config, folder, summary, group, tags)
    elif config.logger.name == "tensorboard":
        logger = TensorBoardLogger(folder.path, name="", version="tensorboard")
    status = "failed"
    try:
        yield logger
        status = "success"
    finally:
        if logger is not None:
            logger.finalize(status)
        if isinstance(logger, WandbMirror):
            run = logger.experiment
            if not logger.lost and not Path(run.settings.sync_file).exists():
                log.warning("W&B's record of this run has been removed: %s", run.settings.sync_file)
            logger.attempt(lambda: run.finish(exit_code=0 if status == "success" else 1))


def _wandb_logger(
    config: Config, folder: RunFolder, summary: Summary, group: str | None, tags: Sequence[str]
) -> WandbMirror:
    """One W&B run for the run folder; a resumed run keeps its identity, which stands in wandb/id.

    Raises UserError where W&B cannot begin.
    """
    import wandb

    mode: Any = config.logger.mode
    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or ("online" if wandb.login(prompt=False, verify=False) else "offline")
    identity = folder.wandb / "id"
    identity.parent.mkdir(exist_ok=True)
    if not identity.exists():
        write_atomically(identity, secrets.token_hex(4) + "\n")
    facts = {key: value for key, value in summary.items() if value is not None and key != "status"}
    try:
        run = wandb.init(
            name=folder.path.name,
            project=config.logger.project,
            dir=folder.path,
            id=identity.read_text().strip(),
            resume="allow",
            mode=mode,
            config={**facts, "config": dataclasses.asdict(config)},
            group=group,
            job_type="train",
            tags=[tag for tag in (config.cell.name, config.corpus.name, *tags) if len(tag) <= MAX_TAG],
            settings=wandb.Settings(silent=True, console="off"),
        )
        run.define_metric("*", step_metric="chars_seen")
    except wandb.Error as error:
        raise UserError(f"W&B cannot begin: {' '.join(str(error).split())}. logger=none does without it") from error
    return WandbMirror(experiment=run)


def log_results(logger: Logger | None, folder: RunFolder, summary: Summary) -> None:
    """Send the samples, the loss picture and the final figures to W&B."""
    if not isinstance(logger, WandbMirror):
        return
    import wandb

    run, samples = logger.experiment, folder.read_samples()

    def send() -> None:
        if samples:
            columns: list[str | int] = list(samples[0])
            run.log({"samples": wandb.Table(columns, [list(sample.values()) for sample in samples])})
        run.log({"loss curve": wandb.Image(str(folder.loss_picture))})
        run.summary.update({key: value for key, value in summary.items() if "/" in key})

    logger.attempt(send)
