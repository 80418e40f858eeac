"""The checkpoint file of a run: the entries that charcells adds to Lightning's, and safe reading of any file.

A checkpoint holds what Lightning saves (weights under `state_dict`, optimizers, loops, callbacks) and two more entries:
`charcells`, the Description, and `training`, the state that an exact resume needs. All are plain values and tensors.
"""

import dataclasses
import io
import os
import pickletools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from charcells.errors import UserError
from charcells.files import replacing
from charcells.models.char_rnn import CharRNN
from charcells.models.classifier import Classifier
from charcells.models.exported import read_exported
from charcells.registry import CELLS
from charcells.runs.export_folder import WEIGHTS
from charcells.text.review_units import UNITS, UnitVocabulary

FORMAT = 1

Network = TypeVar("Network", bound=nn.Module)

PREFIX = "model."
"""Prefix of the weights in `state_dict`. Lightning saves a ScoredModule, whose attribute `model` is the network."""

ALLOWED_TYPES = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Byte", "Bool")),
}
"""The only types that a charcells checkpoint may name. PyTorch's own list of allowed types is longer, and some of those
allocate as much memory as the file asks for."""


@dataclasses.dataclass(frozen=True)
class Description:
    """What is needed besides the weights to rebuild a model and to write text with it.

    Raises ValueError for types and values that no charcells run can have written.
    """

    model: dict[str, Any]  # keyword arguments of CharRNN
    characters: str  # the vocabulary
    prompt: str  # beginning of the run's own samples
    corpus: str
    corpus_sha256: str
    step: int = 0
    normalize: bool = True  # whether the corpus was read with `text.encodings.normalize`
    format: int = FORMAT

    def __post_init__(self) -> None:
        _check_types(self, {"model": dict, "step": int, "format": int, "normalize": bool})
        if not self.characters or len(set(self.characters)) < len(self.characters):
            raise ValueError("its vocabulary is empty or contains a character twice")
        if not self.prompt or not set(self.prompt) <= set(self.characters):
            raise ValueError("its prompt is empty or not in its vocabulary")
        if self.step < 0:
            raise ValueError(f"step={self.step}")


@dataclasses.dataclass(frozen=True)
class ClassifierDescription:
    """What is needed besides the weights to rebuild a classifier and to read a text with it.

    Raises ValueError for types and values that no charcells run can have written.
    """

    model: dict[str, Any]  # keyword arguments of Classifier
    units: str  # a name in text.review_units.UNITS
    known: list[str]  # the vocabulary, as in text.review_units.UnitVocabulary
    labels: list[str]  # both labels; the classifier gives the probability of the second
    max_length: int  # units of a review, of which the last are read
    corpus: str
    corpus_sha256: str
    step: int = 0
    format: int = FORMAT

    def __post_init__(self) -> None:
        kinds = {"model": dict, "known": list, "labels": list, "max_length": int, "step": int, "format": int}
        _check_types(self, kinds)
        if self.units not in UNITS:
            raise ValueError(f"units={self.units}")
        if not all(type(unit) is str for unit in self.known) or len(set(self.known)) < len(self.known):
            raise ValueError("its vocabulary has a unit twice, or an entry that is not text")
        if len(self.labels) != 2 or not all(type(label) is str for label in self.labels):
            raise ValueError("it does not have two labels")
        if self.step < 0 or self.max_length < 1:
            raise ValueError(f"step={self.step}, max_length={self.max_length}")


def _check_types(description: Any, kinds: dict[str, type]) -> None:
    """Raise ValueError for a field whose type is not that in `kinds`; fields that are not there have to be str."""
    for item in dataclasses.fields(description):
        value, kind = getattr(description, item.name), kinds.get(item.name, str)
        if type(value) is not kind:
            raise ValueError(f"{item.name} is a {type(value).__name__}, not a {kind.__name__}")


@dataclass(frozen=True)
class RunCheckpoint:
    """A checkpoint that was read: `weights` of its network, and `content`, the complete dictionary as it was saved."""

    path: Path
    description: Description | ClassifierDescription
    weights: dict[str, Tensor]
    content: dict[str, Any]

    def _build(self, network: Callable[..., Network], vocab_size: int) -> Network:
        """The trained network in evaluation mode. Raises UserError if description and weights do not match."""
        try:
            _check_model(self.description.model, self.weights)
            # allocate nothing for sizes that the file claims; the weights are assigned below
            with torch.device("meta"):
                model = network(vocab_size, **self.description.model, init="torch")
            model.load_state_dict(self.weights, assign=True)
        except UserError:
            raise
        except Exception as error:  # the file may be from anyone, and can fail in any way
            reason = " ".join(str(error).split())[:300]
            raise UserError(f"{self.path} has a model that cannot be built: {reason}") from error
        return model.eval()

    def callback(self, name: str) -> dict[str, Any] | None:
        """The saved state of the callback with this class name; None if the run had no such callback."""
        # Lightning's key is the class name, for some classes followed by their options in braces
        states = {key.partition("{")[0]: state for key, state in self.content["callbacks"].items()}
        return states.get(name)


@dataclass(frozen=True)
class Checkpoint(RunCheckpoint):
    """A checkpoint of a language model."""

    description: Description

    def model(self) -> CharRNN:
        """The trained model in evaluation mode. Raises UserError if description and weights do not match."""
        return self._build(CharRNN, len(self.description.characters))


@dataclass(frozen=True)
class ClassifierCheckpoint(RunCheckpoint):
    """A checkpoint of a classifier."""

    description: ClassifierDescription

    @property
    def vocabulary(self) -> UnitVocabulary:
        return UnitVocabulary(tuple(self.description.known))

    def model(self) -> Classifier:
        """The trained classifier in evaluation mode. Raises UserError if description and weights do not match."""
        return self._build(Classifier, len(self.vocabulary))


def add_entries(
    content: dict[str, Any], description: Description | ClassifierDescription, training: dict[str, Any]
) -> None:
    """Add charcells' own entries to a checkpoint that Lightning is about to save.

    Args:
        content: the checkpoint, changed in place.
        description: of the model.
        training: see `training_entry`.
    """
    content["charcells"] = dataclasses.asdict(description)
    content["training"] = training


def training_entry(content: dict[str, Any]) -> dict[str, Any]:
    """The state that an exact resume needs.

    `train_state` is the recurrent state of the whole batch; `random` the random state of each rank; `plateau` the
    state of the plateau scheduler, or None.
    """
    entry: dict[str, Any] = content["training"]
    return entry


def write_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Write a checkpoint atomically. Raises OSError if it cannot be written."""
    # when torch.save writes to a file itself, a full disk is a RuntimeError instead of an OSError
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with replacing(path) as file:
        file.write(buffer.getbuffer())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint of a language model as `read_any_checkpoint` does. Raises UserError if it is a classifier's."""
    checkpoint = read_any_checkpoint(path)
    if not isinstance(checkpoint, Checkpoint):
        raise UserError(f"{path} is a classifier, which writes and scores no text: use charcells classify run=...")
    return checkpoint


def read_classifier(path: Path) -> ClassifierCheckpoint:
    """Read a checkpoint of a classifier as `read_any_checkpoint` does. Raises UserError if it is a language model's."""
    checkpoint = read_any_checkpoint(path)
    if not isinstance(checkpoint, ClassifierCheckpoint):
        raise UserError(f"{path} is a language model, which has no classes: use charcells sample or score run=...")
    return checkpoint


def read_any_checkpoint(path: Path) -> Checkpoint | ClassifierCheckpoint:
    """Read a checkpoint file, or the model.safetensors of an exported model, whose `content` has no training state.

    Safe for untrusted files: nothing in the file is executed. Reading takes at most a few times the size of the file in
    memory. Raises UserError if the file is damaged or is not a charcells checkpoint.
    """
    try:
        if path.suffix == Path(WEIGHTS).suffix:
            entry, weights = read_exported(path)
            content: dict[str, Any] = {"callbacks": {}}
        else:
            _check_file(path)
            content = torch.load(path, map_location="cpu", weights_only=True)
            entry = content["charcells"]
            weights = {name.removeprefix(PREFIX): tensor for name, tensor in content["state_dict"].items()}
        description = ClassifierDescription(**entry) if "units" in entry else Description(**entry)
        _check_weights(weights)
    except ImportError as error:  # charcells was installed before it needed safetensors
        raise UserError(
            f"{path} cannot be read ({error}): install charcells again, make setup or pip install ."
        ) from error
    except Exception as error:  # a damaged or foreign file can fail in many ways, none of them a bug
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise UserError(f"{path} is damaged or not a charcells checkpoint: {reason}") from error
    if description.format != FORMAT:
        raise UserError(f"{path} has checkpoint format {description.format}; this charcells reads {FORMAT}")
    if isinstance(description, ClassifierDescription):
        return ClassifierCheckpoint(path, description, weights, content)
    return Checkpoint(path, description, weights, content)


def _check_model(options: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Raise ValueError if the options cannot belong to these weights. Called before a model of that size is built."""
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
    for name in ("bidirectional", "head_size"):
        value = options.get(name)
        if not (value is None or type(value) is bool or (type(value) is int and 1 <= value < 1 << 31)):
            raise ValueError(f"{name}={value!r}")
    if options["cell"] not in CELLS:
        raise ValueError(f"unknown cell {options['cell']!r}; a package that provides it may have to be installed")
    if options["num_layers"] > len(weights):
        raise ValueError(f"{options['num_layers']} layers, but only {len(weights)} tensors")


def _check_weights(weights: dict[str, Tensor]) -> None:
    """Raise ValueError for anything but tensors of floats, and for tensors larger than their data in the file."""
    for name, tensor in weights.items():
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            raise ValueError(f"{name} is not a tensor of floats")
        if not tensor.is_contiguous() or tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
            raise ValueError(f"{name} claims {tensor.numel():,} numbers, but the file has fewer")


def _check_file(path: Path) -> None:
    """Raise ValueError for files that PyTorch can read but charcells never writes.

    These are files in PyTorch's older format, compressed files, and files that name other types than ALLOWED_TYPES.
    Each of them could take far more memory than the size of the file.
    """
    with open(path, "rb") as file:
        if file.read(2) != b"PK":
            raise ValueError("it is not a file that torch.save writes")
    with zipfile.ZipFile(path) as archive:
        if sum(part.file_size for part in archive.infolist()) > os.path.getsize(path):
            raise ValueError("its unpacked size exceeds the file size")
        for part in archive.namelist():
            if part.endswith(".pkl"):
                operations = pickletools.genops(archive.read(part))
                named = {str(argument) for code, argument, _ in operations if "GLOBAL" in code.name}
                if not named <= ALLOWED_TYPES:
                    foreign = ", ".join(sorted(named - ALLOWED_TYPES))
                    raise ValueError(f"it names {foreign}, which no charcells checkpoint does")
