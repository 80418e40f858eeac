"""Measure sides alternately, so that other load on the machine affects all of them alike."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Comparison:
    """One line of the table: a figure of charcells and that of a yardstick, measured in the same turns.

    Args:
        what: what is measured.
        charcells, yardstick: the figure of each turn, in `unit`.
        unit: such as 'ms per step' or 'characters/s'.
        against: what the yardstick is; None: there is none, and the target applies to the figure itself.
        at_most, at_least: target of the ratio, or of the figure where there is no yardstick.
    """

    what: str
    charcells: Sequence[float]
    unit: str
    yardstick: Sequence[float] = field(default_factory=list)
    against: str | None = None
    at_most: float | None = None
    at_least: float | None = None

    def row(self) -> dict[str, object]:
        """The medians, and their ratio with the lowest and highest ratio of any turn."""
        ours = statistics.median(self.charcells)
        row: dict[str, object] = {"what": self.what, "unit": self.unit, "charcells": _rounded(ours)}
        judged, each = ours, list(self.charcells)
        if self.against is not None:
            theirs = statistics.median(self.yardstick)
            judged, each = (
                ours / theirs,
                [one / other for one, other in zip(self.charcells, self.yardstick, strict=True)],
            )
            row |= {"against": self.against, "yardstick": _rounded(theirs), "ratio": _rounded(judged)}
        row |= {"lowest": _rounded(min(each)), "highest": _rounded(max(each))}
        if self.at_most is not None:
            row |= {"target": f"at most {self.at_most:g}", "met": judged <= self.at_most}
        if self.at_least is not None:
            row |= {"target": f"at least {self.at_least:g}", "met": judged >= self.at_least}
        return row


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def in_turn(*sides: Callable[[], float], turns: int = 5) -> list[list[float]]:
    """For each side its figures turn by turn; one turn before them warms up and does not count."""
    taken = [[side() for side in sides] for _ in range(turns + 1)][1:]
    return [list(column) for column in zip(*taken, strict=True)]
