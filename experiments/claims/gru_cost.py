"""Sources 001 and 004 claim that the GRU performs like the LSTM at a lower computational cost."""

import statistics
import time
from typing import Any

import pandas as pd

from experiments.claims import best_cell
from experiments.study.findings import BELOW_ZERO, EQUIVALENT, Claim, Finding, Verdict
from experiments.study.measures import judge_on_each_corpus
from experiments.study.runs import Run, Scale, pick, run_table
from experiments.study.tables import estimates, means, table
from experiments.study.verdicts import judge_all, judge_mean

CLAIM = Claim(
    name="gru_cost",
    source="001",
    quote="su rendimiento está a la par con LSTM pero computacionalmente son más eficiente",
    quote_language="es",
    translation="its performance is on a par with LSTM but computationally they are more efficient",
    prediction="Inconclusive or refuted as 'on a par within 0.02', with the GRU ahead rather than behind; three "
    "quarters of the recurrent parameters and operations; on a CPU with PyTorch it nevertheless takes longer than the "
    "LSTM.",
    judged_by="Equivalence of val/bpc (GRU − LSTM, margin 0.02 bits per character) at equal hidden size on every "
    "corpus with eight seeds, the learning rate chosen for each, over blocks of held-out text too; and fewer "
    "multiply-adds per character. Also reported: parameters, and the time of a training step, measured alternately "
    "for the two cells.",
    main=True,
)
SAME = "text, split, epochs, hidden size, 16 streams, window of 64"
ROUNDS = 30
"""How often each cell is timed; the cells alternate, so that other programs slow both."""
STEPS = 5
"""Training steps per round."""


def runs(scale: Scale) -> list[Run]:
    return best_cell.runs(scale)


def model_of(run: Run) -> Any:
    from charcells import load

    return load(run.folder.path).model


def multiply_adds(run: Run) -> int:
    """Multiply-adds per character: each weight of the recurrent layers and of the output is used once."""
    weights = model_of(run).named_parameters()
    # biases are only added, and an embedding is looked up
    return sum(p.numel() for name, p in weights if p.dim() > 1 and not name.startswith("embedding"))


def microseconds(runs_: list[Run], batch_size: int = 16, seq_len: int = 64) -> list[list[float]]:
    """Microseconds per character of training, forwards and backwards, on one thread: for each run a list over ROUNDS.

    The times that the runs themselves took are not comparable: other runs trained at the same time as some of them.
    """
    import torch
    from torch.nn.functional import cross_entropy

    models = [model_of(run).train() for run in runs_]
    for model in models:
        model.rnn.compiled = False  # the claim is about the cells as PyTorch computes them
    tokens = torch.zeros(batch_size, seq_len, dtype=torch.long)

    def steps(model: Any) -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            model.zero_grad()
            cross_entropy(model(tokens)[0].flatten(0, 1), tokens.flatten()).backward()  # type: ignore[no-untyped-call]
        return 1e6 * (time.perf_counter() - start) / (STEPS * tokens.numel())

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    taken = [[steps(model) for model in models] for _ in range(ROUNDS + 1)][1:]  # the first round warms up
    torch.set_num_threads(threads)
    return [list(column) for column in zip(*taken, strict=True)]


def judge(scale: Scale) -> Finding:
    gru, lstm = (best_cell.equal_hidden_size(scale, cell) for cell in ("gru", "lstm"))
    alike = judge_on_each_corpus("GRU − LSTM", scale, gru, lstm, EQUIVALENT, held_equal=SAME, min_runs=8)
    matched = judge_on_each_corpus(
        "GRU − LSTM at equal parameters",
        scale,
        best_cell.equal_parameters(scale, "gru"),
        best_cell.equal_parameters(scale, "lstm"),
        EQUIVALENT,
        held_equal=SAME.replace("hidden size", "parameters"),
        min_runs=5,
    )
    frame = run_table([*gru, *lstm])
    frame["multiply-adds"] = [multiply_adds(run) for run in frame["run"]]
    timed = microseconds([gru[0], lstm[0]])
    fewer, slower = fewer_operations(frame), shorter_time(timed)
    decided = judge_all("on a par, and fewer operations", [alike[0], fewer], held_equal=SAME)
    return Finding(
        claim=CLAIM,
        verdicts=[decided, *alike, *matched, fewer, slower],
        answer=f"val/bpc of GRU − LSTM on {', '.join(scale.texts)}: {estimates(alike[1:])} bits per character at equal "
        f"hidden size, {estimates(matched[1:])} at equal parameters (negative: the GRU is better). Its multiply-adds "
        f"per character differ from the LSTM's by {fewer.estimate:+.0%}, its training time on this CPU by "
        f"{slower.estimate:+.0%}: PyTorch has a fused CPU kernel for the LSTM only.",
        population=f"one recurrent layer on {', '.join(scale.texts)}; seconds: PyTorch on one thread of this CPU",
        held_equal=SAME,
        tables=[
            table("Costs", means(frame, ["cell"], ["parameters", "multiply-adds", "val/bpc"])),
            time_table(timed),
        ],
    )


def fewer_operations(frame: pd.DataFrame) -> Verdict:
    pairs = zip(*(pick(frame, cell=cell)["multiply-adds"] for cell in ("gru", "lstm")), strict=True)
    saved = [gru / lstm - 1 for gru, lstm in pairs]
    question = "multiply-adds of a GRU, relative to the LSTM's"
    return judge_mean(question, saved, BELOW_ZERO, unit="share", held_equal=SAME)


def shorter_time(timed: list[list[float]]) -> Verdict:
    return judge_mean(
        f"time of a training step of a GRU, relative to the LSTM's, {ROUNDS} alternating rounds on one CPU thread",
        [gru / lstm - 1 for gru, lstm in zip(*timed, strict=True)],
        BELOW_ZERO,
        unit="share",
        held_equal="machine, batch, hidden size",
    )


def time_table(timed: list[list[float]]) -> dict[str, Any]:
    frame = pd.DataFrame(
        {
            "cell": ["gru", "lstm"],
            "µs per character": [statistics.median(times) for times in timed],
            "lowest": [min(times) for times in timed],
            "highest": [max(times) for times in timed],
        }
    )
    return table("Time", frame, f"Medians of {ROUNDS} rounds.")
