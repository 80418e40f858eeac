"""Source 000: from a long text, the output is said to be similar or equal to the original."""

import pandas as pd

from charcells.findings import ABOVE_ZERO, Claim, Finding, Region, of_difference, of_mean
from charcells.metrics import COPY_LENGTH, copied_share, longest_copy, matches, novelty
from experiments import corpus_size
from experiments.plan import Run, Scale, cross, curve, means, pick, plot, rows, shown, texts_of, write

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
    "Beside it: the same for a short text, the difference, and held-out human text. 10 samples of 1,000 characters of "
    "each run, top_k=5 as in the source.",
)
EPOCHS = (20, 60, 200)
"""Passes over the shortest text, to see copies grow."""
SAMPLES, LENGTH = 10, 1000


def whole(scale: Scale) -> list[Run]:
    return [run for run in corpus_size.whole(scale) if run.overrides["corpus"] == scale.texts[0]]


def tenth(scale: Scale) -> list[Run]:
    return [run for run in corpus_size.tenths(scale, times=10) if run.overrides["corpus"] == scale.texts[0]]


def shortest(scale: Scale, epochs: int) -> list[Run]:
    """A fiftieth of the text, in four streams."""
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


def runs(scale: Scale) -> list[Run]:
    return whole(scale) + tenth(scale) + [run for epochs in EPOCHS for run in shortest(scale, epochs)]


def copies(samples: list[str], training_text: str) -> dict[str, float | None]:
    found = matches(samples, training_text)
    longest = [copy.end - copy.start if (copy := longest_copy(match)) else 0 for match in found]
    curve_ = {f"novel windows of {length}": novelty(found, length) for length in (8, 12, 20)}
    return {"copied": copied_share(found, COPY_LENGTH), "longest copy": max(longest), **curve_}


def judge(scale: Scale) -> Finding:
    arms = {"whole": whole(scale), "a tenth, equal updates": tenth(scale)}
    arms |= {f"a fiftieth, {epochs} epochs": shortest(scale, epochs) for epochs in EPOCHS}
    records = []
    for arm, side in arms.items():
        for run in side:
            texts = texts_of(run)
            samples = write(run, count=SAMPLES, length=LENGTH, top_k=5, checkpoint="last")
            human = texts.pieces(min(LENGTH, len(texts.held_out)), SAMPLES)
            records.append({"arm": arm, "text": "sampled", **copies(samples, texts.train)})
            records.append({"arm": arm, "text": "held-out human", **copies(human, texts.train)})
    frame = pd.DataFrame(records)
    sampled, human = (frame[frame["text"] == text] for text in ("sampled", "held-out human"))
    last = f"a fiftieth, {EPOCHS[-1]} epochs"
    same = "model, prompt, sampling, checkpoint at the end"
    unit = "share of characters in copies"
    long, copied = pick(sampled, arm="whole")["copied"], pick(sampled, arm=last)["copied"]
    equal = of_mean("copied, whole text", long, Region(low=0.5), unit=unit, held_equal=same)
    beyond = of_difference(
        "copied, whole text, sampled less human",
        long,
        pick(human, arm="whole")["copied"],
        ABOVE_ZERO,
        unit=unit,
        held_equal=same,
    )
    opposite = of_difference("copied, a fiftieth less the whole", copied, long, ABOVE_ZERO, unit=unit, held_equal=same)
    return Finding(
        claim=CLAIM,
        verdicts=[equal, beyond, opposite],
        answer=f"Of what a model of the long text writes, {long.mean():.1%} lies in copies of {COPY_LENGTH} "
        f"characters or more (human text of the same book: {pick(human, arm='whole')['copied'].mean():.1%}; longest "
        f"copy {pick(sampled, arm='whole')['longest copy'].max()} characters). Of what a model of a fiftieth of it "
        f"writes after {EPOCHS[-1]} epochs, {copied.mean():.1%}: it is the short text that is copied.",
        population=f"one LSTM layer of 128 units on {scale.texts[0]}, top_k=5",
        held_equal=same,
        tables=[rows("Copies", means(frame, ["arm", "text"], list(frame.columns[2:])))],
        plots=[
            plot(
                "Copies grow with the epochs over a short text",
                "epochs",
                unit,
                [curve("sampled", EPOCHS, [pick(sampled, arm=f"a fiftieth, {n} epochs")["copied"] for n in EPOCHS])],
                log_x=True,
                description="Share of sampled characters in verbatim copies against passes over a fiftieth of the "
                "text.",
            )
        ],
        samples=[
            shown(arm, write(side[0], count=1, length=600, top_k=5, checkpoint="last")[0], side[0])
            for arm, side in arms.items()
            if arm in ("whole", "a tenth, equal updates", last)
        ],
    )
