"""The processes that share one run, where trainer.devices is above 1: ranks, the first of which writes."""

import os
import threading
import time
from typing import TypeVar

import torch

from charcells.config import Config

FIRST_RANK = "CHARCELLS_FIRST_RANK"
"""Environment variable by which the ranks of a run know the process of the first."""

Value = TypeVar("Value")


def rank_of_process(config: Config) -> int:
    """Which of the processes that share the run this is; Lightning starts the others with LOCAL_RANK set."""
    return int(os.environ.get("LOCAL_RANK", 0)) if config.trainer.devices > 1 else 0


def announce_first_rank() -> None:
    """Let the ranks that this process will start know that it is the first."""
    os.environ[FIRST_RANK] = str(os.getpid())


def end_with_first_rank() -> None:
    """Have this process end when the first rank does: left alone it would wait for it for minutes."""
    first = int(os.environ.get(FIRST_RANK, os.getppid()))

    def follow() -> None:
        while os.getppid() == first:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def gather(value: Value, devices: int) -> list[Value]:
    """What each rank has, in their order. All ranks must ask, and wait here for one another. Tensors: on the CPU."""
    if devices == 1:
        return [value]
    values = [value] * devices
    torch.distributed.all_gather_object(values, value)
    return values
