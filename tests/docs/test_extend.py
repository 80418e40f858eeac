"""A newcomer follows docs/extend.md to the letter: a corpus, a cell, a claim and a task, as they are printed there."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
FAST = ("logger=none", "model.hidden_size=8", "data.batch_size=2", "data.seq_len=10", "samples.length=10")
CLAIMED = "con más neuronas se obtienen mejores resultados"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder on Python's path with the package of the guide in it, as `pip install` would leave it."""
    files = dict(re.findall(r"`(my_cells/[\w./]+)`[^\n]*:\n\n```\w+\n(.*?)```", GUIDE, re.DOTALL))
    assert sorted(files) == ["my_cells/my_cells/__init__.py", "my_cells/my_cells/slstm.py", "my_cells/pyproject.toml"]
    site = tmp_path / "site"
    for name in files:
        if name.endswith(".py"):
            path = site / name.removeprefix("my_cells/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[name], encoding="utf-8")
    project = tomllib.loads(files["my_cells/pyproject.toml"])["project"]
    information = site / "my_cells-0.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1\n")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in rows.items())
        for group, rows in project["entry-points"].items()
    ]
    (information / "entry_points.txt").write_text("\n".join(groups))
    return site


def run(*arguments: str, site: Path, folder: Path) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_cell_of_another_package_trains_resumes_writes_and_is_swept(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("she sells sea shells by the sea shore.\n" * 40)
    text = ("corpus=file", "corpus.path=text.txt", *FAST)
    assert "my_slstm" in run("-m", "charcells", "train", "--help", site=installed, folder=tmp_path)
    shown = run(
        *("-m", "charcells", "train", "cell=my_slstm", "trainer.max_steps=5", "hydra.run.dir=one", *text),
        site=installed,
        folder=tmp_path,
    )
    assert "my_slstm 1×8" in shown
    resumed = run("-m", "charcells", "train", "resume=one", "trainer.max_steps=8", site=installed, folder=tmp_path)
    assert "8 steps" in resumed
    written = run(
        *("-m", "charcells", "sample", "run=one", "prompt=she", "num_samples=2", "length=9"),
        site=installed,
        folder=tmp_path,
    )
    assert written.count("she") >= 2
    swept = run(
        *("-m", "charcells", "train", "-m", "cell=my_slstm,rnn", "trainer.max_steps=3", *text),
        site=installed,
        folder=tmp_path,
    )
    assert "2 of 2 runs finished" in swept


@pytest.mark.slow
def test_a_cell_of_another_package_keeps_to_the_contract(installed: Path) -> None:
    tests = str(ROOT / "tests" / "models" / "test_contract.py")
    shown = run("-m", "pytest", "-k", "my_slstm", "-p", "no:cacheprovider", tests, site=installed, folder=ROOT)
    assert "passed" in shown or "." in shown


def test_a_checkpoint_with_a_cell_that_is_not_installed_is_refused_by_name(installed: Path, tmp_path: Path) -> None:
    from charcells.registry import CELLS

    assert "my_slstm" not in CELLS
    program = "from charcells.registry import CELLS; print(*CELLS, CELLS['my_slstm'].lr)"
    assert run("-c", program, site=installed, folder=tmp_path).split()[-2:] == ["my_slstm", "0.008"]


def test_own_corpora_and_experiments_need_no_change_to_the_package(tmp_path: Path) -> None:
    files = dict(re.findall(r"`(my_conf/[\w./]+)`[^`\n]*:\n\n```yaml\n(.*?)```", GUIDE, re.DOTALL))
    assert sorted(files) == ["my_conf/corpus/letters.yaml", "my_conf/experiment/small.yaml"]
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "letters.txt").write_text("she sells sea shells by the sea shore.\n" * 40)
    where = "hydra.searchpath=[file://my_conf]"
    listed = run(str(ROOT / "train.py"), where, "--help", site=tmp_path, folder=tmp_path)
    assert " letters," in listed and " small" in listed
    options = ["data.batch_size=2", "data.seq_len=10", "trainer.max_steps=3", "logger=none", "samples.length=5"]
    shown = run(str(ROOT / "train.py"), where, "experiment=small", *options, site=tmp_path, folder=tmp_path)
    assert "letters: gru 1×64" in shown
    swept = run(
        str(ROOT / "train.py"), "-m", where, "corpus=letters,hello", *options[2:], site=tmp_path, folder=tmp_path
    )
    assert "2 of 2 runs finished" in swept


@pytest.mark.slow
def test_the_claim_is_trained_and_judged(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("results", "__pycache__")
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments", ignore=ignored)
    found = re.search(r"`experiments/claims/(\w+)\.py`:\n\n```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    name, code = found.groups()
    (tmp_path / "experiments" / "claims" / f"{name}.py").write_text(code, encoding="utf-8")
    catalogue = tmp_path / "experiments" / "study" / "catalogue.py"
    listed = catalogue.read_text(encoding="utf-8").replace("CLAIMS = (", f'CLAIMS = (\n    "{name}",', 1)
    catalogue.write_text(listed, encoding="utf-8")
    run("-m", "experiments.reproduce", f"claim={name}", "scale=smoke", site=tmp_path, folder=tmp_path)
    results = tmp_path / "sweeps" / "smoke" / "results"
    finding = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
    assert finding["runs"] == 4  # two sizes, and two seeds at this scale
    assert finding["verdict"] == "inconclusive"  # which decide nothing
    (tmp_path / "R.md").write_text("<!-- findings: begin -->\n<!-- findings: end -->\n")
    page = ("--results", str(results), "--html", "report.html", "--readme", "R.md")
    run("-m", "experiments.study.report", *page, site=tmp_path, folder=tmp_path)
    assert CLAIMED in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_task_learns_where_words_end(tmp_path: Path) -> None:
    found = re.search(r"```python\n(import charcells\nimport lightning\n.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    text = "she sells sea shells by the sea shore.\n" * 200
    (tmp_path / "mine.txt").write_text(text)
    shown = run("-c", found[1] + "\nprint(trainer.callback_metrics['val/loss'].item())", site=tmp_path, folder=tmp_path)
    share = sum(not character.isalpha() for character in text) / len(text)
    by_share_alone = -share * math.log(share) - (1 - share) * math.log(1 - share)  # nats, knowing nothing else
    assert float(shown.split()[-1]) < by_share_alone / 4
