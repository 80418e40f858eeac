"""Sources 001 and 004: the GRU is said to be on a par with the LSTM and computationally cheaper."""

from charlm.findings import ALIKE, BELOW_ZERO, Claim, Finding, all_of, of_difference, of_mean
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
    "character. Beside it: parameters, and seconds a character as they were measured in training.",
    main=True,
)


def runs(scale: Scale) -> list[Run]:
    return best_cell.runs(scale)


def multiply_adds(run: Run) -> int:
    """Of one step: each weight of the recurrent layers and of the output is used once."""
    from charlm import load

    model = load(run.folder).model
    return sum(p.numel() for name, p in model.named_parameters() if p.dim() > 1 and not name.startswith("embedding"))


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
    frame["µs a character"] = 1e6 / frame["chars_per_second"]
    saved = [
        one / other - 1
        for one, other in zip(*(pick(frame, cell=c)["multiply-adds"] for c in ("gru", "lstm")), strict=True)
    ]
    fewer = of_mean("multiply-adds of a GRU, relative to the LSTM's", saved, BELOW_ZERO, unit="share", held_equal=same)
    slower = of_difference(
        "seconds in training: GRU less LSTM, on this CPU with one thread",
        pick(frame, cell="gru")["µs a character"],
        pick(frame, cell="lstm")["µs a character"],
        BELOW_ZERO,
        unit="µs a character",
        held_equal=same,
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
        f"multiply-adds a character, and {slower.estimate:+.1f} µs in training on this CPU, where PyTorch has a fused "
        "kernel for the LSTM alone.",
        population=f"one recurrent layer on {', '.join(scale.texts)}; seconds: PyTorch on one thread of this CPU",
        held_equal=same,
        tables=[rows("Costs", means(frame, ["cell"], ["parameters", "multiply-adds", "µs a character", "val/bpc"]))],
    )
