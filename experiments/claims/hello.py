"""Source 002 claims that a tanh RNN learns to spell h-e-l-l-o."""

from experiments.study.findings import Claim, Finding, Region
from experiments.study.measures import generate
from experiments.study.runs import Run, Scale, cross, run_table
from experiments.study.tables import means, table
from experiments.study.verdicts import judge_all, judge_mean

CLAIM = Claim(
    name="hello",
    source="002",
    quote="La RNN recibe el primer carácter y el modelo predice una salida … este paso se repite hasta obtener la "
    "secuencia buscada",
    quote_language="es",
    translation="The RNN is given the first character and the model predicts an output … this step is repeated until "
    "the sequence sought is obtained",
    prediction="Supported: the training loss falls below 0.01 nats within 100 updates, and 'h' is continued by 'ello'.",
    judged_by="Over five seeds: the mean loss of the last 50 updates below 0.01 nats per character by Student's test, "
    "and the greedy continuation of 'h' is 'ello' in all of them.",
)


def runs(scale: Scale) -> list[Run]:
    sizes = {"model__hidden_size": 100, "model__embedding_dim": None, "data__seq_len": 4}
    return cross(CLAIM.name, scale, scale.seeds, experiment="min_char_rnn", **sizes)


def judge(scale: Scale) -> Finding:
    frame = run_table(runs(scale))
    written = [
        generate(run, count=1, length=4, temperature=0, prompt="h", checkpoint="last")[0] for run in frame["run"]
    ]
    frame["spelled"] = [float(text == "ello") for text in written]
    same = "model, updates"
    loss = judge_mean(
        "loss at the end", frame["train/loss"], Region(high=0.01), unit="nats per character", held_equal=same
    )
    spelled = judge_mean(
        "'h' is continued by 'ello'", frame["spelled"], Region(low=0.5), unit="share of runs", held_equal=same
    )
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("h-e-l-l-o is learned", [loss, spelled], held_equal=same), loss, spelled],
        answer=f"{frame['spelled'].mean():.0%} of the runs spell hello; the loss ends at {loss.estimate:.4f} nats.",
        population="min-char-rnn, a tanh RNN of 100 units",
        held_equal="nothing is compared",
        tables=[table("Runs", means(frame, ["status"], ["train/loss", "spelled", "steps"]))],
    )
