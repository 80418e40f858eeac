"""The recall task and arms with a learning rate of their own."""

import numpy as np
import pytest

from charcells.runs.summary import Summary
from experiments.study import recall, runs, tuning
from experiments.study.recall import LETTERS, line, recalled, repeated
from experiments.study.runs import PILOT_SEED, SCALES


def test_a_line_needs_a_memory_of_just_its_dots():
    assert line("c", 3) == "c...?c\n"
    assert len(line("a", 10)) == 10 + 4


def test_the_letters_to_repeat_are_those_whose_line_has_begun():
    text = "b...?b\na...?a\n"
    assert list(repeated(text, 3)) == [5, 12]
    assert [text[i] for i in repeated(text[2:], 3) + 2] == ["a"]  # the first line has lost its letter


def test_a_letter_is_recalled_if_it_is_likelier_than_all_others_together(monkeypatch):
    class Data:
        class text:
            test_text = line("a", 3) + line("b", 3)

    bits = np.full(14, 9.0)
    bits[[5, 12]] = 0.99, 1.01
    monkeypatch.setattr(recall, "data_of", lambda run: Data)
    monkeypatch.setattr(recall, "carried_bits", lambda run, checkpoint: bits)
    monkeypatch.setattr(recall, "reset_bits", lambda run, seq_len, checkpoint: bits + seq_len)
    assert recalled(None, 3) == 0.5
    assert recalled(None, 3, reset=7) == 0.0


def test_the_text_of_the_task_holds_nothing_but_its_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(recall, "ROOT", tmp_path)
    recall.write_recall_texts(SCALES["smoke"], [10])
    text = (tmp_path / recall.recall_text(SCALES["smoke"], 10)).read_text()
    assert {found[0] for found in text.split()} == set(LETTERS)
    assert all(found + "\n" == line(found[0], 10) for found in text.split())


def test_each_arm_chooses_its_rate_by_as_many_runs_none_of_which_is_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    arms = [tuning.TunedArm("x", SCALES["laptop"], (11, 12), {"cell": cell}) for cell in ("rnn", "lstm")]
    rates = [[run.overrides["optimizer.lr"] for run in arm.tuning()] for arm in arms]
    assert rates[1] == pytest.approx([0.0025, 0.005, 0.01, 0.02])
    assert np.array(rates[0]) / rates[0][0] == pytest.approx(np.array(rates[1]) / rates[1][0])
    assert {run.overrides["seed"] for arm in arms for run in arm.tuning()} == {PILOT_SEED}
    for arm, tried in zip(arms, rates, strict=True):
        assert arm.runs() == arm.tuning()  # nothing is judged before
        for run, bpc in zip(arm.tuning(), (2.0, 1.5, 1.9, 2.5), strict=True):
            run.folder.path.mkdir(parents=True)
            run.folder.write_summary(Summary({"val/bpc": bpc}))
        assert arm.rate() == tried[1]
        assert [run.overrides["seed"] for run in arm.judged()] == [11, 12]
        assert {run.overrides["optimizer.lr"] for run in arm.judged()} == {tried[1]}
        assert not arm.at_edge()


def test_an_arm_whose_state_is_reset_chooses_its_rate_with_the_state_reset(monkeypatch):
    arm = tuning.TunedArm("x", SCALES["laptop"], (11, 12), {"cell": "lstm"}, reset=32)

    def bits(run, seq_len, checkpoint, part):
        assert (seq_len, checkpoint, part) == (32, "last", "val")
        return np.full(5, abs(run.overrides["optimizer.lr"] - 0.02))

    monkeypatch.setattr(tuning, "reset_bits", bits)
    assert arm.rate() == 0.02
    assert arm.at_edge()
