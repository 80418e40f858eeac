"""Which word an interval gives: the rules of the claims, written down before their runs.

A claim says that a quantity lies in a region. It is supported if the interval lies wholly inside, refuted if wholly
outside; alike if it lies within what counts as alike, where the claim asks for more than that; otherwise inconclusive.
"""

import math
from collections.abc import Callable, Sequence

from experiments.audit.methods import TAIL, Interval
from experiments.audit.questions import Question

SUPPORTED, REFUTED, ALIKE = "supported", "refuted", "alike"
RECIPE_DEPENDENT, INCONCLUSIVE = "recipe-dependent", "inconclusive"
WORDS = (SUPPORTED, ALIKE, REFUTED, RECIPE_DEPENDENT)
"""In the order in which they are asked: alike is a special case of refuted."""

Region = tuple[float, float]


def region(threshold: str) -> Region:
    """The region that a finding names: 'above 0.02', 'below 0.1', 'within ±0.02', 'between 1 and 2'."""
    kind, *rest = threshold.split()
    if kind == "above":
        return float(rest[0]), math.inf
    if kind == "below":
        return -math.inf, float(rest[0])
    if kind == "within":
        width = float(rest[0].removeprefix("±"))
        return -width, width
    return float(rest[0]), float(rest[2])


def inside(found: Interval, where: Region) -> bool:
    return found.low is not None and found.high is not None and where[0] < found.low and found.high < where[1]


def outside(found: Interval, where: Region) -> bool:
    return found.low is not None and found.high is not None and (found.high < where[0] or where[1] < found.low)


def supports(question: Question, where: Region, tail: float = TAIL) -> bool:
    """Whether the claim is surely true; of a trend, Page's test must agree."""
    rising = where[0] == 0
    agrees = question.bears_out is None or question.bears_out(rising, tail)
    return inside(question.interval(tail), where) and agrees and not depends(question, where)


def refutes(question: Question, where: Region, tail: float = TAIL) -> bool:
    """Whether the claim is surely false."""
    rising = where[0] == 0
    agrees = question.bears_out is None or question.bears_out(not rising, tail)
    return outside(question.interval(tail), where) and agrees and not depends(question, where)


def shows_alike(question: Question, where: Region, tail: float = TAIL) -> bool:
    if question.alike is None or depends(question, where):
        return False
    return inside(question.interval(tail), (-question.alike, question.alike))


def depends(question: Question, where: Region, tail: float = TAIL) -> bool:
    """Whether recipes surely disagree: by its own seeds the claim is true in one and false in another. Each is looked
    at with Bonferroni's correction over the recipes."""
    if question.each is None:
        return False
    found = question.each(tail / len(question.each(tail)))
    return any(inside(one, where) for one in found) and any(outside(one, where) for one in found)


Part = tuple[Question, Region]


def sure(word: str, parts: Sequence[Part], tail: float = TAIL) -> bool:
    """Whether a word can be said of a claim that must hold in each of its parts; one part is the claim itself.

    One false part refutes it, and one that depends on the recipe makes the whole depend on it, with Bonferroni's
    correction over the parts.
    """
    if word == SUPPORTED:
        return all(supports(*part, tail) for part in parts)
    if word == ALIKE:
        return all(shows_alike(*part, tail) for part in parts)
    if word == REFUTED:
        return any(refutes(*part, tail / len(parts)) for part in parts)
    return any(depends(*part, tail / len(parts)) for part in parts)


def word_of(parts: Sequence[Part]) -> str:
    return next((word for word in WORDS if sure(word, parts)), INCONCLUSIVE)


def p_of(parts: Sequence[Part]) -> float:
    """Two-sided p of the word, or of the likeliest one where none can be said: twice the least tail at which the
    interval lies where it must. Found by bisection, not below 1e-12."""
    tails = []
    for word in WORDS:
        tails.append(least_tail(lambda tail, word=word: sure(word, parts, tail)))  # type: ignore[misc]
        if tails[-1] <= TAIL:
            return 2 * tails[-1]
    return 2 * min(tails)


def least_tail(holds: Callable[[float], bool]) -> float:
    """Where a statement that is sure at large tails only begins to be sure; ½ if it never is."""
    low, high = math.log(1e-12), math.log(0.5)
    if not holds(0.5):
        return 0.5
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if holds(math.exp(middle)) else (middle, high)
    return math.exp(high)


def holm(p: dict[str, float]) -> dict[str, float]:
    """Adjusted p of several claims together: Holm (1979), Scandinavian Journal of Statistics 6."""
    adjusted, largest = {}, 0.0
    for rank, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(p) - rank) * value))
        adjusted[name] = largest
    return adjusted
