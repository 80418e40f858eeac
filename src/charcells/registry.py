"""The available recurrent cells and optimizers, one table for each.

Options, help, plot colours, decoders, initial values and the contract tests are all derived from these tables. A row
names its class as 'module:Class'. The class is imported only when it is used, so this file does not need PyTorch. A
checkpoint refers to a cell by its name in this table, never by a class, so loading an untrusted checkpoint cannot
import code of its choice.

Other packages add rows through entry points in the groups `charcells.cells` and `charcells.optimizers`; each points to
a Cell or an Optimizer. A notebook can call `CELLS.register(...)`. docs/extend.md has an example of both.
"""

import dataclasses
import importlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import EntryPoint, EntryPoints, distributions
from typing import Any, Generic, TypeVar

from charcells.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A recurrent cell.

    The class is constructed and called like nn.RNN. The constructor takes input_size, hidden_size, num_layers, dropout
    and batch_first=True. The call is `outputs, state = layers(inputs, state)` with inputs (B, T, input_size) and
    outputs (B, T, hidden_size); state=None means zeros. A state is a tensor, or a (nested) tuple, list or dict of
    tensors. Each tensor has the batch as its second dimension: (num_layers, B, ...).

    Parameters with PyTorch's names (weight_ih_l0, weight_hh_l0, bias_ih_l0, ...) get the initial values chosen by
    `model.init`. All others keep the values that the constructor gave them.

    Args:
        name: as in `cell=name`.
        layers: 'module:Class'.
        lr: peak learning rate that suits the cell; the default of `optimizer.lr`.
        help: one line for --help.
        colour: in plots, such as '#0072B2'. None: plots with this cell use the palette in order instead.
        decoders: 'module:Class' of each writing.decoder.Decoder that is faster than calling the layers, the fastest
            first. `Class.of(model, weights)` returns one, or None if it does not serve that model.
        output_rms: root mean square of the outputs of an untrained layer whose gate inputs have a root mean square of
            1. The input weights of the layer above are divided by it.
    """

    name: str
    layers: str
    lr: float
    help: str
    colour: str | None = None
    decoders: tuple[str, ...] = ()
    output_rms: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """An optimizer: `Class(parameters, **options)`.

    Args:
        name: as in `optimizer=name`.
        optimizer: 'module:Class'.
        defaults: its options and their default values, including `lr` ('${cell.lr}' is the cell's own). Only these
            options can be set. Each must be a field of config.OptimizerConfig.
        fused: whether the class accepts fused=True, which updates all weights in one pass.
    """

    name: str
    optimizer: str
    defaults: Mapping[str, Any] = dataclasses.field(hash=False)
    fused: bool = False


Row = TypeVar("Row", Cell, Optimizer)


class Registry(Mapping[str, Row], Generic[Row]):
    """Rows by name, including those of other packages. A package is imported only when its row is looked up. A built-in
    row is never replaced by one of the same name.

    Args:
        group: entry-point group from which other packages add rows.
        rows: the built-in rows.
    """

    def __init__(self, group: str, rows: Sequence[Row]) -> None:
        self.group = group
        self._rows: dict[str, Row] = {row.name: row for row in rows}

    @cached_property
    def _entries(self) -> dict[str, EntryPoint]:
        entries = {entry.name: entry for entry in _entry_points().select(group=self.group)}
        for name in self._rows.keys() & entries.keys():
            log.warning(
                "%s: %s of %s is not used, since charcells has its own", self.group, name, _package(entries[name])
            )
        return entries

    def register(self, row: Row) -> None:
        """Add a row, in this process only. Raises ValueError if the name is already registered."""
        if row.name in self._rows:
            raise ValueError(f"{row.name} is already registered")
        self._rows[row.name] = row

    def __getitem__(self, name: str) -> Row:
        """Raises KeyError for an unknown name, and UserError if the package that provides the row cannot be loaded."""
        if name not in self._rows:
            self._rows[name] = self._load(self._entries[name])
        return self._rows[name]

    def _load(self, entry: EntryPoint) -> Row:
        try:
            row: Any = entry.load()
        except Exception as error:  # importing another package can fail in any way
            raise UserError(self._broken(entry, describe_error(error))) from error
        kind = type(next(iter(self._rows.values())))
        if not isinstance(row, kind) or row.name != entry.name:
            raise UserError(self._broken(entry, f"it is not a {kind.__name__} with that name"))
        return row

    def _broken(self, entry: EntryPoint, reason: str) -> str:
        return (
            f"{entry.name} ({self.group}) cannot be loaded from {entry.value}: {reason}. "
            f"Repair or uninstall {_package(entry)}"
        )

    def usable(self) -> Iterator[Row]:
        """All rows but those of packages that cannot be loaded: they are an error only if somebody asks for them."""
        for name in self:
            with suppress(UserError):
                yield self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._rows, *self._entries]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _package(entry: EntryPoint) -> str:
    """Name of the package that has registered an entry point."""
    return entry.dist.name if entry.dist is not None else "the package"


@cache
def _entry_points() -> EntryPoints:
    """The entry points of all installed packages. Cached, because reading their metadata takes time."""
    return EntryPoints(entry for package in distributions() for entry in package.entry_points)


def load_class(path: str) -> Any:
    """Import the class at 'module:Class'. The path must come from a registry row, never from a file.

    Raises UserError if it cannot be imported.
    """
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # importing another package can fail in any way
        raise UserError(f"the class {path} cannot be imported: {describe_error(error)}") from error


def describe_error(error: Exception) -> str:
    """The type and message of an error from another package, on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


OURS, RECURRENCE = "charcells.models.cells", "charcells.models.recurrence"
COMPILED, FUSED = "charcells.writing.compiled:CompiledDecoder", "charcells.writing.fused"

# fmt: off
CELLS = Registry("charcells.cells", [
    Cell(name="rnn", layers=f"{RECURRENCE}:RNN", decoders=(COMPILED, f"{FUSED}:FusedRNN"), lr=6e-3, output_rms=0.68,
         colour="#009E73", help="nn.RNN with tanh"),
    Cell(name="gru", layers=f"{RECURRENCE}:GRU", decoders=(COMPILED, f"{FUSED}:FusedGRU"), lr=8e-3, output_rms=0.45,
         colour="#D55E00", help="nn.GRU"),
    Cell(name="lstm", layers="torch.nn:LSTM", decoders=(COMPILED, f"{FUSED}:FusedLSTM"), lr=1e-2, output_rms=0.21,
         colour="#0072B2", help="nn.LSTM"),
    Cell(name="jordan", layers=f"{OURS}:Jordan", lr=6e-3, colour="#CC79A7",
         help="the output is fed back to the hidden layer (Jordan 1986)"),
    Cell(name="output", layers=f"{OURS}:OutputToOutput", lr=6e-3, colour="#E69F00",
         help="the output is fed back to the output; the hidden layer has no memory"),
])
"""Colours are from Okabe and Ito's palette, which colour-blind readers can tell apart. The learning rates and
`output_rms` were measured: experiments/LOG.md."""

OPTIMIZERS = Registry("charcells.optimizers", [
    Optimizer(name="adam", optimizer="torch.optim:Adam", fused=True,
              defaults={"lr": "${cell.lr}", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0}),
    Optimizer(name="adamw", optimizer="torch.optim:AdamW", fused=True,
              defaults={"lr": "${cell.lr}", "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.01}),
    Optimizer(name="rmsprop", optimizer="torch.optim:RMSprop",
              defaults={"lr": 2e-3, "alpha": 0.95, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0}),
    Optimizer(name="adagrad", optimizer="torch.optim:Adagrad",
              defaults={"lr": 0.1, "initial_accumulator_value": 0.0, "eps": 1e-8, "weight_decay": 0.0}),
    Optimizer(name="sgd", optimizer="torch.optim:SGD",
              defaults={"lr": 0.5, "momentum": 0.9, "weight_decay": 0.0}),
])
