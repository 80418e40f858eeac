"""The length of a run in batches, steps and characters."""

from dataclasses import dataclass

from charcells.config import Config


@dataclass(frozen=True)
class RunLength:
    """How long a run is, as limited by max_epochs and max_steps. A step is one update, as in Lightning.

    Args:
        steps_per_epoch: steps of one pass over the training text.
        batches_per_step: batches whose gradients make one step.
        chars_per_step: characters of these batches.
        max_epochs: passes over the training text.
        max_steps: limit on the steps; -1: none.
    """

    steps_per_epoch: int
    batches_per_step: int
    chars_per_step: int
    max_epochs: int
    max_steps: int

    @classmethod
    def of(cls, config: Config, batches_per_epoch: int) -> "RunLength":
        data, trainer = config.data, config.trainer
        batches = trainer.accumulate_grad_batches
        chars = batches * data.batch_size * data.seq_len
        return cls(batches_per_epoch // batches, batches, chars, trainer.max_epochs, trainer.max_steps)

    @property
    def total_steps(self) -> int:
        steps = self.max_epochs * self.steps_per_epoch
        return min(steps, self.max_steps) if self.max_steps > 0 else steps

    @property
    def epochs(self) -> int:
        """Epochs of the run. `max_steps` may end it within the last one."""
        return -(-self.total_steps // self.steps_per_epoch)
