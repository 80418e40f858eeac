"""What a finding says against what its CSVs give: a Line for each question."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.audit import models, recipes, samples
from experiments.audit.constants import CONSTANTS
from experiments.audit.methods import TAIL, Interval, clopper_pearson, mean
from experiments.audit.questions import Audit, Data, Joined, Lacking, Question
from experiments.audit.words import INCONCLUSIVE, Part, Region, holm, inside, outside, p_of, region, word_of

CLAIMS: dict[str, Audit] = {
    audit.__name__: audit
    for audit in (
        *(recipes.best_cell, recipes.gru_cost, recipes.embedding, recipes.batch_count, recipes.corpus_size),
        *(recipes.bidirectional, recipes.bag_of_words, recipes.cells_on_reviews, recipes.sentiment_unit),
        *(samples.boilerplate, samples.training_order, samples.early_structure, samples.greedy_loops, samples.hello),
        *(samples.longer_not_better, samples.memorisation, samples.temperature, samples.top_k, samples.never_reset),
        *(models.clipping, models.truncation, models.short_memory, models.window_enough, models.long_windows_hurt),
        *(models.batch_stabilises, models.embedding_relations, models.forget_gate, models.recurrent_weight),
        *(models.saturation, models.equations),
    )
}

DIGITS = 5e-4
"""Figures agree to three digits."""
WRITTEN, ROUNDED, PARTLY, DIFFERS = "as written", "as written, to the CSV's digits", "NOT IN THE CSV", "DIFFERS"


@dataclass(frozen=True)
class Line:
    claim: str
    question: str
    figures: str
    verdict: str
    """The word that stands in the finding."""
    result: str
    """WRITTEN, ROUNDED, PARTLY or DIFFERS."""
    why: str = ""

    def __str__(self) -> str:
        shown = "; ".join(filter(None, [self.figures, self.verdict]))
        return f"{self.claim}: {self.question}: {shown}: {self.result}" + (f": {self.why}" if self.why else "")


def audited(name: str, folder: Path) -> Iterator[Line]:
    """The lines of a claim whose finding is there."""
    data = Data(folder, name)
    if name not in CLAIMS:
        yield Line(name, "all", "", "", DIFFERS, "no audit is written for this claim")
        return
    written = {verdict["question"]: verdict for verdict in data.finding["verdicts"]}
    try:
        asked = {question.asked: question for question in CLAIMS[name](data)}
        constants = list(CONSTANTS[name](data)) if name in CONSTANTS else []
    except (FileNotFoundError, KeyError, AssertionError, ValueError) as error:
        yield Line(name, "all", "", "", DIFFERS, f"its files do not answer its questions: {error}")
        return
    for question in written.keys() - asked.keys():
        yield Line(name, question, "", written[question]["verdict"], DIFFERS, "no audit is written for this question")
    for question in asked.keys() - written.keys():
        yield Line(name, question, "", "", DIFFERS, "the finding lacks this question")
    for question, verdict in written.items():
        match asked.get(question):
            case Question() as one:
                yield of_question(name, one, verdict)
            case Joined() as several:
                yield of_joined(name, several, asked, written)
            case Lacking() as lacking:
                yield of_lacking(name, lacking, verdict)
    values = {constant["question"]: constant["value"] for constant in data.finding["constants"]}
    for question, value in constants:
        same = agrees(value, values.get(question), 0.0)
        why = "" if same else f"written {plain(values.get(question))}"
        yield Line(name, question, f"{plain(value)}, a constant", "", WRITTEN if same else DIFFERS, why)


def of_question(claim: str, question: Question, verdict: dict[str, Any]) -> Line:
    mine = question.interval(TAIL)
    theirs = Interval(verdict["estimate"], verdict["low"], verdict["high"])
    faults, rounded = [], False
    for name, ours, written in zip(Interval._fields, mine, theirs, strict=True):
        exact, near = agrees(ours, written, 0.0), agrees(ours, written, 2 * question.rounding)
        if not near:
            faults.append(f"{name} is written {plain(written)}")
        rounded |= near and not exact
    if question.n != verdict["n"]:
        faults.append(f"n is {question.n}, written {verdict['n']}")
    if question.each is not None and same_sign(question.each(TAIL)) not in verdict["note"]:
        faults.append(f"the note lacks '{same_sign(question.each(TAIL))}'")
    faults += wrong_word([(question, region(verdict["threshold"]))], verdict)
    result = DIFFERS if faults else ROUNDED if rounded else WRITTEN
    return Line(claim, question.asked, shown(mine, question.n), verdict["verdict"], result, "; ".join(faults))


def same_sign(recipes: list[Interval]) -> str:
    """How many recipes have the sign of the mean, and the exact interval of their share."""
    effects = [recipe.estimate for recipe in recipes]
    same = clopper_pearson(sum(effect * mean(effects) > 0 for effect in effects), len(effects))
    return f"{same.estimate * len(effects):.0f} of {len(effects)} recipes (95 %: {same.low:.0%} to {same.high:.0%})"


def of_joined(claim: str, joined: Joined, asked: dict[str, Any], written: dict[str, Any]) -> Line:
    verdict = written[joined.asked]
    parts = {part["question"]: part for part in verdict["parts"]}
    faults = []
    if set(parts) != set(joined.parts) or not set(parts) <= set(written):
        faults.append(f"it joins {', '.join(joined.parts)}")
    for question in parts.keys() & written.keys():
        if any(parts[question][key] != written[question][key] for key in ("estimate", "low", "high", "verdict", "n")):
            faults.append(f"its part '{question}' has other figures than the question itself")
    if verdict["estimate"] is not None or verdict["low"] is not None or verdict["high"] is not None:
        faults.append("it has an interval, though only its parts do")
    if verdict["n"] != sum(written[part]["n"] for part in joined.parts if part in written):
        faults.append(f"n is not the sum of its parts', {verdict['n']}")
    known = [(asked[part], written[part]) for part in joined.parts if part in written]
    # a part that the texts did not bear out is neither true nor false, and leaves the word of the whole open
    if all(isinstance(one, Question) and "does not bear it out" not in part["note"] for one, part in known):
        faults += wrong_word([(one, region(part["threshold"])) for one, part in known], verdict)
    figures = f"{len(joined.parts)} parts, n {verdict['n']}"
    return Line(claim, joined.asked, figures, verdict["verdict"], DIFFERS if faults else WRITTEN, "; ".join(faults))


def of_lacking(claim: str, lacking: Lacking, verdict: dict[str, Any]) -> Line:
    """Only the word can be compared with the interval."""
    found = Interval(verdict["estimate"], verdict["low"], verdict["high"])
    where = region(verdict["threshold"])
    wrong = (verdict["verdict"] == "supported") != inside(found, where)
    wrong |= verdict["verdict"] == "refuted" and not outside(found, where)
    result = DIFFERS if wrong else PARTLY
    why = "the word is not that of the interval" if wrong else lacking.why
    return Line(claim, lacking.asked, f"{shown(found, verdict['n'])}, not recomputed", verdict["verdict"], result, why)


def wrong_word(parts: list[Part], verdict: dict[str, Any]) -> list[str]:
    """What is wrong with the word and p of a verdict; nothing if its note says what else it had to pass and did not.

    Args:
        parts: the questions that the verdict joins; its own alone if it joins none.
    """
    word, faults = word_of(parts), []
    over_texts = OVER_TEXTS.search(verdict["note"])
    if over_texts:
        low, high, refused = over_texts.groups()
        margin, where = {"alike": parts[0][0].alike}.get(word), region(verdict["threshold"])
        borne_out = bears_out(word, low, high, margin, where)
        if borne_out is not None and borne_out == bool(refused):
            faults.append("the interval over texts, in the note, says otherwise")
        if refused:
            return faults + [f"the word is {INCONCLUSIVE}"] * (verdict["verdict"] != INCONCLUSIVE)
    if not math.isclose(p_of(parts), verdict["p"], rel_tol=0.02, abs_tol=1e-11):
        faults.append(f"p is {p_of(parts):.3g}, written {verdict['p']:.3g}")
    corrected = HOLM.search(verdict["note"])
    if corrected and float(corrected.group(2)) > 2 * TAIL:
        word = INCONCLUSIVE
    return faults + [f"the word is {word}"] * (verdict["verdict"] != word)


HOLM = re.compile(r"p after Holm's correction over (\d+) claims: ([\d.e+-]+)")

OVER_TEXTS = re.compile(r"95 % interval over .*?: ([+-][\d.]+) to ([+-][\d.]+)(, which does not bear it out)?")
"""What a note says of a bootstrap over test reviews or blocks of test text. No CSV has what it was drawn from."""


def bears_out(word: str, low: str, high: str, margin: float | None, where: Region) -> bool | None:
    """Whether an interval over texts bears a word out; None if its digits, rounded as they are, cannot tell."""
    if word not in ("supported", "refuted", "alike"):
        return True  # nothing to bear out
    half = 0.5 * 10.0 ** -len(low.split(".")[1])
    ends = [Interval(0.0, float(low) - half, float(high) + half), Interval(0.0, float(low) + half, float(high) - half)]
    if word == "refuted":
        found = {outside(each, where) for each in ends}
    else:
        found = {inside(each, where if margin is None else (-margin, margin)) for each in ends}
    return None if len(found) == 2 else found.pop()


def of_holm(folder: Path) -> Iterator[Line]:
    """The p of the main claims together, as the notes have them; the p of each has been looked at above."""
    paths = [folder / f"{name}.json" for name in CLAIMS]
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()}
    firsts = {name: finding["verdicts"][0] for name, finding in found.items() if finding.get("main")}
    noted = {name: HOLM.search(first["note"]) for name, first in firsts.items()}
    if not any(noted.values()):
        return
    for name, p in holm({name: first["p"] for name, first in firsts.items()}).items():
        note = noted[name]
        right = note and int(note.group(1)) == len(firsts) and math.isclose(float(note.group(2)), p, rel_tol=0.06)
        said = firsts[name]["verdict"]
        yield Line(name, "p after Holm's correction", f"{p:.2g}", said, WRITTEN if right else DIFFERS)


def agrees(mine: float | None, theirs: float | None, slack: float) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return math.isclose(mine, theirs, rel_tol=DIGITS, abs_tol=max(slack, 1e-9))


def plain(value: float | None) -> str:
    return "none" if value is None else f"{value:+.4g}"


def shown(found: Interval, n: int) -> str:
    ends = "no interval" if found.low is None else f"{plain(found.low)} to {plain(found.high)}"
    return f"{plain(found.estimate)} ({ends}), n {n}"
