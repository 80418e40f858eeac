"""Gradients of plain recurrences against powers of the weight, PyTorch's autograd and a finite difference."""

import numpy as np
import pytest
import torch

from experiments.study.recurrences import (
    ACTIVATIONS,
    derivatives,
    log_gradients,
    sigmoid,
    spectral_radius,
)

FUNCTIONS = {"linear": lambda x: x, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}


@pytest.mark.parametrize("w", [0.5, -0.9, 1.0, 1.1])
def test_the_gradient_of_a_linear_recurrence_of_one_unit_is_a_power_of_its_weight(w):
    weight, driven = np.array([[w]]), np.ones((40, 2, 1))
    assert spectral_radius(weight) == abs(w)
    norms = 10 ** log_gradients(weight, derivatives(weight, driven, "linear"))
    np.testing.assert_allclose(norms, np.broadcast_to(abs(w) ** np.arange(40.0), (2, 40)), rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_those_of_autograd(activation):
    drawn = np.random.default_rng(1)
    weight, driven = drawn.normal(size=(4, 4)), drawn.normal(size=(6, 3, 4))
    found = 10 ** log_gradients(weight, derivatives(weight, driven, activation), seed=7)
    last = np.random.default_rng(7).normal(size=(3, 4))
    last /= np.linalg.norm(last, axis=1, keepdims=True)
    h, states = torch.zeros(3, 4, dtype=torch.double), []
    for u in torch.from_numpy(driven):
        h = FUNCTIONS[activation](h @ torch.from_numpy(weight).T + u).requires_grad_()
        states.append(h)
    gradients = torch.autograd.grad((states[-1] * torch.from_numpy(last)).sum(), states[::-1])
    expected = torch.stack([gradient.norm(dim=-1) for gradient in gradients], 1)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_sigmoid_does_not_overflow_and_the_spectral_radius_is_that_of_complex_eigenvalues():
    np.testing.assert_allclose(sigmoid(np.array([-1e4, 0.0, 1e4])), [0, 0.5, 1])
    turn = np.array([[0.0, -2.0], [2.0, 0.0]])  # eigenvalues 2i and -2i
    assert spectral_radius(turn) == pytest.approx(2)
