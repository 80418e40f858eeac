"""The claim `saturation`: what an orthogonal recurrence does to a gradient with and without an activation."""

import numpy as np
from scipy.stats import ortho_group

from experiments.study.recurrences import derivatives, log_gradients


def test_only_the_activation_shrinks_the_gradient_of_an_orthogonal_recurrence():
    weight, silence = ortho_group.rvs(5, random_state=1), np.zeros((11, 2, 5))
    for activation in ("linear", "tanh"):  # the derivative of tanh at 0 is 1
        back = log_gradients(weight, derivatives(weight, silence, activation))
        np.testing.assert_allclose(back, np.zeros((2, 11)), atol=1e-12)
    # a sigmoid's derivative is at most 1/4, so each step takes at least a factor of 4
    driven = np.random.default_rng(1).normal(size=(11, 2, 5))
    assert (np.diff(log_gradients(weight, derivatives(weight, driven, "sigmoid"))) <= np.log10(0.25) + 1e-12).all()


def test_a_saturated_unit_passes_on_its_derivative():
    """One unit with weight 1, held at the same value by its input: each step multiplies by 1 − h²."""
    h = 0.9
    driven = np.full((6, 1, 1), np.arctanh(h) - h)
    driven[0] += h  # the state before the first is 0
    back = log_gradients(np.ones((1, 1)), derivatives(np.ones((1, 1)), driven, "tanh"))
    np.testing.assert_allclose(back[0], np.arange(6) * np.log10(1 - h**2), atol=1e-9)
