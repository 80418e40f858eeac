"""The set of recipes of the main claims, written down before any of their runs, and the runs that it needs.

A comparison of arms (GRU and LSTM, one stream and eight) is repeated under nine recipes on three texts. Four factors
follow Taguchi's array L9, in which each pair of levels of two factors occurs once: initial values, optimizer with its
schedule, width, epochs. A fifth, the streams, has each level three times. In every recipe each arm has the same budget
of tuning: the same number of learning rates, spaced alike around the cell's own, one run each on one text, of which the
validation text chooses one. No judged run has the seed of a tuning run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from charcells.registry import CELLS
from experiments.study.measures import generate
from experiments.study.runs import PILOT_SEED, Run, Scale, best_rate, cross, pick, run_table
from experiments.study.tables import means, sample, table

Overrides = Mapping[str, Any]
"""Options and their values, with `__` for the dot in a name."""

SEEDS = (11, 12, 13)
"""Of each arm of each recipe on each text. The first edition used 1 to 8. With two of them a difference of three
standard deviations in one recipe would be found in 26 % of cases, with three in 97 %."""

TUNING_TEXT = "quijote"

OPTIMIZERS: dict[str, tuple[Overrides, tuple[float, ...]]] = {
    "AdamW, one cycle": ({"optimizer": "adamw", "scheduler": "one_cycle"}, (0.25, 0.5, 1.0, 2.0)),
    "Adam, constant": ({"optimizer": "adam", "scheduler": "constant"}, (1 / 16, 1 / 8, 1 / 4, 1 / 2)),
    "RMSprop, exponential": (
        {"optimizer": "rmsprop", "scheduler": "exponential", "scheduler__hold_epochs": 1, "scheduler__gamma": 0.8},
        (1 / 16, 1 / 8, 1 / 4, 1 / 2),
    ),
}
"""Each optimizer with its schedule, and the learning rates that are tried, as multiples of the cell's own rate."""

INITS = {"our": "orthogonal", "PyTorch's": "torch", "Keras'": "keras"}

LEVELS = (
    # initial values, optimizer, width, epochs, streams
    ("our", "AdamW, one cycle", 64, 3, 16),
    ("our", "Adam, constant", 128, 5, 64),
    ("our", "RMSprop, exponential", 256, 10, 4),
    ("PyTorch's", "AdamW, one cycle", 128, 10, 16),
    ("PyTorch's", "Adam, constant", 256, 3, 4),
    ("PyTorch's", "RMSprop, exponential", 64, 5, 64),
    ("Keras'", "AdamW, one cycle", 256, 5, 64),
    ("Keras'", "Adam, constant", 64, 10, 16),
    ("Keras'", "RMSprop, exponential", 128, 3, 4),
)


@dataclass(frozen=True)
class Recipe:
    options: Overrides
    labels: Mapping[str, str]
    """What a reader calls the level of each factor, by the factor's option."""
    rates: tuple[float, ...]
    """Learning rates to try, as multiples of the cell's own."""


def recipes(scale: Scale) -> list[Recipe]:
    """The nine recipes; at the smoke scale two, of the smallest sizes."""
    found = []
    for init, optimizer, width, epochs, streams in LEVELS if scale.judged else LEVELS[:2]:
        options, rates = OPTIMIZERS[optimizer]
        if not scale.judged:
            width, epochs, streams, rates = 8, 1, 4, rates[:2]
        labels = {
            "model__init": f"{init} initial values",
            "optimizer": optimizer,
            "model__hidden_size": f"{width} units",
            "trainer__max_epochs": f"{epochs} epochs",
            "data__batch_size": f"{streams} streams",
        }
        sizes = {"model__hidden_size": width, "trainer__max_epochs": epochs, "data__batch_size": streams}
        found.append(Recipe({"model__init": INITS[init], **options, **sizes}, labels, rates))
    return found


class RecipeArms:
    """The arms of a comparison under every recipe.

    Args:
        claim: the claim whose folder holds the runs.
        scale: decides texts and sizes.
        arms: the options of each arm by its name; they come after those of a recipe and replace them.
        recipes: under which each arm is trained.
        seeds: of the judged runs.
        fixed: options of every run.
        tuning_text: the corpus of the tuning runs.
        chosen_by: the validation figure whose lowest value chooses the learning rate.
    """

    def __init__(
        self,
        claim: str,
        scale: Scale,
        arms: Mapping[str, Overrides],
        recipes: Sequence[Recipe],
        *,
        seeds: tuple[int, ...],
        fixed: Overrides,
        tuning_text: str,
        chosen_by: str,
    ) -> None:
        self.claim = claim
        self.scale = scale
        self.arms = arms
        self.recipes = recipes
        self.seeds = seeds
        self.fixed = fixed
        self.tuning_text = tuning_text
        self.chosen_by = chosen_by

    def runs(self) -> list[Run]:
        """The tuning runs, and as soon as those of an arm are done, its judged runs."""
        wanted = []
        for recipe in self.recipes:
            for arm in self.arms:
                wanted += self.tuning(recipe, arm)
                if all(run.done() for run in self.tuning(recipe, arm)):
                    wanted += self.judged(recipe, arm)
        return wanted

    def tuning(self, recipe: Recipe, arm: str) -> list[Run]:
        own = CELLS[self.options(recipe, arm).get("cell", "lstm")].lr
        rates = tuple(float(f"{own * rate:.3g}") for rate in recipe.rates)
        return self._cross(recipe, arm, (PILOT_SEED,), corpus=self.tuning_text, optimizer__lr=rates)

    def judged(self, recipe: Recipe, arm: str) -> list[Run]:
        return self._cross(
            recipe, arm, self.seeds, corpus=self.scale.texts, optimizer__lr=self.rate(self.tuning(recipe, arm))
        )

    def rate(self, tuning: list[Run]) -> float:
        """The learning rate that tuning runs choose."""
        return best_rate(run_table(tuning), self.chosen_by)

    def options(self, recipe: Recipe, arm: str) -> Overrides:
        """Of an arm under a recipe."""
        return {**recipe.options, **self.arms[arm]}

    def _cross(self, recipe: Recipe, arm: str, seeds: tuple[int, ...], **factors: Any) -> list[Run]:
        options = {**self.fixed, **self.options(recipe, arm), **factors}
        return cross(self.claim, self.scale, seeds, **options)

    def table(self) -> pd.DataFrame:
        """`run_table` of all judged runs, with the columns `recipe` and `arm`."""
        parts = [
            run_table(self.judged(recipe, arm)).assign(recipe=self._name(recipe), arm=arm)
            for recipe in self.recipes
            for arm in self.arms
        ]
        return pd.concat(parts, ignore_index=True)

    def _name(self, recipe: Recipe) -> str:
        """The levels of its factors, without a factor that the arms themselves set."""
        replaced = {option for arm in self.arms.values() for option in arm}
        return "; ".join(label for option, label in recipe.labels.items() if option not in replaced)

    def edge(self) -> str:
        """In how many of the choices the best learning rate was the largest or the smallest that was tried."""
        choices = [(recipe, arm) for recipe in self.recipes for arm in self.arms]
        at_edge = 0
        for recipe, arm in choices:
            rates = [run.overrides["optimizer.lr"] for run in self.tuning(recipe, arm)]
            at_edge += self.rate(self.tuning(recipe, arm)) in (min(rates), max(rates))
        return (
            f"the chosen learning rate was the largest or smallest of those tried in {at_edge} of {len(choices)} cases"
        )


class Arms(RecipeArms):
    """The arms of a comparison of language models under the nine recipes.

    Args:
        claim, scale, arms: as for RecipeArms.
        chars: characters of each corpus, held-out text included.
    """

    def __init__(self, claim: str, scale: Scale, arms: Mapping[str, Overrides], chars: int) -> None:
        super().__init__(
            claim,
            scale,
            arms,
            recipes(scale),
            seeds=SEEDS,
            fixed={"corpus__max_chars": scale.cut(chars)},
            tuning_text=TUNING_TEXT if TUNING_TEXT in scale.texts else scale.texts[0],
            chosen_by="val/bpc",
        )


def recipe_tables(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The tables of a finding from `Arms.table`: the bits of each arm under each recipe, and on each text."""
    return [
        table("All recipes", means(frame, ["recipe", "arm"], ["test/bpc", "val/bpc", "optimizer.lr"])),
        table("Texts", means(frame, ["corpus", "arm"], ["test/bpc"])),
    ]


def best_samples(frame: pd.DataFrame, drawn: str, **options: Any) -> list[dict[str, Any]]:
    """The samples of a finding from `Arms.table`: 500 characters by each arm's best model by validation text.

    Args:
        drawn: how they are drawn, for their titles.
        options: of `measures.generate`.
    """
    found = []
    for arm in frame["arm"].unique():
        best = pick(frame, arm=arm).sort_values("val/bpc")["run"].iloc[0]
        found.append(sample(f"{arm}, {drawn}", generate(best, count=1, length=500, **options)[0], best))
    return found
