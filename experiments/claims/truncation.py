"""Sources 003 and 004 claim that truncation limits what is learned: longer windows give context but cost more."""

from typing import Any

from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Verdict
from experiments.study.measures import BITS
from experiments.study.runs import Run, Scale, cross, pick, run_table
from experiments.study.tables import curve, estimates, means, plot, table
from experiments.study.verdicts import judge_all, judge_difference

CLAIM = Claim(
    name="truncation",
    source="003",
    quote="Sequências mais curtas podem fazer com que o modelo não capture dependências de longo prazo, enquanto "
    "sequências excessivamente longas podem sobrecarregar os recursos computacionais",
    quote_language="pt",
    translation="Shorter sequences may make the model miss long-term dependencies, while excessively long sequences "
    "may overload the computing resources",
    prediction="Supported where the state is reset at each window, by more than 0.1 bits per character from 16 to "
    "64. Where it is carried, windows of 16 lose less than 0.05 against 64, and 256 gains nothing over 64.",
    judged_by="val/bpc with windows of 16 − windows of 64, and of 64 − 256, above 0 by Welch's test over five seeds, "
    "with the state carried to the next window and with the state reset: all four. Characters and updates are equal: "
    "streams × window = 1,024.",
)
WINDOWS = (16, 64, 256)
STATES = {True: "carried", False: "reset"}
"""data.carry_state, and what happens to the state at the end of a window."""


def arm(scale: Scale, window: int, carry: bool) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        scale.seeds,
        corpus=scale.texts[0],
        corpus__max_chars=scale.cut(150_000),
        trainer__max_epochs=scale.epochs,
        data__seq_len=window,
        data__batch_size=1024 // window,
        data__carry_state=carry,
    )


def runs(scale: Scale) -> list[Run]:
    return [run for carry in STATES for window in WINDOWS for run in arm(scale, window, carry)]


def judge(scale: Scale) -> Finding:
    frame = run_table(runs(scale))
    same = "text, model, rate, characters, updates (streams × window = 1,024)"

    def bits(window: int, carry: bool) -> list[float]:
        return list(pick(frame, data__seq_len=window, data__carry_state=carry)["val/bpc"])

    def difference(question: str, a: list[float], b: list[float]) -> Verdict:
        return judge_difference(question, a, b, ABOVE_ZERO, unit=BITS, held_equal=same)

    steps = [
        difference(f"windows of {short} − {long}, state {state}", bits(short, carry), bits(long, carry))
        for carry, state in STATES.items()
        for short, long in ((16, 64), (64, 256))
    ]
    carried = difference("windows of 64: state reset − carried", bits(64, False), bits(64, True))
    losses = ", ".join(f"{step.question}: {estimates([step])}" for step in steps)
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("longer windows are better, carried or not", steps, held_equal=same), *steps, carried],
        answer=f"val/bpc lost by the shorter window, in bits per character: {losses}. Resetting the state at each "
        f"window of 64 costs {estimates([carried])}.",
        population=f"one LSTM layer on {scale.cut(150_000) or 'all'} characters of {scale.texts[0]}",
        held_equal=same,
        tables=[
            table(
                "All arms",
                means(
                    frame,
                    ["data.carry_state", "data.seq_len", "data.batch_size"],
                    ["val/bpc", "test/bpc", "steps", "chars_per_second"],
                ),
            )
        ],
        plots=[windows_plot({state: [bits(n, carry) for n in WINDOWS] for carry, state in STATES.items()})],
    )


def windows_plot(bits: dict[str, list[list[float]]]) -> dict[str, Any]:
    """Args: bits: for each of STATES' names, val/bpc of the runs for each of WINDOWS."""
    return plot(
        "Validation loss by length of the window",
        "characters per window",
        BITS,
        [curve(state, WINDOWS, values) for state, values in bits.items()],
        log_x=True,
        description="Validation loss against the length of the window, with the state carried and reset.",
    )
