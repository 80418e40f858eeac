"""How often a true claim would be supported: to be stated in `Claim.judged_by` before any of its runs.

Runs of both arms are taken as normal with the same standard deviation, which earlier runs or pilot runs show.
"""

import math

import numpy as np
from scipy import stats

from experiments.study.findings import ALPHA, HIGHER, MARGIN, Region

EXPERIMENTS = 20_000
"""Simulated experiments: the result is right to about ±0.01."""


def power_of_equivalence(sd: float, n: int, margin: float = MARGIN) -> float:
    """The probability that two arms without any difference are found to be alike.

    Args:
        sd: standard deviation over the runs of an arm, in the unit of the margin.
        n: runs of each arm.
    """
    return power(Region(-margin, margin), 0.0, sd, n)


def power_of_difference(sd: float, n: int, difference: float, region: Region = HIGHER) -> float:
    """The probability that a true difference of two arms is found to lie in a region.

    Args: as for `power_of_equivalence`.
    """
    return power(region, difference, sd, n)


def power_over_recipes(
    spread: float, sd: float, recipes: int, difference: float, region: Region, *, runs_per_arm: int
) -> float:
    """The probability that a difference which is true of the mean over a population of recipes is found to lie in a
    region. The more the recipes scatter, the more often `judge_recipes` says RECIPE_DEPENDENT instead.

    Args:
        spread: standard deviation of the difference over the recipes.
        sd: of the runs of an arm within a recipe.
        runs_per_arm: within a recipe: seeds × corpora.
    """
    return power(region, difference, math.sqrt(spread**2 + 2 * sd**2 / runs_per_arm), recipes, arms=1)


def power(region: Region, difference: float, sd: float, n: int, *, arms: int = 2) -> float:
    """The share of simulated experiments whose 95 % t interval lies in the region.

    Args:
        arms: 2: Welch's interval of the difference of two arms of n runs each; 1: Student's of n pairs or recipes,
            whose differences have the standard deviation `sd`.
    """
    runs = np.random.default_rng(0).normal(0.0, sd, (EXPERIMENTS, arms, n))
    runs[:, 0] += difference
    means, squares = runs.mean(-1), runs.var(-1, ddof=1) / n  # (EXPERIMENTS, arms) each
    estimate = means[:, 0] - means[:, 1] if arms == 2 else means[:, 0]
    error = squares.sum(-1)
    df = error**2 / (squares**2 / (n - 1)).sum(-1)
    reach = stats.t.ppf(1 - ALPHA / 2, df) * np.sqrt(error)
    return float(np.mean((estimate - reach > region.low) & (estimate + reach < region.high)))
