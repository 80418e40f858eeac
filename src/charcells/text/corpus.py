"""Load a corpus: find the file, verify, decode and normalise it, strip boilerplate, truncate, split."""

import dataclasses
import hashlib
import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charcells.config import CorpusConfig, DataConfig
from charcells.errors import UserError
from charcells.text.download import fetch
from charcells.text.embedded import EMBEDDED
from charcells.text.encodings import decode, normalize
from charcells.text.files import find_files, read_file
from charcells.text.gutenberg import has_boilerplate, strip_boilerplate

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """A text ready for training.

    `sha256` is the hash of its file, or of the text itself if it has no file. `val_chars` and `test_chars` are the
    lengths of validation and test text with files of their own, which are at the end of `text`; None without.
    """

    name: str
    text: str
    sha256: str
    val_chars: int | None = None
    test_chars: int | None = None


def load_corpus(config: CorpusConfig, corpora_dir: str | None = None) -> Corpus:
    """Load the text that a corpus configuration describes.

    Several files are joined in order, each on lines of its own. Raises UserError if a file cannot be found, does not
    match its hash, or is not text.
    """
    if config.name in EMBEDDED and config.path is not None:
        raise UserError(f"corpus={config.name} is not read from a file: write corpus=file corpus.path={config.path}")
    if config.name in EMBEDDED:
        text = EMBEDDED[config.name]()
        sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    else:
        path, *_ = files = find(config, corpora_dir)
        text, sha256 = _read(files, config)
        if config.sha256 is not None and sha256 != config.sha256:
            raise UserError(
                f"{path} is not the file of corpus={config.name}: its SHA-256 is {sha256}, expected {config.sha256}. "
                f"Remove the file so that it is downloaded again, or read it as your own text with "
                f"corpus=file corpus.path={path}"
            )
        name = path.name.partition(".")[0] if len(files) == 1 else path.parent.name
        if config.name == "file" and name:
            config = dataclasses.replace(config, name=name)
    if config.strip_boilerplate:
        text = strip_boilerplate(text)
    elif has_boilerplate(text):
        log.info("the text contains Project Gutenberg's header and licence; corpus.strip_boilerplate=true removes them")
    text = text[: config.max_chars]
    if len(text) < 2:
        raise UserError(f"corpus={config.name} has {len(text)} characters: a model needs at least 2")
    return _with_held_out(Corpus(config.name, text, sha256), config)


def _with_held_out(corpus: Corpus, config: CorpusConfig) -> Corpus:
    """Append validation and test text that have files of their own."""
    lengths: list[int | None] = []
    text, hashes = corpus.text, [corpus.sha256]
    for option, path in (("corpus.val_path", config.val_path), ("corpus.test_path", config.test_path)):
        if path is None:
            lengths.append(None)
            continue
        part, sha256 = _read(find_files(path, option), config)
        text, hashes = text + part, [*hashes, option, sha256]
        lengths.append(len(part))
    if lengths == [None, None]:
        return corpus
    return Corpus(corpus.name, text, hashlib.sha256(" ".join(hashes).encode()).hexdigest(), *lengths)


def _read(files: Sequence[Path], config: CorpusConfig) -> tuple[str, str]:
    """The text of some files, decoded and normalised, and its hash: that of the file, if it is one."""
    texts, hashes = [], []
    for path in files:
        content = read_file(path)
        hashes.append(hashlib.sha256(content).hexdigest())
        text = decode(content, config.encoding, path)
        texts.append(normalize(text) if config.normalize else text)
    if len(files) == 1:
        return texts[0], hashes[0]
    joined = "".join(text if text.endswith("\n") else text + "\n" for text in texts[:-1]) + texts[-1]
    return joined, hashlib.sha256(" ".join(hashes).encode()).hexdigest()


def find(config: CorpusConfig, corpora_dir: str | None) -> list[Path]:
    """Find the files of a corpus: `corpus.path`, corpora_dir or CHARCELLS_CORPORA, the cache, or a download."""
    if config.path is not None:
        return find_files(config.path)
    if config.file is None:
        raise UserError(f"corpus={config.name} needs a file: add corpus.path=mine.txt")
    if not re.fullmatch(r"\w[\w.+-]{0,200}", config.file):
        raise UserError(
            f"corpus.file={config.file!r} is not allowed: it must be a plain file name of letters, digits, '_', '.', "
            "'+' and '-'. To read a file from another folder, use corpus.path="
        )
    folder = corpora_dir or os.environ.get("CHARCELLS_CORPORA")
    if folder:
        folder = os.path.expanduser(folder)
        if not os.path.isdir(folder):
            raise UserError(f"corpora_dir={folder} is not a folder (set by corpora_dir or CHARCELLS_CORPORA)")
        path = Path(folder) / config.file
        if path.exists():
            return [path]
    return [fetch(config)]


@dataclass(frozen=True)
class Split:
    """Positions in a text: train is [0, train_end), val [train_end, val_end), test [val_end, length)."""

    train_end: int
    val_end: int
    length: int


def split(length: int, val_fraction: float, test_fraction: float) -> Split:
    """Split a text of `length` characters by position into train | val | test.

    Raises UserError if a part with a fraction above 0 gets no characters.
    """
    # 1e-6 more, so that a rounding error does not turn 90 % of 100,000 into 89,999
    train_end = int(length * (1 - val_fraction - test_fraction) + 1e-6)
    val_end = int(length * (1 - test_fraction) + 1e-6) if val_fraction else train_end
    parts = {
        "data.val_fraction": (val_fraction, val_end - train_end),
        "data.test_fraction": (test_fraction, length - val_end),
    }
    for name, (fraction, characters) in parts.items():
        if fraction > 0 and characters == 0:
            raise UserError(
                f"{name}={fraction} of a corpus of {length:,} characters is less than one character: "
                f"raise it, set it to 0 or use a longer text"
            )
    return Split(train_end, val_end, length)


def train_part(parts: Split, fraction: float, offset: float) -> tuple[int, int]:
    """(begin, end) of the part of the training text to train on; `fraction` and `offset` are shares of that text."""
    begin = int(parts.train_end * offset)
    return begin, min(begin + int(parts.train_end * fraction), parts.train_end)


@dataclass(frozen=True)
class SplitCorpus:
    """A corpus, its split, and the range (begin, end) of the training text that is trained on."""

    corpus: Corpus
    split: Split
    train_range: tuple[int, int]

    @property
    def train_text(self) -> str:
        return self.corpus.text[slice(*self.train_range)]

    @property
    def val_text(self) -> str:
        return self.corpus.text[self.split.train_end : self.split.val_end]

    @property
    def test_text(self) -> str:
        return self.corpus.text[self.split.val_end :]


def split_given(corpus: Corpus, val_fraction: float, test_fraction: float) -> Split:
    """The split of a corpus whose validation or test text has a file of its own.

    A part without a file is a fraction of the main text, at its end. Raises the UserErrors of `split`.
    """
    length = len(corpus.text)
    main = length - (corpus.val_chars or 0) - (corpus.test_chars or 0)
    if corpus.val_chars is not None and corpus.test_chars is not None:
        return Split(main, main + corpus.val_chars, length)
    if corpus.test_chars is not None:
        parts = split(main, val_fraction, 0)
        return Split(parts.train_end, main, length)
    if test_fraction:
        raise UserError(
            "corpus.val_path without corpus.test_path: set data.test_fraction=0 for no test text, or name its file too"
        )
    return Split(main, length, length)


def load_split(corpus: CorpusConfig, data: DataConfig, corpora_dir: str | None = None) -> SplitCorpus:
    """Load and split the text that a configuration describes. Raises the UserErrors of `load_corpus` and `split`."""
    loaded = load_corpus(corpus, corpora_dir)
    if loaded.val_chars is None and loaded.test_chars is None:
        parts = split(len(loaded.text), data.val_fraction, data.test_fraction)
    else:
        parts = split_given(loaded, data.val_fraction, data.test_fraction)
    return SplitCorpus(loaded, parts, train_part(parts, data.train_fraction, data.train_offset))
