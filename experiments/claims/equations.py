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

from experiments.study.findings import Claim, Constant, Finding, Region
from experiments.study.runs import Run, Scale
from experiments.study.verdicts import judge_all, judge_share

CLAIM = Claim(
    name="equations",
    source="004",
    quote="También calcularemos manualmente el paso hacia delante y compararemos los resultados con los de la RNN.",
    quote_language="es",
    translation="We will also compute the forward pass by hand and compare the results with those of the RNN. (That is "
    "the tanh RNN, which 002 prints too; 004 prints the gates of the LSTM as well, and no source those of the GRU.)",
    prediction="Supported: equal to 1e-12 in float64 for every draw of weights. The printed numbers: equal to 1e-6 in "
    "float32.",
    judged_by="For 200 draws of random weights and inputs of each cell, whether the largest difference between "
    "PyTorch's output and the formula written out is below 1e-12 in float64: the share of draws must be above 0.95 "
    "(exact binomial test; 200 of 200 show at least 0.98). The differences themselves are rounding errors, and the "
    "three pairs of numbers that 004 prints for torch.manual_seed(1) are one example: both are reported, not tested. "
    "The GRU's formula, which no source prints, is judged apart. Nothing is trained.",
    history="First edition: supported, by t tests on the sizes of rounding errors, with an interval that reached below "
    "0 for a difference that cannot be negative.",
)
SEEDS, INPUTS, UNITS, STEPS = range(11, 211), 3, 4, 6
EQUAL = 1e-12
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
    same = "weights and inputs"
    found = {cell: [difference(cell, seed) for seed in SEEDS] for cell in STEP}
    parts = {
        cell: judge_share(
            f"{cell.upper()} equals its formula", sum(value < EQUAL for value in values), len(values), Region(low=0.95),
            held_equal=same,
        )
        for cell, values in found.items()
    }  # fmt: skip
    printed = [parts["rnn"], parts["lstm"]]
    example, doubled, mended = max(printed_difference()), *(max(by_hand_difference(b)) for b in ("b_hh", "b_ih"))
    unit = "largest difference"
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("the library computes the printed recurrences", printed), *printed, parts["gru"]],
        constants=[
            *(Constant(f"{cell.upper()} against its formula, float64", max(found[cell]), unit) for cell in found),
            Constant("nn.RNN against the numbers that 004 prints, float32", example, unit),
            Constant("004's listing taken literally, with b_hh twice, against its own numbers", doubled, unit),
            Constant("the same with b_ih and b_hh", mended, unit),
        ],
        answer="The largest differences: "
        + ", ".join(f"{cell.upper()} {max(values):.1e}" for cell, values in found.items())
        + f" in float64; {example:.1e} against the printed numbers, in float32. No source prints the GRU's equations. "
        f"004's listing adds b_hh twice, and so is {doubled:.2f} off its own numbers; with b_ih and b_hh it is "
        f"{mended:.1e} off.",
        population="nn.RNN, nn.GRU and nn.LSTM of the installed PyTorch, one layer",
        held_equal=same,
    )
