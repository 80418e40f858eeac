"""Source 003: words and verses are said to be there after two minutes of 100,000 characters, or two epochs."""

import dataclasses

import pandas as pd

from charcells.corpus import load_corpus
from charcells.files import read_samples
from charcells.findings import Claim, Finding, Region, all_of, of_mean
from charcells.metrics import LAYOUTS, real_word_rate, words
from experiments.plan import SHARE, Run, Scale, cross, curve, means, plot, rows, shown, texts_of, write

CLAIM = Claim(
    name="early_structure",
    source="003",
    quote="Dá para perceber novamente que o Modelo está começando a aprender as palavras, já aprendeu como separa-las "
    "em espaços … O modelo acerta muito bem a estrutura típica do texto, dividida em versículos",
    quote_language="pt",
    translation="One can see again that the model is beginning to learn the words, has already learned how to separate "
    "them by spaces … The model gets the typical structure of the text, divided into verses, very right",
    prediction="Supported: more than 90 % of the lines are well-formed verses in both, and more than 70 % of the words "
    "exist, in less than two minutes of one CPU core.",
    judged_by="From 100,000 characters of the Portuguese Bible and from two epochs of 1,200,000 of King James: "
    "share of sampled lines that are well-formed verses above 0.9, and of words that occur in that Bible above 0.7, by "
    "Student's test over five seeds; training in less than 120 seconds for the former. 10 samples of 1,000 characters, "
    "temperature 0.8.",
)
[VERSES] = [layout for layout in LAYOUTS if layout.name == "verses"]


def arm(scale: Scale, corpus: str) -> list[Run]:
    chars, epochs = {"biblia": (100_000, 25), "kjv": (1_200_000 if scale.chars else None, 2)}[corpus]
    return cross(
        CLAIM.name,
        scale,
        scale.seeds,
        corpus=corpus,
        corpus__max_chars=chars if scale.judged else 6_000,
        trainer__max_epochs=epochs if scale.judged else 1,
        trainer__val_check_interval=1.0 if corpus == "biblia" else 0.125,
        samples__length=2000,
    )


def runs(scale: Scale) -> list[Run]:
    return arm(scale, "biblia") + arm(scale, "kjv")


def judge(scale: Scale) -> Finding:
    records, over_time, names = (
        [],
        {},
        {"biblia": "100,000 characters in Portuguese", "kjv": "King James, 2 epochs of 1,200,000 characters"},
    )
    for corpus in names:
        series = []
        for run in arm(scale, corpus):
            config = run.config()
            whole = dataclasses.replace(config.corpus, max_chars=None)
            known = set(words(load_corpus(whole, config.corpora_dir).text))
            samples = write(run, count=10, length=1000, temperature=0.8)
            texts = texts_of(run)
            human = texts.pieces(min(1000, len(texts.held_out)), 10)
            records.append(
                {
                    "corpus": corpus,
                    "verses": VERSES.rate(samples) or 0.0,
                    "real words": real_word_rate(samples, known) or 0.0,
                    "verses, human": VERSES.rate(human) or 0.0,
                    "seconds": run.summary()["train_seconds"],
                    "val/bpc": run.summary()["val/bpc"],
                }
            )
            series.append(
                [
                    {
                        "chars_seen": sample["chars_seen"],
                        "verses": VERSES.rate([sample["text"]]) or 0.0,
                        "real words": real_word_rate([sample["text"]], known) or 0.0,
                    }
                    for sample in read_samples(run.folder)
                ]
            )
        over_time[corpus] = series
    frame = pd.DataFrame(records)
    questions = [
        of_mean(f"{figure}, {names[corpus]}", frame[frame["corpus"] == corpus][figure], Region(low=least), unit=SHARE)
        for corpus in names
        for figure, least in (("verses", 0.9), ("real words", 0.7))
    ]
    quick = of_mean(
        "seconds of training, 100,000 characters",
        frame[frame["corpus"] == "biblia"]["seconds"],
        Region(high=120.0),
        unit="seconds",
    )
    decided = all_of("verses and words are there, in time", [*questions, quick])
    found = {corpus: frame[frame["corpus"] == corpus].mean(numeric_only=True) for corpus in names}
    return Finding(
        claim=CLAIM,
        verdicts=[decided, *questions, quick],
        answer="; ".join(
            f"{names[corpus]}: {values['verses']:.0%} of the lines are well-formed verses, {values['real words']:.0%} "
            f"of the words exist, after {values['seconds']:.0f} s"
            for corpus, values in found.items()
        )
        + ".",
        population="one LSTM layer of 128 units, one CPU thread",
        held_equal="nothing is compared",
        tables=[rows("Figures", means(frame, ["corpus"], list(frame.columns[1:])))],
        plots=[
            plot(
                f"Structure while training: {names[corpus]}",
                "characters seen",
                SHARE,
                [
                    curve(
                        figure,
                        [point["chars_seen"] for point in series[0]],
                        [[each[i][figure] for each in series] for i in range(min(map(len, series)))],
                    )
                    for figure in ("verses", "real words")
                ],
                description="Share of well-formed verse lines and of real words in samples while training.",
            )
            for corpus, series in over_time.items()
        ],
        samples=[
            shown(names[corpus], write(run, count=1, length=600, temperature=0.8)[0], run)
            for corpus, run in ((corpus, arm(scale, corpus)[0]) for corpus in names)
        ],
    )
