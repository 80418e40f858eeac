"""Language modelling of characters as LightningModules: what is trained, and how held-out text is scored.

Training is truncated backpropagation through time: where the state is carried, each window starts from the final state
of the window in the same row of the batch before, and gradients stop there. Losses are in nats per character; bpc is
bits per character, nats / ln 2.

Legend: B batch, T time.
"""

import math
from typing import Any

import torch.nn.functional as F
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from charcells.config import OptimizerConfig, SchedulerConfig
from charcells.errors import UserError, did_you_mean
from charcells.models.cells import State, detach
from charcells.models.char_rnn import CharRNN
from charcells.models.checkpoint import Description, add_entries
from charcells.registry import CELLS, OPTIMIZERS
from charcells.training.optimization import lr_factor, make_optimizer
from charcells.training.score import HeldOutScore
from charcells.training.scored import ScoredModule


class LanguageModel(ScoredModule):
    """The training loss of a CharRNN, and its score on held-out text.

    Args:
        model: the network.
        carry_state: whether each batch begins with the final state of the batch before; otherwise with zeros.
        reset_each_epoch: whether the first batch of an epoch begins with zeros even so.
    """

    def __init__(self, model: CharRNN, carry_state: bool, reset_each_epoch: bool = True) -> None:
        super().__init__(model)
        self.carry_state = carry_state
        self.reset_each_epoch = reset_each_epoch
        self.train_state: State = None

    def new_score(self) -> HeldOutScore:
        return HeldOutScore()

    def describe_validation(self) -> str:
        return f"val {self.held_out['val/loss']:.4f} nats = {self.held_out['val/bpc']:.4f} bits per character"

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        inputs, targets = batch  # (B, T) each
        if (batch_idx == 0 and self.reset_each_epoch) or not self.carry_state:
            self.train_state = None
        logits, state = self.model(inputs, self.train_state)
        self.train_state = detach(state)
        nats = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        return {"loss": nats, "nats": nats.detach()}


class CharLM(LanguageModel):
    """A character-level language model for a lightning.Trainer of your own.

    It logs train/loss, val/loss, val/bpc, val/accuracy, and the same for the test, to any logger, so that Lightning's
    ModelCheckpoint and EarlyStopping can watch them. `charcells.load` reads its checkpoints, too. It is trained with
    AdamW; where the Trainer has an end, the rate rises for the first 5 % of the steps and then falls on a cosine.
    `charcells.train` does more: it resumes exactly, records, and writes samples. To train one::

        data = CharDataModule("mine.txt", batch_size=16, seq_len=64)
        data.setup()
        module = CharLM(data.vocabulary.characters, cell="gru", hidden_size=128)
        lightning.Trainer(max_epochs=3, gradient_clip_val=1.0).fit(module, data)

    Args:
        characters: the vocabulary, in the order of its tokens.
        cell: a name in registry.CELLS.
        lr: peak learning rate; None: the one that suits the cell.
        carry_state: True for contiguous streams, False for windows that do not continue one another.
        model: further arguments of CharRNN, such as hidden_size=256.

    Raises UserError for an unknown cell, and for characters that are empty or contain one twice.
    """

    def __init__(
        self, characters: str, cell: str = "lstm", *, lr: float | None = None, carry_state: bool = True, **model: Any
    ) -> None:
        if not characters or len(set(characters)) < len(characters):
            raise UserError("characters: give each character of the vocabulary once")
        if cell not in CELLS:
            raise UserError(f"cell={cell}: choose one of {', '.join(CELLS)}{did_you_mean(cell, CELLS)}")
        super().__init__(CharRNN(len(characters), cell, **model), carry_state)
        self.characters = characters
        self.lr = CELLS[cell].lr if lr is None else lr
        self.save_hyperparameters()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        outputs = super().training_step(batch, batch_idx)
        self.log("train/loss", outputs["nats"], prog_bar=True, batch_size=batch[0].numel())
        return outputs

    def on_validation_epoch_end(self) -> None:
        super().on_validation_epoch_end()
        self.log_dict(self.held_out, prog_bar=True, sync_dist=True)

    def on_test_epoch_end(self) -> None:
        super().on_test_epoch_end()
        self.log_dict(self.held_out, sync_dist=True)

    def configure_optimizers(self) -> Any:
        options = {**OPTIMIZERS["adamw"].defaults, "lr": self.lr}
        optimizer = make_optimizer(OptimizerConfig(name="adamw", **options), self.model)
        total = self.trainer.estimated_stepping_batches
        if math.isinf(total):
            return optimizer
        schedule = SchedulerConfig(name="one_cycle", warmup=0.05, final=0.01)
        factor = LambdaLR(optimizer, lambda step: lr_factor(schedule, step, int(total), int(total)))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": factor, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        shape = {name: getattr(self.model, name) for name in ("cell", "embedding_dim", "hidden_size", "num_layers")}
        description = Description(shape, self.characters, self.characters[0], "?", "?", self.global_step)
        add_entries(checkpoint, description, {})
