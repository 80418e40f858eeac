"""Source 000 claims that from a text of a tenth of the length, the generated text was wrong."""

import math
from typing import Any

import pandas as pd

from charcells.text.words import real_word_rate, words
from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Verdict
from experiments.study.measures import BITS, SHARE, generate, judge_on_each_corpus, texts_of
from experiments.study.runs import Run, Scale, cross, pick, run_table
from experiments.study.tables import curve, estimates, means, plot, sample, table
from experiments.study.verdicts import judge_all, judge_difference

CLAIM = Claim(
    name="corpus_size",
    source="000",
    quote="al momento de variar la longitud del texto al 10 % de la anterior, el texto generado fue erróneo",
    quote_language="es",
    translation="on changing the length of the text to 10 % of the former, the generated text was wrong",
    prediction="Supported in direction, and mostly not for the reason given: a tenth of the text at equal epochs is a "
    "tenth of the updates, and that alone costs more than half of the loss. At equal updates a gap of more than 0.1 "
    "bits per character remains, which is due to the lack of text; the model then overfits it.",
    judged_by="val/bpc of a tenth − val/bpc of the whole, above 0 by Welch's test on every corpus, at equal epochs "
    "and at equal updates, on the same held-out text and over blocks of it. Five seeds of the whole, five disjoint "
    "tenths. Also reported: the effect of fewer updates alone on the whole text, the share of real words, and how "
    "different each tenth is from the held-out text.",
    main=True,
)
CHARS = 400_000
TENTHS = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Where each tenth begins, as a share of the training text."""
WHOLE, SHORT = "whole", "whole, a tenth of the updates"
TENTH_EPOCHS, TENTH_UPDATES = "a tenth, equal epochs", "a tenth, equal updates"
SAME = "held-out text, vocabulary, hidden size, 16 streams"


def epochs(scale: Scale) -> int:
    return scale.epochs + 1


def whole(scale: Scale) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        scale.seeds,
        corpus=scale.texts,
        corpus__max_chars=scale.cut(CHARS),
        trainer__max_epochs=epochs(scale),
    )


def tenths(scale: Scale, times: int = 1) -> list[Run]:
    """Five disjoint tenths, each with a seed of its own, trained for `times` times the epochs of the whole."""
    return [
        run
        for seed, offset in enumerate(TENTHS, 1)
        for run in cross(
            CLAIM.name,
            scale,
            (seed,),
            corpus=scale.texts,
            corpus__max_chars=scale.cut(CHARS),
            data__train_fraction=0.1,
            data__train_offset=offset,
            trainer__max_epochs=times * epochs(scale),
        )
    ]


def short(scale: Scale) -> list[Run]:
    """The whole text, with as many updates as a tenth makes in its epochs."""
    made = []
    for corpus in scale.texts:
        [tenth] = [run for run in tenths(scale) if run.overrides["corpus"] == corpus and run.overrides["seed"] == 1]
        updates = tenth.summary()["steps"]
        made += cross(
            CLAIM.name,
            scale,
            scale.seeds,
            corpus=corpus,
            corpus__max_chars=scale.cut(CHARS),
            trainer__max_epochs=epochs(scale),
            trainer__max_steps=updates,
        )
    return made


def arms(scale: Scale) -> dict[str, list[Run]]:
    return {
        WHOLE: whole(scale),
        TENTH_EPOCHS: tenths(scale),
        TENTH_UPDATES: tenths(scale, times=10),
        SHORT: short(scale),
    }


def runs(scale: Scale) -> list[Run]:
    wanted = whole(scale) + tenths(scale) + tenths(scale, times=10)
    return wanted + (short(scale) if all(run.done() for run in tenths(scale)) else [])


def distance(run: Run) -> float:
    """How different the held-out text is from the run's training text: its bits per character under an n-gram model
    of that training text."""
    from charcells.text.ngrams import KneserNey
    from charcells.text.vocabulary import Vocabulary

    texts = texts_of(run)
    vocabulary = Vocabulary.of(texts.train + texts.held_out)
    both = vocabulary.encode(texts.train + texts.held_out)
    model = KneserNey(both[: len(texts.train)], vocabulary, 5)
    return float(model.losses(both, len(texts.train), len(both))[5] / math.log(2))


def judge(scale: Scale) -> Finding:
    def gap(question: str, a: list[Run], b: list[Run], equal: str) -> list[Verdict]:
        held_equal = f"{SAME}, {equal}"
        return judge_on_each_corpus(question, scale, a, b, ABOVE_ZERO, held_equal=held_equal, min_runs=5)

    sides = arms(scale)
    full, tenth, tenth_long, full_short = (sides[name] for name in (WHOLE, TENTH_EPOCHS, TENTH_UPDATES, SHORT))
    at_epochs = gap("a tenth − the whole, equal epochs", tenth, full, "epochs")
    at_updates = gap("a tenth − the whole, equal updates", tenth_long, full, "updates")
    fewer = gap("the whole with a tenth of the updates − the whole", full_short, full, "text")
    at_few = gap("a tenth − the whole, both with a tenth of the updates", tenth, full_short, "updates")
    both = "a tenth − the whole, at equal epochs and at equal updates"
    decided = judge_all(both, [at_epochs[0], at_updates[0]], held_equal=SAME)
    frame, by_tenth = measure(sides), measure_tenths(tenth_long)
    spread = by_tenth.groupby("corpus")["val/bpc"].agg(lambda column: column.max() - column.min())
    return Finding(
        claim=CLAIM,
        verdicts=[decided, *at_epochs, *at_updates, *fewer, *at_few, *spelling(scale, frame)],
        answer=f"On {', '.join(scale.texts)} a tenth of the text costs {estimates(at_epochs[1:])} bits per character "
        f"at equal epochs, and {estimates(at_updates[1:])} at equal updates, where only the amount of text differs. "
        f"Training on all of the text with a tenth of the updates costs {estimates(fewer[1:])}: "
        f"{', '.join(shares(fewer[1:], at_epochs[1:]))} of the gap at equal epochs. The choice of the tenth changes "
        f"the loss by {spread.mean():.2f} (largest − smallest, mean over the corpora).",
        population=f"one LSTM layer on {', '.join(scale.texts)}, {scale.cut(CHARS) or 'all'} characters of each, "
        f"{epochs(scale)} epochs",
        held_equal=SAME,
        tables=tables(frame, by_tenth),
        plots=[arms_plot(scale, frame)],
        samples=[
            sample(f"{name}, {run.overrides['corpus']}", generate(run, count=1, length=500, top_k=5)[0], run)
            for name, [run, *_] in sides.items()
        ],
    )


def measure(sides: dict[str, list[Run]]) -> pd.DataFrame:
    """A row for each run, with its `arm`, its share of `real words` and its `best epoch`.

    A real word is one that occurs in the training text of the whole: a tenth knows fewer words, and would be judged by
    a shorter list.
    """
    frame = pd.concat([run_table(side).assign(arm=name) for name, side in sides.items()])
    known = {run.overrides["corpus"]: set(words(texts_of(run).train)) for run in sides[WHOLE]}
    frame["real words"] = [
        real_word_rate(generate(run, count=10, length=1000, top_k=5), known[run.overrides["corpus"]])
        for run in frame["run"]
    ]
    frame["best epoch"] = frame["best_step"] / frame["steps"] * frame["epochs"]
    return frame


def measure_tenths(side: list[Run]) -> pd.DataFrame:
    """A row for each run on a tenth: its corpus, where its tenth begins, its val/bpc and the n-gram's."""
    parts = run_table(side)[["corpus", "data.train_offset", "val/bpc"]]
    parts["n-gram"] = [distance(run) for run in side]
    return parts


def spelling(scale: Scale, frame: pd.DataFrame) -> list[Verdict]:
    return [
        judge_difference(
            f"share of real words, the whole − {arm}, {corpus}",
            pick(frame, arm=WHOLE, corpus=corpus)["real words"],
            pick(frame, arm=arm, corpus=corpus)["real words"],
            ABOVE_ZERO,
            unit=SHARE,
            held_equal=SAME,
        )
        for arm in (TENTH_EPOCHS, TENTH_UPDATES)
        for corpus in scale.texts
    ]


def shares(parts: list[Verdict], wholes: list[Verdict]) -> list[str]:
    """The estimate of each part as a percentage of the whole's, where both have one."""
    pairs = [(part.estimate, whole_.estimate) for part, whole_ in zip(parts, wholes, strict=True)]
    return [f"{part / whole_:.0%}" for part, whole_ in pairs if part and whole_]


def tables(frame: pd.DataFrame, by_tenth: pd.DataFrame) -> list[dict[str, Any]]:
    figures = ["val/bpc", "test/bpc", "train/loss", "real words", "steps", "best epoch"]
    return [
        table("All arms", means(frame, ["corpus", "arm"], figures), "train/loss: nats per character, at the end."),
        table(
            "The tenths, at equal updates",
            by_tenth,
            "n-gram: bits per character of the validation text under a Kneser-Ney model with 5 characters of context, "
            "trained on the same tenth, which measures how different that tenth is from it.",
        ),
    ]


def arms_plot(scale: Scale, frame: pd.DataFrame) -> dict[str, Any]:
    names = list(frame["arm"].unique())
    return plot(
        "A tenth of the text against the whole",
        "arm",
        f"validation, {BITS}",
        [
            curve(corpus, names, [pick(frame, arm=name, corpus=corpus)["val/bpc"] for name in names])
            for corpus in scale.texts
        ],
        kind="points",
        description="Validation loss of the four arms on each corpus.",
    )
