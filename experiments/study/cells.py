"""Cells of the study's own, which the library does not have: `register` adds them, in this process only."""

from charcells.registry import CELLS, Cell

OPEN = Cell(
    name="lstm_open",
    layers="experiments.study.held_open:OpenLSTM",
    lr=CELLS["lstm"].lr,
    help="nn.LSTM whose forget gate is held at 1",
)


def register() -> None:
    """To be called before a run with such a cell is composed, trained or loaded."""
    if OPEN.name not in CELLS:
        CELLS.register(OPEN)
