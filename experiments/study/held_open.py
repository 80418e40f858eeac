"""An LSTM whose forget gate is held at 1."""

from typing import Any

import torch
from torch import nn

OPEN_BIAS = 100.0
"""The sigmoid of 100 is exactly 1 in float32, and its derivative exactly 0."""


@torch.no_grad()
def hold_open(lstm: nn.LSTM) -> None:
    """Set the forget gates of an LSTM's layers to 1 for every input: c_t = c_{t-1} + i_t g_t."""
    size = lstm.hidden_size
    for layer in range(lstm.num_layers):
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            # PyTorch's order of the gates: input, forget, cell, output
            getattr(lstm, f"{name}_l{layer}")[size : 2 * size] = OPEN_BIAS if name == "bias_ih" else 0.0


class OpenLSTM(nn.LSTM):
    """nn.LSTM with `hold_open`. Its forget gate has parameters, as nn.LSTM's, which are set again at every call."""

    def forward(self, *arguments: Any) -> Any:
        hold_open(self)
        return super().forward(*arguments)
