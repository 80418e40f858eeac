"""Two cells that feed back their output instead of their hidden layer, and functions for the state of any cell.

charcells.registry lists all cells, including PyTorch's.

Legend: B batch, T time, H hidden, L layers.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from charcells.errors import UserError
from charcells.registry import CELLS, describe_error, load_class

State = Any
"""The recurrent state of a cell: a tensor (L, B, H), or a (nested) tuple, list or dict of tensors, each with the batch
as its second dimension. For an LSTM it is the pair (hidden, cell). None means zeros."""


def map_state(function: Callable[..., Tensor], *states: State) -> State:
    """Apply a function to the corresponding tensors of states with the same structure; return a state of the results.

    Returns None if the states are None.
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
    """The same state without its computation graph, so that gradients stop there."""
    return map_state(Tensor.detach, state)


def to_device(state: State, device: torch.device) -> State:
    """The same state on another device."""
    return map_state(lambda part: part.to(device), state)


def join_rows(states: Sequence[State]) -> State:
    """The state of a batch from the states of its parts, in order."""
    # dimension 1 is the batch in every cell's state, dimension 0 the layers, as in nn.RNN
    return map_state(lambda *parts: torch.cat(parts, 1), *states)


def split_rows(state: State, parts: int) -> list[State]:
    """The states of `parts` equal parts of a batch; the inverse of `join_rows`."""
    return [
        map_state(lambda tensor, index=index: tensor.chunk(parts, 1)[index].contiguous(), state)
        for index in range(parts)
    ]


def second_biases(layers: nn.Module) -> list[nn.Parameter]:
    """PyTorch's second bias vectors, which the published equations and other libraries do not have."""
    return [bias for name, bias in layers.named_parameters() if name.rpartition(".")[2].startswith("bias_hh")]


def freeze_at_zero(parameters: Sequence[nn.Parameter]) -> None:
    """Set parameters to zero and do not train them."""
    for parameter in parameters:
        nn.init.zeros_(parameter)
        parameter.requires_grad_(False)


def check_contract(cell: str) -> None:
    """Raise UserError if the class of a cell is not made or called as registry.Cell says, before anything is trained.

    A cell that mixes up dimensions would otherwise train without an error, on figures that mean nothing.
    """
    path = CELLS[cell].layers
    batch, time, inputs, hidden = 2, 5, 3, 4  # all different, so that no dimension passes for another
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            layers = load_class(path)(
                input_size=inputs, hidden_size=hidden, num_layers=3, dropout=0.0, batch_first=True
            )
            read = torch.randn(batch, time, inputs)
            _, state = layers(read, None)
            outputs, state = layers(read, state)
            shapes: list[torch.Size] = []
            map_state(lambda part: shapes.append(part.shape) or part, state)  # type: ignore[func-returns-value]
        if outputs.shape != (batch, time, hidden):
            raise ValueError(f"outputs have the shape {tuple(outputs.shape)} instead of {(batch, time, hidden)}")
        if not shapes or any(len(shape) < 2 or shape[1] != batch for shape in shapes):
            raise ValueError(f"the state has tensors of {[tuple(shape) for shape in shapes]}, for a batch of {batch}")
    except UserError:
        raise
    except Exception as error:  # somebody else's code can fail in any way
        reason = describe_error(error)
        raise UserError(f"cell={cell}: {path} is not what charcells.registry.Cell asks for: {reason}") from error


class OutputRecurrence(nn.Module):
    """Layers whose recurrent state is their output, not their hidden units. Called like nn.RNN with batch_first=True.

    Source: Raschka et al., 'Machine Learning with PyTorch', figure 15.7.

    Output to hidden (Jordan 1986):   h_t = tanh(W_ih x_t + W_hh o_{t-1} + b_h),  o_t = tanh(W_ho h_t + b_o).
    Output to output:                 h_t = tanh(W_ih x_t + b_h),  o_t = tanh(W_ho h_t + W_hh o_{t-1} + b_o).

    The output o of a layer has H units. As with every cell, the model's linear map to the characters comes after it.
    W_hh is the book's W_oh or W_oo, under PyTorch's name for recurrent weights.
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
        """Read inputs (B, T, input_size) from a state (L, B, H); return outputs (B, T, H) and the new state."""
        if state is None:
            state = inputs.new_zeros(self.num_layers, len(inputs), self.hidden_size)
        last = []
        for layer in range(self.num_layers):
            inputs = self._layer(layer, self.dropout(inputs) if layer else inputs, state[layer])
            last.append(inputs[:, -1])
        return inputs, torch.stack(last)

    def _layer(self, layer: int, inputs: Tensor, output: Tensor) -> Tensor:
        """The outputs (B, T, H) of one layer, given its inputs (B, T, ...) and its previous output (B, H)."""
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
