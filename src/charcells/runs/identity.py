"""The identity of a run: its configuration, its text and the results version."""

import dataclasses
import hashlib
import json
from typing import Any

from charcells.config import Config, ReviewsConfig, options, value_of
from charcells.runs.summary import Summary

RESULTS_VERSION = 2
"""Raise it by hand when a change to the code alters the results of a run, which tests/test_golden.py shows. Other
changes, such as a rename, leave it as it is, so that finished runs still count as finished."""

PATHS = ("corpus.path", "corpus.val_path", "corpus.test_path")
"""Options that say where texts are. What the texts are is in the hash of the corpus."""

NOT_IDENTITY = (
    *(*PATHS, "threads", "corpora_dir", "logger.mode", "rerun", "resume"),
    *("trainer.detect_anomaly", "trainer.profiler"),
)
"""Options that are not part of the identity: they only say where files are, how a run is started or watched."""

NEW_OPTIONS = {
    "data.reset_state": "epoch",
    "trainer.accumulate_grad_batches": 1,
    "trainer.limit_train_batches": 1.0,
    "trainer.fast_dev_run": False,
    "trainer.deterministic": False,
    "task": "next_character",
    "model.bidirectional": False,
    "model.head_size": None,
    **{f"reviews.{item.name}": item.default for item in dataclasses.fields(ReviewsConfig)},
}
"""Options added since RESULTS_VERSION was last raised, each with the value that means what was done before. With that
value they are left out of the identity, so that a new option does not make finished runs other runs."""


def identity(config: Config, corpus_sha256: str) -> str:
    """A hash of configuration, text and RESULTS_VERSION. Two runs are the same if it is equal."""
    values = {name: value_of(config, name) for name, _ in options(Config) if name not in NOT_IDENTITY}
    # by repr, since 1 is one batch and 1.0 is all of them
    values = {name: value for name, value in values.items() if repr(value) != repr(NEW_OPTIONS.get(name, ...))}
    described = json.dumps([values, corpus_sha256, RESULTS_VERSION])
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def resumed_from(previous: Summary, current: Summary, *, same_rates: bool) -> dict[str, Any] | None:
    """The original identity and results version of a resumed run that no run from the beginning could reproduce.

    That is so if it started under another RESULTS_VERSION, or if its steps so far had other learning rates, or another
    weight decay or clipping, than the configuration would give them now. For any other run the result is None.

    Args:
        previous: the run's summary before it is resumed.
        current: its new summary.
        same_rates: whether the steps so far were made as the configuration says now.
    """
    if "identity" not in previous or "results_version" not in previous:  # its summary was removed or damaged
        return None
    if previous.get("resumed_from") is not None:
        original: dict[str, Any] = previous["resumed_from"]
        return original
    if (same_rates or previous["identity"] == current["identity"]) and previous["results_version"] == current[
        "results_version"
    ]:
        return None
    return {name: previous[name] for name in ("identity", "results_version")}
