"""Source 001 claims that higher temperatures make a model more creative and cause more errors."""

import pandas as pd

from charcells.text.words import words
from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Verdict
from experiments.study.measures import SHARE, differences, generate, texts_of
from experiments.study.runs import Run, Scale
from experiments.study.sampling import (
    COUNT,
    FIGURES,
    SAME,
    beyond_human,
    figures,
    human,
    human_constants,
    measure,
    models,
    plots,
    trends,
)
from experiments.study.tables import means, sample, table
from experiments.study.verdicts import judge_all, judge_mean

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
    prediction="Supported: both the share of unknown words and the share of distinct word pairs rise from 0.1 to 1. At "
    "temperature 1 unknown words are more than twice as frequent as in human text of the same book, at 0.1 rarer than "
    "there: 'fewer errors' is fewer than a person makes. The unknown prompt does no harm after the first word, where "
    "the source saw it fail.",
    judged_by="Share of sampled words that are not in the training text, and distinct-2 of words, over temperatures "
    "0.1, 0.25, 0.5, 0.75 and 1: the mean rank correlation of the runs (the same models at each temperature), above 0 "
    "by Student's test and Page's trend test both, on every corpus. Eight new seeds, 20 samples of 500 characters "
    "each. Also: the share of unknown words at 1 − that of held-out human text of the book, which is a constant, above "
    "0 on every corpus; and errors after a prompt that is not in the text − errors after one that is. Power: eight "
    "runs that all rise throughout support a trend (six would do).",
    history="First edition: supported, with seeds 1 to 5: from 0.1 to 1 unknown words rose from 4.3 to 27.5 %, "
    "distinct pairs from 3.2 to 92.0 %. It held when read again; five runs that all rise have since been found too "
    "few, and 'more errors' is to be read beside the 5 to 13 % of words in human text that the model has "
    "not met.",
)
TEMPERATURES = (0.1, 0.25, 0.5, 0.75, 1.0)
PROMPTS = {"biblia": ("Alcool ", "Senhor "), "quijote": ("Alcohol ", "caballero "), "pydoc": ("Alcohol ", "function ")}
"""For each corpus a word that is not in it, and one that is."""


def runs(scale: Scale) -> list[Run]:
    return models(scale)


def after_prompts(scale: Scale) -> pd.DataFrame:
    """A row for each model and `prompt`, one that is absent from its text and one that is present: its `figures`."""
    rows = []
    for run in models(scale):
        known, facts = set(words(texts_of(run).train)), {key: run.overrides[key] for key in ("corpus", "seed")}
        for name, prompt in zip(("absent", "present"), PROMPTS[run.overrides["corpus"]], strict=True):
            written = generate(run, count=COUNT, length=100, temperature=0.5, prompt=prompt)
            rows.append({**facts, "temperature": 0.5, **figures(written, known), "prompt": name})
    return pd.DataFrame(rows)


def effect_of_an_unknown_prompt(frame: pd.DataFrame) -> Verdict:
    return judge_mean(  # pairs: the same model after either prompt
        "unknown words in the 100 characters after a prompt that is not in the text − after one that is",
        differences(frame, "unknown words", "prompt", "absent", "present"),
        ABOVE_ZERO,
        unit=SHARE,
        held_equal=f"{SAME}, temperature 0.5",
        bounds=(-1.0, 1.0),
    )


def judge(scale: Scale) -> Finding:
    frame = measure(scale, "temperature", TEMPERATURES, [{"temperature": value} for value in TEMPERATURES])
    rising = trends(scale, frame, "temperature", TEMPERATURES, SAME)
    prompted = after_prompts(scale)
    prompts = effect_of_an_unknown_prompt(prompted)
    low, high = (frame[frame["temperature"] == value] for value in (TEMPERATURES[0], TEMPERATURES[-1]))
    people = ", ".join(f"{values['unknown words']:.1%} ({corpus})" for corpus, values in human(scale).items())
    first = models(scale)[0]
    return Finding(
        claim=CLAIM,
        verdicts=[
            judge_all("errors and variety rise with temperature", rising, held_equal=SAME),
            *rising,
            *beyond_human(scale, high, SAME),
            prompts,
        ],
        answer=f"From temperature {TEMPERATURES[0]} to {TEMPERATURES[-1]} the share of unknown words changes from "
        f"{low['unknown words'].mean():.1%} to {high['unknown words'].mean():.1%}, that of distinct word pairs from "
        f"{low['distinct-2'].mean():.1%} to {high['distinct-2'].mean():.1%}. In held-out human text so many words "
        f"are unknown: {people}. A prompt that is not in the text changes "
        f"the share of unknown words after it by {prompts.estimate:+.1%}.",
        population=f"LSTMs of the default recipe on {', '.join(scale.texts)}",
        held_equal=SAME,
        measured=pd.concat([frame, prompted]),
        constants=human_constants(scale),
        tables=[table("Figures", means(frame, ["corpus", "temperature"], list(FIGURES)))],
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
