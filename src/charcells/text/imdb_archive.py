"""The official archive of the Large Movie Review Dataset (Maas et al. 2011), read as two tables without unpacking it.

A review is a file `aclImdb/{train,test}/{neg,pos}/{id}_{stars}.txt` of the archive; its other files are passed over.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from charcells.errors import UserError

ARCHIVE = "aclImdb_v1.tar.gz"
URL = f"https://ai.stanford.edu/~amaas/data/sentiment/{ARCHIVE}"
SHA256 = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"

HEADER = b"label\tid\tstars\ttext\n"
_REVIEW = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")
_BREAKS = bytes.maketrans(b"\t\r\n", b"   ")


@lru_cache(maxsize=1)  # a set asks for its tables one by one, and reading the archive takes some ten seconds
def tables(archive: Path) -> dict[str, bytes]:
    """The content of imdb.train.tsv and imdb.test.tsv, under 'train' and 'test'.

    Columns are label, id, stars and text; neg comes before pos, each by id. Tabs and line breaks of a text become
    spaces.

    Raises UserError if the file cannot be read or is not the official archive.
    """
    try:
        with open(archive, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != SHA256:
                raise UserError(
                    f"{archive} is damaged, or is not the archive of corpus=imdb: its SHA-256 is {found}, expected "
                    f"{SHA256}. Without that file, corpus=imdb downloads it again"
                )
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r|gz") as members:
                rows = sorted(_rows(members))
    except OSError as error:
        raise UserError(f"{archive} cannot be read: {error.strerror or error}") from error
    return {part: HEADER + b"".join(row for of_part, *_, row in rows if of_part == part) for part in ("train", "test")}


def _rows(members: tarfile.TarFile) -> Iterator[tuple[str, str, int, bytes]]:
    """Part, label, id and line of each review."""
    for member in members:
        review = _REVIEW.fullmatch(member.name)
        content = members.extractfile(member) if review else None
        if review and content:
            part, label, number, stars = review.groups()
            start = f"{label}\t{number}\t{stars}\t".encode()
            yield part, label, int(number), start + content.read().translate(_BREAKS) + b"\n"
