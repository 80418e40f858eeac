"""charcells classify explain=true: what reading each word did to the log-odds of the second label.

The effect of a word, in nats, is the log-odds for the text up to and with this word, minus those for the text before
it. The log-odds before the first word and all effects add up to the log-odds for the whole text. In a network that
reads in one direction, an effect is what the word did to the state. One that also reads backwards reads each beginning
of the text from its own end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import jinja2
from rich.text import Text

from charcells.models.text_classifier import TextClassifier
from charcells.text.vocabulary import visible

LIMITS = (0.1, 0.3, 1.0)
"""Size of an effect, in nats, from which on each of the three shades is shown."""

SHADES = (
    ("black on #fee6ce", "black on #fdae6b", "black on #f16913"),
    ("black on #deebf7", "black on #9ecae1", "white on #2171b5"),
)
"""Styles of effects towards the first and the second label. Colour-blind readers can tell orange and blue apart."""

STRONGEST = 5
"""Most words that are named for each label."""


@dataclass(frozen=True)
class Explanation:
    """A text with the effect of each unit (a word or a character) that was read, in nats.

    `empty` is the log-odds of the second label before anything is read, `total` that of the text.
    """

    labels: Sequence[str]
    units: Sequence[str]
    effects: Sequence[float]
    empty: float
    total: float
    between: str
    """What stands between two units: a space between words."""


def explain(classifier: TextClassifier, text: str) -> Explanation:
    """What reading each unit of a text did to the log-odds of the second label."""
    units, log_odds = classifier.beginnings(text)
    effects = [after - before for before, after in pairwise(log_odds)]
    between = " " if classifier.units == "words" else ""
    return Explanation(classifier.labels, units, effects, log_odds[0], log_odds[-1], between)


def shade(effect: float) -> int:
    """0 for an effect that is not coloured, else 1 to 3."""
    return sum(abs(effect) >= limit for limit in LIMITS)


def coloured(found: Explanation) -> Text:
    """The units that were read, for the terminal."""
    shown = Text()
    for unit, effect in zip(found.units, found.effects, strict=True):
        style = SHADES[effect > 0][shade(effect) - 1] if shade(effect) else ""
        shown.append(visible(unit), style=style).append(found.between)
    return shown


def legend(labels: Sequence[str]) -> Text:
    """The shades and what they mean."""
    shown = Text("nats towards ")
    for label, styles in zip(labels, SHADES, strict=True):
        shown.append(f"{visible(label)}: ")
        for limit, style in zip(LIMITS, styles, strict=True):
            shown.append(f" {limit:g} ", style=style).append(" ")
    return shown.append("or more")


def figures(found: Explanation) -> list[str]:
    """The log-odds in a line, and for each label the units that moved them most towards it."""
    lines = [
        f"log-odds of {visible(found.labels[1])}: {found.total:+.2f} nats, {found.empty:+.2f} before the first word"
    ]
    order = sorted(zip(found.effects, found.units, strict=True))
    for label, strongest in zip(found.labels, (order[:STRONGEST], order[::-1][:STRONGEST]), strict=True):
        towards = 1 if label == found.labels[1] else -1
        named = [f"{visible(unit)} {effect:+.2f}" for effect, unit in strongest if effect * towards >= LIMITS[0]]
        if named:
            lines.append(f"towards {visible(label)}: {', '.join(named)}")
    return lines


def html(explained: Sequence[Explanation], run: str) -> str:
    """A self-contained HTML page: no scripts, no external files. All text is escaped."""
    texts = []
    for found in explained:
        words = [
            (visible(unit), f"{'ab'[effect > 0]}{shade(effect)}" if shade(effect) else "", f"{effect:+.2f} nats")
            for unit, effect in zip(found.units, found.effects, strict=True)
        ]
        texts.append({"words": words, "between": found.between, "figures": figures(found)})
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    template = Path(__file__).with_name("explain_label.html.j2").read_text(encoding="utf-8")
    labels = [visible(label) for label in explained[0].labels]
    return environment.from_string(template).render(texts=texts, run=visible(run), labels=labels, limits=LIMITS)
