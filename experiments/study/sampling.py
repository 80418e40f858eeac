"""What the claims about sampling share: errors and variety of sampled text along the values of an option."""

from typing import Any

import pandas as pd

from charcells.text.words import distinct, real_word_rate, words
from experiments.study.findings import ABOVE_ZERO, Constant, Verdict
from experiments.study.measures import SHARE, generate, texts_of
from experiments.study.runs import Run, Scale, default_models, pick
from experiments.study.tables import curve, plot
from experiments.study.verdicts import judge_mean, judge_trend

FIGURES = ("unknown words", "distinct-2")

COUNT, LENGTH = 20, 500
SAME = "model, prompt, length and number of samples"


def models(scale: Scale) -> list[Run]:
    """LSTMs of the default recipe."""
    return default_models(scale, "lstm", scale.texts)


def figures(samples: list[str], known: set[str]) -> dict[str, float]:
    """Errors and variety of texts: the share of words that are not `known`, and of word pairs that are distinct."""
    return {
        "unknown words": 1 - (real_word_rate(samples, known) or 0.0),
        "distinct-2": distinct([words(sample, whole=True) for sample in samples], 2) or 0.0,
    }


def measure(scale: Scale, name: str, levels: tuple[Any, ...], options: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each model and each level of a sampling option, with `figures`.

    Args:
        name: the option, which becomes a column.
        levels: its values as the finding shows them.
        options: for each level the arguments of `generate`.
    """
    records = []
    for run in models(scale):
        known = set(words(texts_of(run).train))
        for level, option in zip(levels, options, strict=True):
            found = figures(generate(run, count=COUNT, length=LENGTH, **option), known)
            records.append({"corpus": run.overrides["corpus"], "seed": run.overrides["seed"], name: level, **found})
    return pd.DataFrame(records)


def trends(scale: Scale, frame: pd.DataFrame, name: str, levels: tuple[Any, ...], held_equal: str) -> list[Verdict]:
    """Whether errors and variety rise with a sampling option, on each corpus."""
    verdicts = []
    for corpus in scale.texts:
        for figure in FIGURES:
            curves = pick(frame, corpus=corpus).pivot(index="seed", columns=name, values=figure)[list(levels)]
            question = f"{figure} rise with {name}, {corpus}"
            verdicts.append(judge_trend(question, curves, rising=True, held_equal=held_equal))
    return verdicts


def plots(scale: Scale, frame: pd.DataFrame, name: str, levels: tuple[Any, ...], **rest: Any) -> list[dict[str, Any]]:
    return [
        plot(
            f"{figure} against {name}",
            name,
            SHARE,
            [
                curve(corpus, levels, [pick(frame, corpus=corpus, **{name: level})[figure] for level in levels])
                for corpus in scale.texts
            ],
            description=f"{figure} of sampled text against {name}, the mean over the models with its 95 % interval.",
            **rest,
        )
        for figure in FIGURES
    ]


def human(scale: Scale) -> dict[str, dict[str, float]]:
    """The same figures for held-out human text of each corpus: they are the same whatever the model."""
    found = {}
    for corpus in scale.texts:
        [texts, *_] = [texts_of(run) for run in models(scale) if run.overrides["corpus"] == corpus]
        found[corpus] = figures(texts.pieces(min(LENGTH, len(texts.held_out)), COUNT), set(words(texts.train)))
    return found


def human_constants(scale: Scale) -> list[Constant]:
    return [
        Constant(f"{figure} in held-out human text, {corpus}", value, SHARE)
        for corpus, values in human(scale).items()
        for figure, value in values.items()
    ]


def beyond_human(scale: Scale, frame: pd.DataFrame, held_equal: str) -> list[Verdict]:
    """Whether models of each corpus write more unknown words than people do.

    Args:
        frame: a row for each model, at the level with the most errors.
    """
    return [
        judge_mean(
            f"unknown words without restraint − in held-out human text, {corpus}",
            pick(frame, corpus=corpus)["unknown words"] - values["unknown words"],
            ABOVE_ZERO,
            unit=SHARE,
            held_equal=held_equal,
            bounds=(-values["unknown words"], 1 - values["unknown words"]),
        )
        for corpus, values in human(scale).items()
    ]
