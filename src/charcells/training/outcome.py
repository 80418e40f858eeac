"""What becomes of a run, recorded in its folder: running, finished, interrupted or failed, and why."""

import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import torch

from charcells.config import Config
from charcells.errors import UserError
from charcells.runs.folder import RunFolder
from charcells.runs.summary import Summary
from charcells.signals import Interrupted, StopHandlers, raise_interrupted
from charcells.training.ranks import rank_of_process

log = logging.getLogger(__name__)


class _LogFile(logging.FileHandler):
    """train.log. What it cannot write it leaves out: on a full disk the run ends by its first file that matters."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def _user_fixable(error: BaseException, folder: RunFolder) -> UserError | None:
    """What the user can do about an error that comes from the machine; None for any other."""
    if isinstance(error, OSError) and error.errno is not None:
        where = f"{folder} could not be written" if error.filename is None else f"{error.filename}"
        return UserError(
            f"{where}: {error.strerror}. What was saved before is whole; once that is fixed, "
            f"resume={shlex.quote(str(folder))} goes on from there"
        )
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return UserError(
            "there is not enough memory: take a smaller data.batch_size, data.seq_len or model.hidden_size "
            f"({str(error).strip().splitlines()[0][:200] if str(error).strip() else 'MemoryError'})"
        )
    return None


@contextmanager
def recorded(folder: RunFolder, config: Config, summary: Summary, resume: bool) -> Iterator[None]:
    """Open the run folder and keep others out. Whatever becomes of the run inside, summary.json and train.log say so.

    All this on the first rank alone. Raises UserError where the folder cannot be written, Busy where it is in use.
    """
    if rank_of_process(config) > 0:
        try:
            yield
        except (Interrupted, UserError):
            # All ranks end so, in the same place. No error here: Lightning would kill the first over it, which is just
            # writing what happened.
            sys.exit()
        return

    def write(status: str) -> None:
        summary["status"] = status
        folder.write_summary(summary)

    with ExitStack() as opened:
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            opened.enter_context(folder.hold())
            if not resume:  # once more: somebody else may have been quicker
                folder.check_new()
            folder.remove_drafts()
            folder.write_config(config)  # before any summary: without it a run cannot be resumed
            opened.enter_context(_log_file(folder))
        except OSError as error:
            raise _user_fixable(error, folder) or error from error
        opened.enter_context(StopHandlers(raise_interrupted, keep_custom=True))
        try:
            write("running")
            yield
            write("finished")
        except (KeyboardInterrupt, SystemExit):
            with suppress(OSError):
                write("interrupted")
            log.info("interrupted; resume=%s goes on", shlex.quote(str(folder)))
            raise
        except BaseException as error:
            reported = _user_fixable(error, folder) or error
            summary["error"] = str(reported) or type(reported).__name__
            with suppress(OSError):  # on a full disk it stays as it was
                write("failed")
            log.info("failed: %s", summary["error"], exc_info=not isinstance(reported, UserError))
            raise reported from (error if reported is not error else error.__cause__)


@contextmanager
def _log_file(folder: RunFolder) -> Iterator[None]:
    """Write what charcells logs into train.log."""
    package_log = logging.getLogger("charcells")
    file = _LogFile(folder.log, encoding="utf-8", errors="backslashreplace")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    package_log.addHandler(file)
    try:
        yield
    finally:
        package_log.removeHandler(file)
        with suppress(OSError):
            file.close()
