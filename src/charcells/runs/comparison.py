"""Comparing the runs of a table: the factors in which they differ, means and intervals, the best of each comparison."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from charcells.runs.identity import NOT_IDENTITY, PATHS
from charcells.runs.table import DEFAULTS, HELD_OUT_TEXT, REVIEW_METRICS, SHORT, costs_of, metrics_of

NOT_FACTORS = (
    *(name for name in NOT_IDENTITY if name not in PATHS),
    *("seed", "logger.", "samples.", "trainer.log_every_n_steps", "trainer.save_every_epoch"),
    *("corpus.title", "corpus.language", "corpus.licence", "corpus.attribution", "corpus.url", "corpus.file"),
)
"""Prefixes of options that are never factors: they do not change the trained model, or are the seed itself."""


def factors(runs: pd.DataFrame) -> list[str]:
    """The columns in which runs differ by design: SHORT names in their order, then dotted options.

    Cell and corpus are factors whenever they vary. Any other column is left out if the factors before it determine it,
    as the cell determines its default learning rate. Runs without a readable configuration are ignored.
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
    """The columns that may be factors, with the values that were requested."""
    dotted = [name for name in DEFAULTS if name not in SHORT.values() and not name.startswith(NOT_FACTORS)]
    design = runs[[*SHORT, *dotted]].copy()
    # A hidden size chosen by match_parameters is a result. A path is only a choice if no hash fixes the text.
    design["hidden_size"] = runs["hidden_size"].where(runs["model.match_parameters"].isna())
    design["corpus.path"] = runs["corpus.path"].where(runs["corpus.sha256"].isna())
    return design


def compared_factor(by: Sequence[str]) -> str | None:
    """The factor whose levels are ranked with all others equal: the first one that does not change the text."""
    about_text = ("corpus", "data.val_fraction", "data.test_fraction")
    return next((name for name in by if not name.startswith(about_text)), None)


def deciding_metric(runs: pd.DataFrame) -> str:
    """The test figure of `metrics_of` if every finished run has it; else that of validation.

    The latter is biased, because it also selected the checkpoints.
    """
    val, test = metrics_of(runs)
    return test if runs.loc[runs["status"] == "finished", test].notna().all() else val


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Summarise the finished runs, one row for each combination of the factors.

    Columns: the factors; `n`, the number of seeds, and `runs`; for each metric of `metrics_of` the mean, ` sd` and
    ` ±`, half the width of the 95 % t interval over seeds, with NaN in the latter two for a single seed; the means of
    `costs_of`; and `mark`. Runs with the same design and seed are not
    independent, so they count as one seed, with their mean. Marks compare the levels of `compared_factor` by
    `deciding_metric`, see `_marks`.
    """
    from scipy import stats  # the import takes a second

    by = factors(runs)
    compared, metric = compared_factor(by), deciding_metric(runs)
    others = [name for name in by if name != compared]
    metrics, costs = metrics_of(runs), costs_of(runs)
    finished = finished_runs(runs, by)
    rows = []
    for values, group in groups(finished, [*others, compared] if compared else others):
        seeds = group.groupby("seed", dropna=False)[[*metrics, *costs]].mean()
        row: dict[str, Any] = {**values, "n": len(seeds), "runs": len(group)}
        for name in metrics:
            deviation = seeds[name].std(skipna=False)
            half_width = stats.t.ppf(0.975, len(seeds) - 1) * deviation / math.sqrt(len(seeds))
            row |= {name: seeds[name].mean(skipna=False), f"{name} sd": deviation, f"{name} ±": half_width}
        row |= {name: seeds[name].mean() for name in costs}
        row["texts"] = set(group[list(HELD_OUT_TEXT)].astype(str).itertuples(index=False, name=None))
        rows.append(row)
    each = [column for name in metrics for column in (name, f"{name} sd", f"{name} ±")]
    table = pd.DataFrame(rows, columns=[*by, "n", "runs", *each, *costs, "texts"])
    table["mark"] = ""
    for _, block in groups(table, others):
        table.loc[block.index, "mark"] = _marks(block, metric)
    return table.drop(columns="texts")


def finished_runs(runs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The finished runs, with their factors as requested and their metrics as floats."""
    finished = runs[runs["status"] == "finished"].copy()
    finished[by] = _design(finished)[by]
    numbers = [*metrics_of(runs), *costs_of(runs)]
    finished[numbers] = finished[numbers].astype(float)  # a column without any value contains None
    return finished


def groups(table: pd.DataFrame, by: list[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The rows of each combination of some columns, sorted; all rows together if `by` is empty."""
    if by:
        for values, group in table.groupby(by, dropna=False):
            yield dict(zip(by, values, strict=True)), group
    elif len(table):
        yield {}, table


def _marks(block: pd.DataFrame, metric: str) -> list[str]:
    """A mark for each row of a block in which all factors but one are equal.

    'best' has the lowest mean, or the highest of an accuracy. 'tie' does not differ significantly from it (Welch's t
    test at 5 %, with two seeds or more of each). 'not comparable': the held-out texts of the block differ.
    """
    if len(set().union(*block["texts"])) > 1:
        return ["not comparable"] * len(block)
    if block[metric].count() < 2:
        return [""] * len(block)
    from scipy import stats

    columns = [metric, f"{metric} sd", "n"]
    best = block.sort_values(metric, ascending=metric not in REVIEW_METRICS)[columns].iloc[0].tolist()
    marks = []
    for row in block[columns].itertuples(index=False, name=None):
        if row[0] == best[0]:
            marks.append("best")
        elif min(row[-1], best[-1]) >= 2 and stats.ttest_ind_from_stats(*best, *row, equal_var=False).pvalue >= 0.05:
            marks.append("tie")
        else:
            marks.append("")
    return marks
