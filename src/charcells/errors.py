"""User errors, and how a command reports them."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """An error that the user can fix. Commands print the message without a traceback and exit with status 1."""


class Busy(UserError):
    """Another process is training in the run folder."""


@contextmanager
def report_user_errors() -> Iterator[None]:
    """Run a command: a UserError, or a file that cannot be read or written, prints one line and exits with status 1.

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
        if full or error.filename is None:  # without a file name there is nothing to tell the user
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
