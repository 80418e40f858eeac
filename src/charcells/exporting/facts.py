"""The facts about a run for its model card, as plain values that config.json can hold."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charcells.config import Config
from charcells.errors import UserError
from charcells.models.checkpoint import Checkpoint, RunCheckpoint
from charcells.runs.export_folder import ExportFolder
from charcells.runs.folder import RunFolder
from charcells.runs.summary import Summary
from charcells.text import baselines
from charcells.text.corpus import load_split

CORPUS = ("name", "title", "language", "licence", "attribution", "url")
"""What a card says of a corpus, under the names of config.CorpusConfig."""

KEPT = (
    *("status", "parameters", "vocab_size", "best_step", "epochs", "steps", "train_seconds", "device", "threads"),
    *("train_chars", "val_chars", "test_chars", "train_reviews", "val_reviews", "test_reviews", "seed", "versions"),
)
"""What a card says from summary.json besides the figures."""

FIGURES = (
    *("val/bpc", "test/bpc", "val/accuracy", "test/accuracy"),
    *("ngram/order", "ngram/val/bpc", "ngram/test/bpc", "tfidf/val/accuracy", "tfidf/test/accuracy"),
)


def run_of(run: Path | str, checkpoint: Path) -> RunFolder | None:
    """The run folder that a checkpoint belongs to; None if it lies in none, or in another than `run` says."""
    path = Path(os.path.expanduser(run))
    folder = RunFolder(path if path.is_dir() else checkpoint.resolve().parent.parent)
    return folder if folder.has_config else None


def facts_of(
    folder: RunFolder | None, checkpoint: RunCheckpoint, command: Callable[[Config], str | None]
) -> dict[str, Any]:
    """The facts for the card of a model.

    Args:
        folder: the run folder of the checkpoint, if it lies in one. Without it, an exported model still has its facts
            in its own config.json, and of a bare checkpoint little is known.
        checkpoint: of the model.
        command: gives the command that trains a run of some configuration.

    Raises UserError if config.yaml is damaged.
    """
    if folder is None:
        exported = ExportFolder(checkpoint.path.parent)
        if checkpoint.path == exported.weights:
            facts: dict[str, Any] = exported.read_config()["facts"]
            return facts
        return {"corpus": {"name": checkpoint.description.corpus}, "summary": {}, "figures": {}, "command": None}
    config, summary = folder.read_config(), folder.read_summary()
    figures = {key: summary[key] for key in FIGURES if summary.get(key) is not None}
    if isinstance(checkpoint, Checkpoint) and "ngram/order" not in figures:
        figures.update(_ngram(config, checkpoint))
    corpus = {key: value for key, value in dataclasses.asdict(config.corpus).items() if key in CORPUS}
    return {
        "corpus": {**corpus, "name": checkpoint.description.corpus},
        "summary": {key: summary[key] for key in KEPT if summary.get(key) is not None},
        "figures": figures if _is_measured(summary, checkpoint) else {},
        "command": command(config),
    }


def _is_measured(summary: Summary, checkpoint: RunCheckpoint) -> bool:
    """Whether the summary's figures are those of this checkpoint."""
    return summary.finished and checkpoint.description.step == (summary.get("best_step") or summary.get("steps"))


def _ngram(config: Config, checkpoint: Checkpoint) -> dict[str, Any]:
    """The figures of the best n-gram model on the run's text and split; none if the text is not there any more."""
    try:
        text = load_split(config.corpus, config.data, config.corpora_dir)
    except UserError:
        return {}
    if text.corpus.sha256 != checkpoint.description.corpus_sha256:
        return {}
    figures = baselines.ngram_figures(baselines.load_or_measure(text))
    return {key: value for key, value in figures.items() if value is not None}
