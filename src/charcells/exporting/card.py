"""The model card: README.md of an exported model, with the YAML head that model hubs read."""

import re
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader

from charcells.models.checkpoint import Checkpoint, RunCheckpoint

METRICS = {
    "val/bpc": "bits per character, validation",
    "test/bpc": "bits per character, test",
    "val/accuracy": "accuracy, validation",
    "test/accuracy": "accuracy, test",
}
"""Figures in the head of a card. The accuracy of a language model is the share of characters that it predicts."""

LAYOUT: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
"""How jinja treats white space around the tags of card.md.j2: a line of nothing but a tag leaves no line behind."""


def card(
    checkpoint: RunCheckpoint, facts: dict[str, Any], format: str, sample: str | None, repository: str | None = None
) -> str:
    """The text of a model card.

    Args:
        checkpoint: of the model.
        facts: of exporting.facts.
        format: in which the model is exported: safetensors, onnx or torchscript.
        sample: what the model writes with seed=1 and temperature=0.8; None for a classifier.
        repository: on a hub, as USER/NAME; None: the card is for a folder.
    """
    model = checkpoint.description.model
    layers = f"{model['num_layers']}×{model['hidden_size']}"
    title = f"{model['cell']} {layers} on {facts['corpus'].get('title') or facts['corpus']['name']}"
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), **LAYOUT)
    environment.filters |= {"plain": plain, "figure": _figure}
    head = yaml.safe_dump(_head(checkpoint, facts, format, title), sort_keys=False, allow_unicode=True)
    return environment.get_template("card.md.j2").render(
        head=head,
        title=title,
        described=checkpoint.description,
        writes=isinstance(checkpoint, Checkpoint),
        format=format,
        sample=None if sample is None else sample.splitlines(),
        repository=repository,
        **facts,
    )


def plain(text: Any) -> str:
    """A text on one line that neither ends a cell of a table nor begins anything else in Markdown."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(str(text).split()))


def _head(checkpoint: RunCheckpoint, facts: dict[str, Any], format: str, title: str) -> dict[str, Any]:
    """What hubs read: language, licence, tags, and figures."""
    corpus = facts["corpus"]
    task = "text-generation" if isinstance(checkpoint, Checkpoint) else "text-classification"  # as hubs call it
    head: dict[str, Any] = {}
    if re.fullmatch("[a-z]{2,3}", corpus.get("language") or ""):
        head["language"] = corpus["language"]
    licence = corpus.get("licence") or "not stated"
    # hubs know a list of licences; any other is `other` with a name in lower case
    head |= {"license": "other", "license_name": re.sub("[^a-z0-9.]+", "-", licence.lower()).strip("-")}
    head |= {"library_name": "charcells" if format == "safetensors" else format, "pipeline_tag": task}
    head["tags"] = ["charcells", "character-level", checkpoint.description.model["cell"], format]
    metrics = [
        {"type": key.partition("/")[2], "name": name, "value": round(facts["figures"][key], 4)}
        for key, name in METRICS.items()
        if key in facts["figures"]
    ]
    if metrics:
        dataset = {"type": corpus["name"], "name": corpus.get("title") or corpus["name"]}
        head["model-index"] = [
            {"name": title, "results": [{"task": {"type": task}, "dataset": dataset, "metrics": metrics}]}
        ]
    return head


def _figure(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "not measured"
