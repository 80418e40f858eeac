"""Recipes as a factor: does a difference hold whatever the initial values, the epochs, the width, the optimiser?

Seeds show how much one recipe scatters, not what another recipe would give. So the recipe is the unit: a set of them is
declared before any run, each has a few seeds on each corpus, and a verdict is about the population from which they were
taken. Recipes that surely disagree are a verdict of their own, RECIPE_DEPENDENT.
"""

from dataclasses import replace
from typing import Any

import pandas as pd
from scipy import stats

from experiments.study.findings import ALPHA, RECIPE_DEPENDENT, Region, Verdict
from experiments.study.verdicts import OneSided, judge_mean, p_values

MIN_RECIPES = 8
"""Recipes below which there is no verdict about their population."""


def recipe_effects(runs: pd.DataFrame, figure: str, between: tuple[str, str, str] | None = None) -> pd.DataFrame:
    """The effect of each recipe, in ascending order: what a specification curve shows and `judge_recipes` judges.

    The effect of a recipe is the mean over its corpora of the difference of the two arms' means. Its 95 % interval is
    that of Welch and Satterthwaite for a sum of independent means of seeds; it is missing (NaN) unless each arm has two
    seeds on each corpus.

    Args:
        runs: a row for each run, with the columns `recipe` and `corpus`.
        figure: the column of the figures, such as "test/bpc".
        between: (column, first, second): the effect is the mean where the column has the value `first`, less the mean
            where it has `second`, whose runs are no pairs. None: the figures are themselves differences of pairs.

    Returns:
        A row for each recipe: recipe, estimate, low, high, error (standard error), df (degrees of freedom), runs.

    Raises ValueError if a recipe lacks an arm on a corpus that another has.
    """
    if between is None:
        arms = runs.assign(weight=1.0)
    else:
        column, first, second = between
        arms = runs[runs[column].isin([first, second])]
        arms = arms.assign(weight=arms[column].map({first: 1.0, second: -1.0}))
    cells: Any = arms.groupby(["recipe", "corpus", "weight"])[figure].agg(["mean", "var", "count"])
    cells = cells.reset_index()
    corpora = cells["corpus"].nunique()
    complete = cells.groupby("recipe").size() == corpora * cells["weight"].nunique()
    if not complete.all():
        lacking = ", ".join(map(str, complete.index[~complete]))
        raise ValueError(f"a recipe must have each arm on each corpus; incomplete: {lacking}")
    cells["part"] = cells["weight"] * cells["mean"] / corpora
    cells["square"] = cells["var"] / cells["count"] / corpora**2
    cells["square over df"] = cells["square"] ** 2 / (cells["count"] - 1)
    summed: Any = cells.groupby("recipe")[["part", "square", "square over df", "count"]].sum(min_count=1, skipna=False)
    effects = pd.DataFrame({"estimate": summed["part"], "error": summed["square"] ** 0.5})
    effects["df"] = summed["square"] ** 2 / summed["square over df"]
    reach = effects["error"] * stats.t.ppf(1 - ALPHA / 2, effects["df"])
    effects["low"], effects["high"] = effects["estimate"] - reach, effects["estimate"] + reach
    effects["runs"] = summed["count"]
    return effects.reset_index().sort_values("estimate", ignore_index=True)


def judge_recipes(
    question: str,
    effects: pd.DataFrame,
    region: Region,
    *,
    unit: str,
    held_equal: str = "",
    min_recipes: int = MIN_RECIPES,
) -> Verdict:
    """Whether the mean effect over the population of recipes lies in a region, or depends on the recipe.

    Recipe-dependent: by its own seeds the claim is surely true in at least one recipe and surely false in at least one
    other. Each of the two is a Welch test with Bonferroni's correction over the recipes, so that recipes which agree
    are called recipe-dependent in at most 2.5 % of cases (an intersection-union test). The mean is judged otherwise, by
    Student's t over the recipes' effects.

    Args:
        effects: as `recipe_effects` returns them.
        min_recipes: below which there is no verdict about the mean. Two recipes can show that they disagree.
    """
    verdict = judge_mean(question, effects["estimate"], region, unit=unit, held_equal=held_equal, min_runs=min_recipes)
    note = "; ".join(filter(None, [verdict.note, _same_sign(effects)]))
    p_recipes = _p_disagreement(effects, region)
    verdict = replace(verdict, n=int(effects["runs"].sum()), note=note, p_recipes=p_recipes)
    if p_recipes > ALPHA / 2:
        return replace(verdict, verdict=verdict.decided[0])
    nothing: Any = dict.fromkeys(("p_supported", "p_refuted", "p_alike"), 1.0)
    return replace(verdict, verdict=RECIPE_DEPENDENT, **nothing)


def _same_sign(effects: pd.DataFrame) -> str:
    """How many recipes have the sign of the mean effect, with Clopper and Pearson's interval."""
    estimates, recipes = effects["estimate"], len(effects)
    same = int((estimates * estimates.mean() > 0).sum())
    share = stats.binomtest(same, recipes).proportion_ci(1 - ALPHA, method="exact")
    return f"same sign as the mean in {same} of {recipes} recipes (95 %: {share.low:.0%} to {share.high:.0%})"


def _p_disagreement(effects: pd.DataFrame, region: Region) -> float:
    """One-sided p of the hypothesis that the claim is true in each recipe or false in each."""
    true, false = [], []
    rows: Any = effects.itertuples()
    for row in rows:
        if row.error > 0:  # else there is a single seed, or all seeds agree: nothing to judge by
            found = p_values(region, _welch(row.estimate, row.error, row.df))
            true.append(found["p_supported"])
            false.append(found["p_refuted"])
    return min(1.0, len(effects) * max(min(true), min(false))) if true else 1.0


def _welch(estimate: float, error: float, df: float) -> OneSided:
    def p(alternative: str, value: float) -> float:
        t = (estimate - value) / error
        return float(stats.t.sf(t if alternative == "greater" else -t, df))

    return p
