"""Scoring a text: against the model called character by character, and an n-gram counted by hand."""

import json
import math

import numpy as np
import pytest
import torch

import charcells
from charcells.errors import UserError
from charcells.training.train import train
from charcells.writing.score import Score

TEXT = "a cab, a bed and a bag\n" * 50


@pytest.fixture
def run(small, tmp_path):
    train(small(TEXT, "trainer.max_steps=30"), tmp_path / "run")
    return tmp_path / "run"


def test_the_bits_are_those_of_the_model_called_on_one_character_after_another(run):
    generator = charcells.load(run)
    text, state, expected = "a bag\nand a cab", None, []
    tokens = generator.vocabulary.encode(generator.prompt + text)
    with torch.no_grad():
        for position in range(len(tokens) - 1):
            logits, state = generator.model(torch.tensor([[int(tokens[position])]]), state)
            if position + 1 >= len(generator.prompt):
                expected.append(-logits[0, -1].double().log_softmax(0)[int(tokens[position + 1])].item() / math.log(2))
    score = generator.score(text)
    assert score.text == text and score.bits == pytest.approx(expected, abs=1e-6)
    assert score.bpc == pytest.approx(sum(expected) / len(expected))
    assert score.lines() == [
        ("a bag", pytest.approx(sum(expected[:6]) / 6)),
        ("and a cab", pytest.approx(sum(expected[6:]) / 9)),
    ]


def test_unknown_characters_are_named_or_left_out(run):
    generator = charcells.load(run)
    with pytest.raises(UserError, match=r"U\+00E9.*unknown=skip"):
        generator.score("a café")
    assert generator.score("a caéb", unknown="skip").bits == pytest.approx(generator.score("a cab").bits)
    with pytest.raises(UserError, match="no characters"):
        generator.score("é", unknown="skip")


def test_the_command_writes_what_it_shows(run, command, tmp_path):
    (tmp_path / "new.txt").write_text("a bag, a cab\nand a bed\n")
    result = command("score.py", f"run={run}", f"file={tmp_path / 'new.txt'}", f"json={tmp_path / 'out.json'}")
    assert result.returncode == 0, result.stderr
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["bpc"] == pytest.approx(charcells.load(run).score("a bag, a cab\nand a bed\n").bpc)
    assert [line["text"] for line in written["lines"]] == ["a bag, a cab", "and a bed"]
    assert f"23 characters, {written['bpc']:.3f} bits per character" in result.stdout
    assert "n-gram of order 5: " in result.stdout and "not measured" not in result.stdout


def test_the_table_of_surprising_lines_leaves_out_empty_ones(run, command, tmp_path):
    (tmp_path / "new.txt").write_text("a bag, a cab\n\n  \n" * 400)
    result = command("score.py", f"run={run}", f"file={tmp_path / 'new.txt'}", "lines=3")
    assert result.returncode == 0, result.stderr
    table = result.stdout.split("surprise the model most:\n")[1].splitlines()
    assert len(table) == 3 and all(row.endswith("  a bag, a cab") for row in table)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the text to score"),
        (["text=a", "file=b"], "and not both"),
        (["file=nowhere.txt"], "nowhere.txt cannot be read"),
        (["text=a", "json=nowhere/s.json"], "json=nowhere/s.json: there is no folder nowhere; make it first"),
        (["text=a", "lines=-1"], "lines=-1 is not allowed"),
        (["text=a", "fiel=b"], "there is no option fiel, did you mean file?"),
    ],
)
def test_wrong_options_are_named(run, command, arguments, message):
    result = command("score.py", f"run={run}", *arguments)
    assert result.returncode == 1 and message in result.stderr and "Traceback" not in result.stderr


def test_lines_end_at_line_feeds_only():
    score = Score("a\x0bb\u2028c\n\nd", np.arange(8.0))
    assert score.lines() == [("a\x0bb\u2028c", 2.5), ("", 6.0), ("d", 7.0)]
