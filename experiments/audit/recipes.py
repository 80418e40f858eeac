"""The claims about a population of recipes: each recipe on several texts, some seeds each."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from experiments.audit.questions import (
    BITS,
    MARGIN,
    TEXTS,
    Asked,
    Data,
    Joined,
    difference,
    over_recipes,
    where,
)

RECIPE = ("model.init", "optimizer", "scheduler", "model.hidden_size", "trainer.max_epochs")
"""Columns that tell the nine recipes from one another, beside the streams."""
STREAMS = "data.batch_size"
OF_REVIEWS = (*RECIPE, "model.dropout")
"""The same of the eight recipes of film reviews, beside the cell."""
ACCURACY = "test/accuracy"
POINT = 0.01
"""Accuracy that counts as alike."""


def best_cell(data: Data) -> Iterator[Asked]:
    asked = {rival: f"{rival.upper()} − LSTM" for rival in ("rnn", "gru")}
    yield Joined("the LSTM is better than both by more than 0.02 bits", tuple(asked.values()))
    for rival, question in asked.items():
        yield over_recipes(question, data.runs, (*RECIPE, STREAMS), BITS, ("cell", rival, "lstm"), MARGIN)


def gru_cost(data: Data) -> Iterator[Asked]:
    yield over_recipes("GRU − LSTM", data.runs, (*RECIPE, STREAMS), BITS, ("cell", "gru", "lstm"))


def embedding(data: Data) -> Iterator[Asked]:
    size = "model.embedding_dim"
    runs = data.runs.fillna({size: 0})  # one-hot input has none
    yield over_recipes("one-hot − embedding", runs, (*RECIPE, STREAMS), BITS, (size, 0, 64), MARGIN)


def batch_count(data: Data) -> Iterator[Asked]:
    yield over_recipes("1 stream − 8 streams, equal epochs", data.runs, RECIPE, BITS, (STREAMS, 1, 8))


def corpus_size(data: Data) -> Iterator[Asked]:
    size, columns = "data.train_fraction", (*RECIPE, STREAMS)
    runs = data.runs.fillna({size: 1.0})
    of_recipes, default = runs[runs["model.init"].notna()], runs[runs["model.init"].isna()]
    yield over_recipes("a tenth − the whole, equal epochs", of_recipes, columns, BITS, (size, 0.1, 1.0), MARGIN)
    question, arms = "share of real words, the whole − a tenth, equal epochs", ("arm", "whole", "a tenth")
    yield over_recipes(question, data.measured, ["recipe"], "real words", arms)
    question = "a tenth − the whole, equal updates, default recipe"
    yield Joined(question, tuple(f"{question}, {corpus}" for corpus in TEXTS))
    for corpus in TEXTS:
        tenth, whole = (where(default, {"corpus": corpus, size: part})[BITS] for part in (0.1, 1.0))
        yield difference(f"{question}, {corpus}", tenth, whole, alike=MARGIN)


def bidirectional(data: Data) -> Iterator[Asked]:
    arms = ("model.bidirectional", True, False)
    yield over_recipes("both directions − one", data.runs, (*OF_REVIEWS, "cell"), ACCURACY, arms, POINT)


def bag_of_words(data: Data) -> Iterator[Asked]:
    column = "model.bidirectional"
    for arm, both in (("one direction", False), ("both directions", True)):
        question = f"network, {arm} − counted words"
        if data.has_measured:
            runs = where(data.measured, {"arm": arm})
            counted = runs["counted words"]
        else:  # no CSV has what counted words find, but a table of the finding, to four digits
            runs = where(data.runs, {column: both})
            [table] = [table for table in data.finding["tables"] if table["title"] == "Texts"]
            rows = pd.DataFrame(table["rows"], columns=table["columns"])
            counted = runs["corpus"].map(where(rows, {"arm": arm}).set_index("corpus")["counted words"])
        recipe = ["recipe"] if data.has_measured else [*OF_REVIEWS, "cell"]
        over = over_recipes(question, runs.assign(over=runs[ACCURACY] - counted), recipe, "over", alike=POINT)
        yield over if data.has_measured else replace(over, rounding=5e-5)


def cells_on_reviews(data: Data) -> Iterator[Asked]:
    # with equally many weights the cells have different units: the recipes are those with few and with many of them
    runs, units = data.runs, "model.hidden_size"
    runs = runs.assign(large=runs[units] == runs.groupby("cell")[units].transform("max"))
    columns = ["large", *(column for column in OF_REVIEWS if column != units)]
    for rival in ("rnn", "gru"):
        alike = POINT if rival == "rnn" else None
        yield over_recipes(f"{rival.upper()} − LSTM", runs, columns, ACCURACY, ("cell", rival, "lstm"), alike)


def sentiment_unit(data: Data) -> Iterator[Asked]:
    asked = (
        ("best unit − half-way to counted words", "best unit", "half-way", None),
        ("all units − half-way to counted words", "all units", "half-way", None),
        ("best unit, trained − untrained", "best unit", "best unit, untrained", POINT),
    )
    for question, first, second, alike in asked:
        models: pd.DataFrame = data.measured
        models = models.assign(difference=models[first] - models[second])
        yield over_recipes(question, models, ["recipe"], "difference", alike=alike)
