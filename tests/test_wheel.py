"""The wheel is the whole program: in an empty environment and folder it trains, writes, sweeps, runs notebooks."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMALL = ("logger=none", "corpus.max_chars=3000", "model.hidden_size=8", "trainer.max_steps=3", "samples.length=10")


@pytest.mark.slow
def test_a_wheel_in_an_empty_environment_trains_writes_and_sweeps(tmp_path: Path) -> None:
    def run(*command: str) -> str:
        clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        done = subprocess.run(command, cwd=tmp_path / "work", env=clean, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (tmp_path / "work").mkdir()
    source = tmp_path / "source"  # a copy: setuptools leaves a folder behind, and would take old files from it again
    for folder in ("src", "conf"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path / "wheel"), str(source))
    (wheel,) = (tmp_path / "wheel").glob("charcells-*.whl")
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    constraints = str(ROOT / "constraints.txt")
    install = (*pip, "--python", str(python), "install", "--quiet", "--constraint", constraints)
    run(*install, str(wheel), "nbclient", "ipykernel")

    charcells = str(tmp_path / "venv" / "bin" / "charcells")
    assert "charcells train" in run(charcells, "--help")
    assert "cell: gru, jordan, lstm, output, rnn" in run(charcells, "train", "--help")
    assert "3 steps" in run(charcells, "train", *SMALL, "hydra.run.dir=one")
    assert run(charcells, "sample", "run=one", "prompt=The ", "length=5").startswith("The ")
    assert "2 of 2 runs finished" in run(charcells, "train", "-m", *SMALL, "cell=rnn,gru")
    assert "2 of 2 runs finished" in run(charcells, "runs", "sweeps/pydoc")
    assert "n-gram, order 1" in run(charcells, "baselines", "corpus.max_chars=3000")
    explained = run(charcells, "sample", "run=one", "explain=true", "length=20")  # which needs a template
    assert "written: one/explain.html" in explained
    assert "written: page.html" in run(charcells, "page", "runs=one")  # which needs its JavaScript
    assert str(ROOT) not in run(str(python), "-c", "import charcells; print(charcells.__file__)")

    execute = str(tmp_path / "venv" / "bin" / "jupyter-execute")
    for name in ("compare_cells.es.ipynb", "inside_an_lstm.ipynb"):
        folder = tmp_path / "work" / name.removesuffix(".ipynb")
        folder.mkdir()
        shutil.copy(ROOT / "docs" / "notebooks" / name, folder)
        run(execute, "--inplace", str(folder / name))
        assert '"image/png"' in (folder / name).read_text(encoding="utf-8")
