"""Cells of our own, in which the output is fed back instead of the hidden layer; and the state of any cell.

charcells.registry lists all cells, PyTorch's among them.

Legend: B batch, T time, H hidden, L layers.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

State = Any
"""What a cell carries from step to step: a tensor (L, B, H), or a tuple, list or dict of tensors or of further such,
each with the batch as its second dimension; a pair for LSTM. None stands for zeros."""


def map_state(function: Callable[..., Tensor], *states: State) -> State:
    """A state whose tensors are `function` of the tensors at the same place of some states, which are built alike.

    None where the states are None.
    """
    first = states[0]
    if first is None:
        return None
    if isinstance(first, Tensor):
        return function(*states)
    if isinstance(first, dict):
        return {key: map_state(function, *(state[key] for state in states)) for key in first}
    return type(first)(map_state(function, *parts) for parts in zip(*states, strict=True))


def detach(state: State) -> State:
    """The same state, cut off from the graph that made it."""
    return map_state(Tensor.detach, state)


def to_device(state: State, device: torch.device) -> State:
    """The same state on another device."""
    return map_state(lambda part: part.to(device), state)


def join_rows(states: Sequence[State]) -> State:
    """The state of a batch from the states of its parts, in their order."""
    return map_state(lambda *parts: torch.cat(parts, 1), *states)


def split_rows(state: State, parts: int) -> list[State]:
    """The states of so many equal parts of a batch: what `join_rows` joins."""
    return [
        map_state(lambda tensor, index=index: tensor.chunk(parts, 1)[index].contiguous(), state)
        for index in range(parts)
    ]


class OutputRecurrence(nn.Module):
    """Layers that carry their output, not their hidden units; source: Raschka et al., 'Machine Learning with PyTorch',
    figure 15.7. Called as nn.RNN is, with batch_first.

    Output to hidden (Jordan 1986):   h_t = tanh(W_ih x_t + W_hh o_{t-1} + b_h),  o_t = tanh(W_ho h_t + b_o).
    Output to output:                 h_t = tanh(W_ih x_t + b_h),  o_t = tanh(W_ho h_t + W_hh o_{t-1} + b_o).

    The output o of a layer has H units; a model's linear map to characters stands behind it, as behind every cell. W_hh
    is the book's W_oh or W_oo, named as PyTorch names recurrent weights.
    """

    to_hidden: bool

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, dropout: float = 0.0, batch_first: bool = True
    ) -> None:
        super().__init__()
        assert batch_first
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = nn.Dropout(dropout)
        for layer in range(num_layers):
            sizes = {
                "weight_ih": (hidden_size, input_size if layer == 0 else hidden_size),
                "weight_hh": (hidden_size, hidden_size),
                "weight_ho": (hidden_size, hidden_size),
                "bias_h": (hidden_size,),
                "bias_o": (hidden_size,),
            }
            for name, size in sizes.items():
                parameter = nn.Parameter(torch.empty(size))
                nn.init.uniform_(parameter, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))  # as nn.RNN does
                self.register_parameter(f"{name}_l{layer}", parameter)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read inputs (B, T, input_size) from state (L, B, H) on; return outputs (B, T, H) and each layer's last."""
        if state is None:
            state = inputs.new_zeros(self.num_layers, len(inputs), self.hidden_size)
        last = []
        for layer in range(self.num_layers):
            inputs = self._layer(layer, self.dropout(inputs) if layer else inputs, state[layer])
            last.append(inputs[:, -1])
        return inputs, torch.stack(last)

    def _layer(self, layer: int, inputs: Tensor, output: Tensor) -> Tensor:
        """All outputs (B, T, H) of one layer, from its inputs and its output (B, H) before them."""
        weight_hh, weight_ho = self._get("weight_hh", layer), self._get("weight_ho", layer)
        bias_h, bias_o = self._get("bias_h", layer), self._get("bias_o", layer)
        net = inputs @ self._get("weight_ih", layer).T + bias_h  # (B, T, H), all times at once
        if not self.to_hidden:
            net = net.tanh() @ weight_ho.T + bias_o
        outputs = []
        for at_time in net.unbind(1):
            output = (at_time + output @ weight_hh.T).tanh()
            if self.to_hidden:
                output = (output @ weight_ho.T + bias_o).tanh()
            outputs.append(output)
        return torch.stack(outputs, 1)

    def _get(self, name: str, layer: int) -> Tensor:
        parameter: Tensor = getattr(self, f"{name}_l{layer}")
        return parameter


class Jordan(OutputRecurrence):
    """Output to hidden."""

    to_hidden = True


class OutputToOutput(OutputRecurrence):
    """Output to output."""

    to_hidden = False
