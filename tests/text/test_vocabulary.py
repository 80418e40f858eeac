"""The alphabet of a corpus: every text comes back as it was, in the smallest tokens that hold it."""

import numpy as np
import pytest

from charcells.errors import UserError
from charcells.text import vocabulary
from charcells.text.vocabulary import Vocabulary, name_characters

TEXTS = {
    "ascii": "the cat sat on the mat\n",
    "accents": "No princípio criou Deus os céus e a terra.",
    "combining marks": "e\u0301 is not é",
    "astral": "music 𝄞, emoji 👩\u200d👩\u200d👧, gothic 𐍈",
    "NUL": "a\0b\0",
    "control": "\x01\t\r\n\x7f\x85\u2028",
    "lone surrogate": "\ud800a\udfff",
    "byte-order mark": "\ufeffabc\ufeff",
    "last code point": "\U0010ffff\0",
    "a single character": "aaaa",
    "nothing": "",
}


def random_text(length: int, highest: int, seed: int) -> str:
    codepoints = np.random.default_rng(seed).integers(0, highest + 1, length)
    return "".join(map(chr, codepoints))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_survives_encoding_and_decoding(text: str) -> None:
    known = Vocabulary.of(text)
    tokens = known.encode(text)
    assert len(tokens) == len(text)
    assert known.decode(tokens.tolist()) == text


@pytest.mark.parametrize("highest", [0x7F, 0xFF, 0xFFFF, 0x10FFFF])
def test_random_text_survives_encoding_and_decoding(highest: int) -> None:
    text = random_text(5_000, highest, seed=highest)
    known = Vocabulary.of(text)
    assert known.decode(known.encode(text).tolist()) == text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_vocabulary_is_the_sorted_set_of_the_texts_characters(text: str) -> None:
    known = Vocabulary.of(text)
    assert known.characters == "".join(sorted(set(text)))
    assert len(known) == len(set(text))


def test_a_characters_token_is_its_position_in_the_vocabulary() -> None:
    known = Vocabulary("xyaé")  # not sorted: a checkpoint's order is kept, whatever it is
    assert known.encode("éaxxy").tolist() == [3, 2, 0, 0, 1]
    assert known.decode([1, 3]) == "yé"


def test_a_text_longer_than_a_block_is_encoded_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    text = random_text(1_000, 0x2FF, seed=1)
    expected = [sorted(set(text)).index(character) for character in text]
    for block in (1, 7, 999, 1_000, 1_001):
        monkeypatch.setattr(vocabulary, "BLOCK", block)
        known = Vocabulary.of(text)
        assert known.encode(text).tolist() == expected


@pytest.mark.parametrize(
    ("size", "bytes_per_token"), [(1, 1), (2, 1), (256, 1), (257, 2), (65_536, 2), (65_537, 4), (70_000, 4)]
)
def test_tokens_take_the_smallest_type_that_holds_them(size: int, bytes_per_token: int) -> None:
    text = "".join(map(chr, range(0x10000, 0x10000 + size)))
    known = Vocabulary.of(text)
    tokens = known.encode(text)
    assert tokens.dtype.itemsize == bytes_per_token
    assert tokens.tolist() == list(range(size))


def test_encoding_names_each_unknown_character_once() -> None:
    known = Vocabulary.of("abc\n")
    with pytest.raises(UserError) as raised:
        known.encode("aãbãb𝄞c")
    message = str(raised.value)
    assert message.count("'ã' (U+00E3)") == 1
    assert message.count("'𝄞' (U+1D11E)") == 1
    assert "'a'" not in message


def test_an_unknown_character_is_found_in_any_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "BLOCK", 3)
    known = Vocabulary.of("ab")
    for position in range(8):
        text = "a" * position + "?" + "b" * (7 - position)
        with pytest.raises(UserError, match=r"U\+003F"):
            known.encode(text)


def test_unknown_characters_come_in_order_of_appearance() -> None:
    assert Vocabulary.of("abc").unknown("zaybzxc") == "zyx"


def test_membership_tells_known_characters_from_unknown() -> None:
    known = Vocabulary.of("e\u0301")
    assert "e" in known and "\u0301" in known
    assert "é" not in known


def test_characters_that_cannot_be_seen_are_named_by_code_point() -> None:
    assert name_characters("\0\u00a0") == "'\\x00' (U+0000), '\\xa0' (U+00A0)"


def test_a_long_list_of_characters_is_ignore_closed_pipe() -> None:
    message = name_characters("abcdefghij", limit=8)
    assert "'h'" in message and "'i'" not in message
    assert message.endswith("and 2 more")
