"""Labelled texts: reading tables and sets, splitting them, units and their vocabulary."""

import lzma
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charcells.config import CorpusConfig, DataConfig, ReviewsConfig
from charcells.errors import UserError
from charcells.text.review_units import PADDING, UNKNOWN, UnitVocabulary, characters, words
from charcells.text.reviews import SplitReviews, load_reviews


def table(rows: list[tuple[str, str]]) -> str:
    return "label\ttext\n" + "".join(f"{label}\t{text}\n" for label, text in rows)


ROWS = [("bad" if k % 3 else "good", f"film number {k} is {'dull' if k % 3 else 'fine'}") for k in range(60)]


def load(path: Path, data: DataConfig | None = None, **reviews: str) -> SplitReviews:
    corpus = CorpusConfig(name="file", path=str(path))
    return load_reviews(corpus, ReviewsConfig(**reviews), data or DataConfig())


def written(folder: Path, text: str, name: str = "mine.tsv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_each_review_is_in_exactly_one_part(tmp_path):
    loaded = load(written(tmp_path, table(ROWS)))
    found = [(review.label, review.text) for part in (loaded.train, loaded.val, loaded.test) for review in part]
    assert Counter(found) == Counter(ROWS)
    assert (len(loaded.val), len(loaded.test)) == (6, 6)
    assert loaded.labels == ("bad", "good")


def test_the_split_is_the_same_each_time_and_equal_texts_stay_together(tmp_path):
    path = written(tmp_path, table([*ROWS, *ROWS]))
    first, second = load(path), load(path)
    assert (first.train, first.val, first.test) == (second.train, second.val, second.test)
    sides = [{review.text for review in part} for part in (first.train, first.val, first.test)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_a_part_of_its_own_is_kept_as_it_is(tmp_path):
    corpus = CorpusConfig(
        name="file",
        path=str(written(tmp_path, table(ROWS[:40]))),
        test_path=str(written(tmp_path, table(ROWS[40:]), "test.tsv")),
    )
    loaded = load_reviews(corpus, ReviewsConfig(), DataConfig(val_fraction=0.1))
    assert [(review.label, review.text) for review in loaded.test] == ROWS[40:]
    assert (len(loaded.train), len(loaded.val)) == (34, 6)


def test_a_share_of_the_training_part_leaves_the_others_as_they_are(tmp_path):
    path = written(tmp_path, table(ROWS))
    whole, half = load(path), load(path, DataConfig(train_fraction=0.5, train_offset=0.5))
    assert half.trained_on == whole.train[24:48]
    assert (half.train, half.val, half.test) == (whole.train, whole.val, whole.test)


def test_comma_separated_values_are_read_with_quotes_and_line_breaks(tmp_path):
    rows = "".join(f'{k},"{"good" if k % 2 else "bad"}","one, ""two""\nthree {k}"\n' for k in range(30))
    loaded = load(written(tmp_path, f"id,stars,review\n{rows}", "mine.csv"), text_column="review", label_column="stars")
    assert all(re.fullmatch(r'one, "two"\nthree \d+', review.text) for review in loaded.train)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "text\nno label here\n",
            r"has no column 'label'; .* columns text, separated by tabs or commas: .*reviews.label_column",
        ),
        ("sentiment\ttext\ngood\tfine\n", r"has no column 'label'; .* sentiment, text"),
        ("labels\ttext\ngood\tfine\n", r"no column 'label', did you mean labels\?"),
        ("label\ttext\n", "has no reviews"),
        ("label\ttext\ngood\tfine\ngood\tgreat\n", "has only the label 'good'"),
        ("label\ttext\na\tx\nb\ty\nc\tz\n", r"has 3 labels, such as 'a', 'b', 'c'"),
        ("label\ttext\ngood\tfine\nbad\t \n", r"row 3 of .* has nothing in its column 'text'"),
        ("label\ttext\ngood\tfine\nbad\n", r"row 3 of .* must have 2 cells, as its first line, and has 1"),
        ("label\ttext\ngood\tfine\tfilm\nbad\tdull\n", r"row 2 of .* must have 2 cells, as its first line, and has 3"),
        ("label\ttext\n\tfine\nbad\tdull\n", r"row 2 of .* has nothing in its column 'label'"),
        ('label,text\ngood,"never closed\n', "cannot be read as comma-separated values"),
        ("label\ttext\ngood\tfine\nbad\tdull\n", "has no review for the"),
    ],
)
def test_a_table_that_cannot_serve_says_why_in_one_line(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as raised:
        load(written(tmp_path, text))
    assert "\n" not in str(raised.value)


def test_a_corpus_without_labels_is_refused():
    with pytest.raises(UserError, match="corpus=biblia has no labels"):
        load_reviews(CorpusConfig(name="biblia"), ReviewsConfig(), DataConfig())


def test_a_damaged_archive_and_another_file_of_its_name_are_refused(tmp_path):
    corpus = CorpusConfig(name="muchocine")
    path = tmp_path / "muchocine.tsv.xz"
    whole = lzma.compress(b"id\tstars\tfilm\ttext\n1\t1\tx\tbad\n")
    path.write_bytes(whole[:-20])
    with pytest.raises(UserError, match="is damaged, or was not copied as a whole"):
        load_reviews(corpus, ReviewsConfig(), DataConfig(), str(tmp_path))
    path.write_bytes(whole)
    with pytest.raises(UserError, match="is not the file of corpus=muchocine"):
        load_reviews(corpus, ReviewsConfig(), DataConfig(), str(tmp_path))
    path.unlink()
    with pytest.raises(UserError, match=r"needs the file muchocine.tsv \(or muchocine.tsv.xz\)"):
        load_reviews(corpus, ReviewsConfig(), DataConfig(), str(tmp_path))


def test_words_are_split_as_the_book_splits_them():
    assert words('<br />This :) is a <a href="x">TEST</a>;-) 3x, isn\'t it?') == [
        *("this", "is", "a", "test", "3x", "isn", "t", "it"),
        *(":)", ";)"),
    ]


def test_characters_are_kept_as_they_are_written():
    assert "".join(characters(" ¡Qué <i>bien</i>!\n")) == "¡Qué bien!"


@pytest.mark.parametrize("units", [words, characters])
def test_a_long_and_strange_review_takes_no_quadratic_time(units):
    units("<" * 1_000_000)
    units(":-" * 500_000)


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=8), max_size=8), st.integers(1, 4))
def test_the_vocabulary_has_what_occurs_often_enough_and_the_rest_is_unknown(reviews, min_count):
    counts = Counter(unit for review in reviews for unit in review)
    vocabulary = UnitVocabulary.of(reviews, min_count)
    assert set(vocabulary.known) == {unit for unit, count in counts.items() if count >= min_count}
    for review in reviews:
        tokens = vocabulary.encode(review, max_length=100)
        assert PADDING not in tokens
        expected = [unit if counts[unit] >= min_count else None for unit in review] or [None]
        assert [vocabulary.known[token - 2] if token != UNKNOWN else None for token in tokens] == expected


def test_of_a_review_of_a_million_words_the_end_is_read():
    vocabulary = UnitVocabulary.of([["a", "b"]])
    assert vocabulary.encode(["a"] * 1_000_000 + ["b"], max_length=3) == [2, 2, 3]


@pytest.fixture
def public(public_set):
    """Loads a public set with its usual split."""

    def loaded(name: str) -> SplitReviews:
        public_set(name)
        return load_reviews(CorpusConfig(name=name), ReviewsConfig(), DataConfig())

    return loaded


def test_sst2_has_its_official_split(public):
    loaded = public("sst2")
    assert (len(loaded.train), len(loaded.val), len(loaded.test)) == (6920, 872, 1821)
    assert loaded.train[0].label in loaded.labels == ("neg", "pos")
    # the shares that its authors give: 909 of the 1,821 test sentences are positive
    assert sum(review.label == "pos" for review in loaded.test) == 909


def test_rt_polarity_has_as_many_of_each_label(public):
    loaded = public("rt_polarity")
    everything = [*loaded.train, *loaded.val, *loaded.test]
    assert Counter(review.label for review in everything) == {"neg": 5331, "pos": 5331}


def test_a_film_of_muchocine_is_on_one_side_and_three_stars_are_left_out(public):
    loaded = public("muchocine")
    films = [{review.film for review in part} for part in (loaded.train, loaded.val, loaded.test)]
    assert not (films[0] & films[1] or films[0] & films[2] or films[1] & films[2])
    assert len(loaded.train) + len(loaded.val) + len(loaded.test) == 2624  # as anchors in the literature count


@pytest.mark.slow
def test_imdb_is_split_as_the_book_splits_it(public):
    loaded = public("imdb")
    assert len(loaded.train) == pytest.approx(20_000, abs=10)  # equal texts stay on one side
    assert len(loaded.val) == pytest.approx(5_000, abs=10)
    assert len(loaded.test) == 25_000
    vocabulary = UnitVocabulary.of(words(review.text) for review in loaded.train)
    assert len(vocabulary) == pytest.approx(69_023, rel=0.02)  # the book prints 69,023 for its own 20,000
