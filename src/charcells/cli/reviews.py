"""Make the tables of a set of film reviews from its official archive.

Usage
  charcells reviews imdb              imdb.train.tsv and imdb.test.tsv in this folder
  charcells reviews imdb to=FOLDER    in another

The archive, aclImdb_v1.tar.gz (84 MB), is looked for in CHARCELLS_CORPORA and downloaded once if it is not there.
corpus=imdb reads it as it is; from the tables, in the folder that corpora_dir= names, a run starts ten seconds sooner.
"""

from collections.abc import Sequence
from pathlib import Path

from charcells.cli.arguments import refuse_flags
from charcells.errors import UserError
from charcells.files import make_folder, replacing
from charcells.process import prepare_process


def main(arguments: Sequence[str]) -> None:
    """`charcells reviews` with these arguments. Raises UserError."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    refuse_flags(arguments)
    name, *options = arguments or [""]
    if name != "imdb":
        given = f"charcells reviews {name}".rstrip()
        raise UserError(f"{given}: only imdb has an archive; write charcells reviews imdb to=FOLDER")
    if len(options) > 1 or not all(option.startswith("to=") for option in options):
        raise UserError(f"{options[-1]}: charcells reviews takes only to=FOLDER, such as to=reviews")
    folder = Path(options[0].removeprefix("to=") if options else ".").expanduser()
    prepare_process(threads=1)
    write_tables(folder)


def write_tables(folder: Path) -> None:
    """Write both tables into a folder, which is made if it is not there. Raises UserError if that is not possible."""
    from charcells.text.imdb_archive import tables
    from charcells.text.review_sets import imdb_archive_file

    make_folder(folder, "to")
    for part, content in tables(imdb_archive_file(None)).items():
        path = folder / f"imdb.{part}.tsv"
        try:
            with replacing(path) as file:
                file.write(content)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
        print(f"written: {path}")
