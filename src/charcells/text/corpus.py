"""Load a corpus: read, decode and normalise its files, strip boilerplate, join them, truncate, split."""

import dataclasses
import hashlib
import json
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from charcells.config import OWN, CorpusConfig, DataConfig, ReviewsConfig
from charcells.errors import UserError
from charcells.text.embedded import EMBEDDED
from charcells.text.encodings import decode, normalize
from charcells.text.gutenberg import has_boilerplate, strip_boilerplate
from charcells.text.review_sets import REVIEW_SETS
from charcells.text.sources import expand, find, label, read, unpack
from charcells.text.vocabulary import name_characters

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """A text ready for training.

    Args:
        name: what it is called in tables and titles.
        text: its characters; those of `corpus.val_path` and `corpus.test_path` are not among them.
        sha256: hash of the content of its file, or of the text itself if it has no file. With several files, or with
            own texts for validation or test, a hash of the hashes of all files in their order.
        normalized: whether the text was normalised, so that what continues it has to be normalised too.
        val_text, test_text: the texts of `corpus.val_path` and `corpus.test_path`; None: they are cut from `text`.
    """

    name: str
    text: str
    sha256: str
    normalized: bool = False
    val_text: str | None = None
    test_text: str | None = None


def load_corpus(config: CorpusConfig, corpora_dir: str | None = None) -> Corpus:
    """Load the texts that a corpus configuration describes.

    Of a set of labelled reviews these are the texts of its training part, without their labels.

    Raises UserError if a file cannot be found, does not match its hash, or is not text.
    """
    if config.name in REVIEW_SETS:
        return _reviews_without_labels(config, corpora_dir)
    if config.name in EMBEDDED and config.path is not None:
        raise UserError(f"corpus={config.name} is not read from a file: write corpus=file corpus.path={config.path}")
    files: dict[str, list[Path]] = {}
    if config.name not in EMBEDDED:
        files["corpus.path"] = find(config, corpora_dir)
    for option, paths in (("corpus.val_path", config.val_path), ("corpus.test_path", config.test_path)):
        if paths is not None:
            files[option] = expand(paths, option)
    _check_apart(files)
    loaded = {option: _load_files(paths, option, config) for option, paths in files.items()}
    normalized = config.normalize
    if config.name in EMBEDDED:
        text = EMBEDDED[config.name]()
        normalized = normalized and normalize(text) == text
        hashes = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()]
        loaded["corpus.path"] = (strip_boilerplate(text) if config.strip_boilerplate else text), hashes
    text, hashes = loaded["corpus.path"]
    if not config.strip_boilerplate and has_boilerplate(text):
        log.info("the text contains Project Gutenberg's header and licence; corpus.strip_boilerplate=true removes them")
    text = text[: config.max_chars]
    if len(text) < 2:
        raise UserError(f"corpus={config.name} has {len(text)} characters: a model needs at least 2")
    held_out = {f"{part}_text": loaded.get(f"corpus.{part}_path", (None, []))[0] for part in ("val", "test")}
    if "" in held_out.values():
        empty = "corpus.val_path" if held_out["val_text"] == "" else "corpus.test_path"
        raise UserError(f"the text at {empty} has no characters")
    sha256 = hashes[0]
    if len(loaded) > 1 or len(hashes) > 1:
        described = json.dumps({option: hashes for option, (_, hashes) in sorted(loaded.items())})
        sha256 = hashlib.sha256(described.encode()).hexdigest()
    return Corpus(display_name(config.name, config.path), text, sha256, normalized, **held_out)


def _reviews_without_labels(config: CorpusConfig, corpora_dir: str | None) -> Corpus:
    """The training reviews of a public set, one a line, in the default split: no validation or test review is read.

    Raises UserError for options that describe other files.
    """
    from charcells.text.reviews import load_reviews  # that module imports this one

    own = [option for option in ("path", "val_path", "test_path") if getattr(config, option) is not None]
    if own:
        raise UserError(
            f"corpus.{own[0]}={getattr(config, own[0])} does not apply to corpus={config.name}, which has its own texts"
        )
    reviews = load_reviews(config, ReviewsConfig(), DataConfig(), corpora_dir)
    text = "".join(review.text.replace("\n", " ") + "\n" for review in reviews.train)
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Corpus(config.name, text[: config.max_chars], sha256, normalized=True)


def display_name(name: str, path: str | Sequence[str] | None) -> str:
    """What a corpus is called in tables and titles, given `corpus.name` and `corpus.path`."""
    return label(path) if name == OWN and path is not None else name


def _check_apart(files: dict[str, list[Path]]) -> None:
    """Raise UserError for a file that is in two of the parts: a model must not be trained on held-out text."""
    parts: dict[str, str] = {}
    for option, paths in files.items():
        for path in paths:
            with suppress(ValueError):  # the path contains a NUL, and cannot be read
                other = parts.setdefault(os.path.realpath(path), option)
                if other != option:
                    raise UserError(f"{path} is in {other} and in {option}: a text can only be in one of them")


def _load_files(paths: Sequence[Path], option: str, config: CorpusConfig) -> tuple[str, list[str]]:
    """The joined text of some files, and the hash of the content of each.

    They are joined as they are, with a line break where a file does not end in one.
    """
    if config.sha256 is not None and option == "corpus.path" and len(paths) > 1:
        raise UserError(f"corpus={config.name} is one file, and corpus.path={config.path} names {len(paths)}")
    texts, hashes = [], []
    for path in paths:
        text, sha256 = _load_file(path, paths, option, config)
        texts.append(text)
        hashes.append(sha256)
    if len(paths) > 1:
        log.info("%s: %d files, from %s to %s", option, len(paths), paths[0], paths[-1])
    last = len(texts) - 1
    return "".join(
        text if text.endswith("\n") or number == last else f"{text}\n" for number, text in enumerate(texts)
    ), hashes


def _load_file(path: Path, all_paths: Sequence[Path], option: str, config: CorpusConfig) -> tuple[str, str]:
    """The text of a file, and the SHA-256 of its content."""
    content = read(path)
    expected = config.sha256 if option == "corpus.path" else None
    if expected is not None and (found := hashlib.sha256(content).hexdigest()) != expected:
        raise UserError(
            f"{path} is not the file of corpus={config.name}: its SHA-256 is {found}, expected {expected}. "
            f"Remove the file so that it is downloaded again, or read it as your own text with "
            f"corpus=file corpus.path={path}"
        )
    content = unpack(content, path)
    others = [other for other in all_paths if other != path]
    text = decode(content, config.encoding, path, lambda: any(_is_in(config.encoding, other) for other in others))
    sha256 = hashlib.sha256(content).hexdigest()
    del content  # frees memory for what follows
    if config.normalize:
        text = normalize(text)
    # held-out text from elsewhere need not be a Project Gutenberg file too
    strip = config.strip_boilerplate and (option == "corpus.path" or has_boilerplate(text))
    return (strip_boilerplate(text) if strip else text), sha256


def _is_in(encoding: str, path: Path) -> bool:
    """Whether a file is text in an encoding."""
    try:
        decode(unpack(read(path), path), encoding, path)
    except UserError:
        return False
    return True


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
    """A corpus, its split, and the range (begin, end) of the training text that is trained on.

    `corpus.text` holds all three parts, one after another: also those that came from files of their own.
    """

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


def load_split(corpus: CorpusConfig, data: DataConfig, corpora_dir: str | None = None) -> SplitCorpus:
    """Load and split the text that a configuration describes. Raises the UserErrors of `load_corpus` and `split`."""
    loaded = load_corpus(corpus, corpora_dir)
    text, val, test = loaded.text, loaded.val_text, loaded.test_text
    parts = split(
        len(text),
        data.val_fraction if val is None else 0,
        data.test_fraction if test is None else 0,
    )
    if val is not None or test is not None:
        val = text[parts.train_end : parts.val_end] if val is None else val
        test = text[parts.val_end :] if test is None else test
        train = text[: parts.train_end]
        _log_unseen(train, val + test)
        loaded = dataclasses.replace(loaded, text=train + val + test)
        parts = Split(len(train), len(train) + len(val), len(loaded.text))
    return SplitCorpus(loaded, parts, train_part(parts, data.train_fraction, data.train_offset))


def _log_unseen(train: str, held_out: str) -> None:
    """Say how many characters of the held-out text do not occur in the training text."""
    unseen = set(held_out) - set(train)
    if unseen:
        count = sum(map(held_out.count, unseen))
        log.info(
            "%d characters of the held-out text, such as %s, do not occur in the training text; the vocabulary has "
            "them, and they count in the loss",
            count,
            name_characters("".join(sorted(unseen)), limit=3),
        )
