"""Tables of classifiers: they are compared by accuracy."""

import pytest

from charcells.cli.compose import compose
from charcells.runs.comparison import deciding_metric, summarise
from charcells.runs.folder import RunFolder
from charcells.runs.show import report
from charcells.runs.summary import Summary
from charcells.runs.table import read_runs
from charcells.sweeps.job import skip_resume_or_train


def written(folder, cell, seed, accuracy):
    run = RunFolder(folder / f"{cell}-{seed}")
    run.path.mkdir(parents=True)
    run.write_config(compose(["experiment=film_reviews", f"cell={cell}", f"seed={seed}"]))
    figures = {"val/accuracy": accuracy + 0.01, "test/accuracy": accuracy, "reviews_per_second": 100}
    facts = {"corpus": "sst2", "corpus_sha256": "a", "val_sha256": "b", "parameters": 10, "train_seconds": 1.0}
    run.write_summary(Summary(status="finished", task="classify", cell=cell, seed=seed, **facts, **figures))
    run.metrics.write_text("step,reviews_seen,val/accuracy\n1,10,0.5\n2,20,0.6\n")


def test_the_best_classifier_has_the_highest_accuracy(tmp_path, capsys):
    for cell, middle in (("rnn", 0.6), ("lstm", 0.8)):
        for seed, shift in ((1, -0.01), (2, 0.0), (3, 0.01)):
            written(tmp_path, cell, seed, middle + shift)
    runs = read_runs(tmp_path)
    assert deciding_metric(runs) == "test/accuracy"
    assert runs["seq_len"].isna().all()  # a review is read whole
    table = summarise(runs).set_index("cell")
    assert table["test/accuracy"].to_dict() == pytest.approx({"rnn": 0.6, "lstm": 0.8})
    assert table["mark"].to_dict() == {"rnn": "", "lstm": "best"}
    report(tmp_path)
    printed = capsys.readouterr().out
    assert "0.800 ± 0.025" in printed
    assert "best: the cell with the highest mean val/accuracy" in printed
    assert (tmp_path / "runs.png").exists()


def test_a_finished_classifier_of_a_sweep_is_skipped(tmp_path):
    path = tmp_path / "mine.tsv"
    rows = [("bad no", "good yes")[k % 2].split() for k in range(40)]
    path.write_text("label\ttext\n" + "".join(f"{label}\t{word} {k}\n" for k, (label, word) in enumerate(rows)))
    options = ["logger=none", "threads=1", "corpus=file", f"corpus.path={path}", "trainer.max_steps=2"]
    config = compose(["experiment=film_reviews", *options])
    run = RunFolder(tmp_path / "sweep" / "run")
    skip_resume_or_train(config, run)
    written_at = run.summary_written()
    assert run.read_summary().finished
    skip_resume_or_train(config, run)
    assert run.summary_written() == written_at


def test_a_folder_with_runs_of_both_tasks_has_a_picture(tmp_path, capsys):
    written(tmp_path, "lstm", 1, 0.8)
    run = RunFolder(tmp_path / "text")
    run.path.mkdir()
    run.write_config(compose([]))
    facts = {"corpus": "pydoc", "corpus_sha256": "c", "val_sha256": "d", "parameters": 10, "train_seconds": 1.0}
    run.write_summary(Summary(status="finished", cell="gru", seed=1, **facts, **{"val/bpc": 2.0, "test/bpc": 2.1}))
    run.metrics.write_text("step,chars_seen,val/bpc\n1,10,3.0\n2,20,2.0\n")
    report(tmp_path)
    assert "pydoc" in capsys.readouterr().out
    assert (tmp_path / "runs.png").exists()
