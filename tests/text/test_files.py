"""Corpora of several files, compressed files, and texts that come already split."""

import bz2
import gzip
import lzma

import pytest

from charcells.config import CorpusConfig, DataConfig
from charcells.errors import UserError
from charcells.text.corpus import load_corpus, load_split
from charcells.text.files import find_files

A, B, C = "água e pão", "second text\n", "third\r\ntext"


@pytest.fixture
def books(tmp_path):
    for name, text in (("b.txt", B), ("a.txt", A), ("sub/c.txt", C), (".hidden", "no")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    return tmp_path


def corpus(path, **options):
    return CorpusConfig(name="file", path=str(path), **options)


def test_a_folder_is_all_its_files_in_order_each_on_lines_of_its_own(books):
    assert load_corpus(corpus(books)).text == "água e pão\nsecond text\nthird\ntext"


def test_a_list_keeps_its_order_and_may_hold_anything(books):
    assert load_corpus(corpus(f"[{books}/b.txt, '{books}/a.txt']")).text == "second text\nágua e pão"
    assert [file.name for file in find_files(f"[{books}/sub,{books}/*.txt]")] == ["c.txt", "a.txt", "b.txt"]


def test_a_pattern_is_sorted_and_a_file_of_that_very_name_is_itself(books):
    assert [file.name for file in find_files(f"{books}/?.txt")] == ["a.txt", "b.txt"]
    (books / "a[1].txt").write_text("brackets")
    assert load_corpus(corpus(books / "a[1].txt")).text == "brackets"


def test_the_hash_is_of_the_contents_in_order(books):
    def sha256(*names):
        return load_corpus(corpus("[" + ",".join(f"{books}/{name}" for name in names) + "]")).sha256

    assert sha256("a.txt", "b.txt") != sha256("b.txt", "a.txt")
    (books / "moved.txt").write_text(A, encoding="utf-8")
    assert sha256("moved.txt", "b.txt") == sha256("a.txt", "b.txt")


COMPRESS = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_compressed_file_is_read_and_a_damaged_one_refused(tmp_path, suffix):
    text = "".join(chr(97 + i * i % 23) for i in range(5000))
    path = tmp_path / f"text.txt{suffix}"
    path.write_bytes(COMPRESS[suffix](text.encode()))
    assert load_corpus(corpus(path)).text == text
    for content in (COMPRESS[suffix](text.encode())[:-30], b"plain text"):
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged"):
            load_corpus(corpus(path))


def test_zst_without_its_package_says_which_one(tmp_path, monkeypatch):
    (tmp_path / "text.zst").write_bytes(b"x")
    monkeypatch.setattr("charcells.text.files.importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install zstandard"):
        load_corpus(corpus(tmp_path / "text.zst"))


def test_what_means_no_file_is_refused_by_name(tmp_path):
    (tmp_path / "empty").mkdir()
    refused = {tmp_path / "empty": "a folder without files", tmp_path / "*.txt": "no file fits", "[]": "is empty"}
    for path, reason in refused.items():
        with pytest.raises(UserError, match=reason):
            load_corpus(corpus(path))


def test_an_own_text_is_called_by_its_files_name(books):
    assert load_corpus(corpus(books / "a.txt")).name == "a"
    assert load_corpus(corpus(books / "sub")).name == "c"
    assert load_corpus(corpus(f"{books}/*.txt")).name == books.name


def test_texts_that_come_split_are_the_parts(books):
    config = corpus(books / "a.txt", val_path=str(books / "b.txt"), test_path=str(books / "sub"))
    found = load_split(config, DataConfig(train_fraction=0.5))
    assert (found.train_text, found.val_text, found.test_text) == (A[:5], B, "third\ntext")


def test_a_test_text_alone_leaves_validation_to_the_fraction(books):
    config = corpus(books / "a.txt", test_path=str(books / "b.txt"))
    found = load_split(config, DataConfig(val_fraction=0.3))
    assert (found.train_text, found.val_text, found.test_text) == (A[:7], A[7:], B)


def test_a_validation_text_alone_needs_no_test_fraction(books):
    config = corpus(books / "a.txt", val_path=str(books / "b.txt"))
    with pytest.raises(UserError, match=r"data\.test_fraction=0"):
        load_split(config, DataConfig())
    found = load_split(config, DataConfig(test_fraction=0))
    assert (found.train_text, found.val_text, found.test_text) == (A, B, "")
