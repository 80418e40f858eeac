"""Source 001 claims that always taking the likeliest character may lead a model into a loop."""

import pandas as pd

from experiments.study.findings import Claim, Finding, Region, Verdict
from experiments.study.measures import SHARE, texts_of
from experiments.study.runs import Run, Scale, default_models, pick
from experiments.study.tables import curve, means, plot, sample, table
from experiments.study.verdicts import judge_all, judge_share

CLAIM = Claim(
    name="greedy_loops",
    source="001",
    quote='no se eligirá el carácter más "probable" (mediante argmax)como se hizo en el capítulo 2 puesto que el '
    "modelo pueda entrar en un bucle. Lo que se hará es obtener una muestra de la distribución de salida",
    quote_language="es",
    translation='the most "probable" character (by argmax) will not be chosen, as was done in chapter 2, since the '
    "model may enter a loop. Instead a sample of the output distribution is taken",
    prediction="Supported: at temperature 0 nearly every text of 2,000 characters ends in a loop, whatever text the "
    "model has read. At temperature 1 none does, and at 0.5 hardly any.",
    judged_by="Share of models whose text ends in a loop: above a half at temperature 0, below a half at temperature "
    "1; both, by exact binomial tests over 24 models (three texts, eight seeds each; no earlier claim has looked at "
    "their greedy text), one text of each model with its first prompt. A loop: the last 50 characters or more consist "
    "of a passage that is repeated at least three times. Power: at least 18 of 24 are needed, which happens in 99 % of "
    "cases if the true share is 0.9, in 81 % if it is 0.8. Nine further prompts of each model "
    "and temperature 0.5 are reported, not tested: texts of one model are not independent.",
)
TEMPERATURES = (0.0, 0.5, 1.0)
PROMPTS, PROMPT_LENGTH, LENGTH = 10, 50, 2000
REPEATS, LEAST = 3, 50
"""Repetitions and characters that make a loop at least."""
SAME = "model, prompt, length of the text"


def runs(scale: Scale) -> list[Run]:
    return default_models(scale, "lstm", scale.texts)


def cycle(text: str) -> tuple[int, int] | None:
    """The loop in which a text ends: (characters of the repeated passage, position where the loop begins).

    The shortest passage is taken. None unless it is repeated at least REPEATS times and for LEAST characters.
    """
    for period in range(1, len(text) // REPEATS + 1):
        tail = max(REPEATS * period, LEAST)
        if tail <= len(text) and text[-tail:-period] == text[len(text) - tail + period :]:
            begin = len(text) - tail
            while begin > 0 and text[begin - 1] == text[begin - 1 + period]:
                begin -= 1
            return period, begin
    return None


def written(run: Run, temperature: float) -> list[str]:
    """A text for each prompt, a piece of the held-out text; without the prompt."""
    from charcells import load

    prompts = texts_of(run).pieces(PROMPT_LENGTH, PROMPTS)
    texts = load(run.folder.best).generate_many(
        prompts, seeds=range(11, 11 + len(prompts)), length=LENGTH, temperature=temperature
    )
    return [text[-LENGTH:] for text in texts]


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each model, temperature and prompt: whether the text loops, the loop's length and its beginning."""
    rows = []
    for run in runs(scale):
        for temperature in TEMPERATURES:
            for prompt, text in enumerate(written(run, temperature)):
                found = cycle(text)
                rows.append(
                    {
                        "corpus": run.overrides["corpus"],
                        "seed": run.overrides["seed"],
                        "temperature": temperature,
                        "prompt": prompt,
                        "loops": found is not None,
                        "loop length": found[0] if found else None,
                        "loop begins": found[1] if found else None,
                    }
                )
    return pd.DataFrame(rows)


def share(frame: pd.DataFrame, temperature: float, region: Region) -> Verdict:
    """Of the models, by the text with the first prompt."""
    loops = pick(frame, temperature=temperature, prompt=0)["loops"]
    question = f"texts that end in a loop, temperature {temperature:g}"
    return judge_share(question, int(loops.sum()), len(loops), region, unit="share of models", held_equal=SAME)


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    parts = [share(frame, 0.0, Region(low=0.5)), share(frame, 1.0, Region(high=0.5))]
    shares = frame.groupby("temperature")["loops"].mean()
    looping = pick(frame, loops=True, temperature=0.0)
    [first, *_] = runs(scale)
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("greedy text loops, sampled text does not", parts, held_equal=SAME), *parts],
        answer=f"Over all prompts {shares[0.0]:.0%} of the texts at temperature 0 end in a loop, {shares[0.5]:.0%} at "
        f"0.5 and {shares[1.0]:.0%} at 1. "
        + (
            f"At temperature 0 the repeated passage has {looping['loop length'].median():.0f} characters and begins "
            f"after {looping['loop begins'].median():.0f} (medians)."
            if len(looping)
            else ""
        ),
        population=f"one LSTM layer of 128 units, default recipe, on {', '.join(scale.texts)}; {PROMPTS} prompts of "
        f"{PROMPT_LENGTH} characters of held-out text, {LENGTH:,} characters written after each",
        held_equal=SAME,
        measured=frame,
        tables=[
            table(
                "Texts that end in a loop",
                means(frame, ["corpus", "temperature"], ["loops", "loop length", "loop begins"]),
                f"Over {PROMPTS} prompts of each model.",
            )
        ],
        plots=[
            plot(
                "Texts that end in a loop",
                "temperature",
                SHARE,
                [curve(corpus, TEMPERATURES, of_models(pick(frame, corpus=corpus))) for corpus in scale.texts],
                description="Share of texts that end in a loop against the temperature, for each training text.",
            )
        ],
        samples=[
            sample(f"temperature {value:g}, the first 500 characters", written(first, value)[0][:500], first)
            for value in TEMPERATURES
        ],
    )


def of_models(frame: pd.DataFrame) -> list[list[float]]:
    """For each temperature the share of each model's texts that loop."""
    return [list(pick(frame, temperature=value).groupby("seed")["loops"].mean()) for value in TEMPERATURES]
