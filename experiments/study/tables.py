"""Tables, plots and samples of a finding as plain values, which JSON holds and the report draws."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.study.findings import Verdict
from experiments.study.measures import texts_of
from experiments.study.runs import Run


def table(title: str, frame: pd.DataFrame, note: str = "") -> dict[str, Any]:
    """A table for the report; numbers are rounded to four significant figures, infinities become None."""
    body = [[_plain(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return {"title": title, "columns": list(frame.columns), "rows": body, "note": note}


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return _finite(float(f"{value:.4g}"))
    return int(value) if isinstance(value, np.integer) else value


def means(frame: pd.DataFrame, by: Sequence[str], figures: Sequence[str]) -> pd.DataFrame:
    """For each group of rows: their number as `runs`, the mean of each figure, its standard deviation as `<figure> sd`.

    Args:
        by: the columns that define the groups.
        figures: the columns to average.
    """
    grouped: Any = frame.groupby(list(by), sort=False)
    parts: dict[str, Any] = {"runs": grouped.size()}
    for name in figures:
        parts |= {name: grouped[name].mean(), f"{name} sd": grouped[name].std()}
    return pd.DataFrame(parts).reset_index()


def curve(name: str, x: Sequence[Any], values: Iterable[Any]) -> dict[str, Any]:
    """A series for a plot: at each x the mean of several runs' values with its 95 % t interval."""
    from scipy import stats

    series: dict[str, Any] = {"name": name, "x": list(x), "y": [], "low": [], "high": []}
    for at_x in values:
        array = np.asarray(at_x, float)
        mean = float(array.mean())
        error = stats.sem(array) * stats.t.ppf(0.975, len(array) - 1) if len(array) > 1 else 0.0
        series["y"].append(mean)
        series["low"].append(mean - float(error))
        series["high"].append(mean + float(error))
    return series


def plot(title: str, x_label: str, y_label: str, series: Sequence[dict[str, Any]], **rest: Any) -> dict[str, Any]:
    """A plot for the report.

    Args:
        rest: kind ("lines" or "points"), log_x, log_y, line (a y that is marked), description (for readers who cannot
            see it).
    """
    plain = {"kind": "lines", "log_x": False, "log_y": False, "line": None, "description": title}
    return {"title": title, "x_label": x_label, "y_label": y_label, "series": list(series), **plain, **rest}


def specification_curve(title: str, effects: pd.DataFrame, unit: str) -> dict[str, Any]:
    """A plot of each recipe's effect with its 95 % interval over seeds, in ascending order.

    Args:
        effects: as `experiments.study.recipes.recipe_effects` returns them.
    """
    series = {
        "name": title,
        "x": [str(recipe) for recipe in effects["recipe"]],
        "y": [_finite(value) for value in effects["estimate"]],
        "low": [_finite(value) for value in effects["low"]],
        "high": [_finite(value) for value in effects["high"]],
    }
    description = f"{title}: the effect of each recipe with its 95 % interval over seeds, in ascending order. Line: 0."
    return plot(title, "recipe", unit, [series], kind="points", line=0.0, description=description)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def sample(title: str, text: str, run: Run, prompt: str = "") -> dict[str, Any]:
    """A generated text for the report, with the spans that it copies from the run's training text.

    `copied` lists [start, end) of copies of COPY_LENGTH characters or more; overlapping copies are merged.
    """
    from charcells.text.copies import COPY_LENGTH, copied_spans, matches

    [match] = matches([text], texts_of(run).train)
    spans: list[list[int]] = []
    for copy in copied_spans(match, COPY_LENGTH):
        if spans and copy.start <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], copy.end)
        else:
            spans.append([copy.start, copy.end])
    return {"title": title, "text": text, "prompt": prompt, "copied": spans}


def estimates(verdicts: Sequence[Verdict]) -> str:
    """The estimates of several verdicts for a sentence, as '+0.012, −0.003'; '–' where there is none."""
    figures = ["–" if verdict.estimate is None else f"{verdict.estimate:+z.3f}" for verdict in verdicts]
    return ", ".join(figures).replace("-", "−")


def spread(effects: pd.DataFrame) -> str:
    """The least and the greatest effect of a recipe for a sentence, as 'from −0.003 to +0.012'."""
    least, greatest = effects["estimate"].min(), effects["estimate"].max()
    return f"from {least:+.3f} to {greatest:+.3f}".replace("-", "−")
