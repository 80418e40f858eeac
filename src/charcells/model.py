"""CharRNN: characters in, logits of the next character out, through one of the recurrent cells.

Legend: B batch, T time, E embedding, H hidden, V vocabulary, L layers.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from charcells.cells import CELLS, State
from charcells.config import UserError

ONE_HOT_STD = 1.6
"""Spread of the weights that read one-hot input, found by measurement: see `orthogonal`."""

OUTPUT_RMS = {"rnn": 0.68, "gru": 0.45, "lstm": 0.21}
"""Root mean square of what an untrained layer puts out, given input that moves its gates by 1; else taken as 1."""


class CharRNN(nn.Module):
    """Embedding or one-hot input, recurrent layers, linear output.

    Args:
        vocab_size: V.
        cell: a name in CELLS.
        embedding_dim: E; None feeds one-hot vectors of size V.
        hidden_size: H.
        num_layers: L.
        dropout: between the layers and before the output, in training only.
        output_dropout: before the output; None: as `dropout`.
        init: a name in INITIAL_VALUES.
        freeze_second_bias: hold PyTorch's second bias vector at zero, untrained.
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
        self.rnn = CELLS[cell](
            input_size=vocab_size if embedding_dim is None else embedding_dim,
            hidden_size=hidden_size,
            num_layers=num_layers,
            dropout=dropout if num_layers > 1 else 0.0,  # PyTorch warns where there is nothing between layers
            batch_first=True,
        )
        self.dropout = nn.Dropout(dropout if output_dropout is None else output_dropout)
        self.output = nn.Linear(hidden_size, vocab_size)
        INITIAL_VALUES[init](self)
        if freeze_second_bias:
            for name, parameter in self.rnn.named_parameters():
                if name.startswith("bias_hh"):
                    nn.init.zeros_(parameter)
                    parameter.requires_grad_(False)

    def forward(self, tokens: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Read tokens (B, T) int64 from `state` on; return logits (B, T, V) and the state after them."""
        if self.embedding is not None:
            inputs = self.embedding(tokens)  # (B, T, E)
        else:
            inputs = one_hot(tokens, self.vocab_size, self.output.weight.dtype)  # (B, T, V)
        hidden, state = self.rnn(inputs, state)  # (B, T, H)
        return self.output(self.dropout(hidden)), state


def one_hot(tokens: Tensor, vocab_size: int, dtype: torch.dtype) -> Tensor:
    """(…,) tokens to (…, V) vectors of zeros and a single one."""
    vectors = torch.zeros(*tokens.shape, vocab_size, dtype=dtype, device=tokens.device)
    return vectors.scatter_(-1, tokens.unsqueeze(-1), 1)


def detach(state: State) -> State:
    """The same state, cut off from the graph that made it."""
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()


def to_device(state: State, device: torch.device) -> State:
    """The same state on another device."""
    return tuple(part.to(device) for part in state) if isinstance(state, tuple) else state.to(device)


@torch.no_grad()
def orthogonal(model: CharRNN) -> None:
    """Initial values from which each cell learns well.

    Recurrent weights are orthogonal, gate by gate (Saxe et al. 2014). What a layer reads moves each of its gates by
    about 1, the root mean square over inputs (LeCun et al. 1998): a second layer of an LSTM, which reads small numbers,
    has larger weights than that of an RNN. Biases start at 0, also that of an LSTM's forget gate: started open
    (Jozefowicz et al. 2015), it costs 0.02 to 0.04 nats on three texts (experiments/LOG.md). A one-hot vector has a
    single 1 where an embedding has E values of unit variance: with weights of spread ONE_HOT_STD it learns about as
    fast, with PyTorch's own several times more slowly.
    """
    for name, parameter in model.rnn.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
            continue
        for gate in parameter.chunk(len(parameter) // model.hidden_size):
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(gate)
            elif name == "weight_ih_l0" and model.embedding is None:
                nn.init.normal_(gate, std=ONE_HOT_STD)
            elif name.startswith("weight_ih"):
                rms = 1.0 if name == "weight_ih_l0" else OUTPUT_RMS.get(model.cell, 1.0)
                bound = math.sqrt(3 / gate.shape[1]) / rms  # the uniform distribution has a variance of bound² / 3
                nn.init.uniform_(gate, -bound, bound)
            else:
                nn.init.xavier_uniform_(gate)
    nn.init.zeros_(model.output.bias)


@torch.no_grad()
def keras(model: CharRNN) -> None:
    """What Keras' LSTM starts from with recurrent_initializer='glorot_uniform'.

    Glorot-uniform weights, all gates of a matrix together; biases 0, but the forget gate's 1; embedding uniform in
    ±0.05.
    """
    for name, parameter in [*model.rnn.named_parameters(), *model.output.named_parameters()]:
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        else:
            nn.init.xavier_uniform_(parameter)
    if isinstance(model.rnn, nn.LSTM):
        size = model.hidden_size
        for layer in range(model.num_layers):
            # gates stand in the order input, forget, cell, output
            getattr(model.rnn, f"bias_ih_l{layer}")[size : 2 * size] = 1.0
    if model.embedding is not None:
        nn.init.uniform_(model.embedding.weight, -0.05, 0.05)


@torch.no_grad()
def normal(model: CharRNN) -> None:
    """All weights N(0, 0.01²), biases 0 (Karpathy's min-char-rnn)."""
    for name, parameter in model.named_parameters():
        if "bias" in name:
            nn.init.zeros_(parameter)
        else:
            nn.init.normal_(parameter, std=0.01)


INITIAL_VALUES: dict[str, Callable[[CharRNN], None]] = {
    "orthogonal": orthogonal,
    "torch": lambda model: None,  # what the modules were made with
    "keras": keras,
    "normal": normal,
}


def count_parameters(model: nn.Module) -> int:
    """Every trainable number, PyTorch's second bias vector included."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def count_second_bias(model: CharRNN) -> int:
    """How many of those are PyTorch's second bias vector of each layer, which other libraries do not have."""
    biases = [parameter for name, parameter in model.rnn.named_parameters() if name.startswith("bias_hh")]
    return sum(bias.numel() for bias in biases if bias.requires_grad)


def match_hidden_size(parameters: int, vocab_size: int, **model: Any) -> int:
    """The hidden size with which CharRNN(vocab_size, **model) comes nearest to a number of parameters.

    Raises UserError where even one hidden unit has more.
    """

    def count(hidden_size: int) -> int:
        with torch.device("meta"):  # shapes only: no memory, no random numbers
            return count_parameters(CharRNN(vocab_size, **{**model, "hidden_size": hidden_size, "init": "torch"}))

    if count(1) > parameters:
        raise UserError(
            f"model.match_parameters={parameters} cannot be met: with one hidden unit this model already has "
            f"{count(1):,} parameters"
        )
    low, high = 1, 2 + math.isqrt(parameters)  # the recurrent weights alone are hidden_size ** 2
    while high - low > 1:  # count(low) <= parameters < count(high)
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= parameters else (low, middle)
    return min(low, high, key=lambda hidden_size: abs(count(hidden_size) - parameters))
