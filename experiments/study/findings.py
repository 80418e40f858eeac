"""The data types of the study: a Claim, the Region in which it holds, a Verdict on one question, and a Finding.

No scipy or torch here: the report reads these names without waiting for either.
"""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

SUPPORTED, REFUTED, INCONCLUSIVE = "supported", "refuted", "inconclusive"

MARGIN = 0.02
"""Bits per character within which two models count as equivalent."""


@dataclass(frozen=True)
class Region:
    """Values of the measured quantity for which a claim is true: above `low`, below `high`, or between the two."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"above {self.low:g}"
        if math.isinf(self.low):
            return f"below {self.high:g}"
        return f"within ±{self.high:g}" if self.low == -self.high else f"between {self.low:g} and {self.high:g}"

    def holds(self, low: float, high: float) -> bool:
        """Whether the whole interval from `low` to `high` lies inside the region."""
        return self.low < low and high < self.high

    def excludes(self, low: float, high: float) -> bool:
        """Whether the whole interval from `low` to `high` lies outside the region."""
        return high < self.low or low > self.high


ABOVE_ZERO, BELOW_ZERO = Region(low=0.0), Region(high=0.0)
EQUIVALENT = Region(-MARGIN, MARGIN)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement of a source, with what was fixed before any run: the prediction and the way of judging."""

    name: str
    source: str
    """A key of SOURCES, "000" to "004"."""
    quote: str
    """Word for word from the source."""
    quote_language: str
    """Its language as an HTML `lang` attribute has it: es, pt."""
    translation: str
    prediction: str
    judged_by: str
    main: bool = False
    """Whether Holm's correction covers it: the main claims are corrected together."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to one question about the runs."""

    question: str
    verdict: str
    """SUPPORTED, REFUTED or INCONCLUSIVE."""
    estimate: float | None
    """In `unit`; None where a run has no finite figure."""
    low: float | None
    """Lower end of the 95 % interval; None where there is no interval."""
    high: float | None
    """Upper end of the 95 % interval."""
    unit: str
    n: int
    """Number of runs behind the estimate, both sides of a difference together."""
    threshold: str
    """The Region in words, as str(region)."""
    held_equal: str = ""
    p_supported: float = 1.0
    """One-sided p of the hypothesis that the claim is false."""
    p_refuted: float = 1.0
    """One-sided p of the hypothesis that the claim is true."""
    note: str = ""

    @property
    def p(self) -> float:
        """Two-sided p, which Holm's correction takes."""
        return min(1.0, 2 * min(self.p_supported, self.p_refuted))


@dataclass(kw_only=True)
class Finding:
    """A judged claim.

    `verdicts` begins with the one that decides the claim; the others are its parts and related questions. `tables`,
    `plots` and `samples` are plain values as `experiments.study.tables` makes them.
    """

    claim: Claim
    verdicts: list[Verdict]
    answer: str
    """The result in one or two sentences with its figures."""
    population: str
    """The models, texts and sizes to which the verdict applies."""
    held_equal: str
    tables: list[dict[str, Any]] = field(default_factory=list)
    plots: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return self.verdicts[0].verdict

    def facts(self) -> dict[str, Any]:
        """The finding as plain values that JSON can hold."""
        parts = [asdict(verdict) | {"p": verdict.p} for verdict in self.verdicts]
        rest = {"answer": self.answer, "population": self.population, "held_equal": self.held_equal}
        shown = {"tables": self.tables, "plots": self.plots, "samples": self.samples}
        return {"kind": "finding", **asdict(self.claim), "verdict": self.verdict, **rest, "verdicts": parts, **shown}
