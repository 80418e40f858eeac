"""Which run is which: configuration, text, and the version of what training computes."""

import hashlib
import json
from typing import Any

from charcells.config import Config, options, value_of
from charcells.runs.summary import Summary

RESULTS_VERSION = 1
"""Raised by hand when a change alters what a configuration and a text give, as tests/test_golden.py shows. A comment, a
rename or a move alters nothing, and finished runs stay finished."""

NOT_IDENTITY = ("threads", "corpora_dir", "corpus.path", "logger.mode", "rerun", "resume")
"""Options that say where things lie and how a run is started, not which run it is."""


def identity(config: Config, corpus_sha256: str) -> str:
    """A hash by which two runs are the same: of their configuration, their text and RESULTS_VERSION."""
    values = {name: value_of(config, name) for name, _ in options(Config) if name not in NOT_IDENTITY}
    described = json.dumps([values, corpus_sha256, RESULTS_VERSION])
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def resumed_from(before: Summary, now: Summary, scheduler: str) -> dict[str, Any] | None:
    """What a resumed run was when it began, where no run from the beginning would give the same as it; else None.

    That is a run that was begun under another RESULTS_VERSION, or with another end where the rate follows the end.

    Args:
        before: what its summary said when it was stopped.
        now: what the summary says of it as it is resumed.
        scheduler: its name.
    """
    if not before:  # its summary has been removed
        return None
    if before["resumed_from"] is not None:
        kept: dict[str, Any] = before["resumed_from"]
        return kept
    same_course = before["identity"] == now["identity"] or scheduler != "one_cycle"
    if same_course and before["results_version"] == now["results_version"]:
        return None
    return {name: before[name] for name in ("identity", "results_version")}
