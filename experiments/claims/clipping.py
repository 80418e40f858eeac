"""Sources 001, 002 and 004 claim that clipping easily solves the problem of exploding gradients."""

import math
from typing import Any

import pandas as pd

from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Region, Verdict
from experiments.study.measures import BITS, SHARE
from experiments.study.runs import Run, Scale, best_rate, cross, pick, run_table
from experiments.study.tables import estimates, means, plot, table
from experiments.study.verdicts import judge_difference, judge_mean

CLAIM = Claim(
    name="clipping",
    source="001",
    quote="En este caso el problema se puede resolver fácilmente si se truncan o reducen los gradientes",
    quote_language="es",
    translation="In this case the problem can be solved easily if the gradients are truncated or reduced",
    prediction="Partly: clipping the norm widens the range of learning rates at which a tanh RNN trains under plain "
    "gradient descent, but at the highest it fails with clipping too, and it gains nothing at the best rate. Clipping "
    "each value to 5 does next to nothing, windows of 8 a little.",
    judged_by="A run fails if it diverges or its best val/bpc is above that of a uniform guess among the characters. "
    "Share of failed runs over the learning rates: no clipping − norm clipped to 1, above 0 by Welch's test over five "
    "seeds. Also reported: a failed share below 0.1 with the norm clipped, each value clipped to 5 (002), windows of 8 "
    "(004), and the best val/bpc.",
)
RATES = (0.5, 1.0, 2.0, 4.0)
NONE, NORM = "no clipping", "norm clipped to 1"
REMEDIES: dict[str, dict[str, object]] = {
    NONE: {"trainer__gradient_clip_val": None},
    NORM: {"trainer__gradient_clip_val": 1.0},
    "values clipped to 5": {"trainer__gradient_clip_val": 5.0, "trainer__gradient_clip_algorithm": "value"},
    "windows of 8": {"trainer__gradient_clip_val": None, "data__seq_len": 8},
}
SAME = "text, model, plain gradient descent, epochs, rates"
FAILED = "share of failed runs"


def arm(scale: Scale, remedy: str) -> list[Run]:
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
        **REMEDIES[remedy],
    )


def runs(scale: Scale) -> list[Run]:
    return [run for remedy in REMEDIES for run in arm(scale, remedy)]


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each run, with its `remedy` and `failed` (0.0 or 1.0)."""
    frame = pd.concat([run_table(arm(scale, remedy)).assign(remedy=remedy) for remedy in REMEDIES])
    uniform = math.log2(frame["vocab_size"].max())
    frame["failed"] = [
        float(run.diverged() or bits > uniform) for run, bits in zip(frame["run"], frame["val/bpc"], strict=True)
    ]
    return frame


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    arms = {remedy: pick(frame, remedy=remedy) for remedy in REMEDIES}
    # a seed's share of failed rates is one observation: the runs of one seed at several rates are not independent
    failed = {remedy: part.groupby("seed")["failed"].mean() for remedy, part in arms.items()}
    by_remedy = [fewer_failures(failed[NONE], failed[remedy], remedy) for remedy in REMEDIES if remedy != NONE]
    clean = judge_mean(f"{FAILED}: {NORM}", failed[NORM], Region(high=0.1), unit=SHARE, held_equal=SAME)
    gain = gain_at_the_best_rate(arms)
    return Finding(
        claim=CLAIM,
        verdicts=[by_remedy[0], clean, *by_remedy[1:], gain],
        answer=f"Share of failed runs over the learning rates {', '.join(f'{rate:g}' for rate in RATES)}: "
        + ", ".join(f"{shares.mean():.0%} ({remedy})" for remedy, shares in failed.items())
        + f". At the best learning rate of each, val/bpc without clipping − with the norm clipped is "
        f"{estimates([gain])} bits per character.",
        population=f"a tanh RNN of 128 units under plain gradient descent on {scale.texts[0]}",
        held_equal=SAME,
        tables=[
            table(
                "Each learning rate",
                means(frame.replace(math.inf, float("nan")), ["remedy", "optimizer.lr"], ["failed", "val/bpc"]),
                "val/bpc: mean over the runs that did not diverge.",
            )
        ],
        plots=[failures_plot(arms)],
    )


def fewer_failures(without: "pd.Series[float]", with_remedy: "pd.Series[float]", remedy: str) -> Verdict:
    question = f"{FAILED}: {NONE} − {remedy}"
    return judge_difference(question, without, with_remedy, ABOVE_ZERO, unit=FAILED, held_equal=SAME)


def gain_at_the_best_rate(arms: dict[str, pd.DataFrame]) -> Verdict:
    best = {name: pick(arms[name], optimizer__lr=best_rate(arms[name]))["val/bpc"] for name in (NONE, NORM)}
    question = f"val/bpc at the best learning rate of each: {NONE} − {NORM}"
    return judge_difference(question, best[NONE], best[NORM], ABOVE_ZERO, unit=BITS, held_equal=SAME)


def failures_plot(arms: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Without intervals: a share of five runs that failed or not has no t interval."""
    series = [
        {
            "name": remedy,
            "x": list(RATES),
            "y": [float(pick(part, optimizer__lr=rate)["failed"].mean()) for rate in RATES],
            "low": None,
            "high": None,
        }
        for remedy, part in arms.items()
    ]
    return plot(
        "Failed runs by learning rate",
        "learning rate",
        FAILED,
        series,
        log_x=True,
        description="Share of failed runs against the learning rate, without clipping and with each remedy.",
    )
