"""Compiled loops over time of models.recurrence: RNN and GRU, forwards and backwards.

A gate is the sum of its input's part, with the biases, and its state's part. Weights of the state are (H, G) forwards,
that is transposed, and PyTorch's (G, H) backwards.

Legend: B batch, T time, H hidden, G gates of a cell times H.
"""

from typing import Any

import numpy as np

from charcells.kernels import ONE, ZERO, add_products, compiled, entry, sigmoid, tanh


@entry
def rnn_forward(gates: Any, weights: Any, states: Any) -> None:
    """Set states (T + 1, B, H) after the first, from gates (T, B, H); the gates are overwritten."""
    steps, batch, size = gates.shape
    for t in range(steps):
        add_products(gates[t], states[t], weights)
        for row in range(batch):
            gate, state = gates[t, row], states[t + 1, row]
            for j in range(size):
                state[j] = tanh(gate[j])


@entry
def rnn_backward(of_outputs: Any, states: Any, weights: Any, of_gates: Any, of_state: Any) -> None:
    """Set the gradients of the gates (T, B, H), from those of the outputs (T, B, H) and of the last state (B, H).

    of_state becomes the gradient of the first state.
    """
    steps, batch, size = of_outputs.shape
    for t in range(steps - 1, -1, -1):
        for row in range(batch):
            state, output, gate, carried = states[t + 1, row], of_outputs[t, row], of_gates[t, row], of_state[row]
            for j in range(size):
                gate[j] = (carried[j] + output[j]) * (ONE - state[j] * state[j])
                carried[j] = ZERO
        add_products(of_state, of_gates[t], weights)


@compiled
def gru_step(gate: Any, part: Any, new_bias: Any, before: Any, after: Any, kept: Any) -> None:
    size = len(before)
    for j in range(size):
        r = sigmoid(gate[j] + part[j])
        z = sigmoid(gate[size + j] + part[size + j])
        part_n = part[2 * size + j] + new_bias[j]
        n = tanh(gate[2 * size + j] + r * part_n)
        after[j] = n + z * (before[j] - n)
        kept[j], kept[size + j], kept[2 * size + j], kept[3 * size + j] = r, z, n, part_n


@entry
def gru_forward(gates: Any, weights: Any, new_bias: Any, states: Any, kept: Any) -> None:
    """Set states (T + 1, B, H) after the first, and what the backward pass needs, (T, B, 4 H), from gates (T, B, G)."""
    steps, batch, size = gates.shape
    parts = np.empty((batch, size), np.float32)
    for t in range(steps):
        for row in range(batch):
            for n in range(size):
                parts[row, n] = ZERO
        add_products(parts, states[t], weights)
        for row in range(batch):
            gru_step(gates[t, row], parts[row], new_bias, states[t, row], states[t + 1, row], kept[t, row])


@compiled
def gru_step_back(output: Any, carried: Any, before: Any, kept: Any, of_gate: Any, of_part: Any) -> None:
    size = len(before)
    for j in range(size):
        r, z, n, part_n = kept[j], kept[size + j], kept[2 * size + j], kept[3 * size + j]
        after = carried[j] + output[j]
        of_n = after * (ONE - z) * (ONE - n * n)
        of_z = after * (before[j] - n) * z * (ONE - z)
        of_r = of_n * part_n * r * (ONE - r)
        of_gate[j], of_gate[size + j], of_gate[2 * size + j] = of_r, of_z, of_n
        of_part[j], of_part[size + j], of_part[2 * size + j] = of_r, of_z, of_n * r
        carried[j] = after * z


@entry
def gru_backward(
    of_outputs: Any, states: Any, kept: Any, weights: Any, of_gates: Any, of_parts: Any, of_state: Any
) -> None:
    """Set the gradients of the gates' two parts, (T, B, G) each, from those of the outputs and the last state (B, H).

    of_state becomes the gradient of the first state.
    """
    steps, batch, _ = of_outputs.shape
    for t in range(steps - 1, -1, -1):
        for row in range(batch):
            arrays = (of_outputs[t, row], of_state[row], states[t, row], kept[t, row])
            gru_step_back(*arrays, of_gates[t, row], of_parts[t, row])
        add_products(of_state, of_parts[t], weights)
