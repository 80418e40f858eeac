"""Near copies against a naive search with a plain table of edits."""

import random

import pytest

from experiments.study.near_copies import WINDOW, near_copy_share


def common(one: str, other: str) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for a in one:
        last, row = row, [0]
        for j, b in enumerate(other):
            row.append(last[j] + 1 if a == b else max(row[j], last[j + 1]))
    return row[-1]


def naive_share(samples: list[str], text: str) -> float:
    passages = [sample[i : i + WINDOW] for sample in samples for i in range(0, len(sample) - WINDOW + 1, WINDOW)]
    near = [
        any(common(passage, text[i : i + WINDOW]) >= 0.8 * WINDOW for i in range(len(text) - WINDOW + 1))
        for passage in passages
    ]
    return sum(near) / len(near)


def changed(passage: str, count: int, rng: random.Random) -> str:
    """A passage in which `count` characters are others, that occur nowhere else."""
    characters = list(passage)
    for i in rng.sample(range(len(passage)), count):
        characters[i] = "#"
    return "".join(characters)


def test_the_share_is_that_of_a_naive_search():
    rng = random.Random(1)
    text = "".join(rng.choices("abcdefgh ", k=150))
    samples = [changed(text[start : start + 50], count, rng) for start, count in ((3, 0), (40, 8), (7, 10), (20, 11))]
    samples.append("".join(rng.choices("abcdefgh ", k=50)))
    for sample in samples:
        assert near_copy_share([sample], text) == naive_share([sample], text)
    assert [near_copy_share([sample], text) for sample in samples] == [1, 1, 1, 0, 0]
    assert near_copy_share(["".join(samples[:2]), samples[3] + "abc"], text) == pytest.approx(2 / 3)


def test_there_is_no_share_of_nothing():
    assert near_copy_share(["short"], "x" * 200) is None
