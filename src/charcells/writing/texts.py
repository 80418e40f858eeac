"""The training text and the held-out text of a run."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from charcells.config import SampleConfig
from charcells.errors import UserError
from charcells.models.checkpoint import read_checkpoint
from charcells.runs.folder import RunFolder, checkpoint_file
from charcells.text.corpus import load_split
from charcells.text.sources import moved
from charcells.writing.generator import TextGenerator


@dataclasses.dataclass(frozen=True)
class Texts:
    """The texts of a run: `train` is the training text, which begins at position `begin` of the corpus; `held_out` is
    the validation text."""

    folder: RunFolder
    corpus: str
    language: str | None
    train: str
    begin: int
    held_out: str

    def pieces(self, length: int, count: int) -> list[str]:
        """Up to `count` pieces of the held-out text, evenly spread and without overlap."""
        count = min(count, len(self.held_out) // length)
        last_start = len(self.held_out) - length
        starts = [last_start * i // max(1, count - 1) for i in range(count)]
        return [self.held_out[start : start + length] for start in starts]


def load_texts(run: Path | str, corpora_dir: str | None = None) -> Texts:
    """Load the texts of a run, given its folder or a checkpoint in it.

    Args:
        run: run folder, or a checkpoint file in one.
        corpora_dir: folder with the run's corpus file; None: where it was found for training.

    Raises UserError if the run folder or its corpus is missing, or if the corpus has changed since training.
    """
    checkpoint = checkpoint_file(run)
    path = Path(os.path.expanduser(run))
    folder = RunFolder(path if path.is_dir() else checkpoint.resolve().parents[1])
    if not folder.has_config:
        raise UserError(
            f"the training text is needed, and {run} does not say which one that was: give a run folder that contains "
            "config.yaml"
        )
    config = folder.read_config()
    for name in ("path", "val_path", "test_path"):
        paths = getattr(config.corpus, name)
        if corpora_dir is not None and paths is not None:
            setattr(config.corpus, name, moved(paths, corpora_dir))
    try:
        text = load_split(config.corpus, config.data, corpora_dir or config.corpora_dir)
    except UserError as error:
        raise UserError(f"the training text is needed (corpora_dir= names its folder): {error}") from error
    corpus, expected = text.corpus, read_checkpoint(checkpoint).description.corpus_sha256
    if corpus.sha256 != expected:
        raise UserError(
            f"corpus {corpus.name} is not the text that {run} was trained on: its SHA-256 is {corpus.sha256}, expected "
            f"{expected}"
        )
    return Texts(folder, corpus.name, config.corpus.language, text.train_text, text.train_range[0], text.val_text)


def prompt_of(config: SampleConfig) -> str | None:
    """The prompt as given, from the command line or a file; None if there is none. Raises UserError for both."""
    if config.prompt_file is None:
        return config.prompt
    if config.prompt is not None:
        raise UserError("prompt= and prompt_file= exclude one another: leave one out")
    try:
        return Path(os.path.expanduser(config.prompt_file)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserError(f"prompt_file={config.prompt_file} cannot be read: {reason}") from error


def prepare(generator: TextGenerator, config: SampleConfig) -> tuple[str, Texts]:
    """The prompt and the texts of `config.run`. Raises the UserErrors of `load_texts`, and UserError for length=0."""
    if config.length == 0:
        raise UserError("length=0 leaves nothing to explain or to compare: it must be at least 1")
    if config.stop:
        raise UserError("stop= is for plain samples: explain and grid compare texts of equal length")
    prompt = generator.as_read(prompt_of(config))
    return prompt, load_texts(config.run, config.corpora_dir)


def settings(config: SampleConfig, names: Sequence[str]) -> str:
    """Sampling options as they would be typed on the command line; unset ones are left out."""
    values = {name: getattr(config, name) for name in names}
    return " ".join(f"{name}={str(value).lower()}" for name, value in values.items() if value not in (None, False))
