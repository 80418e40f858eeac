"""Source 003 claims that a model learns words and verses in two minutes from 100,000 characters, or in two epochs."""

from typing import Any

import pandas as pd

from charcells.text.words import LAYOUTS, real_word_rate
from experiments.study.findings import Claim, Constant, Finding, Region, Verdict
from experiments.study.measures import SHARE, generate, texts_of, words_of_book
from experiments.study.runs import Run, Scale, cross
from experiments.study.tables import curve, means, plot, sample, table
from experiments.study.verdicts import judge_all, judge_median

CLAIM = Claim(
    name="early_structure",
    source="003",
    quote="Dá para perceber novamente que o Modelo está começando a aprender as palavras, já aprendeu como separa-las "
    "em espaços … O modelo acerta muito bem a estrutura típica do texto, dividida em versículos",
    quote_language="pt",
    translation="One can see again that the model is beginning to learn the words, has already learned how to separate "
    "them by spaces … The model gets the typical structure of the text, divided into verses, very right",
    prediction="Supported: more than 90 % of the lines are well-formed verses in both, and more than 70 % of the words "
    "exist.",
    judged_by="From 100,000 characters of the Portuguese Bible and from two epochs of 1,200,000 of King James: in the "
    "median run the share of sampled lines that are well-formed verses is above 0.9, and of words that occur in that "
    "Bible above 0.7, by the exact sign test over eight new seeds: all four. 10 samples of 1,000 characters, "
    "temperature 0.8. Reported, as a fact of one machine: seconds of training, beside the source's 100. Power: if a "
    "run exceeds a threshold with probability 0.95, 66 % of experiments show it for one figure (all eight must).",
    history="First edition: supported, by means over five seeds whose interval reached beyond a share of 1; the "
    "seconds of one machine were tested. It held when read again.",
)
SEEDS = tuple(range(11, 19))
[VERSES] = [layout for layout in LAYOUTS if layout.name == "verses"]
NAMES = {"biblia": "100,000 characters in Portuguese", "kjv": "King James, 2 epochs of 1,200,000 characters"}
LEAST = {"verses": 0.9, "real words": 0.7}
"""The share that each figure has to exceed."""


def arm(scale: Scale, corpus: str) -> list[Run]:
    chars, epochs = {"biblia": (100_000, 25), "kjv": (1_200_000 if scale.chars else None, 2)}[corpus]
    return cross(
        CLAIM.name,
        scale,
        SEEDS if scale.judged else SEEDS[: scale.seeds],
        corpus=corpus,
        corpus__max_chars=chars if scale.judged else 6_000,
        trainer__max_epochs=epochs if scale.judged else 1,
        trainer__val_check_interval=1.0 if corpus == "biblia" else 0.125,
        samples__length=2000,
    )


def runs(scale: Scale) -> list[Run]:
    return arm(scale, "biblia") + arm(scale, "kjv")


def structure(texts: list[str], known: set[str]) -> dict[str, float]:
    return {"verses": VERSES.rate(texts) or 0.0, "real words": real_word_rate(texts, known) or 0.0}


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each run: the structure of its samples, that of human text, seconds of training and val/bpc."""
    records = []
    for corpus in NAMES:
        for run in arm(scale, corpus):
            texts = texts_of(run)
            human = texts.pieces(min(1000, len(texts.held_out)), 10)
            samples = generate(run, count=10, length=1000, temperature=0.8)
            records.append(
                {
                    "corpus": corpus,
                    "seed": run.overrides["seed"],
                    **structure(samples, words_of_book(run)),
                    "verses, human": VERSES.rate(human) or 0.0,
                    "seconds": run.summary()["train_seconds"],
                    "val/bpc": run.summary()["val/bpc"],
                }
            )
    return pd.DataFrame(records)


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    parts = {corpus: frame[frame["corpus"] == corpus] for corpus in NAMES}
    questions: list[Verdict] = [
        judge_median(f"{figure}, {NAMES[corpus]}", part[figure], Region(low=least), unit=SHARE)
        for corpus, part in parts.items()
        for figure, least in LEAST.items()
    ]
    found = {corpus: part.mean(numeric_only=True) for corpus, part in parts.items()}
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("verses and words are learned", questions), *questions],
        answer="; ".join(
            f"{NAMES[corpus]}: {values['verses']:.0%} of the lines are well-formed verses, {values['real words']:.0%} "
            f"of the words exist, after {values['seconds']:.0f} s"
            for corpus, values in found.items()
        )
        + ".",
        population="one LSTM layer of 128 units, one CPU thread",
        held_equal="nothing is compared",
        measured=frame,
        constants=[
            Constant(f"seconds of training, {NAMES[corpus]}", values["seconds"], "seconds", "mean; one thread of a CPU")
            for corpus, values in found.items()
        ],
        tables=[table("Figures", means(frame, ["corpus"], list(frame.columns[2:])))],
        plots=[learning_plot(scale, corpus) for corpus in NAMES],
        samples=[
            sample(name, generate(run, count=1, length=600, temperature=0.8)[0], run)
            for name, run in ((name, arm(scale, corpus)[0]) for corpus, name in NAMES.items())
        ],
    )


def learning_plot(scale: Scale, corpus: str) -> dict[str, Any]:
    """The structure of the samples that the runs made while they trained, one at each validation."""
    series = []
    for run in arm(scale, corpus):
        known = words_of_book(run)
        taken = run.folder.read_samples()
        series.append([{"chars_seen": one["chars_seen"], **structure([one["text"]], known)} for one in taken])
    points = range(min(map(len, series)))
    return plot(
        f"Structure while training: {NAMES[corpus]}",
        "characters seen",
        SHARE,
        [
            curve(
                figure,
                [point["chars_seen"] for point in series[0]],
                [[one_run[i][figure] for one_run in series] for i in points],
            )
            for figure in LEAST
        ],
        description="Share of well-formed verse lines and of real words in samples generated during training.",
    )
