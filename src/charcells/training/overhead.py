"""What Lightning's loop is spared, so that its cost at each step is not that of a small model's step itself.

Without the two classes here, and the first of the points below, Lightning cost a step 1.4 ms on one core beside a bare
loop of 3.2 ms (LSTM of 1×100, one stream); with them 1.0. Likewise

- `CharDataModule.transfer_batch_to_device` takes a batch for the pair of tensors that it is: Lightning searches any
  container for them;
- `CharLM.configure_gradient_clipping` takes the weights from the optimizer's list: Lightning searches the modules for
  them at each step;
- losses are looked at where a row of metrics is due, and not by `self.log` at each step: that costs half a millisecond,
  and on a GPU it waits for the device;
- Adam and AdamW are fused: 0.3 ms less a step.

How training compares with a bare PyTorch loop now: `make bench`. How this was found: experiments/LOG.md.
"""

from contextlib import nullcontext
from typing import Any

from lightning.pytorch import LightningModule
from lightning.pytorch.profilers import PassThroughProfiler


class LeanModule(LightningModule):
    """A LightningModule that does not search its weights when Lightning notes which hook is running.

    Lightning sets `_current_fx_name` some forty times a step. PyTorch's __setattr__ would look each time whether a
    parameter, a buffer or a module is set.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_current_fx_name":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)


class NoProfiler(PassThroughProfiler):
    """Measures nothing, as Lightning's default does; but that one makes a generator for each of forty hooks a step."""

    _nothing = nullcontext()

    def profile(self, action_name: str) -> Any:
        return self._nothing
