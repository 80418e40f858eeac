"""The claim `greedy_loops`: its detector of loops."""

import random

from experiments.claims.greedy_loops import cycle


def test_a_text_that_ends_in_a_loop_by_construction_is_one_with_that_passage_and_beginning():
    start = "It was the best of times: "
    assert cycle(start + "again, and" * 20) == (10, len(start))
    assert cycle("-" * 60) == (1, 0)
    # the loop may be cut off in the middle of the passage
    assert cycle("abc" + "xy z" * 30 + "xy") == (4, 3)
    assert cycle("qq and so on " + "he said and so on " * 5)[0] == 18


def test_the_shortest_passage_is_found_not_a_multiple_of_it():
    assert cycle("ab" * 100) == (2, 0)


def test_a_text_without_a_loop_at_its_end_has_none():
    assert cycle("and so on " * 20 + "then it stopped for good.") is None
    assert cycle("hello" * 9) is None  # 45 characters only
    assert cycle("x" * 10 + "0123456789" * 2 + "0123456789"[:5]) is None  # two and a half times
    assert cycle("") is None
    drawn = random.Random(1)
    assert all(cycle("".join(drawn.choices("ab", k=2000))) is None for _ in range(50))
