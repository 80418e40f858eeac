"""ExportFolder: the files of an exported model, and its configuration read from them. No PyTorch here."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
"""Number of the layout of config.json and vocabulary.json."""

WEIGHTS = "model.safetensors"
"""Name of the file from which charcells reads an exported model."""


@dataclass(frozen=True)
class ExportFolder:
    """The folder that `charcells export` writes. Only one of the three model files is in it."""

    path: Path

    @property
    def card(self) -> Path:
        """The model card, with the YAML head that model hubs read."""
        return self.path / "README.md"

    @property
    def config(self) -> Path:
        """The description of the model, as in a checkpoint but without the vocabulary, and the facts of its card."""
        return self.path / "config.json"

    @property
    def vocabulary(self) -> Path:
        """A list of the characters, or of the units of a classifier, in the order of their tokens."""
        return self.path / "vocabulary.json"

    @property
    def weights(self) -> Path:
        return self.path / WEIGHTS

    @property
    def onnx(self) -> Path:
        return self.path / "model.onnx"

    @property
    def torchscript(self) -> Path:
        return self.path / "model.pt"

    @property
    def script(self) -> Path:
        """The program that writes text with model.onnx or model.pt, without charcells."""
        return self.path / "write.py"

    def read_config(self) -> dict[str, Any]:
        """The content of config.json. Raises OSError or ValueError if it cannot be read."""
        config = json.loads(self.config.read_text(encoding="utf-8"))
        if not isinstance(config, dict) or config.get("library") != "charcells":
            raise ValueError(f"{self.config} is not of a model that charcells has exported")
        return config

    def read_vocabulary(self) -> list[str]:
        """The content of vocabulary.json. Raises OSError or ValueError if it cannot be read."""
        vocabulary = json.loads(self.vocabulary.read_text(encoding="utf-8"))
        if not isinstance(vocabulary, list) or not all(type(unit) is str for unit in vocabulary):
            raise ValueError(f"{self.vocabulary} is not a list of texts")
        return vocabulary
