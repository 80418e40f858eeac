"""Source 003 claims that 64 sequences side by side help to stabilise the optimisation."""

import numpy as np
import pandas as pd

from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Region, Verdict
from experiments.study.measures import BITS, differences
from experiments.study.runs import Run, Scale, cross, pick, run_table
from experiments.study.tables import curve, means, plot, table
from experiments.study.verdicts import judge_all, judge_mean

CLAIM = Claim(
    name="batch_stabilises",
    source="003",
    quote="O treinamento é realizado em lotes de 64 sequências, o que ajuda a estabilizar o processo de otimização ao "
    "calcular a média dos gradientes sobre várias amostras",
    quote_language="pt",
    translation="Training is carried out in batches of 64 sequences, which helps to stabilise the optimisation process "
    "by computing the mean of the gradients over several samples",
    prediction="Supported at equal updates: with one stream the validation loss jumps from one validation to the next "
    "by at least twice as much as with 64, since its gradient is that of 64 characters only; and the final test/bpc "
    "scatters more over seeds. Eight streams lie between.",
    judged_by="1 stream − 64 streams, after 400 updates of windows of 64 at the source's rate, Adam with 2e-3 and "
    "neither schedule nor clipping: log10 of the jumps above 0.18 (half as large again), and the distance of test/bpc "
    "from the median of its arm and text above 0 (Brown and Forsythe's measure of spread); both, by Student's test "
    "over 24 differences (three texts, seeds 11 to 18; one run of each arm a difference). The jumps: the root mean "
    "square of the second differences of val/bpc, validated every ten updates, in the second half of the run, so that "
    "a smooth course has none; always of the same held-out text, since the training loss of a larger batch is steadier "
    "by mere averaging. Power: twice the spread over seeds is found in 71 % of cases, one and a half times in 28 %; "
    "jumps twice as large, with a standard deviation of 0.15 over runs, in 76 %. One rate for all: a small batch may "
    "want a smaller one, and reads fewer characters in as many updates; the table shows both.",
)
SEEDS = tuple(range(11, 19))
CHARS = 150_000
STREAMS = (1, 8, 64)
UPDATES, EVERY = 400, 10
"""Updates of a run, and from one validation to the next."""
LARGER = Region(low=0.18)
SAME = "text, model, updates, window of 64, learning rate"


def arm(scale: Scale, streams: int) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        SEEDS if scale.judged else SEEDS[:2],
        corpus=scale.texts,
        corpus__max_chars=scale.cut(CHARS),
        data__batch_size=streams,
        trainer__max_epochs=1000,
        trainer__max_steps=UPDATES if scale.judged else 8 * EVERY,
        trainer__val_check_interval=EVERY,
        trainer__gradient_clip_val=None,
        optimizer="adam",
        scheduler="constant",
        optimizer__lr=2e-3,
        **({} if scale.judged else {"data__seq_len": 4}),
    )


def runs(scale: Scale) -> list[Run]:
    return [run for streams in STREAMS for run in arm(scale, streams)]


def validations(run: Run) -> pd.DataFrame:
    """The validations of a run: step and val/bpc."""
    return pd.read_csv(run.folder.metrics)[["step", "val/bpc"]].dropna()


def jumps(losses: np.ndarray) -> float:
    """Root mean square of the second differences of a loss in the second half of its course."""
    return float(np.sqrt(np.mean(np.diff(losses[len(losses) // 2 :], n=2) ** 2)))


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each run: log10 of its jumps, and the distance of test/bpc from the median of its arm and text."""
    frame = run_table(runs(scale))
    frame["jumps"] = [np.log10(jumps(validations(run)["val/bpc"].to_numpy())) for run in frame["run"]]
    medians = frame.groupby(["data.batch_size", "corpus"])["test/bpc"].transform("median")
    frame["distance"] = (frame["test/bpc"] - medians).abs()
    return frame


def questions(frame: pd.DataFrame, few: int) -> list[Verdict]:
    named = f"{few} − 64 streams"
    jumping, distance = (differences(frame, figure, "data.batch_size", few, 64) for figure in ("jumps", "distance"))
    return [
        judge_mean(f"log10 of the jumps of val/bpc, {named}", jumping, LARGER, unit="powers of ten", held_equal=SAME),
        judge_mean(f"spread of test/bpc over seeds, {named}", distance, ABOVE_ZERO, unit=BITS, held_equal=SAME),
    ]


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    parts, eight = questions(frame, 1), questions(frame, 8)
    jumping = 10 ** frame.groupby("data.batch_size")["jumps"].mean()
    spread = frame.groupby(["data.batch_size", "corpus"])["test/bpc"].std().groupby("data.batch_size").mean()
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("64 streams are steadier than one", parts, held_equal=SAME), *parts, *eight],
        answer="With 1, 8 and 64 streams val/bpc jumps by "
        + ", ".join(f"{jumping[streams]:.4f}" for streams in STREAMS)
        + " (root mean square of second differences), and test/bpc scatters over seeds with a standard "
        "deviation of " + ", ".join(f"{spread[streams]:.4f}" for streams in STREAMS) + " bits per character.",
        population=f"one LSTM layer of 128 units on {', '.join(scale.texts)}, {UPDATES} updates of Adam, one recipe",
        held_equal=SAME,
        measured=frame[["data.batch_size", "corpus", "seed", "jumps", "distance", "test/bpc"]],
        tables=[
            table(
                "All arms",
                means(frame, ["data.batch_size", "corpus"], ["jumps", "distance", "test/bpc", "chars_seen"]),
                "jumps: log10; distance: from the median of the arm on its text.",
            )
        ],
        plots=[courses(frame, corpus) for corpus in scale.texts],
    )


def courses(frame: pd.DataFrame, corpus: str) -> dict[str, object]:
    series = []
    for streams in STREAMS:
        each = [validations(run) for run in pick(frame, corpus=corpus, data__batch_size=streams)["run"]]
        losses = np.stack([course["val/bpc"].to_numpy() for course in each], axis=1)
        series.append(curve(f"{streams} streams", each[0]["step"].tolist(), losses))
    return plot(
        f"Validation loss over training, {corpus}",
        "updates",
        BITS,
        series,
        description="val/bpc against the number of updates, the mean over seeds with its 95 % interval.",
    )
