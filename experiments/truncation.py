"""Sources 003 and 004: truncating is said to limit what is learned; longer windows give context but cost more."""

from charcells.findings import ABOVE_ZERO, Claim, Finding, all_of, of_difference
from experiments.plan import BITS, Run, Scale, cross, curve, each, means, pick, plot, rows, table

CLAIM = Claim(
    name="truncation",
    source="003",
    quote="Sequências mais curtas podem fazer com que o modelo não capture dependências de longo prazo, enquanto "
    "sequências excessivamente longas podem sobrecarregar os recursos computacionais",
    quote_language="pt",
    translation="Shorter sequences may make the model miss long-term dependencies, while excessively long sequences "
    "may overload the computing resources",
    prediction="Supported where the state is set back at each window, by more than 0.1 bits per character from 16 to "
    "64. Where it is carried, windows of 16 lose less than 0.05 against 64, and 256 gains nothing over 64.",
    judged_by="val/bpc with windows of 16 less windows of 64, and of 64 less of 256, above 0 by Welch's test over five "
    "seeds, with the state carried on and without: all four. Characters and updates are equal: "
    "streams × window = 1,024.",
)
WINDOWS = (16, 64, 256)


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
    return [run for carry in (True, False) for window in WINDOWS for run in arm(scale, window, carry)]


def judge(scale: Scale) -> Finding:
    frame = table(runs(scale))
    same = "text, model, rate, characters, updates (streams × window = 1,024)"

    def bits(window: int, carry: bool) -> list[float]:
        return list(pick(frame, data__seq_len=window, data__carry_state=carry)["val/bpc"])

    steps = [
        of_difference(
            f"windows of {short} less {long}, state {'carried' if carry else 'set back'}",
            bits(short, carry),
            bits(long, carry),
            ABOVE_ZERO,
            unit=BITS,
            held_equal=same,
        )
        for carry in (True, False)
        for short, long in ((16, 64), (64, 256))
    ]
    carried = of_difference(
        "windows of 64: state set back less carried",
        bits(64, False),
        bits(64, True),
        ABOVE_ZERO,
        unit=BITS,
        held_equal=same,
    )
    gains = ", ".join(f"{step.question}: {each([step])}" for step in steps)
    return Finding(
        claim=CLAIM,
        verdicts=[all_of("longer windows are better, carried or not", steps, held_equal=same), *steps, carried],
        answer=f"Bits per character lost by the shorter window: {gains}. Setting the state back at each window of 64 "
        f"costs {each([carried])}.",
        population=f"one LSTM layer on {scale.cut(150_000) or 'all'} characters of {scale.texts[0]}",
        held_equal=same,
        tables=[
            rows(
                "All arms",
                means(
                    frame,
                    ["data.carry_state", "data.seq_len", "data.batch_size"],
                    ["val/bpc", "test/bpc", "steps", "chars_per_second"],
                ),
            )
        ],
        plots=[
            plot(
                "Validation over the window",
                "characters in a window",
                BITS,
                [
                    curve("carried" if carry else "set back", WINDOWS, [bits(window, carry) for window in WINDOWS])
                    for carry in (True, False)
                ],
                log_x=True,
                description="Validation loss against the length of the window, with the state carried on and set back.",
            )
        ],
    )
