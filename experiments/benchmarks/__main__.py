"""Each benchmark beside its yardstick, in one run and in turn: ratios of the medians, with the spread of the turns.

    python -m experiments.benchmarks                     all of them: an hour of two quiet cores, and a GPU if any
    python -m experiments.benchmarks training start      some

Writes experiments/results/benchmarks.csv and benchmarks.md line by line; what has not been measured stays as it is.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # read when torch is imported: see train.py

import datetime
import importlib
import logging
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from charcells.files import write_atomically

RESULTS = Path(__file__).parents[1] / "results"
NAMES = ("training", "precision", "start", "generation", "scoring", "packing", "gpu")
COLUMNS = ("what", "charcells", "unit", "against", "yardstick", "ratio", "lowest", "highest", "target", "met")


def machine() -> str:
    """The processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {os.cpu_count()} cores"


def write(table: pd.DataFrame) -> None:
    write_atomically(RESULTS / "benchmarks.csv", table.to_csv(index=False))
    shown = table.reindex(columns=["benchmark", *COLUMNS]).astype(object).where(lambda cells: cells.notna(), "")
    text = (
        "# Benchmarks\n\ncharcells and its yardstick take turns; shown are medians, their ratio, and the lowest and "
        "highest ratio of any turn (of the figure itself where there is no yardstick). Machine and versions: "
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
    from charcells.training import keep_freed_memory

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # this and the next as train() has them, so that no side has them alone
    keep_freed_memory()
    logging.getLogger("charcells").propagate = False
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
        write(table)  # what is not measured any more goes


if __name__ == "__main__":
    main(sys.argv[1:])
