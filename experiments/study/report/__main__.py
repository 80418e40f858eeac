"""Show the findings as one HTML page and a table in each README: `python -m experiments.study.report`.

Reads the JSON files that `python -m experiments.reproduce` writes. The same findings always give the same bytes:
nothing is measured here, and neither the date nor the machine enters. The page loads no other file, so it can be opened
from a disk.
"""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from charcells.errors import UserError, report_user_errors
from charcells.files import relative, write_atomically
from charcells.text.vocabulary import visible
from experiments.study.catalogue import SOURCES
from experiments.study.report.drawing import deciding, forest, has_intervals, plot, series_colours
from experiments.study.report.languages import (
    LANGUAGES,
    PAGE,
    README_TABLE,
    SOURCE_NAMES,
    VERDICT_SENTENCES,
    VERDICT_WORDS,
    Words,
    phrase,
)
from experiments.study.report.reading import VERDICTS, Finding, read_editions
from experiments.study.report.stories import STORIES, fingerprint
from experiments.study.report.words import (
    counted,
    counts,
    estimate,
    figures_in,
    needed,
    number,
    outcome,
    period,
    rounded,
    table_rows,
)

BEGIN, END = "<!-- findings: begin -->", "<!-- findings: end -->"
"""The lines of a README that enclose the table."""

TEMPLATE = Path(__file__).with_name("report.html.j2")


def pieces(sample: Finding) -> list[tuple[str, bool]]:
    """A sample's text split where a copy begins or ends: (part, whether it is copied)."""
    text, parts, start = sample["text"], [], 0
    for begin, end in sample["copied"]:
        parts += [(text[start:begin], False), (text[begin:end], True)]
        start = end
    return [(part, copied) for part, copied in [*parts, (text[start:], False)] if part]


def copied_share(sample: Finding) -> str:
    """The share of a sample that is copied, for its caption."""
    copied = sum(end - begin for begin, end in sample["copied"])
    return f"{copied / len(sample['text']):.0%} copied" if copied else "nothing copied"


def english(text: str) -> Words:
    """A text of a finding, which is in English for all readers."""
    return {"en": text}


def source_name(finding: Finding) -> Words:
    """The source as people call it; of one that is not in the catalogue what the finding has."""
    return SOURCE_NAMES.get(finding["source"]) or english(finding["source"])


def in_language(text: Words, language: str) -> str:
    """A text in a language, or in English where there is no other."""
    return text.get(language, text["en"])


def story(finding: Finding) -> dict[str, Words]:
    """title, claimed and expected of a finding, each by language, or in English only where it has not been retold."""
    told = STORIES.get(finding["name"])
    if told is None:
        return {"title": english(finding["name"]), "claimed": english(finding["translation"])} | {
            "expected": english(finding["prediction"])
        }
    expected = english(finding["prediction"])
    if told.expected and told.retells == fingerprint(finding["prediction"]):
        expected = told.expected
    return {"title": told.title, "claimed": told.claimed, "expected": expected}


def not_retold(findings: Sequence[Finding]) -> dict[str, str]:
    """Claims of stories.py whose prediction is not the one retold there, so that it is shown in English: by name, its
    fingerprint."""
    prints = {each["name"]: fingerprint(each["prediction"]) for each in findings if each["name"] in STORIES}
    return {name: found for name, found in prints.items() if STORIES[name].retells != found}


def drawings_of(finding: Finding) -> dict[str, object]:
    """The pictures of a finding: `main`, the intervals that decide it, `forest`, those of all questions, and `plots`.

    `forest` is None where it would repeat `main`.
    """
    name, shown = finding["name"], deciding(finding)
    every = finding["verdicts"]
    return {
        "main": forest(shown, f"{name}-main"),
        "forest": forest(every, f"{name}-forest") if len(every) > 1 else None,
        "plots": [plot(each, f"{name}-plot-{i}") for i, each in enumerate(finding["plots"])],
    }


def html(findings: Sequence[Finding], first: Mapping[str, str]) -> str:
    """The page. Every text in it is escaped; characters that a browser would not show appear as in \\x1b.

    Args:
        first: by claim, its verdict in the first edition.
    """
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    used = (
        number,
        estimate,
        rounded,
        pieces,
        copied_share,
        table_rows,
        outcome,
        figures_in,
        needed,
        has_intervals,
        phrase,
    )
    environment.filters |= {function.__name__: function for function in used}
    environment.filters |= {"story": story, "source_name": source_name, "english": english}
    titles = {finding["source"]: finding["source_title"] for finding in findings}
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        findings=findings,
        first=first,
        zip=zip,
        drawings={finding["name"]: drawings_of(finding) for finding in findings},
        main_names=[finding["name"] for finding in findings if finding.get("main")],
        languages=LANGUAGES,
        page=PAGE,
        verdicts=VERDICTS,
        marks=dict(zip(VERDICTS, "■✖◆▲○", strict=True)),  # those of the drawings
        verdict_words=VERDICT_WORDS,
        verdict_sentences=VERDICT_SENTENCES,
        sources={source: SOURCES.get(source) or title for source, title in sorted(titles.items())},
        names=SOURCE_NAMES,
        colours=series_colours(),
        counts=counted([finding["verdict"] for finding in findings]),
        period=period(findings),
    )


def markdown(findings: Sequence[Finding], page: str, language: str = "en") -> str:
    """The table for a README in a language: each claim in words, and its verdict, which links to the page at `page`."""
    head = README_TABLE["head"][language].format(
        n=len(findings), counts=counted([finding["verdict"] for finding in findings])[language], page=page
    )
    rows = [README_TABLE["columns"][language], "|---|---|"]
    for finding in findings:
        title, verdict = as_markdown(in_language(story(finding)["title"], language)), finding["verdict"]
        again = "\\*" if finding["again"] else ""
        shown = f"{VERDICTS[verdict]} [{VERDICT_WORDS[verdict][language]}]({page}#{finding['name']}){again}"
        rows.append(f"| {title} | {shown} |")
    waiting = [finding for finding in findings if finding["again"]]
    return "\n".join([head, "", *rows, *(["", f"\\* {PAGE['again'][language]}"] if waiting else [])])


def as_markdown(text: str) -> str:
    """One line of Markdown that displays the text literally."""
    return re.sub(r"([\\`*_\[\]<>|~#&$])", r"\\\1", visible(" ".join(text.split())))


def replaced(readme: str, block: str) -> str:
    """The README with `block` between the marker lines and the rest unchanged, line breaks included.

    Raises UserError unless there is exactly one line of each marker, in this order.
    """
    lines = readme.splitlines(keepends=True)
    begins, ends = ([i for i, line in enumerate(lines) if line.strip() == marker] for marker in (BEGIN, END))
    if len(begins) != 1 or len(ends) != 1 or begins > ends:
        raise UserError(f"the table needs one line {BEGIN} and below it one line {END}")
    line_break = "\r\n" if lines[begins[0]].endswith("\r\n") else "\n"
    middle = line_break.join(["", *block.split("\n"), "", ""])
    return "".join(lines[: begins[0] + 1]) + middle + "".join(lines[ends[0] :])


def readmes(english: Path) -> dict[str, Path]:
    """The READMEs to write, by language: the English one, and those beside it, such as README.es.md, that exist."""
    beside = {
        language: english.with_suffix(f".{language}{english.suffix}") for language in LANGUAGES if language != "en"
    }
    return {"en": english} | {language: path for language, path in beside.items() if path.exists()}


def report(results: Path, page: Path, readme: Path) -> None:
    """Write the page, and the table of `readme` and of its translations beside it.

    Raises UserError as `read_findings` does, and for a README without its markers; nothing is written then.
    """
    findings, first = read_editions(results)
    address = Path(os.path.relpath(page, readme.parent)).as_posix()
    written = {page: html(findings, first)}
    for language, path in readmes(readme).items():
        try:
            with open(path, encoding="utf-8", newline="") as file:
                written[path] = replaced(file.read(), markdown(findings, address, language))
        except (OSError, ValueError, UserError) as error:
            raise UserError(f"{path}: {error}") from error
    for path, text in written.items():
        write_atomically(path, text)
    print(f"{len(findings)} claims: {counts(findings)}")
    for name, found in not_retold(findings).items():
        print(f"{name}: stories.py retells another prediction than {found}, which is shown in English")
    print(f"written: {', '.join(map(str, map(relative, written)))}")


@report_user_errors()
def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.study.report",
        description="Write the findings as an HTML page and as a table in README.md, README.es.md and README.pt.md.",
    )
    folder = Path("experiments", "results")
    parser.add_argument(
        "--results", type=Path, default=folder, metavar="FOLDER", help=f"folder of the findings ({folder})"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="the page (report.html beside the findings)")
    parser.add_argument(
        "--readme",
        type=Path,
        default=Path("README.md"),
        metavar="FILE",
        help="the README that has the table; its translations lie beside it (README.md)",
    )
    given = parser.parse_args(arguments)
    report(given.results, given.html or given.results / "report.html", given.readme)


if __name__ == "__main__":
    main()
