"""Sources 002 and 004 print recurrences; this checks that PyTorch's layers compute them.

Printed: the tanh RNN, in 002's equations 1 to 3 (without biases) and code, and in 004's worked example; the gates of
the LSTM, in 004 (with one bias each, where PyTorch adds two). No source prints the GRU's equations: its formula is that
of PyTorch's documentation.

004's listing adds `b_hh` twice, to the input's part and to the recurrent one. Taken literally it does not give the
numbers printed below it; with `b_ih` and `b_hh` it does.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.study.findings import Claim, Finding, Region
from experiments.study.runs import Run, Scale
from experiments.study.verdicts import judge_all, judge_mean

CLAIM = Claim(
    name="equations",
    source="004",
    quote="También calcularemos manualmente el paso hacia delante y compararemos los resultados con los de la RNN.",
    quote_language="es",
    translation="We will also compute the forward pass by hand and compare the results with those of the RNN. (That is "
    "the tanh RNN, which 002 prints too; 004 prints the gates of the LSTM as well, and no source those of the GRU.)",
    prediction="Supported: equal to 1e-6 in float32 (the printed numbers) and to 1e-12 in float64.",
    judged_by="Largest difference between PyTorch's output and the formula written out, over five seeds of random "
    "weights for each cell, below 1e-12 in float64; and against the three pairs of numbers that 004 prints for "
    "torch.manual_seed(1), below 1e-6. The GRU's formula, which no source prints, is judged apart. Nothing is trained; "
    "only weights and inputs are drawn at random.",
)
SEEDS, INPUTS, UNITS, STEPS = (1, 2, 3, 4, 5), 3, 4, 6
PRINTED = [[-0.3519801, 0.52525216], [-0.68424344, 0.76074266], [-0.8649416, 0.90466356]]
"""Hidden states of 004's worked example at its three steps."""


def runs(scale: Scale) -> list[Run]:
    return []  # nothing is trained


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def rnn(x: Any, h: Any, c: Any, wi: Any, wh: Any, bi: Any, bh: Any) -> tuple[Any, Any]:
    return np.tanh(wi @ x + bi + wh @ h + bh), c


def lstm(x: Any, h: Any, c: Any, wi: Any, wh: Any, bi: Any, bh: Any) -> tuple[Any, Any]:
    i, f, g, o = np.split(wi @ x + bi + wh @ h + bh, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x: Any, h: Any, c: Any, wi: Any, wh: Any, bi: Any, bh: Any) -> tuple[Any, Any]:
    (r, z, n), (hr, hz, hn) = np.split(wi @ x + bi, 3), np.split(wh @ h + bh, 3)
    update = sigmoid(z + hz)
    return (1 - update) * np.tanh(n + sigmoid(r + hr) * hn) + update * h, c


# each takes x (INPUTS,), the states h and c (UNITS,) and PyTorch's weights, and returns the next h and c
STEP: dict[str, Callable[..., tuple[Any, Any]]] = {"rnn": rnn, "gru": gru, "lstm": lstm}


def difference(cell: str, seed: int) -> float:
    """The largest difference between PyTorch's outputs and those of the formula over STEPS steps, in float64."""
    import torch

    from charcells.registry import CELLS, load_class

    torch.manual_seed(seed)
    layer = load_class(CELLS[cell].layers)(
        input_size=INPUTS, hidden_size=UNITS, num_layers=1, batch_first=True
    ).double()
    x = torch.randn(1, STEPS, INPUTS, dtype=torch.float64)
    weights = [parameter.detach().numpy() for parameter in layer.parameters()]
    h, c, worst = np.zeros(UNITS), np.zeros(UNITS), 0.0
    outputs = layer(x)[0][0].detach().numpy()
    for t in range(STEPS):
        h, c = STEP[cell](x[0, t].numpy(), h, c, *weights)
        worst = max(worst, float(np.abs(outputs[t] - h).max()))
    return worst


def worked_example() -> tuple[Any, Any]:
    """The layer of 004's worked example and its inputs (3, 5), in float32."""
    import torch

    torch.manual_seed(1)
    layer = torch.nn.RNN(input_size=5, hidden_size=2, num_layers=1, batch_first=True)
    return layer, torch.tensor([[1.0] * 5, [2.0] * 5, [3.0] * 5])


def printed_difference() -> list[float]:
    """The largest difference between nn.RNN and PRINTED at each step of 004's worked example."""
    layer, inputs = worked_example()
    outputs = layer(inputs.unsqueeze(0))[0][0].detach().numpy()
    return [float(np.abs(output - numbers).max()) for output, numbers in zip(outputs, PRINTED, strict=True)]


def by_hand_difference(input_bias: str) -> list[float]:
    """As `printed_difference`, but by 004's listing, with `b_ih` or, as it prints, `b_hh` added to the input's part."""
    layer, inputs = worked_example()
    weights = {name: parameter.detach().numpy() for name, parameter in layer.named_parameters()}
    first, second = weights[f"bias_{input_bias.removeprefix('b_')}_l0"], weights["bias_hh_l0"]
    h, differences = np.zeros(2), []
    for x, numbers in zip(inputs.numpy(), PRINTED, strict=True):
        h, _ = rnn(x, h, None, weights["weight_ih_l0"], weights["weight_hh_l0"], first, second)
        differences.append(float(np.abs(h - numbers).max()))
    return differences


def judge(scale: Scale) -> Finding:
    unit, same = "largest difference", "weights and inputs"
    found = {cell: [difference(cell, seed) for seed in SEEDS] for cell in STEP}
    parts = {
        cell: judge_mean(f"{cell.upper()} against its formula", values, Region(high=1e-12), unit=unit, held_equal=same)
        for cell, values in found.items()
    }
    numbers = judge_mean(
        "nn.RNN against the numbers that 004 prints", printed_difference(), Region(high=1e-6), unit=unit, min_runs=3
    )
    printed = [parts["rnn"], parts["lstm"], numbers]
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("the library computes the printed recurrences", printed), *printed, parts["gru"]],
        answer="The largest differences: "
        + ", ".join(f"{cell.upper()} {max(values):.1e}" for cell, values in found.items())
        + f" in float64; {max(printed_difference()):.1e} against the printed numbers, in float32. No source prints the "
        f"GRU's equations. 004's listing adds b_hh twice, and so is {max(by_hand_difference('b_hh')):.2f} off its own "
        f"numbers; with b_ih and b_hh it is {max(by_hand_difference('b_ih')):.1e} off.",
        population="nn.RNN, nn.GRU and nn.LSTM of the installed PyTorch, one layer",
        held_equal=same,
    )
