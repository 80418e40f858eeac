"""CharDataModule: a corpus as a LightningDataModule.

Legend: N characters, B batch, T time.
"""

import hashlib
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor

from charcells.checks import check_limits
from charcells.config import OWN, CorpusConfig, DataConfig
from charcells.data.held_out import HeldOutBatches
from charcells.data.streams import TrainBatches
from charcells.text.corpus import SplitCorpus, load_split
from charcells.text.vocabulary import Vocabulary


class CharDataModule(LightningDataModule):
    """A corpus, its vocabulary and its split, as batches for training, validation and test::

        data = CharDataModule("mine.txt", batch_size=16, seq_len=64)

    Args:
        corpus: a file, a folder or a pattern such as `books/*.txt`; or a complete CorpusConfig.
        corpora_dir: folder with the files of known corpora.
        seed: of the order of windows.
        data: options of DataConfig, such as batch_size=16.

    `setup` sets `text` (the corpus with its split), `vocabulary`, `tokens` (N,) of the whole corpus in the smallest
    integer type that holds the vocabulary, and `train_batches`.
    """

    text: SplitCorpus
    vocabulary: Vocabulary
    tokens: Tensor
    train_batches: TrainBatches

    def __init__(
        self, corpus: CorpusConfig | Path | str, corpora_dir: str | None = None, seed: int = 0, **data: Any
    ) -> None:
        super().__init__()
        if isinstance(corpus, Path | str):
            corpus = CorpusConfig(name=OWN, path=str(corpus))
        self.corpus_config = corpus
        self.data_config = DataConfig(**data)
        check_limits(self.data_config, "data.")
        self.corpora_dir = corpora_dir
        self.seed = seed

    def setup(self, stage: str | None = None) -> None:
        """Find, read and split the corpus. Raises UserError if it cannot be loaded or is too short for one batch."""
        if hasattr(self, "tokens"):  # train() calls it before Lightning does
            return
        data = self.data_config
        self.text = load_split(self.corpus_config, data, self.corpora_dir)
        self.vocabulary = Vocabulary.of(self.text.corpus.text)
        self.tokens = torch.from_numpy(self.vocabulary.encode(self.text.corpus.text))
        self.train_batches = TrainBatches(
            self.tokens[slice(*self.text.train_range)],
            data.batch_size,
            data.seq_len,
            data.sampling,
            self.seed,
            data.stride,
        )

    @property
    def corpus_name(self) -> str:
        return self.text.corpus.name

    @property
    def corpus_sha256(self) -> str:
        return self.text.corpus.sha256

    @property
    def val_sha256(self) -> str | None:
        """SHA-256 of the validation text, None if it is empty. Only runs with equal hashes are comparable."""
        text = self.text.val_text
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else None

    def train_dataloader(self) -> TrainBatches:
        if self.trainer is not None:
            self.train_batches.share(self.trainer.global_rank, self.trainer.world_size)
        return self.train_batches

    def val_dataloader(self) -> Any:
        return self._held_out(self.text.split.train_end, self.text.split.val_end)

    def test_dataloader(self) -> Any:
        return self._held_out(self.text.split.val_end, self.text.split.length)

    def _held_out(self, first: int, last: int) -> Any:
        # Not divided: every rank scores all of it. That takes little time beside training and needs no gathering.
        return HeldOutBatches(self.tokens, first, last, len(self.vocabulary)) if last > first else []

    def transfer_batch_to_device(
        self, batch: tuple[Tensor, ...], device: torch.device, dataloader_idx: int
    ) -> tuple[Tensor, ...]:
        return tuple(part.to(device) for part in batch)  # faster than Lightning's own, see training.overhead
