"""Advice on encodings: texts in many languages, written for this, in the encodings that were used for them."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from charcells.errors import UserError
from charcells.text.encodings import decode
from charcells.text.guess import advice

LANGUAGES = json.loads(Path(__file__).with_name("languages.json").read_text(encoding="utf-8"))
WIDE = ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "utf-32"]


def cases():
    for language, each in LANGUAGES.items():
        for codec in [*each["codecs"], *WIDE]:
            with suppress(UnicodeEncodeError):  # not every text can be written in every encoding of its language
                each["text"].encode(codec)
                yield language, codec


@pytest.mark.parametrize(("language", "codec"), list(cases()))
def test_the_advice_reads_the_text_as_it_was_written(language, codec):
    text = LANGUAGES[language]["text"]
    content = text.encode(codec)
    found = advice(content)
    [encoding] = re.findall(r"corpus\.encoding=([\w-]+)", found)
    assert content.decode(encoding).removeprefix("\ufeff") == text, found
    # the first line that shows the difference stands in the advice
    line = next(line for line in text.splitlines() if not line.isascii())
    assert line[:50] in found


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_in_utf_8_needs_no_advice_and_with_stray_bytes_their_number_and_place(language, tmp_path):
    text = LANGUAGES[language]["text"]
    assert decode(text.encode(), "utf-8", tmp_path / "text.txt") == text
    content = text.encode()
    at = content.index(b"\n") + 1
    broken = content[:at] + b"\x92" + content[at:] + b" \x80"
    with pytest.raises(UserError) as error:
        decode(broken, "utf-8", tmp_path / "text.txt")
    assert f"UTF-8 but for 2 bytes, the first at byte offset {at:,}" in str(error.value)
    assert "0x92, in Windows-1252 “’”" in str(error.value)


def test_random_bytes_look_like_no_text():
    content = bytes((i * i * 37 + i // 7) % 256 for i in range(4000))
    assert "binary" in advice(content)


def test_plain_english_in_utf_16_is_named_although_utf_8_can_read_it(tmp_path):
    content = ("the old man went down to the river\n" * 20).encode("utf-16-le")
    with pytest.raises(UserError, match=r"try corpus\.encoding=utf-16-le, which reads “the old man"):
        decode(content, "utf-8", tmp_path / "text.txt")
