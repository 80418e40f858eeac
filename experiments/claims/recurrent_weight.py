"""Source 004 claims that gradients vanish where the recurrent weight is below 1 and explode where it is above."""

import math
from typing import Any

import numpy as np
import pandas as pd

from experiments.study.findings import Claim, Constant, Finding, Region, Verdict
from experiments.study.measures import data_of
from experiments.study.recurrences import Array, derivatives, log_gradients, spectral_radius
from experiments.study.runs import Run, Scale, default_models, pick
from experiments.study.tables import curve, means, plot, table
from experiments.study.verdicts import judge_all, judge_median

CLAIM = Claim(
    name="recurrent_weight",
    source="004",
    quote="si |w| < 1, este factor se vuelve muy pequeño cuando t-k es grande. Por otro lado, si el peso de la arista "
    "recurrente es |w| > 1, entonces w^{t-k} se vuelve muy grande cuando t-k es grande",
    quote_language="es",
    translation="if |w| < 1, this factor becomes very small when t-k is large. On the other hand, if the weight of the "
    "recurrent edge is |w| > 1, then w^{t-k} becomes very large when t-k is large",
    prediction="Half of it: for a linear recurrence it is arithmetic. In tanh RNNs that read text gradients vanish "
    "where the spectral radius is below 1, and where it is 1.25 they do not explode but vanish too, untrained and "
    "trained, since the derivative of tanh is mostly well below 1. Refuted, then, as a statement about RNNs.",
    judged_by="log10 of the norm of a gradient with respect to the state 50 characters back, relative to the last: "
    "below −1 with the recurrent matrix scaled to a spectral radius (the |w| of many units) of 0.8, and above 1 with "
    "1.25. All four of: untrained tanh RNNs with our initial values, and trained ones whose matrix is scaled before "
    "they read, by exact sign tests over 24 models each (three texts, eight seeds), the median of 64 passages. 1.25 to "
    "the power of 50 is 4.8 powers of ten. Power: 18 of 24 must lie on one side, which happens in 99 % of cases if 90 "
    "% of all models do. The linear recurrence is reported, not tested: its figures are powers of w.",
)
RADII = (0.5, 0.8, 0.95, 1.0, 1.05, 1.25, 1.5, 2.0)
LAG, PASSAGES = 50, 64
LAGS = tuple(range(0, 101, 5))
ARMS = ("untrained", "trained")
SAME = "text, characters read, hidden size"
POWERS = "powers of ten"


def runs(scale: Scale) -> list[Run]:
    return default_models(scale, "rnn", scale.texts)


def passages(run: Run) -> Any:
    """PASSAGES pieces of held-out text, twice as long as the longest lag: (T, B) tokens."""
    import torch

    tokens, length = data_of(run).tokens[data_of(run).text.split.train_end :], 2 * max(LAGS)
    starts = np.random.default_rng(0).integers(0, len(tokens) - length, PASSAGES)
    return tokens[torch.from_numpy(starts)[None] + torch.arange(length)[:, None]].long()


def parts_of(run: Run, arm: str) -> tuple[Array, Array]:
    """The recurrent matrix (H, H) of a run's tanh RNN and what its input adds at each step of `passages`, (T, B, H)."""
    import torch

    from charcells import load
    from charcells.models.char_rnn import CharRNN

    model: Any = load(run.folder.best).model
    if arm == "untrained":
        with torch.random.fork_rng():
            torch.manual_seed(1000 + run.overrides["seed"])
            model = CharRNN(model.vocab_size, "rnn", model.embedding_dim, model.hidden_size)
    rnn = model.rnn
    with torch.no_grad():
        driven = model.embedding(passages(run)) @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + rnn.bias_hh_l0
        return rnn.weight_hh_l0.double().numpy(), driven.double().numpy()


def scaled(weight: Array, radius: float) -> Array:
    """A matrix with the spectral radius asked for."""
    return weight * (radius / spectral_radius(weight))


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each model, arm and spectral radius: log10 of the gradient at LAGS, and the radius as it was."""
    rows = []
    for run in runs(scale):
        for arm in ARMS:
            weight, driven = parts_of(run, arm)
            facts = {"arm": arm, "corpus": run.overrides["corpus"], "seed": run.overrides["seed"]}
            facts["own radius"] = spectral_radius(weight)
            for radius in RADII:
                matrix = scaled(weight, radius)
                found = np.median(log_gradients(matrix, derivatives(matrix, driven, "tanh")), axis=0)
                rows.append(facts | {"radius": radius} | {f"back {lag}": found[lag] for lag in LAGS})
    return pd.DataFrame(rows)


def question(frame: pd.DataFrame, arm: str, radius: float, region: Region) -> Verdict:
    values = pick(frame, arm=arm, radius=radius)[f"back {LAG}"]
    asked = f"gradient {LAG} characters back, {arm}, spectral radius {radius:g}"
    return judge_median(asked, values, region, unit=POWERS, held_equal=SAME)


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    parts = [
        question(frame, arm, radius, region)
        for arm in ARMS
        for radius, region in ((0.8, Region(high=-1.0)), (1.25, Region(low=1.0)))
    ]
    found = ", ".join(f"{part.question.split(', ', 1)[1]}: {part.estimate:+.1f}" for part in parts)
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("vanishing below 1 and exploding above", parts, held_equal=SAME), *parts],
        answer=f"Gradient {LAG} characters back in the median tanh RNN, in powers of ten: {found}. Of a linear "
        f"recurrence it is {LAG * math.log10(0.8):+.1f} and {LAG * math.log10(1.25):+.1f}.",
        population=f"tanh RNNs of 128 units that read {', '.join(scale.texts)}, one embedding and one layer",
        held_equal=SAME,
        measured=frame,
        constants=[
            Constant(f"linear recurrence, |w| = {w:g}: log10 of w^{LAG}", LAG * math.log10(w), POWERS) for w in RADII
        ],
        tables=[table("All radii", means(frame, ["arm", "radius"], [f"back {LAG}", "back 100", "own radius"]))],
        plots=[gradients_plot(frame, arm) for arm in ARMS],
    )


def gradients_plot(frame: pd.DataFrame, arm: str) -> dict[str, Any]:
    chosen = {radius: pick(frame, arm=arm, radius=radius) for radius in (0.5, 0.8, 1.0, 1.25, 2.0)}
    return plot(
        f"Gradient by lag, {arm} tanh RNN",
        "characters back",
        POWERS,
        [curve(f"{r:g}", LAGS, [rows[f"back {lag}"] for lag in LAGS]) for r, rows in chosen.items()],
        line=0.0,
        description="log10 of the gradient's norm against the lag, one curve for each spectral radius.",
    )
