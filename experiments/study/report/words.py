"""How figures and verdicts are written: the same in the page, in its drawings and in the README."""

import math
import re
from collections.abc import Sequence
from typing import Any

from experiments.study.report.languages import LANGUAGES, OUTCOME, VERDICT_WORDS, Words, phrase, written
from experiments.study.report.reading import VERDICTS, Finding


def number(value: Any) -> str:
    """A figure with up to four significant digits, thousands separated by commas; '–' for None."""
    if value is None:
        return "–"
    if isinstance(value, str | bool):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        text = f"{value:,.0f}"
    elif abs(value) >= 1000:
        text = f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.3g}"
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


def rounded(verdict: Finding) -> dict[str, str]:
    """estimate, low and high of a verdict, with as many decimals as show two digits of the interval's width."""
    figures = {key: verdict[key] for key in ("estimate", "low", "high")}
    width = abs(verdict["high"] - verdict["low"]) if None not in (verdict["low"], verdict["high"]) else 0
    if not width:
        return {key: number(value) for key, value in figures.items()}
    decimals = max(0, 1 - math.floor(math.log10(width)))
    if decimals > 6:
        return {key: number(value and float(f"{value:.2g}")) for key, value in figures.items()}
    return {key: with_decimals(value, decimals) for key, value in figures.items()}


def with_decimals(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:z,.{decimals}f}".replace("-", "−")


def estimate(verdict: Finding) -> str:
    """The estimate with its interval and unit, as 0.012 (−0.010 to 0.034) bits per character.

    Of a verdict in parts those of each part, after its question.
    """
    if parts := verdict.get("parts"):
        return "; ".join(f"{part['question']}: {estimate(part)}" for part in parts)
    if verdict["estimate"] is None:
        return "no estimate"
    text = rounded(verdict)
    interval = "" if verdict["low"] is None and verdict["high"] is None else f" ({text['low']} to {text['high']})"
    return f"{text['estimate']}{interval} {verdict['unit']}".strip()


def region(threshold: str) -> tuple[float, float] | None:
    """The bounds of a threshold as str(Region) writes it; None for any other text."""
    figure = r"[-+−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
    if not (match := re.fullmatch(rf"(above|below|within ±|between) ?({figure})(?: and ({figure}))?", threshold)):
        return None
    low, high = (float(text.replace("−", "-")) if text else math.inf for text in match.group(2, 3))
    relation = match[1]
    if (relation == "between") != (match[3] is not None):
        return None
    return {"above": (low, math.inf), "below": (-math.inf, low), "within ±": (-low, low)}.get(relation, (low, high))


def counts(findings: Sequence[Finding]) -> str:
    """How many findings have each verdict, as '9 supported, 5 refuted'."""
    verdicts = [finding["verdict"] for finding in findings]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS if verdict in verdicts)


def values_of(findings: Sequence[Finding], key: str) -> str:
    """The different values that the findings have for a key, joined by commas."""
    return ", ".join(sorted({finding[key] for finding in findings}))


def period(findings: Sequence[Finding]) -> str:
    """The date of the findings, or the first and the last date."""
    dates = sorted(finding["date"] for finding in findings)
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"


def table_rows(table: Finding) -> list[list[str]]:
    """The cells of a table as they are written.

    Beside a column "x sd" of standard deviations, the column x: the deviation gets two significant digits, the mean as
    many decimals, but no more than the four significant digits that `experiments.study.tables.table` keeps.
    """
    columns = {name: i for i, name in enumerate(table["columns"])}
    pairs = [(i, columns[f"{name} sd"]) for name, i in columns.items() if f"{name} sd" in columns]
    rows = [[number(value) for value in row] for row in table["rows"]]
    for row, texts in zip(table["rows"], rows, strict=True):
        for mean, sd in pairs:
            if _is_figure(row[mean]) and _is_figure(row[sd]) and row[sd] > 0:
                decimals = max(0, _decimals(row[sd], 2))
                if decimals <= 6:
                    texts[sd] = with_decimals(row[sd], decimals)
                    known = decimals if row[mean] == 0 else max(0, _decimals(row[mean], 4))
                    texts[mean] = with_decimals(row[mean], min(decimals, known))
    return rows


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decimals(value: float, digits: int) -> int:
    """The decimals that show a number of significant digits of a value."""
    return digits - 1 - math.floor(math.log10(abs(value)))


def outcome(verdict: Finding) -> Words:
    """What came out, with its figures, in each language: of a verdict in parts how many parts have which verdict."""
    if parts := verdict.get("parts"):
        given = counted([part["verdict"] for part in parts])
        return {lang: OUTCOME["parts"][lang].format(n=len(parts), counts=given[lang]) for lang in LANGUAGES}
    if verdict["estimate"] is None:
        return OUTCOME["nothing"]
    figures, need = figures_in(verdict), needed(verdict)
    return {lang: f"{OUTCOME['measured'][lang].format(figures=figures[lang])} {need[lang]}" for lang in LANGUAGES}


def figures_in(verdict: Finding) -> Words:
    """The estimate with its unit and interval in each language."""
    if verdict["estimate"] is None:
        return OUTCOME["nothing"]
    pattern = "figure" if verdict["low"] is None and verdict["high"] is None else "interval"
    units = phrase(verdict["unit"]) or dict.fromkeys(LANGUAGES, verdict["unit"])
    texts = {}
    for lang in LANGUAGES:
        figures = {key: written(figure, lang) for key, figure in rounded(verdict).items()}
        texts[lang] = OUTCOME[pattern][lang].format(unit=units[lang], **figures)
    return texts


def needed(verdict: Finding) -> Words:
    """The values for which the claim is true, in each language; nothing for a threshold that is no region."""
    if not (bounds := region(verdict["threshold"])):
        return dict.fromkeys(LANGUAGES, "")
    low, high = bounds
    relation = "above" if math.isinf(high) else "below" if math.isinf(low) else "between"
    texts = {}
    for lang in LANGUAGES:
        figures = {"low": written(number(low), lang) if math.isfinite(low) else ""}
        figures |= {"high": written(number(high), lang) if math.isfinite(high) else ""}
        texts[lang] = OUTCOME["needed"][lang].format(region=OUTCOME[relation][lang].format(**figures))
    return texts


def counted(given: Sequence[str]) -> Words:
    """How many of the verdicts are of each kind, in each language, as 'supported 9, refuted 5'."""
    used = [word for word in VERDICTS if word in given]
    return {lang: ", ".join(f"{VERDICT_WORDS[word][lang]} {given.count(word)}" for word in used) for lang in LANGUAGES}
