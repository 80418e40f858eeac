"""What was found about the claims, as one HTML page and a table in the README: `python -m charlm.report`.

Reads the findings, a JSON file each, that the experiments leave in a folder; SHAPE says what they hold. Nothing is
measured here, and nothing of this moment enters: the same findings give the same bytes. The page needs nothing from
elsewhere, so that it opens from a disk.
"""

import argparse
import json
import math
import os
import re
import sys
import textwrap
import warnings
from collections.abc import Sequence
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import jinja2
from markupsafe import Markup

from charlm.config import UserError
from charlm.files import relative, write_atomically

if TYPE_CHECKING:  # matplotlib and torch on demand: --help must not wait for them
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Finding = dict[str, Any]

MAIN = ("batch_count", "corpus_size", "best_cell", "gru_cost")
"""The claims that come first, in this order; the others follow by name."""

VERDICTS = {"supported": "✓", "refuted": "✗", "inconclusive": "?"}
"""Each verdict and its sign: no verdict is told by colour alone."""

BEGIN, END = "<!-- findings: begin -->", "<!-- findings: end -->"
"""The lines of the README between which the table stands."""

TEMPLATE = Path(__file__).parent / "templates" / "report.html.j2"

NUMBER = (int, float)
FIGURE = (int, float, type(None))
SHAPE = {
    "name": str,
    "source": str,
    "source_title?": str,
    "quote": str,
    "quote_language": str,
    "translation": str,
    "prediction": str,
    "judged_by": str,
    "main?": bool,
    "scale": str,
    "verdict": str,
    "answer": str,
    "population": str,
    "held_equal": str,
    "verdicts": [
        {
            "question": str,
            "verdict": str,
            "estimate": FIGURE,
            "low": FIGURE,
            "high": FIGURE,
            "unit": str,
            "n": int,
            "threshold": str,
            "held_equal?": str,
            "p?": NUMBER,
            "note?": str,
        }
    ],
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
"""What a finding holds: a type, a tuple of those allowed, [of each item]. A name with '?' may be missing, or null."""


# Reading


def read_findings(folder: Path) -> list[Finding]:
    """The findings of a folder, the MAIN ones first, with empty lists for the tables, plots and samples they lack.

    Files of another kind are left out. NaN and infinities become None: no figure.

    Raises UserError, with the file's name, for one that cannot be read or does not have the SHAPE; for two of the same
    name; and where there is none.
    """
    lacking: Finding = {"tables": [], "plots": [], "samples": [], "run_command": None, "source_title": ""}
    findings: dict[str, Finding] = {}
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            finding = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
        except (OSError, ValueError) as error:
            raise UserError(f"{path} is not a JSON file that can be read: {error}") from error
        if not isinstance(finding, dict) or finding.get("kind") != "finding":
            continue
        try:
            _check(finding, SHAPE, "")
            _check_meaning(finding)
        except UserError as error:
            raise UserError(f"{path} is no finding that can be shown: {error}") from error
        name = finding["name"]
        if name in findings:
            raise UserError(f"{files[name]} and {path} are both named {name!r}: remove the one that is out of date")
        given = {key: value for key, value in finding.items() if value is not None}
        findings[name], files[name] = lacking | given, path
    if not findings:
        raise UserError(f"there is no finding in {folder}: `python -m experiments.reproduce` writes them")
    order = {name: i for i, name in enumerate(MAIN)}
    return [findings[name] for name in sorted(findings, key=lambda name: (order.get(name, len(MAIN)), name))]


def _check(value: Any, shape: Any, where: str) -> None:
    """Raise UserError where a value does not have the shape."""
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
        # to Python true is 1, to a reader it is not
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            names = " or ".join(t.__name__.replace("NoneType", "null") for t in types)
            raise UserError(f"{where} is {_short(value)}, not {names}")


def _short(value: Any) -> str:
    return textwrap.shorten(json.dumps(value), 60, placeholder=" …")


def _check_meaning(finding: Finding) -> None:
    """Raise UserError for what has the right types and still cannot be shown."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", finding["name"]):  # it becomes an address
        raise UserError(f"name is {finding['name']!r}: it must be lower-case letters, digits and underscores")
    if not finding["verdicts"]:
        raise UserError("verdicts is empty: the first one is the claim's")
    for verdict in (finding["verdict"], *(each["verdict"] for each in finding["verdicts"])):
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


# Figures in words


def number(value: Any) -> str:
    """A figure as it is read: at most four digits after a small one, thousands apart; '–' for none."""
    if value is None:
        return "–"
    if isinstance(value, str | bool):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        text = f"{value:,.0f}"
    elif abs(value) >= 1000:
        text = f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.3g}"
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


def rounded(verdict: Finding) -> dict[str, str]:
    """estimate, low and high of a verdict with as many decimals as its interval is worth: two digits of its width."""
    figures = {key: verdict[key] for key in ("estimate", "low", "high")}
    width = abs(verdict["high"] - verdict["low"]) if None not in (verdict["low"], verdict["high"]) else 0
    if not width:
        return {key: number(value) for key, value in figures.items()}
    decimals = max(0, 1 - math.floor(math.log10(width)))
    if decimals > 6:
        return {key: number(value and float(f"{value:.2g}")) for key, value in figures.items()}
    return {key: _decimals(value, decimals) for key, value in figures.items()}


def _decimals(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:z,.{decimals}f}".replace("-", "−")


def estimate(verdict: Finding) -> str:
    """The estimate with its interval and unit, as 0.012 (−0.010 to 0.034) bits per character."""
    if verdict["estimate"] is None:
        return "no estimate"
    text = rounded(verdict)
    interval = "" if verdict["low"] is None and verdict["high"] is None else f" ({text['low']} to {text['high']})"
    return f"{text['estimate']}{interval} {verdict['unit']}".strip()


def region(threshold: str) -> tuple[float, float] | None:
    """Where the quantity of a verdict lies if the claim is true: between these; None where the words do not say it."""
    figure = r"[-+−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
    if not (match := re.fullmatch(rf"(above|below|within ±|between) ?({figure})(?: and ({figure}))?", threshold)):
        return None
    low, high = (float(text.replace("−", "-")) if text else math.inf for text in match.group(2, 3))
    relation = match[1]
    if (relation == "between") != (match[3] is not None):
        return None
    return {"above": (low, math.inf), "below": (-math.inf, low), "within ±": (-low, low)}.get(relation, (low, high))


def counts(findings: Sequence[Finding]) -> str:
    """How many have each verdict, in words."""
    verdicts = [finding["verdict"] for finding in findings]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS if verdict in verdicts)


def _all(findings: Sequence[Finding], key: str) -> str:
    """The different values of all findings, as one text."""
    return ", ".join(sorted({finding[key] for finding in findings}))


def period(findings: Sequence[Finding]) -> str:
    """The date of the findings: one, or the first and the last."""
    dates = sorted(finding["date"] for finding in findings)
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"


# Drawing

WIDTH = 4.4
"""Inches of a drawing, which a narrow screen shows at about three quarters: its letters can be read there too."""

LINE = 0.165
"""Inches of a line of text in a drawing."""

INK, GRID, SHADE = "#010101", "#020202", "#030303"
"""Stand-ins for colours that follow the page, light or dark."""

MARKS = dict(zip(VERDICTS, "sXo", strict=True))

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib; wider than what browsers have, so nothing is cut there
    "font.size": 9,
    "text.parse_math": False,  # a dollar is a dollar
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "charlm",
    "svg.id": None,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "legend.frameon": False,
}


def series_colours() -> dict[str, tuple[str, str]]:
    """The colours of series, on a light page and on a dark one, at a contrast of at least 3 to 1 with either."""
    from charlm.plots import CELL_COLOURS

    return {name: (_against(colour, "#ffffff"), _against(colour, "#161616")) for name, colour in CELL_COLOURS.items()}


def _against(colour: str, page: str, ratio: float = 3.2) -> str:
    """The colour, mixed with white or black until it stands out from a page (the contrast of WCAG 2)."""
    from matplotlib.colors import to_hex, to_rgb

    def luminance(rgb: Sequence[float]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    start, ground = to_rgb(colour), luminance(to_rgb(page))
    end = 0.0 if ground > 0.5 else 1.0
    for percent in range(101):
        mixed = tuple(c + (end - c) * percent / 100 for c in start)
        light, dark = sorted((luminance(mixed), ground), reverse=True)
        if (light + 0.05) / (dark + 0.05) >= ratio:
            break
    return str(to_hex(mixed))  # type: ignore[arg-type]


def forest(finding: Finding, prefix: str) -> Markup | None:
    """The verdicts as rows, each with its estimate and interval and, shaded, where the claim would hold; a panel for
    each unit. None where there is no estimate at all."""
    shown = [verdict for verdict in finding["verdicts"] if verdict["estimate"] is not None]
    if not shown:
        return None
    panels = [(unit, list(rows)) for unit, rows in groupby(sorted(shown, key=lambda v: _unit(v, shown)), _unit_of)]
    wrapped = {id(verdict): _lines(verdict["question"], 54).split("\n") for verdict in shown}
    heights = [sum(len(wrapped[id(verdict)]) + 1.7 for verdict in rows) + 0.5 for _, rows in panels]  # in lines

    def draw(figure: "Figure") -> None:
        all_axes = figure.subplots(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
        for axes, (unit, rows), height in zip(all_axes, panels, heights, strict=True):
            _scale(axes, rows)
            y = 0.0
            for verdict in rows:
                _row(axes, verdict, wrapped[id(verdict)], y)
                y += len(wrapped[id(verdict)]) + 1.7
            axes.set(ylim=(height, 0), yticks=[], xlabel=_lines(unit, 54))
            axes.spines["left"].set_visible(False)
            axes.grid(axis="x")
            _ticks(axes, "x", log=False)

    return _svg(draw, LINE * sum(heights) + 0.55 * len(panels), f"{prefix}-forest", "Estimates and intervals")


def _unit_of(verdict: Finding) -> str:
    return str(verdict["unit"])


def _unit(verdict: Finding, verdicts: Sequence[Finding]) -> int:
    """Where a verdict's unit stands first."""
    return [each["unit"] for each in verdicts].index(verdict["unit"])


def _scale(axes: "Axes", rows: Sequence[Finding]) -> None:
    """Limits that hold all intervals, and zero and the thresholds where they are not so far off as to squash them."""
    ends = [row[key] for row in rows for key in ("estimate", "low", "high") if row[key] is not None]
    low, high = min(ends), max(ends)
    near = 3 * (high - low) or max(abs(low), 1e-9)
    marks = [0.0, *(end for row in rows for end in region(row["threshold"]) or () if math.isfinite(end))]
    ends += [mark for mark in marks if low - near <= mark <= high + near]
    low, high = min(ends), max(ends)
    room = 0.06 * (high - low) or max(abs(low), 1.0)
    axes.set_xlim(low - room, high + room)


def _row(axes: "Axes", verdict: Finding, label: Sequence[str], y: float) -> None:
    """A question at height y, counted in lines from above, and below it its interval."""
    middle = y + len(label) + 0.6
    axes.text(
        0, y + 0.15, "\n".join(label), transform=axes.get_yaxis_transform(), va="top", in_layout=False, linespacing=1.25
    )
    left, right = axes.get_xlim()
    if bounds := region(verdict["threshold"]):
        start, end = max(left, bounds[0]), min(right, bounds[1])
        if start < end:
            axes.fill_between([start, end], middle - 0.5, middle + 0.5, color=SHADE, linewidth=0)
    if left <= 0 <= right:
        axes.plot([0, 0], [middle - 0.5, middle + 0.5], color=INK, linewidth=0.8)
    low, high = (verdict["estimate"] if verdict[key] is None else verdict[key] for key in ("low", "high"))
    axes.plot([low, high], [middle, middle], color=INK, linewidth=1.6)
    axes.plot(
        verdict["estimate"], middle, marker=MARKS[verdict["verdict"]], markersize=6.5, color=INK,
        markerfacecolor="none" if verdict["verdict"] == "inconclusive" else INK,
    )  # fmt: skip


def plot(description: Finding, prefix: str) -> Markup:
    """A plot of a finding: a line or a row of points for each series, with its interval, one below the other."""
    names = [_lines(series["name"], 46) for series in description["series"]]
    longest = max((len(line) for name in names for line in name.split("\n")), default=0)
    columns = max(1, min(len(names), 56 // (longest + 7)))
    lines = math.ceil(len(names) / columns) * max((name.count("\n") + 1 for name in names), default=0)
    legend = len(names) > 1

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        _series(axes, description, names)
        labels = {key: _lines(description[f"{key}_label"], 46) for key in "xy"}
        axes.set(xlabel=labels["x"], ylabel=labels["y"])
        axes.grid()
        if legend:
            length = 2.4 if description["kind"] == "lines" else 1
            figure.legend(loc="outside lower center", ncols=columns, handlelength=length)

    return _svg(draw, 2.9 + (LINE * lines * 1.15 + 0.1 if legend else 0), prefix, description["title"])


def _series(axes: "Axes", description: Finding, names: Sequence[str]) -> None:
    from charlm.plots import CELL_COLOURS, MARKERS

    every = description["series"]
    categories: list[str] | None = None
    if any(isinstance(x, str) for series in every for x in series["x"]):
        categories = list(dict.fromkeys(number(x) for series in every for x in series["x"]))
    log = {key: bool(description.get(f"log_{key}")) and not (key == "x" and categories) for key in "xy"}
    cells = [next((cell for cell in CELL_COLOURS if re.search(rf"\b{cell}\b", name)), None) for name in names]
    colours = [str(cell) for cell in cells] if None not in cells else list(CELL_COLOURS) * len(names)
    for i, (series, name) in enumerate(zip(every, names, strict=True)):
        x = [categories.index(number(value)) if categories else value for value in series["x"]]
        if categories and description["kind"] == "points":  # beside each other
            x = [value + 0.6 * ((i + 0.5) / len(every) - 0.5) for value in x]
        x = _drawable(x, log["x"])
        y, low, high = (_drawable(series.get(key) or [None] * len(x), log["y"]) for key in ("y", "low", "high"))
        style: dict[str, Any] = {"color": CELL_COLOURS[colours[i]], "marker": MARKERS[i % len(MARKERS)], "label": name}
        again = colours[:i].count(colours[i])  # the same colour
        if description["kind"] == "lines":
            style["marker"] = style["marker"] if len(x) <= 30 else None
            axes.plot(x, y, linestyle=("-", "--", ":", "-.")[again % 4], markersize=4, linewidth=1.4, **style)
            if len(x) > 12:
                axes.fill_between(x, low, high, color=style["color"], alpha=0.2, linewidth=0)
        else:
            axes.vlines(x, low, high, color=style["color"], linewidth=1.4)
            hollow: dict[str, Any] = {"markerfacecolor": "none"} if again % 2 else {}
            axes.plot(x, y, linestyle="none", markersize=5.5, **hollow, **style)
    if description.get("line") is not None:
        axes.axhline(description["line"], color=INK, linewidth=1, linestyle=(0, (5, 3)))
    if categories:
        slanted = sum(map(len, categories)) > 40
        turned: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
        labels = [textwrap.shorten(_visible(name), 28, placeholder="…") or _visible(name)[:27] for name in categories]
        axes.set_xticks(range(len(categories)), labels, **turned)
        axes.set_xlim(-0.5, len(categories) - 0.5)
    else:
        _ticks(axes, "x", log=log["x"])
    _ticks(axes, "y", log=log["y"])


def _drawable(values: Sequence[float | None], log: bool) -> list[float]:
    """NaN, a gap, for what is no figure, or not one that a logarithmic scale has."""
    return [math.nan if value is None or (log and value <= 0) else value for value in values]


def _ticks(axes: "Axes", key: str, *, log: bool) -> None:
    """Figures as everywhere in the report, few enough to stand beside each other."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    axis = axes.xaxis if key == "x" else axes.yaxis
    if log:
        (axes.set_xscale if key == "x" else axes.set_yscale)("log")
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 100 else (1,)))
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.6g}"))))
    else:
        axis.set_major_locator(MaxNLocator(5 if key == "x" else 6))
        shown = [f"{value:.6g}" for value in axis.get_majorticklocs()]
        decimals = max(len(text.partition(".")[2]) for text in shown)  # the same for all
        if any("e" in text for text in shown):
            axis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.6g}"))))
        else:
            axis.set_major_formatter(FuncFormatter(lambda value, _: _decimals(value, decimals)))


def _svg(draw: Any, height: float, prefix: str, label: str) -> Markup:
    """A drawing as an element of the page.

    Args:
        draw: is given an empty figure.
        height: in inches.
        prefix: what its ids begin with, since those of all drawings share the page.
        label: its name, for whoever cannot see it; `<prefix>-text` is the id of its description.
    """
    import matplotlib
    from matplotlib import style
    from matplotlib.figure import Figure

    written = StringIO()
    with style.context("default"), matplotlib.rc_context(RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # it is the browser that brings the letters
        figure = Figure((WIDTH, height), layout="constrained")
        draw(figure)
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    return _inline(written.getvalue(), prefix, label)


def _inline(drawing: str, prefix: str, label: str) -> Markup:
    """An SVG file as an element of an HTML page: no style sheet and no id that could reach beyond it, colours that
    follow the page."""
    from charlm.plots import CELL_COLOURS

    colours = {colour.lower(): f"var(--{name})" for name, colour in CELL_COLOURS.items()}
    colours |= {INK: "currentColor", GRID: "var(--grid)", SHADE: "var(--shade)"}
    root = ElementTree.fromstring(drawing)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    ids: dict[str, str] = {}

    def own(match: re.Match[str]) -> str:
        return match[1] + ids.setdefault(match[2], f"{prefix}-{len(ids)}")

    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for key, value in list(element.attrib.items()):
            del element.attrib[key]
            if key == "style":
                value = re.sub("#[0-9a-f]{6}", lambda match: colours.get(match[0], match[0]), value)
                value = re.sub(r"font: ([^;]*?px) [^;]*", r"font-size: \1", value)  # the page's own letters
                value = re.sub(r"font-family: [^;]*;?", "", value)
            if key.endswith("href"):
                value = re.sub("^(#)(.+)", own, value)
            elif key in ("clip-path", "style", "fill"):
                value = re.sub(r"(url\(#)([^)]+)", own, value)
            element.set(key.rpartition("}")[2], value)
    for element in root.iter():
        if "id" in element.attrib and (name := ids.get(element.attrib.pop("id"))):
            element.set("id", name)
    view = root.attrib["viewBox"]
    root.attrib.clear()
    named = {"role": "img", "aria-label": _visible(label), "aria-describedby": f"{prefix}-text"}
    root.attrib.update({"viewBox": view, **named, "focusable": "false"})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


# Writing


def _lines(text: str, width: int) -> str:
    """A text for a drawing, in at most six lines."""
    return "\n".join(textwrap.wrap(_visible(text), width, max_lines=6, placeholder=" …"))


def _visible(text: str) -> str:
    from charlm.sampling import visible

    return visible(text)


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
        finalize=lambda value: _visible(value) if type(value) is str else value,
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
        scale=_all(findings, "scale"),
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
    head = (
        f"{len(findings)} claim{plural} judged ({_markdown(_all(findings, 'scale'))}, {_markdown(period(findings))}): "
        f"{counts(findings)}. [The report]({page}) has quotes, predictions, plots and samples; open it in a browser."
    )
    return "\n".join([head, "", *rows])


def _markdown(text: str) -> str:
    """A text as one line of Markdown that shows it as it stands."""
    return re.sub(r"([\\`*_\[\]<>|~#&$])", r"\\\1", _visible(" ".join(text.split())))


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
        prog="python -m charlm.report", description="Show what was found about the claims: a page, and README's table."
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
