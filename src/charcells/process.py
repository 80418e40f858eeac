"""What a process is set to before it computes: OpenMP, threads, denormal numbers, memory."""

import ctypes
import os
import platform


def prepare_process(threads: int | None = None, *, keep_freed_memory: bool = False) -> None:
    """Set up this process, and those that it will start, to compute.

    The first call must come before PyTorch is imported: it says how long idle OpenMP threads spin, which is read then.
    By default they spin so long that two runs on the same cores are several times slower; waiting passively makes a
    small model alone several times slower. With 1,000 turns neither is.

    Args:
        threads: CPU threads of PyTorch, 1 or more. None leaves PyTorch unimported, for commands that only read files.
        keep_freed_memory: have the C library keep what a training step frees for the next step, where it can be told
            to (glibc). Else it returns large blocks to the system, which hands them out again page by page, filled with
            zeros: a fifth of the time of an LSTM of 2×512 (experiments/LOG.md). To be asked for once the text is
            loaded, so that the memory which loading took is given back.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    if threads is not None:
        import torch

        torch.set_flush_denormal(True)  # numbers near zero are rare, and tens of times slower to compute with
        torch.set_num_threads(threads)
    if keep_freed_memory and platform.libc_ver()[0] == "glibc":
        mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
        for option in (mmap_threshold, trim_threshold):
            ctypes.CDLL(None).mallopt(option, 2**31 - 1)
