"""Read the findings of a folder, one JSON file each, and check that the report can show them."""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from charcells.errors import UserError
from experiments.study.catalogue import CLAIMS
from experiments.study.findings import ALIKE, INCONCLUSIVE, RECIPE_DEPENDENT, REFUTED, SUPPORTED

Finding = dict[str, Any]
"""A finding as its file has it: see SHAPE."""

VERDICTS = {SUPPORTED: "✓", REFUTED: "✗", ALIKE: "≈", RECIPE_DEPENDENT: "±", INCONCLUSIVE: "?"}
"""Each verdict and its sign, so that no verdict is shown by colour alone."""

NUMBER = (int, float)
FIGURE = (int, float, type(None))
QUESTION = {
    "question": str,
    "verdict": str,
    "estimate": FIGURE,
    "low": FIGURE,
    "high": FIGURE,
    "unit": str,
    "n": int,
    "threshold": str,
}
"""What a verdict has, and each of its parts."""

SHAPE = {
    "name": str,
    "source": str,
    "source_title?": str,
    "quote": str,
    "quote_language": str,
    "translation": str,
    "prediction": str,
    "judged_by": str,
    "history?": str,
    "main?": bool,
    "scale": str,
    "verdict": str,
    "answer": str,
    "population": str,
    "held_equal": str,
    "verdicts": [
        {
            **QUESTION,
            "held_equal?": str,
            "p?": NUMBER,
            "note?": str,
            "parts?": [QUESTION],
        }
    ],
    "constants?": [{"question": str, "value": NUMBER, "unit": str, "note?": str}],
    "tables?": [{"title": str, "columns": [str], "rows": [[(str, bool, *FIGURE)]], "note?": str}],
    "plots?": [
        {
            "title": str,
            "kind": str,
            "x_label": str,
            "y_label": str,
            "log_x?": bool,
            "log_y?": bool,
            "series": [{"name": str, "x": [(str, *NUMBER)], "y": [FIGURE], "low?": [FIGURE], "high?": [FIGURE]}],
            "line?": NUMBER,
            "description": str,
        }
    ],
    "samples?": [{"title": str, "text": str, "prompt": str, "copied": [[int]]}],
    "command": str,
    "run_command?": str,
    "runs": int,
    "train_hours": NUMBER,
    "versions": dict,
    "corpora": dict,
    "date": str,
}
"""The keys of a finding and the type of each: a type, a tuple of allowed types, or a list with the type of its items.

A key with '?' may be missing or null."""


def read_findings(folder: Path) -> list[Finding]:
    """The findings of a folder: the main claims first, in the order of CLAIMS, then the others by name.

    Missing constants, tables, plots and samples become empty lists, NaN and infinities become None. JSON files of
    another kind are skipped.

    Raises UserError with the file's name if one cannot be read or does not have the SHAPE, if two have the same name,
    and if there is no finding.
    """
    lacking: Finding = {key: [] for key in ("constants", "tables", "plots", "samples")}
    lacking |= {"run_command": None, "source_title": "", "history": "", "again": False}
    findings: dict[str, Finding] = {}
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            finding = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read as JSON: {error}") from error
        if not isinstance(finding, dict) or finding.get("kind") != "finding":
            continue
        try:
            _check(finding, SHAPE, "")
            _check_meaning(finding)
        except UserError as error:
            raise UserError(f"{path} cannot be shown: {error}") from error
        name = finding["name"]
        if name in findings:
            raise UserError(f"{files[name]} and {path} are both named {name!r}: remove the one that is out of date")
        given = {key: value for key, value in finding.items() if value is not None}
        findings[name], files[name] = lacking | given, path
    if not findings:
        raise UserError(f"there is no finding in {folder}: `python -m experiments.reproduce` writes them")
    return sorted(findings.values(), key=_place)


def _place(finding: Finding) -> tuple[int, str]:
    """Where a finding stands: the main claims in the order of CLAIMS, then the others by name."""
    order = {name: i for i, name in enumerate(CLAIMS)}
    is_main = bool(finding.get("main"))
    return order.get(finding["name"], len(CLAIMS)) if is_main else len(CLAIMS) + 1, finding["name"]


def read_editions(folder: Path) -> tuple[list[Finding], dict[str, str]]:
    """The findings of a folder, and by claim the verdict of its first edition, from the folder `first_edition` there.

    A claim that has not been judged again is shown by its first finding, with `again` set to True.
    """
    first = folder / "first_edition"
    if not any(first.glob("*.json")):
        return read_findings(folder), {}
    before = {finding["name"]: finding for finding in read_findings(first)}
    judged = {finding["name"] for finding in read_findings(folder)} if any(folder.glob("*.json")) else set()
    waiting = [finding | {"again": True} for name, finding in before.items() if name not in judged]
    findings = sorted([*(read_findings(folder) if judged else []), *waiting], key=_place)
    return findings, {name: finding["verdict"] for name, finding in before.items()}


def _check(value: Any, shape: Any, where: str) -> None:
    """Raise UserError unless the value has the shape; `where` names it in the message."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise UserError(f"{where} is {_short(value)}, not an object")
        for key, inner in shape.items():
            name = key.removesuffix("?")
            if value.get(name) is not None or (name in value and name == key):
                _check(value[name], inner, f"{where}.{name}".lstrip("."))
            elif name == key:
                raise UserError(f"{where or 'it'} lacks {name!r}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise UserError(f"{where} is {_short(value)}, not a list")
        for i, item in enumerate(value):
            _check(item, shape[0], f"{where}[{i}]")
    else:
        types = shape if isinstance(shape, tuple) else (shape,)
        # in Python True is an int, in JSON it is not
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            names = " or ".join(t.__name__.replace("NoneType", "null") for t in types)
            raise UserError(f"{where} is {_short(value)}, not {names}")


def _short(value: Any) -> str:
    return textwrap.shorten(json.dumps(value), 60, placeholder=" …")


def _check_meaning(finding: Finding) -> None:
    """Raise UserError for a finding that has the right types and still cannot be shown."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", finding["name"]):  # it becomes part of an address
        raise UserError(f"name is {finding['name']!r}: it must be lower-case letters, digits and underscores")
    if not finding["verdicts"]:
        raise UserError("verdicts is empty: the first one is the claim's")
    judged = [part for each in finding["verdicts"] for part in (each, *(each.get("parts") or []))]
    for verdict in (finding["verdict"], *(each["verdict"] for each in judged)):
        if verdict not in VERDICTS:
            raise UserError(f"verdict is {verdict!r}: it must be one of {', '.join(VERDICTS)}")
    for table in finding.get("tables") or []:
        if any(len(row) != len(table["columns"]) for row in table["rows"]):
            raise UserError(f"a row of the table {table['title']!r} does not have its {len(table['columns'])} columns")
    for plot in finding.get("plots") or []:
        if plot["kind"] not in ("lines", "points"):
            raise UserError(f"the plot {plot['title']!r} is of kind {plot['kind']!r}: it must be lines or points")
        for series in plot["series"]:
            given = [series[key] for key in ("x", "y", "low", "high") if series.get(key) is not None]
            if len({len(values) for values in given}) > 1:
                raise UserError(f"the plot {plot['title']!r} has a series {series['name']!r} of unequal lengths")
    for sample in finding.get("samples") or []:
        ends = [0, *(end for span in sample["copied"] for end in span), len(sample["text"])]
        if ends != sorted(ends) or any(len(span) != 2 for span in sample["copied"]):
            raise UserError(f"the copied spans of the sample {sample['title']!r} are not in order, or not in its text")
