"""What was found about the claims, as one HTML page and a table in the README: `python -m charcells.report`.

Reads the findings, a JSON file each, that the experiments leave in a folder. Nothing is measured here, and nothing of
this moment enters: the same findings give the same bytes. The page needs nothing from elsewhere, so that it opens from
a disk.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import jinja2

from charcells.config import UserError
from charcells.files import relative, write_atomically
from charcells.report.drawing import forest, plot, series_colours
from charcells.report.reading import VERDICTS, Finding, read_findings
from charcells.report.words import all_of, counts, estimate, number, period, rounded
from charcells.vocabulary import visible

BEGIN, END = "<!-- findings: begin -->", "<!-- findings: end -->"
"""The lines of the README between which the table stands."""

TEMPLATE = Path(__file__).parents[1] / "templates" / "report.html.j2"


def pieces(sample: Finding) -> list[tuple[str, bool]]:
    """A sample's text, cut where a copy begins or ends: (text, whether it is copied)."""
    text, parts, start = sample["text"], [], 0
    for begin, end in sample["copied"]:
        parts += [(text[start:begin], False), (text[begin:end], True)]
        start = end
    return [(part, copied) for part, copied in [*parts, (text[start:], False)] if part]


def copied_share(sample: Finding) -> str:
    """How much of a sample is copied, in words."""
    copied = sum(end - begin for begin, end in sample["copied"])
    return f"{copied / len(sample['text']):.0%} copied" if copied else "nothing copied"


def html(findings: Sequence[Finding]) -> str:
    """The page. Every text in it is escaped, and what a browser would not show stands there as in \\x1b."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters |= {"number": number, "estimate": estimate, "rounded": rounded, "pieces": pieces}
    environment.filters |= {"copied_share": copied_share}
    drawings = {}
    for finding in findings:
        name = finding["name"]
        drawings[name] = {
            "forest": forest(finding, name),
            "plots": [plot(each, f"{name}-plot-{i}") for i, each in enumerate(finding["plots"])],
        }
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        findings=findings,
        drawings=drawings,
        verdicts=VERDICTS,
        colours=series_colours(),
        counts=counts(findings),
        scale=all_of(findings, "scale"),
        period=period(findings),
    )


def markdown(findings: Sequence[Finding], page: str) -> str:
    """The summary for the README: a row for each finding, with links into the page."""
    rows = [
        "| claim | source | verdict | estimate (95 % interval) | in short |",
        "|---|---|---|---|---|",
    ]
    for finding in findings:
        name = finding["name"]
        cells = (
            f"{VERDICTS[finding['verdict']]} {finding['verdict']}",
            _markdown(estimate(finding["verdicts"][0])),
            _markdown(finding["answer"]),
        )
        rows.append(f"| [`{name}`]({page}#{name}) | {_markdown(finding['source'])} | {' | '.join(cells)} |")
    plural = "" if len(findings) == 1 else "s"
    scale = _markdown(all_of(findings, "scale"))
    head = (
        f"{len(findings)} claim{plural} judged ({scale}, {_markdown(period(findings))}): "
        f"{counts(findings)}. [The report]({page}) has quotes, predictions, plots and samples; open it in a browser."
    )
    return "\n".join([head, "", *rows])


def _markdown(text: str) -> str:
    """A text as one line of Markdown that shows it as it stands."""
    return re.sub(r"([\\`*_\[\]<>|~#&$])", r"\\\1", visible(" ".join(text.split())))


def replaced(readme: str, block: str) -> str:
    """The README with another text between the marker lines; all else stays as it is.

    Raises UserError where there is not exactly one of either, in this order.
    """
    lines = readme.splitlines(keepends=True)
    begins, ends = ([i for i, line in enumerate(lines) if line.strip() == marker] for marker in (BEGIN, END))
    if len(begins) != 1 or len(ends) != 1 or begins > ends:
        raise UserError(f"the table needs one line {BEGIN} and below it one line {END}")
    line_break = "\r\n" if lines[begins[0]].endswith("\r\n") else "\n"
    middle = line_break.join(["", *block.split("\n"), "", ""])
    return "".join(lines[: begins[0] + 1]) + middle + "".join(lines[ends[0] :])


def report(results: Path, page: Path, readme: Path) -> None:
    """Write the page, and the README's table.

    Raises UserError as `read_findings` does, and for a README without its markers: then nothing is written.
    """
    findings = read_findings(results)
    try:
        with open(readme, encoding="utf-8", newline="") as file:
            before = file.read()
        after = replaced(before, markdown(findings, Path(os.path.relpath(page, readme.parent)).as_posix()))
    except (OSError, ValueError, UserError) as error:
        raise UserError(f"{readme}: {error}") from error
    write_atomically(page, html(findings))
    write_atomically(readme, after)
    print(f"{len(findings)} claims: {counts(findings)}")
    print(f"written: {relative(page)}, the table in {relative(readme)}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m charcells.report",
        description="Show what was found about the claims: a page, and README's table.",
    )
    folder = Path("experiments", "results")
    parser.add_argument("--results", type=Path, default=folder, metavar="FOLDER", help=f"the findings ({folder})")
    parser.add_argument("--html", type=Path, metavar="FILE", help="the page (report.html beside the findings)")
    parser.add_argument(
        "--readme", type=Path, default=Path("README.md"), metavar="FILE", help="where the table stands (README.md)"
    )
    given = parser.parse_args(arguments)
    try:
        report(given.results, given.html or given.results / "report.html", given.readme)
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
