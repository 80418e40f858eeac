"""Source 003 claims that three layers and ten epochs do not look much better than smaller, shorter trainings."""

from typing import Any

from experiments.study.findings import BELOW_ZERO, Claim, Finding, Region, Verdict
from experiments.study.measures import BITS
from experiments.study.runs import Run, Scale, cross, pick, run_table
from experiments.study.tables import curve, estimates, means, plot, table
from experiments.study.verdicts import judge_difference

CLAIM = Claim(
    name="longer_not_better",
    source="003",
    quote="usou 3 camadas e treinou durante 10 épocas … E interessantemente, o resultado não parece muito melhor que "
    "os outros",
    quote_language="pt",
    translation="used 3 layers and trained for 10 epochs … And interestingly, the result does not look much better "
    "than the others",
    prediction="Refuted for the epochs: ten instead of two lower val/bpc by far more than 0.1 at this size. Supported "
    "for the layers: three instead of two gain less than 0.1, or lose.",
    judged_by="'Not much better' is less than 0.1 bits per character. val/bpc of 2 layers after 2 epochs (as for its "
    "King James) − val/bpc of 3 layers after 10, below 0.1 by Welch's test over five seeds. Also reported: layers "
    "alone and epochs alone. Each number of epochs has its own complete schedule.",
)
MUCH = 0.1
LAYERS, EPOCHS = (1, 2, 3), (2, 10)
CHARS = 100_000


def epochs(scale: Scale) -> tuple[int, int]:
    """The few and the many."""
    return EPOCHS if scale.judged else (1, 2)


def runs(scale: Scale) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        scale.seeds,
        corpus="republic",
        corpus__strip_boilerplate=True,
        corpus__max_chars=scale.cut(CHARS),
        model__num_layers=LAYERS,
        trainer__max_epochs=epochs(scale),
    )


def judge(scale: Scale) -> Finding:
    frame = run_table(runs(scale))
    few, many = epochs(scale)
    same, little = "text, split, hidden size, rate, 16 streams", Region(high=MUCH)

    def bits(layers: int, epochs: int) -> list[float]:
        return list(pick(frame, model__num_layers=layers, trainer__max_epochs=epochs)["val/bpc"])

    def difference(
        question: str, a: tuple[int, int], b: tuple[int, int], equal: str = "", region: Region = little
    ) -> Verdict:
        return judge_difference(question, bits(*a), bits(*b), region, unit=BITS, held_equal=f"{same}{equal}")

    both = difference("2 layers, 2 epochs − 3 layers, 10 epochs", (2, few), (3, many))
    longer = difference("3 layers: 2 epochs − 10 epochs", (3, few), (3, many), ", layers")
    deeper = difference("10 epochs: 2 layers − 3 layers", (2, many), (3, many), ", epochs")
    from_one = difference("10 epochs: 1 layer − 3 layers", (1, many), (3, many), ", epochs")
    question = "10 epochs: 1 layer − 3 layers, below 0: depth does harm"
    worse = difference(question, (1, many), (3, many), ", epochs", BELOW_ZERO)
    frame["best epoch"] = frame["best_step"] / frame["steps"] * frame["epochs"]
    figures = ["val/bpc", "test/bpc", "train/loss", "best epoch", "parameters", "train_seconds"]
    return Finding(
        claim=CLAIM,
        verdicts=[both, longer, deeper, from_one, worse],
        answer=f"Three layers and ten epochs instead of two and two lower val/bpc by {estimates([both])} bits per "
        f"character; the epochs alone lower it by {estimates([longer])}, the third layer by {estimates([deeper])}, the "
        f"second and third together by {estimates([from_one])}.",
        population=f"LSTM layers of 128 units on {scale.cut(CHARS) or 'all'} characters of the Republic",
        held_equal=same,
        tables=[
            table(
                "Depth and epochs",
                means(frame, ["model.num_layers", "trainer.max_epochs"], figures),
                "train/loss in nats at the end. Where the best epoch comes before the last, overfitting has begun.",
            )
        ],
        plots=[depth_plot({n: [bits(layers, n) for layers in LAYERS] for n in (few, many)})],
    )


def depth_plot(bits: dict[int, list[list[float]]]) -> dict[str, Any]:
    """Args: bits: for each number of epochs, val/bpc of the runs for each number of layers."""
    return plot(
        "Depth and epochs",
        "layers",
        f"validation, {BITS}",
        [curve(f"{epochs} epochs", [str(n) for n in LAYERS], values) for epochs, values in bits.items()],
        kind="points",
        description="Validation loss for one, two and three layers after two and after ten epochs.",
    )
