"""What a run gains over the frequencies of the characters, counted by hand."""

import math

import pytest

from experiments.claims import clipping
from experiments.study import measures, runs


def test_unigram_bits_of_a_text_counted_by_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    (tmp_path / "text.txt").write_text("ab" * 30 + "a" * 20 + "a" * 10 + "aaaabbbbbc")  # 80 to train, 10 to validate
    path = str(tmp_path / "text.txt")
    [run] = runs.cross("x", runs.SCALES["smoke"], 1, corpus="file", corpus__path=path, data__batch_size=4)
    assert measures.data_of(run).text.test_text == "aaaabbbbbc"
    total = 80 + 3  # each character once more than it occurs: a 51, b 31, c 1
    expected = -(4 * math.log2(51 / total) + 5 * math.log2(31 / total) + math.log2(1 / total)) / 10
    assert clipping.unigram_bits(run) == pytest.approx(expected)
