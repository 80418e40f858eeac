"""How the process that starts a sweep and its workers on the same machine stop together.

Two environment variables are inherited by the workers: the process id that they must not outlive, and a file whose
existence asks all of them to save their run and stop.
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
"""Environment variable with the path of the file that asks for a stop; it holds the number of the signal behind it."""

POLL_SECONDS = 0.2


@contextmanager
def be_parent(folder: Path) -> Iterator[None]:
    """Have the jobs that start inside follow this process.

    Args:
        folder: an empty one, for the file that asks for a stop.
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
    """In a worker on the parent's machine: end when it ends, stop when it asks. Returns whether this is a worker."""
    if PARENT not in os.environ or is_parent():
        return False
    if not any(thread.name == PARENT for thread in threading.enumerate()):
        threading.Thread(target=_follow, args=(int(os.environ[PARENT]),), name=PARENT, daemon=True).start()
    return True


def _follow(parent: int) -> None:
    asked = False
    while True:
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)  # a run folder is whole at any moment; two writers would spoil it
        if stop_signal() and not asked:
            asked = True
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(POLL_SECONDS)


def stop_signal() -> int:
    """The number of the signal after which all jobs on this machine are to stop; 0 where nobody has asked."""
    if STOP not in os.environ or not Path(os.environ[STOP]).exists():
        return 0
    return int(Path(os.environ[STOP]).read_text() or signal.SIGTERM)  # empty while it is being written


def ask_to_stop(number: int) -> None:
    """Have all jobs on this machine stop, as after the signal of that number; the first one counts."""
    if STOP in os.environ and not Path(os.environ[STOP]).exists():
        Path(os.environ[STOP]).write_text(str(number))
