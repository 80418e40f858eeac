"""The claim `training_order`: its texts, its arms and the classifier that tells licence from book."""

import os
import random

import pytest

from experiments.claims import boilerplate, training_order
from experiments.claims.training_order import arm, licence_share, sides_of, texts
from experiments.study.runs import ROOT, SCALES

LAPTOP = SCALES["laptop"]

pytestmark = pytest.mark.skipif("CHARCELLS_CORPORA" not in os.environ, reason="CHARCELLS_CORPORA is not set")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(training_order, "ROOT", tmp_path)


def test_both_texts_have_the_same_characters_and_the_licence_at_one_end(tmp_path):
    book, licence, unread = texts(LAPTOP)
    training_order.prepare(LAPTOP)
    last, first = ((tmp_path / training_order.text_file(LAPTOP, place)).read_text() for place in training_order.PLACES)
    assert last == book + licence and first == licence + book
    assert len(last) == training_order.CHARS and 0.15 < len(licence) / len(last) < 0.17
    assert "Project Gutenberg" not in book and licence.startswith("End of the Project Gutenberg EBook")
    assert unread[:1000] not in book
    assert tmp_path != ROOT


def test_all_arms_make_the_same_number_of_updates_on_windows_at_every_character():
    for order, sampling in (("text order", "overlapping"), ("shuffled", "windows")):
        [config, *_] = [run.config() for run in arm(LAPTOP, order, "licence last")]
        assert config.data.sampling == sampling and config.data.stride in (None, 1)
        # 64 windows begin at each of 64 k, 64 k + 1, ...; 6,400 characters must remain behind the start of a batch
        assert config.trainer.max_steps == (118_000 - 6_400) // 64 == 1743
    assert len(training_order.runs(LAPTOP)) == 4 * 5


def test_the_classifier_knows_licence_and_takes_nothing_else_for_it():
    sides, (_, licence, unread) = sides_of(LAPTOP), texts(LAPTOP)
    assert licence_share(sides, [licence]) == 1
    assert licence_share(sides, [unread]) < 0.001
    drawn = random.Random(1)
    letters, words = list(unread[:20_000]), unread[:50_000].split()
    drawn.shuffle(letters)
    assert licence_share(sides, ["".join(letters), " ".join(drawn.choices(words, k=4000))]) == 0
    mixed = licence[:1000] + unread[:3000]
    assert licence_share(sides, [mixed]) == pytest.approx(0.25)


def test_what_is_recognised_is_book_or_licence_or_neither():
    sides, (_, licence, unread) = sides_of(LAPTOP), texts(LAPTOP)
    assert boilerplate.recognised(sides, [licence]) == (0, 1)
    book, taken_for_licence = boilerplate.recognised(sides, [unread])
    assert book > 0.6 and taken_for_licence < 0.02
    book, taken_for_licence = boilerplate.recognised(sides, [licence[:1000], unread[:3000]])
    assert taken_for_licence == pytest.approx(0.25, abs=0.026)
    assert 0.75 * 0.6 < book <= 0.75
    letters = list(unread[:20_000])
    random.Random(1).shuffle(letters)
    assert max(boilerplate.recognised(sides, ["".join(letters)])) < 0.05  # neither
