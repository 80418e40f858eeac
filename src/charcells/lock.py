"""One process at a time in a run folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charcells.config import Busy


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder, which must exist. The kernel lets go however this process ends.

    Raises Busy where another process holds it, OSError where the folder cannot be written. The file `.lock` stays: it
    says nothing by being there.
    """
    from filelock import FileLock, Timeout  # which --help need not wait for

    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy(f"another process is training in {folder}: wait until it has ended, or stop it") from None
    try:
        yield
    finally:
        lock.release()
