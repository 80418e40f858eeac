"""ScoredModule: what is the same for every network that is trained and scored on held-out data."""

from typing import Any, Protocol

from torch import Tensor, nn

from charcells.training.overhead import LeanModule


class BatchScore(Protocol):
    """Accumulates the figures of a network on held-out data, batch by batch."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Score a batch; the arguments are the network and the parts of the batch."""

    def metrics(self, stage: str) -> dict[str, float]:
        """The figures as 'stage/loss' (in nats) and others of that form."""


class ScoredModule(LeanModule):
    """A network with its score on held-out data. A subclass adds the training loss and says what is scored.

    Args:
        model: the network.
    """

    model: Any

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.score = self.new_score()
        self.held_out: dict[str, float] = {}
        """Metrics of the latest validation or test."""

    def new_score(self) -> BatchScore:
        """A score to which nothing has been added yet."""
        raise NotImplementedError

    def describe_validation(self) -> str:
        """The figures of the latest validation, for a line of the log."""
        raise NotImplementedError

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        """`loss` to be minimised, and `nats`, the same for the record, without its graph."""
        raise NotImplementedError

    def on_validation_epoch_start(self) -> None:
        self.score = self.new_score()

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        self.score.add(self.model, *batch)

    def on_validation_epoch_end(self) -> None:
        self.held_out = self.score.metrics("val")

    def on_test_epoch_start(self) -> None:
        self.score = self.new_score()

    def test_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        self.score.add(self.model, *batch)

    def on_test_epoch_end(self) -> None:
        self.held_out = self.score.metrics("test")
