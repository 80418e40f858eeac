"""The length of a run in batches, steps, and characters or reviews."""

from dataclasses import dataclass

from charcells.config import Config

NAMES = {"chars": "characters", "reviews": "reviews"}
"""What the two are called in messages."""


@dataclass(frozen=True)
class RunLength:
    """How long a run is, as limited by max_epochs and max_steps. A step is one update, as in Lightning.

    Args:
        steps_per_epoch: steps of one pass over the training text.
        batches_per_step: batches whose gradients make one step.
        per_step: characters of these batches, or reviews of a classifier, one of whose batches in an epoch may have
            fewer.
        counted: "chars" or "reviews", as in the keys chars_seen and reviews_seen.
        max_epochs: passes over the training text.
        max_steps: limit on the steps; -1: none.
        reviews: those of an epoch without a limit on its batches; None for a language model.
    """

    steps_per_epoch: int
    batches_per_step: int
    per_step: int
    counted: str
    max_epochs: int
    max_steps: int
    reviews: int | None = None

    @classmethod
    def of(cls, config: Config, batches_per_epoch: int, reviews: int | None = None) -> "RunLength":
        data, trainer = config.data, config.trainer
        batches = trainer.accumulate_grad_batches
        classify = config.task == "classify"
        per_step = batches * data.batch_size * (1 if classify else data.seq_len)
        counted = "reviews" if classify else "chars"
        steps = batches_per_epoch // batches
        return cls(steps, batches, per_step, counted, trainer.max_epochs, trainer.max_steps, reviews)

    def seen(self, steps: int) -> int:
        """Characters or reviews that these steps have read.

        Exact where an epoch ends. Within an epoch of reviews it may be too many by less than a batch, since any of its
        batches may be the small one.
        """
        epochs, within = divmod(steps, self.steps_per_epoch)
        of_epoch = self.steps_per_epoch * self.per_step
        if self.reviews is not None:
            of_epoch = min(of_epoch, self.reviews)
        return epochs * of_epoch + min(within * self.per_step, of_epoch)

    @property
    def total_steps(self) -> int:
        steps = self.max_epochs * self.steps_per_epoch
        return min(steps, self.max_steps) if self.max_steps > 0 else steps

    @property
    def epochs(self) -> int:
        """Epochs of the run. `max_steps` may end it within the last one."""
        return -(-self.total_steps // self.steps_per_epoch)
