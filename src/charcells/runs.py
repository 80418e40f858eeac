"""Run folders as one tidy table, and what a sweep has found: `python -m charcells.runs <sweep folder>`."""

import argparse
import json
import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from charcells.config import NOT_IDENTITY, Config, UserError, cut_short, options
from charcells.files import read_summary, write_atomically

SHORT = {
    "cell": "cell.name",
    "num_layers": "model.num_layers",
    "hidden_size": "model.hidden_size",
    "embedding_dim": "model.embedding_dim",
    "batch_size": "data.batch_size",
    "seq_len": "data.seq_len",
    "train_fraction": "data.train_fraction",
    "corpus": "corpus.name",
}
"""What a summary calls the options that are compared most, in the order in which tables show them."""

METRICS = ("val/bpc", "test/bpc")
COSTS = ("parameters", "train_seconds", "chars_per_second")
TEXT = ("corpus_sha256", "val_sha256", "test_chars")
"""What tells the held-out text of one run from that of another."""

FACTS = ("folder", "status", *SHORT, "seed", *METRICS, *COSTS, *TEXT, "error")
"""Columns that every table of runs has, whatever the summaries lack. So are all options."""

DEFAULTS = {name: None if item.default == "???" else item.default for name, item in options(Config)}

NO_FACTOR = (
    *(name for name in NOT_IDENTITY if name != "corpus.path"),
    *("seed", "logger.", "samples.", "trainer.log_every_n_steps", "trainer.save_every_epoch"),
    *("corpus.title", "corpus.language", "corpus.licence", "corpus.attribution", "corpus.url", "corpus.file"),
)
"""Beginnings of the options that change nothing about the trained model, or that only seeds are to differ in."""


# Reading


def read_runs(folder: Path) -> pd.DataFrame:
    """A row for each run folder at any depth below a folder, which may be one itself, sorted by path.

    Columns: `folder` (relative), the facts of summary.json under their own names (`versions.torch` where they are
    nested), and each option under its dotted name, lists as JSON. Where a summary lacks one of the SHORT names, it is
    taken from the configuration. `status` is 'unreadable' where either file is missing or damaged.

    Raises UserError for a folder that does not exist or holds no run.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: name one that holds runs, such as sweeps/biblia")
    paths = sorted(_run_folders(folder))
    if not paths:
        raise UserError(f"{folder} holds no run: nowhere in it is a config.yaml or a summary.json")
    settings = [_read_config(path) for path in paths]
    facts = [_facts(path, config) for path, config in zip(paths, settings, strict=True)]
    places = [{"folder": str(path.relative_to(folder))} for path in paths]
    columns = list(dict.fromkeys([*FACTS, *chain(*facts), *DEFAULTS, *chain(*settings)]))
    rows = [setting | fact | place for setting, fact, place in zip(settings, facts, places, strict=True)]
    return pd.DataFrame(rows, columns=columns)


def _run_folders(folder: Path) -> Iterator[Path]:
    for path, below, files in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        if "config.yaml" in files or "summary.json" in files:
            below.clear()
            yield Path(path)


def _read_config(run: Path) -> dict[str, Any]:
    """Every option of a run under its dotted name; empty where config.yaml is missing or damaged."""
    try:
        config = yaml.load((run / "config.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return DEFAULTS | _flat(config) if config and isinstance(config, dict) else {}


def _facts(run: Path, config: dict[str, Any]) -> dict[str, Any]:
    summary = _flat(read_summary(run))
    short = {name: config.get(option) for name, option in SHORT.items()}
    if config.get("model.match_parameters") is not None:
        short["hidden_size"] = None  # only the summary knows which size that came to
    facts = short | summary
    if not summary or not config:
        facts["status"] = "unreadable"
        facts["error"] = facts.get("error") or f"{'summary.json' if config else 'config.yaml'} is missing or damaged"
    return facts


def _flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return flat


# Comparing


def factors(runs: pd.DataFrame) -> list[str]:
    """The columns in which runs differ by design: SHORT names in their order, then dotted options.

    Cell and corpus are factors wherever they vary. Any other column is left out where the factors before it determine
    it, as the cell does its learning rate. Runs without a readable configuration have no say.
    """
    design = _design(runs[runs["cell.name"].notna()])
    varying = [str(name) for name in design if design[name].nunique(dropna=False) > 1]

    def combinations(columns: list[str]) -> int:
        return len(design.drop_duplicates(columns)) if columns else 1

    found: list[str] = [name for name in ("cell", "corpus") if name in varying]
    for name in varying:
        if name not in found and combinations([*found, name]) > combinations(found):
            found.append(name)
    return sorted(found, key=varying.index)


def _design(runs: pd.DataFrame) -> pd.DataFrame:
    """The columns that may be factors, as the runs were asked for."""
    dotted = [name for name in DEFAULTS if name not in SHORT.values() and not name.startswith(NO_FACTOR)]
    design = runs[[*SHORT, *dotted]].copy()
    # a size that match_parameters chose is a result; a path is a choice only where no hash says which text it must hold
    design["hidden_size"] = runs["hidden_size"].where(runs["model.match_parameters"].isna())
    design["corpus.path"] = runs["corpus.path"].where(runs["corpus.sha256"].isna())
    return design


def compared_factor(by: Sequence[str]) -> str | None:
    """The factor whose levels are ranked, all else equal: the cell, or else the first that leaves the text as it is."""
    about_text = ("corpus", "data.val_fraction", "data.test_fraction")
    return next((name for name in by if not name.startswith(about_text)), None)


def deciding_metric(runs: pd.DataFrame) -> str:
    """test/bpc where every finished run has it; else val/bpc, although it has also chosen the checkpoints."""
    return "test/bpc" if runs.loc[runs["status"] == "finished", "test/bpc"].notna().all() else "val/bpc"


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each combination of the factors among the finished runs.

    Columns: the factors; `n` (seeds) and `runs`; of each metric (bits per character) the mean, ` sd` and ` ±`, the
    half-width of the 95 % t interval over seeds, the last two NaN for a single seed; `parameters`; the means of
    `train_seconds` and `chars_per_second`; `mark`. Runs of one design and seed are no independent seeds: they count
    once, with their mean. Marks compare the levels of `compared_factor` by `deciding_metric`, see `_marks`.
    """
    from scipy import stats  # takes a second

    by = factors(runs)
    compared, metric = compared_factor(by), deciding_metric(runs)
    others = [name for name in by if name != compared]
    finished = _finished(runs, by)
    rows = []
    for values, group in _groups(finished, [*others, compared] if compared else others):
        seeds = group.groupby("seed", dropna=False)[[*METRICS, *COSTS]].mean()
        row: dict[str, Any] = {**values, "n": len(seeds), "runs": len(group)}
        for name in METRICS:
            deviation = seeds[name].std(skipna=False)
            half_width = stats.t.ppf(0.975, len(seeds) - 1) * deviation / math.sqrt(len(seeds))
            row |= {name: seeds[name].mean(skipna=False), f"{name} sd": deviation, f"{name} ±": half_width}
        row |= {name: seeds[name].mean() for name in COSTS}
        row["texts"] = set(group[list(TEXT)].astype(str).itertuples(index=False, name=None))
        rows.append(row)
    each = [column for name in METRICS for column in (name, f"{name} sd", f"{name} ±")]
    table = pd.DataFrame(rows, columns=[*by, "n", "runs", *each, *COSTS, "texts"])
    table["mark"] = ""
    for _, block in _groups(table, others):
        table.loc[block.index, "mark"] = _marks(block, metric)
    return table.drop(columns="texts")


def _finished(runs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The finished runs, their factors as they were asked for and their numbers as such."""
    finished = runs[runs["status"] == "finished"].copy()
    finished[by] = _design(finished)[by]
    numbers = [*METRICS, *COSTS]
    finished[numbers] = finished[numbers].astype(float)  # a column without any would hold None
    return finished


def _groups(table: pd.DataFrame, by: list[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The rows of each combination of some columns, sorted; all of them where there is no column."""
    if by:
        for values, group in table.groupby(by, dropna=False):
            yield dict(zip(by, values, strict=True)), group
    elif len(table):
        yield {}, table


def _marks(block: pd.DataFrame, metric: str) -> list[str]:
    """A mark for each row of a block in which all but one factor are equal.

    'best' has the lowest mean; 'tie' is not told apart from it at 5 % by Welch's t test, which needs two seeds of each;
    'not comparable' where the held-out texts of the block differ.
    """
    if len(set().union(*block["texts"])) > 1:
        return ["not comparable"] * len(block)
    if block[metric].count() < 2:
        return [""] * len(block)
    from scipy import stats

    columns = [metric, f"{metric} sd", "n"]
    best = block.sort_values(metric)[columns].iloc[0].tolist()
    marks = []
    for row in block[columns].itertuples(index=False, name=None):
        if row[0] == best[0]:
            marks.append("best")
        elif min(row[-1], best[-1]) >= 2 and stats.ttest_ind_from_stats(*best, *row, equal_var=False).pvalue >= 0.05:
            marks.append("tie")
        else:
            marks.append("")
    return marks


# Showing


def report(folder: Path) -> None:
    """Print what the runs below a folder have found; write runs.csv, and table.csv and runs.png of the finished.

    Raises UserError for a folder that does not exist or holds no run.
    """
    runs = read_runs(folder)
    by, metric, table = factors(runs), deciding_metric(runs), summarise(runs)
    compared, finished = compared_factor(by), _finished(runs, by)
    unfinished = runs[runs["status"] != "finished"]
    with cut_short():  # who has read enough gets the files all the same
        print(f"{folder}: {len(finished)} of {len(runs)} runs finished")
        if len(table):
            same = [name for name in SHORT if finished[name].nunique(dropna=False) == 1]
            print("the same in all: " + " ".join(f"{name}={_shown(name, finished[name].iloc[0])}" for name in same))
            _print_table(table, by, metric, compared)
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
        from charcells import plots  # matplotlib is slow to start

        finished["path"] = [folder / name for name in finished["folder"]]
        labelled = _labelled(finished, by, compared), _labelled(table, by, compared)
        plots.sweep(*labelled, folder / "runs.png", metric=metric, compared=compared, title=folder.resolve().name)
        written.append("runs.png")
    print("written: " + ", ".join(str(folder / name) for name in written))


def _print_table(table: pd.DataFrame, by: list[str], metric: str, compared: str | None) -> None:
    from rich.console import Console

    console = Console()
    for costs in (COSTS, ()):  # a narrow terminal does without
        shown = _rich_table(table, by, compared, costs)
        if console.measure(shown, options=console.options.update(max_width=1000)).maximum <= console.width:
            break
    with console.capture() as drawn:  # rich itself would end the program where nobody reads on
        console.print(shown)
    print(drawn.get(), end="")
    marked = table["mark"].isin(["best", "tie"]).any()
    print(
        "\nbpc: bits per character, the mean over n seeds ± half the width of its 95 % t interval (two seeds or more)"
    )
    if marked and compared:
        print(f"best: the {compared} with the lowest mean {metric}, all other factors equal")
        if (table["n"] > 1).any():
            print("tie: not told apart from the best at 5 % by Welch's t test; unmarked: higher, or one seed alone")
    if marked and metric == "val/bpc":
        print("val/bpc decides, which has also chosen the checkpoints: not every run has a test/bpc")
    if table["mark"].eq("not comparable").any():
        print("not comparable: the held-out texts (val_sha256) of these runs differ, so their figures say nothing")
    if (table["runs"] > table["n"]).any():
        print("some runs repeat design and seed of another: such a seed counts once, with its mean")


def _rich_table(table: pd.DataFrame, by: list[str], compared: str | None, costs: Sequence[str]) -> Any:
    """The summary for a terminal: a section for each comparison, its winner bold."""
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, collapse_padding=True, show_edge=False)
    for name in (*by, "n", *METRICS, *costs, ""):
        narrow = re.sub("([_.])", r"\1\n", name)
        shown.add_column(narrow, overflow="fold", justify="left" if name in by or not name else "right")
    for _, block in _groups(table, [name for name in by if name != compared]):
        for row in block.to_dict("records"):
            shown.add_row(
                *(_shown(name, row[name]) for name in by),
                str(row["n"]),
                *(_interval(row[name], row[f"{name} ±"]) for name in METRICS),
                *(_number(row[name], ",.1f" if name == "train_seconds" else ",.0f") for name in costs),
                row["mark"],
                style="bold" if row["mark"] == "best" else None,
            )
        if len(block) > 1:
            shown.add_section()
    return shown


def _labelled(table: pd.DataFrame, by: list[str], compared: str | None) -> pd.DataFrame:
    """The rows with their factors in words: `level` of the compared one, `facet` of all others."""
    others = [name for name in by if name != compared]
    facets = [", ".join(f"{name}={_shown(name, row[name])}" for name in others) for row in table.to_dict("records")]
    return table.assign(facet=facets, level=[_shown(compared, value) for value in table[compared]] if compared else "")


def _shown(name: str, value: Any) -> str:
    """The value of a factor as one would type it."""
    if pd.isna(value):
        return {"embedding_dim": "one-hot", "hidden_size": "matched"}.get(name, "null")
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.lower() if text in ("True", "False") else text


def _number(value: float, format: str) -> str:
    return "-" if math.isnan(value) else f"{value:{format}}"


def _interval(mean: float, half_width: float) -> str:
    return _number(mean, ".3f") + ("" if math.isnan(half_width) else f" ± {half_width:.3f}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m charcells.runs", description="Compare the runs of a sweep.")
    parser.add_argument("folder", type=Path, help="sweep folder, or any folder with runs at some depth below it")
    folder = parser.parse_args(arguments).folder
    try:
        with cut_short():
            report(folder)
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or folder} could not be written: {error.strerror}")


if __name__ == "__main__":
    main()
