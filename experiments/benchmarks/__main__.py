"""Measure charcells and a yardstick alternately: the ratio of their medians, with its range over the turns.

    python -m experiments.benchmarks                     all of them: an hour on two idle cores; on a GPU too, if any
    python -m experiments.benchmarks training start      some of them

Writes experiments/results/benchmarks.csv and benchmarks.md line by line; lines that are not measured stay unchanged.
"""

import datetime
import importlib
import logging
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from charcells.errors import report_user_errors
from charcells.files import write_atomically

RESULTS = Path(__file__).parents[1] / "results"
NAMES = (
    "training",
    "precision",
    "start",
    "generation",
    "rounding",
    "claims",
    "recurrence",
    "scoring",
    "packing",
    "reviews",
    "encodings",
    "gpu",
)
COLUMNS = ("what", "charcells", "unit", "against", "yardstick", "ratio", "lowest", "highest", "target", "met")


def machine() -> str:
    """The processor's name, or its architecture where /proc/cpuinfo does not name it, and the number of cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {os.cpu_count()} cores"


def write(table: pd.DataFrame) -> None:
    """Write benchmarks.csv and benchmarks.md."""
    write_atomically(RESULTS / "benchmarks.csv", table.to_csv(index=False))
    shown = table.reindex(columns=["benchmark", *COLUMNS]).astype(object).where(lambda cells: cells.notna(), "")
    text = (
        "# Benchmarks\n\ncharcells and a yardstick are measured alternately. The table shows medians, their ratio, and "
        "the lowest and highest ratio of any turn (or figure, where there is no yardstick). Machine and versions: "
        "[benchmarks.csv](benchmarks.csv).\n"
    )
    for name, part in shown.groupby("benchmark", sort=False):
        text += f"\n`python -m experiments.benchmarks {name}`\n\n| {' | '.join(COLUMNS)} |\n"
        text += "|" + "---|" * len(COLUMNS) + "\n"
        text += "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in part[list(COLUMNS)].to_numpy())
    write_atomically(RESULTS / "benchmarks.md", text)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}"
    return str(value)


@report_user_errors()
def main(names: Sequence[str]) -> None:
    if {"-h", "--help"} & set(names):
        print(__doc__)
        return
    if unknown := set(names) - set(NAMES):
        sys.exit(f"error: there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    import torch

    if not torch.cuda.is_available():
        if "gpu" in names:
            sys.exit("error: the benchmark gpu needs a GPU, and PyTorch sees none here")
        names = names or NAMES[:-1]
    from charcells.process import ALL_BLOCKS, prepare_process

    prepare_process(threads=1, keep_blocks=ALL_BLOCKS)  # as train() does, so that both sides have it
    path = RESULTS / "benchmarks.csv"
    table = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["benchmark", *COLUMNS])
    about = {"date": datetime.date.today().isoformat(), "machine": machine(), "python": platform.python_version()}
    about |= {name: version(name) for name in ("torch", "lightning")}
    for name in names or NAMES:
        if name == "gpu":
            about["machine"] = f"{torch.cuda.get_device_name()}, {machine()}"
        others, old, rows = table[table["benchmark"] != name], table[table["benchmark"] == name], []
        for comparison in importlib.import_module(f"experiments.benchmarks.{name}").comparisons():
            rows.append({"benchmark": name, **comparison.row(), **about})
            print("  ".join(f"{key}: {value}" for key, value in rows[-1].items() if key in COLUMNS), flush=True)
            same = (old["what"] == comparison.what) & (old["against"].fillna("") == (comparison.against or ""))
            old = old[~same]
            write(pd.concat([others, pd.DataFrame(rows), old], ignore_index=True))
        table = pd.concat([others, pd.DataFrame(rows)], ignore_index=True)
        write(table)  # without the lines that this benchmark no longer measures


if __name__ == "__main__":
    logging.getLogger("charcells").propagate = False  # the lines of a hundred short runs are not the result
    main(sys.argv[1:])
