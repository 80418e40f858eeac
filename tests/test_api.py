"""The commands from Python, as a notebook uses them."""

import logging
import signal
import subprocess
import sys

import pytest
import torch

import charcells

TEXT = "a cab, a bed and a bag\n" * 60
SMALL = ("corpus=file", "logger=none", "model.hidden_size=8", "model.embedding_dim=4", "data.batch_size=2")
SHORT = ("data.seq_len=10", "trainer.max_steps=6", "samples.length=5")


@pytest.fixture
def work(tmp_path, monkeypatch):
    (tmp_path / "text.txt").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)]
    log = logging.getLogger("charcells")
    return torch.get_num_threads(), handlers, log.level, list(log.handlers), logging.getLogger().level


def test_a_run_from_python_has_summary_metrics_and_a_generator_and_leaves_the_process_as_it_was(work):
    torch.set_num_threads(2)
    before = settings()
    run = charcells.train(*SMALL, *SHORT, "corpus.path=text.txt", cell="gru", seed=3, progress_bar=False)
    assert settings() == before
    assert run.summary["status"] == "finished" and (run.summary["cell"], run.summary["seed"]) == ("gru", 3)
    assert run.path.parent.name == "runs"
    assert run.metrics["step"].max() == 6 and run.metrics["val/bpc"].notna().any()
    assert run.generator().generate("a", length=10) == charcells.load(run.path).generate("a", length=10)
    assert "gru" in run._repr_html_()
    again = charcells.train(*SMALL, *SHORT, "corpus.path=text.txt", cell="gru", seed=3, folder=work / "mine")
    assert again.summary["test/loss"] == run.summary["test/loss"] and again.path == work / "mine"
    table = charcells.runs(work)
    assert sorted(table["folder"]) == ["mine", f"runs/{run.path.name}"]


def test_a_sweep_from_python_trains_each_combination_once(work):
    def go():
        return charcells.sweep("sweep", *SMALL, *SHORT, "corpus.path=text.txt", cell=["rnn", "gru"], seed=[1, 2])

    table = go()
    assert sorted(zip(table["cell"], table["seed"], strict=True)) == [("gru", 1), ("gru", 2), ("rnn", 1), ("rnn", 2)]
    written = {path: path.stat().st_mtime_ns for path in (work / "sweep").rglob("summary.json")}
    go()
    assert {path: path.stat().st_mtime_ns for path in (work / "sweep").rglob("summary.json")} == written


def test_wrong_options_are_refused_and_leave_nothing(work):
    for options in ({"cell": "lsmt"}, {"hiden_size": 3}, {"corpus": "file"}):
        with pytest.raises(charcells.UserError):
            charcells.train(**options)
    assert not list((work / "runs").glob("*")) if (work / "runs").exists() else True


def test_an_interruption_is_a_keyboard_interrupt_and_the_run_is_there(work, monkeypatch):
    from charcells.training.run_module import RunModule

    def training_step(self, batch, batch_idx):
        raise KeyboardInterrupt

    monkeypatch.setattr(RunModule, "training_step", training_step)
    before = settings()
    with pytest.raises(KeyboardInterrupt):
        charcells.train(*SMALL, *SHORT, "corpus.path=text.txt", folder="run", progress_bar=False)
    assert settings() == before
    assert charcells.runs("run")["status"].tolist() == ["interrupted"]


def test_the_public_names_are_listed_and_load_nothing_heavy():
    program = (
        "import sys, charcells; names = dir(charcells); "
        "assert {'train', 'sweep', 'runs', 'load', 'metrics', 'CharLM', 'CharDataModule'} <= set(names); "
        "heavy = {'torch', 'lightning', 'pandas', 'hydra', 'numba'} & set(sys.modules); assert not heavy, heavy; "
        "[getattr(charcells, name) for name in names]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
