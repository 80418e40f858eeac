"""Labelled texts for a classifier: a public set or a table of one's own, split into training, validation and test."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass

from charcells.config import OWN, Config, CorpusConfig, DataConfig, ReviewsConfig
from charcells.errors import UserError
from charcells.text.corpus import display_name, load_corpus
from charcells.text.encodings import decode, normalize
from charcells.text.review_sets import REVIEW_SETS, read_set
from charcells.text.review_tables import Review, read_table
from charcells.text.sources import expand, read, unpack

SPLIT_SEED = 1
"""The split is the same in every run, so it does not depend on a run's seed."""


@dataclass(frozen=True)
class SplitReviews:
    """Labelled texts and their split.

    Args:
        name: what they are called in tables and titles.
        sha256: hash of their files.
        labels: the two labels in alphabetical order; a classifier gives the probability of the second.
        train, val, test: the reviews of each part.
        used: how many of `train`, from the first, are trained on; the vocabulary is that of all of them.
    """

    name: str
    sha256: str
    labels: tuple[str, str]
    train: list[Review]
    val: list[Review]
    test: list[Review]
    used: range

    @property
    def trained_on(self) -> list[Review]:
        return self.train[self.used.start : self.used.stop]

    @property
    def val_sha256(self) -> str | None:
        """Hash of the validation part, None if it is empty. Only runs with equal hashes are comparable."""
        return _hash(f"{review.label}\t{review.text}" for review in self.val) if self.val else None


def load_reviews(
    corpus: CorpusConfig, reviews: ReviewsConfig, data: DataConfig, corpora_dir: str | None = None
) -> SplitReviews:
    """Load and split the labelled texts that a configuration describes.

    An official split is kept: all three parts of sst2; of imdb the test part. What a set does not give is drawn from
    its other reviews, with `data.val_fraction` and `data.test_fraction` as shares of all reviews. Reviews of one film,
    where a set names it, and equal texts stay on one side. `data.train_fraction` and `data.train_offset` choose among
    the training reviews, which are in random order.

    Raises UserError if there is nothing to read, a label is missing, or there are not two labels.
    """
    if corpus.name in REVIEW_SETS:
        if corpus.path is not None:
            raise UserError(f"corpus={corpus.name} has its own files: write corpus=file corpus.path={corpus.path}")
        parts, sha256 = read_set(corpus, corpora_dir)
    elif corpus.name == OWN:
        parts, sha256 = _own_tables(corpus, reviews)
    else:
        choices = ", ".join((OWN, *REVIEW_SETS))
        raise UserError(f"corpus={corpus.name} has no labels to learn: choose one of {choices}")
    labels = _two_labels(parts, corpus)
    train, val, test = _split(parts, data)
    _check_parts(corpus, data, train, val, test)
    first = int(len(train) * data.train_offset)
    used = range(first, min(len(train), first + max(1, int(len(train) * data.train_fraction + 1e-6))))
    name = display_name(corpus.name, corpus.path)
    return SplitReviews(name, sha256, labels, train, val, test, used)


def data_sha256(config: Config) -> str:
    """The hash of the text or the reviews that a configuration names. Raises the UserErrors of loading them."""
    if config.task == "classify":
        return load_reviews(config.corpus, config.reviews, config.data, config.corpora_dir).sha256
    return load_corpus(config.corpus, config.corpora_dir).sha256


def _check_parts(
    corpus: CorpusConfig, data: DataConfig, train: list[Review], val: list[Review], test: list[Review]
) -> None:
    """Raise UserError if a part that was asked for is empty, or the training part lacks a label."""
    empty = [
        name
        for name, part, asked in (
            ("training", train, 1),
            ("validation", val, data.val_fraction),
            ("test", test, data.test_fraction),
        )
        if asked and not part
    ]
    if empty:
        raise UserError(
            f"corpus={corpus.name} has no review for the {empty[0]} part: change data.val_fraction={data.val_fraction} "
            f"and data.test_fraction={data.test_fraction}, which are shares of all reviews"
        )
    if len({review.label for review in train}) < 2:
        raise UserError(f"the training part of corpus={corpus.name} has only the label {train[0].label!r}")


def _own_tables(corpus: CorpusConfig, reviews: ReviewsConfig) -> tuple[dict[str, list[Review]], str]:
    """The reviews at corpus.path, corpus.val_path and corpus.test_path by part, and a hash of their files."""
    if corpus.path is None:
        raise UserError("corpus=file needs a table of labels and texts: add corpus.path=mine.tsv")
    named = {
        "train": ("corpus.path", corpus.path),
        "val": ("corpus.val_path", corpus.val_path),
        "test": ("corpus.test_path", corpus.test_path),
    }
    parts: dict[str, list[Review]] = {}
    hashes = []
    columns = (reviews.label_column, reviews.text_column)
    options = ("reviews.label_column", "reviews.text_column")
    for part, (option, given) in named.items():
        for path in expand(given, option) if given is not None else ():
            content = unpack(read(path), path)
            hashes.append(f"{part} {hashlib.sha256(content).hexdigest()}")
            text = normalize(decode(content, corpus.encoding, path))
            rows = read_table(text, path, columns, options)
            parts.setdefault(part, []).extend(Review(row[columns[1]], row[columns[0]].strip()) for row in rows)
    whole = "all" if len(parts) == 1 else "train"
    return {whole if part == "train" else part: found for part, found in parts.items()}, _hash(hashes)


def _two_labels(parts: dict[str, list[Review]], corpus: CorpusConfig) -> tuple[str, str]:
    labels = sorted({review.label for reviews in parts.values() for review in reviews})
    if len(labels) == 2:
        return labels[0], labels[1]
    where = f"corpus={corpus.name}" if corpus.path is None else f"corpus.path={corpus.path}"
    if not labels:
        raise UserError(f"{where} has no reviews: a classifier needs some of each label")
    shown = ", ".join(repr(label[:20]) for label in labels[:5])
    if len(labels) == 1:
        raise UserError(f"{where} has only the label {shown}: a classifier learns to tell two apart")
    raise UserError(
        f"{where} has {len(labels):,} labels, such as {shown}: a classifier here tells two apart; another column is "
        "named with reviews.label_column="
    )


def _split(parts: dict[str, list[Review]], data: DataConfig) -> tuple[list[Review], list[Review], list[Review]]:
    """Training, validation and test part: those that the set gives, the others drawn from the rest."""
    whole = parts.get("all") or parts["train"]
    groups: dict[str, list[Review]] = {}
    for review in whole:
        groups.setdefault(review.film or review.text, []).append(review)
    order = sorted(groups)
    random.Random(SPLIT_SEED).shuffle(order)
    total = sum(map(len, parts.values()))
    held_out: dict[str, list[Review]] = {}
    for part, fraction in (("test", data.test_fraction), ("val", data.val_fraction)):
        held_out[part] = list(parts.get(part, []))
        while part not in parts and order and len(held_out[part]) < round(total * fraction):
            held_out[part].extend(groups[order.pop()])
    train = [review for key in order for review in groups[key]]
    return train, held_out["val"], held_out["test"]


def _hash(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
