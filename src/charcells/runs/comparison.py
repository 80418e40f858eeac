"""Comparing the runs of a table: the factors in which they differ, means and intervals, the best of each comparison."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from charcells.errors import UserError
from charcells.registry import CELLS
from charcells.runs.identity import NOT_IDENTITY, PATHS
from charcells.runs.table import DEFAULTS, HELD_OUT_TEXT, REVIEW_METRICS, SHORT, costs_of, metrics_of

NOT_FACTORS = (
    *(name for name in NOT_IDENTITY if name not in PATHS),
    *("seed", "logger.", "samples.", "trainer.log_every_n_steps", "trainer.save_every_epoch"),
    *("corpus.title", "corpus.language", "corpus.licence", "corpus.attribution", "corpus.url", "corpus.file"),
)
"""Prefixes of options that are never factors: they do not change the trained model, or are the seed itself."""

TEXT = ("corpus", "data.val_fraction", "data.test_fraction")
"""Prefixes of the factors that change the text, so that figures beyond them are not compared."""

LEARNING_RATE = "optimizer.lr"
"""A factor that validation text chooses, for each level of the compared factor, instead of being held equal."""


def with_recipes(runs: pd.DataFrame) -> pd.DataFrame:
    """Add the column `recipe`, a number from 1 for each combination of options that were varied together, if any were.

    Options were varied together if at most half of the combinations of their levels occur, as in Taguchi's arrays: then
    no single one of them can be compared with the others equal, but all runs of one recipe can.
    """
    by = factors(runs)
    alone = [name for name in by if not name.startswith(TEXT) and name != LEARNING_RATE]
    design = _design(runs[runs["cell.name"].notna()])
    compared = "cell" if "cell" in alone else next((name for name in alone if _crossed(design, name, alone)), None)
    together = [name for name in alone if name != compared]
    levels = math.prod(design[name].nunique(dropna=False) for name in together)
    if compared is None or len(together) < 2 or 2 * len(design.drop_duplicates(together)) > levels:
        return runs
    number = design.groupby(together, dropna=False).ngroup() + 1
    return runs.assign(recipe=number.reindex(runs.index))


def _crossed(design: pd.DataFrame, name: str, factors: list[str]) -> bool:
    """Whether each level of a factor occurs with each combination of the other factors."""
    others = len(design.drop_duplicates([other for other in factors if other != name] or ["recipe"]))
    return len(design.drop_duplicates(factors)) == others * design[name].nunique(dropna=False)


def recipe_options(runs: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """The options of each recipe of `with_recipes` that not all recipes share, as requested.

    Left out are options that differ within a recipe, those of the text, and those that follow from the names of
    optimizer and scheduler.
    """
    design = _design(runs.dropna(subset="recipe"))
    recipes = design.groupby("recipe")
    names: list[str] = []
    for name in map(str, design):
        group = f"{name.partition('.')[0]}.name"
        named = group in names and len(design.drop_duplicates([group, name])) == design[group].nunique()
        varies = recipes[name].nunique(dropna=False).max() == 1 < design[name].nunique(dropna=False)
        if varies and not named and name != "recipe" and not name.startswith(TEXT):
            names.append(name)
    first = design.drop_duplicates("recipe").set_index("recipe").sort_index()
    return {int(number): dict(zip(names, row, strict=True)) for number, *row in first[names].itertuples(name=None)}


def factors(runs: pd.DataFrame) -> list[str]:
    """The columns in which runs differ by design: SHORT names in their order, then dotted options.

    Cell, corpus and recipe are factors whenever they vary. Any other column is left out if the factors before it
    determine it, as the cell determines its default learning rate. Runs without a readable configuration are ignored.
    """
    design = _design(runs[runs["cell.name"].notna()])
    varying = [str(name) for name in design if design[name].nunique(dropna=False) > 1]

    def combinations(columns: list[str]) -> int:
        return len(design.drop_duplicates(columns)) if columns else 1

    found: list[str] = [name for name in ("cell", "corpus", "recipe") if name in varying]
    for name in varying:
        if name not in found and combinations([*found, name]) > combinations(found):
            found.append(name)
    return sorted(found, key=varying.index)


def _design(runs: pd.DataFrame) -> pd.DataFrame:
    """The columns that may be factors, with the values that were requested."""
    dotted = [name for name in DEFAULTS if name not in SHORT.values() and not name.startswith(NOT_FACTORS)]
    design = runs[[*SHORT, *dotted]].copy()
    design.insert(len(SHORT), "recipe", runs.get("recipe"))
    # A hidden size chosen by match_parameters is a result. A path is only a choice if no hash fixes the text.
    design["hidden_size"] = runs["hidden_size"].where(runs["model.match_parameters"].isna())
    design["corpus.path"] = runs["corpus.path"].where(runs["corpus.sha256"].isna())
    return design


def compared_factor(by: Sequence[str]) -> str | None:
    """The factor whose levels are ranked with all others equal: the first one that does not change the text."""
    return next((name for name in by if not name.startswith(TEXT)), None)


def deciding_metric(runs: pd.DataFrame) -> str:
    """What decides whether two runs differ: the test figure of `metrics_of` if every finished run has it; else that
    of validation, which is biased because it also chose the checkpoints."""
    val, test = metrics_of(runs)
    return test if runs.loc[runs["status"] == "finished", test].notna().all() else val


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Summarise the finished runs, one row for each combination of the factors.

    Columns: the factors; `n`, the number of seeds, and `runs`; for each metric of `metrics_of` the mean, ` sd` and
    ` ±`, half the width of the 95 % t interval over seeds, with NaN in the latter two for a single seed; the means of
    `costs_of`; `chosen`, whether the row has the learning rate with the best validation figure among those that differ
    from it in nothing else; and `mark`, see `_marks`. Runs with the same design and seed are not independent, so they
    count as one seed, with their mean.
    """
    from scipy import stats  # the import takes a second

    by = factors(runs)
    compared = compared_factor(by)
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
    table["chosen"], table["mark"] = True, ""
    for _, rates in groups(table, [name for name in by if name != LEARNING_RATE]):
        table.loc[rates.index, "chosen"] = _is_best(rates[metrics[0]])
    for _, block in groups(table, held_equal(by)):
        table.loc[block.index, "mark"] = _marks(block, metrics[0], deciding_metric(runs))
    return table.drop(columns="texts")


def held_equal(by: list[str]) -> list[str]:
    """The factors that are equal in all rows among which the best is marked."""
    return [name for name in by if name not in (compared_factor(by), LEARNING_RATE)]


def over_recipes(table: pd.DataFrame, by: list[str], metric: str) -> pd.DataFrame:
    """How the levels of the compared factor do over the recipes, with their chosen learning rates.

    Columns: the factors but recipe and learning rate; `recipes`, the number of recipes that all levels have; `best in`,
    in how many of them the row is marked best; the mean of the metric and ` ±`, half the width of its 95 % t interval
    over recipes. A recipe is one observation: its seeds are averaged first.
    """
    from scipy import stats

    compared, rows = compared_factor(by), []
    for values, block in groups(table[table["chosen"]], [name for name in held_equal(by) if name != "recipe"]):
        figures = block.pivot_table(metric, "recipe", compared).dropna()
        common = block[block["recipe"].isin(figures.index)]
        best = common[common["mark"] == "best"].groupby(compared).size()
        for level, column in figures.items():
            half_width = stats.t.ppf(0.975, len(column) - 1) * column.std() / math.sqrt(len(column))
            row: dict[str, Any] = {
                **values,
                str(compared): level,
                "recipes": len(column),
                "best in": best.get(level, 0),
            }
            rows.append(row | {metric: column.mean(), f"{metric} ±": half_width})
    return pd.DataFrame(rows)


def _is_best(figures: "pd.Series[float]") -> "pd.Series[bool]":
    """Which of the validation figures are the lowest, or of accuracies the highest; none if all are missing."""
    return figures.eq(figures.max() if figures.name in REVIEW_METRICS else figures.min())


def best_of_each_cell(finished: pd.DataFrame) -> list[str]:
    """Of a table of finished runs, the folders of those that are best on validation data, one of each corpus and cell.

    By name of the corpus, then in the order of CELLS. Raises UserError if a corpus' runs have different held-out texts,
    or those of a cell no validation figure, so that none of them is best.
    """
    metric, found = metrics_of(finished)[0], []
    for of_corpus, same_text in groups(finished, ["corpus"]):
        if len(same_text[list(HELD_OUT_TEXT)].astype(str).drop_duplicates()) > 1:
            raise UserError(f"its runs on {of_corpus['corpus']} have different held-out texts, so none is the best")
        for values, group in groups(same_text, ["cell"]):
            if group[metric].isna().all():
                raise UserError(
                    f"its runs of cell={values['cell']} have no {metric}, as with data.val_fraction=0: none is the best"
                )
            best = group.loc[_is_best(group[metric].astype(float))].iloc[0]
            found.append((of_corpus["corpus"], values["cell"], best["folder"]))
    order = {cell: number for number, cell in enumerate(CELLS)}
    found.sort(key=lambda each: (each[0], order.get(each[1], len(order))))
    return [folder for _, _, folder in found]


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


def _marks(block: pd.DataFrame, val: str, metric: str) -> list[str]:
    """A mark for each row of a block in which all factors but the compared one and the learning rate are equal.

    Validation text chooses: 'best' has the best mean of the validation figure. Of the other rows with a chosen learning
    rate, 'tie' does not differ significantly from it by `metric`, the test figure where there is one (Welch's t test at
    5 %, with two seeds or more of each). 'not comparable': the held-out texts of the block differ.
    """
    if len(set().union(*block["texts"])) > 1:
        return ["not comparable"] * len(block)
    if block[val].count() < 2:
        return [""] * len(block)
    from scipy import stats

    columns = [metric, f"{metric} sd", "n"]
    is_best = _is_best(block[val])
    best = block.loc[is_best, columns].iloc[0].tolist()
    marks = []
    for first, chosen, *row in zip(is_best, block["chosen"], *(block[name] for name in columns), strict=True):
        if first:
            marks.append("best")
        elif (
            chosen
            and min(row[-1], best[-1]) >= 2
            and stats.ttest_ind_from_stats(*best, *row, equal_var=False).pvalue >= 0.05
        ):
            marks.append("tie")
        else:
            marks.append("")
    return marks
