"""Labelled texts as batches of padded tokens.

Legend: R reviews, B batch, T time (units of the longest review of a batch).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from charcells.checks import check_limits
from charcells.config import OWN, CorpusConfig, DataConfig, ReviewsConfig
from charcells.data.epochs import Epochs
from charcells.text.review_tables import Review
from charcells.text.review_units import PADDING, UNITS, UnitVocabulary
from charcells.text.reviews import SplitReviews, load_reviews

log = logging.getLogger(__name__)

POOL = 50
"""Training batches among which reviews are sorted by length. With more, the batches of an epoch are less random; with
fewer, more of each batch is padding."""

SCORING_BATCH = 64
"""Held-out reviews in a batch, whatever the batch size in training."""

Batch = tuple[Tensor, Tensor, Tensor]
"""Tokens (B, T) int64, with PADDING after the end of each review; lengths (B,) int64; labels (B,) float32, 0 or 1."""


def pad(reviews: Sequence[Tensor], labels: Tensor, chosen: Tensor) -> Batch:
    """The chosen reviews as one batch."""
    tokens = [reviews[number] for number in chosen.tolist()]
    lengths = torch.tensor([len(review) for review in tokens])
    return pad_sequence(tokens, batch_first=True, padding_value=PADDING).long(), lengths, labels[chosen]


class ReviewBatches(Epochs):
    """Training batches of reviews of like lengths. Each review comes once in an epoch.

    An epoch's order depends on the seed and the epoch alone: the reviews are shuffled, sorted by length within each
    POOL batches, and the batches are shuffled. One batch has fewer than B reviews if B does not divide their number.

    Args:
        reviews: the tokens of each, (length,).
        labels: (R,).
        batch_size: B.
        seed: of the order.
    """

    def __init__(self, reviews: Sequence[Tensor], labels: Tensor, batch_size: int, seed: int) -> None:
        super().__init__(-(-len(reviews) // batch_size))
        self.reviews = reviews
        self.labels = labels
        self.batch_size = batch_size
        self.seed = seed
        self.lengths = torch.tensor([len(review) for review in reviews])

    def batches(self, epoch: int) -> Callable[[int], Batch]:
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        pools = torch.split(torch.randperm(len(self.reviews), generator=random), POOL * self.batch_size)
        by_length = (pool[self.lengths[pool].argsort(stable=True)] for pool in pools)
        parts = [part for pool in by_length for part in torch.split(pool, self.batch_size)]
        order = torch.randperm(len(parts), generator=random).tolist()
        return lambda number: pad(self.reviews, self.labels, parts[order[number]])


class HeldOutReviews:
    """Held-out reviews in batches of SCORING_BATCH, the shortest first.

    `order` (R,) has the number of each review in the order in which they are yielded.
    """

    warm_up_batches = 0

    def __init__(self, reviews: Sequence[Tensor], labels: Tensor) -> None:
        self.reviews = reviews
        self.labels = labels
        self.order = torch.tensor([len(review) for review in reviews]).argsort(stable=True)

    def __len__(self) -> int:
        return -(-len(self.reviews) // SCORING_BATCH)

    def __iter__(self) -> Iterator[Batch]:
        for chosen in torch.split(self.order, SCORING_BATCH):
            yield pad(self.reviews, self.labels, chosen)


class ReviewDataModule(LightningDataModule):
    """Labelled texts, their vocabulary and their split, as batches for training, validation and test.

        data = ReviewDataModule("mine.tsv", batch_size=32)

    Args:
        corpus: a table of labels and texts; or a complete CorpusConfig.
        reviews: how the texts are read.
        corpora_dir: folder in or beside which the known sets are.
        seed: of the order of the reviews.
        data: options of DataConfig, such as batch_size=32.

    `setup` sets `split` (the reviews of each part), `vocabulary` (of the training part) and `train_batches`.
    """

    split: SplitReviews
    vocabulary: UnitVocabulary
    train_batches: ReviewBatches

    def __init__(
        self,
        corpus: CorpusConfig | Path | str,
        reviews: ReviewsConfig | None = None,
        corpora_dir: str | None = None,
        seed: int = 0,
        **data: Any,
    ) -> None:
        super().__init__()
        if isinstance(corpus, Path | str):
            corpus = CorpusConfig(name=OWN, path=str(corpus))
        self.corpus_config = corpus
        self.reviews_config = ReviewsConfig() if reviews is None else reviews
        self.data_config = DataConfig(**data)
        check_limits(self.reviews_config, "reviews.")
        check_limits(self.data_config, "data.")
        self.corpora_dir = corpora_dir
        self.seed = seed

    def setup(self, stage: str | None = None) -> None:
        """Find, read and split the reviews. Raises UserError if they cannot be loaded."""
        if hasattr(self, "train_batches"):  # train() calls it before Lightning does
            return
        self.split = load_reviews(self.corpus_config, self.reviews_config, self.data_config, self.corpora_dir)
        units = UNITS[self.reviews_config.units]
        self.vocabulary = UnitVocabulary.of(
            (units(review.text) for review in self.split.train), self.reviews_config.min_count
        )
        self.train_batches = ReviewBatches(*self.encode(self.split.trained_on), self.data_config.batch_size, self.seed)
        self._val, self._test = self.encode(self.split.val), self.encode(self.split.test)

    def encode(self, reviews: Sequence[Review]) -> tuple[list[Tensor], Tensor]:
        """The tokens of each review, (length,) int32, and their labels (R,) float32."""
        units, longest = UNITS[self.reviews_config.units], self.reviews_config.max_length
        tokens, cut = [], 0
        for review in reviews:
            read = units(review.text)
            cut += len(read) > longest
            tokens.append(torch.tensor(self.vocabulary.encode(read, longest), dtype=torch.int32))
        if cut:
            log.info(
                "%d of %d reviews are longer than reviews.max_length=%d %s: only their end is read",
                *(cut, len(reviews), longest, self.reviews_config.units),
            )
        return tokens, torch.tensor([float(review.label == self.split.labels[1]) for review in reviews])

    @property
    def corpus_name(self) -> str:
        return self.split.name

    @property
    def corpus_sha256(self) -> str:
        return self.split.sha256

    @property
    def val_sha256(self) -> str | None:
        """Hash of the validation part, None if it is empty. Only runs with equal hashes are comparable."""
        return self.split.val_sha256

    def train_dataloader(self) -> ReviewBatches:
        return self.train_batches

    def val_dataloader(self) -> Any:
        return HeldOutReviews(*self._val) if self._val[0] else []

    def test_dataloader(self) -> Any:
        return HeldOutReviews(*self._test) if self._test[0] else []

    def transfer_batch_to_device(
        self, batch: tuple[Tensor, ...], device: torch.device, dataloader_idx: int
    ) -> tuple[Tensor, ...]:
        return tuple(part.to(device) for part in batch)  # faster than Lightning's own, see training.overhead
