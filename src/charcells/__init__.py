"""charcells: train, compare and understand character-level RNN, GRU and LSTM language models."""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_MODULES = {
    "TextGenerator": "charcells.writing.generator",
    "UserError": "charcells.errors",
    "load": "charcells.writing.generator",
}
"""The module of each public name. Imported on demand, so that `charcells train --help` does not load PyTorch."""

__all__ = ["TextGenerator", "UserError", "load", "metrics"]

if TYPE_CHECKING:
    from charcells.errors import UserError
    from charcells.text import metrics
    from charcells.writing.generator import TextGenerator, load


def __getattr__(name: str) -> Any:
    if name == "metrics":
        return importlib.import_module("charcells.text.metrics")
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'charcells' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
