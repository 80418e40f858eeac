"""The position in training data: epochs of batches that resume exactly where a checkpoint was saved."""

from collections.abc import Callable, Iterator
from typing import Any

from charcells.errors import UserError


class Epochs:
    """Batches in epochs, each iteration being the next one. A subclass says which batches an epoch has.

    The position is saved in checkpoints: `state_dict` has the epoch and the number of batches already yielded, and
    after `load_state_dict` the next iteration continues from there.

    Args:
        num_batches: of an epoch.
    """

    def __init__(self, num_batches: int) -> None:
        self.num_batches = num_batches
        self._epoch = -1
        self._yielded = 0
        self._resumed = False

    def batches(self, epoch: int) -> Callable[[int], Any]:
        """The batches of an epoch, as a function of their number in it. They depend on nothing else."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[Any]:
        # This is a generator, so this line runs when the first batch is requested. Lightning may create an iterator
        # that it never uses, and it does not exhaust the one that it uses. So the epoch is only advanced here, at the
        # start of an iteration, and never at its end.
        if not self._resumed:
            self._epoch, self._yielded = self._epoch + 1, 0
        self._resumed = False
        batch = self.batches(self._epoch)
        while self._yielded < self.num_batches:
            self._yielded += 1
            yield batch(self._yielded - 1)

    def limit(self, batches: int | float, multiple_of: int = 1) -> None:
        """From now on an epoch has at most this many batches: a number, or a share as a float from 0 to 1.

        The number is rounded down to a multiple of `multiple_of`, but at least that many are left. Streams are laid out
        as without a limit, and each epoch begins at their beginning. Raises UserError if there are fewer batches.
        """
        if multiple_of > self.num_batches:
            raise UserError(
                f"trainer.accumulate_grad_batches={multiple_of} is more than an epoch has: the training text "
                f"makes {self.num_batches} batches"
            )
        wanted = int(self.num_batches * batches) if isinstance(batches, float) else min(batches, self.num_batches)
        self.num_batches = max(multiple_of, wanted // multiple_of * multiple_of)

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self._epoch, "yielded": self._yielded}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self._epoch, self._yielded = state["epoch"], state["yielded"]
        # a position at the end of an epoch is not resumed: the next iteration begins the next epoch
        self._resumed = 0 < self._yielded < self.num_batches
