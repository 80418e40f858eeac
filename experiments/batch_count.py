"""Source 000: one stream or eight, the results are said to be alike."""

from charcells.findings import ALIKE, Claim, Finding
from experiments.plan import (
    BITS,
    PILOT_SEED,
    Run,
    Scale,
    best_rate,
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
    write,
)

CLAIM = Claim(
    name="batch_count",
    source="000",
    quote="variando el número de batches (1 y 8), en ambos casos usando la misma longitud de texto se obtuvo "
    "resultados similares o iguales",
    quote_language="es",
    translation="varying the number of batches (1 and 8), in both cases with the same length of text, similar or equal "
    "results were obtained",
    prediction="Not alike at equal epochs: one stream makes eight times as many updates and ends more than 0.02 bits "
    "per character lower on a text of this size. At equal updates eight streams, which read eight times as much, end "
    "lower. Choosing the rate for each narrows the gap at equal epochs and does not close it.",
    judged_by="Equivalence of val/bpc (1 stream less 8 streams, margin 0.02 bits per character, two one-sided Welch "
    "tests at 2.5 % each) on every corpus, at equal epochs with the recipe's rate, as the source has it; each must "
    "also hold over blocks of held-out text. Beside it: at equal updates, and at equal epochs with the rate chosen "
    "for each by runs of another seed. Eight seeds.",
    main=True,
)
CHARS = 100_000
RECIPE = 1e-2
RATES = (1e-3, 3e-3, RECIPE, 3e-2, 1e-1)
STREAMS = (1, 8)


def arm(
    scale: Scale, streams: int, rate: float | tuple[float, ...], seeds: int | tuple[int, ...], times: int = 1
) -> list[Run]:
    """Runs on each corpus, for so many times the epochs."""
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
    """The runs with the rate that the pilots choose."""
    return arm(scale, streams, best_rate(table(pilots(scale, streams))), scale.alike_seeds)


def runs(scale: Scale) -> list[Run]:
    wanted = pilots(scale, 1) + pilots(scale, 8)
    rest = [chosen(scale, streams) for streams in STREAMS] if all(run.done() for run in wanted) else []
    wanted += arm(scale, 1, RECIPE, scale.alike_seeds) + arm(scale, 8, RECIPE, scale.alike_seeds)
    wanted += arm(scale, 8, RECIPE, scale.alike_seeds, times=8)
    return sum(rest, wanted)


def judge(scale: Scale) -> Finding:
    one, eight, eight_long = (arm(scale, n, RECIPE, scale.alike_seeds, times) for n, times in ((1, 1), (8, 1), (8, 8)))
    same = "text, split, hidden size, window of 64"
    epochs = on_each_corpus(
        "1 stream less 8, equal epochs", scale, one, eight, ALIKE, held_equal=f"{same}, epochs, rate", min_runs=8
    )
    updates = on_each_corpus(
        "1 stream less 8, equal updates", scale, one, eight_long, ALIKE, held_equal=f"{same}, updates, rate", min_runs=8
    )
    tuned = on_each_corpus(
        "1 stream less 8, equal epochs, rate chosen for each",
        scale,
        chosen(scale, 1),
        chosen(scale, 8),
        ALIKE,
        held_equal=f"{same}, epochs",
        min_runs=8,
    )
    frame = table(runs(scale))
    tried = frame[frame["seed"] == PILOT_SEED]
    by = ["corpus", "data.batch_size", "trainer.max_epochs", "optimizer.lr"]
    return Finding(
        claim=CLAIM,
        verdicts=[*epochs, *updates, *tuned],
        answer=f"One stream less eight, on {', '.join(scale.texts)}: {each(epochs[1:])} bits per character at equal "
        f"epochs, {each(updates[1:])} at equal updates, {each(tuned[1:])} at equal epochs with the rate chosen for "
        "each. At equal epochs one stream makes eight times as many updates, at equal updates it reads an eighth.",
        population=f"one LSTM layer on {', '.join(scale.texts)}, {scale.cut(CHARS) or 'all'} characters of each, "
        f"{min(2, scale.epochs)} epochs",
        held_equal=f"{same}, epochs, rate",
        tables=[
            rows("All arms", means(frame[frame["seed"] != PILOT_SEED], by, ["val/bpc", "test/bpc", "steps"])),
            rows(
                "Choosing the rate",
                means(tried, ["data.batch_size", "optimizer.lr"], ["val/bpc"]),
                "One seed, mean over the corpora.",
            ),
        ],
        plots=[
            plot(
                "The learning rate for 1 stream and for 8",
                "learning rate",
                BITS,
                [
                    curve(
                        f"{n} streams",
                        RATES,
                        [pick(tried, data__batch_size=n, optimizer__lr=r)["val/bpc"] for r in RATES],
                    )
                    for n in STREAMS
                ],
                log_x=True,
                description="Validation loss of the pilot runs, the mean over the corpora, against the learning rate.",
            )
        ],
        samples=[
            shown(f"{n} streams, {run.overrides['corpus']}", write(run, count=1, length=500, top_k=5)[0], run)
            for n, run in ((1, one[0]), (8, eight[0]))
        ],
    )
