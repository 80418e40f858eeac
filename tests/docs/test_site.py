"""The site: what it generates is what the program has, and a link that leads nowhere is found."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from charcells.cli.help import HELP_CORPUS_OPTIONS
from charcells.config import Config, PageConfig, SampleConfig, options

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from check_links import broken  # noqa: E402


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "picture.png").write_bytes(b"")
    (tmp_path / "sub" / "other.html").write_text('<p id="here"><a href="../index.html#caf%C3%A9">')
    links = ["#café", "sub/other.html#here", "picture.png", "https://example.org/nowhere", "", "#top"]
    wrong = ["sub/other.html#there", "missing.html", "#absent", "gone.png"]
    body = "".join(f'<a href="{link}">x</a>' for link in links + wrong)
    (tmp_path / "index.html").write_text(f'<h1 id="café">{body}</h1><img src="gone.png">', encoding="utf-8")
    assert list(broken(tmp_path)) == [f"index.html: {link}" for link in [*wrong, "gone.png"]]


def pages() -> list[Path]:
    return [path for path in (ROOT / "docs").rglob("*.md") if not {"_build", "models"} & set(path.parts)]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_a_page_reads_well_on_a_code_host_too(page: Path) -> None:
    """It shows Markdown as it is: links lead there, and nothing but lists of pages and reference need Sphinx."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^```\{(toctree|options|eval-rst|include)\}.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"\{[\w:]+\}`|\[\]\(|^\(.+\)=$|^:::|^```\{", text, re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
        assert link.startswith("https://") or (page.parent / link).is_file(), link


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(ROOT / "docs"), str(folder / "html")],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


@pytest.mark.slow
def test_the_site_has_no_link_that_leads_nowhere(site: Path) -> None:
    assert list(broken(site)) == []


@pytest.mark.slow
def test_the_page_of_options_has_every_option_its_default_and_its_help(site: Path) -> None:
    page = " ".join(unescape((site / "options.html").read_text(encoding="utf-8")).split())
    for schema in (Config, SampleConfig, PageConfig):
        for name, item in options(schema):
            if name.endswith(".name") or (name.startswith("corpus.") and name not in HELP_CORPUS_OPTIONS):
                continue
            code = '<code class="docutils literal notranslate"><span class="pre">'
            assert f"{code}{name}</span></code>" in page, name
            assert item.metadata["help"].split("`")[0].split("...")[0].strip() in page, name


@pytest.mark.slow
def test_every_claim_stands_in_each_language_once(site: Path) -> None:
    from experiments.study.report.__main__ import story
    from experiments.study.report.reading import read_editions

    findings, _ = read_editions(ROOT / "experiments" / "results")
    for language, name in {"en": "claims", "es": "es/cinco_textos", "pt": "pt/cinco_textos"}.items():
        page = unescape((site / f"{name}.html").read_text(encoding="utf-8"))
        for finding in findings:
            assert page.count(f'report.html#{finding["name"]}"') == 1, (language, finding["name"])
            assert story(finding)["title"][language] in page


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text and 'rel="stylesheet" href="http' not in text, page


def test_every_corpus_is_in_the_table_of_texts() -> None:
    page = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
    for path in (ROOT / "conf" / "corpus").glob("*.yaml"):
        assert f"`{path.stem}`" in page, path.stem
