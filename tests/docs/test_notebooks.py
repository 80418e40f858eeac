"""The notebooks of the documentation: made from one source, without output, and they run."""

import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "docs" / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))

import make  # noqa: E402

NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


def test_the_committed_notebooks_are_what_their_sources_give() -> None:
    assert make.notebooks() == {name: (NOTEBOOKS / name).read_text(encoding="utf-8") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_no_notebook_has_output(name: str) -> None:
    for cell in nbformat.read(NOTEBOOKS / name, as_version=4).cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None


def test_each_language_has_the_same_code_and_its_own_words() -> None:
    english, spanish, portuguese = (
        nbformat.read(NOTEBOOKS / f"compare_cells{language}.ipynb", as_version=4).cells
        for language in ("", ".es", ".pt")
    )
    for cells in zip(english, spanish, portuguese, strict=True):
        if cells[0].cell_type == "code":
            assert len({re.sub(r'label="[^"]*"|title="[^"]*"', "", cell.source) for cell in cells}) == 1
        else:
            assert len({cell.source for cell in cells}) == 3


def test_a_notebook_installs_charcells_from_the_repository_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython.core.inputtransformer2 as transformer

    first = make.INSTALL.format(repository="https://example.org/charcells")
    asked: list[str] = []

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            asked.append(f"{name} {line}")

    code = transformer.TransformerManager().transform_cell(first)
    exec(code, {"get_ipython": Shell})
    assert asked == []  # it is installed here
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(code, {"get_ipython": Shell})
    assert asked == ["pip install --quiet git+{repository}"]  # IPython puts in the value of `repository`


def test_a_notebook_says_what_is_missing_if_nobody_has_given_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython.core.inputtransformer2 as transformer

    code = transformer.TransformerManager().transform_cell(make.INSTALL.format(repository=""))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="put the address of its repository"):
        exec(code)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")  # otherwise Jupyter warns about its future default
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    printed = "".join(output.text for output in outputs if output.get("name") == "stderr")
    assert "Warning" not in printed
