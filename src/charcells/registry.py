"""The recurrent cells and optimizers that there are: one table each, from which all else follows.

Options, help, colours of pictures, decoders, initial values and the tests that all cells share look here. A row names
its class as 'module:Class', imported only when it is used, so that this file needs no PyTorch. A checkpoint names a
cell by its name in this table and never by a class: loading somebody's checkpoint imports nothing that it asks for.

Other packages add rows by entry points of the groups `charcells.cells` and `charcells.optimizers`, each the name of a
Cell or an Optimizer; a notebook adds them by `CELLS.register(...)`. CONTRIBUTING.md has an example of both.
"""

import dataclasses
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import EntryPoint, EntryPoints, distributions
from typing import Any, Generic, TypeVar, cast

from charcells.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A recurrent cell.

    The class is made and called as nn.RNN is, with the arguments input_size, hidden_size, num_layers, dropout and
    batch_first=True, and `outputs, state = layers(inputs, state)`: inputs (B, T, input_size), outputs
    (B, T, hidden_size), None for a state of zeros. A state is a tensor, or a tuple, list or dict of tensors or of
    further such, each tensor with the batch as its second dimension: (num_layers, B, ...).

    Parameters that are named as PyTorch names them (weight_ih_l0, weight_hh_l0, bias_ih_l0, ...) get the initial values
    that `model.init` asks for. Others keep those that the constructor gave them.

    Args:
        name: as in `cell=name`.
        layers: 'module:Class'.
        lr: learning rate at its peak that suits the cell; `optimizer.lr` follows it.
        help: a line for --help.
        colour: in pictures, such as '#0072B2'; None takes one that no other cell has.
        decoder: 'module:Class' of a writing.decoder.Decoder that is faster than the layers themselves; None: there is
            none.
        output_rms: root mean square of what an untrained layer puts out where its gates are moved by 1. A layer above
            it gets input weights larger by as much.
    """

    name: str
    layers: str
    lr: float
    help: str
    colour: str | None = None
    decoder: str | None = None
    output_rms: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """An optimizer: `Class(parameters, **options)`.

    Args:
        name: as in `optimizer=name`.
        optimizer: 'module:Class'.
        defaults: its options with their values, `lr` among them ('${cell.lr}' follows the cell). These and no others
            can be set; they are fields of config.OptimizerConfig.
        fused: whether the class takes fused=True, which updates all weights in one pass.
    """

    name: str
    optimizer: str
    defaults: Mapping[str, Any] = dataclasses.field(hash=False)
    fused: bool = False


Row = TypeVar("Row", Cell, Optimizer)


class Registry(Mapping[str, Row], Generic[Row]):
    """Rows by name, those of other packages among them. A package is imported only when its row is looked up.

    Args:
        group: the entry points that add to it.
        rows: our own.
    """

    def __init__(self, group: str, rows: Sequence[Row]) -> None:
        self.group = group
        self._rows: dict[str, Row] = {row.name: row for row in rows}

    @cached_property
    def _entries(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in _entry_points().select(group=self.group)}

    def register(self, row: Row) -> None:
        """Add a row in this process. Raises ValueError for a name that is taken."""
        if row.name in self._rows:
            raise ValueError(f"{row.name} is registered already")
        self._rows[row.name] = row

    def __getitem__(self, name: str) -> Row:
        """Raises KeyError for a name that is not there, UserError where the package that brings it is broken."""
        if name not in self._rows:
            self._rows[name] = self._load(self._entries[name])
        return self._rows[name]

    def _load(self, entry: EntryPoint) -> Row:
        try:
            row: Any = entry.load()
        except Exception as error:  # somebody else's code
            raise UserError(f"{entry.name} cannot be loaded from {entry.value}: {error}") from error
        if getattr(row, "name", None) != entry.name:
            raise UserError(f"{entry.value} is not the row named {entry.name} of {self.group}")
        return cast(Row, row)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._rows, *self._entries]))

    def __len__(self) -> int:
        return len(list(iter(self)))


@cache
def _entry_points() -> EntryPoints:
    """Of all installed packages, whose metadata are read once."""
    return EntryPoints(entry for package in distributions() for entry in package.entry_points)


def load_class(place: str) -> Any:
    """What 'module:Class' names. Only for places that a row of this file, or of an installed package, names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


CELLS = Registry(
    "charcells.cells",
    [
        Cell(
            name="rnn",
            layers="torch.nn:RNN",
            lr=6e-3,
            help="nn.RNN with tanh",
            colour="#009E73",
            decoder="charcells.writing.fused:FusedRNN",
            output_rms=0.68,
        ),
        Cell(
            name="gru",
            layers="torch.nn:GRU",
            lr=8e-3,
            help="nn.GRU",
            colour="#D55E00",
            decoder="charcells.writing.fused:FusedGRU",
            output_rms=0.45,
        ),
        Cell(
            name="lstm",
            layers="torch.nn:LSTM",
            lr=1e-2,
            help="nn.LSTM",
            colour="#0072B2",
            decoder="charcells.writing.fused:FusedLSTM",
            output_rms=0.21,
        ),
        Cell(
            name="jordan",
            layers="charcells.models.cells:Jordan",
            lr=6e-3,
            help="the output is fed back to the hidden layer (Jordan 1986)",
            colour="#CC79A7",
        ),
        Cell(
            name="output",
            layers="charcells.models.cells:OutputToOutput",
            lr=6e-3,
            help="the output is fed back to the output; the hidden layer has no memory",
            colour="#E69F00",
        ),
    ],
)
"""Colours are of Okabe and Ito's palette, which the colour-blind can tell apart. The learning rates and `output_rms`
were measured: experiments/LOG.md."""

OPTIMIZERS = Registry(
    "charcells.optimizers",
    [
        Optimizer(
            name="adam",
            optimizer="torch.optim:Adam",
            defaults={"lr": "${cell.lr}", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0},
            fused=True,
        ),
        Optimizer(
            name="adamw",
            optimizer="torch.optim:AdamW",
            defaults={"lr": "${cell.lr}", "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.01},
            fused=True,
        ),
        Optimizer(
            name="rmsprop",
            optimizer="torch.optim:RMSprop",
            defaults={"lr": 2e-3, "alpha": 0.95, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0},
        ),
        Optimizer(
            name="adagrad",
            optimizer="torch.optim:Adagrad",
            defaults={"lr": 0.1, "initial_accumulator_value": 0.0, "eps": 1e-8, "weight_decay": 0.0},
        ),
        Optimizer(
            name="sgd",
            optimizer="torch.optim:SGD",
            defaults={"lr": 0.5, "momentum": 0.9, "weight_decay": 0.0},
        ),
    ],
)
