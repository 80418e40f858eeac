"""Plain recurrences h_t = f(W h_{t-1} + u_t), and how gradients shrink or grow on their way back, without autograd.

Legend: B sequences, T time, H hidden.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def linear(x: Array) -> Array:
    return x


def sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


def relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


ACTIVATIONS: dict[str, Any] = {
    "linear": (linear, np.ones_like),
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "sigmoid": (sigmoid, lambda h: h * (1 - h)),
    "relu": (relu, lambda h: (h > 0).astype(float)),
}
"""Each activation f, and its derivative as a function of h = f(x)."""


def spectral_radius(weight: Array) -> float:
    """The largest modulus of an eigenvalue of a matrix (H, H): |w| of a recurrence with one unit."""
    return float(np.abs(np.linalg.eigvals(weight)).max())


def derivatives(weight: Array, driven: Array, activation: str) -> Array:
    """The derivative f' of each unit at each time, (T, B, H), of a recurrence that begins at zero.

    Args:
        weight: W, (H, H).
        driven: u, the input's part with the bias, (T, B, H).
    """
    function, derivative = ACTIVATIONS[activation]
    h, found = np.zeros_like(driven[0]), []
    for u in driven:
        h = function(h @ weight.T + u)
        found.append(derivative(h))
    return np.stack(found)


def log_gradients(weight: Array, slopes: Array, seed: int = 0) -> Array:
    """log10 of the norm of a gradient with respect to h, 0 to T - 1 steps before the last: (B, T).

    At the last step the gradient is a random vector of norm 1. Going back a step multiplies it by the derivative at
    that step and by the transpose of W (Pascanu et al. 2013, equation 5). It is brought back to norm 1 at each step, so
    that no power of ten is too small for a float. A gradient of exactly 0 counts as 1e-300.

    Args:
        slopes: as `derivatives` returns them.
    """
    gradient = np.random.default_rng(seed).normal(size=slopes.shape[1:])
    gradient /= np.linalg.norm(gradient, axis=-1, keepdims=True)
    logs = [np.zeros(len(gradient))]
    for slope in slopes[:0:-1]:
        gradient = (gradient * slope) @ weight
        norm = np.maximum(np.linalg.norm(gradient, axis=-1, keepdims=True), 1e-300)
        gradient /= norm
        logs.append(logs[-1] + np.log10(norm[:, 0]))
    return np.maximum(np.stack(logs, axis=1), -300.0)
