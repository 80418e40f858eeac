"""Texts as batches: contiguous streams or shuffled windows to train on, fixed segments to score held-out text.

Legend: N characters, B batch, T time (characters of a window).
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor

from charcells.config import CorpusConfig, DataConfig, UserError
from charcells.corpus import Corpus, Split, load_corpus, split, train_part
from charcells.vocabulary import Vocabulary

SEGMENTS = 64
"""Held-out text is scored as this many segments side by side, whatever the batch size in training."""

WARM_UP = 256
"""Characters before a segment that a model reads, unscored, to have a state when the segment begins."""

SCORING_WINDOW = 256
"""Characters of each segment scored at a time; the state is carried on, so the scores do not depend on it."""

MAX_LOGITS = 1 << 24
"""Bound on the logits of one scoring step; a large vocabulary takes shorter windows."""


class TrainBatches:
    """Batches of (inputs, targets), each (B, T) int64, targets one character ahead of inputs. An epoch is one pass.

    `streams`: the text is cut into B equal contiguous streams, what is left over at the end is dropped, and batch k
    holds the k-th window of each stream, so that every row continues the same row of the batch before. `windows`: the
    windows, `stride` characters from each to the next, come in a new random order each epoch; the last incomplete batch
    is dropped.

    The position is part of a checkpoint: `state_dict` tells how many batches of which epoch have been yielded, and
    after `load_state_dict` the next iteration goes on right there.

    After `share(rank, world_size)` only that rank's part of each batch comes, (B / world_size, T), always the same
    rows, so that each stream stays with its rank. Position and number of batches are the same on all ranks.

    Args:
        tokens: the training text, (N,).
        batch_size: B.
        seq_len: T.
        sampling: "streams" or "windows".
        seed: of the order of windows.
        stride: characters from the start of a window to the start of the next; None: T.

    Raises UserError, naming what would fit, where the text is too short for one batch.
    """

    def __init__(
        self, tokens: Tensor, batch_size: int, seq_len: int, sampling: str, seed: int, stride: int | None = None
    ) -> None:
        self.tokens = tokens
        self.batch_size = batch_size
        self.seq_len = seq_len
        self.sampling = sampling
        self.seed = seed
        self.stride = seq_len if stride is None else stride
        self.num_windows = max(0, (len(tokens) - 1 - seq_len) // self.stride + 1)
        self.num_batches = self.num_windows // batch_size
        if self.num_batches == 0:
            raise UserError(self._too_short())
        self.rank, self.world_size = 0, 1
        self._epoch = -1
        self._yielded = 0
        self._resumed = False

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # A generator, so this runs when the first batch is asked for: Lightning may make an iterator that it never
        # uses, and never exhausts the one that it does. Where an epoch begins is settled here, at its start, alone.
        if not self._resumed:
            self._epoch, self._yielded = self._epoch + 1, 0
        self._resumed = False
        starts = self._starts(self._epoch).chunk(self.world_size, 1)[self.rank]
        window = torch.arange(self.seq_len + 1)
        while self._yielded < self.num_batches:
            self._yielded += 1
            characters = self.tokens[starts[self._yielded - 1].unsqueeze(1) + window].long()  # (B, T + 1)
            yield characters[:, :-1], characters[:, 1:]

    def share(self, rank: int, world_size: int) -> None:
        """Yield from now on only the rows of one of the ranks that share each batch."""
        assert self.batch_size % world_size == 0, "checked with the configuration"
        self.rank, self.world_size = rank, world_size

    def _starts(self, epoch: int) -> Tensor:
        """Where each row of each batch begins in the text: (num_batches, B)."""
        if self.sampling == "streams":
            stream_len = self.num_batches * self.seq_len
            first = torch.arange(self.batch_size) * stream_len
            return first + torch.arange(self.num_batches).unsqueeze(1) * self.seq_len
        order = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        windows = torch.randperm(self.num_windows, generator=order)
        return windows[: self.num_batches * self.batch_size].view(self.num_batches, self.batch_size) * self.stride

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self._epoch, "yielded": self._yielded}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self._epoch, self._yielded = state["epoch"], state["yielded"]
        self._resumed = 0 < self._yielded < self.num_batches

    def _too_short(self) -> str:
        characters, rows = len(self.tokens), self.sampling
        longest = (characters - 1) // self.batch_size
        if rows == "windows" and self.stride != self.seq_len:
            longest = characters - 1 - (self.batch_size - 1) * self.stride
        fits = []
        if self.num_windows >= 1:
            fits.append(f"data.batch_size={self.num_windows} (with this seq_len)")
        if longest >= 1:
            fits.append(f"data.seq_len={longest} (with this batch_size)")
        if not fits:
            fits.append(f"data.batch_size=1 data.seq_len={characters - 1}" if characters > 1 else "a longer text")
        return (
            f"the training text of {characters:,} characters is too short for data.batch_size={self.batch_size} {rows} "
            f"of data.seq_len={self.seq_len}; the largest that fits: {' or '.join(fits)}"
        )


class HeldOutBatches:
    """A held-out part of a text, each character scored once, independent of how a model is trained.

    The part is cut into SEGMENTS contiguous segments that are scored side by side. A model reads the characters before
    each segment first, unscored, so that none begins without a state. Yields (inputs, targets, scored), each (B, T);
    `scored` is False where a target is warm-up or padding. Rows continue from one batch to the next.

    Args:
        tokens: the whole text, (N,).
        first, last: the part to score is [first, last); the character before `first` must exist.
        vocab_size: bounds the memory of a step.
    """

    def __init__(self, tokens: Tensor, first: int, last: int, vocab_size: int) -> None:
        assert 0 < first < last <= len(tokens)
        segments = min(SEGMENTS, last - first)
        length = -(-(last - first) // segments)
        begin = first + torch.arange(segments) * length
        warm_up = min(WARM_UP, first - 1)
        # the target at column j of a row stands at position begin - warm_up + j of the text
        position = begin.unsqueeze(1) - warm_up + torch.arange(warm_up + length)  # (B, warm_up + length)
        self.scored = (position >= begin.unsqueeze(1)) & (position < last)
        position = position.clamp(max=last - 1)
        self.inputs, self.targets = tokens[position - 1], tokens[position]
        self.window = max(1, min(SCORING_WINDOW, MAX_LOGITS // (segments * vocab_size)))

    def __len__(self) -> int:
        return -(-self.targets.shape[1] // self.window)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for start in range(0, self.targets.shape[1], self.window):
            columns = slice(start, start + self.window)
            yield self.inputs[:, columns].long(), self.targets[:, columns].long(), self.scored[:, columns]


class CharDataModule(LightningDataModule):
    """A corpus, its vocabulary and its split, ready to train on and to be scored.

    After `setup`: `vocabulary`; `tokens` (N,) of the whole corpus in the smallest integer type; `split`; `train_range`,
    the (begin, end) of the text that is trained on.
    """

    corpus: Corpus
    vocabulary: Vocabulary
    tokens: Tensor
    split: Split
    train_range: tuple[int, int]

    def __init__(self, corpus: CorpusConfig, data: DataConfig, corpora_dir: str | None = None, seed: int = 0) -> None:
        super().__init__()
        self.corpus_config = corpus
        self.data_config = data
        self.corpora_dir = corpora_dir
        self.seed = seed

    def setup(self, stage: str | None = None) -> None:
        """Find, read and split the corpus. Raises UserError where it cannot be had or is too short."""
        if hasattr(self, "tokens"):
            return
        data = self.data_config
        self.corpus = load_corpus(self.corpus_config, self.corpora_dir)
        self.vocabulary = Vocabulary.of(self.corpus.text)
        self.split = split(len(self.corpus.text), data.val_fraction, data.test_fraction)
        self.train_range = train_part(self.split, data.train_fraction, data.train_offset)
        self.tokens = torch.from_numpy(self.vocabulary.encode(self.corpus.text))
        self.train_batches = TrainBatches(
            self.tokens[slice(*self.train_range)], data.batch_size, data.seq_len, data.sampling, self.seed, data.stride
        )

    @property
    def train_chars(self) -> int:
        return self.train_range[1] - self.train_range[0]

    @property
    def val_text(self) -> str:
        return self.corpus.text[self.split.train_end : self.split.val_end]

    @property
    def test_text(self) -> str:
        return self.corpus.text[self.split.val_end : self.split.length]

    @property
    def val_sha256(self) -> str | None:
        """Hash of the validation text: runs with the same one are scored on the same text."""
        return hashlib.sha256(self.val_text.encode("utf-8", "surrogatepass")).hexdigest() if self.val_text else None

    def train_dataloader(self) -> TrainBatches:
        if self.trainer is not None:
            self.train_batches.share(self.trainer.global_rank, self.trainer.world_size)
        return self.train_batches

    def val_dataloader(self) -> Any:
        return self._held_out(self.split.train_end, self.split.val_end)

    def test_dataloader(self) -> Any:
        return self._held_out(self.split.val_end, self.split.length)

    def _held_out(self, first: int, last: int) -> Any:
        # Undivided: each rank scores all of it. It is little beside training, and the score needs no gathering.
        return HeldOutBatches(self.tokens, first, last, len(self.vocabulary)) if last > first else []

    def transfer_batch_to_device(
        self, batch: tuple[Tensor, ...], device: torch.device, dataloader_idx: int
    ) -> tuple[Tensor, ...]:
        return tuple(part.to(device) for part in batch)  # Lightning's looks for tensors in any container
