"""Source 001: learned embeddings are said to be better than one-hot vectors."""

from charcells.findings import ALIKE, MARGIN, Claim, Finding, Region, Verdict, of_difference
from experiments.plan import BITS, Run, Scale, cross, each, means, pick, rows, table

CLAIM = Claim(
    name="embedding",
    source="001",
    quote="Aunque One-hot Encoding es simple, hay puntos débiles … La solución a este problema es utilizar la otra "
    "técnica Word Embedding",
    quote_language="es",
    translation="Although one-hot encoding is simple, it has weak points … The solution to this problem is to use the "
    "other technique, word embedding",
    prediction="Not better for characters: with initial values to scale, one-hot input is the same class of functions "
    "and ends within 0.05 bits per character, though perhaps not within 0.02. With PyTorch's initial values one-hot "
    "input is more than 0.1 behind.",
    judged_by="The claim is that embeddings are better: val/bpc one-hot less embedding above 0.02 (beyond what counts "
    "as alike) by Welch's test, initial values scaled, eight seeds. Beside it: with PyTorch's own initial values, and "
    "speed.",
)
INPUTS = {"embedding": 64, "one-hot": None}


def arm(scale: Scale, inputs: str, init: str) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        scale.alike_seeds if init == "orthogonal" else scale.seeds,
        corpus=scale.texts[0],
        corpus__max_chars=scale.cut(150_000),
        trainer__max_epochs=scale.epochs,
        model__init=init,
        model__embedding_dim=INPUTS[inputs],
    )


def runs(scale: Scale) -> list[Run]:
    return [run for init in ("orthogonal", "torch") for inputs in INPUTS for run in arm(scale, inputs, init)]


def judge(scale: Scale) -> Finding:
    same = "text, split, hidden size, epochs, rate, initial values of the other weights"
    frame = table(runs(scale))
    frame["input"] = frame["model.embedding_dim"].isna().map({True: "one-hot", False: "embedding"})

    def beside(question: str, init: str, region: Region, least: int = 8) -> Verdict:
        one_hot, embedding = (pick(frame, model__init=init, input=name)["val/bpc"] for name in ("one-hot", "embedding"))
        return of_difference(question, one_hot, embedding, region, unit=BITS, held_equal=same, min_runs=least)

    better = beside("one-hot less embedding, scaled", "orthogonal", Region(low=MARGIN))
    alike = beside("one-hot less embedding, scaled: alike", "orthogonal", ALIKE)
    torch = beside("one-hot less embedding, as PyTorch starts", "torch", Region(low=MARGIN), 5)
    return Finding(
        claim=CLAIM,
        verdicts=[better, alike, torch],
        answer=f"One-hot input ends {each([better])} bits per character beside an embedding once its initial "
        f"weights are scaled, and {each([torch])} with PyTorch's own.",
        population=f"one LSTM layer on {scale.cut(150_000) or 'all'} characters of {scale.texts[0]}: characters, not "
        "words",
        held_equal=same,
        tables=[
            rows(
                "All arms",
                means(frame, ["model.init", "input"], ["val/bpc", "test/bpc", "parameters", "chars_per_second"]),
            )
        ],
    )
