"""Mistakes of the user, and how a command reports them."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A mistake that the user can fix. Commands print its message, without a traceback, and exit with status 1."""


class Busy(UserError):
    """Another process is training in the run folder."""


@contextmanager
def report_user_errors() -> Iterator[None]:
    """What a command runs in: a UserError, or a file that cannot be read or written, ends it in one line, status 1.

    A bug keeps its traceback, and so does everything where HYDRA_FULL_ERROR=1 asks for it. Text that the terminal has
    no characters for is shown as escapes. A reader that closes the pipe, as `| head` does, ends the command in peace.
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
        if full or error.filename is None:
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}")


@contextmanager
def ignore_closed_pipe() -> Iterator[None]:
    """Stop printing, without an error, once the reader of standard output is gone."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes the rest when it exits
