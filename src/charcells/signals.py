"""What asks a run to stop, and what follows: the only file that knows which signals these are."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]


class Interrupted(SystemExit):
    """The run was asked to stop by a signal and has saved itself; exits with 128 + the signal's number, as a shell has
    it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.code = 128 + number


def stop_signals() -> list[int]:
    """Ctrl-C (SIGINT), a cluster's preemption (SIGTERM), a terminal that was closed (SIGHUP).

    Without those that are ignored, as `nohup` has SIGHUP: whoever ignores one means it.
    """
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def raise_interrupted(number: int, frame: FrameType | None) -> None:
    """A handler that raises Interrupted wherever the program is."""
    raise Interrupted(number)


class StopHandlers:
    """A handler for all signals to stop, from `install` to `restore`, or inside a `with` block.

    Python allows handlers in the main thread alone; elsewhere this does nothing.

    Args:
        handler: called with the signal's number and the frame that it interrupted.
        keep_custom: leave alone those for which somebody else has installed a handler.
    """

    def __init__(self, handler: Handler, *, keep_custom: bool = False) -> None:
        self.handler = handler
        self.keep_custom = keep_custom
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in stop_signals():
            if not self.keep_custom or signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                self._before[number] = signal.signal(number, self.handler)

    def restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def __enter__(self) -> None:
        self.install()

    def __exit__(self, *exception: object) -> None:
        self.restore()


def ignore_stop_signals(*, but: int | None = None) -> None:
    """Ignore all signals to stop in this process; `but` that one, which raises Interrupted, even if it was ignored."""
    for number in stop_signals():
        signal.signal(number, signal.SIG_IGN)
    if but is not None:
        signal.signal(but, raise_interrupted)


def exit_at_once_on_interrupt() -> None:
    """Have Ctrl-C end the process without a traceback, for as long as it only imports and there is nothing to save."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(128 + number))
