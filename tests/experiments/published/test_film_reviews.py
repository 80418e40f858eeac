"""The table beside the book's figures: its runs, its arithmetic, its place in sources.md."""

import random
from dataclasses import replace

import pandas as pd
import pytest

from charcells.registry import CELLS
from experiments.published import film_reviews as table
from experiments.study import runs as study


def made_up(number: int) -> str:
    draw = random.Random(1)
    lines = []
    for k in range(number):
        words = draw.choices(["the", "a", "film", "plot", "actor"], k=draw.randint(3, 9))
        lines.append(f"{('neg', 'pos')[k % 2]}\t{' '.join(words)} {('dull', 'fine')[k % 2]} {k}\n")
    return "label\ttext\n" + "".join(lines)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The systems on a hand-made table, with two seeds and runs and results in tmp_path."""
    (tmp_path / "mine.tsv").write_text(made_up(80))
    (tmp_path / "experiments" / "results").mkdir(parents=True)
    (tmp_path / "experiments" / "results" / "sources.md").write_text("# Sources\n\n## Another\n\nas it was\n")
    small = {"corpus": "file", "corpus.path": str(tmp_path / "mine.tsv"), "trainer.max_epochs": 3}
    sizes = {"model.hidden_size": 8, "data.batch_size": 8, "optimizer.lr": 0.03, "reviews.min_count": 1}
    systems = [replace(system, overrides={**system.overrides, **small, **sizes}, own={}) for system in table.SYSTEMS]

    def of_corpus(system, corpus):
        return [study.Run(corpus, table.SWEEP, {**system.overrides, "seed": seed}) for seed in table.SEEDS]

    monkeypatch.setattr(table.System, "runs", of_corpus)
    monkeypatch.setattr(table, "SYSTEMS", systems)
    monkeypatch.setattr(table, "SEEDS", (1, 2))
    monkeypatch.setattr(table, "RESULTS", tmp_path / "experiments" / "results")
    monkeypatch.setattr(table, "ROOT", tmp_path)
    monkeypatch.setattr(study, "ROOT", tmp_path)
    monkeypatch.setattr(table.joblib, "cpu_count", lambda: 1)
    monkeypatch.setattr(CELLS, "_rows", {name: CELLS[name] for name in CELLS})  # training registers a claim's cell
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_runs_are_trained_once_and_written_beside_the_book(tiny, capsys):
    table.main(["imdb"])
    found = pd.read_csv(tiny / "experiments" / "results" / "film_reviews.csv")
    assert found[["corpus", "system", "seed"]].to_numpy().tolist() == [
        ["imdb", system, seed] for system in ("book", "book_both", "ours") for seed in (1, 2)
    ]
    text = (tiny / "experiments" / "results" / "film_reviews.md").read_text()
    test = found.loc[found["system"] == "book", "test/accuracy"]
    assert "| IMDb | the book's network | 2 | " in text and f"| {test.mean():.4f}" in text
    assert "validation .8658, test .8598 |" in text and "| muchocine | our recipe | 0 |" in text
    assert f"| IMDb | {found['tfidf/test/accuracy'][0]:.4f} |" in text
    sources = (tiny / "experiments" / "results" / "sources.md").read_text()
    assert sources.startswith("# Sources\n\n## Another\n\nas it was\n") and sources.count(table.HEADING) == 1
    capsys.readouterr()
    table.main(["imdb"])
    assert "6 runs are done" not in capsys.readouterr().out  # nothing was due
    assert (tiny / "experiments" / "results" / "sources.md").read_text() == sources


def test_the_part_of_sources_is_replaced_and_nothing_else():
    part = table.section(pd.DataFrame())
    once = table.replaced("# All\n\n## One\n\ntext\n", part)
    between = once + "\n## Last\n\nmore\n"
    assert table.replaced(between, part) == between
    assert table.replaced(once, part) == once
    assert part.count("\n| IMDb") + part.count("\n| muchocine") == 6


def test_rows_of_runs_that_are_not_here_are_kept_unless_their_recipe_is_another(tiny):
    run = table.SYSTEMS[2].runs("muchocine")[0]
    rows = [
        dict.fromkeys(table.COLUMNS, 0.5) | {"corpus": "muchocine", "system": "ours", "seed": seed, "command": command}
        for seed, command in ((1, run.command), (2, "python train.py experiment=another"))
    ]
    pd.DataFrame(rows).to_csv(table.RESULTS / "film_reviews.csv", index=False)
    assert table.rows()["seed"].tolist() == [1]


def test_the_presets_are_those_of_the_book_and_ours():
    book, both, ours = (system.runs("imdb")[0].config() for system in table.SYSTEMS)
    assert (book.model.bidirectional, book.optimizer.lr) == (False, 1e-3)
    assert (both.model.bidirectional, both.optimizer.lr) == (True, 2e-3)
    assert book.corpus.name == both.corpus.name == ours.corpus.name == "imdb"
    assert (ours.cell.name, ours.reviews.min_count) == ("gru", 30)
    assert table.SYSTEMS[2].runs("muchocine")[0].config().reviews.min_count == 5
    seeds = [run.overrides["seed"] for run in table.SYSTEMS[2].runs("imdb")]
    assert len(set(seeds)) == 5 and not {1, 2, 901, 902, 903} & set(seeds)  # recipes were chosen with those


def test_a_mean_has_its_interval_by_students_t():
    values = pd.Series([0.85, 0.86, 0.87])
    # t = 4.3027 with two degrees of freedom, standard error 0.01 / sqrt 3
    assert table.mean(values) == f"0.8600 ({0.86 - 4.3027 * 0.01 / 3**0.5:.4f} to {0.86 + 4.3027 * 0.01 / 3**0.5:.4f})"
    assert table.mean(values[:1]) == "0.8500"


def test_unknown_reviews_are_refused():
    with pytest.raises(SystemExit, match="no reviews named sst2: choose from imdb, muchocine"):
        table.main(["sst2"])
