"""Sources 001 and 004: the GRU is said to be on a par with the LSTM and computationally cheaper."""

import statistics
import time
from typing import Any

import pandas as pd

from charcells.findings import ALIKE, BELOW_ZERO, Claim, Finding, all_of, of_mean
from experiments import best_cell
from experiments.plan import Run, Scale, each, means, on_each_corpus, pick, rows, table

CLAIM = Claim(
    name="gru_cost",
    source="001",
    quote="su rendimiento está a la par con LSTM pero computacionalmente son más eficiente",
    quote_language="es",
    translation="its performance is on a par with LSTM but computationally they are more efficient",
    prediction="Inconclusive or refuted as 'on a par within 0.02', with the GRU ahead rather than behind; three "
    "quarters of the recurrent parameters and operations; on a CPU with PyTorch it takes longer than the LSTM all the "
    "same.",
    judged_by="Equivalence of val/bpc (GRU less LSTM, margin 0.02 bits per character) at equal hidden size on every "
    "corpus with eight seeds, the rate chosen for each, over blocks of held-out text too; and fewer multiply-adds a "
    "character. Beside it: parameters, and the time of a training step, the cells timed in turn.",
    main=True,
)


def runs(scale: Scale) -> list[Run]:
    return best_cell.runs(scale)


ROUNDS, STEPS = 30, 5
"""How often the cells are timed in turn, so many training steps each."""


def model_of(run: Run) -> Any:
    from charcells import load

    return load(run.folder).model


def multiply_adds(run: Run) -> int:
    """Of one step: each weight of the recurrent layers and of the output is used once."""
    weights = model_of(run).named_parameters()
    return sum(p.numel() for name, p in weights if p.dim() > 1 and not name.startswith("embedding"))


def microseconds(runs_: list[Run], batch_size: int = 16, seq_len: int = 64) -> list[list[float]]:
    """Of a character in training, forwards and backwards, on one thread: for each run one list over the rounds.

    What the runs themselves took says less: other programs had the machine beside some of them.
    """
    import torch
    from torch.nn.functional import cross_entropy

    models = [model_of(run).train() for run in runs_]
    tokens = torch.zeros(batch_size, seq_len, dtype=torch.long)

    def steps(model: Any) -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            model.zero_grad()
            cross_entropy(model(tokens)[0].flatten(0, 1), tokens.flatten()).backward()  # type: ignore[no-untyped-call]
        return 1e6 * (time.perf_counter() - start) / (STEPS * tokens.numel())

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    taken = [[steps(model) for model in models] for _ in range(ROUNDS + 1)][1:]  # the first warms up
    torch.set_num_threads(threads)
    return [list(column) for column in zip(*taken, strict=True)]


def judge(scale: Scale) -> Finding:
    gru, lstm = (best_cell.equal_hidden_size(scale, cell) for cell in ("gru", "lstm"))
    same = "text, split, epochs, hidden size, 16 streams, window of 64"
    alike = on_each_corpus("GRU less LSTM", scale, gru, lstm, ALIKE, held_equal=same, min_runs=8)
    matched = on_each_corpus(
        "GRU less LSTM at equal parameters",
        scale,
        best_cell.equal_parameters(scale, "gru"),
        best_cell.equal_parameters(scale, "lstm"),
        ALIKE,
        held_equal=same.replace("hidden size", "parameters"),
        min_runs=5,
    )
    frame = table([*gru, *lstm])
    frame["multiply-adds"] = [multiply_adds(run) for run in frame["run"]]
    saved = [
        one / other - 1
        for one, other in zip(*(pick(frame, cell=c)["multiply-adds"] for c in ("gru", "lstm")), strict=True)
    ]
    fewer = of_mean("multiply-adds of a GRU, relative to the LSTM's", saved, BELOW_ZERO, unit="share", held_equal=same)
    timed = microseconds([gru[0], lstm[0]])
    slower = of_mean(
        f"time of a training step of a GRU, relative to the LSTM's, {ROUNDS} rounds in turn on one thread of a CPU",
        [one / other - 1 for one, other in zip(*timed, strict=True)],
        BELOW_ZERO,
        unit="share",
        held_equal="machine, batch, hidden size",
    )
    return Finding(
        claim=CLAIM,
        verdicts=[
            all_of("on a par, and fewer operations", [alike[0], fewer], held_equal=same),
            *alike,
            *matched,
            fewer,
            slower,
        ],
        answer=f"GRU less LSTM on {', '.join(scale.texts)}: {each(alike[1:])} bits per character at equal hidden size, "
        f"{each(matched[1:])} at equal parameters (a minus: the GRU is better). It needs {fewer.estimate:+.0%} "
        f"multiply-adds a character, and {slower.estimate:+.0%} time in training on this CPU, where PyTorch has a "
        "fused kernel for the LSTM alone.",
        population=f"one recurrent layer on {', '.join(scale.texts)}; seconds: PyTorch on one thread of this CPU",
        held_equal=same,
        tables=[
            rows("Costs", means(frame, ["cell"], ["parameters", "multiply-adds", "val/bpc"])),
            rows(
                "Time",
                pd.DataFrame(
                    {
                        "cell": ["gru", "lstm"],
                        "µs a character": [statistics.median(each_) for each_ in timed],
                        "lowest": [min(each_) for each_ in timed],
                        "highest": [max(each_) for each_ in timed],
                    }
                ),
                f"Medians of {ROUNDS} rounds.",
            ),
        ],
    )
