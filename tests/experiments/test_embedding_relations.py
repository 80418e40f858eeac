"""The claim `embedding_relations`: closeness and its permutation test on constructed vectors."""

import itertools

import numpy as np
import pytest
from scipy import stats

from experiments.claims.embedding_relations import closeness, permutation_p


def test_closeness_is_the_difference_of_the_mean_cosines_of_all_pairs():
    drawn = np.random.default_rng(1)
    vectors, members = drawn.normal(size=(7, 3)), np.array([True, False, True, True, False, False, False])

    def cosine(i, j):
        return vectors[i] @ vectors[j] / np.linalg.norm(vectors[i]) / np.linalg.norm(vectors[j])

    inside, outside = np.flatnonzero(members), np.flatnonzero(~members)
    within = np.mean([cosine(i, j) for i, j in itertools.combinations(inside, 2)])
    between = np.mean([cosine(i, j) for i, j in itertools.product(inside, outside)])
    assert closeness(vectors, members) == pytest.approx(within - between)


def test_a_class_that_points_one_way_is_found_and_its_length_does_not_matter():
    drawn = np.random.default_rng(1)
    vectors, members = drawn.normal(size=(40, 16)), np.arange(40) < 6
    assert permutation_p(vectors, ~members) > 0.01
    vectors[members] += 1.5
    vectors *= drawn.uniform(0.1, 10, (40, 1))
    assert permutation_p(vectors, members) == pytest.approx(1 / 1000)


def test_random_vectors_show_a_class_as_often_as_the_level_says():
    drawn, members = np.random.default_rng(2), np.arange(30) < 5
    shown = sum(permutation_p(drawn.normal(size=(30, 8)), members) <= 0.05 for _ in range(100))
    low, high = stats.binom.ppf([0.001, 0.999], 100, 0.05)
    assert low <= shown <= high
