"""Source 001 sees a prompt fail that its text does not contain: is it the word, or a state that is never set back?"""

from typing import Any

import pandas as pd

from charcells.text.words import real_word_rate, words
from experiments.claims.temperature import PROMPTS
from experiments.study.findings import Claim, Finding, Region, Verdict
from experiments.study.measures import SHARE, differences, generate, texts_of
from experiments.study.runs import Run, Scale, cross, pick
from experiments.study.tables import means, sample, table
from experiments.study.verdicts import judge_all, judge_mean

CLAIM = Claim(
    name="never_reset",
    source="001",
    quote='Empecemos con una palabra que no conoce el corpus, por ejemplo "Alcohol" … Como vemos el modelo no es capaz '
    "de generar ningún texto que tenga ningún parecido a un posible texto relacionado con el tema. Probemos ahora con "
    "una palabra como «modelo»",
    quote_language="es",
    translation='Let us begin with a word that the corpus does not know, for instance "Alcohol" … As we see, the model '
    "is not able to generate any text that has any likeness to a possible text related to the subject. Let us now try "
    "a word like «modelo»",
    prediction="Not supported: after a word that is not in the text the share of unknown words is larger by less than "
    "0.1, whether the state was ever set back in training or not. A state that is never set back makes the first "
    "characters worse, if anything, and after any prompt alike.",
    judged_by="Share of words that are not in the training text, in the 100 characters after a prompt. Above 0.1, each "
    "by Student's test over twelve models of an arm (three texts, seeds 11 to 14): after a word that is not in the "
    "text − after one that is, with the state never set back, as in the source; and how much larger that difference is "
    "than where the state is set back at each epoch (differences of two models on one text). Both must hold for the "
    "failing to be that of a state never set back. Sampled as in the source, temperature 0.5, from the last "
    "checkpoint, 50 texts after each prompt. Power: with a standard deviation of 0.05 over models a true difference of "
    "0.15 is found above 0.1 in 88 % of cases, one of 0.2 in 100 %; for the second question, with 0.1, 35 and 88 %. A "
    "third arm begins each batch with zeros.",
)
SEEDS = (11, 12, 13, 14)
CHARS = 100_000
STATES: dict[str, dict[str, Any]] = {
    "never": {"data__carry_state": True, "data__reset_state": "never"},
    "at each epoch": {"data__carry_state": True, "data__reset_state": "epoch"},
    "at each batch": {"data__carry_state": False, "data__reset_state": "epoch"},
}
"""When the state is set back in training."""
COUNT, LENGTH, TEMPERATURE = 50, 100, 0.5
LARGE = 0.1
SAME = "text, model, updates, prompts, sampling"


def arm(scale: Scale, state: str) -> list[Run]:
    """The source's recipe with a smaller model, batches of 16 windows instead of 64, and 20 epochs instead of 50."""
    return cross(
        CLAIM.name,
        scale,
        SEEDS if scale.judged else SEEDS[:2],
        experiment="keras_book",
        corpus=scale.texts,
        corpus__max_chars=scale.cut(CHARS),
        corpus__normalize=True,
        model__hidden_size=128 if scale.judged else 8,
        model__embedding_dim=64 if scale.judged else 8,
        data__seq_len=100,
        data__batch_size=16,
        trainer__max_epochs=20 if scale.judged else 2,
        trainer__save_every_epoch=False,
        samples__prompts=None,
        **STATES[state],
    )


def runs(scale: Scale) -> list[Run]:
    return [run for state in STATES for run in arm(scale, state)]


def unknown_words(run: Run, prompt: str) -> float:
    """Share of the words after a prompt that are not in the training text."""
    options: Any = {"count": COUNT, "length": LENGTH, "temperature": TEMPERATURE, "checkpoint": "last"}
    known = set(words(texts_of(run).train))
    return 1 - (real_word_rate(generate(run, prompt=prompt, **options), known) or 0.0)


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each model: unknown words after a prompt that is absent from its text and after one that is there."""
    rows = []
    for state in STATES:
        for run in arm(scale, state):
            corpus = run.overrides["corpus"]
            absent, present = (unknown_words(run, prompt) for prompt in PROMPTS[corpus])
            facts = {"state": state, "corpus": corpus, "seed": run.overrides["seed"]}
            losses = {"train/loss": run.summary()["train/loss"], "run": run}
            rows.append(facts | {"absent": absent, "present": present, "excess": absent - present} | losses)
    return pd.DataFrame(rows)


def questions(frame: pd.DataFrame) -> list[Verdict]:
    region, never = Region(low=LARGE), pick(frame, state="never")["excess"]
    more = differences(frame, "excess", "state", "never", "at each epoch")
    asked = {
        "unknown words, absent − present prompt, never set back": (never, (-1.0, 1.0)),
        "that, never set back − set back at each epoch": (more, (-2.0, 2.0)),
    }
    return [
        judge_mean(question, values, region, unit=SHARE, held_equal=SAME, bounds=bounds)
        for question, (values, bounds) in asked.items()
    ]


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    parts = questions(frame)
    shares = {state: pick(frame, state=state)[["absent", "present"]].mean() for state in STATES}
    found = "; ".join(f"{state} {mean['absent']:.1%} and {mean['present']:.1%}" for state, mean in shares.items())
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("the failing is that of a state never set back", parts, held_equal=SAME), *parts],
        answer=f"Unknown words after a prompt that is absent from the text and after one that is there, by when the "
        f"state is set back in training: {found}.",
        population=f"the recipe of keras_book with one LSTM layer of 128 units on {', '.join(scale.texts)}, {CHARS:,} "
        "characters of each, 20 epochs",
        held_equal=SAME,
        measured=frame.drop(columns="run"),
        tables=[
            table(
                "Unknown words, by when the state is set back",
                means(frame, ["state", "corpus"], ["absent", "present", "excess", "train/loss"]),
                "Prompts: " + "; ".join(f"{corpus}: {', '.join(PROMPTS[corpus])}" for corpus in scale.texts),
            )
        ],
        samples=[
            sample(
                f"state set back {state}, after '{prompt.strip()}'",
                generate(run, count=1, length=300, temperature=TEMPERATURE, prompt=prompt, checkpoint="last")[0],
                run,
                prompt=prompt,
            )
            for state in ("never", "at each epoch")
            for run in [arm(scale, state)[0]]
            for prompt in PROMPTS[run.overrides["corpus"]]
        ],
    )
