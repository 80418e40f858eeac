"""Batches of training text: contiguous streams, shuffled windows, or overlapping windows in text order.

Legend: N characters, B batch, T time (characters of a window).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from charcells.data.epochs import Epochs
from charcells.errors import UserError

ROWS = {"streams": "streams", "windows": "windows", "overlapping": "overlapping windows"}
"""What the rows of a batch are called, by `sampling`."""


class TrainBatches(Epochs):
    """Batches of (inputs, targets), each (B, T) int64; targets are one character ahead of inputs. An epoch is one pass.

    With `streams`, the text is cut into B contiguous streams of equal length, and the rest at the end is dropped. Batch
    k holds the k-th window of each stream, so every row continues the same row of the batch before. With `windows`,
    windows that start `stride` characters apart come in a new random order in each epoch, and an incomplete batch at
    the end is dropped.

    With `overlapping`, batch k holds the windows that begin at the B consecutive characters kB, kB + 1, ...,
    kB + B - 1, in text order, so each character is read about T times in an epoch. A batch is left out if fewer than
    B * T characters remain from its start to the end of the text, so the last of them are hardly trained on. This is
    the order of github.com/hnrq104/matusalem, commit 94a584a065a9.

    After `share(rank, world_size)` only that rank's rows of each batch are yielded, (B / world_size, T). They are the
    same rows in every batch, so each stream stays on its rank. Position and number of batches are equal on all ranks.

    Args:
        tokens: the training text, (N,).
        batch_size: B.
        seq_len: T.
        sampling: "streams", "windows" or "overlapping".
        seed: of the order of windows; the other samplings have a fixed order.
        stride: for `windows`, characters from the start of a window to the start of the next; None: T.

    Raises UserError, with sizes that would fit, if the text is too short for one batch.
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
        if sampling == "overlapping":
            # B + T: the last window of a batch needs them, with its last target, where B or T is 1
            needed = max(batch_size * seq_len, batch_size + seq_len)
            super().__init__(max(0, (len(tokens) - needed) // batch_size + 1))
        else:
            self.num_windows = max(0, (len(tokens) - 1 - seq_len) // self.stride + 1)
            super().__init__(self.num_windows // batch_size)
        if self.num_batches == 0:
            raise UserError(self._too_short())
        self.stream_len = self.num_batches * seq_len
        self.rank, self.world_size = 0, 1

    def batches(self, epoch: int) -> Callable[[int], tuple[Tensor, Tensor]]:
        starts = self._starts(epoch).chunk(self.world_size, 1)[self.rank]
        window = torch.arange(self.seq_len + 1)

        def batch(number: int) -> tuple[Tensor, Tensor]:
            characters = self.tokens[starts[number].unsqueeze(1) + window].long()  # (B, T + 1)
            return characters[:, :-1], characters[:, 1:]

        return batch

    def share(self, rank: int, world_size: int) -> None:
        """From now on yield only the rows of one rank. The batch size must be divisible by `world_size`."""
        assert self.batch_size % world_size == 0, "config.check rejects this"
        self.rank, self.world_size = rank, world_size

    def _starts(self, epoch: int) -> Tensor:
        """Position in the text at which each row of each batch begins: (num_batches, B)."""
        if self.sampling == "streams":
            first = torch.arange(self.batch_size) * self.stream_len
            return first + torch.arange(self.num_batches).unsqueeze(1) * self.seq_len
        if self.sampling == "overlapping":
            return torch.arange(self.num_batches * self.batch_size).view(self.num_batches, self.batch_size)
        order = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        windows = torch.randperm(self.num_windows, generator=order)
        return windows[: self.num_batches * self.batch_size].view(self.num_batches, self.batch_size) * self.stride

    def _too_short(self) -> str:
        characters = len(self.tokens)
        largest_batch, longest = self._largest()
        fits = []
        if largest_batch >= 1:
            fits.append(f"data.batch_size={largest_batch} (with this seq_len)")
        if longest >= 1:
            fits.append(f"data.seq_len={longest} (with this batch_size)")
        if not fits:
            fits.append(f"data.batch_size=1 data.seq_len={characters - 1}" if characters > 1 else "a longer text")
        return (
            f"the training text of {characters:,} characters is too short for data.batch_size={self.batch_size} "
            f"{ROWS[self.sampling]} of data.seq_len={self.seq_len}; the largest that fits: {' or '.join(fits)}"
        )

    def _largest(self) -> tuple[int, int]:
        """The largest B that this text allows with this T, and the largest T with this B; below 1 if there is none."""
        characters, b, t = len(self.tokens), self.batch_size, self.seq_len
        if self.sampling == "overlapping":
            return min(characters // t, characters - t), min(characters // b, characters - b)
        if self.stride == t:
            return self.num_windows, (characters - 1) // b
        return self.num_windows, characters - 1 - (b - 1) * self.stride
