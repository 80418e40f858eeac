"""User errors, and how a command reports them."""

import errno
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class UserError(Exception):
    """An error that the user can fix. Commands print the message without a traceback and exit with status 1."""


class Busy(UserError):
    """Another process is training in the run folder."""


USER_FIXABLE = tuple(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "ESTALE"),  # the disk
        *("EACCES", "EPERM", "ENAMETOOLONG", "EISDIR", "ENOTDIR", "ELOOP"),  # the path
        *("EMFILE", "ENFILE"),  # too many open files
    )
    if hasattr(errno, name)  # not every system has all of them
)
"""Numbers of the OSErrors that a user can fix. Any other, such as a missing file, is a bug where nobody expects it:
code that opens a file which an option names raises a UserError itself."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """', did you mean X?' with the most similar of the known names; empty if none is similar."""
    from difflib import get_close_matches  # imported here to keep --help fast

    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]}?" if close else ""


@contextmanager
def report_user_errors() -> Iterator[None]:
    """Run a command: a UserError, or an OSError that the user can fix, prints one line and exits with status 1.

    Any other exception is a bug and keeps its traceback. HYDRA_FULL_ERROR=1 keeps every traceback. Characters that the
    terminal's encoding lacks are printed as escapes. If the reader of a pipe stops, as `| head` does, the command ends
    without an error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    full = os.environ.get("HYDRA_FULL_ERROR") == "1"
    try:
        with ignore_closed_pipe():
            yield
    except UserError as error:
        if full:
            raise
        sys.exit(f"error: {error}")
    except OSError as error:
        # without a file name there is nothing to tell the user
        if full or error.filename is None or error.errno not in USER_FIXABLE:
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}")


@contextmanager
def ignore_closed_pipe() -> Iterator[None]:
    """Stop printing, without an error, once the reader of standard output has closed the pipe."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # Python flushes the rest at exit, which would fail again
