"""Source 000 claims that training with one stream of text or with eight gives similar or equal results."""

from typing import Any

import pandas as pd

from experiments.study.findings import EQUIVALENT, Claim, Finding, Verdict
from experiments.study.measures import BITS, generate, judge_on_each_corpus
from experiments.study.runs import PILOT_SEED, Run, Scale, best_rate, cross, pick, run_table
from experiments.study.tables import curve, estimates, means, plot, sample, table

CLAIM = Claim(
    name="batch_count",
    source="000",
    quote="variando el número de batches (1 y 8), en ambos casos usando la misma longitud de texto se obtuvo "
    "resultados similares o iguales",
    quote_language="es",
    translation="varying the number of batches (1 and 8), in both cases with the same length of text, similar or equal "
    "results were obtained",
    prediction="Not equivalent at equal epochs: one stream makes eight times as many updates and ends more than 0.02 "
    "bits per character lower on a text of this size. At equal updates eight streams, which read eight times as much, "
    "end lower. Choosing the learning rate for each narrows the gap at equal epochs and does not close it.",
    judged_by="Equivalence of val/bpc (1 stream − 8 streams, margin 0.02 bits per character, two one-sided Welch "
    "tests at 2.5 % each) on every corpus, at equal epochs with the recipe's learning rate, as in the source; each "
    "must also hold over blocks of held-out text. Also reported: at equal updates, and at equal epochs with the "
    "learning rate chosen for each by runs of another seed. Eight seeds.",
    main=True,
)
CHARS = 100_000
RECIPE_RATE = 1e-2
RATES = (1e-3, 3e-3, RECIPE_RATE, 3e-2, 1e-1)
STREAMS = (1, 8)
SAME = "text, split, hidden size, window of 64"


def arm(
    scale: Scale, streams: int, rate: float | tuple[float, ...], seeds: int | tuple[int, ...], times: int = 1
) -> list[Run]:
    """Runs on each corpus, for `times` times the usual number of epochs."""
    return cross(
        CLAIM.name,
        scale,
        seeds,
        corpus=scale.texts,
        corpus__max_chars=scale.cut(CHARS),
        trainer__max_epochs=times * min(2, scale.epochs),
        data__batch_size=streams,
        optimizer__lr=rate,
    )


def pilots(scale: Scale, streams: int) -> list[Run]:
    return arm(scale, streams, RATES, (PILOT_SEED,))


def chosen(scale: Scale, streams: int) -> list[Run]:
    """The judged runs with the learning rate that the pilot runs choose."""
    return arm(scale, streams, best_rate(run_table(pilots(scale, streams))), scale.equivalence_seeds)


def recipe(scale: Scale, streams: int, times: int = 1) -> list[Run]:
    return arm(scale, streams, RECIPE_RATE, scale.equivalence_seeds, times)


def runs(scale: Scale) -> list[Run]:
    wanted = pilots(scale, 1) + pilots(scale, 8)
    rest = [chosen(scale, streams) for streams in STREAMS] if all(run.done() for run in wanted) else []
    wanted += recipe(scale, 1) + recipe(scale, 8) + recipe(scale, 8, times=8)
    return sum(rest, wanted)


def judge(scale: Scale) -> Finding:
    def difference(design: str, one: list[Run], eight: list[Run], equal: str) -> list[Verdict]:
        question, held_equal = f"1 stream − 8 streams, {design}", f"{SAME}, {equal}"
        return judge_on_each_corpus(question, scale, one, eight, EQUIVALENT, held_equal=held_equal, min_runs=8)

    one, eight, eight_long = recipe(scale, 1), recipe(scale, 8), recipe(scale, 8, times=8)
    at_epochs = difference("equal epochs", one, eight, "epochs, rate")
    at_updates = difference("equal updates", one, eight_long, "updates, rate")
    tuned = difference("equal epochs, rate chosen for each", chosen(scale, 1), chosen(scale, 8), "epochs")
    frame = run_table(runs(scale))
    return Finding(
        claim=CLAIM,
        verdicts=[*at_epochs, *at_updates, *tuned],
        answer=f"val/bpc of one stream − eight streams on {', '.join(scale.texts)}: {estimates(at_epochs[1:])} bits "
        f"per character at equal epochs, {estimates(at_updates[1:])} at equal updates, {estimates(tuned[1:])} at equal "
        "epochs with the learning rate chosen for each. At equal epochs one stream makes eight times as many updates; "
        "at equal updates it reads an eighth of the text.",
        population=f"one LSTM layer on {', '.join(scale.texts)}, {scale.cut(CHARS) or 'all'} characters of each, "
        f"{min(2, scale.epochs)} epochs",
        held_equal=f"{SAME}, epochs, rate",
        tables=tables(frame),
        plots=[rates_plot(frame)],
        samples=[
            sample(f"{named(n)}, {run.overrides['corpus']}", generate(run, count=1, length=500, top_k=5)[0], run)
            for n, run in ((1, one[0]), (8, eight[0]))
        ],
    )


def tables(frame: pd.DataFrame) -> list[dict[str, Any]]:
    tried, judged = frame[frame["seed"] == PILOT_SEED], frame[frame["seed"] != PILOT_SEED]
    by = ["corpus", "data.batch_size", "trainer.max_epochs", "optimizer.lr"]
    return [
        table("All arms", means(judged, by, ["val/bpc", "test/bpc", "steps"])),
        table(
            "Choosing the learning rate",
            means(tried, ["data.batch_size", "optimizer.lr"], ["val/bpc"]),
            "One seed, mean over the corpora.",
        ),
    ]


def rates_plot(frame: pd.DataFrame) -> dict[str, Any]:
    tried = frame[frame["seed"] == PILOT_SEED]
    series = [
        curve(named(n), RATES, [pick(tried, data__batch_size=n, optimizer__lr=rate)["val/bpc"] for rate in RATES])
        for n in STREAMS
    ]
    return plot(
        "The learning rate for 1 stream and for 8",
        "learning rate",
        BITS,
        series,
        log_x=True,
        description="Validation loss of the pilot runs, the mean over the corpora, against the learning rate.",
    )


def named(streams: int) -> str:
    return "1 stream" if streams == 1 else f"{streams} streams"
