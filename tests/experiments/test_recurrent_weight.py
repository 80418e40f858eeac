"""The claim `recurrent_weight`: its scaling of the recurrent matrix."""

import numpy as np
import pytest

from experiments.claims.recurrent_weight import scaled
from experiments.study.recurrences import derivatives, log_gradients, spectral_radius


def test_a_scaled_matrix_has_the_radius_asked_for_and_its_linear_gradients_follow_it():
    weight = np.random.default_rng(1).normal(size=(6, 6))
    for radius in (0.8, 1.25):
        matrix = scaled(weight, radius)
        assert spectral_radius(matrix) == pytest.approx(radius)
        back = log_gradients(matrix, derivatives(matrix, np.zeros((2001, 3, 6)), "linear")).mean(0)
        assert (back[2000] - back[1000]) / 1000 == pytest.approx(np.log10(radius), abs=1e-3)
