"""Which word an interval gives: the rules of the claims, written down before their runs.

A claim says that a quantity lies in a region. It is supported if the interval lies wholly inside, refuted if wholly
outside; alike if it lies within what counts as alike, where the claim asks for more than that; otherwise inconclusive.
"""

import math

from experiments.audit.methods import TAIL, Interval
from experiments.audit.questions import Question

SUPPORTED, REFUTED, ALIKE = "supported", "refuted", "alike"
RECIPE_DEPENDENT, INCONCLUSIVE = "recipe-dependent", "inconclusive"

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


def shows_alike(question: Question) -> bool:
    if question.alike is None:
        return False
    return inside(question.interval(TAIL), (-question.alike, question.alike))


def depends(question: Question, where: Region, tail: float = TAIL) -> bool:
    """Whether recipes surely disagree: by its own seeds the claim is true in one and false in another. Each is looked
    at with Bonferroni's correction over the recipes."""
    if question.each is None:
        return False
    found = question.each(tail / len(question.each(tail)))
    return any(inside(one, where) for one in found) and any(outside(one, where) for one in found)


def word(question: Question, where: Region) -> str:
    if depends(question, where):
        return RECIPE_DEPENDENT
    if supports(question, where):
        return SUPPORTED
    if shows_alike(question):
        return ALIKE
    return REFUTED if refutes(question, where) else INCONCLUSIVE


def joined_word(parts: list[tuple[Question, Region]]) -> str:
    """Of a claim that must hold in each part. One false part refutes it, and one that depends on the recipe makes the
    whole depend on it, with Bonferroni's correction over the parts."""
    if all(supports(*part) for part in parts):
        return SUPPORTED
    if all(shows_alike(question) and not depends(question, where) for question, where in parts):
        return ALIKE
    tail = TAIL / len(parts)
    if any(refutes(*part, tail) for part in parts):
        return REFUTED
    return RECIPE_DEPENDENT if any(depends(*part, tail) for part in parts) else INCONCLUSIVE


def holm(p: dict[str, float]) -> dict[str, float]:
    """Adjusted p of several claims together: Holm (1979), Scandinavian Journal of Statistics 6."""
    adjusted, largest = {}, 0.0
    for rank, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(p) - rank) * value))
        adjusted[name] = largest
    return adjusted
