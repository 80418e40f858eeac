"""Initial values of a CharRNN: a function for each choice of `model.init`.

They are for parameters named as PyTorch names them: weight_ih_l0, weight_hh_l0, bias_ih_l0 and so on. A cell whose
parameters have other names keeps the values that its constructor gave them.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import nn

from charcells.registry import CELLS

if TYPE_CHECKING:
    from charcells.models.char_rnn import CharRNN

ONE_HOT_STD = 1.6
"""Spread of the weights that read one-hot input, found by measurement: see `orthogonal`."""

_PYTORCH_NAME = re.compile(r"(weight|bias)_[a-z]+_l\d+")


def _named_as_pytorch(model: "CharRNN") -> Iterator[tuple[str, nn.Parameter]]:
    for name, parameter in model.rnn.named_parameters():
        if _PYTORCH_NAME.fullmatch(name):
            yield name, parameter


@torch.no_grad()
def orthogonal(model: "CharRNN") -> None:
    """Initial values from which each cell learns well.

    Recurrent weights are orthogonal, gate by gate (Saxe et al. 2014). What a layer reads moves each of its gates by
    about 1, the root mean square over inputs (LeCun et al. 1998): a second layer of an LSTM, which reads small numbers,
    has larger weights than that of an RNN. Biases start at 0, also that of an LSTM's forget gate: started open
    (Jozefowicz et al. 2015), it costs 0.02 to 0.04 nats on three texts (experiments/LOG.md). A one-hot vector has a
    single 1 where an embedding has E values of unit variance: with weights of spread ONE_HOT_STD it learns about as
    fast, with PyTorch's own several times more slowly.
    """
    for name, parameter in _named_as_pytorch(model):
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
            continue
        for gate in parameter.chunk(len(parameter) // model.hidden_size):
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(gate)
            elif name == "weight_ih_l0" and model.embedding is None:
                nn.init.normal_(gate, std=ONE_HOT_STD)
            elif name.startswith("weight_ih"):
                rms = 1.0 if name == "weight_ih_l0" else CELLS[model.cell].output_rms
                bound = math.sqrt(3 / gate.shape[1]) / rms  # the uniform distribution has a variance of bound² / 3
                nn.init.uniform_(gate, -bound, bound)
            else:
                nn.init.xavier_uniform_(gate)
    nn.init.zeros_(model.output.bias)


@torch.no_grad()
def keras(model: "CharRNN") -> None:
    """What Keras' LSTM starts from with recurrent_initializer='glorot_uniform'.

    Glorot-uniform weights, all gates of a matrix together; biases 0, but the forget gate's 1; embedding uniform in
    ±0.05.
    """
    for name, parameter in [*_named_as_pytorch(model), *model.output.named_parameters()]:
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
def normal(model: "CharRNN") -> None:
    """All weights N(0, 0.01²), biases 0 (Karpathy's min-char-rnn)."""
    kept = {f"rnn.{name}" for name, _ in model.rnn.named_parameters()}
    kept -= {f"rnn.{name}" for name, _ in _named_as_pytorch(model)}
    for name, parameter in model.named_parameters():
        if name in kept:
            continue
        if "bias" in name:
            nn.init.zeros_(parameter)
        else:
            nn.init.normal_(parameter, std=0.01)


INITIAL_VALUES: dict[str, Callable[["CharRNN"], None]] = {
    "orthogonal": orthogonal,
    "torch": lambda model: None,  # what the modules were made with
    "keras": keras,
    "normal": normal,
}
