"""The table of cells and optimizers: rows of other packages, and what is wrong with some of them."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType

import pytest
import torch
from torch import nn

from charcells.cli.compose import compose
from charcells.errors import UserError
from charcells.registry import CELLS, OPTIMIZERS, Cell, Optimizer, Registry
from charcells.training.train import train

TEXT = "she sells sea shells by the sea shore.\n" * 40


class TimeFirst(nn.RNN):
    def forward(self, inputs, state=None):
        outputs, state = super().forward(inputs, state)
        return outputs.transpose(0, 1), state


class Stateless(nn.RNN):
    def forward(self, inputs, state=None):
        return super().forward(inputs)[0], None


class BatchFirstState(nn.RNN):
    def forward(self, inputs, state=None):
        outputs, state = super().forward(inputs, None if state is None else state.transpose(0, 1).contiguous())
        return outputs, state.transpose(0, 1)


class Unmade(nn.Module):
    def __init__(self):
        super().__init__()


class Wide(nn.RNN):
    def forward(self, inputs, state=None):
        outputs, state = super().forward(inputs, state)
        return torch.cat([outputs, outputs], 2), state


@pytest.fixture(autouse=True)
def package(monkeypatch):
    """A package of somebody else's, `theirs`, whose rows are installed as entry points."""
    theirs = ModuleType("theirs")
    cells, optimizers = {}, {}

    def install(row, name=None):
        name = row.name if name is None else name
        setattr(theirs, name, row)
        (optimizers if isinstance(row, Optimizer) else cells)[name] = EntryPoint(name, f"theirs:{name}", "group")

    for layers in (TimeFirst, Stateless, BatchFirstState, Unmade, Wide):
        setattr(theirs, layers.__name__, layers)
        install(Cell(name=layers.__name__.lower(), layers=f"theirs:{layers.__name__}", lr=1e-3, help=""))
    install(Cell(name="nowhere", layers="theirs:Nothing", lr=1e-3, help=""))
    install(5, "number")
    install(Cell(name="other", layers="theirs:Wide", lr=1e-3, help=""), "misnamed")
    cells["absent"] = EntryPoint("absent", "no_such_module:CELL", "group")
    install(Optimizer(name="adamax", optimizer="torch.optim:Adamax", defaults={"lr": 2e-3}))
    install(Optimizer(name="fused", optimizer="torch.optim:Adamax", defaults={"lr": 2e-3}, fused=True))
    install(Optimizer(name="rateless", optimizer="torch.optim:Adamax", defaults={"eps": 1e-8}))
    install(Optimizer(name="unknown", optimizer="torch.optim:Rprop", defaults={"lr": 1e-2, "etas": [0.5, 1.2]}))
    monkeypatch.setitem(sys.modules, "theirs", theirs)
    for registry, entries in ((CELLS, cells), (OPTIMIZERS, optimizers)):
        monkeypatch.setitem(registry.__dict__, "_entries", entries)
        monkeypatch.setitem(registry.__dict__, "_rows", dict(registry._rows))


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("timefirst", r"outputs have the shape \(5, 2, 4\) instead of \(2, 5, 4\)"),
        ("wide", r"outputs have the shape \(2, 5, 8\)"),
        ("stateless", "the state has tensors of"),
        ("batchfirststate", r"the state has tensors of \[\(2, 3, 4\)\], for a batch of 2"),
        ("unmade", "unexpected keyword argument 'input_size'"),
        ("nowhere", "the class theirs:Nothing cannot be imported"),
    ],
)
def test_a_cell_that_breaks_the_contract_is_refused_before_anything_is_written(small, tmp_path, cell, reason):
    with pytest.raises(UserError, match=reason):
        train(small(TEXT, f"cell={cell}"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("absent", "cannot be loaded from no_such_module:CELL: ModuleNotFoundError"),
        ("number", "it is not a Cell with that name"),
        ("misnamed", "it is not a Cell with that name"),
    ],
)
def test_a_broken_package_matters_only_where_it_is_asked_for(cell, reason):
    assert compose(["cell=lstm"]).cell.name == "lstm"
    with pytest.raises(UserError, match=f"^{cell} .*{reason}"):
        compose([f"cell={cell}"])


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        ("fused", "torch.optim:Adamax refuses its options: .*fused"),
        ("rateless", "its row has no lr"),
        ("unknown", "its row has the options etas; there are alpha, betas"),
    ],
)
def test_an_optimizer_that_cannot_be_used_is_refused_before_anything_is_written(small, tmp_path, optimizer, reason):
    with pytest.raises(UserError, match=f"optimizer={optimizer}.*{reason}"):
        train(small(TEXT, f"optimizer={optimizer}"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_optimizer_of_another_package_trains_and_has_its_own_options_alone(small, tmp_path):
    summary = train(small(TEXT, "optimizer=adamax", "trainer.max_steps=3"), tmp_path / "run")
    assert summary["status"] == "finished"
    with pytest.raises(UserError, match=r"optimizer\.eps=.* does not apply to optimizer=adamax, which has lr"):
        small(TEXT, "optimizer=adamax", "optimizer.eps=1e-8")


def test_a_name_that_is_taken_is_not_registered_twice():
    with pytest.raises(ValueError, match="lstm is already registered"):
        CELLS.register(Cell(name="lstm", layers="theirs:Wide", lr=1e-3, help=""))
    CELLS.register(Cell(name="mine", layers="torch.nn:GRU", lr=1e-3, help=""))
    assert compose(["cell=mine"]).cell.lr == 1e-3


def test_a_package_that_takes_the_name_of_a_built_in_row_is_warned_of_in_one_line(monkeypatch, caplog):
    registry = Registry("charcells.cells", [CELLS["lstm"]])
    entries = EntryPoints(
        [EntryPoint("lstm", "theirs:x", registry.group), EntryPoint("other", "theirs:y", registry.group)]
    )
    monkeypatch.setattr("charcells.registry._entry_points", lambda: entries)
    assert list(registry) == ["lstm", "other"] and registry["lstm"] is CELLS["lstm"]
    assert [record.message for record in caplog.records] == [
        "charcells.cells: lstm of the package is not used, since charcells has its own"
    ]
