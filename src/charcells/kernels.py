"""Everything that numba compiles: the loops that write text, and the recurrence of RNN and GRU in training.

numba compiles a function at its first call, for the processor that it runs on, and keeps the machine code on disk. It
compiles again when this file has changed, but would not notice a change of another file, so all of it stands here.

A result must not depend on how many texts or streams are computed together, to the last bit. So every sum is taken in
an order that does not depend on it: an output is the sum over its inputs from first to last, and the loops that become
vector instructions run over the outputs. Products and sums may be contracted (one rounding instead of two), but sums
are not reordered.

Weights are read as float32, as bfloat16 (the upper half of a float32's bits, in a uint16) or as int8, and always summed
in float32. An output's sum is multiplied by its scale, which is 1 unless the weights are int8.

Legend: B texts or streams, S steps, T time, V vocabulary, L layers, H hidden units, N outputs, G gates of a cell
times H.
"""

import math
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

RNN, GRU, LSTM = 0, 1, 2

ZERO, HALF, ONE, TWO = (np.float32(value) for value in (0, 0.5, 1, 2))

OPTIONS: Any = {"fastmath": {"contract"}, "error_model": "numpy"}
compiled: Any = numba.njit(**OPTIONS)


def entry(function: Any) -> Any:
    """As `compiled`, for a function that Python calls; the machine code is kept on disk where that is possible."""
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # no folder can be written, neither the package's nor the user's
        return numba.njit(**OPTIONS)(function)


def _float_of_bits(context: Any, bits: Any) -> Any:
    """The float32 with the given 32 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


float_of_bits: Any = intrinsic(_float_of_bits)


def _widen(context: Any, weight: Any) -> Any:
    """A stored weight as float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        stored = arguments[0]
        if weight == types.uint16:
            upper = builder.shl(builder.zext(stored, ir.IntType(32)), ir.Constant(ir.IntType(32), 16))
            return builder.bitcast(upper, ir.FloatType())
        return stored if weight == types.float32 else builder.sitofp(stored, ir.FloatType())

    return types.float32(weight), generate


widen: Any = intrinsic(_widen)


# exp(x) = 2^k exp(r) with k an integer and |r| <= ln 2 / 2; exp(r) by the first terms of its Taylor series
LOG2_E = np.float32(1 / math.log(2))
LN2_UPPER = np.float32(0.693359375)  # few digits, so that k times it is exact
LN2_LOWER = np.float32(math.log(2) - 0.693359375)
E2, E3, E4, E5, E6 = (np.float32(1 / math.factorial(power)) for power in range(2, 7))
LARGEST = np.float32(87)
BIAS, MANTISSA = np.int32(127), np.int32(23)


@compiled
def exp(x: Any) -> Any:
    """e^x in float32, for vector instructions: relative error below 1e-6, x limited to [-87, 87], NaN stays NaN."""
    x = LARGEST if x > LARGEST else x
    x = -LARGEST if x < -LARGEST else x
    k = np.floor(x * LOG2_E + HALF)
    r = x - k * LN2_UPPER - k * LN2_LOWER
    series = ONE + r * (ONE + r * (E2 + r * (E3 + r * (E4 + r * (E5 + r * E6)))))
    return series * float_of_bits(np.int32((np.int32(k) + BIAS) << MANTISSA))


@compiled
def sigmoid(x: Any) -> Any:
    return ONE / (ONE + exp(-x))


@compiled
def tanh(x: Any) -> Any:
    return ONE - TWO / (exp(TWO * x) + ONE)


@compiled
def add_products(sums: Any, inputs: Any, weights: Any) -> None:
    """Add to sums (B, N) the products of inputs (B, H) and weights (H, N).

    A pass over the sums takes several rows of weights, eight for a single text, and two texts share what is read. For
    the sums it makes no difference: each takes its products one after another. All loops over n begin at 0, since numba
    checks an index of unknown sign, and makes no vector instructions of it.
    """
    texts, columns = sums.shape
    pairs = texts - texts % 2
    done = len(weights) - len(weights) % 4 if texts > 1 else 0
    for h in range(0, done, 4):
        w0, w1, w2, w3 = weights[h], weights[h + 1], weights[h + 2], weights[h + 3]
        for text in range(0, pairs, 2):
            a, b = inputs[text], inputs[text + 1]
            a0, a1, a2, a3 = a[h], a[h + 1], a[h + 2], a[h + 3]
            b0, b1, b2, b3 = b[h], b[h + 1], b[h + 2], b[h + 3]
            y, z = sums[text], sums[text + 1]
            for n in range(columns):
                v0, v1, v2, v3 = widen(w0[n]), widen(w1[n]), widen(w2[n]), widen(w3[n])
                y[n] = y[n] + a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3
                z[n] = z[n] + b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3
    for text in range(0, pairs):
        for h in range(done, len(weights)):
            x, w, y = inputs[text, h], weights[h], sums[text]
            for n in range(columns):
                y[n] = y[n] + x * widen(w[n])
    for text in range(pairs, texts):
        add_products_of_one(sums[text], inputs[text], weights)


@compiled
def add_products_of_one(y: Any, x: Any, weights: Any) -> None:
    """`add_products` of one text: sums (N,) and inputs (H,)."""
    columns = len(y)
    eights = len(weights) - len(weights) % 8
    for h in range(0, eights, 8):
        w0, w1, w2, w3 = weights[h], weights[h + 1], weights[h + 2], weights[h + 3]
        w4, w5, w6, w7 = weights[h + 4], weights[h + 5], weights[h + 6], weights[h + 7]
        x0, x1, x2, x3 = x[h], x[h + 1], x[h + 2], x[h + 3]
        x4, x5, x6, x7 = x[h + 4], x[h + 5], x[h + 6], x[h + 7]
        for n in range(columns):
            half = y[n] + x0 * widen(w0[n]) + x1 * widen(w1[n]) + x2 * widen(w2[n]) + x3 * widen(w3[n])
            y[n] = half + x4 * widen(w4[n]) + x5 * widen(w5[n]) + x6 * widen(w6[n]) + x7 * widen(w7[n])
    for h in range(eights, len(weights)):
        w = weights[h]
        for n in range(columns):
            y[n] = y[n] + x[h] * widen(w[n])


@compiled
def products(sums: Any, inputs: Any, weights: Any, scales: Any) -> None:
    """Set sums (B, N) to the products of inputs (B, H) and weights (H, N) times scales (N,)."""
    texts, columns = sums.shape
    for text in range(texts):
        for n in range(columns):
            sums[text, n] = ZERO
    add_products(sums, inputs, weights)
    for text in range(texts):
        for n in range(columns):
            sums[text, n] *= scales[n]


@compiled
def rnn_cell(x: Any, h: Any, hidden: Any) -> None:
    for j in range(len(hidden)):
        hidden[j] = tanh(x[j] + h[j])


@compiled
def gru_cell(x: Any, h: Any, bias: Any, hidden: Any) -> None:
    """x holds the input's part of the gates r, z, n and the biases; h and bias the state's part and bias of n."""
    size = len(hidden)
    xr, xz, xn = x[:size], x[size : 2 * size], x[2 * size :]
    hr, hz, hn = h[:size], h[size : 2 * size], h[2 * size :]
    for j in range(size):
        new = tanh(xn[j] + sigmoid(xr[j] + hr[j]) * (hn[j] + bias[j]))
        hidden[j] = new + sigmoid(xz[j] + hz[j]) * (hidden[j] - new)


@compiled
def lstm_cell(x: Any, h: Any, hidden: Any, cell: Any) -> None:
    size = len(hidden)
    xi, xf, xg, xo = x[:size], x[size : 2 * size], x[2 * size : 3 * size], x[3 * size :]
    hi, hf, hg, ho = h[:size], h[size : 2 * size], h[2 * size : 3 * size], h[3 * size :]
    for j in range(size):
        kept = sigmoid(xf[j] + hf[j]) * cell[j]
        cell[j] = kept + sigmoid(xi[j] + hi[j]) * tanh(xg[j] + hg[j])
        hidden[j] = sigmoid(xo[j] + ho[j]) * tanh(cell[j])


@compiled
def read(kind: Any, network: Any, state: Any, buffers: Any, tokens: Any) -> None:
    """Read one token of each text, (B,): the new state."""
    table, recurrent, recurrent_scales, inputs, input_scales, biases, new_biases = network[:7]
    hidden, cells = state
    from_input, from_hidden = buffers
    for layer in range(len(recurrent)):
        if layer == 0:
            for row in range(len(tokens)):
                for n in range(from_input.shape[1]):
                    from_input[row, n] = table[tokens[row], n]
        else:
            products(from_input, hidden[layer - 1], inputs[layer - 1], input_scales[layer - 1])
            for row in range(len(tokens)):
                for n in range(from_input.shape[1]):
                    from_input[row, n] += biases[layer - 1, n]
        products(from_hidden, hidden[layer], recurrent[layer], recurrent_scales[layer])
        for row in range(len(tokens)):
            if kind == LSTM:
                lstm_cell(from_input[row], from_hidden[row], hidden[layer, row], cells[layer, row])
            elif kind == GRU:
                gru_cell(from_input[row], from_hidden[row], new_biases[layer], hidden[layer, row])
            else:
                rnn_cell(from_input[row], from_hidden[row], hidden[layer, row])


@compiled
def predict(network: Any, state: Any, logits: Any) -> None:
    """Set logits (B, V) of the next token."""
    output, output_scales, output_bias = network[7:]
    hidden, _ = state
    products(logits, hidden[-1], output, output_scales)
    for row in range(len(logits)):
        for n in range(len(output_bias)):
            logits[row, n] += output_bias[n]


@compiled
def sift(heap: Any, logits: Any, start: Any, size: Any) -> None:
    """Restore the order of a heap of tokens (the likeliest on top, of equals the first in the vocabulary)."""
    parent = start
    while 2 * parent + 1 < size:
        child = 2 * parent + 1
        if child + 1 < size and comes_before(heap[child + 1], heap[child], logits):
            child += 1
        if not comes_before(heap[child], heap[parent], logits):
            return
        heap[parent], heap[child] = heap[child], heap[parent]
        parent = child


@compiled
def comes_before(a: Any, b: Any, logits: Any) -> Any:
    return logits[a] > logits[b] or (logits[a] == logits[b] and a < b)


@compiled
def choose(logits: Any, temperature: Any, top_k: Any, top_p: Any, uniform: Any) -> Any:
    """Draw one token for one text with logits (V,), as draw.choose does."""
    size, likeliest = len(logits), 0
    for n in range(1, size):
        if logits[n] > logits[likeliest]:
            likeliest = n
    if temperature == 0:
        return likeliest
    weights = np.empty(size, np.float64)
    for n in range(size):
        weights[n] = math.exp((np.float64(logits[n]) - np.float64(logits[likeliest])) / temperature)
    if top_k >= size and top_p >= 1:
        return find(weights, size, uniform)
    # take the likeliest tokens one by one from a heap
    heap = np.empty(size, np.int64)
    for n in range(size):
        heap[n] = n
    for parent in range(size // 2 - 1, -1, -1):
        sift(heap, logits, parent, size)
    count = min(top_k, size)
    taken, kept = np.empty(count, np.int64), np.empty(count, np.float64)
    for n in range(count):
        taken[n], kept[n] = heap[0], weights[heap[0]]
        heap[0] = heap[size - 1 - n]
        sift(heap, logits, 0, size - 1 - n)
    if top_p < 1:
        total = 0.0
        for n in range(count):
            total += kept[n]
        reached, enough = 0.0, 0
        while enough < count and reached < top_p * total:
            reached += kept[enough]
            enough += 1
        count = enough
    return taken[find(kept, count, uniform)]


@compiled
def find(weights: Any, count: Any, share: Any) -> Any:
    """The first of so many weights up to which they sum to more than this share of them all; if none, the last."""
    total = 0.0
    for n in range(count):
        total += weights[n]
    reached = 0.0
    for n in range(count):
        reached += weights[n]
        if reached > share * total:
            return n
    return count - 1


@entry
def run(
    kind: Any,
    network: Any,
    state: Any,
    buffers: Any,
    logits: Any,
    draws: Any,
    temperatures: Any,
    top_k: Any,
    top_p: Any,
    uniform: Any,
    tokens: Any,
) -> None:
    """Read tokens (S, B), step by step; leave the state and the logits (B, V) after the last.

    With `draws`, each token is first drawn, from the logits before it. One function for both, since compiling is slow.

    Args:
        kind: RNN, GRU or LSTM.
        network: table (V, G) of the first layer's input with its biases; recurrent weights (L, H, G) and their scales
            (L, G); input weights of the other layers (L - 1, H, G), their scales (L - 1, G) and their biases; a GRU's
            biases inside the reset (L, H), otherwise unused; output weights (H, V), their scales (V,) and biases (V,).
        state: hidden and cells, (L, B, H) each. Only an LSTM uses the cells.
        buffers: two of (B, G) each, overwritten.
        logits: (B, V).
        temperatures: (B,); 0 takes the likeliest token.
        top_k, top_p: V and 1.0 draw among all tokens.
        uniform: (S, B), at least 0 and below 1.
    """
    steps, texts = tokens.shape
    for step in range(steps):
        if draws:
            for text in range(texts):
                tokens[step, text] = choose(logits[text], temperatures[text], top_k, top_p, uniform[step, text])
        read(kind, network, state, buffers, tokens[step])
        if draws or step == steps - 1:
            predict(network, state, logits)


# training: weights of the state are (H, G) forwards, that is transposed, and PyTorch's (G, H) backwards


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
