"""CharRNN: a recurrent network that reads characters and returns the logits of the next character.

Legend: B batch, T time, E embedding, H hidden, V vocabulary, L layers.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from charcells.errors import UserError
from charcells.models.cells import State, freeze_at_zero, second_biases
from charcells.models.initial_values import INITIAL_VALUES
from charcells.registry import CELLS, load_class


class CharRNN(nn.Module):
    """Embedding or one-hot input, recurrent layers, linear output.

    Args:
        vocab_size: V.
        cell: a name in registry.CELLS.
        embedding_dim: E; None feeds one-hot vectors of size V.
        hidden_size: H.
        num_layers: L.
        dropout: between the layers and before the output, in training mode only.
        output_dropout: before the output; None: the same as `dropout`.
        init: a name in INITIAL_VALUES.
        freeze_second_bias: keep PyTorch's second bias vector at zero and do not train it.
    """

    def __init__(
        self,
        vocab_size: int,
        cell: str = "lstm",
        embedding_dim: int | None = 64,
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.0,
        output_dropout: float | None = None,
        init: str = "orthogonal",
        freeze_second_bias: bool = False,
    ) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.cell = cell
        self.embedding_dim = embedding_dim
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.embedding = nn.Embedding(vocab_size, embedding_dim) if embedding_dim is not None else None
        self.rnn = load_class(CELLS[cell].layers)(
            input_size=vocab_size if embedding_dim is None else embedding_dim,
            hidden_size=hidden_size,
            num_layers=num_layers,
            dropout=dropout if num_layers > 1 else 0.0,  # PyTorch warns about dropout with one layer
            batch_first=True,
        )
        self.dropout = nn.Dropout(dropout if output_dropout is None else output_dropout)
        self.output = nn.Linear(hidden_size, vocab_size)
        INITIAL_VALUES[init](self)
        if freeze_second_bias:
            freeze_at_zero(second_biases(self.rnn))

    def forward(self, tokens: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Read tokens (B, T) int64, starting from `state`; return logits (B, T, V) and the new state."""
        if self.embedding is not None:
            inputs = self.embedding(tokens)  # (B, T, E)
        else:
            inputs = one_hot(tokens, self.vocab_size, self.output.weight.dtype)  # (B, T, V)
        hidden, state = self.rnn(inputs, state)  # (B, T, H)
        return self.output(self.dropout(hidden)), state


def one_hot(tokens: Tensor, vocab_size: int, dtype: torch.dtype) -> Tensor:
    """Tokens (…,) as one-hot vectors (…, V)."""
    vectors = torch.zeros(*tokens.shape, vocab_size, dtype=dtype, device=tokens.device)
    return vectors.scatter_(-1, tokens.unsqueeze(-1), 1)


def count_parameters(model: nn.Module) -> int:
    """Number of trainable parameters, including PyTorch's second bias vector."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def count_second_bias(layers: nn.Module) -> int:
    """Number of trainable parameters in the second bias vectors of recurrent layers."""
    return sum(bias.numel() for bias in second_biases(layers) if bias.requires_grad)


def match_hidden_size(
    parameters: int, vocab_size: int, *, network: Callable[..., nn.Module] = CharRNN, **model: Any
) -> int:
    """The hidden size for which network(vocab_size, **model) is closest to a number of parameters.

    Raises UserError if even a model with one hidden unit has more.
    """

    def count(hidden_size: int) -> int:
        with torch.device("meta"):  # only shapes: takes no memory and no random numbers
            return count_parameters(network(vocab_size, **{**model, "hidden_size": hidden_size, "init": "torch"}))

    if count(1) > parameters:
        raise UserError(
            f"model.match_parameters={parameters} cannot be met: with one hidden unit this model already has "
            f"{count(1):,} parameters"
        )
    low, high = 1, 2 + math.isqrt(parameters)  # enough, as the recurrent weights alone are hidden_size ** 2
    while high - low > 1:  # count(low) <= parameters < count(high)
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= parameters else (low, middle)
    return min(low, high, key=lambda hidden_size: abs(count(hidden_size) - parameters))
