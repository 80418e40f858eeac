"""The recipes and texts of the claims about film reviews, written down before any of their runs.

Eight recipes: six factors of two levels each in Taguchi's array L8, in which every pair of levels of two factors occurs
twice. Each recipe has the same tuning for each arm: three learning rates, one run each on one text, of which the loss
on the validation reviews chooses one. No judged run has the seed of a tuning run.
"""

from collections.abc import Mapping
from dataclasses import replace

from experiments.study.recipe_set import Overrides, Recipe, RecipeArms
from experiments.study.runs import Scale

TEXTS = ("sst2", "rt_polarity", "muchocine")
"""Sentences and whole reviews, in English and Spanish. sst2 and rt_polarity share most of their sentences, but each has
its own split. The first is the text of the tuning."""

SEEDS = (11, 12)

RATES = (0.1, 0.3, 0.9)
"""Learning rates that are tried, as multiples of the cell's own rate."""

FIXED: Overrides = {
    "experiment": "film_reviews",
    "data__test_fraction": 0.3,
    "reviews__max_length": 100,
}
"""Of every run. Where a set has no split of its own, three tenths are test, since a tenth of muchocine is 270 reviews,
too few to tell two points of accuracy. The last 100 words of a review are read, more than any sentence has."""

FACTORS: tuple[tuple[str, tuple[tuple[str, Overrides], tuple[str, Overrides]]], ...] = (
    ("cell", (("LSTM", {"cell": "lstm"}), ("GRU", {"cell": "gru"}))),
    ("model__init", (("our initial values", {"model__init": "orthogonal"}),
                     ("PyTorch's initial values", {"model__init": "torch"}))),
    ("optimizer", (("AdamW, one cycle", {"optimizer": "adamw", "scheduler": "one_cycle"}),
                   ("Adam, constant", {"optimizer": "adam", "scheduler": "constant"}))),
    ("model__hidden_size", (("48 units", {"model__hidden_size": 48}), ("96 units", {"model__hidden_size": 96}))),
    ("trainer__max_epochs", (("3 epochs", {"trainer__max_epochs": 3}), ("6 epochs", {"trainer__max_epochs": 6}))),
    ("model__dropout", (("dropout 0.2", {"model__dropout": 0.2}), ("dropout 0.5", {"model__dropout": 0.5}))),
)  # fmt: skip
"""Each factor's option, and its two levels: what a reader calls it, and its options."""

L8 = ("000000", "000111", "011001", "011110", "101010", "101101", "110011", "110100")
"""A recipe a row: the level of each factor."""


def recipes(scale: Scale) -> list[Recipe]:
    """The eight recipes; at the smoke scale the first and the last, with smaller sizes."""
    found = []
    for row in L8 if scale.judged else (L8[0], L8[-1]):
        options: dict[str, object] = {}
        labels = {}
        for level, (factor, levels) in zip(row, FACTORS, strict=True):
            labels[factor], chosen = levels[int(level)]
            options |= chosen
        if not scale.judged:
            options |= {"model__hidden_size": 8, "trainer__max_epochs": 1}
        found.append(Recipe(options, labels, RATES if scale.judged else RATES[:2]))
    return found


def for_reviews(scale: Scale) -> Scale:
    """The scale as it applies to reviews: their texts, and none of the options that a classifier does not have."""
    common = tuple((option, value) for option, value in scale.common if option != "data.seq_len")
    if scale.judged:
        return replace(scale, common=common, texts=TEXTS)
    return replace(scale, common=(*common, ("data.train_fraction", 0.02)), texts=TEXTS[:1])


class ReviewArms(RecipeArms):
    """The arms of a comparison of classifiers under the eight recipes.

    Args: as for RecipeArms.
    """

    def __init__(self, claim: str, scale: Scale, arms: Mapping[str, Overrides]) -> None:
        super().__init__(
            claim,
            for_reviews(scale),
            arms,
            recipes(scale),
            seeds=SEEDS,
            fixed=FIXED,
            tuning_text=TEXTS[0],
            chosen_by="val/loss",
        )
