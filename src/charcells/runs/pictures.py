"""Plots of a run, of a sweep, and of a grid of temperature and top_k."""

import math
import os
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd

if not os.environ.get("MPLBACKEND", "").startswith("module:"):  # as in a notebook, whose later plots are to be shown
    matplotlib.use("Agg")  # draws into files and needs no display

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from charcells.files import replacing
from charcells.registry import CELLS
from charcells.runs.colours import colours_of, scale
from charcells.runs.folder import RunFolder
from charcells.runs.labels import Label, label_ends, label_points

MARKERS = "os^DvPX"

DIRECT = 6
"""Most lines that are named at their ends; more have a legend."""


@contextmanager
def _drawing(picture: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches that is written atomically at the end of the block.

    All texts in it are drawn as they are: a `$` in the name of a corpus or a folder does not begin a formula.
    """
    with matplotlib.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # the font has no Chinese, for example
        figure = plt.figure(figsize=(width, height), dpi=120, layout="constrained")
        try:
            yield figure
            with replacing(picture) as file:
                figure.savefig(file, format=picture.suffix.removeprefix("."))
        finally:
            plt.close(figure)


def _drawable(text: str) -> str:
    """The text with a lone surrogate, which matplotlib cannot draw, written as \\udc80."""
    return text.encode("utf-8", "backslashreplace").decode()


def loss_curve(run: RunFolder, title: str) -> None:
    """Plot metrics.csv as loss.png: training and validation loss over what was read.

    In bits per character over the characters, or of a classifier in nats per review over the reviews.
    """
    table, cell = pd.read_csv(run.metrics), str(run.read_summary().get("cell"))
    classifies = "reviews_seen" in table
    seen, read, unit = (
        ("reviews_seen", "reviews seen", "nats per review")
        if classifies
        else ("chars_seen", "characters seen", "bits per character")
    )
    losses = table[["train/loss", "val/loss"]] / (1.0 if classifies else math.log(2))
    losses.insert(0, seen, table[seen])
    own = (CELLS[cell].colour if cell in CELLS else None) or "black"
    labels = []
    with _drawing(run.loss_picture, 7, 4.2) as figure:
        axes = figure.subplots()
        for key, name, colour, marker in (
            ("train/loss", "training", "gray", None),
            ("val/loss", "validation", own, "o"),
        ):
            curve = losses.dropna(subset=key)
            if len(curve):
                marker = marker or ("." if len(curve) == 1 else None)
                axes.plot(curve[seen], curve[key], color=colour, marker=marker, markersize=4, clip_on=False)
                labels.append(Label(curve[seen].iloc[-1], curve[key].iloc[-1], name, colour))
        if losses["val/loss"].notna().any():
            best = losses.iloc[losses["val/loss"].argmin()]
            labels[-1] = replace(labels[-1], text=f"validation,\nat best {best['val/loss']:.3f}")
            axes.plot(
                best[seen], best["val/loss"], marker="o", markersize=8, color=own, markerfacecolor="none", clip_on=False
            )
        axes.set(xlabel=read, ylabel=f"loss, {unit}", title=_title(f"{title}, loss while training", 80))
        axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter())
        axes.grid(alpha=0.3)
        _end_at(axes, losses[seen])
        label_ends(axes, labels)


def _end_at(axes: Axes, seen: "pd.Series[Any]") -> None:
    """Let the horizontal axis end where the lines do, and begin at 0 if there is a single point."""
    axes.set_xlim(left=0 if seen.nunique() == 1 else None, right=seen.max())


def _title(text: str, width: int) -> str:
    return textwrap.fill(_drawable(text), width)


def sweep(
    runs: pd.DataFrame, groups: pd.DataFrame, picture: Path, *, metric: str, compared: str | None, title: str
) -> None:
    """Plot a sweep: curves, one panel per facet, and below them the final figures.

    Args:
        runs: a row for each run, with `path` (its folder), `level`, `facet` and the metric.
        groups: a row for each combination of `level` and `facet`, in drawing order, with the number of its `runs`, the
            mean of the metric and `<metric> ±` (half the width of its interval, or NaN).
        picture: the file to write.
        metric: val/bpc or test/bpc, in bits per character; or val/accuracy or test/accuracy.
        compared: name of the factor whose levels have a colour each; None if there is only one level.
        title: of the whole picture.
    """
    runs, groups = (
        table.assign(**{name: table[name].map(_drawable) for name in ("facet", "level")}) for table in (runs, groups)
    )
    measured = metric.partition("/")[2]
    unit, better = ("accuracy", "higher") if measured == "accuracy" else ("bits per character", "lower")
    levels = list(groups["level"].unique())
    styles = {
        level: (colour, MARKERS[i % len(MARKERS)]) for i, (level, colour) in enumerate(colours_of(levels).items())
    }
    facets, curves = list(groups["facet"].unique()), Curves.of(runs, measured)
    columns = min(4, len(facets))
    rows = math.ceil(len(facets) / columns)
    heights = [1.0 + (3.2 if columns == 1 else 1.9) * rows, 0.8 + 0.2 * (len(groups) + len(facets))]  # inches
    heights = heights if curves is not None else heights[1:]
    with _drawing(picture, 10, 0.4 + sum(heights)) as figure:
        counted = f"{len(runs)} run{'s' if len(runs) != 1 else ''}"
        figure.suptitle(_title(f"{title}: {unit} of {counted} ({better} is better)", 90))
        *above, below = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        axes = below.subplots()
        _final(axes, runs, groups, metric, styles)
        held_out = "test" if metric.startswith("test/") else "validation"
        axes.set_xlabel(f"{held_out}: {unit} ({_explained(groups, metric)})")
        if curves is not None:
            _panels(above[0], curves, facets, styles, compared, rows)
        elif compared is not None and len(facets) > 1:
            _legend(below, styles, compared)


def _explained(groups: pd.DataFrame, metric: str) -> str:
    """What the marks of the final figures mean."""
    if groups[f"{metric} ±"].notna().any():
        return "dots: runs; bars: their mean and its 95 % interval"
    return "each run" if (groups["runs"] == 1).all() else "small dots: runs; large: their mean"


@dataclass(frozen=True)
class Curves:
    """What the runs of a sweep have measured on the way, in the figure that they are compared by if possible.

    `lines` has the facet and the level of each run, and a table with the columns `seen` and `y`. `read` is what they
    read; `label` is of the vertical axis.
    """

    lines: list[tuple[str, str, pd.DataFrame]]
    read: str
    label: str

    @classmethod
    def of(cls, runs: pd.DataFrame, measured: str) -> "Curves | None":
        """The validation curves; if no run has validated twice, the training curves; None without these either."""
        accuracy = measured == "accuracy"
        seen, read = ("reviews_seen", "reviews seen") if accuracy else ("chars_seen", "characters seen")
        tables = [(facet, level, RunFolder(path)) for facet, level, path in runs[["facet", "level", "path"]].to_numpy()]
        read_in = [(facet, level, pd.read_csv(run.metrics)) for facet, level, run in tables if run.metrics.exists()]
        unit = "accuracy" if accuracy else "bits per character"
        training, factor = ("nats per review", 1.0) if accuracy else (unit, 1 / math.log(2))
        for key, times, label in (
            (f"val/{measured}", 1.0, f"validation: {unit}"),
            ("train/loss", factor, f"training: {training}"),
        ):
            lines = [
                (facet, level, pd.DataFrame({"seen": table[seen], "y": table[key] * times}).dropna())
                for facet, level, table in read_in
                if key in table and seen in table  # otherwise a run of the other task, in the same folder
            ]
            if any(len(line) > 1 for *_, line in lines):
                return cls(lines, read, label)
        return None


Styles = dict[str, tuple[str, str]]
"""The colour and the marker of each level."""


def _panels(
    figure: SubFigure, curves: Curves, facets: Sequence[str], styles: Styles, compared: str | None, rows: int
) -> None:
    """The curves, a panel for each facet. Lines of a single panel are named at their ends, those of several above."""
    columns = math.ceil(len(facets) / rows)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, facet in zip(panels.flat, facets, strict=False):
        for _, level, line in (each for each in curves.lines if each[0] == facet):
            colour, marker = styles[level]
            few = {"marker": marker, "markersize": 3} if len(line) <= 20 else {}
            axes.plot(line["seen"], line["y"], color=colour, linewidth=0.9, clip_on=False, **few)
        axes.set_title(textwrap.fill(facet, 130 // columns), fontsize="small")
        axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter(sep=""))
        axes.tick_params(labelsize="small")
        axes.grid(alpha=0.3)
    for axes in panels.flat[len(facets) :]:
        axes.remove()
    figure.supxlabel(curves.read, fontsize="medium")
    figure.supylabel(curves.label, fontsize="medium")
    if compared is not None and len(facets) == 1 and len(styles) <= DIRECT:
        _end_at(panels[0, 0], pd.concat([line["seen"] for *_, line in curves.lines]))
        label_ends(panels[0, 0], list(_ends(curves, styles, compared)))
    elif compared is not None:
        _legend(figure, styles, compared)


def _ends(curves: Curves, styles: Styles, compared: str) -> Iterator[Label]:
    """A label for each level, at the mean of where its curves end, with the factor's name unless it is the cell."""
    name = "" if compared == "cell" else f"{compared}="
    for level, (colour, _) in styles.items():
        ends = [line.iloc[-1] for _, own, line in curves.lines if own == level and len(line)]
        if ends:
            x, y = (float(np.mean([end[key] for end in ends])) for key in ("seen", "y"))
            yield Label(max(x, *(float(end["seen"]) for end in ends)), y, f"{name}{level}", colour)


def _legend(figure: SubFigure, styles: Styles, compared: str) -> None:
    """A legend of the levels above all panels.

    matplotlib itself would leave out a label that begins with an underscore.
    """
    keys = [Line2D([], [], color=colour, marker=marker) for colour, marker in styles.values()]
    columns = math.ceil(len(keys) / math.ceil(len(keys) / 8))
    placed: dict[str, Any] = {"loc": "outside upper center", "ncols": columns, "title": compared}
    legend = figure.legend(handles=keys, labels=["-"] * len(keys), **placed)
    for text, label in zip(legend.get_texts(), styles, strict=True):
        text.set_text(label)


def _final(axes: Axes, runs: pd.DataFrame, groups: pd.DataFrame, metric: str, styles: Styles) -> None:
    """One row per group, facet by facet from the top: its runs as dots, and below them their mean with its interval.

    A single run is its own mean.
    """
    ticks, y = [], 0.0
    for number, (facet, rows) in enumerate(groups.groupby("facet", sort=False)):
        start = y
        for level, mean, half_width in zip(rows["level"], rows[metric], rows[f"{metric} ±"], strict=True):
            colour, marker = styles[level]
            each = runs.loc[(runs["facet"] == facet) & (runs["level"] == level), metric]
            if len(each) > 1:
                axes.scatter(each, [y - 0.3] * len(each), s=12, color=colour, alpha=0.6, linewidths=0)
            axes.errorbar(
                mean, y, xerr=half_width, color=colour, marker=marker, markersize=6, markeredgecolor="white", capsize=3
            )
            y += 1
        ticks.append((start + y - 1) / 2)  # the middle of the facet
        if number % 2:
            axes.axhspan(start - 0.75, y - 0.25, color="black", alpha=0.05, linewidth=0)
        y += 0.5
    if len(ticks) > 1:
        axes.set_yticks(ticks, groups["facet"].unique(), fontsize="small")
    else:
        axes.set_yticks(range(len(groups)), groups["level"])
        axes.tick_params(axis="y", length=0)
    axes.set_ylim(y - 0.75, -0.75)
    axes.grid(alpha=0.3, axis="x")


def grid(table: pd.DataFrame, human: tuple[float, float] | None, picture: Path, title: str) -> None:
    """Plot the error of generated texts over their variety: one line per top_k, one point per temperature.

    Args:
        table: a row for each point, with `temperature`, `top_k` (missing: all characters), and the shares
            `distinct_words_2` (the variety) and `unknown_words` (the error), which may be NaN.
        human: variety and error of held-out human text, or None.
        picture: the file to write.
        title: of the picture.
    """
    labels, lines = [], list(table.groupby("top_k", sort=False, dropna=False))
    with _drawing(picture, 7, 5) as figure:
        axes = figure.subplots()
        for i, ((_, line), colour) in enumerate(zip(lines, scale(len(lines)), strict=True)):
            line = line.dropna(subset=["distinct_words_2", "unknown_words"])
            x, y = line["distinct_words_2"].to_numpy(), line["unknown_words"].to_numpy()
            axes.plot(x, y, color=colour, marker=MARKERS[i], markersize=5, linestyle=("-", "--", ":")[i % 3])
            labels += [
                Label(at_x, at_y, f"{temperature:g}", colour)
                for temperature, at_x, at_y in zip(line["temperature"], x, y, strict=True)
            ]
            if len(line):
                top_k = line["top_k"].iloc[0]
                name = "all characters" if pd.isna(top_k) else f"top_k={top_k}"
                labels[-1] = replace(labels[-1], text=f"{labels[-1].text}, {name}")
        if human is not None:
            axes.plot(*human, color="black", marker="*", markersize=11, linestyle="none")
            labels.insert(0, Label(*human, "held-out human text", "black"))
        axes.set(
            xlabel="variety: different pairs of words, among all pairs",
            ylabel="error: words that are not in the training text",
            title=_title(title, 80) + "\nbeside each point its temperature, at the end of a line its top_k",
        )
        axes.title.set_fontsize("medium")
        axes.margins(0.09)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(matplotlib.ticker.PercentFormatter(1, decimals=None))
        axes.grid(alpha=0.3)
        label_points(axes, labels)
