"""Baselines that were measured before, in the user's cache, so that each text and split is measured only once."""

import json
import logging
from pathlib import Path
from typing import Any

from charcells.files import write_atomically

log = logging.getLogger(__name__)


def cache_file(digest: str) -> Path:
    """The file of the baselines with this hash of all that influences their figures."""
    import pooch  # the import takes half a second

    return Path(pooch.os_cache("charcells")) / "baselines" / f"{digest}.json"


def read(path: Path, version: int) -> dict[str, Any] | None:
    """The figures in a cache file; None if there is none, it is damaged, or another version has measured them."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) and result.get("version") == version else None


def write(path: Path, result: dict[str, Any]) -> None:
    """Keep figures, with their `version`, in a cache file. If it cannot be written, a warning says so."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(result, indent=1) + "\n")
    except OSError as error:
        log.warning("%s cannot be written, so the result is not cached: %s", path, error.strerror or error)
