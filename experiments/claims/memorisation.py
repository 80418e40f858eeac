"""Source 000 claims that from a long text, the generated text is similar or equal to the original."""

from typing import Any

import pandas as pd

from charcells.text.copies import COPY_LENGTH, copied_share, longest_copy, matches, novelty
from experiments.claims import corpus_size
from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Region
from experiments.study.measures import generate, texts_of
from experiments.study.runs import Run, Scale, cross, pick
from experiments.study.tables import curve, means, plot, sample, table
from experiments.study.verdicts import judge_difference, judge_mean

CLAIM = Claim(
    name="memorisation",
    source="000",
    quote="si la longitud del texto es grande el texto se generará de manera similar o igual al texto original",
    quote_language="es",
    translation="if the length of the text is large, the text will be generated in a way similar or equal to the "
    "original text",
    prediction="Refuted: a small model of a long text copies hardly more than human text of the same kind does (less "
    "than a tenth of its characters in copies of 50 or more). A short text read often is copied: more than half.",
    judged_by="Share of sampled characters that lie in a verbatim copy of 50 or more characters, from the last "
    "checkpoint of the whole text: 'similar or equal to the original' is above 0.5, by Student's test over five seeds. "
    "Also reported: the same for a short text, the difference, and held-out human text. 10 samples of 1,000 characters "
    "per run, top_k=5 as in the source.",
)
EPOCHS = (20, 60, 200)
"""Epochs on a fiftieth of the text, to see the copies grow."""
SAMPLES, LENGTH = 10, 1000
SAME = "model, prompt, sampling, last checkpoint"
UNIT = "share of characters in copies"


def whole(scale: Scale) -> list[Run]:
    return [run for run in corpus_size.whole(scale) if run.overrides["corpus"] == scale.texts[0]]


def tenth(scale: Scale) -> list[Run]:
    return [run for run in corpus_size.tenths(scale, times=10) if run.overrides["corpus"] == scale.texts[0]]


def fiftieth(scale: Scale, epochs: int) -> list[Run]:
    """A fiftieth of the text in four streams."""
    return cross(
        CLAIM.name,
        scale,
        scale.seeds,
        corpus=scale.texts[0],
        corpus__max_chars=scale.cut(corpus_size.CHARS),
        data__batch_size=4,
        data__train_fraction=0.02,
        trainer__max_epochs=epochs if scale.judged else 2,
    )


def name_of_fiftieth(epochs: int) -> str:
    return f"a fiftieth, {epochs} epochs"


def runs(scale: Scale) -> list[Run]:
    return whole(scale) + tenth(scale) + [run for epochs in EPOCHS for run in fiftieth(scale, epochs)]


def copies(samples: list[str], training_text: str) -> dict[str, float | None]:
    """Share of characters in copies, the longest copy in characters, and the share of windows that are novel."""
    found = matches(samples, training_text)
    longest = [copy.end - copy.start if (copy := longest_copy(match)) else 0 for match in found]
    novel = {f"novel windows of {length}": novelty(found, length) for length in (8, 12, 20)}
    return {"copied": copied_share(found, COPY_LENGTH), "longest copy": max(longest), **novel}


def measure(arms: dict[str, list[Run]]) -> pd.DataFrame:
    """Two rows for each run: copies in its samples, and in held-out human text of the same length."""
    records = []
    for arm, side in arms.items():
        for run in side:
            texts = texts_of(run)
            samples = generate(run, count=SAMPLES, length=LENGTH, top_k=5, checkpoint="last")
            human = texts.pieces(min(LENGTH, len(texts.held_out)), SAMPLES)
            records.append({"arm": arm, "text": "sampled", **copies(samples, texts.train)})
            records.append({"arm": arm, "text": "held-out human", **copies(human, texts.train)})
    return pd.DataFrame(records)


def judge(scale: Scale) -> Finding:
    arms = {"whole": whole(scale), "a tenth, equal updates": tenth(scale)}
    arms |= {name_of_fiftieth(epochs): fiftieth(scale, epochs) for epochs in EPOCHS}
    frame, last = measure(arms), name_of_fiftieth(EPOCHS[-1])
    sampled, human = (frame[frame["text"] == text] for text in ("sampled", "held-out human"))
    long, short, by_hand = (
        pick(part, arm=arm)["copied"] for part, arm in ((sampled, "whole"), (sampled, last), (human, "whole"))
    )
    equal = judge_mean("copied, whole text", long, Region(low=0.5), unit=UNIT, held_equal=SAME)
    question = "copied, whole text, sampled − human"
    beyond = judge_difference(question, long, by_hand, ABOVE_ZERO, unit=UNIT, held_equal=SAME)
    question = "copied, a fiftieth − the whole"
    opposite = judge_difference(question, short, long, ABOVE_ZERO, unit=UNIT, held_equal=SAME)
    return Finding(
        claim=CLAIM,
        verdicts=[equal, beyond, opposite],
        answer=f"Of the text that models of the long text generate, {long.mean():.1%} lies in copies of {COPY_LENGTH} "
        f"characters or more (held-out human text of the same book: {by_hand.mean():.1%}; longest copy "
        f"{pick(sampled, arm='whole')['longest copy'].max()} characters). Of the text that models of a fiftieth of it "
        f"generate after {EPOCHS[-1]} epochs, {short.mean():.1%}: it is the short text that is copied.",
        population=f"one LSTM layer of 128 units on {scale.texts[0]}, top_k=5",
        held_equal=SAME,
        tables=[table("Copies", means(frame, ["arm", "text"], list(frame.columns[2:])))],
        plots=[copies_plot(sampled)],
        samples=[
            sample(arm, generate(run, count=1, length=600, top_k=5, checkpoint="last")[0], run)
            for arm, [run, *_] in arms.items()
            if arm in ("whole", "a tenth, equal updates", last)
        ],
    )


def copies_plot(sampled: pd.DataFrame) -> dict[str, Any]:
    return plot(
        "Copies grow with the number of epochs on a short text",
        "epochs",
        UNIT,
        [curve("sampled", EPOCHS, [pick(sampled, arm=name_of_fiftieth(epochs))["copied"] for epochs in EPOCHS])],
        log_x=True,
        description="Share of sampled characters in verbatim copies against the number of epochs on a fiftieth of the "
        "text.",
    )
