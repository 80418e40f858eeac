"""The baseline of a classifier: words counted, tf-idf weights, logistic regression, on the same split."""

import hashlib
import importlib.util
import logging
from pathlib import Path
from typing import Any

from charcells.text import baseline_cache
from charcells.text.review_units import words
from charcells.text.reviews import SplitReviews

log = logging.getLogger(__name__)

VERSION = 1
"""Raise it when the figures change, so that cached ones are measured again."""

STRENGTHS = (0.3, 1.0, 3.0, 10.0)
"""Inverse strengths of the L2 penalty that are tried; the validation part chooses. Without one: 1."""


def installed() -> bool:
    """Whether scikit-learn is there, which measures this baseline."""
    return importlib.util.find_spec("sklearn") is not None


def measure(split: SplitReviews) -> dict[str, Any]:
    """The accuracy on validation and test part, None for an empty part, and the penalty `C` that was chosen."""
    strength, found = predict(split)
    accuracy = {}
    for part, reviews in (("val", split.val), ("test", split.test)):
        right = [label == review.label for label, review in zip(found.get(part, ()), reviews, strict=True)]
        accuracy[f"{part}/accuracy"] = sum(right) / len(right) if right else None
    return {"C": strength, **accuracy}


def predict(split: SplitReviews) -> tuple[float, dict[str, list[str]]]:
    """The penalty `C` that the validation part chose, and by part (val, test) each review's likelier label.

    Words are split as for `reviews.units=words`, and term frequencies are 1 + ln(count). Learns from the same reviews
    as the run. Needs scikit-learn.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True)
    features = vectorizer.fit_transform(review.text for review in split.trained_on)
    labels = [review.label for review in split.trained_on]
    held_out = {
        part: (vectorizer.transform(review.text for review in reviews), [review.label for review in reviews])
        for part, reviews in (("val", split.val), ("test", split.test))
        if reviews
    }
    found: list[tuple[float, float, Any]] = []
    for strength in STRENGTHS if "val" in held_out else (1.0,):
        model = LogisticRegression(C=strength, max_iter=1000).fit(features, labels)
        found.append((float(model.score(*held_out["val"])) if "val" in held_out else 0.0, strength, model))
    _, strength, model = max(found, key=lambda result: result[0])
    return strength, {part: list(model.predict(values)) for part, (values, _) in held_out.items()}


def cache_file(split: SplitReviews) -> Path:
    """The cache file for these reviews and this split. Nothing else influences the figures."""
    digest = hashlib.sha256()
    for reviews in (split.trained_on, split.val, split.test):
        for review in reviews:
            digest.update(f"{review.label}\t{review.text}\n".encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return baseline_cache.cache_file(f"reviews-{digest.hexdigest()[:32]}")


def load_or_measure(split: SplitReviews) -> dict[str, Any]:
    """The cached figures of `measure`, or measured and cached; empty if only scikit-learn could and is not there."""
    path = cache_file(split)
    cached = baseline_cache.read(path, VERSION)
    if cached is not None:
        return cached
    if not installed():
        log.info("tf-idf with logistic regression, for comparison, needs another package: pip install scikit-learn")
        return {}
    log.info("measuring tf-idf with logistic regression on the same reviews")
    result = {"version": VERSION, "corpus": split.name, **measure(split)}
    baseline_cache.write(path, result)
    return result
