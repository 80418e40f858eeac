"""Many run folders as one table."""

import json
from itertools import chain
from pathlib import Path
from types import NoneType
from typing import Any

import pandas as pd

from charcells.config import Config, options
from charcells.errors import UserError, did_you_mean
from charcells.runs.folder import CONFIG, SUMMARY, RunFolder, find_run_folders
from charcells.text.corpus import display_name

SHORT = {
    "cell": "cell.name",
    "num_layers": "model.num_layers",
    "hidden_size": "model.hidden_size",
    "embedding_dim": "model.embedding_dim",
    "batch_size": "data.batch_size",
    "seq_len": "data.seq_len",
    "train_fraction": "data.train_fraction",
    "corpus": "corpus.name",
}
"""Short names of the options that are compared most, as in summary.json, in the order in which tables show them."""

METRICS, REVIEW_METRICS = ("val/bpc", "test/bpc"), ("val/accuracy", "test/accuracy")
COSTS, REVIEW_COSTS = (("parameters", "train_seconds", speed) for speed in ("chars_per_second", "reviews_per_second"))
"""Of language models, and of classifiers."""

HELD_OUT_TEXT = ("corpus_sha256", "val_sha256", "test_chars")
"""Columns that identify the held-out text of a run."""

FACTS = ("folder", "status", *SHORT, "seed", *METRICS, *COSTS, *HELD_OUT_TEXT, "error")
"""Columns that every table of runs has, besides all options, even if the summaries lack them."""

KINDS: dict[str, Any] = {
    "status": str,
    "error": str | NoneType,
    **dict.fromkeys((*METRICS, *REVIEW_METRICS, *COSTS, *REVIEW_COSTS, "seed"), int | float | NoneType),
}
"""Types of the facts that are compared. A summary in which somebody has written another type is damaged."""

DEFAULTS = {name: None if item.default == "???" else item.default for name, item in options(Config)}


def read_runs(folder: Path) -> pd.DataFrame:
    """One row for each run folder in and below a folder, sorted by path.

    Columns: `folder` (relative), the facts of summary.json under their own names (dotted if they are nested, such as
    `versions.torch`), and each option under its dotted name, with lists as JSON. If a summary lacks one of the SHORT
    names, its value is taken from the configuration. `status` is 'unreadable' if either file is missing or damaged.

    Raises UserError if the folder does not exist or contains no runs.
    """
    if not folder.is_dir():
        beside = (path.name for path in folder.parent.glob("*") if path.is_dir())
        meant = did_you_mean(str(folder), (str(folder.parent / name) for name in beside))
        raise UserError(f"{folder} is not a folder{meant or ':'} give one that contains runs, such as sweeps/biblia")
    runs = sorted(find_run_folders(folder), key=lambda run: run.path)
    if not runs:
        raise UserError(f"{folder} contains no runs: there is no {CONFIG} or {SUMMARY} in it or below")
    nested = [run.read_options() for run in runs]
    settings = [DEFAULTS | _flat(options) if options else {} for options in nested]
    facts = [_facts(run, flat, _corpus(options)) for run, flat, options in zip(runs, settings, nested, strict=True)]
    places = [{"folder": str(run.path.relative_to(folder))} for run in runs]
    more = (*REVIEW_METRICS, *REVIEW_COSTS) if any(each.get("task") == "classify" for each in settings) else ()
    columns = list(dict.fromkeys([*FACTS, *more, *chain(*facts), *DEFAULTS, *chain(*settings)]))
    rows = [setting | fact | place for setting, fact, place in zip(settings, facts, places, strict=True)]
    return pd.DataFrame(rows, columns=columns)


def of_classifiers(runs: pd.DataFrame) -> bool:
    """Whether all runs of a table are classifiers, so that they are compared by accuracy."""
    tasks = set(runs["task"].dropna())  # it is missing where config.yaml cannot be read
    return tasks == {"classify"}


def metrics_of(runs: pd.DataFrame) -> tuple[str, str]:
    """What runs are compared by, on validation and test data: bits per character, or accuracy."""
    return REVIEW_METRICS if of_classifiers(runs) else METRICS


def costs_of(runs: pd.DataFrame) -> tuple[str, ...]:
    return REVIEW_COSTS if of_classifiers(runs) else COSTS


def _corpus(options: dict[str, Any]) -> str | None:
    """The display name of the corpus of a run, from the nested values of its config.yaml; None if they do not say."""
    corpus = options.get("corpus")
    return display_name(corpus["name"], corpus.get("path")) if isinstance(corpus, dict) and "name" in corpus else None


def _facts(run: RunFolder, config: dict[str, Any], corpus: str | None) -> dict[str, Any]:
    summary = _flat(run.read_summary())
    short = {name: config.get(option) for name, option in SHORT.items()}
    short["corpus"] = corpus
    if config.get("task") == "classify":
        short["seq_len"] = None  # reviews are read whole
    if config.get("model.match_parameters") is not None:
        short["hidden_size"] = None  # only the summary has the resulting size
    facts = short | summary
    if not summary or not config:
        facts["status"] = "unreadable"
        facts["error"] = facts.get("error") or f"{SUMMARY if config else CONFIG} is missing or damaged"
    elif wrong := [name for name, kinds in KINDS.items() if not isinstance(facts.get(name), kinds)]:
        shown = ", ".join(f"{name}={facts.get(name)!r}" for name in wrong)
        facts |= dict.fromkeys(wrong) | {"status": "unreadable", "error": f"{SUMMARY} is damaged: {shown}"}
    return facts


def _flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return flat
