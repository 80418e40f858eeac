"""Recording the outcome of a run in its folder: running, finished, interrupted or failed, and why."""

import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from logging.handlers import MemoryHandler

import torch

from charcells.config import Config
from charcells.errors import USER_FIXABLE, UserError
from charcells.files import make_folder
from charcells.runs.folder import RunFolder
from charcells.runs.summary import Summary
from charcells.signals import Interrupted, StopHandlers, raise_interrupted
from charcells.training.ranks import rank_of_process

log = logging.getLogger(__name__)


class _LogFile(logging.FileHandler):
    """Writes train.log and ignores OSErrors: on a full disk the run fails when a more important file is written."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def _user_fixable(error: BaseException, folder: RunFolder, task: str) -> UserError | None:
    """A UserError with advice for a full disk, an unwritable folder or too little memory; None for any other error."""
    if isinstance(error, FileNotFoundError) and not folder.path.exists():
        return UserError(f"{folder} was removed while the run was training in it")
    if isinstance(error, OSError) and error.errno in USER_FIXABLE:
        where = f"{folder} could not be written" if error.filename is None else f"{error.filename}"
        return UserError(
            f"{where}: {error.strerror}. What was saved before is intact; once this is fixed, "
            f"resume={shlex.quote(str(folder))} continues from there"
        )
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        length = "reviews.max_length" if task == "classify" else "data.seq_len"
        return UserError(
            f"there is not enough memory: use a smaller data.batch_size, {length} or model.hidden_size "
            f"({str(error).strip().splitlines()[0][:200] if str(error).strip() else 'MemoryError'})"
        )
    return None


@contextmanager
def record_outcome(folder: RunFolder, config: Config, summary: Summary, resume: bool) -> Iterator[None]:
    """Create and lock the run folder, and record in summary.json and train.log how the run inside the block ends.

    Only the first rank does this. Raises UserError if the folder cannot be written, Busy if another process uses it.
    """
    if rank_of_process(config) > 0:
        try:
            yield
        except (Interrupted, UserError):
            # All ranks end here in the same way. Exit without an error: otherwise Lightning would kill the first rank
            # while it is recording the outcome.
            sys.exit()
        return

    def write(status: str) -> None:
        summary["status"] = status
        folder.write_summary(summary)

    with ExitStack() as opened:
        try:
            make_folder(folder.path, "hydra.run.dir")
            opened.enter_context(folder.hold())
            if not resume:  # again, now under the lock: another process may have been faster
                folder.check_new()
            folder.remove_drafts()
            folder.write_config(config)  # before the summary, because a run without it cannot be resumed
            log_file = opened.enter_context(_log_file(folder))
        except OSError as error:
            raise UserError(f"the run folder {folder} cannot be written: {error.strerror or error}") from error
        opened.enter_context(StopHandlers(raise_interrupted, keep_custom=True))
        try:
            write("running")
            yield
            write("finished")
        except (KeyboardInterrupt, SystemExit):
            with suppress(OSError):
                write("interrupted")
            log.info("interrupted; resume=%s continues it", shlex.quote(str(folder)))
            raise
        except BaseException as error:
            reported = _user_fixable(error, folder, config.task) or error
            summary["error"] = str(reported) or type(reported).__name__
            with suppress(OSError):  # on a full disk the old summary stays
                write("failed")
            log.info("failed: %s", summary["error"], exc_info=not isinstance(reported, UserError))
            if reported is not error:  # one line on the terminal; the traceback stands in train.log only
                trace = (type(error), error, error.__traceback__)
                log_file.handle(log.makeRecord(log.name, logging.INFO, __file__, 0, "where it failed:", (), trace))
            raise reported from (error if reported is not error else error.__cause__)


@contextmanager
def keep_early_messages() -> Iterator[None]:
    """Keep the log messages inside the block, or of the decorated function, until `record_outcome` opens train.log."""
    package_log, early = logging.getLogger("charcells"), MemoryHandler(capacity=1000, flushLevel=logging.CRITICAL)
    package_log.addHandler(early)
    try:
        yield
    finally:
        package_log.removeHandler(early)


@contextmanager
def _log_file(folder: RunFolder) -> Iterator[logging.Handler]:
    """Copy charcells' log messages to train.log, those from before it was opened first."""
    package_log = logging.getLogger("charcells")
    file = _LogFile(folder.log, encoding="utf-8", errors="backslashreplace")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for early in [handler for handler in package_log.handlers if isinstance(handler, MemoryHandler)]:
        early.setTarget(file)
        early.flush()
        package_log.removeHandler(early)
    package_log.addHandler(file)
    try:
        yield file
    finally:
        package_log.removeHandler(file)
        with suppress(OSError):
            file.close()
