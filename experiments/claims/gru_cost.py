"""Sources 001 and 004 claim that the GRU performs like the LSTM at a lower computational cost."""

import statistics
import time
from typing import Any

import pandas as pd

from experiments.claims import best_cell
from experiments.study.findings import EQUIVALENT, Claim, Constant, Finding
from experiments.study.measures import BITS
from experiments.study.recipes import judge_recipes
from experiments.study.runs import Run, Scale, pick
from experiments.study.tables import estimates, means, specification_curve, spread, table

CLAIM = Claim(
    name="gru_cost",
    source="001",
    quote="su rendimiento está a la par con LSTM pero computacionalmente son más eficiente",
    quote_language="es",
    translation="its performance is on a par with LSTM but computationally they are more efficient",
    prediction="On a par: recipe-dependent, with the GRU surely ahead or behind by more than 0.02 in some recipes and "
    "within 0.02 in others. Three quarters of the recurrent parameters and operations; on a CPU with PyTorch's own "
    "layers it nevertheless takes longer than the LSTM at 64 and 128 units.",
    judged_by="Equivalence of test/bpc (GRU − LSTM within ±0.02 bits per character) at equal hidden size in the mean "
    "over the nine recipes of best_cell, whose runs these are. Reported, since no run can change them: parameters, "
    "multiply-adds per character, and the time of a training step by size, the two cells measured alternately. Power: "
    "with a spread of 0.03 over recipes nine recipes cannot show equivalence, only that there is none.",
    history="First edition: inconclusive, on validation text, with one recipe: +0.023, +0.022 and +0.016 bits per "
    "character on three texts, eight seeds; multiply-adds and seconds were tested, although no run can change them.",
    main=True,
)
SAME = best_cell.SAME
ROUNDS = 30
"""How often each cell is timed; the cells alternate, so that other programs slow both."""
STEPS = 3
"""Training steps per round."""


def runs(scale: Scale) -> list[Run]:
    return best_cell.runs(scale)


def model_of(run: Run) -> Any:
    from charcells import load

    return load(run.folder.path).model


def multiply_adds(model: Any) -> int:
    """Multiply-adds per character: each weight of the recurrent layers and of the output is used once."""
    # biases are only added, and an embedding is looked up
    return sum(p.numel() for name, p in model.named_parameters() if p.dim() > 1 and not name.startswith("embedding"))


def microseconds(models: list[Any], batch_size: int = 16, seq_len: int = 64) -> list[float]:
    """Microseconds per character of training, forwards and backwards, on one thread: the median for each model.

    The times that the runs themselves took are not comparable: other runs trained at the same time as some of them.
    """
    import torch
    from torch.nn.functional import cross_entropy

    for model in models:
        model.train()
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
    return [statistics.median(times) for times in zip(*taken, strict=True)]


def costs(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each width: parameters, multiply-adds and seconds of a GRU, each as a share of the LSTM's."""
    rows = []
    for width, part in frame.groupby("model.hidden_size"):
        gru, lstm = (model_of(pick(part, arm=cell)["run"].iloc[0]) for cell in ("gru", "lstm"))
        times = microseconds([gru, lstm])
        sizes = [sum(p.numel() for p in model.parameters()) for model in (gru, lstm)]
        rows.append(
            {
                "units": width,
                "parameters": sizes[0] / sizes[1],
                "multiply-adds": multiply_adds(gru) / multiply_adds(lstm),
                "time of a training step": times[0] / times[1],
                "GRU, µs per character": times[0],
                "LSTM, µs per character": times[1],
            }
        )
    return pd.DataFrame(rows)


def judge(scale: Scale) -> Finding:
    trained = best_cell.arms(scale)
    frame = trained.table()
    effects = best_cell.effects(frame, "gru")
    alike = judge_recipes("GRU − LSTM", effects, EQUIVALENT, unit=BITS, held_equal=SAME)
    cost = costs(frame)
    note = "a GRU's as a share of an LSTM's of the same size; PyTorch's own layers on one thread of this CPU"
    shares = [
        Constant(f"{name}, {row['units']:.0f} units", row[name], "share", note)
        for name in ("parameters", "multiply-adds", "time of a training step")
        for _, row in cost.iterrows()
    ]
    times = ", ".join(f"{row['time of a training step']:.0%}" for _, row in cost.iterrows())
    return Finding(
        claim=CLAIM,
        verdicts=[alike],
        answer=f"test/bpc of GRU − LSTM over {len(effects)} recipes: {estimates([alike])} bits per character in the "
        f"mean (negative: the GRU is better), {spread(effects)}. It needs "
        f"{cost['multiply-adds'].mean():.0%} of the LSTM's multiply-adds, but {times} of its time at "
        f"{', '.join(str(width) for width in cost['units'])} units: on a CPU, PyTorch has a fused kernel for the LSTM "
        "only.",
        population=f"one recurrent layer of 64 to 256 units on {', '.join(scale.texts)}, {best_cell.CHARS:,} "
        f"characters of each, under nine recipes; {trained.edge()}",
        held_equal=SAME,
        constants=shares,
        tables=[
            table("Costs by size", cost, note),
            table("All recipes", means(frame[frame["arm"] != "rnn"], ["recipe", "arm"], ["test/bpc", "val/bpc"])),
        ],
        plots=[specification_curve("GRU − LSTM", effects, BITS)],
    )
