"""The files of a corpus: a folder, a pattern, a list; compressed files; held-out texts of their own."""

import bz2
import gzip
import hashlib
import lzma
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from charcells.config import Config, CorpusConfig, DataConfig
from charcells.data.module import CharDataModule
from charcells.errors import UserError
from charcells.runs.identity import identity
from charcells.text.corpus import SplitCorpus, load_corpus, load_split
from charcells.text.sources import expand, label, moved


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, content: str | bytes = "x") -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def own(path: str | list[str], **options: Any) -> CorpusConfig:
    return CorpusConfig(name="file", path=path, **options)


def names(paths: list[Path]) -> list[str]:
    return [path.as_posix() for path in paths]


# which files, in which order


def test_a_folder_stands_for_the_files_in_and_below_it_sorted_and_without_hidden_ones() -> None:
    for name in ("b.txt", "a.txt", "a/z.txt", "B.txt", ".hidden", ".git/config", "a/.DS_Store", "10.txt", "9.txt"):
        write(f"books/{name}")
    expected = ["10.txt", "9.txt", "B.txt", "a/z.txt", "a.txt", "b.txt"]
    assert names(expand("books", "corpus.path")) == [f"books/{name}" for name in expected]


def test_a_pattern_stands_for_the_files_that_match_sorted() -> None:
    for name in ("b.txt", "a.txt", "c.md", "part/d.txt", "sub.txt/e.txt"):
        write(f"books/{name}")
    assert names(expand("books/*.txt", "corpus.path")) == ["books/a.txt", "books/b.txt"]
    found = names(expand("books/**/*.txt", "corpus.path"))
    assert found == ["books/a.txt", "books/b.txt", "books/part/d.txt", "books/sub.txt/e.txt"]


def test_what_exists_under_a_name_is_not_read_as_a_pattern() -> None:
    write("Obras [v2].txt")
    write("Obras v.txt")
    assert names(expand("Obras [v2].txt", "corpus.path")) == ["Obras [v2].txt"]


def test_a_list_keeps_its_order_and_may_hold_folders_and_patterns() -> None:
    for name in ("z.txt", "books/b.txt", "books/a.txt", "more/1.txt"):
        write(name)
    found = names(expand(["z.txt", "books", "more/*"], "corpus.path"))
    assert found == ["z.txt", "books/a.txt", "books/b.txt", "more/1.txt"]


def test_the_home_folder_is_expanded(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    write("texts/a.txt")
    for path in ("~/texts", "~/texts/*.txt", "~/texts/a.txt"):
        assert expand(path, "corpus.path") == [here / "texts" / "a.txt"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("empty", "corpus.path=empty is a folder without files"),
        ("books/*.md", r"corpus.path=books/\*.md matches no file"),
        ([], r"corpus.path=\[\] names no file"),
        (["books/a.txt", "books"], "corpus.path names books/a.txt twice"),
        (["books/a.txt", "gone.txt"], "corpus file gone.txt cannot be read: No such file"),
        ("books/aa.txt", r"books/aa.txt cannot be read: No such file or directory, did you mean a.txt\?"),
    ],
)
def test_files_that_are_not_there_or_there_twice_are_refused_in_one_line(path: str | list[str], message: str) -> None:
    Path("empty/.git").mkdir(parents=True)
    write("books/a.txt", "some text")
    with pytest.raises(UserError, match=message) as raised:
        load_corpus(own(path))
    assert "\n" not in str(raised.value)


def test_an_unreadable_folder_inside_a_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write("books/a.txt")
    write("books/locked/b.txt")
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(UserError, match="corpus folder books/locked cannot be read: Permission denied"):
        expand("books", "corpus.path")


# one text


def test_files_are_joined_as_they_are_with_a_line_break_where_one_is_missing() -> None:
    paths = [write("a", "one"), write("b", "two\n"), write("c", "\n\nthree\n\n"), write("d", "four")]
    assert load_corpus(own(paths)).text == "one\ntwo\n\n\nthree\n\nfour"
    assert load_corpus(own(paths, max_chars=5)).text == "one\nt"


def test_each_file_is_normalised_and_stripped_by_itself() -> None:
    mark = "\ufeff".encode()
    paths = [write("a", mark + b"one\r\n"), write("b", mark + "e\u0301".encode())]
    assert load_corpus(own(paths)).text == "one\né"
    body = "A line of a book that is long enough.\n" * 40
    frame = ("*** START OF THE PROJECT GUTENBERG EBOOK A ***\n", "*** END OF THE PROJECT GUTENBERG EBOOK A ***\n")
    books = [write(name, frame[0] + name + body + frame[1]) for name in ("c", "d")]
    assert load_corpus(own(books, strip_boilerplate=True)).text == f"c{body}d{body}"
    found = load_corpus(own(books[0], val_path=books[1], test_path=paths[0], strip_boilerplate=True))
    assert (found.text, found.val_text, found.test_text) == (f"c{body}", f"d{body}", "one\n")


def test_the_hash_covers_the_content_and_order_of_all_files_but_not_their_names() -> None:
    a, b = write("a.txt", "first"), write("b.txt", "second")
    both = load_corpus(own([a, b])).sha256
    assert load_corpus(own([write("x/1", "first"), write("x/2", "second")])).sha256 == both
    assert load_corpus(own("x")).sha256 == both
    others = [[b, a], [a], [a, write("c.txt", "second ")], [write("ab.txt", "first\nsecond")], [a, b, write("d", "d")]]
    assert both not in [load_corpus(own(paths)).sha256 for paths in others]
    assert load_corpus(own([a])).sha256 == load_corpus(own(a)).sha256 == hashlib.sha256(b"first").hexdigest()


def test_a_corpus_that_is_one_file_by_its_hash_cannot_be_several() -> None:
    paths = [write("a", "one"), write("b", "two")]
    config = CorpusConfig(name="book", path=paths, sha256=hashlib.sha256(b"one").hexdigest())
    with pytest.raises(UserError, match=r"corpus=book is one file, and corpus\.path=.* names 2"):
        load_corpus(config)


# a mixture of encodings

PORTUGUESE = (
    "A estação ficava longe da vila, e por isso ninguém ia esperar o comboio da manhã. Não há mais ninguém lá.\n"
)


@pytest.mark.parametrize("order", [("new.txt", "old.txt"), ("old.txt", "new.txt")])
def test_of_files_in_several_encodings_the_odd_one_is_named_with_how_to_convert_it(order: tuple[str, str]) -> None:
    write("new.txt", PORTUGUESE)
    write("old.txt", PORTUGUESE.encode("iso-8859-1"))
    with pytest.raises(UserError) as raised:
        load_corpus(own(list(order)))
    message = str(raised.value)
    assert message.startswith("corpus file old.txt is not utf-8 text at byte offset 6 (byte 0xe7). It looks like iso-")
    assert "other files are utf-8, and all must be in one encoding" in message
    assert "iconv -f iso-8859-1 -t utf-8 old.txt > NEW_FILE" in message
    assert "corpus.encoding" not in message and "\n" not in message


def test_where_no_file_is_in_the_encoding_it_is_the_encoding_that_is_wrong() -> None:
    paths = [write("a", PORTUGUESE.encode("cp1252")), write("b", PORTUGUESE.upper().encode("cp1252"))]
    with pytest.raises(UserError, match=r"try corpus\.encoding=iso-8859-1$"):
        load_corpus(own(paths))
    text = load_corpus(own(paths, encoding="iso-8859-1")).text
    assert text == PORTUGUESE + PORTUGUESE.upper()


# compressed files


def zstd(content: bytes) -> bytes:
    library = pytest.importorskip("backports.zstd")
    with_checksum = {library.CompressionParameter.checksum_flag: 1}  # as the program zstd does
    return bytes(library.compress(content, options=with_checksum))


COMPRESS = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, ".zst": zstd}


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_compressed_file_is_the_same_text_and_the_same_run(suffix: str) -> None:
    write("text.txt", "água\n" * 30)
    write(f"text{suffix}", COMPRESS[suffix]("água\n".encode() * 30))
    plain, packed = load_corpus(own("text.txt")), load_corpus(own(f"text{suffix}"))
    assert (packed.text, packed.sha256) == (plain.text, plain.sha256)
    config = Config()
    assert identity(config, packed.sha256) == identity(config, plain.sha256)


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("cut", [0.3, 0.9, "inside"])
def test_a_damaged_compressed_file_is_refused_in_one_line(suffix: str, cut: float | str) -> None:
    content = bytearray(COMPRESS[suffix](bytes(range(32, 127)) * 30 + random.Random(1).randbytes(200)))
    if cut == "inside":
        content[len(content) // 2 : len(content) // 2 + 40] = b"\xff" * 40
    else:
        del content[int(len(content) * float(cut)) :]
    write(f"text{suffix}", bytes(content))
    with pytest.raises(
        UserError, match=rf"corpus file text\{suffix} is damaged, or was not copied as a whole: "
    ) as raised:
        load_corpus(own(f"text{suffix}"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_plain_file_under_the_name_of_a_compressed_one_is_refused(suffix: str) -> None:
    write(f"text{suffix}", "just text")
    with pytest.raises(UserError, match=rf"is not compressed as its name says: give it a name without \{suffix}"):
        load_corpus(own(f"text{suffix}"))


def test_a_compressed_file_of_nothing_is_refused() -> None:
    write("text.gz", gzip.compress(b""))
    with pytest.raises(UserError, match=r"text\.gz is empty when decompressed"):
        load_corpus(own("text.gz"))


def test_without_its_package_a_zst_file_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backports", None)
    write("text.zst", b"\x28\xb5\x2f\xfd")
    with pytest.raises(UserError, match=r"\.zst files needs another package: pip install backports\.zstd"):
        load_corpus(own("text.zst"))


def test_the_hash_of_a_known_corpus_is_that_of_its_compressed_file() -> None:
    content = gzip.compress(b"some text")
    config = CorpusConfig(name="book", path=write("book.gz", content), sha256=hashlib.sha256(content).hexdigest())
    assert load_corpus(config).text == "some text"


# texts that come split


def split_corpus(**paths: str | list[str]) -> SplitCorpus:
    write("train.txt", "abcdefghij" * 10)
    write("valid.txt", "vwv" * 5)
    write("test.txt", "xyz" * 7)
    return load_split(own("train.txt", **paths), DataConfig(val_fraction=0.2, test_fraction=0.1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("paths", "train", "val", "test"),
    [
        ({}, 70, "abcdefghij" * 2, "abcdefghij"),
        ({"val_path": "valid.txt"}, 90, "vwv" * 5, "abcdefghij"),
        ({"test_path": "test.txt"}, 80, "abcdefghij" * 2, "xyz" * 7),
        ({"val_path": "valid.txt", "test_path": "test.txt"}, 100, "vwv" * 5, "xyz" * 7),
        ({"val_path": ["valid.txt", "test.txt"]}, 90, "vwv" * 5 + "\n" + "xyz" * 7, "abcdefghij"),
    ],
)
def test_a_text_of_its_own_is_held_out_as_it_is_and_nothing_is_cut_for_it(
    paths: dict[str, Any], train: int, val: str, test: str
) -> None:
    text = split_corpus(**paths)
    assert text.train_text == ("abcdefghij" * 10)[:train]
    assert (text.val_text, text.test_text) == (val, test)
    assert text.corpus.text == text.train_text + val + test


def test_the_hash_covers_held_out_texts_of_their_own_and_which_is_which() -> None:
    combinations: list[dict[str, str | list[str]]] = [
        {},
        {"val_path": "valid.txt"},
        {"test_path": "valid.txt"},
        {"val_path": "test.txt"},
        {"val_path": "valid.txt", "test_path": "test.txt"},
        {"val_path": "test.txt", "test_path": "valid.txt"},
    ]
    hashes = [split_corpus(**paths).corpus.sha256 for paths in combinations]
    assert len(set(hashes)) == len(combinations)
    assert hashes[0] == hashlib.sha256(b"abcdefghij" * 10).hexdigest()


def test_characters_that_only_held_out_text_has_are_in_the_vocabulary_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    split_corpus()
    caplog.set_level("INFO", "charcells")
    data = CharDataModule(own("train.txt", val_path="valid.txt"), batch_size=1, seq_len=8)
    data.setup()
    assert data.vocabulary.characters == "abcdefghijvw"
    assert "15 characters of the held-out text, such as 'v' (U+0076), 'w' (U+0077), do not occur" in caplog.text
    inputs_targets = list(data.val_dataloader())
    assert sum(int(scored.sum()) for _, _, scored in inputs_targets) == 15


def test_a_file_cannot_be_trained_on_and_held_out() -> None:
    write("books/a.txt", "some text")
    write("books/b.txt", "other text")
    with pytest.raises(
        UserError, match=r"b\.txt is in corpus\.path and in corpus\.val_path: a text can only be in one"
    ):
        load_corpus(own("books", val_path="books/../books/b.txt"))
    with pytest.raises(UserError, match=r"b\.txt is in corpus\.val_path and in corpus\.test_path"):
        load_corpus(own("books/a.txt", val_path="books/b.txt", test_path="books/b.txt"))


def test_an_embedded_corpus_can_be_validated_on_another_text() -> None:
    text = load_split(CorpusConfig(name="hello", val_path=write("v", "hole")), DataConfig(test_fraction=0))
    assert (text.train_text, text.val_text, text.test_text) == ("hello", "hole", "")


def test_a_held_out_text_that_is_empty_is_named() -> None:
    write("train.txt", "some text")
    with pytest.raises(UserError, match=r"corpus file nothing\.txt is empty"):
        load_corpus(own("train.txt", val_path=write("nothing.txt", "")))
    with pytest.raises(UserError, match=r"the text at corpus\.val_path has no characters"):
        load_corpus(own("train.txt", val_path=write("mark.txt", "\ufeff")))


# names and places


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("texts/mine.txt", "mine.txt"),
        ("texts", "texts"),
        ("texts/", "texts"),
        ("texts/*.txt", "texts/*.txt"),
        ("Obras [v2].txt", "Obras [v2].txt"),
        (["texts/mine.txt"], "mine.txt"),
        (["a.txt", "b.txt", "c.txt"], "a.txt and 2 more"),
    ],
)
def test_an_own_text_is_called_by_its_files_name(path: str | list[str], name: str) -> None:
    write("texts/mine.txt", "some text")
    for each in ("Obras [v2].txt", "a.txt", "b.txt", "c.txt"):
        write(each, "some text")
    assert label(path) == name
    assert load_corpus(own(path)).name == name
    assert load_corpus(CorpusConfig(name="letters", path=path)).name == "letters"


def test_the_current_folder_has_a_name_too(here: Path) -> None:
    assert label(".") == here.name


def test_files_are_looked_for_in_another_folder() -> None:
    assert moved("old/mine.txt", "new") == str(Path("new/mine.txt"))
    assert moved(["old/a.txt", "b*.txt"], "new") == [str(Path("new/a.txt")), str(Path("new/b*.txt"))]
