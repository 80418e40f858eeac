"""What a page does not copy: every option, from the schema, and every verdict, from the findings.

```{options} Config
```
<!-- findings: es 003 -->

The verdicts have a comment in their place, all of them or those of one source, because readers of the Markdown on a
code host would see a directive. Links to files beside the pages lead there in the repository and on the site.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from charcells import config
from charcells.cli.help import described
from experiments.study.report.__main__ import as_markdown, in_language, source_name, story
from experiments.study.report.languages import PAGE, VERDICT_SENTENCES, VERDICT_WORDS, phrase
from experiments.study.report.reading import VERDICTS, Finding, read_editions
from experiments.study.report.words import figures_in, needed

RESULTS = Path(__file__).parents[2] / "experiments" / "results"

PLACE = re.compile(r"^<!-- findings: (\w+)(?: (\w+))? -->$", re.MULTILINE)
"""Where verdicts are filled in: a language, and perhaps a source."""
REPORT = re.compile(r"\[([^]]+)\]\((?:\.\./)+experiments/results/report\.html\)")
"""A link to the report, as it leads there in the repository."""
BESIDE = re.compile(r"\[([^]]+)\]\(((?:\.\./)+(?:experiments/|[A-Z])[\w./]+\.md)\)")
"""A link to a Markdown file that is no page of the site."""


def options_table(schema: str) -> list[str]:
    """The lines of a Markdown table of the options of a schema in charcells.config, such as 'SampleConfig'."""
    lines = ["| option | default | what it does |", "|---|---|---|"]
    for name, default, help in described(getattr(config, schema)):
        shown = f"`{default}`" if default else "–"
        lines.append(f"| `{name}` | {shown} | {help.replace('|', chr(92) + '|').replace('*', chr(92) + '*')} |")
    return lines


def findings_section(finding: Finding, language: str, report: str, level: int) -> list[str]:
    """The Markdown of one finding, in the words of the report, which lies at the address `report`."""
    told, name = story(finding), finding["name"]
    again = f" {PAGE['again'][language]}" if finding["again"] else ""
    lines = [
        f"{'#' * level} {as_markdown(told['title'][language])}",
        "",
        f"**{verdict_word(finding['verdict'], language)}.**{again} "
        f"{as_markdown(in_language(source_name(finding), language))}.",
        "",
    ]
    for part in ("claimed", "expected"):
        label = PAGE[part][language] + ("" if language in told[part] else PAGE["in_english"][language])
        lines += [label, f": {as_markdown(in_language(told[part], language))}", ""]
    lines += [PAGE["found"][language], f": {VERDICT_SENTENCES[finding['verdict']][language]}", ""]
    deciding = finding["verdicts"][0]
    lines += [f"  - {measured(each, language)}" for each in deciding.get("parts") or [deciding]] + [""]
    if language == "en":
        lines += [as_markdown(finding["answer"]), ""]
    see = {"en": "Quote, figures and samples", "es": "Cita, cifras y muestras", "pt": "Citação, números e amostras"}
    return [*lines, f'<a href="{report}#{name}">{see[language]}</a> · `{finding["command"]}`', ""]


def verdict_word(verdict: str, language: str) -> str:
    """The sign of a verdict and its word, as '✓ Supported'."""
    said = VERDICT_WORDS[verdict][language]
    return f"{VERDICTS[verdict]} {said[0].upper()}{said[1:]}"


def measured(part: Finding, language: str) -> str:
    """A question, the figure that answers it, the figure that the claim needs, and the verdict, as Markdown."""
    question = in_language(phrase(part["question"]) or {"en": part["question"]}, language)
    figures = f"{question}: {figures_in(part)[language]}. {needed(part)[language]}".strip()
    return f"{as_markdown(figures)} {verdict_word(part['verdict'], language)}."


class Options(SphinxDirective):
    """A table of the options of a schema."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(Path(config.__file__)))
        parsed = parse(self, options_table(self.arguments[0]))
        for table in parsed:
            if isinstance(table, nodes.table):
                table["classes"].append("options")
        return parsed


class Findings(SphinxDirective):
    """A section for each finding in a language; of one source, a heading deeper, if it is named."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        language, *source = self.arguments
        findings, _ = read_editions(RESULTS)
        report = up(self.env.docname) + "report.html"
        lines: list[str] = []
        for finding in findings:
            if not source or finding["source"] == source[0]:
                lines += findings_section(finding, language, report, 3 if source else 2)
        return parse(self, lines)


def up(page: str) -> str:
    """The way from a page to the top of the site."""
    return "../" * page.count("/")


def for_the_site(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn the comments that stand for verdicts into directives, and let links to files beside the pages lead there."""
    text = PLACE.sub(lambda place: f"```{{findings}} {place[1]} {place[2] or ''}\n```", source[0])
    text = REPORT.sub(rf'<a href="{up(page)}report.html">\1</a>', text)
    source[0] = BESIDE.sub(r"{download}`\1 <\2>`", text)


def parse(directive: SphinxDirective, lines: list[str]) -> list[nodes.Node]:
    """The nodes of some lines of Markdown, headings included."""
    node = nodes.section()
    node.document = directive.state.document
    directive.state.nested_parse(StringList(lines, source="generated"), 0, node, match_titles=True)
    return node.children


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("options", Options)
    app.add_directive("findings", Findings)
    app.connect("source-read", for_the_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
