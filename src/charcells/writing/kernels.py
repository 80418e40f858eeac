"""Compiled loops for writing text: RNN, GRU or LSTM layers one character at a time, and the draw of the next.

numba compiles these functions at their first call, for the processor that it runs on, and caches the result on disk.

Weights are read as float32, as bfloat16 (the upper half of a float32's bits, in a uint16) or as int8, and always summed
in float32. An output's sum is multiplied by its scale, which is 1 unless the weights are int8.

Legend: B texts, S steps, V vocabulary, L layers, H hidden units, G gates of a cell times H.
"""

import math
from typing import Any

import numpy as np

from charcells.kernels import ZERO, add_products, compiled, entry, sigmoid, tanh

RNN, GRU, LSTM = 0, 1, 2


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
