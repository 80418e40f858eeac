"""Labels beside the lines and points that they name, placed so that none overlaps another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

DIRECTIONS = ((1, 0), (-1, 0), (0.75, 0.75), (-0.75, 0.75), (0.75, -0.75), (-0.75, -0.75), (0, 1), (0, -1))
"""Where a label may stand, seen from its point, the best first."""

DISTANCES = (7, 14, 22, 32, 44)
"""How far from its point a label may stand, in points of 1/72 inch; the farther ones get a line to it."""


@dataclass(frozen=True)
class Label:
    """A text in a colour that names the point (x, y) of the data."""

    x: float
    y: float
    text: str
    colour: str


def label_ends(axes: Axes, labels: Sequence[Label]) -> list[Annotation]:
    """Write each label to the right of the axes, at the height of its point, which is the end of a line.

    Labels that would overlap are moved up or down. Call it when all else is drawn: the layout of the figure is computed
    here.
    """
    order = sorted(labels, key=lambda label: label.y)
    notes = [
        _note(axes, label, xy=(1, label.y), xycoords=axes.get_yaxis_transform(), va="center", ha="left")
        for label in order
    ]
    _layout(axes)
    heights = [_box(note).height * 1.1 for note in notes]
    wanted = [float(axes.transData.transform((label.x, label.y))[1]) for label in order]
    points = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    for note, place, own in zip(notes, _apart(wanted, heights), wanted, strict=True):
        note.xyann = (6, (place - own) / points)
    return notes


def _apart(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Places for labels of these heights, as near as possible to where they are wanted, which is given from the bottom.

    Labels that touch form a block, whose middle is the mean of what its labels want.
    """
    blocks: list[tuple[list[float], list[float]]] = []  # what its labels want, and their heights

    def bottom(block: tuple[list[float], list[float]]) -> float:
        return sum(block[0]) / len(block[0]) - sum(block[1]) / 2

    for place, height in zip(wanted, heights, strict=True):
        blocks.append(([place], [height]))
        while len(blocks) > 1 and bottom(blocks[-2]) + sum(blocks[-2][1]) > bottom(blocks[-1]):
            places, tall = blocks.pop()
            blocks[-1] = (blocks[-1][0] + places, blocks[-1][1] + tall)
    found = []
    for block in blocks:
        at = bottom(block)
        for height in block[1]:
            found.append(at + height / 2)
            at += height
    return found


def label_points(axes: Axes, labels: Sequence[Label]) -> list[Annotation]:
    """Write each label beside its point, where it covers no point and no other label, and if possible no line.

    Call it when all else is drawn: the layout of the figure is computed here. A label for which there is no room is
    left out.
    """
    notes = [_note(axes, label, va="center", ha="center", fontsize="small") for label in labels]
    _layout(axes)
    for note in notes:
        note.set_in_layout(False)
    marks = [axes.transData.transform((label.x, label.y)) for label in labels]
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in marks]
    lines = [box for line in axes.lines for box in _along(line.get_transform().transform(line.get_xydata()))]
    inside, placed = axes.get_window_extent(), []
    for note in notes:
        if _put(note, [*taken, *lines], inside) or _put(note, taken, inside):
            taken.append(_box(note))
            placed.append(note)
        else:
            note.remove()
    return placed


def _along(corners: NDArray[np.float64]) -> Iterator[Bbox]:
    """Small boxes along a line through these corners, (N, 2), in pixels."""
    for start, end in pairwise(corners):
        for share in np.linspace(0, 1, 2 + int(np.hypot(*(end - start)) / 5)):
            x, y = start + share * (end - start)
            yield Bbox.from_bounds(x - 1, y - 1, 2, 2)


def _put(note: Annotation, taken: Sequence[Bbox], inside: Bbox) -> bool:
    """Move a label to the first place where it is inside the axes and overlaps nothing; whether there is one."""
    for distance in DISTANCES:
        for right, up in DIRECTIONS:
            note.set_horizontalalignment("left" if right > 0 else "right" if right < 0 else "center")
            note.xyann = (right * distance, up * distance)
            box = _box(note)
            fits = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
            if fits and not any(box.overlaps(other) for other in taken):
                note.arrow_patch.set_visible(distance > DISTANCES[1])  # type: ignore[union-attr]
                return True
    return False


def _note(axes: Axes, label: Label, **options: Any) -> Annotation:
    arrow = {"arrowstyle": "-", "color": label.colour, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3, "visible": False}
    where = {"xy": (label.x, label.y), "xytext": (6, 0), "textcoords": "offset points", "annotation_clip": False}
    return axes.annotate(label.text, color=label.colour, arrowprops=arrow, **{**where, **options})


def _box(note: Annotation) -> Bbox:
    """Where the text stands, in pixels; an annotation's own box reaches to its point."""
    note.get_window_extent()  # moves the text to its place
    return Text.get_window_extent(note)


def _layout(axes: Axes) -> None:
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
