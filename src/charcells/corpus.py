"""From a name to a text: find or download the file, verify, decode, normalise, strip boilerplate, cut, split."""

import hashlib
import logging
import os
import re
import stat
import sysconfig
import tokenize
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charcells.config import CorpusConfig, UserError

log = logging.getLogger(__name__)

MAX_STRIPPED = 0.2
"""Largest share of a text that stripping boilerplate may remove: strippers have deleted whole books."""

SCHEME = "https"
"""The only way by which anything is downloaded."""

MAX_DOWNLOAD = 256 << 20
"""Bytes after which a download is given up; the largest corpus that is shipped has a fiftieth of that."""

_START = re.compile(r"^\*{3}\s*START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^*]{0,300}\*{3}[^\n]*\n", re.M | re.I)
_END = re.compile(
    r"^(?:End of (?:the )?Project Gutenberg[^\n]*\s+)?\*{3}\s*END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK", re.M | re.I
)


@dataclass(frozen=True)
class Corpus:
    """A text ready to be learned. `sha256` is that of the file, or of the text where no file is behind it."""

    name: str
    text: str
    sha256: str


@dataclass(frozen=True)
class Split:
    """Positions in a text: train is [0, train_end), val [train_end, val_end), test [val_end, length)."""

    train_end: int
    val_end: int
    length: int


def split(length: int, val_fraction: float, test_fraction: float) -> Split:
    """Split a text of `length` characters by position into train | val | test.

    Raises UserError where a part that was asked for gets no character.
    """
    # a hair more, so that 90 % of 100,000 is not 89,999 because of how fractions are stored
    train_end = int(length * (1 - val_fraction - test_fraction) + 1e-6)
    val_end = int(length * (1 - test_fraction) + 1e-6) if val_fraction else train_end
    parts = {
        "data.val_fraction": (val_fraction, val_end - train_end),
        "data.test_fraction": (test_fraction, length - val_end),
    }
    for name, (fraction, characters) in parts.items():
        if fraction > 0 and characters == 0:
            raise UserError(
                f"{name}={fraction} of a corpus of {length:,} characters is no character at all: "
                f"raise it, set it to 0 or take a longer text"
            )
    return Split(train_end, val_end, length)


def train_part(parts: Split, fraction: float, offset: float) -> tuple[int, int]:
    """(begin, end) of what is trained on: that share of the training text, from that share of it on."""
    begin = int(parts.train_end * offset)
    return begin, min(begin + int(parts.train_end * fraction), parts.train_end)


def load_corpus(config: CorpusConfig, corpora_dir: str | None = None) -> Corpus:
    """The text that a corpus configuration describes.

    Raises UserError where the text cannot be found, is not what its hash says, or cannot be read as text.
    """
    embedded = {"hello": lambda: "hello", "pydoc": _pydoc, "stdlib": _stdlib}
    if config.name != "file" and config.path is not None and config.file is None:
        raise UserError(f"corpus={config.name} is not read from a file: write corpus=file corpus.path={config.path}")
    if config.name in embedded:
        text = embedded[config.name]()
        sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    else:
        path = find(config, corpora_dir)
        content = _read(path)
        sha256 = hashlib.sha256(content).hexdigest()
        if config.sha256 is not None and sha256 != config.sha256:
            raise UserError(
                f"{path} is not the text that corpus={config.name} stands for: its SHA-256 is {sha256}, expected "
                f"{config.sha256}. Remove the file so that it is fetched again, or read it as your own text with "
                f"corpus=file corpus.path={path}"
            )
        text = decode(content, config.encoding, path)
        if config.normalize:
            text = normalize(text)
    if config.strip_boilerplate:
        text = strip_boilerplate(text)
    elif _START.search(text) and _END.search(text):
        log.info("the text carries Project Gutenberg's header and licence; corpus.strip_boilerplate=true cuts them")
    text = text[: config.max_chars]
    if len(text) < 2:
        raise UserError(f"corpus={config.name} has {len(text)} characters: a model needs at least 2 to learn from")
    return Corpus(config.name, text, sha256)


def find(config: CorpusConfig, corpora_dir: str | None) -> Path:
    """The file of a corpus: `corpus.path`, then corpora_dir or CHARCELLS_CORPORA, then the cache, then a download."""
    if config.path is not None:
        return Path(os.path.expanduser(config.path))
    if config.file is None:
        raise UserError(f"corpus={config.name} needs a file: add corpus.path=mine.txt")
    if not re.fullmatch(r"\w[\w.+-]{0,200}", config.file):
        raise UserError(
            f"corpus.file={config.file!r} is not allowed: it is a plain file name, of letters, digits, '_', '.', '+' "
            "and '-'. A file anywhere else is read with corpus.path="
        )
    folder = corpora_dir or os.environ.get("CHARCELLS_CORPORA")
    if folder:
        folder = os.path.expanduser(folder)
        if not os.path.isdir(folder):
            raise UserError(f"corpora_dir={folder} is no folder (it comes from corpora_dir or CHARCELLS_CORPORA)")
        path = Path(folder) / config.file
        if path.exists():
            return path
    return _fetch(config)


def _fetch(config: CorpusConfig) -> Path:
    """The file in the user's cache, downloaded and checked against its hash if it is not there yet."""
    import pooch  # half a second that runs on local files need not pay
    import requests

    assert config.file is not None
    cache = Path(pooch.os_cache("charcells"))
    if (cache / config.file).exists():
        return cache / config.file
    if config.url is None or config.sha256 is None:
        raise UserError(f"corpus={config.name} has no address and hash to download it by: give corpus.path=")
    if not config.url.startswith(f"{SCHEME}://"):
        raise UserError(f"corpus.url={config.url} is not allowed: corpora are downloaded by {SCHEME} only")
    help = f"Put the file into a folder as {config.file} and name that folder with corpora_dir= or CHARCELLS_CORPORA"
    log.info("downloading %s from %s (licence: %s)", config.file, config.url, config.licence)
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(
            config.url,
            known_hash=f"sha256:{config.sha256}",
            fname=config.file,
            path=cache,
            downloader=_download,
        )
    except (requests.RequestException, OSError) as error:  # the first is one of the second, and of odd names
        reason = "there is no connection" if isinstance(error, requests.ConnectionError) else str(error)
        raise UserError(f"corpus={config.name} could not be downloaded from {config.url}: {reason}. {help}") from error
    except ValueError as error:  # pooch's word for a wrong hash
        raise UserError(
            f"what {config.url} answers is not the text that corpus={config.name} stands for (wrong SHA-256); nothing "
            f"was kept. {help}"
        ) from error
    return cache / config.file


def _download(url: str, file: Any, pooch: Any) -> None:
    """What `pooch.retrieve` calls: write what is behind an address to a file. Pooch checks it and puts it in place.

    Raises OSError where that is more than MAX_DOWNLOAD bytes, requests.RequestException where it cannot be had, or only
    by way of another scheme.
    """
    import requests
    from tqdm import tqdm

    with requests.Session() as session:
        for scheme in set(session.adapters) - {f"{SCHEME}://"}:  # nor does a redirection leave it
            del session.adapters[scheme]
        with session.get(url, stream=True, timeout=30) as response, open(file, "wb") as output:
            response.raise_for_status()
            done = 0
            with tqdm(total=int(response.headers.get("content-length", 0)) or None, unit="B", unit_scale=True) as bar:
                for block in response.iter_content(1 << 16):
                    done += len(block)
                    if done > MAX_DOWNLOAD:
                        raise OSError(f"it is larger than {MAX_DOWNLOAD:,} bytes, which no corpus is")
                    output.write(block)
                    bar.update(len(block))


def _read(path: Path) -> bytes:
    try:
        if stat.S_ISCHR(path.stat().st_mode):
            raise UserError(f"corpus file {path} is a device, which may have no end")
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UserError(f"corpus file {path} cannot be read: {reason}") from error
    except MemoryError as error:
        raise UserError(f"corpus file {path} is too large for this machine's memory") from error
    if not content:
        raise UserError(f"corpus file {path} is empty")
    return content


def decode(content: bytes, encoding: str, path: Path) -> str:
    """The text in a file's bytes.

    Raises UserError with the byte offset of what is not in the encoding and a guess at the right one, or where the
    content does not look like text at all.
    """
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        where = ""
        if isinstance(error, UnicodeDecodeError) and error.start < len(error.object):
            offset = error.start + len(content) - len(error.object)  # utf-8-sig has cut the mark off
            where = f" at byte offset {offset:,} (byte 0x{content[offset]:02x})"
        raise UserError(f"corpus file {path} is not {encoding} text{where}. {_advice(content)}") from error
    except (LookupError, ValueError) as error:  # ValueError: a name that can be none, such as one with a NUL
        raise UserError(f"corpus.encoding={encoding} is not an encoding that Python knows") from error
    if "\0" in text and encoding.lower().replace("_", "-") not in ("latin-1", "iso-8859-1", "latin1"):
        offset = len(text[: text.index("\0")].encode(encoding, "ignore"))
        raise UserError(
            f"corpus file {path} holds a NUL character at byte offset {offset:,}: it looks like a binary file. To "
            "learn its bytes all the same: corpus.encoding=iso-8859-1 corpus.normalize=false"
        )
    return text


def _advice(content: bytes) -> str:
    """What to try for a file that does not decode."""
    from charset_normalizer import from_bytes

    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "It begins with the mark of UTF-16: try corpus.encoding=utf-16"
    if b"\0" in content[: 1 << 16]:
        return "It looks like a binary file"
    guess = from_bytes(content[: 1 << 18]).best()
    if guess is None:
        return "It looks like a binary file"
    # in Western text ISO-8859-1 and its many relatives differ in characters that hardly occur; name the usual one
    western = {"iso-8859-1", "cp1252", *guess.could_be_from_charset}
    name = "iso-8859-1" if guess.encoding in western and _is_latin_1(content) else guess.encoding
    return f"It looks like {name}: try corpus.encoding={name}"


def _is_latin_1(content: bytes) -> bool:
    """Whether bytes make sense as ISO-8859-1: no C1 control codes, and most high bytes are letters."""
    high = [byte for byte in content[: 1 << 18] if byte >= 0x80]
    return all(byte >= 0xA0 for byte in high) and sum(byte >= 0xC0 for byte in high) * 2 >= len(high)


def normalize(text: str) -> str:
    """Drop a byte-order mark, read CRLF and CR as LF, compose accents (Unicode NFC)."""
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def strip_boilerplate(text: str) -> str:
    """The text between Project Gutenberg's start and end markers, without surrounding blank space.

    Raises UserError where a marker is missing, or where more than MAX_STRIPPED of the text would go.
    """
    start, keep = _START.search(text), "corpus.strip_boilerplate=false keeps the text whole"
    end = _END.search(text, start.end()) if start else None
    if start is None or end is None:
        raise UserError(
            f"corpus.strip_boilerplate=true, but Project Gutenberg's {'end' if start else 'start'} marker "
            f"is not in the text: {keep}"
        )
    body = text[start.end() : end.start()].strip()
    stripped = 1 - len(body) / len(text)
    if stripped > MAX_STRIPPED:
        raise UserError(
            f"corpus.strip_boilerplate=true would cut {stripped:.0%} of the text, more than the {MAX_STRIPPED:.0%} "
            f"that a header and a licence can be: {keep}"
        )
    return body + "\n"


def _pydoc() -> str:
    """The language reference that every Python carries for `help()`, its topics in alphabetical order."""
    from pydoc_data.topics import topics

    return "\n".join(topic.strip() + "\n" for _, topic in sorted(topics.items()))


def _stdlib() -> str:
    """The Python files of the standard library in order of their paths, without tests and installed packages."""
    root = Path(sysconfig.get_path("stdlib"))
    skipped = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
    sources = []
    for path in sorted(root.rglob("*.py")):
        if skipped.isdisjoint(path.relative_to(root).parts):
            with tokenize.open(path) as file:
                sources.append(file.read())
    return "\n".join(sources)
