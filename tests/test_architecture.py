"""The structure of the code: imports point downward, frameworks stay where they belong, light parts stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PACKAGE = ROOT / "src" / "charcells"
ORDER = (
    "errors", "signals", "slurm", "process", "files", "terminal", "kernels", "registry", "config", "checks", "text",
    "runs", "data", "models", "writing", "exporting", "training", "sweeps", "cli", "api", "__main__",
)  # fmt: skip
"""The rooms of the package, from the ground up: each imports only from itself and from those before it."""

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in it: 'charcells.config' for both ways to import that."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            assert node.module is not None
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downward(path: Path) -> None:
    own = module_of(path)
    assert own in ORDER, f"{own} has no place in the order of imports"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "charcells" and len(parts) > 1 and parts[1] in {module_of(file) for file in FILES} - {own}:
            assert ORDER.index(parts[1]) < ORDER.index(own), f"{own} imports {parts[1]}"


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("hydra", {"cli"}),
        ("omegaconf", {"cli"}),
        ("lightning", {"data", "training"}),
        ("torch", {"process", "data", "models", "writing", "exporting", "training", "api"}),
        ("matplotlib", {"runs"}),
        ("rich.console", {"terminal"}),  # elsewhere, names would be read as markup
    ],
)
def test_a_framework_stays_where_it_belongs(package: str, rooms: set[str]) -> None:
    users = {module_of(path) for path in FILES if any(f"{name}.".startswith(f"{package}.") for name in imported(path))}
    assert users == rooms


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("charcells", {"hydra", "torch", "pandas", "numpy"}),
        ("charcells.text.vocabulary", {"hydra", "omegaconf", "torch", "pandas"}),
        ("charcells.text.corpus", {"hydra", "torch", "pandas", "pooch", "requests"}),
        ("charcells.runs.folder", {"hydra", "omegaconf", "torch", "pandas", "matplotlib"}),
        ("charcells.config", {"hydra", "omegaconf", "torch", "numpy"}),
    ],
)
def test_a_light_part_imports_nothing_heavy(module: str, absent: set[str]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not absent & set(loaded)


def test_entry_points_are_imported_by_nobody() -> None:
    for path in [*FILES, PACKAGE / "__init__.py"]:
        assert not {name.split(".")[0] for name in imported(path)} & {"train", "sample", "experiments", "tests"}
