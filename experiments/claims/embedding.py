"""Source 001 claims that learned embeddings are better than one-hot vectors."""

from experiments.study.findings import EQUIVALENT, MARGIN, Claim, Finding, Region, Verdict
from experiments.study.measures import BITS
from experiments.study.runs import Run, Scale, cross, pick, run_table
from experiments.study.tables import estimates, means, table
from experiments.study.verdicts import judge_difference

CLAIM = Claim(
    name="embedding",
    source="001",
    quote="Aunque One-hot Encoding es simple, hay puntos débiles … La solución a este problema es utilizar la otra "
    "técnica Word Embedding",
    quote_language="es",
    translation="Although one-hot encoding is simple, it has weak points … The solution to this problem is to use the "
    "other technique, word embedding",
    prediction="Not better for characters: with scaled initial values, one-hot input is the same class of functions "
    "and ends within 0.05 bits per character, though perhaps not within 0.02. With PyTorch's initial values one-hot "
    "input is more than 0.1 worse.",
    judged_by="The claim is that embeddings are better: val/bpc of one-hot − embedding above 0.02 (more than counts as "
    "equivalent) by Welch's test, initial values scaled, eight seeds. Also reported: the same with PyTorch's own "
    "initial values, and speed.",
)
INPUTS = {"embedding": 64, "one-hot": None}
"""model.embedding_dim of each input."""


def arm(scale: Scale, inputs: str, init: str) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        scale.equivalence_seeds if init == "orthogonal" else scale.seeds,
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
    frame = run_table(runs(scale))
    frame["input"] = frame["model.embedding_dim"].isna().map({True: "one-hot", False: "embedding"})

    def difference(suffix: str, init: str, region: Region, least: int = 8) -> Verdict:
        question = f"one-hot − embedding, {suffix}"
        one_hot, embedding = (pick(frame, model__init=init, input=name)["val/bpc"] for name in ("one-hot", "embedding"))
        return judge_difference(question, one_hot, embedding, region, unit=BITS, held_equal=same, min_runs=least)

    better = difference("scaled initial values", "orthogonal", Region(low=MARGIN))
    equivalent = difference("scaled initial values: equivalent", "orthogonal", EQUIVALENT)
    torch = difference("PyTorch's initial values", "torch", Region(low=MARGIN), 5)
    return Finding(
        claim=CLAIM,
        verdicts=[better, equivalent, torch],
        answer=f"val/bpc of one-hot input − embedding: {estimates([better])} bits per character if the initial weights "
        f"of the one-hot input are scaled, {estimates([torch])} with PyTorch's own.",
        population=f"one LSTM layer on {scale.cut(150_000) or 'all'} characters of {scale.texts[0]}: characters, not "
        "words",
        held_equal=same,
        tables=[
            table(
                "All arms",
                means(frame, ["model.init", "input"], ["val/bpc", "test/bpc", "parameters", "chars_per_second"]),
            )
        ],
    )
