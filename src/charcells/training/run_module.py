"""RunModule: the LightningModules that `train` uses, which can be resumed exactly and shared by several devices.

If several devices share a run, each rank trains on its rows of every batch, and the mean of their gradients is the
gradient of the batch. A checkpoint holds the recurrent state of the whole batch and the random state of each rank.
"""

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from charcells.config import Config, carries_state
from charcells.models.cells import State, join_rows, split_rows, to_device
from charcells.models.char_rnn import CharRNN
from charcells.models.checkpoint import ClassifierDescription, Description, add_entries, training_entry
from charcells.training.language_model import LanguageModel
from charcells.training.length import RunLength
from charcells.training.optimization import lr_factor, make_optimizer
from charcells.training.ranks import gather
from charcells.training.scored import ScoredModule


class RunModule(ScoredModule):
    """Trains a network as a configuration says: what is the same for every task.

    A subclass for a task inherits from this class and then from the ScoredModule that has the loss of that task.

    Args:
        model: the network to train.
        config: determines optimizer, scheduler and clipping.
        description: stored in checkpoints.
        length: of the run. Do not use Lightning's estimate instead: it would set up the data before a checkpoint is
            restored, and the position in the text would be lost.
        task: further arguments of the ScoredModule.
    """

    def __init__(
        self,
        model: nn.Module,
        config: Config,
        description: Description | ClassifierDescription,
        length: RunLength,
        **task: Any,
    ) -> None:
        super().__init__(model, **task)
        self.config = config
        self.description = description
        self.length = length
        self.grad_norm: Tensor | None = None
        """Norm of the latest gradient, before clipping."""
        self.lr = config.optimizer.lr
        """Learning rate of the latest step."""
        self.within_step = False
        """Whether gradients of batches are waiting for the next update, see `trainer.accumulate_grad_batches`."""
        self._plateau: ReduceLROnPlateau | None = None
        self._restored: dict[str, Any] = {}

    def carried_state(self) -> State:
        """What the next batch begins with, of this rank's rows; None: nothing."""
        return None

    def carry(self, state: State) -> None:
        """Begin the next batch with a state that `carried_state` has returned."""

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> dict[str, Tensor]:
        self.within_step = True
        outputs = super().training_step(batch, batch_idx)
        if self.config.trainer.loss_reduction == "sum":
            # DDP averages gradients over the devices, and Lightning over the batches of a step. Multiplying by their
            # numbers makes that the sum over the whole batch.
            averaged = self.config.trainer.devices * self.config.trainer.accumulate_grad_batches
            outputs["loss"] = outputs["loss"] * (batch[1].numel() * averaged)
        return outputs

    def on_train_start(self) -> None:
        rank, devices = self.global_rank, self.config.trainer.devices
        # The other ranks need other dropout masks. The first keeps its random state, as a single device
        # does.
        if rank > 0:
            torch.manual_seed(self.config.seed + 1_000_003 * rank)
        if self._restored:
            whole = self._restored["train_state"]
            self.carry(to_device(split_rows(whole, devices)[rank], self.device))
            random = self._restored["random"][rank]
            torch.set_rng_state(random["cpu"])
            if random["cuda"] is not None and self.device.type == "cuda":
                torch.cuda.set_rng_state(random["cuda"], self.device)
            if self._plateau is not None:
                self._plateau.load_state_dict(self._restored["plateau"])
            self._apply_rates()
            self._restored = {}

    def _apply_rates(self) -> None:
        """Use the rates of the configuration, which may differ from those that the checkpoint has restored."""
        [group] = self.trainer.optimizers[0].param_groups
        if self.config.optimizer.weight_decay is not None:
            group["weight_decay"] = self.config.optimizer.weight_decay
        if self._plateau is not None:
            return
        schedule, lr = self.trainer.lr_scheduler_configs[0].scheduler, self.config.optimizer.lr
        assert isinstance(schedule, LambdaLR)
        schedule.base_lrs, group["initial_lr"] = [lr], lr
        group["lr"] = lr * schedule.lr_lambdas[0](schedule.last_epoch)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        self.within_step = False  # Lightning calls this once for each update
        self.lr = optimizer.param_groups[0]["lr"]  # the scheduler changes it before the step ends
        parameters = optimizer.param_groups[0]["params"]  # faster than module.parameters(), see overhead
        if gradient_clip_val is not None and gradient_clip_algorithm == "norm":
            self.grad_norm = torch.nn.utils.clip_grad_norm_(parameters, gradient_clip_val)
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        self.grad_norm = torch.nn.utils.get_total_norm(gradients)
        if gradient_clip_val is not None:
            torch.nn.utils.clip_grad_value_(parameters, gradient_clip_val)

    def on_validation_epoch_end(self) -> None:
        # All ranks use the first rank's figures: decisions based on them must be the same on all, to the last bit.
        self.held_out = gather(self.score.metrics("val"), self.config.trainer.devices)[0]
        # EarlyStopping reads it from Lightning's logged metrics
        self.log("val/loss", self.held_out["val/loss"], logger=False, sync_dist=True)
        # Lightning would step this scheduler only after the checkpoint of this validation is saved, and a run resumed
        # from that checkpoint would never make the step. So it is stepped here.
        if self._plateau is not None:
            self._plateau.step(self.held_out["val/loss"])

    def configure_optimizers(self) -> Any:
        fused = self.config.trainer.precision != "16-mixed"
        optimizer = make_optimizer(self.config.optimizer, self.model, may_be_fused=fused)
        scheduler = self.config.scheduler
        if scheduler.name == "plateau":
            assert scheduler.factor is not None and scheduler.patience is not None
            self._plateau = ReduceLROnPlateau(optimizer, factor=scheduler.factor, patience=scheduler.patience)
            return optimizer
        total, per_epoch = self.length.total_steps, self.length.steps_per_epoch
        factor = LambdaLR(optimizer, lambda step: lr_factor(scheduler, step, total, per_epoch))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": factor, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        on_cuda = self.device.type == "cuda"
        random = {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state(self.device) if on_cuda else None}
        state = to_device(self.carried_state(), torch.device("cpu"))
        ranks = gather((state, random), self.config.trainer.devices)
        training = {
            "train_state": join_rows([state for state, _ in ranks]),
            "random": [random for _, random in ranks],
            "plateau": self._plateau.state_dict() if self._plateau is not None else None,
        }
        add_entries(checkpoint, dataclasses.replace(self.description, step=self.global_step), training)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._restored = training_entry(checkpoint)


class CharRunModule(RunModule, LanguageModel):
    """Trains a CharRNN to predict the next character. The configuration says whether the state is carried over."""

    description: Description

    def __init__(self, model: CharRNN, config: Config, description: Description, length: RunLength) -> None:
        carry, reset = carries_state(config.data), config.data.reset_state == "epoch"
        super().__init__(model, config, description, length, carry_state=carry, reset_each_epoch=reset)

    def carried_state(self) -> State:
        return self.train_state

    def carry(self, state: State) -> None:
        self.train_state = state

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        # the arguments of CharLM, so that CharLM.load_from_checkpoint reads the checkpoint of a run
        arguments = {"characters": self.description.characters, "lr": self.config.optimizer.lr}
        checkpoint[self.CHECKPOINT_HYPER_PARAMS_KEY] = {**self.description.model, **arguments}
