"""Plots of a run, of a sweep, and of a grid of temperature and top_k."""

import math
import os
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from charcells.runs.folder import RunFolder

PALETTE = ("#009E73", "#D55E00", "#0072B2", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
"""Okabe and Ito's colours, which colour-blind readers can tell apart."""

MARKERS = "os^DvPX"


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


def _legend(target: Axes | SubFigure, labels: Sequence[str], **options: Any) -> None:
    """A legend with these labels. matplotlib itself would leave out a label that begins with an underscore."""
    legend = target.legend(labels=["-"] * len(labels), **options)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_text(label)


def _drawable(text: str) -> str:
    """The text with a lone surrogate, which matplotlib cannot draw, written as \\udc80."""
    return text.encode("utf-8", "backslashreplace").decode()


def loss_curve(run: RunFolder, title: str) -> None:
    """Plot metrics.csv as loss.png: training and validation loss over what was read.

    In bits per character over the characters, or of a classifier in nats per review over the reviews.
    """
    table = pd.read_csv(run.metrics)
    classifies = "reviews_seen" in table
    seen, read, unit = (
        ("reviews_seen", "reviews seen", "nats per review")
        if classifies
        else ("chars_seen", "characters seen", "bits per character")
    )
    losses = table[["train/loss", "val/loss"]] / (1.0 if classifies else math.log(2))
    losses.insert(0, seen, table[seen])
    trained, validated = losses.dropna(subset="train/loss"), losses.dropna(subset="val/loss")
    with _drawing(run.loss_picture, 7, 4.2) as figure:
        axes = figure.subplots()
        axes.plot(trained[seen], trained["train/loss"], label="training (mean since the previous point)", alpha=0.7)
        if len(validated):
            axes.plot(validated[seen], validated["val/loss"], label="validation", marker="o", markersize=4)
            best = validated["val/loss"].min()
            axes.axhline(best, color="gray", linewidth=0.8, linestyle=":", label=f"best validation: {best:.3f}")
        axes.set(xlabel=read, ylabel=unit, title=textwrap.fill(_drawable(title), 80))
        axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter())
        axes.grid(alpha=0.3)
        axes.legend()


def sweep(
    runs: pd.DataFrame, groups: pd.DataFrame, picture: Path, *, metric: str, compared: str | None, title: str
) -> None:
    """Plot a sweep: validation curves, one panel per facet, and below them the final figures.

    Args:
        runs: a row for each run, with `path` (its folder), `level`, `facet` and the metric.
        groups: a row for each combination of `level` and `facet`, in drawing order, with the mean of the metric and
            `<metric> ±` (half the width of its interval, or NaN).
        picture: the file to write.
        metric: val/bpc or test/bpc, in bits per character; or val/accuracy or test/accuracy.
        compared: name of the factor whose levels have a colour each; None if there is only one level.
        title: of the whole picture.
    """
    measured = metric.partition("/")[2]
    unit = "accuracy" if measured == "accuracy" else "bits per character"
    runs, groups = (
        table.assign(**{name: table[name].map(_drawable) for name in ("facet", "level")}) for table in (runs, groups)
    )
    facets, levels = list(groups["facet"].unique()), list(groups["level"].unique())
    columns = min(4, len(facets))
    rows = math.ceil(len(facets) / columns)
    heights = (1.0 + (3.2 if columns == 1 else 1.9) * rows, 0.8 + 0.2 * (len(groups) + len(facets)))  # inches
    with _drawing(picture, 10, sum(heights)) as figure:
        figure.suptitle(textwrap.fill(_drawable(title), 90))
        above, below = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
        styles = _styles(levels)
        panels = above.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, facet in zip(panels.flat, facets, strict=False):
            _curves(axes, runs[runs["facet"] == facet], styles, measured)
            axes.set_title(textwrap.fill(facet, 130 // columns), fontsize="small")
        for axes in panels.flat[len(facets) :]:
            axes.remove()
        above.supxlabel("reviews seen" if measured == "accuracy" else "characters seen", fontsize="medium")
        above.supylabel(f"validation: {unit}", fontsize="medium")
        if compared is not None:
            keys = [Line2D([], [], color=colour, marker=marker) for colour, marker in styles.values()]
            _legend(
                above,
                levels,
                handles=keys,
                title=compared,
                loc="outside upper center",
                ncols=math.ceil(len(keys) / math.ceil(len(keys) / 8)),
            )
        axes = below.subplots()
        _final(axes, runs, groups, metric, styles)
        held_out = "test" if metric.startswith("test/") else "validation"
        axes.set_xlabel(f"{held_out}: {unit} (dots: runs; bars: their mean and its 95 % interval)")


def _styles(levels: list[str]) -> dict[str, tuple[Any, str]]:
    """A colour and a marker for each level."""
    colours: list[Any] = [CELLS[level].colour if level in CELLS else None for level in levels]
    if None in colours:  # the levels are not cells, or a cell has no colour of its own
        colours = list(PALETTE)
    if len(levels) > len(colours):
        colours = list(plt.get_cmap("viridis")(np.linspace(0, 0.9, len(levels))))
    return {level: (colours[i], MARKERS[i % len(MARKERS)]) for i, level in enumerate(levels)}


def _curves(axes: Axes, runs: pd.DataFrame, styles: dict[str, tuple[Any, str]], measured: str) -> None:
    """val/bpc over the characters seen, or val/accuracy over the reviews: a line for each run with a metrics.csv."""
    for path, level in zip(runs["path"], runs["level"], strict=True):
        metrics = RunFolder(path).metrics
        if metrics.exists():
            curve = pd.read_csv(metrics)
            if f"val/{measured}" not in curve:  # a run of the other task, in the same folder
                continue
            curve = curve.dropna(subset=f"val/{measured}")
            colour, marker = styles[level]
            seen = curve["reviews_seen" if measured == "accuracy" else "chars_seen"]
            axes.plot(seen, curve[f"val/{measured}"], color=colour, marker=marker, markersize=2, linewidth=0.8)
    axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter(sep=""))
    axes.tick_params(labelsize="small")
    axes.grid(alpha=0.3)


def _final(
    axes: Axes, runs: pd.DataFrame, groups: pd.DataFrame, metric: str, styles: dict[str, tuple[Any, str]]
) -> None:
    """One row per group, facet by facet from the top: its runs as dots, and below them their mean with its interval."""
    ticks, y = [], 0.0
    for number, (facet, rows) in enumerate(groups.groupby("facet", sort=False)):
        start = y
        for level, mean, half_width in zip(rows["level"], rows[metric], rows[f"{metric} ±"], strict=True):
            colour, marker = styles[level]
            each = runs.loc[(runs["facet"] == facet) & (runs["level"] == level), metric]
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
    with _drawing(picture, 7, 5) as figure:
        axes = figure.subplots()
        for i, (_, line) in enumerate(table.groupby("top_k", sort=False, dropna=False)):
            top_k = line["top_k"].iloc[0]
            name = "all characters" if pd.isna(top_k) else f"top_k={top_k}"
            x, y = line["distinct_words_2"].to_numpy(), line["unknown_words"].to_numpy()
            colour = PALETTE[(2 - i) % 5]
            axes.plot(
                x, y, color=colour, marker=MARKERS[i], markersize=5, linestyle=("-", "--", ":")[i % 3], label=name
            )
            side, shift = (("right", (-6, 5)), ("left", (6, -3)), ("right", (-6, -6)))[
                i % 3
            ]  # so that the labels of neighbouring lines do not overlap
            for temperature, at_x, at_y in zip(line["temperature"], x, y, strict=True):
                if not math.isnan(at_x + at_y):
                    axes.annotate(
                        f"{temperature:g}", (at_x, at_y), xytext=shift, textcoords="offset points",
                        ha=side, va="center", fontsize="x-small", color=colour,
                    )  # fmt: skip
        if human is not None:
            axes.plot(*human, color="black", marker="*", markersize=14, linestyle="none", label="held-out human text")
        axes.set(
            xlabel="variety: different pairs of words, among all pairs",
            ylabel="error: words that are not in the training text",
            title=textwrap.fill(_drawable(title), 80),
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(matplotlib.ticker.PercentFormatter(1, decimals=None))
        axes.grid(alpha=0.3)
        axes.legend(title="labels: temperature")
