"""Colours of the levels of a factor, the same in every picture: a cell has its own."""

from collections.abc import Sequence

from charcells.registry import CELLS

PALETTE = ("#009E73", "#D55E00", "#0072B2", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
"""Okabe and Ito's colours, which colour-blind readers can tell apart."""


def colours_of(levels: Sequence[str]) -> dict[str, str]:
    """A colour for each level, as '#rrggbb'. Cells have those of the registry, if all have one of their own.

    More levels than the palette has colours go from dark to light in one scale, in their order.
    """
    cells = [CELLS[level].colour if level in CELLS else None for level in levels]
    known = [colour for colour in cells if colour is not None]
    if len(known) == len(levels):
        return dict(zip(levels, known, strict=True))
    if len(levels) <= len(PALETTE):
        return dict(zip(levels, PALETTE, strict=False))
    from matplotlib import colormaps, colors  # slow to import

    scale = colormaps["viridis"]
    return {level: colors.to_hex(scale(0.9 * i / (len(levels) - 1))) for i, level in enumerate(levels)}
