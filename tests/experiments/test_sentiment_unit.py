"""The claim `sentiment_unit`: what its questions answer where units know the label, and where none does."""

import numpy as np
import pandas as pd

from experiments.claims.sentiment_unit import CELLS, WIDTHS, questions, runs
from experiments.study.findings import REFUTED, SUPPORTED
from experiments.study.review_recipes import TEXTS
from experiments.study.runs import SCALES

HALF_WAY, REVIEWS = 0.65, 2000


def simulated(unit: float, every: float, untrained: float) -> tuple[pd.DataFrame, dict]:
    """Models whose units find a share of the labels, each with chance of its own; counted words 0.8, guessing 0.5."""
    random = np.random.default_rng(0)
    rows, found = [], {}
    truths = {"best unit": unit, "all units": every, "best unit, untrained": untrained}
    for corpus in TEXTS:
        right = {name: random.random((9, REVIEWS)) < truth for name, truth in truths.items()}
        recipes = [f"{cell}, {width} units" for cell in CELLS for width in WIDTHS]
        for number, recipe in enumerate(recipes):
            figures = {name: values[number].mean() for name, values in right.items()}
            rows.append({"corpus": corpus, "recipe": recipe, "half-way": HALF_WAY, **figures})
        means = {name: values.mean(0) for name, values in right.items()}
        half_way = ((random.random(REVIEWS) < 0.8).astype(float) + (random.random(REVIEWS) < 0.5)) / 2
        found[corpus] = {
            "unit": means["best unit"] - half_way,
            "every": means["all units"] - half_way,
            "learned": means["best unit"] - means["best unit, untrained"],
        }
    return pd.DataFrame(rows), found


def test_a_unit_that_knows_the_label_is_found_and_one_that_does_not_is_not():
    known, effects = questions(*simulated(unit=0.76, every=0.78, untrained=0.54))
    assert [verdict.verdict for verdict in known] == [SUPPORTED] * 3
    assert abs(known[0].estimate - 0.11) < 0.01 and len(effects[0]) == 9
    hidden, _ = questions(*simulated(unit=0.54, every=0.72, untrained=0.5))
    assert [verdict.verdict for verdict in hidden] == [REFUTED, SUPPORTED, SUPPORTED]


def test_each_cell_and_width_reads_each_text_without_labels():
    wanted = runs(SCALES["laptop"])
    assert len(wanted) == len(CELLS) * len(WIDTHS) * len(TEXTS)
    assert {run.config().task for run in wanted} == {"next_character"}
    assert {run.config().corpus.max_chars for run in wanted} == {400_000}
