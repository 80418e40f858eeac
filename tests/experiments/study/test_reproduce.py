"""`python -m experiments.reproduce` at the smoke scale, in a folder of its own; and what the claims share."""

import json
import math
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir

ROOT = Path(__file__).parents[3]
CORPORA = os.environ.get("CHARCELLS_CORPORA")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A copy of the experiments: what they train and find lies beside them."""
    ignored = shutil.ignore_patterns("results", "__pycache__")
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments", ignore=ignored)
    return tmp_path


def reproduce(work: Path, *arguments: str, status: int = 0) -> str:
    command = [sys.executable, "-m", "experiments.reproduce", *arguments]
    process = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert process.returncode == status, process.stderr
    assert "Traceback" not in process.stderr
    return process.stdout + process.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["claim=best_sell"], "claim=best_sell: choose all, batch_count, corpus_size"),
        (["scale=huge"], "scale=huge: choose smoke, laptop, paper"),
        (["jobs=0"], "jobs=0: a number from 1 to"),
        (["jobs=two"], "jobs=two: a number from 1 to"),
        (["best_cell"], "best_cell: the options are claim=, scale= and jobs="),
    ],
)
def test_wrong_options_are_refused_with_the_right_ones(work, arguments, message):
    assert message in reproduce(work, *arguments, status=1)
    assert not (work / "sweeps").exists()


def test_help_is_quick_and_trains_nothing(work):
    assert "claim=best_cell" in reproduce(work, "--help")
    assert not (work / "sweeps").exists()


def test_a_list_of_the_claims_writes_nothing(work):
    assert "short_memory" in reproduce(work, "scale=smoke")
    assert not (work / "sweeps").exists()


@pytest.mark.slow
def test_a_claim_is_trained_judged_and_not_trained_again(work):
    first = reproduce(work, "claim=embedding", "scale=smoke")
    results = work / "sweeps" / "smoke" / "results"
    finding = json.loads((results / "embedding.json").read_text(encoding="utf-8"))
    assert finding["verdict"] == "inconclusive"  # two seeds decide nothing
    assert not {"supported", "refuted", "inconclusive"} & set(first.split())  # and are told nothing about
    assert finding["command"] == "python -m experiments.reproduce claim=embedding scale=smoke"
    assert not (work / "experiments" / "results").exists()

    folders = sorted((work / "sweeps" / "smoke" / "embedding").iterdir())
    rows = pd.read_csv(results / "embedding.csv")
    assert len(rows) == len(folders) == finding["runs"] == 20  # two recipes, two arms, two rates and three seeds
    assert rows["val/bpc"].between(0, 10).all()
    judged = rows[rows["seed"] != 101]
    by_input = judged.groupby(["trainer.max_epochs", "scheduler", judged["model.embedding_dim"].isna()])["test/bpc"]
    gaps = by_input.mean().unstack()
    assert finding["verdicts"][0]["estimate"] == pytest.approx((gaps[True] - gaps[False]).mean(), abs=1e-4)

    before = {folder: (folder / "summary.json").stat().st_mtime_ns for folder in folders}
    [lost, *_] = [folder for folder in folders if json.loads((folder / "summary.json").read_text())["seed"] == 11]
    shutil.rmtree(lost)
    again = reproduce(work, "claim=embedding", "scale=smoke")
    assert "19 runs are done, 1 to train" in again
    after = {folder: (folder / "summary.json").stat().st_mtime_ns for folder in folders}
    assert [folder for folder in folders if before[folder] != after[folder]] == [lost]
    same = json.loads((results / "embedding.json").read_text(encoding="utf-8"))
    assert same["verdicts"] == finding["verdicts"]


@pytest.mark.slow
@pytest.mark.skipif(CORPORA is None, reason="needs CHARCELLS_CORPORA")
def test_every_claim_goes_its_whole_way(work):
    reproduce(work, "claim=all", "scale=smoke")
    from experiments.study.catalogue import CLAIMS

    results = work / "sweeps" / "smoke" / "results"
    assert {path.stem for path in results.glob("*.json")} == set(CLAIMS)
    page = ["--results", str(results), "--html", str(work / "report.html"), "--readme", str(work / "README.md")]
    (work / "README.md").write_text("<!-- findings: begin -->\n<!-- findings: end -->\n")
    subprocess.run([sys.executable, "-m", "experiments.study.report", *page], cwd=work, check=True)
    readme = (work / "README.md").read_text(encoding="utf-8")
    assert all(f"report.html#{name})" in readme for name in CLAIMS)


def test_each_claim_says_beforehand_what_is_expected_and_how_it_is_judged():
    from experiments.study.catalogue import CLAIMS, SOURCES, claim_module

    on_disk = {path.stem for path in (ROOT / "experiments" / "claims").glob("*.py")}
    assert set(CLAIMS) == on_disk - {"__init__"}
    for name in CLAIMS:
        claim = claim_module(name).CLAIM
        assert claim.name == name
        assert claim.source in SOURCES
        assert min(map(len, (claim.quote, claim.translation, claim.prediction, claim.judged_by))) > 20
    assert [name for name in CLAIMS if claim_module(name).CLAIM.main] == [
        "batch_count",
        "corpus_size",
        "best_cell",
        "gru_cost",
    ]


def test_seeds_and_corpora_are_as_many_as_the_verdicts_need():
    from experiments.study.runs import SCALES

    for name in ("laptop", "paper"):
        scale = SCALES[name]
        assert scale.seeds >= 5
        assert scale.equivalence_seeds >= 8
        assert len(scale.texts) >= 3


def test_test_bits_are_the_loss_of_each_character_in_order(tmp_path, monkeypatch):
    """Against one plain pass over the text, character after character; and with a state that is reset, likewise."""
    import torch

    from charcells import load
    from charcells.training.train import train
    from experiments.study import measures, runs

    monkeypatch.setattr(runs, "ROOT", tmp_path)
    [run] = runs.cross("x", runs.SCALES["smoke"], 1, corpus="pydoc", corpus__max_chars=6000, trainer__max_epochs=1)
    summary = train(run.config(), run.folder.path, cores=1)
    bits = measures.held_out_bits([run, run])
    assert len(bits) == 600
    assert bits.mean() == pytest.approx(summary["test/bpc"], abs=1e-6)

    generator, text = load(run.folder.path), measures.data_of(run).text.corpus.text[-600 - 500 :]
    tokens = torch.from_numpy(generator.vocabulary.encode(text)).long()
    plain, resets = [], {16: [], 70: []}
    states = dict.fromkeys((None, *resets))
    with torch.inference_mode():
        for i in range(len(tokens) - 1):
            for every, state in states.items():
                if every is not None and (i - 499) % every == 0:
                    state = None
                logits, states[every] = generator.model(tokens[None, None, i], state)
                loss = -float(logits[0, 0].log_softmax(-1)[tokens[i + 1]]) / math.log(2)
                (plain if every is None else resets[every]).append(loss)
    np.testing.assert_allclose(bits, plain[499:], atol=1e-4)  # each segment has read 256 characters before
    for every, losses in resets.items():
        np.testing.assert_allclose(measures.reset_bits(run, every), losses[499:], atol=1e-5)
    assert not np.allclose(measures.reset_bits(run, 16), bits, atol=1e-3)

    ends = measures.data_of(run).text.split
    tokens = measures.data_of(run).tokens.long()
    on_val = measures.reset_bits(run, 600, part="val")  # one window: all of the validation text after a state of zeros
    with torch.inference_mode():
        logits, _ = generator.model(tokens[None, ends.train_end - 1 : ends.val_end - 1])
    plain = -logits[0].log_softmax(-1)[torch.arange(600), tokens[ends.train_end : ends.val_end]].numpy() / math.log(2)
    np.testing.assert_allclose(on_val, plain, atol=1e-5)


def test_a_run_is_named_after_what_sets_it_apart_and_its_command_trains_it():
    from charcells.cli.compose import CONF_DIR, compose, quote_free_text
    from experiments.study.runs import ROOT, SCALES, cross

    [run] = cross("x", SCALES["laptop"], (3,), corpus="biblia", cell="gru", data__batch_size=8)
    assert run.folder.path.name == "corpus=biblia,cell=gru,data.batch_size=8,seed=3"
    words = shlex.split(run.command)
    assert words[:2] == ["python", "train.py"]
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        composed = hydra_compose("config", quote_free_text(words[2:]), return_hydra_config=True)
    assert ROOT / composed.hydra.run.dir == run.folder.path
    assert compose([word for word in words[2:] if not word.startswith("hydra.")]) == run.config()
