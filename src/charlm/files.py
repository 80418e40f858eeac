"""The files of a run folder: written whole or not at all, and read as they may have been left by a kill."""

import json
import os
from pathlib import Path
from typing import Any


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that whoever reads it finds the old content or the new, whole."""
    draft = path.with_name(path.name + ".tmp")
    with open(draft, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def write_summary(folder: Path, summary: dict[str, Any]) -> None:
    """Write summary.json."""
    write_atomically(folder / "summary.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")


def read_summary(folder: Path) -> dict[str, Any]:
    """What summary.json holds; empty where there is none, or none that can be read."""
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return summary if isinstance(summary, dict) else {}


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """The records of samples.jsonl. Lines end with a line feed alone: a text may hold any other line separator."""
    lines = (folder / "samples.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def relative(path: Path) -> Path:
    """The path as a person would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
