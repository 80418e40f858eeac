"""The linear probe and the best unit, on states whose answer is known."""

import numpy as np

from charcells.models.probe import Parts, best_unit, fit, only

SIZES = {"train": 400, "val": 200, "test": 300}
UNITS = 6


def parts(known: int | None = 4, shift: float = 2.0, seed: int = 0) -> Parts:
    """Noise, but for one unit, whose mean is `shift` lower with the second label."""
    random = np.random.default_rng(seed)
    made = {}
    for part, size in SIZES.items():
        labels = random.random(size) < 0.5
        values = random.normal(0, 1, (size, UNITS)).astype(np.float32)
        if known is not None:
            values[:, known] -= shift * labels
        made[part] = (values, labels)
    return made


def test_the_unit_that_knows_the_label_is_found_and_as_good_as_theory_says():
    made = parts(shift=2.0)
    assert best_unit(made) == 4
    probe = fit(only(made, 4))
    # two normals of deviation 1 whose means are 2 apart, parted half-way: Φ(1)
    assert abs(probe.accuracy("test") - 0.841) < 3 * np.sqrt(0.841 * 0.159 / SIZES["test"])
    assert abs(fit(made).accuracy("test") - 0.841) < 3 * np.sqrt(0.841 * 0.159 / SIZES["test"])


def test_a_state_that_knows_nothing_is_near_chance():
    probe = fit(parts(known=None))
    assert abs(probe.accuracy("test") - 0.5) < 3 * np.sqrt(0.25 / SIZES["test"])


def test_labels_of_the_test_part_change_nothing_but_its_own_figure():
    made = parts()
    values, labels = made["test"]
    turned = fit({**made, "test": (values, ~labels)})
    as_it_is = fit(made)
    assert turned.strength == as_it_is.strength
    assert turned.accuracy("val") == as_it_is.accuracy("val")
    np.testing.assert_array_equal(turned.right["test"], ~as_it_is.right["test"])


def test_the_best_unit_is_chosen_by_the_training_part_alone():
    made = parts()
    other = parts(known=1, seed=1)
    assert best_unit({"train": made["train"], "val": other["val"], "test": other["test"]}) == 4


def test_a_unit_that_never_changes_does_no_harm():
    made = {
        part: (np.where(np.arange(UNITS) == 2, 0.5, values).astype(np.float32), labels)
        for part, (values, labels) in parts().items()
    }
    assert fit(made).accuracy("test") > 0.75
