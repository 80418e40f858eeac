"""How well a character model's last state tells two kinds of texts apart: a linear probe, and its best single unit.

The model has learned to predict characters, without labels; only the probe learns from labels. Needs scikit-learn.

Legend: R texts, F features (units of all layers).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charcells.models.char_rnn import CharRNN
from charcells.models.text_states import encode, last_states
from charcells.text.review_tables import Review
from charcells.text.reviews import SplitReviews
from charcells.text.vocabulary import Vocabulary

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse strengths of the L2 penalty that are tried; the validation part chooses."""

Parts = Mapping[str, tuple[NDArray[np.float32], NDArray[np.bool_]]]
"""By part (train, val, test) the features of its texts, (R, F), and whether each has the second label, (R,)."""


@dataclass(frozen=True)
class Probe:
    """A trained probe.

    Args:
        strength: the chosen inverse strength of the penalty.
        right: for validation and test part whether the probe gives each text its label, (R,), in their order.
    """

    strength: float
    right: Mapping[str, NDArray[np.bool_]]

    def accuracy(self, part: str) -> float:
        """The share of the texts of the part "val" or "test" to which the probe gives their label."""
        return float(self.right[part].mean())


def features(
    model: CharRNN, vocabulary: Vocabulary, split: SplitReviews, progress: Callable[[int], object] = lambda texts: None
) -> Parts:
    """The states that a model has after each review of each part. `progress` is that of `last_states`."""

    def of(reviews: Sequence[Review]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        states = last_states(model, encode([review.text for review in reviews], vocabulary), progress).numpy()
        return states, np.array([review.label == split.labels[1] for review in reviews])

    return {"train": of(split.trained_on), "val": of(split.val), "test": of(split.test)}


def fit(parts: Parts, strengths: Sequence[float] = STRENGTHS) -> Probe:
    """Logistic regression on standardised features, with the penalty of the highest accuracy on the validation part.

    Of equally good ones the strongest penalty is taken.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = []
    for strength in sorted(strengths):
        model: Any = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
        model.fit(*parts["train"])
        right = {part: model.predict(values) == labels for part, (values, labels) in parts.items() if part != "train"}
        found.append(Probe(strength, right))
    return max(found, key=lambda probe: probe.accuracy("val"))


def best_unit(parts: Parts) -> int:
    """The unit that separates the labels of the training part best: whose area under the ROC curve is furthest from a
    half. Neither validation nor test part is looked at."""
    from scipy.stats import rankdata  # the import takes a second

    values, labels = parts["train"]
    positive, negative = int(labels.sum()), int((~labels).sum())
    ranks = rankdata(values, axis=0)[labels].sum(0)  # (F,)
    area = (ranks - positive * (positive + 1) / 2) / (positive * negative)  # Mann and Whitney's U, as a share
    return int(np.abs(area - 0.5).argmax())


def only(parts: Parts, unit: int) -> Parts:
    """The same texts with a single feature."""
    return {part: (values[:, [unit]], labels) for part, (values, labels) in parts.items()}
