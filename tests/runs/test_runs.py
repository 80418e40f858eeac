"""Run folders made by hand, and what their table says, against figures reckoned by hand."""

import functools
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from charcells.cli.compose import compose
from charcells.cli.runs import main
from charcells.config import Config
from charcells.errors import UserError, report_user_errors
from charcells.runs.comparison import (
    best_of_each_cell,
    compared_factor,
    deciding_metric,
    factors,
    over_recipes,
    recipe_options,
    summarise,
    with_recipes,
)
from charcells.runs.folder import RunFolder
from charcells.runs.show import report
from charcells.runs.table import read_runs

Make = Callable[..., Path]

T_3 = 4.302652729911275
"""The 97.5 % quantile of Student's t with 2 degrees of freedom, from a printed table: for three seeds."""


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Config, str]]:
    """The configuration of some overrides, and its config.yaml. Composing takes a while, so each is composed once."""
    path = tmp_path_factory.mktemp("config") / "config.yaml"

    @functools.cache
    def compose_once(*overrides: str) -> tuple[Config, str]:
        config = compose(overrides)
        RunFolder(path.parent).write_config(config)
        return config, path.read_text(encoding="utf-8")

    return compose_once


@pytest.fixture
def make(tmp_path: Path, composed: Callable[..., tuple[Config, str]]) -> Make:
    """Makes a run folder whose summary follows its configuration: `make("a", ["cell=gru"], bpc=1.5, seed=2)`."""

    def run(name: str, overrides: Sequence[str] = (), *, bpc: float | None = 2.0, **facts: Any) -> Path:
        folder = tmp_path / "sweep" / name
        folder.mkdir(parents=True)
        config, text = composed(*overrides)
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        summary = {
            "status": "finished",
            "cell": config.cell.name,
            "num_layers": config.model.num_layers,
            "hidden_size": config.model.hidden_size,
            "embedding_dim": config.model.embedding_dim,
            "parameters": 1000,
            "batch_size": config.data.batch_size,
            "seq_len": config.data.seq_len,
            "train_fraction": config.data.train_fraction,
            "seed": config.seed,
            "corpus": config.corpus.name,
            "val_sha256": "text",
            "train_seconds": 10.0,
            "chars_per_second": 500,
            "val/bpc": bpc,
            "test/bpc": bpc,
            "versions": {"torch": "2.13.0"},
            "error": None,
        }
        (folder / "summary.json").write_text(json.dumps(summary | facts))
        (folder / "metrics.csv").write_text("step,chars_seen,val/bpc\n10,100,\n20,200,3.0\n40,400,2.0\n")
        return folder

    return run


def seeds(make: Make, name: str, overrides: list[str], figures: list[float], **facts: Any) -> None:
    for seed, bpc in enumerate(figures, 1):
        make(f"{name},seed={seed}", overrides, bpc=bpc, seed=seed, **facts)


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return tmp_path / "sweep"


# the best run of each cell


def test_validation_chooses_the_best_run_of_each_cell_and_corpus(make: Make, sweep: Path) -> None:
    make("lstm,1", ["cell=lstm"], bpc=1.9, **{"test/bpc": 1.7})
    make("lstm,2", ["cell=lstm", "model.hidden_size=64"], bpc=1.8, **{"test/bpc": 2.0})
    make("rnn", ["cell=rnn"])
    make("a", ["cell=gru", "corpus=biblia"], bpc=2.5)
    assert best_of_each_cell(read_runs(sweep)) == ["a", "rnn", "lstm,2"]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"val/bpc": None}, "cell=rnn have no val/bpc"),
        ({"val_sha256": "another"}, "its runs on pydoc have different held-out texts"),
    ],
)
def test_runs_without_comparable_validation_figures_have_no_best(
    make: Make, sweep: Path, facts: dict[str, Any], message: str
) -> None:
    make("rnn", ["cell=rnn"], **facts)
    if "val_sha256" in facts:
        make("gru", ["cell=gru"])
    with pytest.raises(UserError, match=message):
        best_of_each_cell(read_runs(sweep))


# reading


def test_each_run_folder_at_any_depth_is_a_row_sorted_by_path(make: Make, sweep: Path) -> None:
    for name in ("b", "a/deep/er", "c"):
        make(name)
    make(".hidden/run")
    make("a/.joblib/run")
    shutil.copytree(sweep / "b", sweep / "c" / "copy")  # inside a run folder
    assert read_runs(sweep)["folder"].tolist() == ["a/deep/er", "b", "c"]
    assert read_runs(sweep / "b")["folder"].tolist() == ["."]


def test_a_row_holds_the_facts_and_every_option(make: Make, sweep: Path) -> None:
    make("a", ["optimizer.lr=0.5", "optimizer.betas=[0.5,0.75]"], seed=7, more=3)
    row = read_runs(sweep).iloc[0]
    assert (row["seed"], row["more"], row["versions.torch"], row["status"]) == (7, 3, "2.13.0", "finished")
    assert (row["optimizer.lr"], row["optimizer.betas"], row["model.dropout"]) == (0.5, "[0.5, 0.75]", 0.0)


@pytest.mark.parametrize("damage", ["summary.json", "config.yaml"])
@pytest.mark.parametrize("content", [None, "", "[", "[1]", "\x00"])
def test_a_run_that_cannot_be_read_is_a_row_too(make: Make, sweep: Path, damage: str, content: str | None) -> None:
    make("good")
    bad = make("bad", ["cell=gru"]) / damage
    bad.unlink() if content is None else bad.write_text(content)
    runs = read_runs(sweep).set_index("folder")
    assert runs["status"].to_dict() == {"bad": "unreadable", "good": "finished"}
    assert runs.loc["bad", "error"] == f"{damage} is missing or damaged"
    assert summarise(read_runs(sweep))["n"].tolist() == [1]


def test_a_failed_run_is_described_by_its_configuration(make: Make, sweep: Path) -> None:
    make("a", ["cell=gru"])
    failed = make("b", ["cell=rnn", "model.num_layers=3", "model.match_parameters=9000"])
    (failed / "summary.json").write_text('{"status": "failed", "error": "no memory"}')
    row = read_runs(sweep).set_index("folder").loc["b"]
    assert (row["status"], row["error"], row["cell"], row["num_layers"], row["corpus"], row["seed"]) == (
        *("failed", "no memory", "rnn", 3, "pydoc", 1),
    )
    assert pd.isna(row["hidden_size"])  # chosen by the run, which did not come to say it


@pytest.mark.parametrize(("path", "name"), [("texts/a.txt", "a.txt"), ("[a.txt,b.txt]", "a.txt and 1 more")])
def test_an_own_text_of_a_failed_run_is_called_by_its_file(make: Make, sweep: Path, path: str, name: str) -> None:
    failed = make("a", ["corpus=file", f"corpus.path={path}"])
    (failed / "summary.json").write_text('{"status": "failed", "error": "not utf-8 text"}')
    assert read_runs(sweep)["corpus"].tolist() == [name]


def test_a_configuration_from_before_an_option_existed_has_its_default(make: Make, sweep: Path) -> None:
    make("a")
    old = make("b", bpc=3.0) / "config.yaml"
    old.write_text(old.read_text().replace("  init: orthogonal\n", ""))
    assert factors(read_runs(sweep)) == []


def test_helpful_errors(sweep: Path) -> None:
    with pytest.raises(UserError, match="not a folder"):
        read_runs(sweep)
    sweep.mkdir()
    with pytest.raises(UserError, match="contains no runs"):
        read_runs(sweep)


def test_hundreds_of_runs_are_read_in_a_moment(make: Make, sweep: Path) -> None:
    first = make("0")
    for number in range(1, 200):
        (sweep / str(number)).mkdir()
        for name in ("config.yaml", "summary.json"):
            (sweep / str(number) / name).write_bytes((first / name).read_bytes())
    start = time.process_time()
    assert len(read_runs(sweep)) == 200
    assert time.process_time() - start < 5


# factors


def found_factors(make: Make, sweep: Path, *designs: list[str]) -> list[str]:
    for number, design in enumerate(designs):
        make(str(number), design)
    return factors(read_runs(sweep))


@pytest.mark.parametrize(
    ("designs", "expected"),
    [
        ([["seed=1"], ["seed=2"]], []),
        ([["cell=rnn"], ["cell=gru"]], ["cell"]),  # its learning rate follows
        ([["optimizer.lr=0.1"], ["optimizer.lr=0.2"]], ["optimizer.lr"]),
        ([["cell=rnn", "optimizer.lr=1"], ["cell=rnn", "optimizer.lr=2"], ["cell=gru", "optimizer.lr=1"]],
         ["cell", "optimizer.lr"]),
        ([["optimizer=adam"], ["optimizer=sgd"]], ["optimizer.name"]),
        ([["corpus=hello"], ["corpus=pydoc"]], ["corpus"]),  # which brings a batch size of its own
        ([["data.batch_size=8", "model.num_layers=2"], ["data.batch_size=8"], ["model.num_layers=2"]],
         ["num_layers", "batch_size"]),
        ([["model.embedding_dim=null"], ["model.embedding_dim=64"]], ["embedding_dim"]),
        ([["threads=1", "logger=none", "samples.length=9", "corpora_dir=x"], []], []),
        ([["data.val_fraction=0.1"], ["data.val_fraction=0.2"]], ["data.val_fraction"]),
        ([["corpus=file", "corpus.path=a"], ["corpus=file", "corpus.path=b"]], ["corpus.path"]),
        ([["corpus=file", "corpus.path=[a,b]"], ["corpus=file", "corpus.path=[b,a]"]], ["corpus.path"]),
        ([["corpus.val_path=a"], ["corpus.val_path=b"]], ["corpus.val_path"]),
        ([["corpus=kjv", "corpus.path=a"], ["corpus=kjv", "corpus.path=b"]], []),  # its hash says that both are one
        ([["data.carry_state=null"], ["data.carry_state=true"]], ["data.carry_state"]),
    ],
)  # fmt: skip
def test_factors_are_what_was_varied(make: Make, sweep: Path, designs: list[list[str]], expected: list[str]) -> None:
    assert found_factors(make, sweep, *designs) == expected


def test_a_matched_hidden_size_is_no_factor(make: Make, sweep: Path) -> None:
    for size, (cell, number) in enumerate([("rnn", 1000), ("rnn", 2000), ("gru", 1000), ("gru", 2000)], 30):
        make(str(size), [f"cell={cell}", f"model.match_parameters={number}"], hidden_size=size)
    assert factors(read_runs(sweep)) == ["cell", "model.match_parameters"]
    assert summarise(read_runs(sweep))["mark"].tolist() == ["best"] * 4  # all 2.0: compared at each number


def test_the_cell_is_compared_or_else_the_first_factor_that_leaves_the_text_alone() -> None:
    assert compared_factor(["cell", "corpus", "optimizer.lr"]) == "cell"
    assert compared_factor(["corpus", "data.val_fraction", "optimizer.lr"]) == "optimizer.lr"
    assert compared_factor(["corpus", "corpus.path"]) is None


# the summary


def test_mean_and_interval_are_those_reckoned_by_hand(make: Make, sweep: Path) -> None:
    seeds(make, "a", [], [2.0, 2.1, 2.4])  # mean 6.5/3, squared deviations 0.26/3
    row = summarise(read_runs(sweep)).iloc[0]
    deviation = math.sqrt(0.26 / 3 / 2)
    assert row["n"] == 3
    assert row["test/bpc"] == pytest.approx(6.5 / 3)
    assert row["test/bpc sd"] == pytest.approx(deviation)
    assert row["test/bpc ±"] == pytest.approx(T_3 * deviation / math.sqrt(3))
    assert (row["parameters"], row["train_seconds"], row["chars_per_second"]) == (1000, 10, 500)


def test_a_single_seed_has_no_interval_and_no_tie(make: Make, sweep: Path) -> None:
    make("a", ["cell=rnn"], bpc=2.0)
    make("b", ["cell=gru"], bpc=1.999)
    table = summarise(read_runs(sweep)).set_index("cell")
    assert table["test/bpc ±"].isna().all()
    assert table["mark"].to_dict() == {"gru": "best", "rnn": ""}


def test_the_winner_its_ties_and_the_beaten_are_distinguished(make: Make, sweep: Path) -> None:
    seeds(make, "a", ["cell=gru"], [2.00, 2.02, 2.04])
    seeds(make, "b", ["cell=lstm"], [2.01, 2.03, 2.05])  # Welch: t = 0.61
    seeds(make, "c", ["cell=rnn"], [2.20, 2.22, 2.24])  # Welch: t = 12, 4 degrees of freedom
    assert summarise(read_runs(sweep)).set_index("cell")["mark"].to_dict() == {"gru": "best", "lstm": "tie", "rnn": ""}


def test_welch_not_student_decides(make: Make, sweep: Path) -> None:
    # Differing by 0.1. Student's pooled test, df 5: t = 3.33, p = 0.021. Welch's, df 1.03: t = 2.0, p = 0.29
    seeds(make, "a", ["cell=gru"], [2.000, 2.001, 1.999, 2.000, 2.000])
    seeds(make, "b", ["cell=rnn"], [2.05, 2.15])
    assert summarise(read_runs(sweep))["mark"].tolist() == ["best", "tie"]


def test_seeds_without_any_spread_are_compared_by_their_means(make: Make, sweep: Path) -> None:
    seeds(make, "a", ["cell=gru"], [2.0, 2.0])
    seeds(make, "b", ["cell=lstm"], [2.5, 2.5])
    seeds(make, "c", ["cell=rnn"], [2.0, 2.0])
    assert summarise(read_runs(sweep))["mark"].tolist() == ["best", "", "best"]


def test_each_combination_of_the_other_factors_has_its_winner(make: Make, sweep: Path) -> None:
    for layers, rnn, gru in ((1, 2.0, 2.1), (2, 1.9, 1.8)):
        make(f"rnn{layers}", ["cell=rnn", f"model.num_layers={layers}"], bpc=rnn)
        make(f"gru{layers}", ["cell=gru", f"model.num_layers={layers}"], bpc=gru)
    table = summarise(read_runs(sweep)).set_index(["num_layers", "cell"])
    assert table["mark"].to_dict() == {(1, "gru"): "", (1, "rnn"): "best", (2, "gru"): "best", (2, "rnn"): ""}


def test_only_finished_runs_count(make: Make, sweep: Path) -> None:
    for number, status in enumerate(("finished", "failed", "running", "interrupted")):
        make(str(number), bpc=1.0 + number, seed=number, status=status)
    table = summarise(read_runs(sweep))
    assert (table["n"].tolist(), table["test/bpc"].tolist()) == ([1], [1.0])


def test_a_repeated_seed_is_no_second_seed(make: Make, sweep: Path) -> None:
    make("a", ["threads=1"], bpc=2.0, seed=1)
    make("b", ["threads=2"], bpc=2.2, seed=1)
    make("c", ["threads=1"], bpc=2.4, seed=2)
    row = summarise(read_runs(sweep)).iloc[0]
    assert (row["n"], row["runs"]) == (2, 3)
    assert row["test/bpc"] == pytest.approx((2.1 + 2.4) / 2)


def test_validation_chooses_the_best_and_test_text_judges_a_tie(make: Make, sweep: Path) -> None:
    for number, spread in enumerate((-0.01, 0.0, 0.01)):
        for cell, val, test in (("gru", 1.0, 2.0), ("lstm", 1.5, 2.001), ("rnn", 1.02, 2.5)):
            figures = {"val/bpc": val + spread, "test/bpc": test + spread}
            make(f"{cell}{number}", [f"cell={cell}"], seed=number, **figures)
    assert deciding_metric(read_runs(sweep)) == "test/bpc"
    assert summarise(read_runs(sweep)).set_index("cell")["mark"].to_dict() == {"gru": "best", "lstm": "tie", "rnn": ""}
    for number in range(3):
        shutil.rmtree(sweep / f"gru{number}")
        make(f"gru{number}", ["cell=gru"], seed=number, **{"val/bpc": 1.0 + number / 100, "test/bpc": None})
    assert deciding_metric(read_runs(sweep)) == "val/bpc"
    assert summarise(read_runs(sweep)).set_index("cell")["mark"].to_dict() == {"gru": "best", "lstm": "", "rnn": "tie"}


def test_each_cell_is_compared_at_the_learning_rate_that_validation_chose(make: Make, sweep: Path) -> None:
    for cell, rate, val, test in (
        ("gru", 1, 2.0, 2.5), ("gru", 2, 2.1, 2.0), ("rnn", 1, 3.0, 3.0), ("rnn", 3, 2.5, 2.5), ("rnn", 4, 2.6, 1.0),
    ):  # fmt: skip
        for seed in (1, 2):
            figures = {"val/bpc": val + seed / 1000, "test/bpc": test + seed / 1000}
            make(f"{cell}{rate}{seed}", [f"cell={cell}", f"optimizer.lr={rate}"], seed=seed, **figures)
    table = summarise(read_runs(sweep)).set_index(["cell", "optimizer.lr"])
    assert table.index[table["chosen"]].tolist() == [("gru", 1), ("rnn", 3)]
    assert table["mark"].to_dict() == {
        ("gru", 1): "best", ("gru", 2): "", ("rnn", 1): "", ("rnn", 3): "tie", ("rnn", 4): "",
    }  # fmt: skip


RECIPES = [(64, 3, "adam"), (64, 5, "adamw"), (128, 5, "sgd"), (256, 3, "adam"), (512, 7, "sgd")]
"""Hidden size, epochs and optimizer: 5 of their 36 combinations."""


@pytest.fixture
def recipes(make: Make, sweep: Path) -> Path:
    """Two cells under five recipes; the GRU is better by 0.1, 0.2, 0.3 and 0.4 bits in four, worse by 0.5 in one."""
    for number, (size, epochs, optimizer) in enumerate(RECIPES, 1):
        for cell, bpc in (("rnn", 2.0), ("gru", 2.0 - number / 10 if number < 5 else 2.5)):
            sizes = [f"model.hidden_size={size}", f"trainer.max_epochs={epochs}", f"optimizer={optimizer}"]
            rate = number * (2 if cell == "gru" else 1)  # tuned for each cell in each recipe
            make(f"{cell}{number}", [f"cell={cell}", *sizes, f"optimizer.lr={rate}"], bpc=bpc)
    return sweep


def test_options_that_were_varied_together_are_a_recipe(recipes: Path) -> None:
    runs = with_recipes(read_runs(recipes))
    assert factors(runs) == ["cell", "recipe"]  # each cell's rate follows
    options = recipe_options(runs)
    assert sorted(options) == [1, 2, 3, 4, 5]
    found = {(o["hidden_size"], o["trainer.max_epochs"], o["optimizer.name"]) for o in options.values()}
    assert found == set(RECIPES)
    assert all(set(o) == {"hidden_size", "trainer.max_epochs", "optimizer.name"} for o in options.values())


def test_a_recipe_is_one_observation(recipes: Path) -> None:
    runs = with_recipes(read_runs(recipes))
    table = over_recipes(summarise(runs), factors(runs), "test/bpc").set_index("cell")
    assert table["recipes"].tolist() == [5, 5]
    assert table["best in"].to_dict() == {"gru": 4, "rnn": 1}
    assert table.loc["gru", "test/bpc"] == pytest.approx((1.9 + 1.8 + 1.7 + 1.6 + 2.5) / 5)
    deviation = math.sqrt((0 + 0.01 + 0.04 + 0.09 + 0.36) / 4)  # about the mean, 1.9
    assert table.loc["gru", "test/bpc ±"] == pytest.approx(2.7764451 * deviation / math.sqrt(5))  # t of 4 degrees


def test_crossed_options_are_no_recipe(make: Make, sweep: Path) -> None:
    for size in (8, 16):
        for epochs in (1, 2):
            for cell in ("rnn", "gru"):
                make(
                    f"{cell}{size}{epochs}",
                    [f"cell={cell}", f"model.hidden_size={size}", f"trainer.max_epochs={epochs}"],
                )
    runs = with_recipes(read_runs(sweep))
    assert "recipe" not in runs
    assert factors(runs) == ["cell", "hidden_size", "trainer.max_epochs"]


def test_the_report_says_what_each_recipe_is_and_counts_over_them(
    recipes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(recipes)
    printed = capsys.readouterr().out
    assert "hidden_size=512 optimizer.name=sgd trainer.max_epochs=7" in printed
    assert re.search(r"gru +5 +4 +1\.900 ± 0\.439", printed)


@pytest.mark.parametrize("fact", ["val_sha256", "corpus_sha256", "test_chars"])
def test_other_held_out_text_is_not_compared(make: Make, sweep: Path, fact: str) -> None:
    make("a", ["cell=rnn"], bpc=2.0, **{fact: 1})
    make("b", ["cell=gru"], bpc=1.0, **{fact: 2})
    assert summarise(read_runs(sweep))["mark"].tolist() == ["not comparable"] * 2


def test_the_report_flags_what_it_does_not_compare(make: Make, sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make("a", ["cell=rnn"], bpc=2.0, val_sha256="this")
    make("b", ["cell=gru"], bpc=1.0, val_sha256="that")
    report(sweep)
    printed = capsys.readouterr().out
    assert "held-out texts (val_sha256) of these runs differ" in printed
    assert "best" not in printed


def test_cells_are_compared_within_a_corpus_and_corpora_are_not(make: Make, sweep: Path) -> None:
    for corpus, rnn, gru in (("kjv", 2.0, 2.1), ("pydoc", 1.0, 1.1)):
        make(f"{corpus}1", ["cell=rnn", f"corpus={corpus}"], bpc=rnn, val_sha256=corpus)
        make(f"{corpus}2", ["cell=gru", f"corpus={corpus}"], bpc=gru, val_sha256=corpus)
    assert summarise(read_runs(sweep))["mark"].tolist() == ["", "best"] * 2
    for cell in ("kjv2", "pydoc2"):
        shutil.rmtree(sweep / cell)
    assert summarise(read_runs(sweep))["mark"].tolist() == ["", ""]


# the report


@pytest.fixture
def mixed(make: Make, sweep: Path) -> Path:
    """Two cells with three seeds, and one run for each other fate."""
    seeds(make, "gru", ["cell=gru"], [2.00, 2.02, 2.04])
    seeds(make, "rnn", ["cell=rnn"], [2.20, 2.22, 2.24])
    make("x", ["cell=lstm"], status="failed", error="loss is\nno number [7]")
    make("y", ["cell=lstm"], status="running")
    (make("z", ["cell=lstm"]) / "summary.json").unlink()
    return sweep


def test_the_report_says_who_won_and_what_became_of_the_rest(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(mixed)
    lines = capsys.readouterr().out.splitlines()
    assert any("2.020 ± 0.050" in line and line.rstrip().endswith("best") for line in lines)
    assert any("2.220 ± 0.050" in line and not line.rstrip().endswith(("best", "tie")) for line in lines)
    assert "failed: x: loss is no number [7]" in lines
    assert "running: y" in lines
    assert "unreadable: z: summary.json is missing or damaged" in lines
    assert any("lowest mean val/bpc" in line for line in lines)
    assert lines[-1] == f"written: {mixed / 'runs.csv'}, {mixed / 'table.csv'}, {mixed / 'runs.png'}"


def test_the_files_hold_what_was_computed(mixed: Path) -> None:
    report(mixed)
    runs, table = read_runs(mixed), summarise(read_runs(mixed))
    for name, expected in (("runs.csv", runs), ("table.csv", table)):
        read = pd.read_csv(mixed / name, keep_default_na=False, na_values=[""])
        assert read.columns.tolist() == expected.columns.tolist()
        for column in read:
            same = read[column].eq(expected[column]) | (read[column].isna() & expected[column].replace("", None).isna())
            assert same.all(), column
    assert (mixed / "runs.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert not [path.name for path in mixed.iterdir() if "draft" in path.name or path.suffix == ".tmp"]
    report(mixed)  # what it wrote is no run
    assert len(read_runs(mixed)) == len(runs)


@pytest.mark.parametrize("width", [70, 100])
def test_four_factors_are_readable_at_any_width(
    make: Make, sweep: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("charcells.runs.pictures.sweep", lambda *_, **__: None)
    for cell, other in (("lstm", 1), ("gru", 1), ("gru", 2)):
        design = [f"cell={cell}", f"model.num_layers={other}", f"data.batch_size={8 * other}"]
        for fraction in (1.0, 0.25):
            seeds(make, f"{cell}{other}{fraction}", [*design, f"data.train_fraction={fraction}"], [2.0, 2.1])
    make("odd", ["cell=gru", "data.batch_size=16"])
    report(sweep)
    lines = capsys.readouterr().out.splitlines()
    assert factors(read_runs(sweep)) == ["cell", "num_layers", "batch_size", "train_fraction"]
    assert any(line.split()[:9] == ["gru", "2", "16", "0.25", "2", "2.050", "±", "0.635", "2.050"] for line in lines)
    assert any("parameters" in line for line in lines) == (width >= 100)


def test_runs_without_held_out_text_have_a_table_and_no_picture(
    make: Make, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make("a", ["corpus=hello", "cell=rnn"], bpc=None)
    make("b", ["corpus=hello", "cell=gru"], bpc=None)
    report(sweep)
    assert "runs.png" not in capsys.readouterr().out
    assert summarise(read_runs(sweep))["mark"].tolist() == ["", ""]


def test_a_sweep_without_a_finished_run_says_so(make: Make, sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make("a", status="failed", error="broken")
    report(sweep)
    printed = capsys.readouterr().out
    assert "0 of 1 runs finished" in printed
    assert "failed: a: broken" in printed
    assert [path.name for path in sweep.iterdir() if path.is_file()] == ["runs.csv"]


def test_every_shape_of_sweep_has_a_picture(make: Make, sweep: Path) -> None:
    (make("none") / "metrics.csv").unlink()
    report(sweep)  # a single run: no factor, and here no curve
    for number in range(6):
        make(str(number), [f"optimizer.lr={number + 1}", f"model.num_layers={number % 2 + 1}"])
    report(sweep)  # more levels than colours, facets that lack some
    assert (sweep / "runs.png").stat().st_size > 10_000


# the command line


def test_a_wrong_folder_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match=f"^{folder}"):
            main([str(folder)])
    assert not list(tmp_path.iterdir())


def test_help_waits_for_nothing_heavy() -> None:
    code = """if True:
        import sys
        from charcells.__main__ import main
        sys.argv = ["charcells", "runs", "--help"]
        main()
        print({"torch", "lightning", "matplotlib", "scipy"} & set(sys.modules))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "sweep folder" in done.stdout
    assert done.stdout.endswith("set()\n")


def test_files_are_written_for_one_who_reads_no_further(make: Make, sweep: Path) -> None:
    seeds(make, "a", [], [1.0, 2.0])
    command = f"{sys.executable} -m charcells runs {sweep} | true"
    cut = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
    assert (cut.returncode, cut.stderr) == (0, "")
    assert (sweep / "table.csv").exists() and (sweep / "runs.png").exists()


def test_the_table_is_shown_where_nothing_can_be_written(
    make: Make, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds(make, "a", [], [1.0, 2.0])
    (sweep / "runs.csv").mkdir()  # which no file can replace
    with pytest.raises(SystemExit, match=r"^error: .*runs\.csv.*: Is a directory"), report_user_errors():
        main([str(sweep)])
    assert "2 of 2 runs finished" in capsys.readouterr().out


# names are not markup


def test_names_that_look_like_markup_or_formulas_are_shown_as_they_are(
    make: Make, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("Obras [v2]", "a [/b] [red]", "price $1_{a $2", ":smile:")
    for name in names:
        for seed in (1, 2):
            folder = make(f"{name.replace('/', '_')} {seed}", corpus=name, seed=seed)
            (folder / "metrics.csv").write_text("chars_seen,val/bpc\n10,3.0\n20,2.0\n")
    report(sweep)
    shown = capsys.readouterr().out
    for name in names:
        assert name in shown
    assert (sweep / "runs.png").stat().st_size > 1000


def test_a_picture_that_cannot_be_drawn_hides_neither_the_table_nor_the_failures(
    make: Make, sweep: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make("good", seed=1)
    make("bad", status="failed", error="training diverged")

    def fail(*arguments: object, **options: object) -> None:
        raise ValueError("no picture today")

    monkeypatch.setattr("charcells.runs.pictures.sweep", fail)
    report(sweep)
    shown = capsys.readouterr()
    assert "failed: bad: training diverged" in shown.out and "written: " in shown.out and "runs.png" not in shown.out
    assert "Traceback" in shown.err and "no picture today" in shown.err


def test_names_that_matplotlib_would_leave_out_or_refuse_are_drawn(
    make: Make, sweep: Path, recwarn: pytest.WarningsRecorder
) -> None:
    for name in ("_hidden", "\u8a9e\u6587", "$_{"):
        for seed in (1, 2):
            make(f"{name} {seed}", corpus=name, seed=seed)
    odd = sweep.rename(sweep.with_name(os.fsdecode(b"not utf-8 \xe9")))
    report(odd)
    assert (odd / "runs.png").stat().st_size > 1000 and not recwarn.list


@pytest.mark.parametrize("key", ["status", "val/bpc", "parameters", "seed", "corpus_sha256", "error"])
@pytest.mark.parametrize("value", [True, [1], {"a": 1}, "x", 3])
def test_a_summary_with_odd_values_is_listed(
    make: Make, sweep: Path, capsys: pytest.CaptureFixture[str], key: str, value: object
) -> None:
    make("good", seed=1)
    path = make("odd", seed=2) / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    report(sweep)
    shown = capsys.readouterr().out
    if key == "status" and value == True:  # noqa: E712
        assert "unreadable: odd: summary.json is damaged: status=True" in shown
    assert "of 2 runs finished" in shown


def test_a_folder_that_is_misspelt_is_answered_with_the_one_that_is_meant(sweep: Path) -> None:
    sweep.mkdir()
    with pytest.raises(UserError, match=f"did you mean {sweep}"):
        main([str(sweep.with_name("swep"))])
    for argument in ("--foo", "folder=x"):
        with pytest.raises(UserError, match="charcells runs takes a folder"):
            main([argument])
