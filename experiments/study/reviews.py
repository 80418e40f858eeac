"""Which test reviews a classifier, a probe or counted words classify correctly: the data of verdicts about accuracy.

Every figure is of the test reviews in the order of their split, R of them. torch is imported where it is used.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from charcells.text.review_baseline import predict
from charcells.text.review_tables import Review
from charcells.text.review_units import words
from charcells.text.reviews import SplitReviews, load_reviews
from experiments.study.findings import Region
from experiments.study.runs import Run

ACCURACY = "accuracy"
"""The unit of a difference: 0.01 is one review of a hundred."""

POINT = 0.01
"""Accuracy within which two classifiers count as alike."""

BETTER, WORSE = Region(low=POINT, alike=POINT), Region(high=-POINT, alike=POINT)

Right = NDArray[np.bool_]

_splits: dict[str, SplitReviews] = {}
"""By what determines a split, so that many runs read it once."""


def split_of(run: Run) -> SplitReviews:
    """The reviews of a run, in its split."""
    config = run.config()
    key = repr((config.corpus, config.data))
    if key not in _splits:
        _splits[key] = load_reviews(config.corpus, config.reviews, config.data, config.corpora_dir)
    return _splits[key]


@cache
def right(run: Run) -> Right:
    """Whether the run's best model gives each test review its label: (R,)."""
    from charcells.models.text_classifier import load_classifier

    classifier, reviews = load_classifier(run.folder.path), split_of(run).test
    found = classifier.probabilities([review.text for review in reviews])
    return np.array([classifier.label(p) == review.label for p, review in zip(found, reviews, strict=True)])


def last_words(split: SplitReviews, count: int) -> SplitReviews:
    """The reviews cut to their last words, as a classifier with reviews.max_length reads them."""

    def cut(reviews: Sequence[Review]) -> list[Review]:
        return [replace(review, text=" ".join(words(review.text)[-count:])) for review in reviews]

    return replace(split, train=cut(split.train), val=cut(split.val), test=cut(split.test))


def counted_right(split: SplitReviews) -> Right:
    """Whether counted words (tf-idf, logistic regression) give each test review its label: (R,)."""
    labels = predict(split)[1]["test"]
    return np.array([label == review.label for label, review in zip(labels, split.test, strict=True)])


def guessed_right(split: SplitReviews) -> Right:
    """Whether each test review has the label that is commoner in the training part: (R,)."""
    labels = [review.label for review in split.trained_on]
    commoner = max(split.labels, key=labels.count)
    return np.array([review.label == commoner for review in split.test])


def share_right(runs: Sequence[Run]) -> NDArray[np.float64]:
    """For each test review the share of runs that give it its label: (R,)."""
    return np.asarray(np.mean([right(run) for run in runs], axis=0))


def between(frame: pd.DataFrame, column: str, first: Any, second: Any) -> dict[str, NDArray[np.float64]]:
    """By corpus, for each test review, the share of runs that give it its label: of those with the value `first`, minus
    that of those with `second`."""
    found = {}
    for corpus, part in frame.groupby("corpus", sort=False):
        sides = [share_right(list(part.loc[part[column] == value, "run"])) for value in (first, second)]
        found[str(corpus)] = sides[0] - sides[1]
    return found


def mcnemar(a: Right, b: Right) -> tuple[int, int, float]:
    """Reviews that only the first of two classifiers gets right, those that only the second does, and two-sided p of
    McNemar's exact test (1947) that both are right equally often."""
    from statsmodels.stats.contingency_tables import mcnemar as test

    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    table = [[int((a & b).sum()), only_a], [only_b, int((~a & ~b).sum())]]
    return only_a, only_b, float(test(table, exact=True).pvalue)
