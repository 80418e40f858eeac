"""What a text is worth: figures counted by hand, matches against a plain search, copied text against new text."""

import math
import random
import string
import time

import numpy as np
import pytest

from charcells.config import CorpusConfig
from charcells.errors import UserError
from charcells.text import copies, metrics
from charcells.text import words as text_words
from charcells.text.copies import Copy, matches
from charcells.text.corpus import load_corpus
from charcells.text.gutenberg import strip_boilerplate
from charcells.text.metrics import compare, describe
from charcells.text.words import find_layout, words


@pytest.fixture(scope="module")
def pydoc() -> tuple[str, str]:
    """Training text and held-out text of one corpus that every Python has."""
    text = load_corpus(CorpusConfig(name="pydoc")).text
    return text[:300_000], text[300_000:]


def match(sample: str, training_text: str) -> copies.Matches:
    return matches([sample], training_text)[0]


def longest_match(sample: str, start: int, training_text: str) -> int:
    """By trying."""
    end = start
    while end < len(sample) and sample[start : end + 1] in training_text:
        end += 1
    return end - start


# memorisation


def test_matches_are_those_counted_by_hand() -> None:
    found = match("cababx", "abcab")
    assert found.lengths.tolist() == [3, 2, 1, 2, 1, 0]
    assert found.sources[0] == 2 and found.sources[-1] == -1


@pytest.mark.parametrize(
    "alphabet",
    ["a", "ab", "\0\1\2", "aé\n", "ß中\U0001f600", "\ud83d\ude00\U0001f600", string.ascii_letters],
    ids=ascii,
)
def test_matches_are_those_of_a_plain_search(alphabet: str) -> None:
    draw = random.Random(ascii(alphabet))
    for _ in range(60):
        training = "".join(draw.choices(alphabet, k=draw.randrange(40)))
        # characters that the training text may lack, and stretches of it, its end above all
        samples = [
            "".join(draw.choices(alphabet + "z", k=draw.randrange(20))) + training[draw.randrange(40) :]
            for _ in range(draw.randrange(4))
        ]
        for sample, found in zip(samples, matches(samples, training), strict=True):
            assert found.lengths.tolist() == [longest_match(sample, i, training) for i in range(len(sample))]
            for i, (length, source) in enumerate(zip(*found, strict=True)):
                assert (source == -1) if length == 0 else (training[source:][:length] == sample[i:][:length])


@pytest.mark.parametrize("size", [255, 256, 257, 70_000], ids=str)
def test_matches_hold_for_alphabets_of_any_size(size: int) -> None:
    training = "".join(map(chr, range(size)))
    sample = training[100:200] + training[50:53] + chr(size) + training[-3:]
    assert match(sample, training).lengths.tolist() == [*range(100, 0, -1), 3, 2, 1, 0, 3, 2, 1]


def test_a_match_does_not_run_over_the_end_of_a_text() -> None:
    assert [found.lengths.tolist() for found in matches(["ab", "ab", "abab", ""], "xab")] == [
        [2, 1], [2, 1], [2, 1, 2, 1], [],
    ]  # fmt: skip


def test_copied_spans_cannot_be_made_longer() -> None:
    found = match("-abcdXdef-abc", "abcd_def_")
    assert copies.copied_spans(found, 3) == [Copy(1, 5, 0), Copy(6, 9, 5), Copy(10, 13, 0)]
    assert copies.copied_spans(found, 4) == [Copy(1, 5, 0)]
    assert copies.longest_copy(found) == Copy(1, 5, 0)
    # abc ends where no training text goes on with d, but bcd is there too
    assert copies.copied_spans(match("abcd", "bcd_abc"), 3) == [Copy(0, 3, 4), Copy(1, 4, 0)]
    assert copies.longest_copy(match("xyz", "abc")) is None


def test_novelty_is_that_counted_by_hand() -> None:
    found = matches(["abcX", "ab"], "abcd")  # windows of 2: ab bc cX, ab; of 3: abc bcX
    assert copies.novelty(found, 1) == 1 / 6
    assert copies.novelty(found, 2) == 1 / 4
    assert copies.novelty(found, 3) == 1 / 2
    assert copies.novelty(found, 5) is None


def test_copied_share_counts_each_character_once() -> None:
    found = matches(["-abcdXdef-abc", "-"], "abcd_def")
    assert copies.copied_share(found, 4) == 4 / 14
    assert copies.copied_share(found, 3) == 10 / 14
    assert copies.copied_share(matches(["abcd"], "bcd_abc"), 3) == 1


def test_copied_text_scores_full_memorisation(pydoc: tuple[str, str]) -> None:
    training, _ = pydoc
    figures = describe([training[1000:3000], training[-500:]], training)
    assert figures["longest_copy"] == 2000
    assert {figures[f"novelty_{length}"] for length in metrics.NOVELTY_LENGTHS} == {0}
    assert figures["copied_share_50"] == 1
    assert figures["real_words"] == 1


def test_held_out_text_is_between_copied_and_random_text(pydoc: tuple[str, str]) -> None:
    training, held_out = pydoc
    draw = random.Random(1)
    noise = ["".join(draw.choices("bcdfghjklmnpqrstvwxz", k=2000)) for _ in range(5)]
    copied = [training[i * 20_000 :][:2000] for i in range(5)]
    human = compare(copied, training, held_out)["held_out"]
    random_ = describe(noise, training)
    assert random_["longest_copy"] < 8 < human["longest_copy"] < 2000
    assert random_["novelty_8"] == 1 and random_["copied_share_50"] == 0
    assert 0.1 < human["novelty_8"] < 0.9
    assert human["novelty_5"] < human["novelty_10"] < human["novelty_20"]
    assert human["copied_share_50"] < 0.5
    assert random_["real_words"] in (0, None) and 0.8 < human["real_words"] < 1


# words


def test_words_are_runs_of_letters_with_case_folded() -> None:
    assert words("Don't STOP: Fuß_4ever, naïve Ñandú 東京3\n\U00010400") == [
        "don", "t", "stop", "fuss", "ever", "naïve", "ñandú", "東京", "\U00010428",
    ]  # fmt: skip
    assert words("be or not", whole=True) == ["or"]
    assert words(" be or not.", whole=True) == ["be", "or", "not"]
    assert words("word", whole=True) == []


def test_real_word_rate_leaves_out_words_that_are_cut_off() -> None:
    known = set(words("The cat sat."))
    assert text_words.real_word_rate(["he CAT satt the do"], known) == 2 / 3  # cat, the of cat, satt, the
    assert text_words.real_word_rate([" cat ", " dog "], known) == 1 / 2
    assert text_words.real_word_rate(["cat", "4 + 4", ""], known) is None


def test_distinct_pools_the_ngrams_of_all_samples() -> None:
    samples = [["a", "b", "a", "b"], ["a", "b", "c"]]  # pairs: ab ba ab, ab bc
    assert text_words.distinct(samples, 1) == 3 / 7
    assert text_words.distinct(samples, 2) == 3 / 5
    assert text_words.distinct(["abab", "abc"], 2) == 3 / 5
    assert text_words.distinct(samples, 5) is None


def test_seq_rep_looks_within_each_sample() -> None:
    assert text_words.seq_rep(["aaaa"], 1) == 3 / 4
    assert text_words.seq_rep(["aaaa", "abcd", ""], 2) == pytest.approx((2 / 3 + 0) / 2)
    assert text_words.seq_rep(["abcd", "abcd"], 2) == 0
    assert text_words.seq_rep(["a"], 2) is None


GUTENBERG = (
    "The header of this book\n\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n\n"
    + "A line of the book itself.\n" * 50
    + "\n*** END OF THIS PROJECT GUTENBERG EBOOK X ***\nYou may copy it, give it away.\n"
)


def test_boilerplate_is_what_stripping_takes_away() -> None:
    licence = text_words.boilerplate(GUTENBERG)
    assert licence.startswith("The header") and licence.endswith("give it away.\n") and "book itself" not in licence
    assert len(licence) + len(strip_boilerplate(GUTENBERG)) == len(GUTENBERG) + 1  # the line that stripping ends
    with pytest.raises(UserError, match="start marker"):
        text_words.boilerplate("just text")


def test_licence_share_is_that_of_the_words_in_whatever_layout() -> None:
    licence = text_words.boilerplate(GUTENBERG)
    # words: you may copy it give it | said he; of four 5-grams the first two are the licence's
    assert text_words.licence_share(["- YOU may\ncopy it, give it said he."], licence) == 2 / 4
    assert text_words.licence_share([" a line of the book itself "], licence) == 0
    assert text_words.licence_share([" too few words "], licence) is None


# layout

VERSES = "### Genesis\n\n" + "".join(f"[1:{verse}] And it was so. \n" for verse in range(1, 50)) + "\n"
SCRIPT = "ROMEO:\nAy me.\n\nFirst Citizen:\nSpeak!\nSpeak, I say.\n\n" * 30


def test_the_layout_is_found_in_the_training_text() -> None:
    verses, script = find_layout(VERSES), find_layout(SCRIPT)
    assert verses is not None and verses.name == "verses"
    assert script is not None and script.name == "script"


@pytest.mark.parametrize("text", ["", "one line", "A story.\n\nAnother paragraph: of it.\n\nThe end.\n"])
def test_prose_has_no_layout(text: str) -> None:
    assert find_layout(text) is None


def test_layout_rate_counts_complete_lines() -> None:
    verses, script = text_words.LAYOUTS
    # cut off at both ends; of four complete lines, a blank one aside, two are verses and one is a heading
    sample = ":3] cut\n[1:4] And so. \n[1:5]and so.\n### Exodus\n\n[12:1] Now. \n[1:"
    assert verses.rate([sample]) == 3 / 4
    assert verses.rate(["[1:1] a", "[1:1] a\n[1:2] b"]) is None
    assert script.rate(["ONE:\nx\n\nTWO:\ny\nz\n\nthree\n\nFOUR: x\n\nFIVE:\nx"]) == 1 / 3


# a report


def test_describe_has_a_figure_for_all_that_the_samples_hold() -> None:
    figures = describe(["1] And it was. \n[1:7] And it was new. \n["], VERSES, licence="and it was new to me")
    assert figures["characters"] == 40
    assert figures["longest_copy"] == len(". \n[1:7] And it was ")
    assert figures["real_words"] == 6 / 7
    assert figures["distinct_words_1"] == 4 / 7
    assert figures["distinct_words_2"] == 4 / 6
    assert figures["layout"] == 1
    assert figures["licence"] == 0
    assert None not in figures.values()


@pytest.mark.parametrize("samples", [[], [""], ["", ""]])
@pytest.mark.parametrize("training_text", ["", VERSES])
def test_nothing_has_no_figures(samples: list[str], training_text: str) -> None:
    figures = describe(samples, training_text, licence="")
    assert figures.pop("characters") == 0
    assert set(figures.values()) == {None}


def test_samples_that_are_too_short_have_the_figures_that_they_can_have() -> None:
    figures = describe(["xy"], "y")
    assert figures["longest_copy"] == 1
    assert figures["novelty_5"] is None and figures["copied_share_50"] == 0 and figures["real_words"] is None


def test_the_same_text_has_the_same_figures_on_both_sides(pydoc: tuple[str, str]) -> None:
    training, held_out = pydoc
    table = compare([held_out], training, held_out)
    assert list(table.columns) == ["sample", "held_out"]
    assert table["sample"].equals(table["held_out"])


def test_held_out_windows_are_as_long_as_the_samples() -> None:
    held_out = string.ascii_lowercase
    table = compare(["x" * 5, "x" * 10, "x" * 4], "abcdef", held_out)
    assert table.loc["characters"].tolist() == [19, 19]
    assert table.loc["longest_copy"].tolist() == [0, 5]  # the first window is abcde
    assert table.loc["novelty_10", "held_out"] == 1


def test_held_out_text_shorter_than_a_sample_gives_no_figures() -> None:
    table = compare(["x" * 5, "x"], "abc", "abcd")
    assert table["held_out"].isna().all() and table.loc["characters", "sample"] == 6
    assert math.isnan(compare([], "abc", "").loc["novelty_5", "sample"])


@pytest.mark.slow
def test_a_large_text_takes_seconds() -> None:
    draw = np.random.default_rng(1)
    vocabulary = ["".join(draw.choice(list("abcdefghijklmnopqrstuvwxyz"), 5)) for _ in range(5000)]
    text = " ".join(draw.choice(vocabulary, 850_000))
    training, sample = text[:5_000_000], text[-100_000:]
    start = time.perf_counter()
    (found,) = matches([sample], training)
    assert time.perf_counter() - start < 20  # about 1 on an idle core
    for i in draw.integers(0, len(sample), 20):
        assert found.lengths[i] == longest_match(sample, i, training)
