"""Advice on a file's encoding: right for most languages and encodings, and where it is unsure it says so."""

import codecs
import json
from contextlib import suppress
from pathlib import Path

import pytest

from charcells.errors import UserError
from charcells.text.advice import BINARY, advice
from charcells.text.detection import legacy_encodings, misfits, strays, unicode_encoding
from charcells.text.encodings import decode
from experiments.benchmarks import encodings
from experiments.benchmarks.paragraphs import PARAGRAPHS

HERE = Path("my text.txt")

TEXTS = {paragraph.language: paragraph.text for paragraph in PARAGRAPHS}


# the share of right advice


@pytest.mark.parametrize(
    ("length", "right", "named"), [(None, 0.98, 0.98), (encodings.SHORT, 0.92, 0.98)], ids=["whole", "short"]
)
def test_advice_is_right_for_nearly_all_languages_and_encodings(length: int | None, right: float, named: float) -> None:
    found = list(encodings.trials(length))
    legacy = encodings.legacy(found)
    assert len(legacy) >= 80 and len({trial.language for trial in legacy}) >= 25
    assert encodings.share(legacy) >= right
    assert sum(trial.among for trial in legacy) / len(legacy) >= named
    assert encodings.share([trial for trial in found if trial not in legacy]) == 1  # Unicode's own, stray bytes


def test_the_stored_table_is_the_one_that_is_measured() -> None:
    whole, short = list(encodings.trials()), list(encodings.trials(encodings.SHORT))
    assert encodings.RESULT.read_text(encoding="utf-8") == encodings.table(whole, short)


OTHERS = json.loads(Path(__file__).with_name("languages.json").read_text(encoding="utf-8"))
"""More texts and their encodings, which were not looked at when the advice was written."""


@pytest.mark.parametrize("language", OTHERS)
def test_advice_is_right_for_texts_that_it_was_not_tried_on(language: str) -> None:
    text = OTHERS[language]["text"]
    for encoding in OTHERS[language]["codecs"]:
        with suppress(UnicodeEncodeError):  # not every text can be written in every encoding of its language
            assert text.encode(encoding).decode(legacy_encodings(text.encode(encoding))[0]) == text, encoding


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("Russian", "koi8-r"),
        ("Russian", "cp1251"),
        ("Ukrainian", "koi8-u"),
        ("Greek", "cp1253"),
        ("Hebrew", "cp1255"),
        ("Turkish", "cp1254"),
        ("French", "cp1252"),
        ("Polish", "iso-8859-2"),
        ("Japanese", "shift_jis"),
        ("Korean", "euc-kr"),
    ],
)
def test_following_the_advice_gives_the_text_whose_first_line_was_shown(language: str, encoding: str) -> None:
    paragraph = next(each for each in PARAGRAPHS if each.language == language)
    text = paragraph.readable_in(encoding)
    content = text.encode(encoding)
    with pytest.raises(UserError, match="is not utf-8 text at byte offset") as raised:
        decode(content, "utf-8", HERE)
    message = str(raised.value)
    assert decode(content, message.rpartition("corpus.encoding=")[2], HERE) == text
    assert f'line 1 reads "{text[:40]}' in message
    assert "\n" not in message


# Unicode


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", ["Russian", "English", "Chinese", "Arabic"])
def test_unicode_without_a_mark_is_told_from_the_other_byte_order(language: str, encoding: str) -> None:
    content = TEXTS[language].encode(encoding)
    assert unicode_encoding(content) == encoding
    with pytest.raises(UserError, match=rf"without a byte-order mark.*: try corpus\.encoding={encoding}$"):
        decode(content, "utf-8", HERE)


def test_the_mark_of_utf_32_is_not_taken_for_that_of_utf_16() -> None:
    text = "In the beginning"
    assert unicode_encoding(codecs.BOM_UTF32_LE + text.encode("utf-32-le")) == "utf-32"
    assert unicode_encoding(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == "utf-16"


def test_utf_8_that_was_to_be_read_as_something_else_is_named() -> None:
    with pytest.raises(UserError, match=r"It is UTF-8, in which line 1 reads \"água\": try corpus\.encoding=utf-8"):
        decode("água".encode(), "ascii", HERE)


@pytest.mark.parametrize("content", [b"text\0bin", b"a\0b\0\0\0c", bytes(range(256))])
def test_what_is_no_text_in_any_encoding_is_called_binary(content: bytes) -> None:
    with pytest.raises(UserError, match=BINARY):
        decode(content, "utf-8", HERE)


# stray bytes


def test_a_stray_byte_is_counted_and_placed() -> None:
    before, after = "À beira do rio,\nnão há ninguém: a água é fria e o sol", "s de março já não aquece ninguém.\n"
    content = before.encode() + b"\x92" + after.encode()
    offset = len(before.encode())
    with pytest.raises(UserError) as raised:
        decode(content, "utf-8", HERE)
    message = str(raised.value)
    assert f"It is UTF-8 but for 1 byte at offset {offset} in line 2 (0x92, a Windows-1252 ’): correct it" in message
    assert "iconv -c -f UTF-8 -t UTF-8 'my text.txt' > NEW_FILE" in message


def test_many_stray_bytes_are_counted_and_the_first_are_placed() -> None:
    line = "Não há água no açude, não há pão na mesa: é março, e já não há maçãs.".encode()
    content = b"\n".join([line, b"\x93", line, b"\x94", line, b"\x81", line, b"\x85", line])
    found = strays(content)
    assert found is not None
    assert found.values == b"\x93\x94\x81\x85"
    assert [content[offset] for offset in found.offsets] == list(found.values)
    said = advice(content, HERE, None)
    assert "4 bytes at offset " in said and "and 1 more: correct them" in said
    assert "in line 2 (0x93, a Windows-1252 “)" in said and "in line 6 (0x81)" in said


def test_a_text_that_is_cut_inside_its_last_character_is_recognised() -> None:
    content = "Não há água nem pão, é março e já não há ninguém à espera da manhã €".encode()[:-1]
    assert "its last character is cut off: remove the last 2 bytes" in advice(content, HERE, None)


def test_a_large_text_in_another_encoding_is_not_searched_for_stray_bytes() -> None:
    content = TEXTS["Russian"].replace("«", "").replace("»", "").encode("koi8-r") * 50
    assert strays(content) is None
    assert legacy_encodings(content)[0] == "koi8-r"


# what is shown


def test_the_line_that_is_shown_is_the_first_that_tells() -> None:
    content = b"Capitulo 1\n\n" + "   Había una vez un señor que vivía en la montaña.\n".encode("cp1252")
    said = advice(content, HERE, None)
    assert 'in which line 3 reads "Había una vez un señor que vivía en la montaña."' in said


def test_of_a_book_in_one_line_the_place_that_tells_is_shown() -> None:
    content = b"plain words and " * 10_000 + "niñas y señores, mañana será otro día en España".encode("cp1252")
    said = advice(content, HERE, None)
    assert 'line 1 reads "…' in said and "niñas y señores" in said and len(said) < 200


def test_control_characters_are_shown_as_escapes() -> None:
    content = "A\x1b[31mgua fría, niña: el señor\n".encode("cp1252")
    assert "\\x1b[31mgua fría" in advice(content, HERE, None)


def test_where_the_bytes_do_not_decide_several_readings_are_shown() -> None:
    said = advice("it\u2019s".encode("cp1252"), HERE, None)
    assert said.startswith('It may be cp1252, in which line 1 reads "it’s"; ')
    assert "; or " in said and said.endswith("If the first reads right, try corpus.encoding=cp1252")


def test_a_compressed_file_under_another_name_is_recognised() -> None:
    import gzip

    with pytest.raises(UserError, match=r"It is compressed: read it under a name that ends in \.gz"):
        decode(gzip.compress("água".encode()), "utf-8", HERE)


# misfits


@pytest.mark.parametrize(
    ("text", "languages", "share"),
    [
        ("água", ("Portuguese",), 0),
        ("água", ("German",), 1),
        ("água straße", ("German", "Portuguese"), 0.5),  # no one language has both
        ("бАБУШКА", ("Russian",), 6 / 7),  # capitals inside a word
        ("«да»", ("Russian",), 0),
        ("д«а", ("Russian",), 1 / 3),  # punctuation inside a word
        ("l’été", ("French",), 0),
        ("nieвo", ("Russian",), 1),  # Cyrillic inside a Latin word
        ("ơ\u0300", ("Vietnamese",), 0),
        ("漢字", ("Chinese",), 0),
        ("漢字", ("Japanese",), 1),  # Japanese has kana too
        ("漢字の", ("Japanese",), 0),
        ("plain", ("English",), 0),
    ],
)
def test_misfits_are_what_no_text_in_the_language_has(text: str, languages: tuple[str, ...], share: float) -> None:
    assert misfits(text, languages) == pytest.approx(share)
