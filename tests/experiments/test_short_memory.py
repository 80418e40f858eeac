"""The half-way lag of curves whose answer is known."""

import numpy as np
import pytest

from experiments.claims.short_memory import HALF_WAY, LAGS, half_way_lag


def test_the_half_way_lag_of_a_line_on_the_logarithmic_scale_is_where_it_crosses():
    for crossing in (4.0, 15.0, 77.0):
        line = HALF_WAY - 0.1 * (np.log(LAGS) - np.log(crossing))
        assert half_way_lag(line) == pytest.approx(crossing)


def test_a_curve_that_stays_on_one_side_has_an_end_of_the_scale():
    assert half_way_lag([1.0] * len(LAGS)) == LAGS[-1]
    assert half_way_lag([0.1] * len(LAGS)) == LAGS[0]


def test_the_first_fall_counts():
    assert half_way_lag([1.0, HALF_WAY, 0.1, 1.0, 1.0]) == pytest.approx(LAGS[1])
