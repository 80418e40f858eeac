"""Source 003 claims that three layers and ten epochs do not look much better than smaller, shorter trainings."""

from typing import Any

import pandas as pd

from charcells.text.words import real_word_rate
from experiments.study.findings import Claim, Finding, Region, Verdict
from experiments.study.measures import BITS, SHARE, generate, words_of_book
from experiments.study.runs import Run, Scale, cross, pick, run_table
from experiments.study.tables import curve, means, plot, sample, table
from experiments.study.verdicts import judge_all, judge_difference

CLAIM = Claim(
    name="longer_not_better",
    source="003",
    quote="usou 3 camadas e treinou durante 10 épocas … E interessantemente, o resultado não parece muito melhor que "
    "os outros",
    quote_language="pt",
    translation="used 3 layers and trained for 10 epochs … And interestingly, the result does not look much better "
    "than the others",
    prediction="Against the King James, which makes nearly as many updates, supported; against the Portuguese Bible, "
    "which makes a fifth, refuted: the Republic's samples have more real words by more than 0.1. So the sentence as a "
    "whole is refuted. On the Republic alone eight more epochs add real words and the third layer does not; on the "
    "test text they gain less than 0.1 bits at the best checkpoint, since overfitting has begun by then.",
    judged_by="As in the source, at small sizes: different texts, windows at every character in text order, so that "
    "each character is read about 100 times an epoch; the Republic with 3 layers and 10 epochs, King James and the "
    "Portuguese Bible with 2 and 2, the last checkpoint, temperature 1. Share of sampled words that occur in the whole "
    "of its own book: Republic − King James and Republic − Portuguese Bible, each below 0.1 ('not much better'), by "
    "Welch's test over five new seeds. Also, on the Republic, 2 and 3 layers × 2 and 10 epochs: the share of real "
    "words, below 0.1, and test/bpc of the best checkpoint, below 0.1 bits per character. Power: with a standard "
    "deviation of 0.03 over runs a true difference of 0 is found below 0.1 in 99 % of cases, one of 0.05 in 61 %.",
    history="First edition: refuted, by two against ten epochs (160,000 against 800,000 characters read) of one text, "
    "on validation text. The source compares different texts, each of whose characters it reads about 100 times an "
    "epoch, so that its shortest training was not as short.",
)
SEEDS = (11, 12, 13, 14, 15)
NAMES = {"republic": "Republic", "kjv": "King James", "biblia": "Portuguese Bible"}
CHARS = {"republic": 24_000, "kjv": 72_000, "biblia": 24_000}
"""Of which 40 % are trained on. So the Republic makes 2,000 updates, the King James 1,600, the Portuguese Bible 400."""
REPUBLIC, KING_JAMES, PORTUGUESE = ("republic", 3, 10), ("kjv", 2, 2), ("biblia", 2, 2)
ARMS = [REPUBLIC, KING_JAMES, PORTUGUESE, ("republic", 2, 2), ("republic", 2, 10), ("republic", 3, 2)]
"""Text, layers, epochs."""
LITTLE = Region(high=0.1)
SAME = "64 units, windows of 100 in batches of 32 in text order, Adam 0.002, dropout 0.1"


def arm(scale: Scale, corpus: str, layers: int, epochs: int) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        SEEDS if scale.judged else SEEDS[: scale.seeds],
        corpus=corpus,
        corpus__strip_boilerplate=corpus == "republic",
        corpus__max_chars=CHARS[corpus] if scale.judged else 6_000,
        data__val_fraction=0.1,
        data__test_fraction=0.5,
        data__sampling="overlapping",
        data__batch_size=32,
        data__seq_len=100 if scale.judged else 16,
        model__num_layers=layers,
        model__dropout=0.1,
        model__hidden_size=64 if scale.judged else 8,
        model__embedding_dim=64 if scale.judged else 8,
        model__init="torch",
        optimizer="adam",
        scheduler="constant",
        optimizer__lr=2e-3,
        trainer__gradient_clip_val=None,
        trainer__max_epochs=epochs if scale.judged else 1 + (epochs > 2),
    )


def runs(scale: Scale) -> list[Run]:
    return [run for key in ARMS for run in arm(scale, *key)]


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each run, with its text, layers and epochs, and the share of real words in its samples."""
    frames = []
    for corpus, layers, epochs in ARMS:
        frame = run_table(arm(scale, corpus, layers, epochs))
        frames.append(frame.assign(text=NAMES[corpus], layers=layers, epochs_in_all=epochs))
    frame = pd.concat(frames, ignore_index=True)
    frame["real words"] = [
        real_word_rate(generate(run, count=10, length=500, checkpoint="last"), words_of_book(run)) or 0.0
        for run in frame["run"]
    ]
    return frame


def difference(frame: pd.DataFrame, figure: str, a: tuple[Any, ...], b: tuple[Any, ...]) -> Verdict:
    """A figure of arm a − of arm b, each of ARMS, below 0.1."""
    first, second = (
        pick(frame, text=NAMES[text], layers=layers, epochs_in_all=epochs)[figure] for text, layers, epochs in (a, b)
    )
    named = [f"{NAMES[text]}, {layers} layers, {epochs} epochs" for text, layers, epochs in (a, b)]
    share = figure == "real words"
    options: Any = {"unit": SHARE, "bounds": (0.0, 1.0)} if share else {"unit": BITS}
    return judge_difference(f"{figure}: {' − '.join(named)}", first, second, LITTLE, held_equal=SAME, **options)


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    others = [difference(frame, "real words", REPUBLIC, other) for other in (KING_JAMES, PORTUGUESE)]
    deep, short = ("republic", 2, 10), ("republic", 3, 2)
    # fewer bits are better, so the longer or deeper side is subtracted; more real words are better
    grid = [difference(frame, "real words", REPUBLIC, other) for other in (short, deep)]
    grid += [difference(frame, "test/bpc", other, REPUBLIC) for other in (short, deep)]
    keys: Any = ["text", "layers", "epochs_in_all"]
    share: Any = frame.groupby(keys, sort=False)["real words"].mean().reset_index().itertuples(index=False)
    shown = [f"{value:.0%} ({text}, {layers} layers, {epochs} epochs)" for text, layers, epochs, value in share]
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("not much better than the others", others, held_equal=SAME), *others, *grid],
        answer=f"Of the words in samples at temperature 1, so many occur in their book: {', '.join(shown)}.",
        population="LSTM layers of 64 units on 9,600 to 28,800 characters, each read about 100 times an epoch",
        held_equal=SAME,
        measured=frame[["text", "layers", "epochs_in_all", "seed", "real words"]],
        tables=[
            table(
                "Texts, depth and epochs",
                means(frame, keys, ["real words", "test/bpc", "train/loss", "steps"]),
                "test/bpc of the best checkpoint; train/loss in nats at the end; real words of the last checkpoint.",
            )
        ],
        plots=[depth_plot(pick(frame, text="Republic"))],
        samples=[
            sample(NAMES[key[0]], generate(run, count=1, length=500, checkpoint="last")[0], run)
            for key, run in ((key, arm(scale, *key)[0]) for key in (REPUBLIC, KING_JAMES, PORTUGUESE))
        ],
    )


def depth_plot(frame: pd.DataFrame) -> dict[str, Any]:
    return plot(
        "Depth and epochs on the Republic",
        "layers",
        "share of real words",
        [
            curve(f"{n} epochs", ["2", "3"], [pick(frame, epochs_in_all=n, layers=k)["real words"] for k in (2, 3)])
            for n in (2, 10)
        ],
        kind="points",
        description="Share of real words in samples for two and three layers after two and after ten epochs.",
    )
