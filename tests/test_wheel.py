"""Wheel and sdist are the whole program: in an empty environment and folder they train, write, sweep, run notebooks."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import charcells

ROOT = Path(__file__).parents[1]
FILES = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "constraints.txt", "train.py", "sample.py")
"""What a build takes besides the folders; MANIFEST.in names more, for readers."""

SMALL = ("logger=none", "corpus.max_chars=3000", "model.hidden_size=8", "trainer.max_steps=3", "samples.length=10")


@pytest.mark.slow
def test_wheel_and_sdist_in_an_empty_environment_train_write_and_sweep(tmp_path: Path) -> None:
    def run(*command: str) -> str:
        clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        done = subprocess.run(command, cwd=tmp_path / "work", env=clean, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (tmp_path / "work").mkdir()
    source = tmp_path / "source"  # a copy: setuptools leaves a folder behind, and would take old files from it again
    for folder in ("src", "conf"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for file in FILES:
        shutil.copy(ROOT / file, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(sys.executable, "-m", "build", "--outdir", str(tmp_path / "dist"), str(source))  # the wheel from the sdist
    (wheel,), (sdist,) = (tmp_path / "dist").glob("*.whl"), (tmp_path / "dist").glob("*.tar.gz")
    assert program_in(wheel) == program_in(sdist) >= {"__init__.py", "writing/page.html.j2", "exporting/card.md.j2"}
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    constraints = str(ROOT / "constraints.txt")
    install = (*pip, "--python", str(python), "install", "--quiet", "--constraint", constraints)
    run(*install, str(wheel), "nbclient", "ipykernel")

    command = str(tmp_path / "venv" / "bin" / "charcells")
    assert "charcells train" in run(command, "--help")
    assert run(command, "--version") == f"charcells {charcells.__version__}\n"
    assert "cell: gru, jordan, lstm, output, rnn" in run(command, "train", "--help")
    assert "3 steps" in run(command, "train", *SMALL, "hydra.run.dir=one")
    assert run(command, "sample", "run=one", "prompt=The ", "length=5").startswith("The ")
    assert "2 of 2 runs finished" in run(command, "train", "-m", *SMALL, "cell=rnn,gru")
    assert "2 of 2 runs finished" in run(command, "runs", "sweeps/pydoc")
    assert "n-gram, order 1" in run(command, "baselines", "corpus.max_chars=3000")
    explained = run(command, "sample", "run=one", "explain=true", "length=20")  # which needs a template
    assert "written: one/explain.html" in explained
    assert "written: page.html" in run(command, "page", "runs=one")  # which needs its JavaScript
    assert "exported: " in run(command, "export", "run=one", "to=handed_on")  # which needs a template, too
    assert run(command, "sample", "run=handed_on", "prompt=The ", "length=5").startswith("The ")
    assert str(ROOT) not in run(str(python), "-c", "import charcells; print(charcells.__file__)")

    execute = str(tmp_path / "venv" / "bin" / "jupyter-execute")
    for name in ("compare_cells.es.ipynb", "inside_an_lstm.ipynb"):
        folder = tmp_path / "work" / name.removesuffix(".ipynb")
        folder.mkdir()
        shutil.copy(ROOT / "docs" / "notebooks" / name, folder)
        run(execute, "--inplace", str(folder / name))
        assert '"image/png"' in (folder / name).read_text(encoding="utf-8")
    again = ("install", "--quiet", "--no-deps", "--force-reinstall", str(sdist))
    run(*pip, "--python", str(python), *again)
    assert "3 steps" in run(command, "train", *SMALL, "hydra.run.dir=two")
    assert run(command, "sample", "run=two", "prompt=The ", "length=5").startswith("The ")


def program_in(archive: Path) -> set[str]:
    """The files of the package in a wheel or an sdist, without its conf/, which the sdist has at the top."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as packed:
            names = packed.namelist()
    else:
        with tarfile.open(archive) as opened:
            names = [name.partition("/src/")[2] for name in opened.getnames()]
    files = {name.partition("charcells/")[2] for name in names if name.startswith("charcells/") and "." in name}
    return {name for name in files if not name.startswith("conf/")}


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"] and project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"] == {"version": {"attr": "charcells.__version__"}}
    assert charcells.__version__ not in (ROOT / "CITATION.cff").read_text(encoding="utf-8").partition("\n")[2]
