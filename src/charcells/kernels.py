"""Basic compiled functions, for writing text and for training on few streams: products and the cells' functions.

numba compiles them at their first call, for the processor that it runs on.

A result must not depend on how many texts or streams are computed together, to the last bit. So every sum is taken in
an order that does not depend on it: an output is the sum over its inputs from first to last, and the loops that become
vector instructions run over the outputs. Products and sums may be contracted (one rounding instead of two), but sums
are not reordered.

Legend: B texts or streams, H inputs, N outputs.
"""

import math
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

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

    Four rows of weights serve for each pass over the sums, and two texts share what is read. For the sums it makes no
    difference: each takes its products one after another.
    """
    texts, columns = sums.shape
    fours = len(weights) - len(weights) % 4
    pairs = texts - texts % 2
    for h in range(0, fours, 4):
        w0, w1, w2, w3 = weights[h], weights[h + 1], weights[h + 2], weights[h + 3]
        for text in range(0, pairs, 2):
            x0, x1, x2, x3 = inputs[text, h], inputs[text, h + 1], inputs[text, h + 2], inputs[text, h + 3]
            u0, u1, u2, u3 = (
                inputs[text + 1, h],
                inputs[text + 1, h + 1],
                inputs[text + 1, h + 2],
                inputs[text + 1, h + 3],
            )
            y, z = sums[text], sums[text + 1]
            for n in range(columns):
                v0, v1, v2, v3 = widen(w0[n]), widen(w1[n]), widen(w2[n]), widen(w3[n])
                y[n] = y[n] + x0 * v0 + x1 * v1 + x2 * v2 + x3 * v3
                z[n] = z[n] + u0 * v0 + u1 * v1 + u2 * v2 + u3 * v3
        if pairs < texts:
            x0, x1, x2, x3 = inputs[pairs, h], inputs[pairs, h + 1], inputs[pairs, h + 2], inputs[pairs, h + 3]
            y = sums[pairs]
            for n in range(columns):
                y[n] = y[n] + x0 * widen(w0[n]) + x1 * widen(w1[n]) + x2 * widen(w2[n]) + x3 * widen(w3[n])
    for h in range(fours, len(weights)):
        w0 = weights[h]
        for text in range(texts):
            x0, y = inputs[text, h], sums[text]
            for n in range(columns):
                y[n] = y[n] + x0 * widen(w0[n])
