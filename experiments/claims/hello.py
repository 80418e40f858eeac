"""Source 002 claims that a tanh RNN learns to spell h-e-l-l-o."""

from experiments.study.findings import Claim, Finding, Region
from experiments.study.measures import generate
from experiments.study.runs import Run, Scale, cross, run_table
from experiments.study.tables import means, table
from experiments.study.verdicts import judge_all, judge_median, judge_share

CLAIM = Claim(
    name="hello",
    source="002",
    quote="La RNN recibe el primer carácter y el modelo predice una salida … este paso se repite hasta obtener la "
    "secuencia buscada",
    quote_language="es",
    translation="The RNN is given the first character and the model predicts an output … this step is repeated until "
    "the sequence sought is obtained",
    prediction="Supported: the training loss falls below 0.01 nats within 100 updates, and 'h' is continued by 'ello'.",
    judged_by="Over eight new seeds, the greedy continuation of 'h' is 'ello' in more than half of the runs (exact "
    "binomial test: eight of eight show more than 63 %), and the median run's mean loss of the last 50 updates is "
    "below 0.01 nats per character (exact sign test). Power: a true rate of 1 is found above a half for sure, one of "
    "0.9 in 43 % of cases.",
    history="First edition: supported, by means over five seeds, of which an interval reached below a loss of 0. Five "
    "of five do not show more than a half by an exact test.",
)
SEEDS = tuple(range(11, 19))
SAME = "model, updates"


def runs(scale: Scale) -> list[Run]:
    sizes = {"model__hidden_size": 100, "model__embedding_dim": None, "data__seq_len": 4}
    seeds = SEEDS if scale.judged else SEEDS[: scale.seeds]
    return cross(CLAIM.name, scale, seeds, experiment="min_char_rnn", **sizes)


def judge(scale: Scale) -> Finding:
    frame = run_table(runs(scale))
    written = [
        generate(run, count=1, length=4, temperature=0, prompt="h", checkpoint="last")[0] for run in frame["run"]
    ]
    frame["spelled"] = [float(text == "ello") for text in written]
    spelled = judge_share(
        "'h' is continued by 'ello'", int(frame["spelled"].sum()), len(frame), Region(low=0.5), held_equal=SAME
    )
    losses, nats = list(frame["train/loss"]), "nats per character"
    loss = judge_median("loss at the end", losses, Region(high=0.01), unit=nats, held_equal=SAME)
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("h-e-l-l-o is learned", [spelled, loss], held_equal=SAME), spelled, loss],
        answer=f"{spelled.estimate:.0%} of the runs spell hello; the median loss ends at {loss.estimate:.4f} nats.",
        population="min-char-rnn, a tanh RNN of 100 units",
        held_equal="nothing is compared",
        measured=frame[["seed", "spelled"]],
        tables=[table("Runs", means(frame, ["status"], ["train/loss", "spelled", "steps"]))],
    )
