"""Source 003 claims that windows of 100 characters are long enough for the dependencies that matter."""

from typing import Any

import numpy as np
import pandas as pd

from experiments.study.findings import MARGIN, Claim, Finding, Region, Verdict
from experiments.study.measures import BITS, bits_by_context, data_of
from experiments.study.runs import PILOT_SEED, Run, Scale, best_rate, cross, pick, run_table
from experiments.study.tables import curve, estimates, means, plot, table
from experiments.study.verdicts import judge_all, judge_difference, judge_mean

CLAIM = Claim(
    name="window_enough",
    source="003",
    quote="Cada sequência de entrada consiste em 100 caracteres. Esse comprimento é suficientemente longo para "
    "capturar dependências significativas entre os caracteres",
    quote_language="pt",
    translation="Each input sequence consists of 100 characters. This length is long enough to capture significant "
    "dependencies between the characters",
    prediction="Supported for LSTMs of this size and these texts: given 400 characters, the models trained on windows "
    "of 400 gain less than 0.01 bits per character over what they reach after 100, and those trained on windows of 100 "
    "are no more than 0.02 worse than them. Larger models, which remember more, may gain more.",
    judged_by=f"Test text, the same {3_000:,} characters for all, read with a state of zeros a given number of "
    "characters before. Below 0.02 bits per character, each on three texts: what a model trained on windows of 400 "
    "gains from the context beyond 100 characters (Student's test), and windows of 100, given 100, − windows of 400, "
    "given 400 (Welch's): six questions, eight seeds (11 to 18) of each side. In both arms the state is set back at "
    "each window, as in the source, the updates and the characters of an update are equal (16 windows of 100, 4 of "
    "400), and each has the same three learning rates to choose from by validation text. Power: with a standard "
    "deviation of 0.015 over the runs and no true difference each of the second kind is found below 0.02 in 69 % of "
    "cases, with 0.01 in 96 %; the first kind, within a model, scatters less. The last checkpoint is judged, since "
    "validation during training carries the state on.",
)
SEEDS = tuple(range(11, 19))
CHARS = 120_000
WINDOWS = {100: 16, 400: 4}
"""Windows, and how many of them in an update."""
RATES = (5e-3, 1e-2, 2e-2)
CONTEXTS = (1, 3, 10, 30, 100, 200, 400)
POSITIONS = 3_000
SAME = "text, model, updates, characters of an update, budget of tuning, characters that are scored"


def arm(scale: Scale, window: int, seeds: tuple[int, ...], rates: float | tuple[float, ...], texts: Any) -> list[Run]:
    return cross(
        CLAIM.name,
        scale,
        seeds,
        corpus=texts,
        corpus__max_chars=scale.cut(CHARS),
        trainer__max_epochs=2 * scale.epochs,
        data__carry_state=False,
        data__seq_len=window if scale.judged else window // 10,
        data__batch_size=WINDOWS[window] if scale.judged else 2,
        optimizer__lr=rates,
    )


def tuning(scale: Scale, window: int) -> list[Run]:
    return arm(scale, window, (PILOT_SEED,), RATES if scale.judged else RATES[:1], scale.texts[0])


def judged(scale: Scale, window: int) -> list[Run]:
    rate = best_rate(run_table(tuning(scale, window)))
    return arm(scale, window, SEEDS if scale.judged else SEEDS[:2], rate, scale.texts)


def runs(scale: Scale) -> list[Run]:
    """The tuning runs, and as soon as those of an arm are done, its judged runs."""
    wanted = []
    for window in WINDOWS:
        pilots = tuning(scale, window)
        wanted += pilots + (judged(scale, window) if all(run.done() for run in pilots) else [])
    return wanted


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each judged run: bits per character of the test text after each of CONTEXTS."""
    from charcells import load

    rows = []
    for window in WINDOWS:
        for run in judged(scale, window):
            data = data_of(run)
            # the test text begins where the validation text ends
            scored = np.arange(max(data.text.split.val_end, max(CONTEXTS)), len(data.tokens))
            chosen = np.sort(np.random.default_rng(0).permutation(scored)[:POSITIONS])
            bits = bits_by_context(load(run.folder.last).model, data.tokens, chosen, CONTEXTS)
            rows.append({"window": window, **run.overrides} | dict(zip(CONTEXTS, bits, strict=True)))
    return pd.DataFrame(rows)


def questions(scale: Scale, frame: pd.DataFrame) -> list[Verdict]:
    region, parts = Region(high=MARGIN), []
    for corpus in scale.texts:
        short, long = (pick(frame, window=window, corpus=corpus) for window in WINDOWS)
        options: dict[str, Any] = {"unit": BITS, "held_equal": SAME}
        gain = long[100] - long[400]
        parts.append(judge_mean(f"gain from the context beyond 100 characters, {corpus}", gain, region, **options))
        question = f"windows of 100 − windows of 400, {corpus}"
        parts.append(judge_difference(question, short[100], long[400], region, **options))
    return parts


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    named, parts = frame.rename(columns=str), questions(scale, frame)
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all(f"100 characters lose less than {MARGIN} bits", parts, held_equal=SAME), *parts],
        answer=f"Bits per character on {', '.join(scale.texts)}: gained by models of windows of 400 from the context "
        f"beyond 100 characters {estimates(parts[::2])}; lost by windows of 100 against 400 {estimates(parts[1::2])}.",
        population=f"one LSTM layer of 128 units, {CHARS:,} characters of each text, {2 * scale.epochs} epochs, one "
        "recipe but for the rate",
        held_equal=SAME,
        measured=frame[["window", "corpus", "seed", *CONTEXTS]],
        tables=[table("After each context", means(named, ["window", "corpus", "optimizer.lr"], [*map(str, CONTEXTS)]))],
        plots=[
            plot(
                f"Loss by length of context, windows of {window}",
                "characters of context",
                BITS,
                [
                    curve(corpus, CONTEXTS, [pick(frame, window=window, corpus=corpus)[n] for n in CONTEXTS])
                    for corpus in scale.texts
                ],
                log_x=True,
                description="Loss of test characters against the number of characters read before, for each text.",
            )
            for window in WINDOWS
        ],
    )
