"""Ranks: the processes that share one run if trainer.devices is above 1. Only the first rank writes files."""

import os
import threading
import time
from typing import TypeVar

import torch

from charcells.config import Config

FIRST_RANK = "CHARCELLS_FIRST_RANK"
"""Environment variable with the process id of the first rank."""

Value = TypeVar("Value")


def rank_of_process(config: Config) -> int:
    """The rank of this process in its run, from 0. Lightning sets LOCAL_RANK for the processes that it starts."""
    return int(os.environ.get("LOCAL_RANK", 0)) if config.trainer.devices > 1 else 0


def announce_first_rank() -> None:
    """Tell the ranks that this process is going to start that it is the first rank."""
    os.environ[FIRST_RANK] = str(os.getpid())


def exit_with_first_rank() -> None:
    """Exit when the first rank has ended. Otherwise this process would wait for it for minutes."""
    first = int(os.environ.get(FIRST_RANK, os.getppid()))

    def follow() -> None:
        while os.getppid() == first:  # an orphan gets another parent
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def gather(value: Value, devices: int) -> list[Value]:
    """Collect the value of each rank, in order of rank. All ranks must call it, and it waits for them. Tensors must be
    on the CPU."""
    if devices == 1:
        return [value]
    values = [value] * devices
    torch.distributed.all_gather_object(values, value)
    return values
