"""Source 003 claims that of the three cells the LSTM gave the best results."""

import pandas as pd

from experiments.study.findings import HIGHER, MARGIN, Claim, Finding, Verdict
from experiments.study.measures import BITS
from experiments.study.recipe_set import Arms, best_samples, recipe_tables
from experiments.study.recipes import judge_recipes, recipe_effects
from experiments.study.runs import Run, Scale
from experiments.study.tables import estimates, specification_curve
from experiments.study.verdicts import judge_all

CLAIM = Claim(
    name="best_cell",
    source="003",
    quote="todos eles foram feitos com LSTM, pois foi a arquitetura que nos deu melhores resultados",
    quote_language="pt",
    translation="all of them were made with LSTM, since it was the architecture that gave us the best results",
    prediction="Not supported: against the tanh RNN the LSTM is better by more than 0.02 bits per character in every "
    "recipe, by some 0.1 in the mean; against the GRU it depends on the recipe, above all on the initial values, and "
    "the mean lies within 0.05 of zero.",
    judged_by="test/bpc of the rival − test/bpc of the LSTM, above 0.02 bits per character against each rival, at "
    "equal hidden size: the mean over nine recipes (initial values, optimizer, width, epochs, streams) with three "
    "texts and three new seeds each; in every recipe each cell has the same four learning rates to choose from by "
    "validation text. Recipe-dependent if by their own seeds the claim is surely true in one recipe and surely false "
    "in another. Power: with a spread of 0.03 over recipes, a mean of 0.06 is found above 0.02 in 92 % of cases, one "
    "of 0.05 in 72 %.",
    history="First edition: supported, on validation text, with one recipe: GRU − LSTM +0.023, +0.022 and +0.016 bits "
    "per character on three texts, eight seeds. On the test text the last was undecided, and with Keras' initial "
    "values the difference had the other sign. At equal parameters the GRU was ahead by 0.012, 0.021 and 0.038.",
    main=True,
)
CHARS = 150_000
CELLS = ("rnn", "gru", "lstm")
SAME = "text, split, hidden size, epochs, streams, window of 64, and the budget of tuning; each cell with its own rate"


def arms(scale: Scale) -> Arms:
    return Arms(CLAIM.name, scale, {cell: {"cell": cell} for cell in CELLS}, CHARS)


def runs(scale: Scale) -> list[Run]:
    return arms(scale).runs()


def effects(frame: pd.DataFrame, rival: str) -> pd.DataFrame:
    """The effect of each recipe: test/bpc of the rival − test/bpc of the LSTM."""
    return recipe_effects(frame, "test/bpc", between=("arm", rival, "lstm"))


def judge(scale: Scale) -> Finding:
    trained = arms(scale)
    frame = trained.table()
    against = {rival: effects(frame, rival) for rival in ("rnn", "gru")}
    parts: list[Verdict] = [
        judge_recipes(f"{rival.upper()} − LSTM", found, HIGHER, unit=BITS, held_equal=SAME)
        for rival, found in against.items()
    ]
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all(f"the LSTM is better than both by more than {MARGIN} bits", parts), *parts],
        answer=f"Difference in test/bpc from the LSTM over {len(against['rnn'])} recipes, in bits per character "
        f"(positive: worse than the LSTM): tanh RNN {estimates(parts[:1])}, GRU {estimates(parts[1:])}.",
        population=f"one recurrent layer of 64 to 256 units on {', '.join(scale.texts)}, {CHARS:,} characters of each, "
        f"under nine recipes; {trained.edge()}",
        held_equal=SAME,
        tables=recipe_tables(frame),
        plots=[specification_curve(f"{rival.upper()} − LSTM", found, BITS) for rival, found in against.items()],
        samples=best_samples(frame, "temperature 0.8", temperature=0.8),
    )
