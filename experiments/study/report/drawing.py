"""The drawings of the page: inline SVG that uses the page's font and colours."""

import math
import re
import textwrap
import warnings
from collections.abc import Sequence
from io import StringIO
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from charcells.registry import CELLS
from charcells.text.vocabulary import visible
from experiments.study.findings import INCONCLUSIVE
from experiments.study.report.languages import PHRASES, Words, asked_of, phrase
from experiments.study.report.reading import VERDICTS, Finding
from experiments.study.report.words import number, region, with_decimals

if TYPE_CHECKING:  # matplotlib on demand: --help must not wait for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.4
"""Width of a drawing in inches: on a narrow screen it shrinks to about three quarters, where text is still legible."""

LINE = 0.165
"""Height of a line of text in a drawing, in inches."""

INK, GRID, SHADE = "#010101", "#020202", "#030303"
"""Placeholders for colours of the page, light or dark: `_inline` replaces them."""

MARKS = dict(zip(VERDICTS, "sXD^o", strict=True))

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib; wider than a browser's font, so no text is cut off there
    "font.size": 9,
    "text.parse_math": False,  # a dollar sign begins no formula
    "svg.fonttype": "none",  # letters remain text, which a reader can select and search
    "svg.hashsalt": "charcells",
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


COLOURS = {name: cell.colour for name, cell in CELLS.items() if cell.colour is not None} | {"sky": "#56B4E9"}
"""Of the cells, which keep their colours in all pictures, and one more of the same palette."""

OTHERS = ("jordan", "output", "sky", "rnn", "gru", "lstm")
"""Colours for series that are no cells: those of rnn, gru and lstm come last, so that none looks like one of them."""


def series_colours() -> dict[str, tuple[str, str]]:
    """For each name in COLOURS the colour on a light page and on a dark one, with a contrast of at least 3 to 1."""

    return {name: (_against(colour, "#ffffff"), _against(colour, "#161616")) for name, colour in COLOURS.items()}


def _against(colour: str, page: str, ratio: float = 3.2) -> str:
    """The colour mixed with black or white until its contrast with the page (as WCAG 2 defines it) reaches `ratio`."""
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


def deciding(finding: Finding) -> list[Finding]:
    """What the claim's own picture shows: the verdict that decides it, or each of its parts.

    A verdict without parts is followed by the others that are in its unit, as far as six rows go. In findings of the
    first edition the first verdict repeats the figures of one of these: that one is left out.
    """
    first, *others = finding["verdicts"]
    if first.get("parts"):
        return list(first["parts"])
    figures = [tuple(each[key] for key in ("estimate", "low", "high")) for each in (first, *others)]
    near = [
        each
        for each, own in zip(others, figures[1:], strict=True)
        if each["unit"] == first["unit"] and own not in figures[:1] and each["estimate"] is not None
    ]
    return [first, *near[:5]]


def forest(verdicts: Sequence[Finding], prefix: str) -> Markup | None:
    """A forest plot of verdicts: for each its estimate and interval and, shaded, the region in which the claim is
    true; a panel for each unit. None if there is no estimate at all."""
    shown = [verdict for verdict in verdicts if verdict["estimate"] is not None]
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

    return _svg(draw, LINE * sum(heights) + 0.55 * len(panels), prefix)


def _unit_of(verdict: Finding) -> str:
    return str(verdict["unit"])


def _unit(verdict: Finding, verdicts: Sequence[Finding]) -> int:
    """The index of the first verdict with this verdict's unit."""
    return [each["unit"] for each in verdicts].index(verdict["unit"])


def _scale(axes: "Axes", rows: Sequence[Finding]) -> None:
    """Set limits that show all intervals; zero and the thresholds too, unless they are so far off that the intervals
    would become too narrow to read."""
    ends = [row[key] for row in rows for key in ("estimate", "low", "high") if row[key] is not None]
    low, high = min(ends), max(ends)
    near = 3 * (high - low) or max(abs(low), 1e-9)
    marks = [0.0, *(end for row in rows for end in region(row["threshold"]) or () if math.isfinite(end))]
    ends += [mark for mark in marks if low - near <= mark <= high + near]
    low, high = min(ends), max(ends)
    room = 0.06 * (high - low) or max(abs(low), 1.0)
    axes.set_xlim(low - room, high + room)


def _row(axes: "Axes", verdict: Finding, label: Sequence[str], y: float) -> None:
    """Draw a question at height y (in lines, from the top) and its interval below it."""
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
        markerfacecolor="none" if verdict["verdict"] == INCONCLUSIVE else INK,
    )  # fmt: skip


def plot(description: Finding, prefix: str) -> Markup:
    """A plot of a finding: a line or a row of points with its interval for each series, and a legend below."""
    names = [_lines(series["name"], 46) for series in description["series"]]
    longest = max((len(line) for name in names for line in name.split("\n")), default=0)
    columns = max(1, min(len(names), 56 // (longest + 7)))
    lines = math.ceil(len(names) / columns) * max((name.count("\n") + 1 for name in names), default=0)
    legend = len(names) > 1
    rows = dict.fromkeys(number(x) for series in description["series"] for x in series["x"] if isinstance(x, str))
    lying = description["kind"] == "points" and _long(list(rows))

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        _series(axes, description, names)
        below, beside = ("y_label", "x_label") if lying else ("x_label", "y_label")
        axes.set(xlabel=_lines(description[below], 46), ylabel=_lines(description[beside], 32))
        axes.grid()
        if legend:
            length = 2.8 if description["kind"] == "lines" else 1
            figure.legend(loc="outside lower center", ncols=columns, handlelength=length)

    row = max(1.4, *(len(_row_label(name)) for name in rows), 0.7 * len(names))  # in lines
    height = max(2.6, 0.6 + LINE * row * len(rows)) if lying else 2.6
    return _svg(draw, height + (LINE * lines * 1.15 + 0.1 if legend else 0), prefix)


def has_intervals(description: Finding) -> bool:
    """Whether a plot has an interval to draw."""
    return any(value is not None for each in description["series"] for value in each.get("low") or [])


def _series(axes: "Axes", description: Finding, names: Sequence[str]) -> None:
    every = description["series"]
    categories: list[str] | None = None
    if any(isinstance(x, str) for series in every for x in series["x"]):
        categories = list(dict.fromkeys(number(x) for series in every for x in series["x"]))
    log = {key: bool(description.get(f"log_{key}")) and not (key == "x" and categories) for key in "xy"}
    lying = description["kind"] == "points" and _long(categories)
    for i, (series, style) in enumerate(zip(every, _styles(names, covered=_covered(every)), strict=True)):
        x = [categories.index(number(value)) if categories else value for value in series["x"]]
        if categories and description["kind"] == "points":  # shifted, so that the series do not cover each other
            x = [value + 0.6 * ((i + 0.5) / len(every) - 0.5) for value in x]
        x = _drawable(x, log["x"])
        y, low, high = (_drawable(series.get(key) or [None] * len(x), log["y"]) for key in ("y", "low", "high"))
        if description["kind"] == "lines":
            _line(axes, x, (y, low, high), style)
        else:
            _points(axes, x, (y, low, high), style, upright=not lying)
    if (line := description.get("line")) is not None:
        (axes.axvline if lying else axes.axhline)(line, color=INK, linewidth=1, linestyle=(0, (5, 3)))
    if categories:
        _category_ticks(axes, categories, lying=lying)
    else:
        _ticks(axes, "x", log=log["x"])
        given = sorted({x for series in every for x in series["x"]})
        if log["x"] and 1 < len(given) <= 7 and given[0] > 0:  # few and far between
            axes.set_xticks(given, [number(float(f"{x:.6g}")) for x in given])
            axes.minorticks_off()
    _ticks(axes, "x" if lying else "y", log=log["y"], most=3 if lying else 6)


def _long(categories: Sequence[str] | None) -> bool:
    """Whether the names need a row each: they would overlap side by side."""
    return categories is not None and sum(map(len, categories)) > 40


def _covered(every: Sequence[Finding]) -> bool:
    """Whether two series come so close to each other at some x that one would hide the other."""
    shown = [{x: y for x, y in zip(each["x"], each["y"], strict=True) if y is not None} for each in every]
    values = [y for points in shown for y in points.values()]
    near = 0.02 * (max(values) - min(values)) if values else 0.0
    pairs = combinations(shown, 2)
    return any(abs(one[x] - other[x]) <= near for one, other in pairs for x in one.keys() & other.keys())


def _styles(names: Sequence[str], *, covered: bool) -> list[dict[str, Any]]:
    """Colour, marker, dashes and width of each series.

    Where series are `covered` the first is the widest: another that lies on it leaves its rim in sight.
    """
    from charcells.runs.pictures import MARKERS

    cells = [
        next((cell for cell in CELLS if cell in COLOURS and re.search(rf"\b{cell}\b", name)), None) for name in names
    ]
    colours = [str(cell) for cell in cells] if None not in cells else list(OTHERS) * len(names)
    styles = []
    for i, name in enumerate(names):
        again = colours[:i].count(colours[i])  # the same colour
        under = min(len(names) - 1 - i, 3) if covered else 0
        styles.append(
            {
                "color": COLOURS[colours[i]],
                "marker": MARKERS[i % len(MARKERS)],
                "label": name,
                "linestyle": ("-", (0, (5, 2)), ":", "-.")[(i + again) % 4],
                "linewidth": 1.4 + 1.0 * under,
                "markersize": 4 + 1.8 * under,
                "markerfacecolor": "none" if again % 2 else COLOURS[colours[i]],
            }
        )
    return styles


Estimates = tuple[Sequence[float], Sequence[float], Sequence[float]]
"""The values of a series and the lower and upper ends of their intervals, NaN where there is none."""


def _line(axes: "Axes", x: Sequence[float], estimates: Estimates, style: dict[str, Any]) -> None:
    """A line in a band of its intervals; where it has few points each interval is a bar as well."""
    y, low, high = estimates
    axes.fill_between(x, low, high, color=style["color"], alpha=0.2, linewidth=0)
    if len(x) <= 12:
        axes.vlines(x, low, high, color=style["color"], linewidth=style["linewidth"])
    axes.plot(x, y, **(style if len(x) <= 30 else style | {"marker": None}))


def _points(axes: "Axes", x: Sequence[float], estimates: Estimates, style: dict[str, Any], *, upright: bool) -> None:
    """Points with a bar for each interval: upright, or lying, with a row for each x."""
    y, low, high = estimates
    (axes.vlines if upright else axes.hlines)(x, low, high, color=style["color"], linewidth=1.4)
    point = style | {"linestyle": "none", "markersize": 5.5}
    axes.plot(*((x, y) if upright else (y, x)), **point)


def _row_label(name: str) -> list[str]:
    """The lines of the label of a row: of a recipe, what does not fit into three is left out."""
    return _lines(name, 28).split("\n")[:3]


def _category_ticks(axes: "Axes", categories: Sequence[str], *, lying: bool) -> None:
    if lying:
        labels = ["\n".join(_row_label(name)) for name in categories]
        axes.set_yticks(range(len(categories)), labels)
        axes.set_ylim(len(categories) - 0.5, -0.5)  # read from the top
    else:
        labels = [_lines(name, 28).partition("\n")[0] for name in categories]
        turned: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if _long(categories) else {}
        axes.set_xticks(range(len(categories)), labels, **turned)
        axes.set_xlim(-0.5, len(categories) - 0.5)


def _drawable(values: Sequence[float | None], log: bool) -> list[float]:
    """The values with NaN, which leaves a gap, for None and for what a logarithmic scale cannot show."""
    return [math.nan if value is None or (log and value <= 0) else value for value in values]


def _ticks(axes: "Axes", key: str, *, log: bool, most: int = 5) -> None:
    """Write the ticks as all figures of the report, and few enough that they do not overlap."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    axis = axes.xaxis if key == "x" else axes.yaxis
    if log:
        (axes.set_xscale if key == "x" else axes.set_yscale)("log")
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 100 else (1,)))
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.6g}"))))
    else:
        axis.set_major_locator(MaxNLocator(most))
        shown = [f"{value:.6g}" for value in axis.get_majorticklocs()]
        decimals = max(len(text.partition(".")[2]) for text in shown)  # the same for all ticks
        if any("e" in text for text in shown):
            axis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.6g}"))))
        else:
            axis.set_major_formatter(FuncFormatter(lambda value, _: with_decimals(value, decimals)))


def _svg(draw: Any, height: float, prefix: str) -> Markup:
    """A drawing as an element of the page.

    Args:
        draw: draws on the empty figure that it is called with.
        height: in inches.
        prefix: prefix of its ids, which must be unique on the page. For screen readers its name is the element whose id
            is `<prefix>-name`, its description that with `<prefix>-text`.
    """
    import matplotlib
    from matplotlib import style
    from matplotlib.figure import Figure

    written = StringIO()
    with style.context("default"), matplotlib.rc_context(RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the browser brings its own font
        figure = Figure((WIDTH, height), layout="constrained")
        draw(figure)
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    return _inline(written.getvalue(), prefix)


def _inline(drawing: str, prefix: str) -> Markup:
    """An SVG file as an element of an HTML page.

    Without its style sheet and with ids of its own, so that it cannot affect the rest of the page; its colours become
    those of the page. A known label or a figure becomes a text in each language, of which the page shows one.
    """

    colours = {colour.lower(): f"var(--{name})" for name, colour in COLOURS.items()}
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
                value = re.sub(r"font: ([^;]*?px) [^;]*", r"font-size: \1", value)  # the page's own font
                value = re.sub(r"font-family: [^;]*;?", "", value)
            if key.endswith("href"):
                value = re.sub("^(#)(.+)", own, value)
            elif key in ("clip-path", "style", "fill"):
                value = re.sub(r"(url\(#)([^)]+)", own, value)
            element.set(key.rpartition("}")[2], value)
    for element in root.iter():
        if "id" in element.attrib and (name := ids.get(element.attrib.pop("id"))):
            element.set("id", name)
    _translate(root)
    view = root.attrib["viewBox"]
    root.attrib.clear()
    named = {"role": "img", "aria-labelledby": f"{prefix}-name", "aria-describedby": f"{prefix}-text"}
    root.attrib.update({"viewBox": view, **named, "focusable": "false"})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _translations(text: str) -> Words | None:
    """A figure, or a text that `_lines` has put in the place of a known one, in each language; None for others."""
    by_longest = {max((known, *others.values()), key=len): known for known, others in PHRASES.items()}
    question, corpus = (text, "") if text in by_longest else asked_of(text)
    if question in by_longest:
        return phrase(by_longest[question] + corpus)
    return None if question in PHRASES else phrase(text)


def _translate(root: ElementTree.Element) -> None:
    """Put a text in each language in the place of each that is known."""
    for parent in list(root.iter()):
        for i, child in reversed(list(enumerate(parent))):
            known = _translations(child.text or "") if child.tag == "text" else None
            if known is None:
                continue
            parent.remove(child)
            for language, text in reversed(known.items()):
                copy = ElementTree.Element("text", child.attrib | {"class": "w", "lang": language})
                copy.text, copy.tail = text, child.tail
                parent.insert(i, copy)


def _lines(text: str, width: int) -> str:
    """A text wrapped for a drawing, in at most six lines of `width` characters.

    A text that `phrase` knows and that fits into one line stands there as its longest translation, so that there is
    room for each.
    """
    if (known := phrase(text)) and len(longest := max(known.values(), key=len)) <= width:
        return longest
    return "\n".join(textwrap.wrap(visible(text), width, max_lines=6, placeholder=" …"))
