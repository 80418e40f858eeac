"""The checkpoint of a run: what it holds beside what Lightning puts there, and how it is read back, whoever wrote it.

A checkpoint is what Lightning saves (weights under `state_dict`, optimizers, loops, callbacks) with two entries more:
`charcells`, the Description, and `training`, what a resumed run needs to be exact. It holds plain values and tensors.
"""

import dataclasses
import io
import os
import pickletools
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from charcells.errors import UserError
from charcells.files import replacing
from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS

FORMAT = 1

PREFIX = "model."
"""Before the names of the CharRNN's weights in `state_dict`: Lightning saves those of the CharLM around it."""

NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Byte", "Bool")),
}
"""The only types that a checkpoint of charcells names. PyTorch's own list of harmless ones is longer, and
has some that take as much memory as the file tells them to."""


@dataclasses.dataclass(frozen=True)
class Description:
    """What a checkpoint says of itself, beside its weights: enough to rebuild the model and to continue its text.

    Raises ValueError for types and values that no run of charcells has written.
    """

    model: dict[str, Any]  # keyword arguments of CharRNN
    characters: str  # the vocabulary
    prompt: str  # what samples of this run begin with
    corpus: str
    corpus_sha256: str
    step: int = 0
    format: int = FORMAT

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value, kind = getattr(self, item.name), {"model": dict, "step": int, "format": int}.get(item.name, str)
            if type(value) is not kind:
                raise ValueError(f"{item.name} is a {type(value).__name__}, not a {kind.__name__}")
        if not self.characters or len(set(self.characters)) < len(self.characters):
            raise ValueError("its vocabulary is empty or has a character twice")
        if not self.prompt or not set(self.prompt) <= set(self.characters):
            raise ValueError("its prompt is empty or not of its vocabulary")
        if self.step < 0:
            raise ValueError(f"step={self.step}")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds. `weights` are those of its CharRNN, `content` is all of it as it was saved."""

    path: Path
    description: Description
    weights: dict[str, Tensor]
    content: dict[str, Any]

    def model(self) -> CharRNN:
        """The trained model, in evaluation mode. Raises UserError where description and weights do not agree."""
        try:
            _check_model(self.description.model, self.weights)
            with torch.device("meta"):  # no memory for what the file claims, and no random numbers
                model = CharRNN(len(self.description.characters), **self.description.model, init="torch")
            model.load_state_dict(self.weights, assign=True)
        except UserError:
            raise
        except Exception as error:  # the content is somebody else's, and may be anything
            reason = " ".join(str(error).split())[:300]
            raise UserError(f"{self.path} holds a model that cannot be built: {reason}") from error
        return model.eval()

    def callback(self, name: str) -> dict[str, Any] | None:
        """The state of the callback of that class; None where the run had none."""
        # Lightning's key is the class name, for some classes followed by their options in braces
        states = {key.partition("{")[0]: state for key, state in self.content["callbacks"].items()}
        return states.get(name)


def add_entries(content: dict[str, Any], description: Description, training: dict[str, Any]) -> None:
    """Put into a checkpoint that Lightning is about to save what it needs beside Lightning's own.

    Args:
        content: of the checkpoint.
        description: of the model.
        training: see `training_entry`.
    """
    content["charcells"] = dataclasses.asdict(description)
    content["training"] = training


def training_entry(content: dict[str, Any]) -> dict[str, Any]:
    """What a resumed run needs to be exact: `train_state`, the state of the whole batch; `random`, the random state of
    each rank; `plateau`, the state of that scheduler or None."""
    entry: dict[str, Any] = content["training"]
    return entry


def write_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Write a checkpoint whole or not at all. Raises OSError where it cannot be written."""
    buffer = io.BytesIO()  # written to a file directly, PyTorch answers a full disk with a RuntimeError of its own
    torch.save(content, buffer)
    with replacing(path) as file:
        file.write(buffer.getbuffer())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint file without running anything that it might hold.

    Raises UserError where it is damaged or not of charcells. It may be a stranger's: no more memory is taken than a few
    times the size of the file.
    """
    try:
        _check_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
        description = Description(**content["charcells"])
        weights = {name.removeprefix(PREFIX): tensor for name, tensor in content["state_dict"].items()}
        _check_weights(weights)
    except Exception as error:  # a damaged or foreign file fails in many ways, none of them a bug of ours
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise UserError(f"{path} is damaged or no checkpoint of charcells: {reason}") from error
    if description.format != FORMAT:
        raise UserError(f"{path} has checkpoint format {description.format}; this charcells reads {FORMAT}")
    return Checkpoint(path, description, weights, content)


def _check_model(options: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Raise ValueError for a model that its weights cannot be, before anything of its size is made."""
    kinds = {"cell": str, "embedding_dim": int, "hidden_size": int, "num_layers": int}
    for name, kind in kinds.items():
        value = options[name]
        if type(value) is not kind and not (name == "embedding_dim" and value is None):
            raise ValueError(f"{name} is a {type(value).__name__}, not a {kind.__name__}")
        if isinstance(value, int) and not 1 <= value < 1 << 31:
            raise ValueError(f"{name}={value}")
    for name in ("dropout", "output_dropout"):
        if not (name not in options or options[name] is None or 0 <= options[name] < 1):
            raise ValueError(f"{name}={options[name]}")
    if options["cell"] not in CELLS:
        raise ValueError(f"there is no cell {options['cell']!r}")
    if options["num_layers"] > len(weights):
        raise ValueError(f"{options['num_layers']} layers, and {len(weights)} tensors")


def _check_weights(weights: dict[str, Tensor]) -> None:
    """Raise ValueError for tensors that claim more numbers than the file holds, or are none at all."""
    for name, tensor in weights.items():
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            raise ValueError(f"{name} is no tensor of numbers")
        if not tensor.is_contiguous() or tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
            raise ValueError(f"{name} claims {tensor.numel():,} numbers, and the file holds fewer")


def _check_file(path: Path) -> None:
    """Raise ValueError for a file that PyTorch would read and charcells has not written.

    That is an older kind of file, one that is larger unpacked than packed, and one that names what it should not: all
    can take more memory than the file is large.
    """
    with open(path, "rb") as file:
        if file.read(2) != b"PK":
            raise ValueError("it is no file that torch.save writes")
    with zipfile.ZipFile(path) as archive:
        if sum(part.file_size for part in archive.infolist()) > os.path.getsize(path):
            raise ValueError("it is larger unpacked than packed")
        for part in archive.namelist():
            if part.endswith(".pkl"):
                operations = pickletools.genops(archive.read(part))
                named = {str(argument) for code, argument, _ in operations if "GLOBAL" in code.name}
                if not named <= NAMES:
                    raise ValueError(f"it names {', '.join(sorted(named - NAMES))}, which none of charcells's does")
