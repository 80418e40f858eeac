"""Source 002 claims that sigmoid and tanh make gradients vanish (or explode)."""

from typing import Any

import numpy as np
import pandas as pd

from experiments.claims.recurrent_weight import parts_of
from experiments.study.findings import Claim, Constant, Finding, Region, Verdict
from experiments.study.recurrences import Array, derivatives, log_gradients
from experiments.study.runs import Run, Scale, default_models, pick
from experiments.study.tables import curve, means, plot, table
from experiments.study.verdicts import judge_all, judge_median

CLAIM = Claim(
    name="saturation",
    source="002",
    quote="El empleo de funciones de activación tanh o bien sigmoide … conducen a que en el proceso iterativo del "
    "producto de las derivadas parciales se generen valores del gradiente muy cercanos al cero (desvanecimiento: "
    "“*vanishing gradients*”) o bien valores muy elevados",
    quote_language="es",
    translation="The use of tanh or sigmoid activation functions … has the result that in the iterative process of the "
    "product of the partial derivatives values of the gradient very close to zero are generated (vanishing gradients), "
    "or very high values",
    prediction="Supported: with orthogonal recurrent weights, through which a gradient keeps its norm, it falls by "
    "some ten powers of ten over 100 characters with tanh and by more than fifty with the sigmoid, whose derivative is "
    "at most 1/4. In trained tanh RNNs it falls, too, and would grow were it not for the derivatives.",
    judged_by="log10 of the norm of a gradient with respect to the state 100 characters back, the depth that the "
    "source names, relative to the last: below −2 in untrained recurrences with tanh and with the sigmoid, and in "
    "trained tanh RNNs; and in these, as they are − with all derivatives of tanh taken as 1, below −2: all four, by "
    "exact sign tests over 24 models (three texts, eight seeds), the median of 64 passages. Untrained recurrences have "
    "the orthogonal matrix and the input of our initial values. Power: 18 of 24 must lie on one side, which happens in "
    "99 % of cases if 90 % of all models do. Also reported: ReLU. Exploding is the matter of recurrent_weight.",
)
LAGS = tuple(range(0, 101, 5))
BACK = f"back {LAGS[-1]}"
UNTRAINED = ("tanh", "sigmoid", "relu", "linear")
TRAINED, WITHOUT = "tanh, trained", "tanh, trained, derivatives taken as 1"
SAME = "recurrent and input weights, text"
POWERS = "powers of ten"


def runs(scale: Scale) -> list[Run]:
    return default_models(scale, "rnn", scale.texts)


def arms(run: Run) -> dict[str, Array]:
    """log10 of the median passage's gradient 0, 1, … characters back, for each arm: (T,)."""
    weight, driven = parts_of(run, "untrained")
    found = {name: log_gradients(weight, derivatives(weight, driven, name)) for name in UNTRAINED}
    weight, driven = parts_of(run, "trained")
    slopes = derivatives(weight, driven, "tanh")
    found |= {TRAINED: log_gradients(weight, slopes), WITHOUT: log_gradients(weight, np.ones_like(slopes))}
    return {name: np.median(logs, axis=0) for name, logs in found.items()}


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each model and arm: log10 of the gradient at LAGS."""
    rows = []
    for run in runs(scale):
        for arm, logs in arms(run).items():
            facts = {"arm": arm, "corpus": run.overrides["corpus"], "seed": run.overrides["seed"]}
            rows.append(facts | {f"back {lag}": logs[lag] for lag in LAGS})
    return pd.DataFrame(rows)


def back(frame: pd.DataFrame, arm: str) -> Any:
    return pick(frame, arm=arm)[BACK].to_numpy()


def questions(frame: pd.DataFrame) -> list[Verdict]:
    region = Region(high=-2.0)

    def judged(question: str, values: Any) -> Verdict:
        return judge_median(question, values, region, unit=POWERS, held_equal=SAME)

    vanishing = [judged(f"gradient 100 characters back, {arm}", back(frame, arm)) for arm in ("tanh", "sigmoid")]
    trained = judged(f"gradient 100 characters back, {TRAINED}", back(frame, TRAINED))
    of_slopes = judged("what the derivatives of tanh take away, trained", back(frame, TRAINED) - back(frame, WITHOUT))
    return [*vanishing, trained, of_slopes]


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    parts = questions(frame)
    medians = ", ".join(f"{np.median(back(frame, arm)):+.1f} ({arm})" for arm in (*UNTRAINED, TRAINED, WITHOUT))
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("tanh and sigmoid make gradients vanish", parts, held_equal=SAME), *parts],
        answer=f"Gradient 100 characters back in the median model, in powers of ten: {medians}.",
        population=f"recurrences of 128 units that read {', '.join(scale.texts)}: untrained with orthogonal weights, "
        "and tanh RNNs trained by the default recipe. No network with a sigmoid is trained.",
        held_equal=SAME,
        measured=frame,
        constants=[
            Constant("largest derivative of tanh, at 0", 1.0, "per step"),
            Constant("largest derivative of the sigmoid, at 0", 0.25, "per step"),
            Constant("linear, orthogonal weights: log10 of the gradient at any lag", 0.0, POWERS),
        ],
        tables=[table("Gradient", means(frame, ["arm"], ["back 10", "back 50", BACK]), f"In {POWERS}.")],
        plots=[
            plot(
                "Gradient by lag and activation",
                "characters back",
                POWERS,
                [
                    curve(arm, LAGS, [pick(frame, arm=arm)[f"back {lag}"] for lag in LAGS])
                    for arm in frame["arm"].unique()
                ],
                line=0.0,
                description="log10 of the gradient's norm against the lag, for each activation.",
            )
        ],
    )
