"""charcells probe: a character model of reviews without labels, and what it refuses."""

import pytest

from charcells.cli.compose import compose
from charcells.cli.probe import main
from charcells.config import CorpusConfig, DataConfig, ReviewsConfig
from charcells.errors import UserError
from charcells.models.checkpoint import read_checkpoint
from charcells.text.corpus import load_corpus
from charcells.text.review_sets import REVIEW_SETS, File
from charcells.text.reviews import load_reviews
from charcells.training.train import train

WORDS = {"neg": ("dull", "flat", "grim", "slow"), "pos": ("warm", "fine", "wise", "good")}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A set of one file, named tiny, in a folder of corpora."""
    import hashlib

    from charcells.text import review_sets

    rows = [
        f"{label}\tfilm {chr(97 + k % 26)}{chr(97 + k // 26)} is {WORDS[label][k % 4]}"
        for k in range(150)
        for label in WORDS
    ]
    text = "label\ttext\n" + "\n".join(rows) + "\n"
    (tmp_path / "tiny.tsv").write_text(text)
    file = File("tiny.tsv", hashlib.sha256(text.encode()).hexdigest(), "all", review_sets._imdb)
    monkeypatch.setitem(REVIEW_SETS, "sst2", (file,))  # a known name, so that it can be chosen
    monkeypatch.setenv("CHARCELLS_CORPORA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_the_text_of_a_labelled_set_is_its_training_reviews_alone(folder):
    corpus = load_corpus(CorpusConfig(name="sst2"))
    split = load_reviews(CorpusConfig(name="sst2"), ReviewsConfig(), DataConfig())
    lines = corpus.text.splitlines()
    assert lines == [review.text for review in split.train]
    assert len(lines) == 240
    assert not {review.text for review in split.val + split.test} & set(lines)
    assert not any(label in corpus.text for label in WORDS)
    assert load_corpus(CorpusConfig(name="sst2", max_chars=50)).text == corpus.text[:50]
    with pytest.raises(UserError, match=r"corpus.val_path=x does not apply to corpus=sst2"):
        load_corpus(CorpusConfig(name="sst2", val_path="x"))


def test_a_probe_finds_what_a_model_without_labels_has_learned(folder, capsys):
    overrides = ["corpus=sst2", "logger=none", "model.hidden_size=16", "data.seq_len=16", "data.batch_size=4"]
    run = folder / "run"
    train(compose([*overrides, "trainer.max_epochs=2", "samples.length=0"]), run)
    assert read_checkpoint(run / "checkpoints" / "best.ckpt").description.corpus == "sst2"
    main([f"run={run}", "corpus=sst2"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "lstm trained on sst2; accuracy on 30 validation and 30 test reviews of sst2"
    [every, single, counted] = [[float(figure.rstrip("%")) for figure in line.split()[-2:]] for line in lines[2:]]
    # the last word says it all, and is four letters: the state after it cannot have lost it
    assert min(every + counted) > 90
    assert lines[3].startswith("unit ") and min(single) > 50


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "run is missing"),
        (["run=nowhere"], "nowhere"),
        (["run=x", "corpus=pydoc"], "corpus=pydoc has no labels to learn: choose one of file, imdb"),
        (["run=x", "model.hidden_size=3"], "there is no option model.hidden_size"),
    ],
)
def test_what_cannot_be_probed_is_refused(folder, arguments, message):
    with pytest.raises(UserError, match=message):
        main(arguments)


def test_help_names_the_options(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code is None
    shown = capsys.readouterr().out
    assert "corpora_dir" in shown and "labelled texts: sst2" in shown
