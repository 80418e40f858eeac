"""The site: Sphinx reads it from the Markdown files beside this one. `make docs` builds it, offline."""

import sys
from pathlib import Path
from typing import Any

import charcells

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "extensions")]  # experiments, for the claims, and the extensions

project = "charcells"
author = "the charcells authors"
copyright = f"{author}; MIT licence"
release = charcells.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "generated"]
exclude_patterns = ["_build", "models"]  # the cards of models, which are read where the models lie

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # the results of experiments begin their sections at the second level

highlight_language = "bash"  # of blocks that do not name another
smartquotes = False  # code in docstrings keeps its quotation marks
default_role = "code"  # docstrings write `name`, as Markdown does
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
nitpicky = True
nitpick_ignore_regex = [
    # what is documented elsewhere: with no network there are no inventories of other projects to link to
    (r"py:.*", r"(torch|lightning|numpy|pandas|pd|np|collections|pathlib|np\.typing)\b.*"),
    (r"py:class", r"(Path|Tensor|Module|NDArray|LightningDataModule|LightningModule|DataFrame|dtype|integer)"),
    (r"py:.*", r"(Any|Iterator|Sequence|Mapping|Callable|Collection|optional|ValueError|KeyError|Exception)"),
    # our own types that users see as values but do not make
    (r"py:.*", r"(charcells\.registry\.Row|charcells\.(config|data|text|models|runs|training|writing)\..*)"),
]

html_theme = "furo"
html_title = "charcells"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = [
    "../experiments/results/report.html",  # with all quotes, plots and samples of the claims
    *(["quijote.html"] if (ROOT / "docs" / "quijote.html").exists() else []),  # models that write, in the browser
]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-brand-primary": "#0072B2", "color-brand-content": "#0072B2"},
    "dark_css_variables": {"color-brand-primary": "#56B4E9", "color-brand-content": "#56B4E9"},
}
copybutton_exclude = ".linenos, .gp, .go, .c1"  # comments and output are not copied


def setup(app: Any) -> None:
    app.connect("build-finished", link_report)
    app.connect("html-page-context", name_language)


def name_language(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Pages in Spanish and Portuguese say so to browsers and screen readers."""
    if page.startswith(("es/", "pt/")):
        context["language"] = page[:2]


def link_report(app: Any, exception: Exception | None) -> None:
    """The report lies beside the page of models on the site, and two folders away from it in the repository."""
    report = Path(app.outdir) / "report.html"
    if exception is None and report.exists():
        linked = report.read_text(encoding="utf-8").replace("../../docs/quijote.html", "quijote.html")
        report.write_text(linked, encoding="utf-8")
