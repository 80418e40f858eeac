"""Test losses on War and Peace compared with the published ones: equal parameters, at most 20 epochs instead of 50.

    python -m experiments.published.war_and_peace              the rows of size 64 and 128, nine models each
    python -m experiments.published.war_and_peace size=64      one row

Published: A. Karpathy, J. Johnson, L. Fei-Fei, 'Visualizing and understanding recurrent networks' (2015), figure 1. The
file is read as bytes and split 80/10/10. 'size' is the width of their one-layer LSTM, and every model of a row has
about as many parameters as that LSTM. `python train.py experiment=war_and_peace_table_sweep` trains the same runs of
the first two rows in the same folders. An interrupted run is resumed and a finished one is not trained again. Whenever
a run ends, its line in experiments/results/war_and_peace.csv is replaced, and the picture beside it is drawn anew.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

import joblib
import pandas as pd

from charcells.errors import UserError, report_user_errors
from charcells.files import relative, write_atomically
from experiments.study.runs import ROOT, Run, Sweep
from experiments.study.training import train

RESULTS = ROOT / "experiments" / "results"
CELLS, LAYERS = ("lstm", "rnn", "gru"), (1, 2, 3)
PUBLISHED = {
    64: {"lstm": (1.449, 1.442, 1.540), "rnn": (1.446, 1.401, 1.396), "gru": (1.398, 1.373, 1.472)},
    128: {"lstm": (1.277, 1.227, 1.279), "rnn": (1.417, 1.286, 1.277), "gru": (1.230, 1.226, 1.253)},
    256: {"lstm": (1.189, 1.137, 1.141), "rnn": (1.342, 1.256, 1.239), "gru": (1.198, 1.164, 1.138)},
}
"""For each size and cell the test loss in nats per character with one, two and three layers."""
CHANGES: dict[int, dict[str, Any]] = {256: {"optimizer.weight_decay": 0.05, "trainer.max_epochs": 12}}
"""Overrides of the preset for a row: models of size 256 could memorise the text, and train slowly."""
DISTINCT = 87
"""Different bytes in the file: the size of the one-hot input."""
SWEEP = Sweep("war_and_peace", (("experiment", "war_and_peace_table"), ("seed", 1)))


def parameters(size: int) -> int:
    """Parameters of their LSTM: one layer on one-hot bytes, one bias vector per gate, and the output layer."""
    return 4 * size * (DISTINCT + size + 1) + DISTINCT * (size + 1)


def runs(size: int) -> list[Run]:
    """The nine runs of a row, cell by cell, in the folders that the sweep gives them."""
    size_option, changes = {"model.match_parameters": parameters(size)}, CHANGES.get(size, {})
    return [
        Run("table", SWEEP, {"cell": cell, **size_option, "model.num_layers": layers, **changes})
        for cell in CELLS
        for layers in LAYERS
    ]


def write() -> pd.DataFrame:
    """Write and return the table: the lines of war_and_peace.csv, replaced or completed by the runs that are done."""
    # a run that diverged has no test loss
    trained = [(size, run) for size in PUBLISHED for run in runs(size) if run.done() and not run.diverged()]
    path, model = RESULTS / "war_and_peace.csv", ["size", "cell", "num_layers"]
    rows = pd.DataFrame([row(size, run) for size, run in trained])
    table = pd.concat([pd.read_csv(path) if path.exists() else pd.DataFrame(), rows])
    if table.empty:
        return table
    table = table.drop_duplicates(model, keep="last")
    order = pd.Categorical(table["cell"], CELLS)
    table = table.assign(cell=order).sort_values(model, ignore_index=True).astype({"cell": str})
    write_atomically(path, table.to_csv(index=False))
    draw(table)
    return table


def row(size: int, run: Run) -> dict[str, Any]:
    """The line of a run in war_and_peace.csv."""
    summary, layers = run.summary(), run.overrides["model.num_layers"]
    published = PUBLISHED[size][summary["cell"]][layers - 1]
    return {
        "size": size,
        "cell": summary["cell"],
        "num_layers": layers,
        "published": published,
        "test/loss": round(summary["test/loss"], 4),
        "difference": round(summary["test/loss"] - published, 4),
        **{key: summary[key] for key in ("parameters", "hidden_size", "epochs", "train_seconds")},
        "identity": summary["identity"],
        "git": summary["versions"]["git"],  # the commit at which its command gives this figure
        "command": run.command,
    }


def draw(table: pd.DataFrame) -> None:
    """Plot each model twice: a hollow marker for the published loss, a filled one for ours if it has been trained."""
    from matplotlib.figure import Figure

    from charcells.registry import CELLS
    from charcells.runs.labels import Label, label_ends

    figure = Figure((10, 4.3), layout="constrained")
    sizes = [size for size in PUBLISHED if size in set(table["size"])]
    panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
    figure.suptitle("War and Peace: test loss as published (hollow, dashed) and by charcells (filled)")
    for axes, size in zip(panels, sizes, strict=True):
        for cell, published in PUBLISHED[size].items():
            colour, ours = CELLS[cell].colour, table[(table["size"] == size) & (table["cell"] == cell)]
            axes.plot(LAYERS, published, "o--", color=colour, mfc="none")
            axes.plot(ours["num_layers"], ours["test/loss"], "o-", color=colour)
        axes.set(title=f"as many parameters as\nan LSTM of {size}", xlabel="layers", xticks=LAYERS)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("test loss, nats per character")
    for axes, size in zip(panels, sizes, strict=True):
        ends = [(cell, published[-1]) for cell, published in PUBLISHED[size].items()]
        label_ends(axes, [Label(LAYERS[-1], end, cell, CELLS[cell].colour or "black") for cell, end in ends])
    figure.savefig(RESULTS / "war_and_peace.png", dpi=120)


@report_user_errors()
def main(arguments: Sequence[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    sizes = [64, 128]
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name != "size" or not set(value.split(",")) <= {str(size) for size in PUBLISHED}:
            raise UserError(f"{argument}: size= takes {', '.join(map(str, PUBLISHED))}, with commas between")
        sizes = [int(size) for size in value.split(",")]
    os.chdir(ROOT)
    wanted = [run for size in sizes for run in runs(size)]
    train(lambda: wanted, joblib.cpu_count(), after_each=write)
    table = write()
    if table.empty:
        raise UserError("every model diverged, so there is nothing to write")
    print(table.drop(columns=["identity", "git", "command"]).to_string(index=False))
    print(f"written: {relative(RESULTS / 'war_and_peace.csv')}")


if __name__ == "__main__":
    main(sys.argv[1:])
