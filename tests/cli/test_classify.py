"""charcells classify: texts, files and tables, and what it refuses."""

import re

import pytest

from charcells.cli.classify import main
from charcells.cli.compose import compose
from charcells.errors import UserError
from charcells.models.text_classifier import load_classifier
from charcells.training.train import train
from charcells.writing import explain_label


def rows(number: int) -> list[tuple[str, str]]:
    pairs = [("good", "a fine film"), ("bad", "a dull film")]
    return [(label, f"{text} {k}") for k, (label, text) in enumerate(pairs * (number // 2))]


def table(path, number):
    path.write_text("label\ttext\n" + "".join(f"{label}\t{text}\n" for label, text in rows(number)))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    options = ["logger=none", "threads=1", "cell=gru", "model.hidden_size=8", "model.bidirectional=true"]
    corpus = ["corpus=file", f"corpus.path={table(folder / 'mine.tsv', 100)}", "optimizer.lr=0.05"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        train(compose(["experiment=film_reviews", *options, *corpus, "data.batch_size=8"]), folder / "run")
    return folder / "run"


@pytest.mark.parametrize(("text", "label"), [("what a fine film, = [really]", "good"), ("dull", "bad")])
def test_a_text_gets_its_label_and_probability(run, capsys, text, label):
    main([f"run={run}", f"text={text}"])
    [line] = capsys.readouterr().out.splitlines()
    found, probability, beginning = line.split("\t")
    assert (found, beginning) == (label, text)
    assert 0.5 < float(probability) <= 1


def test_a_table_is_classified_row_by_row_and_its_labels_counted(run, capsys, tmp_path):
    main([f"run={run}", f"file={table(tmp_path / 'other.tsv', 6)}"])
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [label for label, _ in rows(6)]
    assert last == "accuracy: 100.0% (6 of 6 labels are right)"


def test_a_file_is_one_text(run, capsys, tmp_path):
    path = tmp_path / "review.txt"
    path.write_text("a dull film\nindeed\n")
    main([f"run={run}", f"file={path}"])
    assert capsys.readouterr().out.startswith("bad\t")


def test_a_text_gets_the_same_probability_alone_and_among_others(run):
    classifier = load_classifier(run)
    texts = [text * (1 + k % 7) for k, (_, text) in enumerate(rows(100))]
    together = classifier.probabilities(texts)
    assert together == pytest.approx([classifier.probabilities([text])[0] for text in texts], abs=1e-6)


def test_a_table_without_labels_is_only_classified(run, capsys, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("relabelled,text\nx,a fine film\n")  # another column whose name has 'label' in it
    main([f"run={run}", f"file={path}"])
    assert capsys.readouterr().out.startswith("good\t") and "found" not in capsys.readouterr().out


def renamed(path):
    path.write_text("stars\tbody\n" + "".join(f"{label}\t{text}\n" for label, text in rows(60)))
    return path


def test_columns_are_those_of_the_run_or_named(run, capsys, tmp_path):
    path = renamed(tmp_path / "other.tsv")
    with pytest.raises(UserError, match=r"has no column 'text'; .* stars, body, .*reviews.text_column="):
        main([f"run={run}", f"file={path}"])
    main([f"run={run}", f"file={path}", "reviews.text_column=body"])
    assert "found" not in capsys.readouterr().out
    main([f"run={run}", f"file={path}", "reviews.text_column=body", "reviews.label_column=stars"])
    assert "(60 of 60 labels are right)" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"has no column 'star', did you mean stars\?.*reviews.label_column="):
        main([f"run={run}", f"file={path}", "reviews.text_column=body", "reviews.label_column=star"])
    options = ["logger=none", "threads=1", f"corpus.path={path}", "corpus=file", "trainer.max_steps=1"]
    columns = ["reviews.text_column=body", "reviews.label_column=stars"]
    train(compose(["experiment=film_reviews", "model.hidden_size=4", *options, *columns]), tmp_path / "run")
    main([f"run={tmp_path / 'run'}", f"file={path}"])
    assert "of 60 labels are right)" in capsys.readouterr().out


def test_words_are_coloured_by_what_reading_them_did(run, capsys, tmp_path):
    text = "A dull, DULL film; but unheardof & fine <b>"
    page = tmp_path / "page.html"
    main([f"run={run}", f"text={text}", "explain=true", f"html={page}"])
    printed = capsys.readouterr().out
    assert "a dull dull film but unheardof fine" in printed
    assert re.search(r"towards bad: .*dull -", printed) and re.search(r"towards good: .*fine \+", printed)
    content = page.read_text()
    assert content.count('nats">dull</span>') == 2 and "<script" not in content
    classifier = load_classifier(run)
    found = explain_label.explain(classifier, text)
    assert found.empty + sum(found.effects) == pytest.approx(found.total)
    [probability] = classifier.probabilities([text])
    assert 1 / (1 + 2.718281828459045**-found.total) == pytest.approx(probability, abs=1e-6)


def test_a_text_without_a_word_has_nothing_to_colour(run, capsys):
    main([f"run={run}", "text=!?", "explain=true"])
    assert "log-odds of good" in capsys.readouterr().out


def test_the_page_escapes_what_it_shows(run):
    found = explain_label.Explanation(["a<b", "c"], ["<i>", "&"], [2.0, -2.0], 0.0, 0.0, " ")
    page = explain_label.html([found], "<run>")
    assert "<i>" not in page and "&lt;i&gt;" in page and "a&lt;b" in page and "&lt;run&gt;" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["text=a", "html=x.html"], "html=x.html is what explain=true writes"),
        (["text=a", "explain=true", "html=/dev/null/x"], "html=/dev/null/x: there is no folder /dev/null"),
        (["review.txt"], "review.txt is not an option: options are written name=value"),
        (["reviews.units=words", "text=a"], "there is no option reviews.units"),
        ([], "name the text to classify"),
        (["text=a", "file=b"], "and not both"),
        (["text= "], "text= is empty"),
        (["file=nowhere.txt"], "nowhere.txt cannot be read"),
    ],
)
def test_wrong_input_is_one_line(run, arguments, message):
    with pytest.raises(UserError, match=message) as raised:
        main([f"run={run}", *arguments])
    assert "\n" not in str(raised.value)


def test_labels_that_the_classifier_does_not_know_are_refused(run, tmp_path):
    path = tmp_path / "other.tsv"
    path.write_text("label\ttext\n5\tfine\n")
    with pytest.raises(UserError, match="has the label '5', and this classifier knows bad and good"):
        main([f"run={run}", f"file={path}"])


def test_a_language_model_classifies_nothing(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("some text " * 300)
    options = ["corpus=file", f"corpus.path={path}", "logger=none", "trainer.max_steps=1", "model.hidden_size=4"]
    train(compose(options), tmp_path / "run")
    with pytest.raises(UserError, match="is a language model, which has no classes"):
        main([f"run={tmp_path / 'run'}", "text=fine"])
