"""W&B and TensorBoard. No run depends on them: the files in the run folder are the authoritative record."""

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
from charcells.runs.wandb_runs import mode_of, one_line, project_of
from charcells.training import tensorboard
from charcells.training.ranks import rank_of_process

log = logging.getLogger(__name__)

INIT_SECONDS = 6
"""How long W&B's service may take to begin a run online; after that the run is logged offline. The environment variable
WANDB_INIT_TIMEOUT sets another limit."""

MAX_TAG = 64
"""Longest tag that W&B accepts, in characters."""


def check_logger(config: Config) -> None:
    """Raise UserError if the package or the API key that the logger needs is missing."""
    if config.logger.name == "tensorboard" and importlib.util.find_spec("tensorboard") is None:
        raise UserError("logger=tensorboard needs another package: pip install -e '.[tensorboard]'")
    if config.logger.name == "wandb" and config.logger.mode == "online":
        import wandb

        with suppress(ValueError, wandb.Error):  # a malformed key: the logger says so, and the run is logged offline
            if wandb.login(prompt=False, verify=False):
                return
            raise UserError("logger.mode=online needs an API key: run `wandb login` first, or use logger.mode=auto")


class WandbMirror(WandbLogger):
    """W&B's logger that never ends a run: if its service fails, it logs one warning and does nothing from then on."""

    lost = False

    def attempt(self, action: Callable[[], Any]) -> None:
        """Call `action`, which uses W&B, unless an earlier one failed."""
        if self.lost:
            return
        try:
            action()
        except Exception as error:  # from W&B, asyncio or a socket: there is no common base class
            self.lost = True
            log.warning("W&B has failed (%s); the run continues without it", str(error) or type(error).__name__)
            import wandb

            with suppress(Exception):  # otherwise W&B would try again when the process ends
                wandb.teardown(exit_code=1)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        log_metrics = super().log_metrics
        self.attempt(lambda: log_metrics(metrics, step))


@contextmanager
def run_logger(
    config: Config, folder: RunFolder, summary: Summary, group: str | None, tags: Sequence[str]
) -> Iterator[Logger | None]:
    """The configured logger, or None; at the end it learns whether the run succeeded. Only the first rank has one."""
    if rank_of_process(config) > 0:
        yield None
        return
    logger: Logger | None = None
    if config.logger.name == "wandb":
        logger = _wandb_logger(config, folder, summary, group, tags)
    elif config.logger.name == "tensorboard":
        logger = TensorBoardLogger(folder.path, name="", version="tensorboard", default_hp_metric=False)
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
                log.warning("W&B's files of this run have been removed: %s", run.settings.sync_file)
            logger.attempt(lambda: run.finish(exit_code=0 if status == "success" else 1))


def _wandb_logger(
    config: Config, folder: RunFolder, summary: Summary, group: str | None, tags: Sequence[str]
) -> WandbMirror | None:
    """The W&B run of a run folder; None if W&B is disabled. If the service does not begin it, it is logged offline.

    Raises UserError if W&B cannot start even offline.
    """
    mode = mode_of(config)
    if mode == "disabled":
        return None
    import wandb

    options = _run_options(config, folder, summary, group, tags)
    if mode not in ("offline", "dryrun"):
        limit = {} if "WANDB_INIT_TIMEOUT" in os.environ else {"init_timeout": INIT_SECONDS}
        try:
            return _started(mode, options, **limit)
        except wandb.Error as error:
            log.warning("W&B cannot begin the run (%s): logging offline", one_line(error))
            wandb.teardown(exit_code=1)  # otherwise it would go on trying, and the id would be in use
    try:
        return _started("offline", options)
    except (wandb.Error, ValueError) as error:  # ValueError: a WANDB_ variable with a wrong value
        raise UserError(f"W&B cannot start: {one_line(error)}. logger=none trains without it") from error


def _started(mode: Any, options: dict[str, Any], **settings: Any) -> WandbMirror:
    import wandb

    run = wandb.init(**options, mode=mode, settings=wandb.Settings(silent=True, console="off", **settings))
    classifies = options["config"]["config"]["task"] == "classify"
    run.define_metric("*", step_metric="reviews_seen" if classifies else "chars_seen")
    return WandbMirror(experiment=run)


def _run_options(
    config: Config, folder: RunFolder, summary: Summary, group: str | None, tags: Sequence[str]
) -> dict[str, Any]:
    """Arguments of wandb.init. One W&B run per run folder: its id is in wandb/id, so a resumed run continues it.

    W&B's environment variables keep their meaning: WANDB_PROJECT (unless logger.project is set), WANDB_DIR and
    WANDB_TAGS in every run; WANDB_RUN_ID, as a W&B agent sets it, and WANDB_NAME in a single run, since the runs of a
    sweep cannot share one.
    """
    environment: Mapping[str, str] = os.environ if group is None else {}
    id_file = folder.wandb / "id"
    id_file.parent.mkdir(exist_ok=True)
    if environment.get("WANDB_RUN_ID"):
        write_atomically(id_file, environment["WANDB_RUN_ID"] + "\n")
    elif not id_file.exists():
        write_atomically(id_file, secrets.token_hex(4) + "\n")
    facts = {key: value for key, value in summary.items() if value is not None and key != "status"}
    own = [
        config.cell.name,
        summary.get("corpus", config.corpus.name),
        *tags,
        *os.environ.get("WANDB_TAGS", "").split(","),
    ]
    return {
        "name": environment.get("WANDB_NAME") or folder.path.name,
        "project": project_of(config),
        "dir": os.environ.get("WANDB_DIR") or folder.path,
        "id": id_file.read_text().strip(),
        "resume": "allow",
        "config": {**facts, "config": dataclasses.asdict(config)},
        "group": group,
        "job_type": "train",
        "tags": [tag for tag in dict.fromkeys(own) if 0 < len(tag) <= MAX_TAG],
    }


def log_results(logger: Logger | None, config: Config, folder: RunFolder, summary: Summary) -> None:
    """Send the samples, the loss curve and the final figures to W&B or TensorBoard."""
    if isinstance(logger, WandbMirror):
        logger.attempt(lambda: _send_to_wandb(logger, folder, summary))
    elif isinstance(logger, TensorBoardLogger):
        tensorboard.write_results(logger, config, folder, summary)


def _send_to_wandb(logger: WandbMirror, folder: RunFolder, summary: Summary) -> None:
    import wandb

    run, samples = logger.experiment, folder.read_samples()
    if samples:
        columns: list[str | int] = list(samples[0])
        run.log({"samples": wandb.Table(columns, [list(sample.values()) for sample in samples])})
    run.log({"loss curve": wandb.Image(str(folder.loss_picture))})
    run.summary.update({key: value for key, value in summary.items() if "/" in key})
