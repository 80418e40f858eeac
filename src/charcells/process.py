"""Settings of the process that must be made before it computes: OpenMP, threads, denormal numbers, memory."""

import ctypes
import os
import platform

ALL_BLOCKS = 2**31 - 1
"""What a C library takes as the largest size of a block, in bytes."""

BLOCKS_OF_VARYING_SIZE = 64 * 2**20
"""Bytes. Kept without a limit, the blocks of batches that differ in length break up the memory: 150 steps of an LSTM of
64 units in both directions, with reviews of 60 to 1,500 words, took 3.1 GB, with this limit 1.0 and without keeping
anything 0.9, for 19 and 50 % more time."""


def prepare_process(threads: int | None = None, *, keep_blocks: int | None = None) -> None:
    """Prepare this process, and those that it starts later, for computing.

    The first call must come before PyTorch is imported, because OpenMP reads GOMP_SPINCOUNT only once, at import. With
    the default, idle threads spin so long that two runs on the same cores become several times slower. Without any
    spinning, a small model that runs alone becomes several times slower. 1,000 spins avoid both.

    Args:
        threads: CPU threads of PyTorch, 1 or more. None does not import PyTorch, for commands that only read files.
        keep_blocks: let the C library keep blocks of memory up to this many bytes that a training step frees for the
            next step (glibc only). By default it returns large blocks to the system, which zeroes every page before
            handing it out again. That took a fifth of the training time of a 2×512 LSTM (experiments/LOG.md). Set it
            after the text is loaded, so that the memory used for loading is still returned.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    if threads is not None:
        import torch

        torch.set_flush_denormal(True)  # denormal numbers are rare, but tens of times slower to compute with
        torch.set_num_threads(threads)
    if keep_blocks is not None and platform.libc_ver()[0] == "glibc":
        mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
        for option, value in ((mmap_threshold, keep_blocks), (trim_threshold, ALL_BLOCKS)):
            ctypes.CDLL(None).mallopt(option, value)
