"""Showing the table of a sweep: on the terminal, as CSV and as a plot."""

import math
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from charcells.errors import ignore_closed_pipe
from charcells.files import write_atomically
from charcells.runs.comparison import (
    LEARNING_RATE,
    compared_factor,
    deciding_metric,
    factors,
    finished_runs,
    groups,
    held_equal,
    over_recipes,
    recipe_options,
    summarise,
    with_recipes,
)
from charcells.runs.table import REVIEW_METRICS, SHORT, costs_of, metrics_of, read_runs
from charcells.terminal import console, natural_width, print_table


def report(folder: Path) -> None:
    """Print the results of all runs in and below a folder; write runs.csv, and table.csv and runs.png of finished runs.

    Raises UserError if the folder does not exist or contains no runs.
    """
    runs = with_recipes(read_runs(folder))
    by, metric, table = factors(runs), deciding_metric(runs), summarise(runs)
    compared, finished = compared_factor(by), finished_runs(runs, by)
    unfinished = runs[runs["status"] != "finished"]
    with ignore_closed_pipe():  # the files are written even if the reader of a pipe stops
        print(f"{folder}: {len(finished)} of {len(runs)} runs finished")
        if len(table):
            same = [name for name in SHORT if finished[name].nunique(dropna=False) == 1]
            print(
                "the same in all: " + " ".join(f"{name}={shown_value(name, finished[name].iloc[0])}" for name in same)
            )
            _print_table(table, by, metric, compared, metrics_of(runs), costs_of(runs))
            if "recipe" in by:
                _print_recipes(recipe_options(runs), over_recipes(table, by, metric), compared, metric)
        for run in unfinished.itertuples():
            error = " ".join(str(run.error).split()) if isinstance(run.error, str) else ""
            print(f"{run.status}: {run.folder}" + (f": {error}" if error else ""))
        sys.stdout.flush()
    write_atomically(folder / "runs.csv", runs.to_csv(index=False))
    written = ["runs.csv"]
    if len(table):
        write_atomically(folder / "table.csv", table.to_csv(index=False))
        written.append("table.csv")
    if table[metric].notna().any():
        from charcells.runs import pictures  # matplotlib is slow to import

        finished["path"] = [folder / name for name in finished["folder"]]
        labelled = _labelled(finished, by, compared), _labelled(table, by, compared)
        picture, title = folder / "runs.png", folder.resolve().name
        try:
            pictures.sweep(*labelled, picture, metric=metric, compared=compared, title=title)
            written.append("runs.png")
        except Exception:  # a bug in drawing must not hide the table, nor a sweep's list of failed runs
            traceback.print_exc()
    print("written: " + ", ".join(str(folder / name) for name in written))


def _print_table(
    table: pd.DataFrame,
    by: list[str],
    metric: str,
    compared: str | None,
    metrics: Sequence[str],
    all_costs: Sequence[str],
) -> None:
    for costs in (all_costs, ()):  # without the columns of costs if the terminal is too narrow
        shown = _rich_table(table, by, compared, metrics, costs)
        if natural_width(shown) <= console().width:
            break
    print_table(shown)
    marked = table["mark"].isin(["best", "tie"]).any()
    accuracy = metric in REVIEW_METRICS
    what = "accuracy: share of the reviews" if accuracy else "bpc: bits per character"
    print(f"\n{what}, the mean over n seeds ± half the width of its 95 % t interval (two seeds or more)")
    if marked and compared:
        rates = compared != LEARNING_RATE and LEARNING_RATE in by
        but = f" but {LEARNING_RATE}, of which each {compared} has its best by {metrics[0]}" if rates else ""
        most = "highest" if accuracy else "lowest"
        print(f"best: the {compared} with the {most} mean {metrics[0]}, all other factors equal{but}")
        if (table["n"] > 1).any():
            biased = "" if metric != metrics[0] else f", as not every run has a {metrics[1]}"
            print(f"tie: {metric} is not significantly different from the best's (Welch's t test, 5 %){biased}")
    if table["mark"].eq("not comparable").any():
        print("not comparable: the held-out texts (val_sha256) of these runs differ")
    if (table["runs"] > table["n"]).any():
        print("some runs repeat the design and seed of another: such a seed counts once, with its mean")


def _print_recipes(recipes: dict[int, dict[str, Any]], table: pd.DataFrame, compared: str | None, metric: str) -> None:
    """Say what each recipe is, and how the levels of the compared factor do over all of them."""
    from rich import box
    from rich.table import Table

    print()
    for number, options in recipes.items():
        print(f"recipe {number}: " + " ".join(f"{name}={shown_value(name, value)}" for name, value in options.items()))
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), show_edge=False)
    plain = [name for name in map(str, table) if not name.endswith(" ±")]
    for name in plain:
        shown.add_column(name, justify="right" if name in ("recipes", "best in", metric) else "left")
    for row in table.to_dict("records"):
        cells = (shown_value(name, row[name]) for name in plain if name != metric)
        shown.add_row(*cells, shown_interval(row[metric], row[f"{metric} ±"]))
    print()
    print_table(shown)
    print(
        f"\nmean {metric} ± half the width of its 95 % t interval over recipes; "
        f"best in: number of recipes in which this {compared} is marked best"
    )


def _rich_table(
    table: pd.DataFrame, by: list[str], compared: str | None, metrics: Sequence[str], costs: Sequence[str]
) -> Any:
    """The table for a terminal: one section per comparison, with the best row in bold."""
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), show_edge=False)
    for name in (*by, "n", *metrics, *costs, ""):
        narrow = re.sub("([_.])", r"\1\n", name)
        shown.add_column(narrow, justify="left" if name in by or not name else "right")
    for _, block in groups(table, held_equal(by)):
        for row in block.to_dict("records"):
            shown.add_row(
                *(shown_value(name, row[name]) for name in by),
                str(row["n"]),
                *(shown_interval(row[name], row[f"{name} ±"]) for name in metrics),
                *(_number(row[name], ",.1f" if name == "train_seconds" else ",.0f") for name in costs),
                row["mark"],
                style="bold" if row["mark"] == "best" else None,
            )
        if len(block) > 1:
            shown.add_section()
    return shown


def _labelled(table: pd.DataFrame, by: list[str], compared: str | None) -> pd.DataFrame:
    """Add the factors as text: `level` for the compared factor, `facet` for all others."""
    others = [name for name in by if name != compared]
    rows = table.to_dict("records")
    facets = [", ".join(f"{name}={shown_value(name, row[name])}" for name in others) for row in rows]
    levels = [shown_value(compared, row[compared]) for row in rows] if compared else ""
    return table.assign(facet=facets, level=levels)


def shown_value(name: str, value: Any) -> str:
    """The value of a factor as it would be typed on the command line."""
    if pd.isna(value):
        return {"embedding_dim": "one-hot", "hidden_size": "matched"}.get(name, "null")
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.lower() if text in ("True", "False") else text


def _number(value: float, format: str) -> str:
    return "-" if math.isnan(value) else f"{value:{format}}"


def shown_interval(mean: float, half_width: float) -> str:
    return _number(mean, ".3f") + ("" if math.isnan(half_width) else f" ± {half_width:.3f}")
