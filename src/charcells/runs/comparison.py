"""What the runs of a table say together: the factors in which they differ, means and intervals, the best of each."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from charcells.runs.identity import NOT_IDENTITY
from charcells.runs.table import COSTS, DEFAULTS, METRICS, SHORT, TEXT

NO_FACTOR = (
    *(name for name in NOT_IDENTITY if name != "corpus.path"),
    *("seed", "logger.", "samples.", "trainer.log_every_n_steps", "trainer.save_every_epoch"),
    *("corpus.title", "corpus.language", "corpus.licence", "corpus.attribution", "corpus.url", "corpus.file"),
)
"""Beginnings of the options that change nothing about the trained model, or that only seeds are to differ in."""


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
    finished = finished_runs(runs, by)
    rows = []
    for values, group in groups(finished, [*others, compared] if compared else others):
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
    for _, block in groups(table, others):
        table.loc[block.index, "mark"] = _marks(block, metric)
    return table.drop(columns="texts")


def finished_runs(runs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The finished runs, their factors as they were asked for and their numbers as such."""
    finished = runs[runs["status"] == "finished"].copy()
    finished[by] = _design(finished)[by]
    numbers = [*METRICS, *COSTS]
    finished[numbers] = finished[numbers].astype(float)  # a column without any would hold None
    return finished


def groups(table: pd.DataFrame, by: list[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
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
