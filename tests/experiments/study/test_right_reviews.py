"""Which reviews are found right, and verdicts on accuracy: against a run's figures, and where the answer is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from charcells.text.review_tables import Review
from charcells.text.reviews import SplitReviews
from experiments.study import reviews, runs
from experiments.study.findings import ALIKE, INCONCLUSIVE, REFUTED, SUPPORTED
from experiments.study.reviews import BETTER, counted_right, guessed_right, last_words, mcnemar
from experiments.study.verdicts import confirmed_by_reviews, judge_mean


def split(test: list[Review], train: list[Review]) -> SplitReviews:
    return SplitReviews("x", "0", ("neg", "pos"), train, train, test, range(len(train)))


TRAIN = [Review("dull film", "neg"), Review("fine film", "pos"), Review("dull plot", "neg")] * 20


def test_counted_words_and_guesses_by_hand():
    made = split([Review("a dull thing", "neg"), Review("a dull thing", "pos"), Review("fine", "pos")], TRAIN)
    assert counted_right(made).tolist() == [True, False, True]
    assert guessed_right(made).tolist() == [True, False, False]


def test_the_last_words_are_those_that_a_classifier_reads():
    made = last_words(split([Review("One, two <br /> three :-) four", "neg")], TRAIN), 3)
    assert made.test == [Review("three four :)", "neg")]
    assert last_words(split([Review("dull film", "neg")], TRAIN), 1).train[0].text == "film"


def test_mcnemar_is_the_binomial_test_of_the_reviews_that_only_one_finds():
    a = np.array([True] * 14 + [False] * 3 + [True] * 50 + [False] * 9)
    b = np.array([False] * 14 + [True] * 3 + [True] * 50 + [False] * 9)
    only_a, only_b, p = mcnemar(a, b)
    assert (only_a, only_b) == (14, 3)
    assert p == pytest.approx(stats.binomtest(3, 17).pvalue)


def test_accuracy_of_the_reviews_is_that_of_the_summary(tmp_path, monkeypatch):
    from charcells.training.train import train

    monkeypatch.setattr(runs, "ROOT", tmp_path)
    table = tmp_path / "mine.tsv"
    rows = [
        f"{label}\tthis {word} film of {k}" for k in range(60) for label, word in (("neg", "dull"), ("pos", "fine"))
    ]
    table.write_text("label\ttext\n" + "\n".join(rows) + "\n")
    scale = replace(runs.SCALES["smoke"], common=runs.COMMON)
    options = {"experiment": "film_reviews", "corpus": "file", "corpus__path": str(table), "trainer__max_epochs": 1}
    trained = runs.cross("x", scale, (1, 2), **options, data__test_fraction=0.3, model__hidden_size=4)
    summaries = [train(run.config(), run.folder.path, cores=1) for run in trained]
    assert all(run.done() for run in trained)
    for run, summary in zip(trained, summaries, strict=True):
        found = reviews.right(run)
        assert len(found) == 36
        assert found.mean() == pytest.approx(summary["test/accuracy"])
    frame = pd.DataFrame({"corpus": "mine", "arm": ["a", "b"], "run": trained})
    difference = reviews.between(frame, "arm", "a", "b")["mine"]
    assert difference.mean() == pytest.approx(summaries[0]["test/accuracy"] - summaries[1]["test/accuracy"])


def verdict(figures: list[float]):
    return judge_mean("?", figures, BETTER, unit="accuracy")


def test_a_verdict_needs_test_reviews_that_bear_it_out():
    random = np.random.default_rng(0)
    sure = verdict([0.050, 0.051, 0.052, 0.049, 0.050, 0.048])
    assert sure.verdict == SUPPORTED
    many = {"a": random.normal(0.05, 0.3, 4000), "b": random.normal(0.05, 0.3, 4000)}
    assert confirmed_by_reviews(sure, BETTER, many).verdict == SUPPORTED
    few = {"a": random.normal(0.05, 0.3, 4000), "b": random.normal(0.05, 0.3, 30)}
    taken_back = confirmed_by_reviews(sure, BETTER, few)
    assert taken_back.verdict == INCONCLUSIVE and taken_back.p == 1.0
    assert "4,030 test reviews" in taken_back.note
    alike = verdict([0.001, -0.001, 0.0005, 0.0, -0.0005, 0.001])
    assert alike.verdict == ALIKE
    assert confirmed_by_reviews(alike, BETTER, {"a": random.normal(0, 0.1, 4000)}).verdict == ALIKE
    assert confirmed_by_reviews(alike, BETTER, {"a": random.normal(0, 0.3, 400)}).verdict == INCONCLUSIVE
    worse = verdict([-0.05, -0.051, -0.052, -0.049, -0.05])
    assert confirmed_by_reviews(worse, BETTER, {"a": random.normal(-0.05, 0.3, 4000)}).verdict == REFUTED


def test_the_interval_over_reviews_is_that_of_the_mean_over_texts():
    """Its width against the formula for independent samples of unequal sizes."""
    random = np.random.default_rng(1)
    samples = {"a": random.normal(0.2, 0.3, 500), "b": random.normal(0.0, 0.1, 2000)}
    note = confirmed_by_reviews(verdict([0.1, 0.11, 0.09, 0.1, 0.1]), BETTER, samples).note
    low, high = (float(figure) for figure in note.rpartition(": ")[2].split(" to "))
    error = np.sqrt(sum(values.var(ddof=1) / len(values) for values in samples.values())) / 2
    assert (low + high) / 2 == pytest.approx(np.mean([values.mean() for values in samples.values()]), abs=0.002)
    assert high - low == pytest.approx(2 * 1.96 * error, abs=0.003)
