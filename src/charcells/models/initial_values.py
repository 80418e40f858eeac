"""Initial values of a CharRNN or a Classifier: one function for each choice of `model.init`.

Each function takes the model, typed Any because its file imports this one. It sets the parameters with PyTorch's
names: weight_ih_l0, weight_hh_l0, bias_ih_l0 and so on. Parameters with other names keep the values from the cell's
constructor.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from charcells.registry import CELLS

ONE_HOT_STD = 1.6
"""Standard deviation of the weights for one-hot input, found by measurement (experiments/LOG.md): see `orthogonal`."""

_PYTORCH_NAME = re.compile(r"(?:(?:forwards|backwards)\.(\d+)\.)?((?:weight|bias)_[a-z]+_l)(\d+)")
"""A parameter of PyTorch's layers. Before the dot: which layer of classifier.TwoDirections it belongs to."""


def _named_as_pytorch(model: Any) -> Iterator[tuple[str, nn.Parameter]]:
    """The parameters of the recurrent layers with PyTorch's names, such as 'weight_ih_l1' for those of layer 1."""
    for name, parameter in model.rnn.named_parameters():
        if found := _PYTORCH_NAME.fullmatch(name):
            yield f"{found[2]}{int(found[1] or 0) + int(found[3])}", parameter


@torch.no_grad()
def orthogonal(model: Any) -> None:
    """Orthogonal recurrent weights, scaled input weights and zero biases: the default.

    Recurrent weights are orthogonal, separately for each gate (Saxe et al. 2014). Input weights are scaled so that the
    input part of each gate has a root mean square of about 1 (LeCun et al. 1998). The outputs of an LSTM layer are
    smaller than those of an RNN layer, so the layer above an LSTM gets larger weights.

    All biases are 0, including that of an LSTM's forget gate. Starting with an open forget gate (Jozefowicz et al.
    2015) cost 0.02 to 0.04 nats on three texts (experiments/LOG.md).

    A one-hot vector has a single 1, where an embedding has E values of unit variance, and needs larger weights. With
    ONE_HOT_STD it learns about as fast as an embedding, and with PyTorch's own initial values much more slowly.
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
def keras(model: Any) -> None:
    """The initial values of Keras' LSTM with recurrent_initializer='glorot_uniform'.

    Glorot-uniform weights, with all gates of a matrix taken together; zero biases, except 1 for the forget gate;
    embedding uniform in ±0.05.
    """
    for name, parameter in [*_named_as_pytorch(model), *model.output.named_parameters()]:
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        else:
            nn.init.xavier_uniform_(parameter)
    size = model.hidden_size
    for module in model.rnn.modules():
        for layer in range(module.num_layers) if isinstance(module, nn.LSTM) else ():
            # PyTorch's order of the gates: input, forget, cell, output. Only one of the two biases, as they are added.
            getattr(module, f"bias_ih_l{layer}")[size : 2 * size] = 1.0
    if model.embedding is not None:
        nn.init.uniform_(model.embedding.weight, -0.05, 0.05)


@torch.no_grad()
def normal(model: Any) -> None:
    """All weights N(0, 0.01²), biases 0 (Karpathy's min-char-rnn)."""
    kept = set(map(id, model.rnn.parameters())) - {id(parameter) for _, parameter in _named_as_pytorch(model)}
    for name, parameter in model.named_parameters():
        if id(parameter) in kept:
            continue
        if "bias" in name:
            nn.init.zeros_(parameter)
        else:
            nn.init.normal_(parameter, std=0.01)


INITIAL_VALUES: dict[str, Callable[[Any], None]] = {
    "orthogonal": orthogonal,
    "torch": lambda model: None,  # the modules' own initial values
    "keras": keras,
    "normal": normal,
}
