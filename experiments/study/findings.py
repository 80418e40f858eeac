"""The data types of the study: a Claim, the Region in which it holds, a Verdict on one question, a Constant, a Finding.

No scipy or torch here: the report reads these names without waiting for either.
"""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

SUPPORTED, REFUTED, ALIKE = "supported", "refuted", "alike"
RECIPE_DEPENDENT, INCONCLUSIVE = "recipe-dependent", "inconclusive"

ALPHA = 0.05
"""Two-sided: each one-sided test is made at half of it."""

MARGIN = 0.02
"""Bits per character within which two models count as alike: 'better' means better by more than this."""


@dataclass(frozen=True)
class Region:
    """Values of the measured quantity for which a claim is true: above `low`, below `high`, or between the two.

    With `alike`, a difference that surely lies within ±alike gets the verdict ALIKE where it would be REFUTED without.
    """

    low: float = -math.inf
    high: float = math.inf
    alike: float | None = None

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
HIGHER, LOWER = Region(low=MARGIN, alike=MARGIN), Region(high=-MARGIN, alike=MARGIN)
"""A difference that is larger than what counts as alike. Of bits per character a − b: HIGHER says that b is better."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement of a source, with what was fixed before any run: the prediction and the way of judging."""

    name: str
    source: str
    """A key of SOURCES, such as "004"."""
    quote: str
    """Word for word from the source."""
    quote_language: str
    """Its language as an HTML `lang` attribute has it: es, pt, en."""
    translation: str
    prediction: str
    judged_by: str
    history: str = ""
    """What was found before, if it is judged again in another way, and why that verdict fell."""
    main: bool = False
    """Whether Holm's correction covers it: the main claims are corrected together."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to one question about the runs, or to several questions that a claim joins: then with `parts`."""

    question: str
    verdict: str
    """SUPPORTED, ALIKE, REFUTED, RECIPE_DEPENDENT or INCONCLUSIVE."""
    estimate: float | None
    """In `unit`; None where a run has no finite figure, and where the verdict has parts: each of them has its own."""
    low: float | None
    """Lower end of the 95 % interval, never outside the range of the quantity; None where there is no interval."""
    high: float | None
    """Upper end of the 95 % interval."""
    unit: str
    n: int
    """Number of figures behind the estimate: of runs, both sides of a difference together; of pairs of runs where their
    differences are judged, and of curves over several runs where these are. With parts, the sum of theirs."""
    threshold: str
    """The Region in words, as str(region)."""
    held_equal: str = ""
    p_supported: float = 1.0
    """One-sided p of the hypothesis that the claim is false."""
    p_refuted: float = 1.0
    """One-sided p of the hypothesis that the claim is true."""
    p_alike: float = 1.0
    """One-sided p of the hypothesis that the difference is no smaller than `Region.alike`; 1 for a Region without."""
    p_recipes: float = 1.0
    """One-sided p of the hypothesis that the claim is true in every recipe or in none; 1 without recipes."""
    note: str = ""
    parts: "tuple[Verdict, ...]" = ()

    @property
    def decided(self) -> tuple[str, float]:
        """The verdict that the four p give, before Holm's correction, and its two-sided p.

        ALIKE is asked before REFUTED, of which it is a special case. Where nothing is decided p is that of the
        likeliest verdict.
        """
        ordered = {
            SUPPORTED: self.p_supported,
            ALIKE: self.p_alike,
            REFUTED: self.p_refuted,
            RECIPE_DEPENDENT: self.p_recipes,
        }
        for verdict, p in ordered.items():
            if p <= ALPHA / 2:
                return verdict, 2 * p
        return INCONCLUSIVE, min(1.0, 2 * min(ordered.values()))

    @property
    def p(self) -> float:
        """Two-sided p, which Holm's correction takes."""
        return self.decided[1]

    def facts(self) -> dict[str, Any]:
        """The verdict as plain values; of its parts those that a reader needs beside their names."""
        shown = ("question", "verdict", "estimate", "low", "high", "unit", "n", "threshold")
        parts = [{key: getattr(part, key) for key in shown} for part in self.parts]
        return asdict(replace(self, parts=())) | {"p": self.p, "parts": parts}


@dataclass(frozen=True)
class Constant:
    """A figure that no run can change, and that is therefore reported and never tested: a number of multiply-adds or
    parameters, the seconds of one machine, a human text's share of unknown words."""

    question: str
    """What it is the figure of."""
    value: float
    unit: str
    note: str = ""


@dataclass(kw_only=True)
class Finding:
    """A judged claim.

    `verdicts` begins with the one that decides the claim; the others are its parts and related questions. `constants`
    are reported beside them. `tables`, `plots` and `samples` are plain values as `experiments.study.tables` makes them.
    """

    claim: Claim
    verdicts: list[Verdict]
    answer: str
    """The result in one or two sentences with its figures."""
    population: str
    """The models, texts and sizes to which the verdict applies."""
    held_equal: str
    constants: list[Constant] = field(default_factory=list)
    measured: Any = None
    """A data frame of what was measured on the runs besides their summaries, written to <claim>_measured.csv."""
    tables: list[dict[str, Any]] = field(default_factory=list)
    plots: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return self.verdicts[0].verdict

    def facts(self) -> dict[str, Any]:
        """The finding as plain values that JSON can hold."""
        rest = {"answer": self.answer, "population": self.population, "held_equal": self.held_equal}
        judged = {
            "verdicts": [verdict.facts() for verdict in self.verdicts],
            "constants": [asdict(constant) for constant in self.constants],
        }
        shown = {"tables": self.tables, "plots": self.plots, "samples": self.samples}
        return {"kind": "finding", **asdict(self.claim), "verdict": self.verdict, **rest, **judged, **shown}
