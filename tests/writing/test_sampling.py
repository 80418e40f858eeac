"""Explanations and the grid: surprise against the softmax by hand, copies, escaping, and every cell."""

import csv
import math
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import charcells
from charcells.cli.compose import compose
from charcells.cli.sample import write
from charcells.config import SampleConfig
from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS
from charcells.runs.folder import RunFolder
from charcells.text.copies import COPY_LENGTH, Copy
from charcells.text.vocabulary import Vocabulary, visible
from charcells.training.train import train
from charcells.writing.explain import Explained, coloured, explain, explain_samples, figures, html, notes, surprise
from charcells.writing.generator import TextGenerator
from charcells.writing.grid import FIGURES, TEMPERATURES, TEXTS, fenced, grid, shares
from charcells.writing.texts import Texts, load_texts

ALPHABET = "\n abcdefgé<>/script"
WORDS = ("cab", "bed", "bag", "face", "cafe", "decade", "badge", "facade", "egg", "age", "ace", "dead")
TRAINING = " ".join(WORDS[i * i * 7 % 12 + i % 5 - 4] for i in range(800)) + "\n"  # no two long stretches are alike


pytestmark = pytest.mark.usefixtures("one_thread")


def make_generator(cell="lstm"):
    """An untrained model with strong opinions."""
    torch.manual_seed(2)
    model = CharRNN(len(Vocabulary.of(ALPHABET)), cell, embedding_dim=5, hidden_size=12, num_layers=2)
    with torch.no_grad():
        model.output.weight.mul_(6)
    return TextGenerator(model.eval(), Vocabulary.of(ALPHABET), prompt="a")


@pytest.fixture
def texts(tmp_path):
    return Texts(RunFolder(tmp_path), "file", None, TRAINING, 0, "a bad egg, " * 100)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a trained run, with its text beside it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "text.txt").write_text(TRAINING + "a <script>bad</script> fed & cage\n" * 40, encoding="utf-8")
    options = ("logger=none", "threads=1", "model.hidden_size=8", "model.embedding_dim=4", "data.batch_size=4")
    options += ("data.seq_len=20", "trainer.max_steps=5", "samples.length=5")
    train(compose(["corpus=file", f"corpus.path={folder / 'text.txt'}", *options]), folder / "run")
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path):
    """A copy of that run, and of nothing else."""
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def sample_config(run, **values):
    return SampleConfig(run=str(run), length=60, **values)


# surprise


@pytest.mark.parametrize("cell", CELLS)
def test_surprise_is_that_of_the_softmax_after_each_prefix(cell, monkeypatch):
    monkeypatch.setattr("charcells.writing.score.READ_LENGTH", 7)  # the text is read in several parts
    generator, prompt, text = make_generator(cell), "bad", " cab, éa\nbadge"
    text = text.replace(",", "")
    tokens = torch.from_numpy(generator.vocabulary.encode(prompt + text)).long()
    bits = []
    for position in range(len(prompt), len(tokens)):
        with torch.no_grad():
            probabilities = generator.model(tokens[None, :position])[0][0, -1].softmax(0)
        bits.append(-math.log2(probabilities[tokens[position]]))
    assert surprise(generator, prompt, text) == pytest.approx(bits, abs=1e-4)


def test_the_mean_surprise_is_the_cross_entropy_in_bits():
    generator, text = make_generator(), "bad cafe\nfacade" * 200
    tokens = torch.from_numpy(generator.vocabulary.encode("a" + text)).long()
    with torch.no_grad():
        logits = generator.model(tokens[None, :-1])[0][0]
    assert surprise(generator, "a", text).mean() * math.log(2) == pytest.approx(
        float(F.cross_entropy(logits, tokens[1:])), abs=1e-5
    )


def test_surprise_reads_what_writing_reads():
    generator = make_generator()
    known = surprise(generator, "cab", "bed")
    assert (surprise(generator, "c☃aÜb", "bed") == known).all()  # under unknown=skip
    assert (surprise(generator, "", "bed") == surprise(generator, "a", "bed")).all()  # the run's own prompt


def test_a_greedy_text_surprises_less_than_one_drawn_hot():
    generator = make_generator()
    cold, hot = (generator.generate("a", length=200, temperature=heat)[1:] for heat in (0, 3.0))
    assert surprise(generator, "a", cold).mean() < surprise(generator, "a", hot).mean()


# copies


def test_copied_text_is_marked_and_random_letters_are_not(texts):
    copied = TRAINING[1000 : 1000 + 2 * COPY_LENGTH]
    random = "".join(np.random.default_rng(1).choice(list("abcdefg "), 2 * COPY_LENGTH))
    explained, human = explain_samples(make_generator(), texts, "a", [copied, random], [1, 2])
    whole, none = explained
    assert whole.copied == 1 and none.copied == 0 and none.copies == []
    (span,) = whole.copies
    assert (span.start, span.end) == (0, 2 * COPY_LENGTH)
    assert TRAINING[span.source :].startswith(copied)
    assert none.longest is not None and none.longest.end - none.longest.start < 20
    assert human["pieces"] == 11 and 0 < human["longest_median"] <= human["longest_max"] < 20 and human["copied"] == 0
    assert f"copied: {2 * COPY_LENGTH} characters, starting at character {span.source:,} of" in figures(whole, texts)[2]
    assert figures(none, texts)[2].startswith("longest match: ")


def test_the_terminal_underlines_what_is_copied_and_nothing_else(texts):
    copied = TRAINING[1000 : 1000 + COPY_LENGTH]
    ((sample,), _) = explain_samples(make_generator(), texts, "bad", ["a>" + copied + ">a"], [1])
    shown = coloured(sample)
    underlined = {i for span in shown.spans if "underline" in str(span.style) for i in range(span.start, span.end)}
    assert "".join(shown.plain[i] for i in sorted(underlined)).replace("↵", "") == copied


def test_each_character_is_in_one_run(texts):
    copies = [Copy(2, 6, 100), Copy(4, 8, 500)]
    sample = Explained(1, "", "0123456789", np.arange(10.0), copies, copies[0], 0.6)
    runs = [(copy, "".join(character for character, _ in run)) for copy, run in sample.runs()]
    assert runs == [(None, "01"), (copies[0], "23"), (copies[1], "4567"), (None, "89")]


def test_human_pieces_do_not_overlap(texts):
    pieces = Texts(texts.folder, "file", None, "", 0, "".join(map(chr, range(100, 1100)))).pieces(90, 20)
    assert [len(piece) for piece in pieces] == [90] * 11
    assert len(set("".join(pieces))) == 990
    assert texts.pieces(10_000, 20) == []


# the page


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects text and attributes."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.links, self.shown, self.marked = [], set(), [], "", ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "pre" in self.open:
            self.shown += data
        if "mark" in self.open and "pre" in self.open:
            self.marked += data


def test_the_page_escapes_every_text_and_needs_nothing_from_elsewhere(texts):
    nasty = "<script>ab</script>\n<e"
    copied = TRAINING[1000 : 1000 + COPY_LENGTH]
    explained, _ = explain_samples(make_generator(), texts, "<script>", [nasty + ">" + copied + ">"], [1])
    source = html(explained, texts, ["about <script>"], "temperature=<script>")
    page = Page(source)
    assert source.startswith("<!DOCTYPE html>\n<html lang=") and "script" not in page.tags
    assert "http:" not in source and "https:" not in source and "url(" not in source and page.links == []
    assert page.shown.strip("\n") == "<script>" + nasty + ">" + copied + ">"
    assert page.marked == copied
    assert f"copied from {explained[0].copies[0].source + 3:,}" in source


def test_what_a_terminal_would_act_upon_is_shown_as_an_escape():
    assert visible("a\x1b[31m\tb\n\u202e\ud800 é漢\u00a0") == "a\\x1b[31m\tb\n\\u202e\\ud800 é漢\u00a0"
    visible("\ud800").encode()


def test_the_latest_run_can_be_explained(run, tmp_path, monkeypatch):
    shutil.copytree(run, tmp_path / "here" / "runs" / "mine")
    monkeypatch.chdir(tmp_path / "here")
    write(compose(["run=latest", "explain=true", "length=20"], "sample"))
    assert (tmp_path / "here" / "runs" / "mine" / "explain.html").exists()


def test_explain_writes_the_page_and_says_what_human_text_has(run, capsys):
    explain(charcells.load(run), sample_config(run, prompt="a bad ☃ <script>", unknown="skip", num_samples=2))
    shown = capsys.readouterr().out
    page = Page((run / "explain.html").read_text(encoding="utf-8"))
    texts = charcells.load(run).generate_many(["a bad  <script>"], seeds=[1, 2], length=60, temperature=0.8)
    for text in texts:
        continued = text.removeprefix("a bad  <script>")
        assert "a bad ☃ <script>" + continued in page.shown
        assert continued in shown.replace("↵", "")
    assert "pieces of held-out human text" in shown and "bits per character" in shown and "explain.html" in shown
    assert not list(run.glob("*.tmp"))


def test_a_text_without_held_out_part_as_long_is_explained_all_the_same(texts):
    short = Texts(texts.folder, "file", None, TRAINING, 0, "")
    explained, human = explain_samples(make_generator(), short, "a", ["bad egg"], [1])
    assert human == {"pieces": 0} and len(explained[0].bits) == 7
    assert any("no comparison with human text" in line for line in notes(short, human))


# the grid


def test_the_grid_has_all_cells(run, capsys):
    generator = charcells.load(run)
    grid(generator, sample_config(run, seed=5))
    with open(run / "grid.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    top_ks = [k for k in ("", "20", "5") if not k or int(k) < len(generator.vocabulary)]
    assert [(float(row["temperature"]), row["top_k"]) for row in rows] == [(t, k) for k in top_ks for t in TEMPERATURES]
    assert all(0 <= float(row[name]) <= 1 for row in rows for name in FIGURES if row[name])
    markdown = (run / "grid.md").read_text(encoding="utf-8")
    assert markdown.count("\n## temperature ") == len(rows)
    last = generator.generate(length=60, temperature=TEMPERATURES[-1], top_k=5, seed=5).removeprefix(generator.prompt)
    assert markdown.endswith(f"\n{last}\n```\n")
    assert (run / "grid.png").read_bytes().startswith(b"\x89PNG")
    assert "temperature" in capsys.readouterr().out and not list(run.glob("*.tmp")) + list(run.glob(".draft*"))


def test_the_figures_of_a_cell_are_those_of_its_texts(texts):
    quality = shares([" a bad egg and bad egg ", " a bad xx "], {"a", "bad", "egg"})
    assert quality["unknown_words"] == pytest.approx(2 / 9)
    assert quality["distinct_words_2"] == pytest.approx(5 / 7)  # 'bad egg' and 'a bad' come twice
    assert math.isnan(shares(["", ""], {"a"})["unknown_words"])


def test_no_text_can_end_its_code_block():
    text = "```\n# head\n`````\n<script>\x1b"
    first, *_, last = fenced(text).split("\n")
    assert first == "``````text" and last == "``````"
    assert fenced("plain") == "```text\nplain\n```"
    assert TEXTS == 8  # as the help of `grid` says


# errors


def test_a_checkpoint_without_its_run_folder_is_refused(run, tmp_path):
    alone = tmp_path / "alone" / "model.ckpt"
    alone.parent.mkdir()
    shutil.copy(run / "checkpoints" / "best.ckpt", alone)
    for show in (explain, grid):
        with pytest.raises(UserError, match=r"model\.ckpt does not say which one that was: give a run folder"):
            show(charcells.load(alone), sample_config(alone))


def test_a_checkpoint_within_its_run_folder_will_do(run):
    assert load_texts(run / "checkpoints" / "last.ckpt") == load_texts(run)


def test_the_training_part_alone_counts_as_training_text(run, trained):
    whole = (trained.parent / "text.txt").read_text(encoding="utf-8")
    texts = load_texts(run)
    assert texts.train == whole[: int(len(whole) * 0.8)] and whole[len(texts.train) :].startswith(texts.held_out)


def test_a_missing_or_changed_corpus_is_refused_and_corpora_dir_finds_it(run, trained, tmp_path):
    saved = (run / "config.yaml").read_text(encoding="utf-8")
    (run / "config.yaml").write_text(saved.replace(str(trained.parent), str(tmp_path / "gone")), encoding="utf-8")
    with pytest.raises(UserError, match=r"corpora_dir= names its folder.*text\.txt cannot be read: "):
        load_texts(run)
    assert load_texts(run, str(trained.parent)) == load_texts(run, str(trained.parent) + "/")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "text.txt").write_text(TRAINING, encoding="utf-8")
    with pytest.raises(UserError, match=r"corpus .* is not the text that .* was trained on: its SHA-256 is"):
        load_texts(run, str(tmp_path / "other"))


def test_no_characters_cannot_be_explained(run):
    for show in (explain, grid):
        with pytest.raises(UserError, match="length=0 leaves nothing"):
            show(charcells.load(run), SampleConfig(run=str(run), length=0))


# the entry point


def test_several_texts_are_each_what_it_is_alone(command, run):
    result = command("sample.py", f"run={run}", "length=40", "top_p=0.9", "weights=int8", "num_samples=2", "seed=4")
    assert result.returncode == 0, result.stderr
    generator = charcells.load(run, weights="int8")
    first, second = (generator.generate(length=40, temperature=0.8, top_p=0.9, seed=seed) for seed in (4, 5))
    assert result.stdout == f"--- sample 1, seed 4 ---\n{first}\n\n--- sample 2, seed 5 ---\n{second}\n"


def test_explain_and_grid_go_together(command, run):
    result = command("sample.py", f"run={run}", "explain=true", "grid=true", "length=30")
    assert result.returncode == 0, result.stderr
    assert {"explain.html", "grid.csv", "grid.md", "grid.png"} <= {path.name for path in run.iterdir()}
    assert result.stderr == ""
