"""Source 003 claims that too long sequences are hard to train on, for plain RNNs most of all."""

import pandas as pd

from charcells.registry import CELLS
from experiments.study.findings import ABOVE_ZERO, HIGHER, MARGIN, Claim, Finding, Verdict
from experiments.study.measures import BITS, differences
from experiments.study.runs import PILOT_SEED, Run, Scale, best_rate, cross, pick, run_table
from experiments.study.tables import curve, means, plot, table
from experiments.study.verdicts import judge_all, judge_mean

CLAIM = Claim(
    name="long_windows_hurt",
    source="003",
    quote="sequências excessivamente longas podem sobrecarregar os recursos computacionais e levar a dificuldades no "
    "treinamento … o risco de problemas como gradientes que desaparecem, particularmente em arquiteturas RNN mais "
    "simples",
    quote_language="pt",
    translation="excessively long sequences may overload the computing resources and lead to difficulties in training "
    "… the risk of problems such as vanishing gradients, particularly in simpler RNN architectures",
    prediction="Not supported: with all else equal, windows of 800 characters end within 0.02 bits per character of "
    "windows of 100, for the tanh RNN and for the LSTM, since gradients from far back are small and add little, and "
    "clipping tames the rest. What makes long windows worse in practice is that they mean fewer updates.",
    judged_by="test/bpc of windows of 800 − of 100: above 0.02 bits per character for the tanh RNN and for the LSTM, "
    "and larger for the RNN; all three, by Student's test over twelve differences (three texts, seeds 11 to 14; one "
    "run of each arm a difference). All windows have one stream, whose state is carried on, and an update after every "
    "800 characters: the gradients of 32 windows of 25, 8 of 100, 2 of 400 or 1 of 800 are averaged. So streams, "
    "updates, characters and their order are equal, and only the reach of the gradient differs. Each cell and window "
    "has three learning rates to choose from by validation text. Power: with a standard deviation of 0.02 over the "
    "runs a true difference of 0.05 is found above 0.02 in 91 % of cases, and none is found alike in 27 %; with 0.015 "
    "in 68 %.",
)
SEEDS = (11, 12, 13, 14)
CHARS = 100_000
WINDOWS = (25, 100, 400, 800)
UPDATE = 800
"""Characters of an update."""
RATES = (0.25, 0.5, 1.0)
"""Learning rates, as multiples of the cell's own."""
CELL_NAMES = ("rnn", "lstm")
SAME = "text, hidden size, stream, characters of an update, updates, budget of tuning"


def arm(scale: Scale, cell: str, window: int, seeds: tuple[int, ...], texts: tuple[str, ...], rate: float) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        seeds,
        corpus=texts,
        corpus__max_chars=scale.cut(CHARS),
        trainer__max_epochs=scale.epochs,
        trainer__accumulate_grad_batches=UPDATE // window,
        data__batch_size=1,
        data__seq_len=window,
        optimizer__lr=float(f"{rate * CELLS[cell].lr:.3g}"),
        cell=cell,
    )


def tuning(scale: Scale, cell: str, window: int) -> list[Run]:
    rates = RATES if scale.judged else RATES[:1]
    return [run for rate in rates for run in arm(scale, cell, window, (PILOT_SEED,), scale.texts[:1], rate)]


def judged(scale: Scale, cell: str, window: int) -> list[Run]:
    rate = best_rate(run_table(tuning(scale, cell, window))) / CELLS[cell].lr
    return arm(scale, cell, window, SEEDS if scale.judged else SEEDS[:2], scale.texts, rate)


ARMS = [(cell, window) for cell in CELL_NAMES for window in WINDOWS]


def runs(scale: Scale) -> list[Run]:
    """The tuning runs, and as soon as those of an arm are done, its judged runs."""
    wanted = []
    for cell, window in ARMS:
        pilots = tuning(scale, cell, window)
        wanted += pilots + (judged(scale, cell, window) if all(run.done() for run in pilots) else [])
    return wanted


def lost(frame: pd.DataFrame, cell: str, window: int) -> pd.Series:
    """test/bpc of a window − that of windows of 100, for each text and seed."""
    return differences(pick(frame, cell=cell), "test/bpc", "data.seq_len", window, 100)


def questions(frame: pd.DataFrame) -> list[Verdict]:
    losses = {cell: lost(frame, cell, 800) for cell in CELL_NAMES}
    parts = [
        judge_mean(f"windows of 800 − of 100, {cell.upper()}", values, HIGHER, unit=BITS, held_equal=SAME)
        for cell, values in losses.items()
    ]
    more, question = losses["rnn"] - losses["lstm"], "windows of 800 − of 100: RNN − LSTM"
    return [*parts, judge_mean(question, more, ABOVE_ZERO, unit=BITS, held_equal=SAME)]


def judge(scale: Scale) -> Finding:
    frame = pd.concat([run_table(judged(scale, cell, window)) for cell, window in ARMS], ignore_index=True)
    parts = questions(frame)
    found = "; ".join(
        f"{cell.upper()} " + ", ".join(f"{lost(frame, cell, window).mean():+.3f} ({window})" for window in WINDOWS)
        for cell in CELL_NAMES
    )
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all(f"long windows cost more than {MARGIN} bits, RNNs most", parts, held_equal=SAME), *parts],
        answer=f"test/bpc by window, less that of windows of 100, in bits per character: {found}.".replace("-", "−"),
        population=f"one recurrent layer of 128 units on {', '.join(scale.texts)}, {CHARS:,} characters of each, one "
        "recipe but for the rate, gradient norm clipped at 1",
        held_equal=SAME,
        tables=[
            table(
                "All arms",
                means(frame, ["cell", "data.seq_len", "optimizer.lr"], ["test/bpc", "train/loss", "chars_per_second"]),
            )
        ],
        plots=[
            plot(
                "Loss by length of the window",
                "characters per window",
                BITS,
                [curve(cell, WINDOWS, [lost(frame, cell, window) for window in WINDOWS]) for cell in CELL_NAMES],
                log_x=True,
                line=0.0,
                description="test/bpc less that of windows of 100 on the same text, against the length of the window.",
            )
        ],
    )
