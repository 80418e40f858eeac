"""From a name to a text: where a corpus is looked for, what is refused, and what becomes of the characters."""

import argparse
import codecs
import hashlib
import os
import socket
import threading
import tokenize
import unittest.case
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from pydoc_data.topics import topics

import pytest

from charcells.cli.compose import CONF_DIR, compose
from charcells.config import CorpusConfig
from charcells.errors import UserError
from charcells.text.corpus import load_corpus, split
from charcells.text.encodings import decode, normalize
from charcells.text.gutenberg import strip_boilerplate
from charcells.text.review_sets import REVIEW_SETS
from charcells.text.sources import find

CORPORA = os.environ.get("CHARCELLS_CORPORA")

SPANISH = (
    "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, no ha mucho tiempo que vivía un hidalgo de los de "
    "lanza en astillero, adarga antigua, rocín flaco y galgo corredor. Una olla de algo más vaca que carnero, salpicón "
    "las más noches, duelos y quebrantos los sábados, lantejas los viernes, algún palomino de añadidura los domingos, "
    "consumían las tres partes de su hacienda.\n"
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees this machine's corpora or cache; the cache's folder is made by who needs it."""
    monkeypatch.delenv("CHARCELLS_CORPORA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("charcells.text.download.SCHEME", "http")  # a server of this test has no certificate
    folder = tmp_path / "cache"
    monkeypatch.setattr("pooch.os_cache", lambda project: folder / project)
    return folder / "charcells"


class Handler(BaseHTTPRequestHandler):
    """Answers /text whole, /short with less than it announces, /elsewhere with https, and nothing else."""

    def do_GET(self) -> None:
        content = SPANISH.encode()
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "https://127.0.0.1:1/text")
            self.end_headers()
            return
        if self.path not in ("/text", "/short"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if self.path == "/text" else content[: len(content) // 2])

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], CorpusConfig]:
    """A configuration that reads a file of the bytes given."""

    def write(content: bytes, **options: object) -> CorpusConfig:
        path = tmp_path / "mine.txt"
        path.write_bytes(content)
        return CorpusConfig(name="file", path=str(path), **options)

    return write


def downloadable(url: str, content: bytes = SPANISH.encode()) -> CorpusConfig:
    return CorpusConfig(name="spanish", file="spanish.txt", url=url, sha256=hashlib.sha256(content).hexdigest())


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# where a corpus is found


def test_a_corpus_is_looked_for_in_path_option_environment_cache_and_network_in_this_order(
    tmp_path: Path, cache: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {}
    for name in ("path", "option", "environment"):
        places[name] = tmp_path / name / "spanish.txt"
        places[name].parent.mkdir()
    places["cache"] = cache / "spanish.txt"
    cache.mkdir(parents=True)
    for name, place in places.items():
        place.write_text(name)
    config = downloadable(f"{server}/text")
    config.path = str(places["path"])
    monkeypatch.setenv("CHARCELLS_CORPORA", str(places["environment"].parent))

    assert find(config, str(places["option"].parent))[0].read_text() == "path"
    config.path = None
    assert find(config, str(places["option"].parent))[0].read_text() == "option"
    assert find(config, None)[0].read_text() == "environment"
    places["environment"].unlink()
    assert find(config, None)[0].read_text() == "cache"
    places["cache"].unlink()
    assert find(config, None)[0].read_bytes() == SPANISH.encode()


def test_a_tilde_in_a_path_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.txt").write_text("at home")
    assert load_corpus(CorpusConfig(name="file", path="~/mine.txt")).text == "at home"
    config = CorpusConfig(name="mine", file="mine.txt")
    assert load_corpus(config, corpora_dir="~").text == "at home"


def test_a_corpora_dir_that_is_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"corpora_dir=.*/nowhere is not a folder"):
        load_corpus(downloadable("http://127.0.0.1:1/text"), corpora_dir=str(tmp_path / "nowhere"))


def test_a_downloaded_text_is_kept_in_the_cache(server: str, cache: Path) -> None:
    corpus = load_corpus(downloadable(f"{server}/text"))
    assert corpus.text == SPANISH
    assert corpus.sha256 == hashlib.sha256(SPANISH.encode()).hexdigest()
    assert files_below(cache) == [cache / "spanish.txt"]
    nowhere = downloadable("http://127.0.0.1:1/text")  # a second time the address is not asked
    assert load_corpus(nowhere).text == SPANISH


def test_a_download_with_the_wrong_hash_leaves_nothing_behind(server: str, cache: Path) -> None:
    with pytest.raises(UserError, match=r"wrong SHA-256.*corpora_dir= or CHARCELLS_CORPORA"):
        load_corpus(downloadable(f"{server}/text", content=b"something else"))
    assert files_below(cache) == []


def test_a_download_that_breaks_off_leaves_nothing_behind(server: str, cache: Path) -> None:
    with pytest.raises(UserError, match="corpus=spanish"):
        load_corpus(downloadable(f"{server}/short"))
    assert files_below(cache) == []


def test_a_refused_connection_says_how_to_do_without(cache: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody else gets the port, and it refuses
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/text"
        with pytest.raises(UserError) as raised:
            load_corpus(downloadable(url))
    message = str(raised.value)
    for part in ("corpus=spanish", url, "no connection", "spanish.txt", "corpora_dir=", "CHARCELLS_CORPORA"):
        assert part in message
    assert files_below(cache) == []


def test_a_missing_page_says_how_to_do_without(server: str, cache: Path) -> None:
    with pytest.raises(UserError, match=r"404.*corpora_dir= or CHARCELLS_CORPORA"):
        load_corpus(downloadable(f"{server}/gone"))
    assert files_below(cache) == []


def test_only_https_is_downloaded_even_by_a_redirection(
    server: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charcells.text.download.SCHEME", "https")
    with pytest.raises(UserError, match=r"corpus\.url=http://.* is not allowed: downloads only use https"):
        load_corpus(downloadable(f"{server}/text"))
    monkeypatch.setattr("charcells.text.download.SCHEME", "http")
    with pytest.raises(UserError, match=r"could not be downloaded from .*No connection adapters were found for 'https"):
        load_corpus(downloadable(f"{server}/elsewhere"))
    assert files_below(cache) == []


def test_a_download_is_given_up_at_its_limit(server: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charcells.text.download.MAX_DOWNLOAD", len(SPANISH.encode()) - 1)
    with pytest.raises(UserError, match=r"the file is larger than \d+ bytes"):
        load_corpus(downloadable(f"{server}/text"))
    assert files_below(cache) == []


@pytest.mark.parametrize("name", ["../spanish.txt", "/etc/passwd", "a/b.txt", "..", ".netrc", "", "a\0b", "x\n", "é b"])
def test_a_corpus_file_cannot_lie_outside_its_folder(cache: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "spanish.txt").write_text(SPANISH, encoding="utf-8")
    (tmp_path / "inside").mkdir()
    config = CorpusConfig(name="spanish", file=name, url="http://127.0.0.1:1/x", sha256="0" * 64)
    with pytest.raises(UserError, match=r"corpus\.file=.* is not allowed: it must be a plain file name"):
        find(config, str(tmp_path / "inside"))
    assert files_below(cache) == []


# what is refused


@pytest.mark.parametrize("path", ["/dev/zero", "~nobody_here/text.txt", "a\0b", "x" * 5000])
def test_a_path_that_is_no_text_file_is_named(path: str) -> None:
    with pytest.raises(UserError, match="corpus file "):
        load_corpus(CorpusConfig(name="file", path=path))


def test_a_file_with_the_wrong_hash_is_refused(file: Callable[..., CorpusConfig]) -> None:
    right, wrong = hashlib.sha256(b"some text").hexdigest(), hashlib.sha256(b"other text").hexdigest()
    assert load_corpus(file(b"some text", sha256=right)).sha256 == right
    with pytest.raises(UserError, match=f"its SHA-256 is {right}, expected {wrong}"):
        load_corpus(file(b"some text", sha256=wrong))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.txt cannot be read: No such file"):
        load_corpus(CorpusConfig(name="file", path=str(tmp_path / "nowhere.txt")))


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "spanish.txt").mkdir()
    with pytest.raises(UserError, match=r"spanish\.txt cannot be read: Is a directory"):
        load_corpus(downloadable("http://127.0.0.1:1/text"), corpora_dir=str(tmp_path))


def test_a_file_corpus_without_a_path_asks_for_one() -> None:
    with pytest.raises(UserError, match=r"add corpus\.path="):
        load_corpus(CorpusConfig(name="file"))


def test_an_empty_file_is_refused(file: Callable[..., CorpusConfig]) -> None:
    with pytest.raises(UserError, match=r"mine\.txt is empty"):
        load_corpus(file(b""))


def test_a_text_of_one_character_is_refused(file: Callable[..., CorpusConfig]) -> None:
    with pytest.raises(UserError, match="has 1 characters"):
        load_corpus(file("é".encode()))
    assert load_corpus(file("éa".encode())).text == "éa"


def test_latin_1_text_read_as_utf_8_is_recognised_at_its_byte_offset(file: Callable[..., CorpusConfig]) -> None:
    content = SPANISH.encode("iso-8859-1")
    offset = content.index("í".encode("iso-8859-1"))
    with pytest.raises(UserError) as raised:
        load_corpus(file(content))
    message = str(raised.value)
    assert f"byte offset {offset:,} (byte 0xed)" in message
    assert "try corpus.encoding=iso-8859-1" in message
    assert load_corpus(file(content, encoding="iso-8859-1")).text == SPANISH


def test_the_byte_offset_counts_bytes_not_characters(file: Callable[..., CorpusConfig]) -> None:
    content = SPANISH.encode() * 5 + b"\xff" + SPANISH.encode()
    with pytest.raises(UserError, match=f"byte offset {len(SPANISH.encode()) * 5:,} .byte 0xff"):
        load_corpus(file(content))


def test_the_byte_offset_counts_the_byte_order_mark(file: Callable[..., CorpusConfig]) -> None:
    with pytest.raises(UserError, match=r"byte offset 6 \(byte 0xf1\)"):
        load_corpus(file(b"\xef\xbb\xbfabc\xf1o", encoding="utf-8-sig"))


def test_utf_16_is_recognised_by_its_mark(file: Callable[..., CorpusConfig]) -> None:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        content = mark + SPANISH.encode(encoding)
        with pytest.raises(UserError, match=r"byte offset 0 .*try corpus\.encoding=utf-16$"):
            load_corpus(file(content))
        assert load_corpus(file(content, encoding="utf-16")).text == SPANISH


def test_a_binary_file_is_recognised(file: Callable[..., CorpusConfig]) -> None:
    content = b"\x7fELF" + bytes(range(256)) * 20
    with pytest.raises(UserError, match="binary file"):
        load_corpus(file(content))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "utf-16-le", "utf-16"])
def test_a_nul_character_is_refused_at_its_byte_offset(file: Callable[..., CorpusConfig], encoding: str) -> None:
    before = "some text".encode(encoding)
    content = "some text\0and more".encode(encoding)
    with pytest.raises(UserError, match=f"NUL character at byte offset {len(before)}\\."):
        load_corpus(file(content, encoding=encoding))


def test_bytes_can_be_learned_as_the_message_says(file: Callable[..., CorpusConfig]) -> None:
    content = bytes(range(256))
    with pytest.raises(UserError, match=r"corpus\.encoding=iso-8859-1 corpus\.normalize=false"):
        load_corpus(file(b"text\0"))
    corpus = load_corpus(file(content, encoding="iso-8859-1", normalize=False))
    assert [ord(character) for character in corpus.text] == list(content)


def test_an_unknown_encoding_is_named(file: Callable[..., CorpusConfig]) -> None:
    with pytest.raises(UserError, match=r"corpus\.encoding=utf8000 is not an encoding"):
        load_corpus(file(b"text", encoding="utf8000"))


def test_an_encoding_that_makes_no_text_is_refused_without_a_traceback(file: Callable[..., CorpusConfig]) -> None:
    for encoding in ("hex", "rot13", "base64", "undefined"):
        with pytest.raises(UserError, match=encoding):
            load_corpus(file(b"some text", encoding=encoding))


def test_a_text_cut_inside_a_character_is_refused() -> None:
    with pytest.raises(UserError, match="byte offset 3 "):
        decode("abcé".encode()[:-1], "utf-8", Path("mine.txt"))


# what becomes of the characters


@pytest.mark.parametrize(
    ("raw", "normalised"),
    [
        ("\ufeffabc", "abc"),
        ("a\r\nb\r\n\r\nc", "a\nb\n\nc"),
        ("a\rb\r", "a\nb\n"),
        ("a\r\r\nb", "a\n\nb"),
        ("principe\u0301 a\u0303 é", "principé ã é"),
        ("a\ufeffb", "a\ufeffb"),
        ("plain\ntext", "plain\ntext"),
    ],
)
def test_normalising_drops_the_mark_reads_crlf_as_lf_and_composes_accents(
    file: Callable[..., CorpusConfig], raw: str, normalised: str
) -> None:
    assert normalize(raw) == normalised
    assert load_corpus(file(raw.encode())).text == normalised
    assert load_corpus(file(raw.encode(), normalize=False)).text == raw


def test_max_chars_keeps_the_first_characters_of_the_normalised_text(file: Callable[..., CorpusConfig]) -> None:
    content = "\ufeffe\u0301\r\nabc".encode()
    assert load_corpus(file(content, max_chars=3)).text == "é\na"
    assert load_corpus(file(content, max_chars=5)).text == "é\nabc"
    assert load_corpus(file(content, max_chars=100)).text == "é\nabc"


def test_the_hash_of_a_corpus_is_that_of_its_file(file: Callable[..., CorpusConfig]) -> None:
    content = "\ufeffa\r\nb".encode()
    assert load_corpus(file(content, max_chars=2)).sha256 == hashlib.sha256(content).hexdigest()


BODY = "\n".join(f"Line {number} of a book that is long enough." for number in range(100))


def gutenberg(body: str, which: str = "THIS", newline: str = "\n") -> str:
    lines = [
        "The Project Gutenberg EBook of A Book, by Somebody",
        "",
        f"*** START OF {which} PROJECT GUTENBERG EBOOK A BOOK ***",
        "",
        "",
        *body.split("\n"),
        "",
        "",
        "End of the Project Gutenberg EBook of A Book, by Somebody",
        "",
        f"*** END OF {which} PROJECT GUTENBERG EBOOK A BOOK ***",
        "",
        "Section 1. Licence",
    ]
    return newline.join(lines)


@pytest.mark.parametrize("which", ["THIS", "THE"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_gutenberg_header_and_footer_are_cut(file: Callable[..., CorpusConfig], which: str, newline: str) -> None:
    content = gutenberg(BODY, which, newline).encode()
    assert load_corpus(file(content, strip_boilerplate=True)).text == BODY + "\n"
    assert load_corpus(file(content)).text == gutenberg(BODY, which)


@pytest.mark.parametrize(
    "last_line",
    ["End of Project Gutenberg's A Book, by Somebody", "End of The Project Gutenberg EBook of A Book", "*not a mark*"],
)
def test_only_gutenbergs_own_last_line_goes_with_the_footer(last_line: str) -> None:
    text = gutenberg(BODY).replace("End of the Project Gutenberg EBook of A Book, by Somebody", last_line)
    kept = f"{BODY}\n\n\n{last_line}\n" if last_line == "*not a mark*" else BODY + "\n"
    assert strip_boilerplate(text) == kept


def test_a_book_that_quotes_the_end_marker_inside_a_line_is_not_cut_there() -> None:
    body = BODY + "\nHe read: *** END OF THIS PROJECT GUTENBERG EBOOK *** and wept.\n" + BODY
    assert strip_boilerplate(gutenberg(body)) == body + "\n"


@pytest.mark.parametrize(("share", "refused"), [(0.19, False), (0.21, True)])
def test_stripping_more_than_a_fifth_is_refused(share: float, refused: bool) -> None:
    around = len(gutenberg("x")) - 2  # all but the x and the line break that ends a stripped text
    text = gutenberg("x" * round(around * (1 - share) / share))
    if refused:
        with pytest.raises(UserError, match=r"21% of the text.*corpus\.strip_boilerplate=false"):
            strip_boilerplate(text)
    else:
        assert set(strip_boilerplate(text)) == {"x", "\n"}


@pytest.mark.parametrize("missing", ["start", "end"])
def test_a_missing_gutenberg_marker_is_named(missing: str) -> None:
    text = gutenberg(BODY).replace(f"*** {missing.upper()} OF", "*** SOMEWHERE IN")
    with pytest.raises(UserError, match=rf"{missing} marker .*corpus\.strip_boilerplate=false"):
        strip_boilerplate(text)


def test_a_text_without_gutenberg_markers_is_refused_when_stripping_is_asked_for() -> None:
    with pytest.raises(UserError, match="start marker"):
        strip_boilerplate(BODY)


# the split


@pytest.mark.parametrize(
    ("length", "val_fraction", "test_fraction", "sizes"),
    [
        (1_000, 0.1, 0.1, (800, 100, 100)),
        (1_000, 0.25, 0.0, (750, 250, 0)),
        (1_000, 0.0, 0.25, (750, 0, 250)),
        (5, 0.0, 0.0, (5, 0, 0)),
        (4_000_001, 0.125, 0.0625, (3_250_000, 500_000, 250_001)),
    ],
)
def test_a_text_is_split_by_position(
    length: int, val_fraction: float, test_fraction: float, sizes: tuple[int, int, int]
) -> None:
    parts = split(length, val_fraction, test_fraction)
    assert (parts.train_end, parts.val_end - parts.train_end, parts.length - parts.val_end) == sizes


def test_the_parts_of_a_split_make_up_the_text() -> None:
    for length in range(20, 300, 7):
        text = "".join(map(chr, range(length)))
        for val_fraction, test_fraction in ((0.1, 0.1), (0.3, 0.05), (0.05, 0.6), (0.0, 0.5), (0.5, 0.0), (0.0, 0.0)):
            parts = split(length, val_fraction, test_fraction)
            train = text[: parts.train_end]
            val = text[parts.train_end : parts.val_end]
            test = text[parts.val_end : parts.length]
            assert train + val + test == text
            assert abs(len(val) - length * val_fraction) <= 1
            assert abs(len(test) - length * test_fraction) <= 1


def test_a_held_out_part_without_a_character_is_refused() -> None:
    with pytest.raises(UserError, match=r"data\.val_fraction=0\.01 of a corpus of 10 characters"):
        split(10, 0.01, 0.05)
    with pytest.raises(UserError, match=r"data\.test_fraction=1e-17 of a corpus of 10 characters"):
        split(10, 0.1, 1e-17)


# the corpora that charcells knows


def test_hello_is_the_five_letters() -> None:
    assert load_corpus(compose(["corpus=hello"]).corpus).text == "hello"


def test_pydoc_is_the_whole_language_reference() -> None:
    text = load_corpus(compose(["corpus=pydoc"]).corpus).text
    assert len(text) > 300_000
    for topic in ("assert", "lambda", "yield"):
        assert topics[topic].strip() in text


def test_stdlib_is_the_source_of_the_library_without_its_tests() -> None:
    text = load_corpus(compose(["corpus=stdlib"]).corpus).text
    assert len(text) > 5_000_000
    for module in (argparse, unittest.case):
        with tokenize.open(str(module.__file__)) as source:
            assert source.read() in text
    assert "\nfrom test.support import " not in text  # as the library's tests begin


@pytest.mark.parametrize("name", ["hello", "pydoc", "stdlib"])
def test_embedded_corpora_need_no_file_and_can_be_cut(name: str) -> None:
    corpus = load_corpus(compose([f"corpus={name}", "corpus.max_chars=4"]).corpus)
    assert len(corpus.text) == 4


@pytest.mark.parametrize("name", ["hello", "pydoc", "stdlib", "biblia"])
def test_a_path_is_read_or_refused_but_never_ignored(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("my own text")
    with pytest.raises(UserError, match=r"corpus=file corpus\.path="):
        load_corpus(compose([f"corpus={name}", f"corpus.path={path}"]).corpus)


def test_every_corpus_with_a_file_can_be_downloaded_and_checked() -> None:
    for path in (CONF_DIR / "corpus").glob("*.yaml"):
        corpus = compose([f"corpus={path.stem}"]).corpus
        if corpus.file is not None:
            assert len(bytes.fromhex(corpus.sha256 or "")) == 32, corpus.name
            assert (corpus.url or "").startswith("https://"), corpus.name
            assert corpus.licence and corpus.language and corpus.title, corpus.name


# (characters, distinct characters) of the files as they are, a byte-order mark included, and normalised; None where
# that is not known apart
KNOWN = {
    "biblia": ((4_050_677, 104), None),
    "biblia_es_short": ((60_489, 87), None),
    "biblia_es": ((4_072_963, 96), None),
    "kjv": ((4_406_471, 81), None),
    "mysterious_island": ((1_155_218, 89), (1_131_712, 87)),
    "quijote": ((2_155_394, 104), (2_117_532, 103)),
    "quijote_long": ((691_699, 97), None),
    "republic": ((1_239_109, 86), (1_214_416, 85)),
    "shakespeare": ((1_115_394, 65), None),
    "torres": ((207_119, 93), None),
    "war_and_peace": ((3_258_227, 84), (3_196_212, 82)),
    "war_and_peace_bytes": ((3_258_246, 87), None),
}


def corpus_config(*overrides: str) -> CorpusConfig:
    config: CorpusConfig = compose(list(overrides)).corpus
    if CORPORA is None:
        pytest.skip("CHARCELLS_CORPORA is not set")
    if not (Path(CORPORA) / str(config.file)).exists():
        pytest.skip(f"{config.file} is not in the folder that CHARCELLS_CORPORA names")
    return config


def test_every_shipped_corpus_file_has_a_known_size() -> None:
    embedded = {"hello", "pydoc", "stdlib", "file"}
    without = embedded | REVIEW_SETS.keys()  # tests/text/test_reviews.py has those
    assert {path.stem for path in (CONF_DIR / "corpus").glob("*.yaml")} - without == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_each_corpus_has_the_characters_that_it_is_known_to_have(name: str) -> None:
    raw, normalised = KNOWN[name]
    config = corpus_config(f"corpus={name}", "corpus.normalize=false", "corpus.strip_boilerplate=false")
    config.encoding = config.encoding.removesuffix("-sig")  # which would drop the mark
    text = load_corpus(config, CORPORA).text
    assert (len(text), len(set(text))) == raw
    if normalised is not None:
        text = load_corpus(corpus_config(f"corpus={name}", "corpus.strip_boilerplate=false"), CORPORA).text
        assert (len(text), len(set(text))) == normalised


@pytest.mark.parametrize("name", ["mysterious_island", "quijote", "republic"])
def test_each_gutenberg_book_is_stripped_to_its_text(name: str) -> None:
    config = corpus_config(f"corpus={name}")
    assert config.strip_boilerplate
    text = load_corpus(config, CORPORA).text
    assert "PROJECT GUTENBERG EBOOK" not in text.upper() and "GUTENBERG-TM" not in text.upper()
    assert len(text) > 0.9 * Path(CORPORA or "", str(config.file)).stat().st_size
