"""The claims and their sources by name: the only place that lists them."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.study.runs import Scale

CLAIMS = (
    "batch_count",
    "corpus_size",
    "best_cell",
    "gru_cost",
    "memorisation",
    "short_memory",
    "clipping",
    "truncation",
    "temperature",
    "top_k",
    "boilerplate",
    "early_structure",
    "longer_not_better",
    "embedding",
    "training_order",
    "greedy_loops",
    "forget_gate",
    "recurrent_weight",
    "saturation",
    "embedding_relations",
    "window_enough",
    "long_windows_hurt",
    "batch_stabilises",
    "never_reset",
    "bidirectional",
    "bag_of_words",
    "cells_on_reviews",
    "sentiment_unit",
    "hello",
    "equations",
)
"""Names of the modules in experiments/claims, in the order in which they are trained: the main claims come first, and
later claims judge some of their runs too."""

SOURCES = {
    "000": "C. F. Yana Alanoca, F. F. Rivera Granados: Generación De Texto Con Redes Neuronales Recurrentes",
    "001": "J. Torres: Redes Neuronales Recurrentes, chapter 7 of Deep Learning – "
    "Introducción práctica con Keras (2019)",
    "002": "I. Rivera Zárate, M. Hernández Bolaños, P. Pérez Romero: Redes neuronales recurrente para el "
    "procesamiento de secuencias codificado en Python",
    "003": "Text Generation using Recurrent Neural Networks (a report in Portuguese, 2024)",
    "004": "S. Raschka, Y. Liu, V. Mirjalili: Modelado de datos secuenciales mediante redes neuronales recurrentes, "
    "chapter 15 of the Spanish edition of their book on machine learning with PyTorch",
    "radford": "A. Radford, R. Józefowicz, I. Sutskever: Learning to Generate Reviews and Discovering Sentiment (2017)",
}
"""Number or name of each source, as `Claim.source` gives it, and its title."""


def claim_module(name: str) -> ModuleType:
    """The module of a claim, with its CLAIM, runs(scale) and judge(scale).

    If its runs read texts that are made for them, it also has prepare(scale), which writes those that are missing.
    """
    return importlib.import_module(f"experiments.claims.{name}")


def prepare(name: str, scale: "Scale") -> None:
    """Write the texts that the runs of a claim read, if it makes any."""
    if hasattr(claim_module(name), "prepare"):
        claim_module(name).prepare(scale)
