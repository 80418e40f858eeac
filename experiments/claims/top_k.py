"""Source 000 claims that top-k sampling makes the text somewhat random and at times absurd."""

from typing import Any

from experiments.claims import temperature
from experiments.study.findings import Claim, Finding
from experiments.study.measures import generate
from experiments.study.runs import Run, Scale
from experiments.study.tables import means, sample, table
from experiments.study.verdicts import judge_all

CLAIM = Claim(
    name="top_k",
    source="000",
    quote="podemos añadir algo de aleatoridad para escoger uno de los caracteres más probables con Top K, así puede "
    "generar un texto algo aleatorio y a veces absurdo",
    quote_language="es",
    translation="we can add some randomness so as to choose one of the most probable characters with top-k, so it can "
    "generate a text that is somewhat random and at times absurd",
    prediction="Supported: from k=1 (always the most likely character) to all characters, variety and errors rise; "
    "most of the rise in variety comes by k=2 already.",
    judged_by="As `temperature`: unknown words and distinct-2 over k = 1, 2, 5, 10 and all characters at temperature "
    "1, Page's trend test over the runs, both rising on every corpus. Eight seeds.",
)
LEVELS = ("1", "2", "5", "10", "all")
"""Values of k in order; "all" is no limit."""


def runs(scale: Scale) -> list[Run]:
    return temperature.models(scale)


def judge(scale: Scale) -> Finding:
    options: list[dict[str, Any]] = [{"top_k": None if level == "all" else int(level)} for level in LEVELS]
    frame = temperature.measure(scale, "top_k", LEVELS, options)
    same = f"{temperature.SAME}, temperature 1"
    rising = temperature.trends(scale, frame, "top_k", LEVELS, same)
    shares = [
        f"k={level}: {part['unknown words'].mean():.1%} and {part['distinct-2'].mean():.1%}"
        for level, part in frame.groupby("top_k", sort=False)
    ]
    first = temperature.models(scale)[0]
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("errors and variety rise with k", rising, held_equal=same), *rising],
        answer=f"Shares of unknown words and of distinct word pairs: {', '.join(shares)}.",
        population=f"LSTMs of the default recipe on {', '.join(scale.texts)}",
        held_equal=same,
        tables=[
            table(
                "Figures", means(frame, ["corpus", "top_k"], ["unknown words", "distinct-2"]), temperature.human(scale)
            )
        ],
        plots=temperature.plots(scale, frame, "top_k", LEVELS, kind="points"),
        samples=[
            sample(f"k={level}, {first.overrides['corpus']}", generate(first, count=1, length=300, **option)[0], first)
            for level, option in zip(LEVELS, options, strict=True)
            if level in ("1", "5", "all")
        ],
    )
