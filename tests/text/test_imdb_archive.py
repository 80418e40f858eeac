"""The official archive of IMDb's reviews: read as two tables, checked, downloaded once."""

import hashlib
import io
import lzma
import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from charcells.cli.reviews import main
from charcells.config import CorpusConfig, DataConfig, ReviewsConfig
from charcells.errors import UserError
from charcells.text import imdb_archive
from charcells.text.review_sets import REVIEW_SETS, review_folders
from charcells.text.reviews import load_reviews

FILES = {
    f"aclImdb/{part}/{label}/{k}_{1 + k % 10}.txt": f"{label} {part}\tnumber {k},\r\nsecond line é"
    for part in ("train", "test")
    for label in ("pos", "neg")
    for k in (10, 9, 2, 0)
}
OTHERS = {"aclImdb/README": "about", "aclImdb/train/unsup/0_0.txt": "no label", "aclImdb/train/pos/urls.txt": "http"}


def packed(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def archive(tmp_path, monkeypatch) -> Path:
    """A small archive in tmp_path, which counts as the official one."""
    path = packed(tmp_path / imdb_archive.ARCHIVE, {**FILES, **OTHERS})
    monkeypatch.setattr(imdb_archive, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setenv("CHARCELLS_CORPORA", str(tmp_path))
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    imdb_archive.tables.cache_clear()
    return path


def load():
    return load_reviews(CorpusConfig(name="imdb"), ReviewsConfig(), DataConfig(val_fraction=0.2))


def test_the_reviews_of_the_archive_are_two_tables(archive):
    found = imdb_archive.tables(archive)
    lines = found["test"].decode().split("\n")
    assert lines[:3] == [
        "label\tid\tstars\ttext",
        "neg\t0\t1\tneg test number 0,  second line é",
        "neg\t2\t3\tneg test number 2,  second line é",
    ]
    places = [tuple(line.split("\t")[:2]) for line in lines[1:-1]]
    assert places == [(label, number) for label in ("neg", "pos") for number in ("0", "2", "9", "10")]
    assert lines[-1] == ""


def test_corpus_imdb_reads_the_archive_without_unpacking_it(archive):
    before = set(archive.parent.rglob("*"))
    loaded = load()
    texts = Counter(review.text for part in (loaded.train, loaded.val, loaded.test) for review in part)
    assert texts == Counter(text.translate({9: " ", 13: " ", 10: " "}) for text in FILES.values())
    assert {review.label for review in loaded.test} == {"neg", "pos"} and len(loaded.test) == 8
    assert set(archive.parent.rglob("*")) == before


def test_the_tables_are_made_and_give_the_same_reviews(archive, tmp_path, capsys):
    from_archive = load()
    main(["imdb", f"to={tmp_path / 'reviews'}"])
    assert capsys.readouterr().out.count("written: ") == 2
    hashes = [hashlib.sha256((tmp_path / "reviews" / file.name).read_bytes()) for file in REVIEW_SETS["imdb"]]
    assert from_archive.sha256 == hashlib.sha256(" ".join(each.hexdigest() for each in hashes).encode()).hexdigest()
    assert imdb_archive.tables(archive)["train"] == (tmp_path / "reviews" / "imdb.train.tsv").read_bytes()


@pytest.mark.parametrize("damage", [lambda content: content[:-50], lambda content: content + b"more"])
def test_a_damaged_archive_is_refused_in_one_line(archive, damage):
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(
        UserError, match=r"aclImdb_v1.tar.gz is damaged, or is not the archive of corpus=imdb"
    ) as raised:
        load()
    assert "\n" not in str(raised.value)


def test_the_archive_is_downloaded_once(archive, tmp_path, monkeypatch):
    asked = []

    def download(url, file, pooch):
        asked.append(url)
        Path(file).write_bytes(content)

    content = archive.read_bytes()
    archive.unlink()
    monkeypatch.setattr("charcells.text.download._download", download)
    first = load()
    imdb_archive.tables.cache_clear()
    assert load().sha256 == first.sha256
    assert asked == ["https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "charcells reviews: only imdb has an archive"),
        (["sst2"], "charcells reviews sst2: only imdb has an archive"),
        (["imdb", "into=x"], "into=x: charcells reviews takes only to=FOLDER"),
        (["imdb", "--force"], "unknown flag --force"),
        (["imdb", "to=/dev/null/here"], "the folder /dev/null/here cannot be made"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(archive, arguments, message):
    with pytest.raises(UserError, match=re.escape(message)) as raised:
        main(arguments)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_the_tables_at_hand_come_out_of_an_archive_of_their_reviews_byte_by_byte(tmp_path, monkeypatch, public_set):
    public_set("imdb")
    names = [Path(folder, f"{file.name}.xz") for file in REVIEW_SETS["imdb"] for folder in review_folders(None)]
    there = {path.name.split(".")[1]: lzma.decompress(path.read_bytes()) for path in names if path.exists()}
    files = {}
    for part, content in there.items():
        for line in content.decode().split("\n")[1:-1]:
            label, number, stars, text = line.split("\t")
            files[f"aclImdb/{part}/{label}/{number}_{stars}.txt"] = text
    path = packed(tmp_path / imdb_archive.ARCHIVE, files)
    monkeypatch.setattr(imdb_archive, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    imdb_archive.tables.cache_clear()
    assert imdb_archive.tables(path) == there


def test_a_table_with_other_texts_in_the_place_of_the_eight_is_accepted_and_no_other():
    file = REVIEW_SETS["imdb"][0]
    rows = [
        b"label\tid\tstars\ttext",
        *(b"%s\t%d\t1\ttext" % (label, k) for label in (b"neg", b"pos") for k in range(30)),
    ]
    changed = [row + b" changed" if row.startswith(b"pos\t7\t") else row for row in rows]
    others = [row + b" changed" if row.startswith(b"pos\t17\t") else row for row in rows]
    assert file.hashed(b"\n".join(rows)) == file.hashed(b"\n".join(changed)) != file.hashed(b"\n".join(others))
