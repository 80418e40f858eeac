"""The worked example that source 004 prints, as nn.RNN and as its listing compute it."""

from experiments.claims.equations import by_hand_difference, printed_difference


def test_the_printed_numbers_are_those_of_the_layer() -> None:
    assert max(printed_difference()) < 1e-6


def test_the_listing_gives_its_numbers_with_both_biases_and_not_with_the_second_one_twice() -> None:
    assert max(by_hand_difference("b_ih")) < 1e-6
    assert min(by_hand_difference("b_hh")) > 0.01  # wrong at each step
