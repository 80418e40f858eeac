"""Stopping a sweep's parent and its workers on the same machine together.

Workers inherit two environment variables: the process id of the parent, which they must not outlive, and the path of a
file. Once that file exists, all workers save their run and stop.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARENT = "CHARCELLS_SWEEP_PARENT"
"""Environment variable with the process id of the sweep's parent."""

STOP = "CHARCELLS_SWEEP_STOP"
"""Environment variable with the path of the stop file, which contains the number of the signal that caused the stop."""

POLL_SECONDS = 0.2


@contextmanager
def sweep_parent(folder: Path) -> Iterator[None]:
    """Make this process the parent of the jobs that start inside the block.

    Args:
        folder: an empty folder for the stop file.
    """
    os.environ |= {PARENT: str(os.getpid()), STOP: str(folder / "stop")}
    try:
        yield
    finally:
        os.environ.pop(PARENT, None)
        os.environ.pop(STOP, None)


def is_parent() -> bool:
    return os.environ.get(PARENT) == str(os.getpid())


def follow_parent() -> bool:
    """In a worker on the parent's machine: end with the parent, and stop when it asks.

    Returns whether this is a worker.
    """
    if PARENT not in os.environ or is_parent():
        return False
    if not any(thread.name == PARENT for thread in threading.enumerate()):
        threading.Thread(target=_follow, args=(int(os.environ[PARENT]),), name=PARENT, daemon=True).start()
    return True


def _follow(parent: int) -> None:
    asked = False
    while True:
        if os.getppid() != parent:
            # Ending at once is safe, because a run folder is always consistent. An orphan must not go on writing.
            os._exit(1)
        if stop_signal() and not asked:
            asked = True
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(POLL_SECONDS)


def stop_signal() -> int:
    """The number of the signal that asked all jobs on this machine to stop; 0 if there was none."""
    if STOP not in os.environ or not Path(os.environ[STOP]).exists():
        return 0
    # the file is empty for a moment while it is written
    return int(Path(os.environ[STOP]).read_text() or signal.SIGTERM)


def ask_to_stop(number: int) -> None:
    """Ask all jobs on this machine to stop, as if by this signal. Only the first signal is recorded."""
    if STOP in os.environ and not Path(os.environ[STOP]).exists():
        Path(os.environ[STOP]).write_text(str(number))
