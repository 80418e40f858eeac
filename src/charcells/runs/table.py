"""Many run folders as one tidy table."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from charcells.config import Config, options
from charcells.errors import UserError
from charcells.runs.folder import CONFIG, SUMMARY, RunFolder, find_run_folders

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
"""What a summary calls the options that are compared most, in the order in which tables show them."""

METRICS = ("val/bpc", "test/bpc")
COSTS = ("parameters", "train_seconds", "chars_per_second")
TEXT = ("corpus_sha256", "val_sha256", "test_chars")
"""What tells the held-out text of one run from that of another."""

FACTS = ("folder", "status", *SHORT, "seed", *METRICS, *COSTS, *TEXT, "error")
"""Columns that every table of runs has, whatever the summaries lack. So are all options."""

DEFAULTS = {name: None if item.default == "???" else item.default for name, item in options(Config)}


def read_runs(folder: Path) -> pd.DataFrame:
    """A row for each run folder at any depth below a folder, which may be one itself, sorted by path.

    Columns: `folder` (relative), the facts of summary.json under their own names (`versions.torch` where they are
    nested), and each option under its dotted name, lists as JSON. Where a summary lacks one of the SHORT names, it is
    taken from the configuration. `status` is 'unreadable' where either file is missing or damaged.

    Raises UserError for a folder that does not exist or holds no run.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: name one that holds runs, such as sweeps/biblia")
    runs = sorted(find_run_folders(folder), key=lambda run: run.path)
    if not runs:
        raise UserError(f"{folder} holds no run: nowhere in it is a {CONFIG} or a {SUMMARY}")
    settings = [_read_options(run) for run in runs]
    facts = [_facts(run, options) for run, options in zip(runs, settings, strict=True)]
    places = [{"folder": str(run.path.relative_to(folder))} for run in runs]
    columns = list(dict.fromkeys([*FACTS, *chain(*facts), *DEFAULTS, *chain(*settings)]))
    rows = [setting | fact | place for setting, fact, place in zip(settings, facts, places, strict=True)]
    return pd.DataFrame(rows, columns=columns)


def _read_options(run: RunFolder) -> dict[str, Any]:
    """Every option of a run under its dotted name; empty where config.yaml is missing or damaged."""
    options = run.read_options()
    return DEFAULTS | _flat(options) if options else {}


def _facts(run: RunFolder, config: dict[str, Any]) -> dict[str, Any]:
    summary = _flat(run.read_summary())
    short = {name: config.get(option) for name, option in SHORT.items()}
    if config.get("model.match_parameters") is not None:
        short["hidden_size"] = None  # only the summary knows which size that came to
    facts = short | summary
    if not summary or not config:
        facts["status"] = "unreadable"
        facts["error"] = facts.get("error") or f"{SUMMARY if config else CONFIG} is missing or damaged"
    return facts


def _flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return flat
