"""charcells: train, compare and understand character-level RNN, GRU and LSTM language models."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["TextGenerator", "UserError", "load"]

if TYPE_CHECKING:
    from charcells.config import UserError
    from charcells.generation import TextGenerator, load


def __getattr__(name: str) -> Any:
    # on demand: `train.py --help` must not wait for torch
    if name == "UserError":
        from charcells.config import UserError

        return UserError
    if name in ("TextGenerator", "load"):
        from charcells import generation

        return getattr(generation, name)
    raise AttributeError(f"module 'charcells' has no attribute {name!r}")
