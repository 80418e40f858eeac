"""Source 003 claims that the Project Gutenberg licence in samples shows a strange kind of overfitting."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.claims import training_order
from experiments.claims.training_order import ARMS, COUNT, LENGTH, TEMPERATURES, Parts
from experiments.study.findings import Claim, Constant, Finding, Region, Verdict
from experiments.study.measures import SHARE, generate
from experiments.study.runs import Run, Scale, pick
from experiments.study.tables import means, table
from experiments.study.verdicts import judge_all, judge_mean

CLAIM = Claim(
    name="boilerplate",
    source="003",
    quote="Isso provavelmente indica uma estranha espécie de overfitting para certas partes do texto",
    quote_language="pt",
    translation="This probably indicates a strange kind of overfitting to certain parts of the text",
    prediction="Supported as the source trained: in text order with the licence last, far more than the licence's "
    "share of the text, nearly all that can be recognised, is licence. Not supported where the same windows are "
    "shuffled: there the licence is sampled about as often as it was read. So it is no property of the licence; "
    "`training_order` asks for the cause.",
    judged_by="Overfitting to a part means that it is sampled more often than it stands in the text. Windows of 100 "
    "sampled characters are recognised if they are likelier by 20 nats under an n-gram model of the licence than under "
    "one of as much of the book, or the other way round; the estimate is the licence's share among the recognised. "
    "Claim: share − the licence's own share of the training text above 0.1, trained in text order with the licence "
    "last, at temperature 1 and at 0.8, by Student's test within the range of the figure over the five new seeds of "
    "`training_order`, whose runs these are. The same of the other three arms beside it. Reported: how much of the "
    "book and of the licence is recognised; a book recognised less often than the licence raises a true 16 % to 20 %, "
    "hence 0.1. Power: a trial with one seed gave 100 % against 12 and 8 %; five runs at 100 % are above 0.1 for sure.",
    history="First edition: refuted, and wrong: it asked for the licence's share of all sampled word 5-grams, of which "
    "only 0.11 % stand anywhere in the text; a licence copied ten times too often was still 'refuted' in all "
    "simulated cases. It trained on shuffled streams, not in text order as the source did.",
)
CERTAIN = 20.0
"""Nats by which a window must be likelier under one of the two models. At 50, the margin of `training_order`, a window
of the licence is surely one, but of the book only every fourth window is recognised."""
SAME = training_order.SAME


def prepare(scale: Scale) -> None:
    training_order.prepare(scale)


def runs(scale: Scale) -> list[Run]:
    return training_order.runs(scale)


def recognised(sides: Parts, written: Sequence[str]) -> tuple[float, float]:
    """Shares of the windows of some texts that are recognised as book and as licence. `sides`: book, licence."""
    nats = np.concatenate([sides.nats(text) for text in written], axis=1)
    lead = nats[0] - nats[1]  # of the licence's model
    return float(np.mean(lead < -CERTAIN)), float(np.mean(lead > CERTAIN))


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each run and temperature: what is recognised of its samples, and the licence's share of it."""
    sides, own, rows = training_order.sides_of(scale), own_share(scale), []
    for order, place in ARMS:
        for run in training_order.arm(scale, order, place):
            for temperature in TEMPERATURES:
                written = generate(run, count=COUNT, length=LENGTH, temperature=temperature, prompt="The ")
                book, licence = recognised(sides, written)
                share = licence / (book + licence) if book + licence else float("nan")
                row = {"order": order, "place": place, "temperature": temperature, "seed": run.overrides["seed"]}
                rows.append({**row, "recognised": book + licence, "licence": share, "excess": share - own})
    return pd.DataFrame(rows)


def own_share(scale: Scale) -> float:
    """The licence's share of the training text."""
    book, licence, _ = training_order.texts(scale)
    return len(licence) / (len(book) + len(licence))


def excess(scale: Scale, frame: pd.DataFrame, order: str, place: str, temperature: float) -> Verdict:
    return judge_mean(
        f"licence among what is recognised − in the text: {order}, {place}, temperature {temperature:g}",
        pick(frame, order=order, place=place, temperature=temperature)["excess"],
        Region(low=0.1, alike=0.1),
        unit=SHARE,
        held_equal=SAME,
        bounds=(-own_share(scale), 1 - own_share(scale)),
    )


def judge(scale: Scale) -> Finding:
    frame, own = measure(scale), own_share(scale)
    found = {arm: [excess(scale, frame, *arm, temperature) for temperature in TEMPERATURES] for arm in ARMS}
    as_trained = found["text order", "licence last"]
    others = [verdict for arm, verdicts in found.items() for verdict in verdicts if verdict not in as_trained]
    _, licence, unread = training_order.texts(scale)
    known = [recognised(training_order.sides_of(scale), [text]) for text in (unread, licence)]
    share = frame.groupby(["order", "place", "temperature"], sort=False)["licence"].mean()
    shown = [
        f"{order}, {place}: {' and '.join(f'{share[order, place, t]:.0%}' for t in TEMPERATURES)}"
        for order, place in ARMS
    ]
    question = "more licence than the text has: text order, licence last"
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all(question, as_trained, held_equal=SAME), *as_trained, *others],
        answer=f"Licence among the recognised windows, at temperature 1 and at 0.8: {'; '.join(shown)}. It is "
        f"{own:.0%} of the training text.",
        population="the models of `training_order`: one LSTM layer of 128 units, one epoch over the last "
        f"{training_order.CHARS:,} characters of the Republic",
        held_equal=SAME,
        measured=frame,
        constants=[
            Constant("the licence's share of the training text", own, SHARE),
            Constant("windows of the book, unread by any model, that are recognised as book", known[0][0], SHARE),
            Constant("windows of the book, unread by any model, that are taken for licence", known[0][1], SHARE),
            Constant("windows of the licence that are recognised as licence", known[1][1], SHARE),
        ],
        tables=[
            table("Recognised windows", means(frame, ["place", "order", "temperature"], ["licence", "recognised"]))
        ],
    )
