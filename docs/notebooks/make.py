"""Make the notebooks from their sources: `python docs/notebooks/make.py`.

`source/NAME.py` has the cells, each after a line `# %%` or `# %% [markdown]`; `# %% [install]` is the one that installs
charcells where it is missing, from the address of the repository, which the reader gives unless pyproject.toml has it
as [project.urls] Repository. Where `source/NAME.yaml` exists, it has the words of each language, and {{ name }} in
the cells stands for them: NAME.ipynb is the English notebook, NAME.es.ipynb the Spanish one.
"""

import re
import tomllib
from pathlib import Path

import jinja2
import nbformat
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

INSTALL = """
import importlib.util

repository = "{repository}"  # such as "https://github.com/NAME/charcells"; needed only where charcells is not installed

if importlib.util.find_spec("charcells") is None:
    if not repository:
        raise RuntimeError("charcells is not installed: put the address of its repository between the quotes above")
    %pip install --quiet git+{{repository}}
"""


def install_cell() -> str:
    """The cell that installs charcells. Until pyproject.toml has the address of the repository, the reader gives it."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"].get("urls", {})
    return INSTALL.strip().format(repository=urls.get("Repository", ""))


def cells(source: str) -> list[nbformat.NotebookNode]:
    """The cells of a source. Those of text have their comment signs removed."""
    made = []
    for kind, content in re.findall(r"^# %%(?: \[(\w+)\])?\n(.*?)(?=^# %%|\Z)", source, re.MULTILINE | re.DOTALL):
        text = content.strip("\n")
        if kind == "markdown":
            cell = nbformat.v4.new_markdown_cell(re.sub(r"^# ?", "", text, flags=re.MULTILINE))
        else:
            cell = nbformat.v4.new_code_cell(install_cell() if kind == "install" else text)
        cell["id"] = f"cell-{len(made)}"  # instead of a random one: the same source gives the same file
        made.append(cell)
    return made


def notebook(source: str) -> str:
    """A notebook without output, as JSON."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = nbformat.v4.new_notebook(cells=cells(source), metadata={"kernelspec": kernel})
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def notebooks() -> dict[str, str]:
    """Every notebook by its file name."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    made = {}
    for path in sorted((HERE / "source").glob("*.py")):
        source, words = path.read_text(encoding="utf-8"), path.with_suffix(".yaml")
        if not words.exists():
            made[f"{path.stem}.ipynb"] = notebook(source)
            continue
        for language, said in yaml.safe_load(words.read_text(encoding="utf-8")).items():
            name = path.stem if language == "en" else f"{path.stem}.{language}"
            shown = {key: value.replace("\n", "\n# ") for key, value in said.items()}
            made[f"{name}.ipynb"] = notebook(environment.from_string(source).render(shown))
    return made


if __name__ == "__main__":
    for name, content in notebooks().items():
        (HERE / name).write_text(content, encoding="utf-8")
