"""Source 003 claims that of the three cells the LSTM gave the best results."""

from typing import Any

import pandas as pd

from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Verdict
from experiments.study.measures import BITS, generate, judge_on_each_corpus
from experiments.study.runs import PILOT_SEED, Run, Scale, best_rate, cross, pick, run_table
from experiments.study.tables import curve, estimates, means, plot, sample, table
from experiments.study.verdicts import judge_all

CLAIM = Claim(
    name="best_cell",
    source="003",
    quote="todos eles foram feitos com LSTM, pois foi a arquitetura que nos deu melhores resultados",
    quote_language="pt",
    translation="all of them were made with LSTM, since it was the architecture that gave us the best results",
    prediction="Refuted at this size: the LSTM beats the tanh RNN by more than 0.05 bits per character at equal hidden "
    "size, but not the GRU, which is level or better. At equal parameters the RNN comes closer.",
    judged_by="val/bpc of the rival − val/bpc of the LSTM, above 0 by Welch's test against each rival on every corpus, "
    "at equal hidden size with the learning rate chosen for each cell by runs of another seed, and over blocks of "
    "held-out text; eight seeds. Also reported: the same at equal parameter count, five seeds.",
    main=True,
)
CHARS = 200_000
CELLS = ("rnn", "gru", "lstm")
RATES = {"rnn": (3e-3, 6e-3, 1.2e-2, 2.4e-2), "gru": (4e-3, 8e-3, 1.6e-2), "lstm": (5e-3, 1e-2, 2e-2, 4e-2)}
PARAMETERS = {"smoke": 2_000, "laptop": 120_000, "paper": 4_000_000}
"""For each scale about as many as the LSTM has at equal hidden size."""
SAME = "text, split, epochs, 16 streams, window of 64"


def arm(
    scale: Scale, cell: str, rates: float | tuple[float, ...], seeds: int | tuple[int, ...], **more: Any
) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        seeds,
        corpus=scale.texts,
        corpus__max_chars=scale.cut(CHARS),
        trainer__max_epochs=scale.epochs,
        cell=cell,
        optimizer__lr=rates,
        **more,
    )


def pilots(scale: Scale, cell: str) -> list[Run]:
    return arm(scale, cell, RATES[cell], (PILOT_SEED,))


def rate(scale: Scale, cell: str) -> float:
    return best_rate(run_table(pilots(scale, cell)))


def equal_hidden_size(scale: Scale, cell: str) -> list[Run]:
    return arm(scale, cell, rate(scale, cell), scale.equivalence_seeds)


def equal_parameters(scale: Scale, cell: str) -> list[Run]:
    """With the learning rate that was chosen for the cell at equal hidden size."""
    return arm(scale, cell, rate(scale, cell), scale.seeds, model__match_parameters=PARAMETERS[scale.name])


DESIGNS = {"equal hidden size": equal_hidden_size, "equal parameters": equal_parameters}


def runs(scale: Scale) -> list[Run]:
    wanted = [run for cell in CELLS for run in pilots(scale, cell)]
    if all(run.done() for run in wanted):
        for cell in CELLS:
            wanted += equal_hidden_size(scale, cell) + equal_parameters(scale, cell)
    return wanted


def against_rivals(scale: Scale, name: str) -> list[list[Verdict]]:
    """RNN − LSTM and GRU − LSTM in a design of DESIGNS: for each rival the verdict on all corpora, then on each."""
    design = DESIGNS[name]
    return [
        judge_on_each_corpus(
            f"{rival.upper()} − LSTM, {name}",
            scale,
            design(scale, rival),
            design(scale, "lstm"),
            ABOVE_ZERO,
            held_equal=f"{SAME}, {name.removeprefix('equal ')}",
            min_runs=5,
        )
        for rival in ("rnn", "gru")
    ]


def judge(scale: Scale) -> Finding:
    against = {name: against_rivals(scale, name) for name in DESIGNS}
    verdicts: list[Verdict] = []
    for name, (rnn, gru) in against.items():
        verdicts += [judge_all(f"LSTM better than both, {name}", [rnn[0], gru[0]]), *rnn, *gru]
    figures = [
        f"at {name}, tanh RNN {estimates(rnn[1:])} and GRU {estimates(gru[1:])}" for name, (rnn, gru) in against.items()
    ]
    first = {cell: equal_hidden_size(scale, cell)[0] for cell in CELLS}
    return Finding(
        claim=CLAIM,
        verdicts=verdicts,
        answer=f"Difference in val/bpc from the LSTM on {', '.join(scale.texts)}, in bits per character (positive: "
        f"worse than the LSTM): {'; '.join(figures)}.",
        population=f"one recurrent layer of about {PARAMETERS[scale.name]:,} parameters on {', '.join(scale.texts)}, "
        f"{scale.cut(CHARS) or 'all'} characters of each, {scale.epochs} epochs",
        held_equal=f"{SAME}, hidden size; each cell with its own rate",
        tables=tables(run_table(runs(scale))),
        plots=[cells_plot(scale, name) for name in DESIGNS],
        samples=[
            sample(
                f"{cell}, {run.overrides['corpus']}, temperature 0.8",
                generate(run, count=1, length=500, temperature=0.8)[0],
                run,
            )
            for cell, run in first.items()
        ],
    )


def tables(frame: pd.DataFrame) -> list[dict[str, Any]]:
    tried, judged = frame[frame["seed"] == PILOT_SEED], frame[frame["seed"] != PILOT_SEED]
    figures = ["val/bpc", "test/bpc", "parameters", "chars_per_second"]
    by = ["corpus", "cell", "model.match_parameters", "hidden_size", "optimizer.lr"]
    return [
        table("All arms", means(judged.fillna({"model.match_parameters": "-"}), by, figures)),
        table(
            "Choosing the learning rate",
            means(tried, ["cell", "optimizer.lr"], ["val/bpc"]),
            "One seed, mean over the corpora.",
        ),
    ]


def cells_plot(scale: Scale, name: str) -> dict[str, Any]:
    frames = {cell: run_table(DESIGNS[name](scale, cell)) for cell in CELLS}
    return plot(
        f"Three cells, {name}",
        "corpus",
        f"validation, {BITS}",
        [
            curve(cell, scale.texts, [pick(frame, corpus=text)["val/bpc"] for text in scale.texts])
            for cell, frame in frames.items()
        ],
        kind="points",
        description=f"Validation loss of the three cells on each corpus at {name}.",
    )
