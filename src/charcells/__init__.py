"""charcells: train, compare and understand character-level RNN, GRU and LSTM language models."""

import importlib
import warnings
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# what tqdm says, which Lightning imports, in a notebook without ipywidgets; its bars work without them
warnings.filterwarnings("ignore", "IProgress not found")

_MODULES = {
    "CharDataModule": "charcells.data.module",
    "CharLM": "charcells.training.language_model",
    "Run": "charcells.api",
    "TextGenerator": "charcells.writing.generator",
    "UserError": "charcells.errors",
    "load": "charcells.writing.generator",
    "sweep": "charcells.api",
    "train": "charcells.api",
}
"""The module of each public name. Imported on demand, so that `charcells train --help` does not load PyTorch."""

_PACKAGES = {"metrics": "charcells.text.metrics", "runs": "charcells.runs"}

__all__ = [
    "CharDataModule",
    "CharLM",
    "Run",
    "TextGenerator",
    "UserError",
    "load",
    "metrics",
    "runs",
    "sweep",
    "train",
]

if TYPE_CHECKING:
    from charcells import runs
    from charcells.api import Run, sweep, train
    from charcells.data.module import CharDataModule
    from charcells.errors import UserError
    from charcells.text import metrics
    from charcells.training.language_model import CharLM
    from charcells.writing.generator import TextGenerator, load


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(_PACKAGES[name])
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'charcells' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
