"""Stop signals and their handlers. Only this file knows which signals these are."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]

TIME_SIGNALS = ("SIGUSR1", "SIGUSR2")
"""Signals by which a cluster says that a job's time is nearly up."""

STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", *TIME_SIGNALS)


class Interrupted(SystemExit):
    """A signal asked the run to stop, and the run has been saved.

    Exits with 128 + signal number, the shell's convention.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.code = 128 + number

    @property
    def time_is_up(self) -> bool:
        """Whether a cluster has said that the job's time is nearly up."""
        return any(self.number == getattr(signal, name, None) for name in TIME_SIGNALS)


def stop_signals() -> list[int]:
    """The signals that stop a run: Ctrl-C (SIGINT), preemption by a cluster (SIGTERM), a closed terminal (SIGHUP), and
    SIGUSR1 and SIGUSR2, by which a cluster says that a job's time is nearly up.

    Signals that are ignored are left out, because that was done on purpose: `nohup` ignores SIGHUP.
    """
    numbers = [getattr(signal, name) for name in STOP_SIGNALS if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def raise_interrupted(number: int, frame: FrameType | None) -> None:
    """A handler that raises Interrupted wherever the program happens to be."""
    raise Interrupted(number)


class StopHandlers:
    """Installs one handler for all stop signals, from `install` to `restore` or inside a `with` block.

    Python allows signal handlers only in the main thread; in any other thread this does nothing.

    Args:
        handler: called with the signal number and the interrupted frame.
        keep_custom: leave signals alone that already have a handler other than Python's default.
    """

    def __init__(self, handler: Handler, *, keep_custom: bool = False) -> None:
        self.handler = handler
        self.keep_custom = keep_custom
        self._previous: dict[int, Any] = {}

    def install(self) -> None:
        if _left_alone or threading.current_thread() is not threading.main_thread():
            return
        for number in stop_signals():
            if not self.keep_custom or signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                self._previous[number] = signal.signal(number, self.handler)

    def restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}

    def __enter__(self) -> None:
        self.install()

    def __exit__(self, *exception: object) -> None:
        self.restore()


_left_alone = False


@contextmanager
def leave_signals_alone() -> Iterator[None]:
    """Install no handler inside the block, in a process that somebody else has started, such as a notebook."""
    global _left_alone
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    _left_alone = True
    try:
        yield
    finally:
        _left_alone = False
        if in_main and before is not None:
            signal.signal(signal.SIGINT, before)  # Lightning ignores it once it was interrupted


def ignore_stop_signals(*, except_for: int | None = None) -> None:
    """Ignore all stop signals in this process. The signal `except_for` raises Interrupted, even if it was ignored."""
    for number in stop_signals():
        signal.signal(number, signal.SIG_IGN)
    if except_for is not None:
        signal.signal(except_for, raise_interrupted)


def exit_at_once_on_interrupt() -> None:
    """Let Ctrl-C end the process without a traceback. For the time of the imports, when there is nothing to save."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(128 + number))
