"""What this machine can do: devices, number formats, threads, memory."""

import os
from typing import Any

import joblib
import torch

from charcells.config import Config
from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS, load_class

MAX_AUTO_THREADS = 4
"""A single recurrent layer hardly gains from more."""

WORTH_SHARING = 8_000_000
"""Parameters times streams from which a second thread pays; below, it can halve the speed (experiments/LOG.md)."""


def check_machine(config: Config) -> None:
    """Raise UserError for a device or a number format that is asked for and that this machine does not have."""
    there = {"gpu": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    kind, devices, precision = config.trainer.accelerator, config.trainer.devices, config.trainer.precision
    if there.get(kind, 1) == 0:
        raise UserError(
            f"trainer.accelerator={kind}, but PyTorch sees none here; trainer.accelerator=auto takes what is"
        )
    if kind == "auto":  # what Lightning takes
        kind = next((name for name in ("mps", "gpu") if there[name]), "cpu")
    if devices > there.get(kind, devices):
        raise UserError(
            f"trainer.devices={devices}, but PyTorch sees {there[kind]} {kind} here: take trainer.devices={there[kind]}"
        )
    # with the first Lightning would quietly take bf16-mixed, with the second fail
    if (kind, precision) in (("cpu", "16-mixed"), ("mps", "64-true")):
        raise UserError(f"trainer.precision={precision} does not go with {kind}: take 32-true or bf16-mixed")
    if (kind, precision) == ("cpu", "bf16-mixed") and not _computes_in_bf16(config.cell.name):
        raise UserError(f"trainer.precision={precision}: this CPU has none for cell={config.cell.name}: take 32-true")


def _computes_in_bf16(cell: str) -> bool:
    """Whether this CPU can. On one without AVX-512 oneDNN has no LSTM in bf16, and PyTorch asks it all the same."""
    try:
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", torch.bfloat16):
            load_class(CELLS[cell].layers)(input_size=1, hidden_size=1, batch_first=True)(torch.zeros(1, 1, 1))
    except RuntimeError:
        return False
    return True


def auto_threads(parameters: int, batch_size: int, cores: int | None = None, *, devices: int = 1) -> int:
    """The number of CPU threads that trains a model of this size fastest on so many cores (None: all there are).

    Several devices share the cores and the batch; the number is that of each.
    """
    cores = joblib.cpu_count() if cores is None else cores  # knows of affinity and of a container's limits
    worth_sharing = parameters * batch_size // devices >= WORTH_SHARING
    return min(MAX_AUTO_THREADS, max(1, cores // devices)) if worth_sharing else 1


def check_memory(config: Config, vocab_size: int, options: dict[str, Any]) -> None:
    """Raise UserError for what this machine's memory cannot hold, before any of it is taken.

    Counted is what there must be at the very least: weights and gradients, the logits of a batch and their gradients.
    What comes near the limit may still be too much. A GPU says for itself what it cannot hold.
    """
    if torch.cuda.is_available() or not hasattr(os, "sysconf"):
        return

    def parameters(num_layers: int) -> int:
        with torch.device("meta"):  # shapes only: no memory
            model = CharRNN(vocab_size, **{**options, "num_layers": num_layers}, init="torch")
        return sum(parameter.numel() for parameter in model.parameters())

    one, two = parameters(1), parameters(2)  # each layer after the first has as many as the second
    weights = one + (options["num_layers"] - 1) * (two - one)
    logits = config.data.batch_size * config.data.seq_len * vocab_size
    needed, there = 8 * (weights + logits), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise UserError(
            f"this run needs at least {needed / 1e9:,.0f} GB of memory and the machine has {there / 1e9:,.0f}: "
            f"{weights:,} parameters, {logits:,} logits (data.batch_size × data.seq_len × {vocab_size:,} characters)"
        )
