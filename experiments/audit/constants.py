"""Constants of the findings, which have no interval, as far as the CSVs or arithmetic give them.

The others are figures of human text, of a source or of a machine's clock, which no CSV of runs holds.
"""

import math
from collections.abc import Callable, Iterable, Iterator

from experiments.audit.questions import Data, where

Constants = Iterator[tuple[str, float]]


def boilerplate(data: Data) -> Constants:
    measured = data.measured
    yield "the licence's share of the training text", (measured["licence"] - measured["excess"]).mean()


def early_structure(data: Data) -> Constants:
    texts = {"biblia": "100,000 characters in Portuguese", "kjv": "King James, 2 epochs of 1,200,000 characters"}
    for corpus, name in texts.items():
        seconds = where(data.runs, {"corpus": corpus})["train_seconds"]
        yield f"seconds of training, {name}", seconds.mean()


def embedding(data: Data) -> Constants:
    by_size = data.runs.fillna({"model.embedding_dim": 0}).groupby("model.embedding_dim")["parameters"].mean()
    yield "parameters, embedding", by_size[64]
    yield "parameters, one-hot", by_size[0]


def gru_cost(data: Data) -> Constants:
    runs = where(data.runs, {"corpus": "biblia"})  # the vocabulary of the first text
    for units, part in runs.groupby("model.hidden_size"):
        gru, lstm = (where(part, {"cell": cell})["parameters"].iloc[0] for cell in ("gru", "lstm"))
        yield f"parameters, {units} units", gru / lstm


def recurrent_weight(data: Data) -> Constants:
    for radius in data.measured["radius"].unique():
        yield f"linear recurrence, |w| = {radius:g}: log10 of w^50", 50 * math.log10(radius)


def saturation(data: Data) -> Constants:
    """tanh' = 1 − tanh², and of the sigmoid σ it is σ(1 − σ)."""
    yield "largest derivative of tanh, at 0", 1 - math.tanh(0) ** 2
    sigmoid = 1 / (1 + math.exp(0))
    yield "largest derivative of the sigmoid, at 0", sigmoid * (1 - sigmoid)


CONSTANTS: dict[str, Callable[[Data], Iterable[tuple[str, float]]]] = {
    claim.__name__: claim for claim in (boilerplate, early_structure, embedding, gru_cost, recurrent_weight, saturation)
}
