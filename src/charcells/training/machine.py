"""Capabilities of this machine: devices, number formats, threads, memory."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import torch
from torch import nn

from charcells.config import Config
from charcells.errors import UserError
from charcells.registry import CELLS, load_class

MAX_AUTO_THREADS = 4
"""Most threads that threads=auto uses: a single recurrent layer hardly gains from more."""

THREADING_THRESHOLD = 8_000_000
"""Parameters × streams above which several threads pay. Below it, a second thread can halve the speed
(experiments/LOG.md)."""


def check_machine(config: Config) -> None:
    """Raise UserError for a device or number format that this machine does not have."""
    available = {"gpu": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    kind, devices, precision = config.trainer.accelerator, config.trainer.devices, config.trainer.precision
    if available.get(kind, 1) == 0:
        raise UserError(
            f"trainer.accelerator={kind}, but PyTorch sees none here; trainer.accelerator=auto uses what is there"
        )
    if kind == "auto":  # the same choice as Lightning's
        kind = next((name for name in ("mps", "gpu") if available[name]), "cpu")
    if devices > available.get(kind, devices):
        raise UserError(
            f"trainer.devices={devices}, but PyTorch sees {available[kind]} {kind} here: "
            f"set trainer.devices={available[kind]}"
        )
    # for the first, Lightning would silently use bf16-mixed; the second would fail
    if (kind, precision) in (("cpu", "16-mixed"), ("mps", "64-true")):
        raise UserError(f"trainer.precision={precision} is not possible with {kind}: use 32-true or bf16-mixed")
    if (kind, precision) == ("cpu", "bf16-mixed") and not _computes_in_bf16(config.cell.name):
        cell = config.cell.name
        raise UserError(f"trainer.precision={precision}: this CPU does not support it for cell={cell}: use 32-true")


def _computes_in_bf16(cell: str) -> bool:
    """Whether this CPU can run the cell in bf16.

    Without AVX-512, oneDNN has no bf16 LSTM, and PyTorch fails in calling it.
    """
    try:
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", torch.bfloat16):
            load_class(CELLS[cell].layers)(input_size=1, hidden_size=1, batch_first=True)(torch.zeros(1, 1, 1))
    except RuntimeError:
        return False
    return True


def auto_threads(parameters: int, batch_size: int, cores: int | None = None, *, devices: int = 1) -> int:
    """The number of CPU threads that trains a model of this size fastest on `cores` cores (None: all).

    Several devices share the cores and the batch; the result is the number of threads for each.
    """
    cores = joblib.cpu_count() if cores is None else cores  # respects CPU affinity and the limits of a container
    is_large = parameters * batch_size // devices >= THREADING_THRESHOLD
    return min(MAX_AUTO_THREADS, max(1, cores // devices)) if is_large else 1


def accelerator(config: Config, parameters: int) -> str:
    """Lightning's accelerator for a run.

    With auto, a small model on a Mac trains on the CPU: handing each step to the GPU takes longer than computing it.
    """
    asked = config.trainer.accelerator
    is_small = parameters * config.data.batch_size < THREADING_THRESHOLD
    return "cpu" if asked == "auto" and is_small and torch.backends.mps.is_available() else asked


def memory_limit(cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes of memory that this process may use: those of the machine, or of its container if that has fewer."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # of the second and the first version of cgroups
        with suppress(OSError, ValueError):  # ValueError: it says "max"
            limits.append(int((cgroups / name).read_text()))
    return min(limits)


@dataclass(frozen=True)
class Numbers:
    """How many numbers a batch makes in a network besides its weights, and what they are, for a message."""

    count: int
    what: str


def check_memory(network: Callable[..., nn.Module], vocab_size: int, options: dict[str, Any], batch: Numbers) -> None:
    """Raise UserError, before allocating anything, if a run cannot fit into the machine's memory.

    This is a lower bound: weights, the largest part of what a batch makes, and the gradients of both. A run just below
    the limit may still need too much. Nothing is checked if there is a GPU, which reports for itself when its memory is
    full.
    """
    if torch.cuda.is_available() or not hasattr(os, "sysconf"):
        return

    def parameters(num_layers: int) -> int:
        with torch.device("meta"):  # only shapes, no memory
            model = network(vocab_size, **{**options, "num_layers": num_layers}, init="torch")
        return sum(parameter.numel() for parameter in model.parameters())

    one, two = parameters(1), parameters(2)  # all layers after the first have equally many
    weights = one + (options["num_layers"] - 1) * (two - one)
    needed = 8 * (weights + batch.count)  # four bytes for each number and four for its gradient
    available = memory_limit()
    if needed > available:
        raise UserError(
            f"this run needs at least {needed / 1e9:,.0f} GB of memory and the machine has {available / 1e9:,.0f}: "
            f"{weights:,} parameters, {batch.count:,} {batch.what}"
        )
