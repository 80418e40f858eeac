"""Source 003: three layers and ten epochs are said not to look much better."""

from charcells.findings import BELOW_ZERO, Claim, Finding, Region, of_difference
from experiments.plan import BITS, Run, Scale, cross, curve, each, means, pick, plot, rows, table

CLAIM = Claim(
    name="longer_not_better",
    source="003",
    quote="usou 3 camadas e treinou durante 10 épocas … E interessantemente, o resultado não parece muito melhor que "
    "os outros",
    quote_language="pt",
    translation="used 3 layers and trained for 10 epochs … And interestingly, the result does not look much better "
    "than the others",
    prediction="Refuted for the epochs: ten instead of two lower val/bpc by far more than 0.1 at this size. Supported "
    "for the layers: three instead of two win less than 0.1, or lose.",
    judged_by="'Not much better' is less than 0.1 bits per character. val/bpc of 2 layers after 2 epochs (as its King "
    "James) less that of 3 layers after 10, below 0.1 by Welch's test over five seeds. Beside it: layers alone and "
    "epochs alone. Each number of epochs has its own complete schedule.",
)
MUCH = 0.1
LAYERS, EPOCHS = (1, 2, 3), (2, 10)
CHARS = 100_000


def runs(scale: Scale) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        scale.seeds,
        corpus="republic",
        corpus__strip_boilerplate=True,
        corpus__max_chars=scale.cut(CHARS),
        model__num_layers=LAYERS,
        trainer__max_epochs=EPOCHS if scale.judged else (1, 2),
    )


def judge(scale: Scale) -> Finding:
    frame = table(runs(scale))
    few, many = EPOCHS if scale.judged else (1, 2)

    def bits(layers: int, epochs: int) -> list[float]:
        return list(pick(frame, model__num_layers=layers, trainer__max_epochs=epochs)["val/bpc"])

    same, little = "text, split, hidden size, rate, 16 streams", Region(high=MUCH)

    def verdict(question: str, a: list[float], b: list[float], equal: str, region: Region = little):  # type: ignore[no-untyped-def]
        return of_difference(question, a, b, region, unit=BITS, held_equal=f"{same}{equal}")

    both = verdict("2 layers 2 epochs less 3 layers 10 epochs", bits(2, few), bits(3, many), "")
    longer = verdict("3 layers: 2 epochs less 10", bits(3, few), bits(3, many), ", layers")
    deeper = verdict("10 epochs: 2 layers less 3", bits(2, many), bits(3, many), ", epochs")
    from_one = verdict("10 epochs: 1 layer less 3", bits(1, many), bits(3, many), ", epochs")
    worse = verdict(
        "10 epochs: 1 layer less 3, below 0: depth does harm", bits(1, many), bits(3, many), ", epochs", BELOW_ZERO
    )
    frame["epoch of the best"] = frame["best_step"] / frame["steps"] * frame["epochs"]
    figures = ["val/bpc", "test/bpc", "train/loss", "epoch of the best", "parameters", "train_seconds"]
    return Finding(
        claim=CLAIM,
        verdicts=[both, longer, deeper, from_one, worse],
        answer=f"Three layers after ten epochs end {each([both])} bits per character below two layers after two; "
        f"the epochs alone bring {each([longer])}, the third layer {each([deeper])}, the second and third "
        f"together {each([from_one])}.",
        population=f"LSTM layers of 128 units on {scale.cut(CHARS) or 'all'} characters of the Republic",
        held_equal=same,
        tables=[
            rows(
                "Depth and epochs",
                means(frame, ["model.num_layers", "trainer.max_epochs"], figures),
                "train/loss in nats at the end. Where the best epoch comes before the last, overfitting has begun.",
            )
        ],
        plots=[
            plot(
                "Depth and epochs",
                "layers",
                f"validation, {BITS}",
                [curve(f"{n} epochs", [str(k) for k in LAYERS], [bits(k, n) for k in LAYERS]) for n in (few, many)],
                kind="points",
                description="Validation loss for one, two and three layers after two and after ten epochs.",
            )
        ],
    )
