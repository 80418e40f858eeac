"""Sources 001, 002 and 004: exploding gradients are said to be easily cured by clipping."""

import math

import pandas as pd

from charcells.findings import ABOVE_ZERO, Claim, Finding, Region, of_difference, of_mean
from experiments.plan import BITS, SHARE, Run, Scale, best_rate, cross, each, means, pick, plot, rows, table

CLAIM = Claim(
    name="clipping",
    source="001",
    quote="En este caso el problema se puede resolver fácilmente si se truncan o reducen los gradientes",
    quote_language="es",
    translation="In this case the problem can be solved easily if the gradients are truncated or reduced",
    prediction="Partly: clipping the norm widens the range of rates at which a tanh RNN trains under plain gradient "
    "descent, but at the highest it fails with clipping too, and it gains nothing at the best rate. Clipping each "
    "value to 5 does next to nothing, windows of 8 a little.",
    judged_by="A run fails if it diverges or its best val/bpc is above that of guessing evenly among the characters. "
    "Share of failed runs over the rates: without clipping less with the norm clipped to 1, above 0 by Welch's test "
    "over five seeds. Beside it: the failed share with clipping below 0.1, each value clipped to 5 (002), windows of "
    "8 (004), and the best val/bpc.",
)
RATES = (0.5, 1.0, 2.0, 4.0)
CURES: dict[str, dict[str, object]] = {
    "none": {"trainer__gradient_clip_val": None},
    "norm 1": {"trainer__gradient_clip_val": 1.0},
    "value 5": {"trainer__gradient_clip_val": 5.0, "trainer__gradient_clip_algorithm": "value"},
    "windows of 8": {"trainer__gradient_clip_val": None, "data__seq_len": 8},
}


def arm(scale: Scale, cure: str) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        scale.seeds,
        corpus=scale.texts[0],
        corpus__max_chars=scale.cut(100_000),
        cell="rnn",
        optimizer="sgd",
        scheduler="constant",
        optimizer__lr=RATES,
        trainer__max_epochs=min(3, scale.epochs),
        **CURES[cure],
    )


def runs(scale: Scale) -> list[Run]:
    return [run for cure in CURES for run in arm(scale, cure)]


def judge(scale: Scale) -> Finding:
    frame = pd.concat([table(arm(scale, cure)).assign(cure=cure) for cure in CURES])
    guessing = math.log2(frame["vocab_size"].max())
    frame["failed"] = [
        float(run.diverged() or bits > guessing) for run, bits in zip(frame["run"], frame["val/bpc"], strict=True)
    ]
    arms = {cure: pick(frame, cure=cure) for cure in CURES}
    failed = {cure: part.groupby("seed")["failed"].mean() for cure, part in arms.items()}
    best = {cure: pick(part, optimizer__lr=best_rate(part))["val/bpc"] for cure, part in arms.items()}
    same, unit = "text, model, plain gradient descent, epochs, rates", "share of failed runs"
    cured = [
        of_difference(
            f"failed, without clipping less {cure}",
            failed["none"],
            failed[cure],
            ABOVE_ZERO,
            unit=unit,
            held_equal=same,
        )
        for cure in CURES
        if cure != "none"
    ]
    clean = of_mean("failed, norm clipped", failed["norm 1"], Region(high=0.1), unit=SHARE, held_equal=same)
    gain = of_difference(
        "best val/bpc, each with its best rate, without clipping less norm clipped",
        best["none"],
        best["norm 1"],
        ABOVE_ZERO,
        unit=BITS,
        held_equal=same,
    )
    return Finding(
        claim=CLAIM,
        verdicts=[*cured[:1], clean, *cured[1:], gain],
        answer="Failed runs over the rates "
        + ", ".join(f"{rate:g}" for rate in RATES)
        + ": "
        + ", ".join(f"{cure} {shares.mean():.0%}" for cure, shares in failed.items())
        + f". With the rate that suits each, clipping gains {each([gain])} bits per character.",
        population=f"a tanh RNN of 128 units under plain gradient descent on {scale.texts[0]}",
        held_equal=same,
        tables=[
            rows(
                "Each rate",
                means(frame.replace(math.inf, float("nan")), ["cure", "optimizer.lr"], ["failed", "val/bpc"]),
                "val/bpc: of the runs that did not diverge.",
            )
        ],
        plots=[
            plot(
                "Failed runs by rate",
                "learning rate",
                unit,
                [
                    {
                        "name": cure,
                        "x": list(RATES),
                        "y": [float(pick(part, optimizer__lr=rate)["failed"].mean()) for rate in RATES],
                        "low": None,
                        "high": None,
                    }
                    for cure, part in arms.items()
                ],
                log_x=True,
                description="Share of failed runs against the learning rate, without clipping and with each cure.",
            )
        ],
    )
