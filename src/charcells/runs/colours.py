"""Colours of the levels of a factor, the same in every picture: a cell has its own, and nothing else looks like one."""

from collections.abc import Sequence

from charcells.registry import CELLS

NAMES = ("#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""For levels that are names: from Okabe and Ito's palette, which colour-blind readers can tell apart, as the cells'
colours are; without those of rnn, gru and lstm, and without yellow."""


def colours_of(levels: Sequence[str]) -> dict[str, str]:
    """A colour for each level, as '#rrggbb'. Cells have those of the registry, if all have one of their own.

    Numbers, and more names than there are colours, go from dark to light in one scale, in their order.
    """
    cells = [CELLS[level].colour if level in CELLS else None for level in levels]
    known = [colour for colour in cells if colour is not None]
    if len(known) == len(levels):
        return dict(zip(levels, known, strict=True))
    if len(levels) <= len(NAMES) and not all(_is_number(level) for level in levels):
        return dict(zip(levels, NAMES, strict=False))
    return dict(zip(levels, scale(len(levels)), strict=True))


def scale(number: int) -> list[str]:
    """So many colours from dark to light, which colour-blind readers see too; none is too light for a white page."""
    from matplotlib import colormaps, colors  # slow to import

    return [str(colors.to_hex(colormaps["viridis"](0.7 * i / max(1, number - 1)))) for i in range(number)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
