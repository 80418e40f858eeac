"""tf-idf and logistic regression beside a classifier."""

import json

import pytest

from charcells.config import CorpusConfig, DataConfig, ReviewsConfig
from charcells.text import review_baseline
from charcells.text.reviews import SplitReviews, load_reviews

needs_sklearn = pytest.mark.skipif(not review_baseline.installed(), reason="scikit-learn is not installed")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def split(tmp_path, **data) -> SplitReviews:
    rows = [("good fine", "bad dull")[k % 2].split() for k in range(100)]
    path = tmp_path / "mine.tsv"
    path.write_text("label\ttext\n" + "".join(f"{label}\tfilm {word} {k}\n" for k, (label, word) in enumerate(rows)))
    return load_reviews(CorpusConfig(name="file", path=str(path)), ReviewsConfig(), DataConfig(**data))


@needs_sklearn
def test_a_word_that_decides_is_found(tmp_path):
    found = review_baseline.measure(split(tmp_path))
    assert (found["val/accuracy"], found["test/accuracy"]) == (1.0, 1.0)
    assert found["C"] in review_baseline.STRENGTHS


@needs_sklearn
def test_without_a_validation_part_the_penalty_is_the_usual_one(tmp_path):
    found = review_baseline.measure(split(tmp_path, val_fraction=0))
    assert (found["C"], found["val/accuracy"], found["test/accuracy"]) == (1.0, None, 1.0)


def test_the_figures_are_cached_for_the_same_split_only(tmp_path, monkeypatch):
    measured = []
    monkeypatch.setattr(review_baseline, "installed", lambda: True)
    monkeypatch.setattr(review_baseline, "measure", lambda each: measured.append(each) or {"test/accuracy": 0.5})
    whole, half = split(tmp_path), split(tmp_path, train_fraction=0.5)
    for each in (whole, whole, half):
        assert review_baseline.load_or_measure(each)["test/accuracy"] == 0.5
    assert measured == [whole, half]
    path = review_baseline.cache_file(whole)
    path.write_text(path.read_text()[:-5])  # damaged
    assert review_baseline.load_or_measure(whole)["test/accuracy"] == 0.5
    assert len(measured) == 3
    assert json.loads(path.read_text())["corpus"] == "mine.tsv"


def test_without_scikit_learn_a_run_has_no_such_figures_and_says_so(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(review_baseline, "installed", lambda: False)
    with caplog.at_level("INFO", logger="charcells"):
        assert review_baseline.load_or_measure(split(tmp_path)) == {}
    assert "pip install scikit-learn" in caplog.text
