"""Film reviews on the command line: README's command with a few steps, and wrong input, which ends in one line."""

import os

import pytest

from charcells.text.review_sets import review_folders

GOOD = "label\ttext\n" + "".join(
    f"{('bad', 'good')[k % 2]}\tfilm {k} is {('dull', 'fine')[k % 2]}\n" for k in range(40)
)
OPTIONS = ("experiment=film_reviews", "logger=none", "threads=1", "trainer.max_steps=1", "model.hidden_size=4")


def test_the_command_of_the_readme_trains_and_its_run_classifies(command, tmp_path):
    """On sst2 where its files are at hand, else on a made-up table."""
    folders = review_folders(None) if os.environ.get("CHARCELLS_CORPORA") else []
    corpus = ["corpus=sst2"]
    if not any((folder / "stsa.binary.train").exists() for folder in folders):
        (tmp_path / "mine.tsv").write_text(GOOD)
        corpus = ["corpus=file", f"corpus.path={tmp_path / 'mine.tsv'}"]
    few = ["trainer.max_steps=5", "logger=none", "hydra.run.dir=run"]
    result = command("train.py", "experiment=film_reviews", *corpus, *few)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "area under the ROC curve" in result.stdout and "charcells classify run=run" in result.stdout
    result = command("classify", "run=run", "text=a stirring, funny film", "explain=true")
    assert result.returncode == 0 and "log-odds of" in result.stdout, result.stderr


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("text\nfine\n", (), "has no column 'label'"),
        (GOOD.replace("good", "bad"), (), "has only the label 'bad'"),
        (GOOD.replace("film 7 is fine", " "), (), "row 9 of mine.tsv has nothing in its column 'text'"),
        (GOOD, ("reviews.text_column=review",), "has no column 'review'"),
        (
            GOOD,
            ("reviews.text_colum=review",),
            "there is no option reviews.text_colum, did you mean reviews.text_column?",
        ),
        (GOOD, ("reviews.units=letters",), "reviews.units=letters is not allowed: it must be one of words, characters"),
        (GOOD, ("reviews.max_length=0",), "reviews.max_length=0 is not allowed: it must be at least 1"),
        (GOOD, ("reviews.min_count=1.5",), "reviews.min_count"),
        ("", (), "mine.tsv is empty"),
    ],
)
def test_wrong_input_ends_in_one_line(command, tmp_path, table, options, message):
    work = tmp_path / "work"
    work.mkdir()
    (work / "mine.tsv").write_text(table)
    result = command("train.py", *OPTIONS, "corpus=file", "corpus.path=mine.tsv", *options)
    lines = [line for line in result.stderr.splitlines() if line]
    assert result.returncode == 1, result.stdout + result.stderr
    assert len(lines) == 1 and lines[0].startswith("error: ") and message in lines[0], result.stderr
    assert not (work / "runs").exists()


def test_a_damaged_archive_ends_in_one_line(command, tmp_path):
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(b"\x1f\x8b\x08 not more")
    result = command("train.py", *OPTIONS, "corpus=imdb", CHARCELLS_CORPORA=str(tmp_path))
    assert result.returncode == 1
    assert "aclImdb_v1.tar.gz is damaged, or is not the archive of corpus=imdb" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_review_of_a_million_words_trains(command, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "mine.tsv").write_text(GOOD + f"good\t{'word ' * 1_000_000}\n")
    result = command("train.py", *OPTIONS, "corpus=file", "corpus.path=mine.tsv", "data.val_fraction=0")
    assert result.returncode == 0, result.stderr
    assert "1 of " in result.stdout + result.stderr and "only their end is read" in result.stdout + result.stderr
