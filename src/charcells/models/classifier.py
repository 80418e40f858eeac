"""Classifier: a recurrent network that reads a whole text and gives one logit, many-to-one.

It reads texts padded to the length of the longest, and takes what is there at the last real step of each. That gives
the same as PyTorch's packed sequences, several times as fast on a CPU.

Legend: B batch, T time, I inputs, E embedding, H hidden, D directions, V vocabulary, L layers.
"""

from typing import Any

import torch
from torch import Tensor, nn

from charcells.models.cells import freeze_at_zero, second_biases
from charcells.models.initial_values import INITIAL_VALUES
from charcells.registry import CELLS, load_class

BEGINNINGS = 64
"""Beginnings of a text that are read side by side."""


def turned(inputs: Tensor, lengths: Tensor) -> Tensor:
    """Padded sequences (B, T, I), each turned round within its length (B,); what follows stays where it is."""
    step = torch.arange(inputs.shape[1], device=inputs.device)  # (T,)
    source = torch.where(step < lengths.unsqueeze(1), lengths.unsqueeze(1) - 1 - step, step)  # (B, T)
    return inputs.gather(1, source.unsqueeze(-1).expand_as(inputs))


def last_step(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Of padded outputs (B, T, H), those at the last real step of each row: (B, H)."""
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


class OneDirection(nn.Module):
    """Recurrent layers that read from left to right.

    Args:
        cell: a name in registry.CELLS.
        input_size: I.
        hidden_size: H.
        num_layers: L.
        dropout: between the layers.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.forwards = _layers(cell, input_size, hidden_size, num_layers, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """From inputs (B, T, I), of which `lengths` (B,) are real, to the last layer's output at the end: (B, H)."""
        return last_step(self.steps(inputs), lengths)

    def steps(self, inputs: Tensor) -> Tensor:
        """From inputs (B, T, I) to the last layer's output at each step: (B, T, H)."""
        for number, layer in enumerate(self.forwards):
            inputs, _ = layer(self.dropout(inputs) if number else inputs)
        return inputs


class TwoDirections(nn.Module):
    """Recurrent layers that read in both directions, each layer the outputs of both directions of the one below.

    The same as nn.LSTM and the like with bidirectional=True on packed sequences, for any cell. Args as OneDirection.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.forwards = _layers(cell, input_size, hidden_size, num_layers, 2)
        self.backwards = _layers(cell, input_size, hidden_size, num_layers, 2)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """From inputs (B, T, I), of which `lengths` (B,) are real, to both directions' outputs at their ends: (B, 2 H).

        The forward direction ends at the last real step, the backward one at the first step.
        """
        ends = inputs
        for number, (forwards, backwards) in enumerate(zip(self.forwards, self.backwards, strict=True)):
            inputs = self.dropout(inputs) if number else inputs
            rightward, _ = forwards(inputs)
            leftward, _ = backwards(turned(inputs, lengths))
            ends = torch.cat([last_step(rightward, lengths), last_step(leftward, lengths)], 1)
            if number < len(self.forwards) - 1:
                inputs = torch.cat([rightward, turned(leftward, lengths)], 2)  # (B, T, 2 H)
        return ends


def _layers(cell: str, input_size: int, hidden_size: int, num_layers: int, directions: int) -> nn.ModuleList:
    """One direction's layers, one module each; those above the first read the outputs of all directions."""
    sizes = [input_size, *[directions * hidden_size] * (num_layers - 1)]
    return nn.ModuleList(
        load_class(CELLS[cell].layers)(input_size=size, hidden_size=hidden_size, num_layers=1, batch_first=True)
        for size in sizes
    )


class Classifier(nn.Module):
    """Embedding, recurrent layers in one direction or two, and a head that gives the logit of the second class.

    Args:
        vocab_size: V.
        cell: a name in registry.CELLS.
        embedding_dim: E.
        hidden_size: H, of each direction.
        num_layers: L.
        bidirectional: whether the text is also read backwards.
        head_size: units of a layer with ReLU between the state and the logit; None: the logit is linear in the state.
        dropout: between the layers and before the head, in training mode only.
        output_dropout: before the head; None: the same as `dropout`.
        init: a name in INITIAL_VALUES.
        freeze_second_bias: keep PyTorch's second bias vector at zero and do not train it.
    """

    def __init__(
        self,
        vocab_size: int,
        cell: str = "lstm",
        embedding_dim: int = 64,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        head_size: int | None = None,
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
        self.bidirectional = bidirectional
        self.head_size = head_size
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        directions: Any = TwoDirections if bidirectional else OneDirection
        self.rnn = directions(cell, embedding_dim, hidden_size, num_layers, dropout)
        self.dropout = nn.Dropout(dropout if output_dropout is None else output_dropout)
        features = hidden_size * (2 if bidirectional else 1)
        self.head = nn.Sequential(nn.Linear(features, head_size), nn.ReLU()) if head_size is not None else nn.Identity()
        self.output = nn.Linear(features if head_size is None else head_size, 1)
        INITIAL_VALUES[init](self)
        if freeze_second_bias:
            freeze_at_zero(second_biases(self.rnn))

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Logits (B,) of texts padded to tokens (B, T) int64, of which the first `lengths` (B,) int64 are real.

        What the padding holds has no influence. Each length is from 1 to T.
        """
        return self._logits(self.rnn(self.embedding(tokens), lengths))

    def beginnings(self, tokens: Tensor) -> Tensor:
        """Logits (T + 1,) of the beginnings of a text, tokens (T,): of none of it, its first token, ..., all of it.

        That of none is the logit of a state of zeros. A network that also reads backwards reads each beginning from its
        own end, which takes T times as long as reading the whole.
        """
        inputs = self.embedding(tokens).unsqueeze(0)  # (1, T, E)
        if isinstance(self.rnn, OneDirection):
            states = self.rnn.steps(inputs)[0]  # (T, H)
        else:
            lengths = torch.arange(1, len(tokens) + 1, device=tokens.device)
            parts = (
                (inputs[:, : part[-1]].expand(len(part), -1, -1), part) for part in torch.split(lengths, BEGINNINGS)
            )
            states = torch.cat([self.rnn(*part) for part in parts])  # (T, 2 H)
        return self._logits(torch.cat([states.new_zeros(1, states.shape[1]), states]))

    def _logits(self, states: Tensor) -> Tensor:
        """From states (B, D H) to logits (B,)."""
        logits: Tensor = self.output(self.head(self.dropout(states))).squeeze(1)
        return logits
