"""Export a trained model: a folder with weights, configuration, vocabulary and a model card."""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charcells.config import Config
from charcells.errors import UserError
from charcells.exporting.card import card
from charcells.exporting.facts import facts_of, run_of
from charcells.exporting.hub import check_hub, push
from charcells.exporting.onnx_file import check_packages, write_onnx
from charcells.exporting.step import Step
from charcells.exporting.torchscript import write_torchscript
from charcells.files import DRAFT, make_folder, write_atomically
from charcells.models.checkpoint import Checkpoint, RunCheckpoint, read_any_checkpoint
from charcells.models.exported import write_exported, write_weights
from charcells.runs.export_folder import ExportFolder
from charcells.runs.folder import checkpoint_file
from charcells.text.vocabulary import Vocabulary
from charcells.writing.generator import TextGenerator

SAMPLE = 300
"""Characters of the sample in the card."""


def export(run: Path | str, to: str, format: str, command: Callable[[Config], str | None]) -> str:
    """Export the model of a run and return where it is: a folder, or an address on a hub.

    Args:
        run: run folder (its best checkpoint), checkpoint file, or a folder exported as safetensors.
        to: the folder to write, new or empty; for format="hub" the repository, USER/NAME.
        format: "safetensors", "onnx", "torchscript" or "hub".
        command: gives the command that trains a run of some configuration, for the card.

    Raises UserError if that is not possible; nothing is then left behind.
    """
    if format == "hub":
        check_hub(to)
    else:
        place = _new_folder(to)
    if format == "onnx":
        check_packages()
    checkpoint = read_any_checkpoint(checkpoint_file(run))
    facts = facts_of(run_of(run, checkpoint.path), checkpoint, command)
    if format == "hub":
        with tempfile.TemporaryDirectory() as draft:
            folder = ExportFolder(Path(draft))
            _fill(folder, checkpoint, facts, "safetensors", to)
            return push(folder, to)
    make_folder(place.parent, "to")
    draft_folder = ExportFolder(place.with_name(place.name + DRAFT))
    shutil.rmtree(draft_folder.path, ignore_errors=True)  # of an export that was killed
    try:
        draft_folder.path.mkdir()
        _fill(draft_folder, checkpoint, facts, format)
        if place.exists():
            place.rmdir()
        draft_folder.path.rename(place)
    finally:
        shutil.rmtree(draft_folder.path, ignore_errors=True)
    return str(place)


def _new_folder(to: str) -> Path:
    """The folder to write, which need not exist yet. Raises UserError if there is something in it."""
    if not to:
        raise UserError("to= is empty: name a new folder")
    place = Path(os.path.expanduser(to)).absolute()
    if os.path.lexists(place) and not place.is_dir():
        raise UserError(f"to={to} is a file: name a new folder")
    if place.is_dir() and any(place.iterdir()):
        raise UserError(f"to={to} is not empty: name a new folder, or empty this one first")
    return place


def _fill(
    folder: ExportFolder, checkpoint: RunCheckpoint, facts: dict[str, Any], format: str, repository: str | None = None
) -> None:
    """Write the files of an exported model into a folder."""
    sample = None
    if isinstance(checkpoint, Checkpoint):
        model, description = checkpoint.model(), checkpoint.description
        writer = TextGenerator(model, Vocabulary(description.characters), description.prompt)
        sample = writer.generate(length=SAMPLE, temperature=0.8, seed=1)
    elif format != "safetensors":
        raise UserError(f"format={format} is for language models: export a classifier with format=safetensors")
    write_exported(folder, dataclasses.asdict(checkpoint.description), facts)
    if format == "safetensors":
        write_weights(folder, checkpoint.weights)
    else:
        step = Step(model)
        write_onnx(folder, step) if format == "onnx" else write_torchscript(folder, step)
        shutil.copyfile(Path(__file__).with_name("write.py"), folder.script)
    write_atomically(folder.card, card(checkpoint, facts, format, sample, repository))
