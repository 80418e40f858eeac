"""Source 000: from a text of a tenth of the length, text is said to be generated wrongly."""

import math

import pandas as pd

from charcells.findings import ABOVE_ZERO, Claim, Finding, Verdict, all_of, of_difference
from charcells.metrics import real_word_rate, words
from experiments.plan import (
    BITS,
    SHARE,
    Run,
    Scale,
    cross,
    curve,
    each,
    means,
    on_each_corpus,
    pick,
    plot,
    rows,
    shown,
    table,
    texts_of,
    write,
)

CLAIM = Claim(
    name="corpus_size",
    source="000",
    quote="al momento de variar la longitud del texto al 10 % de la anterior, el texto generado fue erróneo",
    quote_language="es",
    translation="on changing the length of the text to 10 % of the former, the generated text was wrong",
    prediction="Supported in direction, and mostly not for the reason given: a tenth of the text at equal epochs is a "
    "tenth of the updates, and that alone costs more than half of the loss. At equal updates a gap of more than 0.1 "
    "bits per character remains, which is the lack of text; the model then overfits it.",
    judged_by="val/bpc of a tenth less val/bpc of the whole, above 0 by Welch's test on every corpus, at equal epochs "
    "and at equal updates, on the same held-out text and over blocks of it. Five seeds of the whole, five disjoint "
    "tenths. Beside it: what fewer updates alone do to the whole text, the share of real words, and how far each "
    "tenth is from the held-out text.",
    main=True,
)
CHARS = 400_000
TENTHS = (0.0, 0.2, 0.4, 0.6, 0.8)


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
    """Five disjoint tenths, each with a seed of its own, for so many times the epochs of the whole."""
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
    """The whole text, with the updates that a tenth makes in its epochs."""
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


def runs(scale: Scale) -> list[Run]:
    wanted = whole(scale) + tenths(scale) + tenths(scale, times=10)
    return wanted + (short(scale) if all(run.done() for run in tenths(scale)) else [])


def distance(run: Run) -> float:
    """Bits per character of the held-out text by an n-gram model of what the run was trained on: how far it is off."""
    from charcells.baselines import KneserNey
    from charcells.vocabulary import Vocabulary

    texts = texts_of(run)
    vocabulary = Vocabulary.of(texts.train + texts.held_out)
    both = vocabulary.encode(texts.train + texts.held_out)
    model = KneserNey(both[: len(texts.train)], vocabulary, 5)
    return float(model.losses(both, len(texts.train), len(both))[5] / math.log(2))


def judge(scale: Scale) -> Finding:
    arms = {
        "whole": whole(scale),
        "a tenth, equal epochs": tenths(scale),
        "a tenth, equal updates": tenths(scale, times=10),
        "whole, a tenth of the updates": short(scale),
    }
    full, tenth, tenth_long, full_short = arms.values()
    same = "held-out text, vocabulary, hidden size, 16 streams"

    def gap(question: str, a: list[Run], b: list[Run], equal: str) -> list[Verdict]:
        return on_each_corpus(question, scale, a, b, ABOVE_ZERO, held_equal=f"{same}, {equal}", min_runs=5)

    at_epochs = gap("a tenth less the whole, equal epochs", tenth, full, "epochs")
    at_updates = gap("a tenth less the whole, equal updates", tenth_long, full, "updates")
    fewer = gap("the whole with a tenth of the updates less the whole", full_short, full, "text")
    at_few = gap("a tenth less the whole, both with a tenth of the updates", tenth, full_short, "updates")
    both = "a tenth less the whole, at equal epochs and at equal updates"
    decided = all_of(both, [at_epochs[0], at_updates[0]], held_equal=same)

    frame = pd.concat([table(side).assign(arm=name) for name, side in arms.items()])
    known = {run.overrides["corpus"]: set(words(texts_of(run).train)) for run in full}
    frame["real words"] = [
        real_word_rate(write(run, count=10, length=1000, top_k=5), known[run.overrides["corpus"]])
        for run in frame["run"]
    ]
    frame["epoch of the best"] = frame["best_step"] / frame["steps"] * frame["epochs"]
    spelling = [
        of_difference(
            f"share of real words, the whole less {arm}, {corpus}",
            pick(frame, arm="whole", corpus=corpus)["real words"],
            pick(frame, arm=arm, corpus=corpus)["real words"],
            ABOVE_ZERO,
            unit=SHARE,
            held_equal=same,
        )
        for arm in ("a tenth, equal epochs", "a tenth, equal updates")
        for corpus in scale.texts
    ]
    parts = pick(frame, arm="a tenth, equal updates")[["corpus", "data.train_offset", "val/bpc"]]
    parts["n-gram"] = [distance(run) for run in tenth_long]
    spread = parts.groupby("corpus")["val/bpc"].agg(lambda column: column.max() - column.min())
    gaps = zip([part.estimate for part in fewer[1:]], [part.estimate for part in at_epochs[1:]], strict=True)
    shares = [f"{of_few / of_all:.0%}" for of_few, of_all in gaps if of_few and of_all]
    figures = ["val/bpc", "test/bpc", "train/loss", "real words", "steps", "epoch of the best"]
    return Finding(
        claim=CLAIM,
        verdicts=[decided, *at_epochs, *at_updates, *fewer, *at_few, *spelling],
        answer=f"On {', '.join(scale.texts)} a tenth of the text costs {each(at_epochs[1:])} bits per character at "
        f"equal epochs, and {each(at_updates[1:])} at equal updates, where only the text is less. Making a tenth of "
        f"the updates on all of the text costs {each(fewer[1:])}: {', '.join(shares)} of the gap at equal epochs. "
        f"Which tenth it is moves the loss by {spread.mean():.2f} (the difference of the farthest two).",
        population=f"one LSTM layer on {', '.join(scale.texts)}, {scale.cut(CHARS) or 'all'} characters of each, "
        f"{epochs(scale)} epochs",
        held_equal=same,
        tables=[
            rows("All arms", means(frame, ["corpus", "arm"], figures), "train/loss: nats per character, at the end."),
            rows(
                "The tenths, at equal updates",
                parts,
                "n-gram: bits per character of the validation text by a Kneser-Ney model with 5 characters of context, "
                "trained on the same tenth: how far that tenth is from it.",
            ),
        ],
        plots=[
            plot(
                "A tenth beside the whole",
                "arm",
                f"validation, {BITS}",
                [
                    curve(corpus, list(arms), [pick(frame, arm=arm, corpus=corpus)["val/bpc"] for arm in arms])
                    for corpus in scale.texts
                ],
                kind="points",
                description="Validation loss of the four arms on each corpus.",
            )
        ],
        samples=[
            shown(f"{name}, {side[0].overrides['corpus']}", write(side[0], count=1, length=500, top_k=5)[0], side[0])
            for name, side in arms.items()
        ],
    )
