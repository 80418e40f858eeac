"""The READMEs: short, and the same commands in each language."""

import re
from pathlib import Path

import pytest

from charcells.__main__ import COMMANDS

ROOT = Path(__file__).parents[2]
TRANSLATIONS = ("README.es.md", "README.pt.md")


def commands(name: str) -> list[str]:
    """The lines of code of a README, without comments and the spaces before them."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)).splitlines()
    return [code for line in lines if (code := re.sub(r"\s+# .*", "", line).rstrip())]


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_each_language_has_the_same_commands(name: str) -> None:
    assert commands(name) == commands("README.md")


@pytest.mark.parametrize("name", ["README.md", *TRANSLATIONS])
def test_a_readme_can_be_read_in_two_minutes(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 150


def test_the_test_command_of_the_readme_is_what_ci_runs() -> None:
    (tests,) = (line for line in commands("README.md") if "test" in line.split())
    assert tests.startswith("make ")
    last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1].split()
    assert last[0] == "make" and tests.split()[1] in last


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in commands("README.md"):
        if line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE), line


def test_every_command_is_shown() -> None:
    shown = " ".join(commands("README.md"))
    for command in set(COMMANDS) - {"train", "sample"}:
        assert f"charcells {command} " in shown
    assert "python train.py " in shown and "python sample.py " in shown


@pytest.mark.parametrize("name", ["README.md", *TRANSLATIONS, "CONTRIBUTING.md"])
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        path = ROOT / (file or name)
        assert path.is_file(), link
        if anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, link
