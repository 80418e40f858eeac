"""Source 004 claims that the forget gate keeps the cell state from growing indefinitely."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.study.cells import OPEN, register
from experiments.study.findings import Claim, Finding, Region, Verdict
from experiments.study.measures import data_of
from experiments.study.runs import Run, Scale, cross, pick, run_table
from experiments.study.tables import curve, means, plot, table
from experiments.study.verdicts import judge_all, judge_median

CLAIM = Claim(
    name="forget_gate",
    source="004",
    quote="La puerta del olvido (f_t) permite a la célula de memoria restablecer el estado de la célula sin crecer "
    "indefinidamente",
    quote_language="es",
    translation="The forget gate (f_t) lets the memory cell reset the cell state without growing indefinitely",
    prediction="Supported: with the gate the cell state is as large after 10,000 characters as after 1,000, within a "
    "few per cent. Trained with the gate held at 1 it grows by a factor of two to ten, though training could balance "
    "what is added; the trained models with the gate forced open only while reading grow by nearly ten. The price in "
    "test/bpc of training without the gate is above 0.1 bits per character.",
    judged_by="log10 of the growth of the root mean square of c from about 1,000 to about 10,000 characters read "
    "without a break (a bounded state: 0; a random walk: 0.5; steady growth: 1): below 0.1 for LSTMs with the gate, "
    "above 0.25 for LSTMs trained with the gate held at 1, and above 0.25 for the former read with the gate held at 1; "
    "all three, by exact sign tests over twelve models each (three texts, seeds 11 to 14). Power: ten of twelve must "
    "lie on one side, which happens in 98 % of cases if 95 % of all models do, in 89 % if 90 % do.",
)
SEEDS = (11, 12, 13, 14)
CHARS = 100_000
READ = (100, 300, 1000, 3000, 10_000)
"""Characters read; the state is measured over the last tenth of them."""
SAME = "text, hidden size, epochs, learning rate, characters read"
WITH, TRAINED_OPEN, READ_OPEN = "with the gate", "trained with the gate at 1", "only read with the gate at 1"
CELLS = {WITH: "lstm", TRAINED_OPEN: OPEN.name}
GROWTH = "powers of ten"


def models(scale: Scale, arm: str) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        SEEDS if scale.judged else SEEDS[:2],
        corpus=scale.texts,
        corpus__max_chars=scale.cut(CHARS),
        trainer__max_epochs=scale.epochs,
        optimizer__lr=3e-3,  # the same for both, and below the LSTM's own: sums that only grow ask for smaller steps
        cell=CELLS[arm],
    )


def runs(scale: Scale) -> list[Run]:
    register()
    return [run for arm in CELLS for run in models(scale, arm)]


def sizes(model: Any, tokens: Any) -> NDArray[np.float64]:
    """Root mean square of the cell state over the last tenth of each number of READ characters: (READ,).

    Args:
        tokens: (T,); read from a state of zeros.
    """
    import torch

    squares, state = [], None
    with torch.inference_mode():
        for token in tokens[: max(READ)].long():
            _, state = model(token.view(1, 1), state)
            squares.append(state[1].square().mean())
    mean_squares = torch.stack(squares).double().numpy()
    return np.array([mean_squares[round(0.9 * n) : n].mean() ** 0.5 for n in READ])


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each model and way of reading it: the size of its cell state as it reads, and `growth`.

    Fewer characters than max(READ), as in a smoke test, are read again and again.
    """
    from charcells import load
    from experiments.study.held_open import hold_open

    rows = []
    for arm in (*CELLS, READ_OPEN):
        for run in models(scale, WITH if arm == READ_OPEN else arm):
            data, model = data_of(run), load(run.folder.path).model
            if arm == READ_OPEN:
                hold_open(model.rnn)
            held_out = data.tokens[data.text.split.train_end :]
            found = sizes(model, held_out.repeat(-(-max(READ) // len(held_out))))
            growth = float(np.log10(found[-1] / found[READ.index(1000)]))
            rows.append({"arm": arm, **run.overrides, "growth": growth} | dict(zip(READ, found, strict=True)))
    return pd.DataFrame(rows)


def question(frame: pd.DataFrame, arm: str, region: Region) -> Verdict:
    growth = pick(frame, arm=arm)["growth"]
    return judge_median(f"growth of the cell state, {arm}", growth, region, unit=GROWTH, held_equal=SAME)


def judge(scale: Scale) -> Finding:
    register()
    frame = measure(scale)
    parts = [
        question(frame, WITH, Region(high=0.1)),
        question(frame, TRAINED_OPEN, Region(low=0.25)),
        question(frame, READ_OPEN, Region(low=0.25)),
    ]
    growth = frame.groupby("arm")["growth"].median()
    losses = run_table(runs(scale)).groupby("cell")["test/bpc"].mean()
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("bounded with the gate, growing without", parts, held_equal=SAME), *parts],
        answer="From 1,000 to 10,000 characters read, the cell state grows in the median by a factor of "
        + ", ".join(f"{10 ** growth[arm]:.2f} ({arm})" for arm in (*CELLS, READ_OPEN))
        + f". test/bpc: {losses['lstm']:.3f} with the gate, {losses[OPEN.name]:.3f} trained without.",
        population=f"one LSTM layer of 128 units on {', '.join(scale.texts)}, {CHARS:,} characters of each, the state "
        "carried through each epoch",
        held_equal=SAME,
        measured=frame[["arm", "corpus", "seed", "growth", *READ]],
        tables=[
            table("Growth from 1,000 to 10,000 characters, powers of ten", means(frame, ["arm", "corpus"], ["growth"])),
            table("Loss", means(run_table(runs(scale)), ["cell", "corpus"], ["val/bpc", "test/bpc"])),
        ],
        plots=[
            plot(
                "Size of the cell state",
                "characters read",
                "root mean square",
                [curve(arm, READ, [pick(frame, arm=arm)[n] for n in READ]) for arm in (*CELLS, READ_OPEN)],
                log_x=True,
                log_y=True,
                description="Root mean square of the cell state against the characters read, for the three arms.",
            )
        ],
    )
