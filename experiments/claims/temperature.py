"""Source 001 claims that higher temperatures make a model more creative and cause more errors."""

from typing import Any

import pandas as pd

from charcells.text.words import distinct, real_word_rate, words
from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Verdict
from experiments.study.measures import SHARE, generate, texts_of
from experiments.study.runs import Run, Scale, default_models, pick
from experiments.study.tables import curve, means, plot, sample, table
from experiments.study.verdicts import judge_all, judge_mean, judge_trend

CLAIM = Claim(
    name="temperature",
    source="001",
    quote='Con "temperaturas altas" (hasta 1) se permitirá más creatividad al modelo para generar texto pero a costa '
    'de más errores … Mientras que con "temperaturas bajas" habrá menos errores pero el modelo mostrará poca '
    "creatividad",
    quote_language="es",
    translation='With "high temperatures" (up to 1) the model is allowed more creativity in generating text, but at '
    'the cost of more errors … while with "low temperatures" there will be fewer errors but the model will show little '
    "creativity",
    prediction="Supported: both the share of unknown words and the share of distinct word pairs rise from 0.1 to 1. "
    "The unknown prompt does no harm after the first word, where the source saw it fail.",
    judged_by="Share of sampled words that are not in the training text, and distinct-2 of words, over temperatures "
    "0.1, 0.25, 0.5, 0.75 and 1: Page's trend test over the runs (the same models at each temperature), both rising. "
    "Also reported: errors after a prompt that is not in the text − errors after one that is. Eight seeds, 20 samples "
    "of 500 characters each.",
)
TEMPERATURES = (0.1, 0.25, 0.5, 0.75, 1.0)
PROMPTS = {"biblia": ("Alcool ", "Senhor "), "quijote": ("Alcohol ", "caballero "), "pydoc": ("Alcohol ", "function ")}
"""For each corpus a word that is not in it, and one that is."""
COUNT, LENGTH = 20, 500
SAME = "model, prompt, length and number of samples"


def models(scale: Scale) -> list[Run]:
    """LSTMs of the default recipe."""
    return default_models(scale, "lstm", scale.texts)


def runs(scale: Scale) -> list[Run]:
    return models(scale)


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
        for figure in ("unknown words", "distinct-2"):
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
        for figure in ("unknown words", "distinct-2")
    ]


def human(scale: Scale) -> str:
    """The same figures for held-out human text, as a note below a table."""
    parts = []
    for corpus in scale.texts:
        [texts, *_] = [texts_of(run) for run in models(scale) if run.overrides["corpus"] == corpus]
        found = figures(texts.pieces(min(LENGTH, len(texts.held_out)), COUNT), set(words(texts.train)))
        parts.append(f"{corpus} {found['unknown words']:.3f} and {found['distinct-2']:.3f}")
    return "Held-out human text, unknown words and distinct-2: " + ", ".join(parts) + "."


def effect_of_an_unknown_prompt(scale: Scale) -> Verdict:
    differences = []
    for run in models(scale):
        known = set(words(texts_of(run).train))
        absent, present = (
            figures(generate(run, count=COUNT, length=100, temperature=0.5, prompt=prompt), known)["unknown words"]
            for prompt in PROMPTS[run.overrides["corpus"]]
        )
        differences.append(absent - present)
    return judge_mean(  # pairs: the same model after either prompt
        "unknown words in the 100 characters after a prompt that is not in the text − after one that is",
        differences,
        ABOVE_ZERO,
        unit=SHARE,
        held_equal=f"{SAME}, temperature 0.5",
    )


def judge(scale: Scale) -> Finding:
    frame = measure(scale, "temperature", TEMPERATURES, [{"temperature": value} for value in TEMPERATURES])
    rising = trends(scale, frame, "temperature", TEMPERATURES, SAME)
    prompts = effect_of_an_unknown_prompt(scale)
    low, high = (frame[frame["temperature"] == value] for value in (TEMPERATURES[0], TEMPERATURES[-1]))
    first = models(scale)[0]
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("errors and variety rise with temperature", rising, held_equal=SAME), *rising, prompts],
        answer=f"From temperature {TEMPERATURES[0]} to {TEMPERATURES[-1]} the share of unknown words changes from "
        f"{low['unknown words'].mean():.1%} to {high['unknown words'].mean():.1%}, that of distinct word pairs from "
        f"{low['distinct-2'].mean():.1%} to {high['distinct-2'].mean():.1%}. A prompt that is not in the text changes "
        f"the share of unknown words after it by {prompts.estimate:+.1%}.",
        population=f"LSTMs of the default recipe on {', '.join(scale.texts)}",
        held_equal=SAME,
        tables=[
            table("Figures", means(frame, ["corpus", "temperature"], ["unknown words", "distinct-2"]), human(scale))
        ],
        plots=plots(scale, frame, "temperature", TEMPERATURES),
        samples=[
            sample(
                f"temperature {value}, {first.overrides['corpus']}",
                generate(first, count=1, length=300, temperature=value)[0],
                first,
            )
            for value in (0.1, 0.5, 1.0)
        ],
    )
