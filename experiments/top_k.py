"""Source 000: top-k is said to make the text somewhat random and at times absurd."""

from typing import Any

from charcells.findings import Claim, Finding, all_of
from experiments import best_cell, temperature
from experiments.plan import Run, Scale, means, rows, shown, write

CLAIM = Claim(
    name="top_k",
    source="000",
    quote="podemos añadir algo de aleatoridad para escoger uno de los caracteres más probables con Top K, así puede "
    "generar un texto algo aleatorio y a veces absurdo",
    quote_language="es",
    translation="we can add some randomness so as to choose one of the most probable characters with top-k, so it can "
    "generate a text that is somewhat random and at times absurd",
    prediction="Supported: from k=1 (the likeliest character always) to all characters, variety and errors rise; most "
    "of the rise in variety comes by k=2 already.",
    judged_by="As `temperature`: unknown words and distinct-2 over k = 1, 2, 5, 10 and all characters at temperature "
    "1, Page's trend test over the runs, both rising on every corpus. Eight seeds.",
)
LEVELS = ("1", "2", "5", "10", "all")


def runs(scale: Scale) -> list[Run]:
    return best_cell.runs(scale)


def judge(scale: Scale) -> Finding:
    options: list[dict[str, Any]] = [{"top_k": None if level == "all" else int(level)} for level in LEVELS]
    frame = temperature.measure(scale, "top_k", LEVELS, options)
    same = "model, prompt, length and number of samples, temperature 1"
    rising = temperature.trends(scale, frame, "top_k", LEVELS, same)
    shares = [
        f"k={level}: {part['unknown words'].mean():.1%} and {part['distinct-2'].mean():.1%}"
        for level, part in frame.groupby("top_k", sort=False)
    ]
    first = temperature.models(scale)[0]
    return Finding(
        claim=CLAIM,
        verdicts=[all_of("errors and variety rise with k", rising, held_equal=same), *rising],
        answer=f"Unknown words and different pairs of words, {', '.join(shares)}.",
        population=f"the LSTMs of best_cell on {', '.join(scale.texts)}",
        held_equal=same,
        tables=[
            rows(
                "Figures", means(frame, ["corpus", "top_k"], ["unknown words", "distinct-2"]), temperature.human(scale)
            )
        ],
        plots=temperature.drawn(scale, frame, "top_k", LEVELS, kind="points"),
        samples=[
            shown(f"k={level}, {first.overrides['corpus']}", write(first, count=1, length=300, **option)[0], first)
            for level, option in zip(LEVELS, options, strict=True)
            if level in ("1", "5", "all")
        ],
    )
