"""The claims about how models train, what they remember, and what stands in their weights."""

import math
from collections.abc import Iterator

import pandas as pd

from experiments.audit.questions import (
    BITS,
    MARGIN,
    SHARE,
    TEXTS,
    Asked,
    Data,
    Joined,
    Lacking,
    Question,
    by_text,
    difference,
    joined,
    mean_of,
    median_of,
    share,
    where,
)

# What a model remembers, and how it trains


def clipping(data: Data) -> Iterator[Asked]:
    norm, none, texts = "norm clipped to 1", "no clipping", ("quijote", "pydoc")
    runs, measured = data.runs, data.measured
    # the rows of both files stand in the same order; a run that diverged has an infinite or empty val/bpc
    assert list(runs["optimizer.lr"]) == list(measured["optimizer.lr"]) and list(runs["seed"]) == list(measured["seed"])
    measured = measured.assign(validation=runs["val/bpc"].fillna(math.inf).to_numpy(), bits=runs[BITS].to_numpy())
    # a gain is what the characters' frequencies cost, the same for each run on a text, less test/bpc; 0 if that is more
    cost = (measured["gain"] + measured["bits"]).where(measured["gain"] > 0).groupby(measured["corpus"])
    measured["gain"] = (cost.transform("median") - measured["bits"]).fillna(0).clip(lower=0)

    def gain(remedy: str, rate: float, corpus: str) -> pd.Series:
        return where(measured, {"remedy": remedy, "optimizer.lr": rate, "corpus": corpus})["gain"]

    def best(remedy: str) -> float:
        """The rate with the lowest mean of val/bpc."""
        arm = where(measured, {"remedy": remedy})
        by_rate = [(part["validation"].mean(), float(rate)) for rate, part in arm.groupby(arm["optimizer.lr"].map(str))]
        return min(by_rate)[1]

    parts: list[Asked] = []
    for rate in (2.0, 4.0):
        rows = where(measured, {"remedy": norm, "optimizer.lr": rate})
        parts.append(share(f"runs with the {norm} that do not fail at rate {rate:g}", rows["gain"] > 0))
        for corpus in texts:
            question = f"{norm}: gain at the best rate − at rate {rate:g}, {corpus}"
            parts.append(difference(question, gain(norm, best(norm), corpus), gain(norm, rate, corpus)))
    yield from joined("easily solved", parts)
    for remedy in (norm, "values clipped to 5", "windows of 8"):
        for corpus in texts:
            question = f"gain at the best rate of each: {remedy} − {none}, {corpus}"
            cured, uncured = (gain(side, best(side), corpus) for side in (remedy, none))
            yield difference(question, cured, uncured, alike=MARGIN)


def truncation(data: Data) -> Iterator[Asked]:
    measured = data.measured

    def asked(long: int, short: int, state: str) -> Question:
        first_state = "carried" if state == "carried, equal characters" else state
        a = where(measured, {"window": long, "state": first_state})["recalled"]
        b = where(measured, {"window": short, "state": state})["recalled"]
        return difference(f"windows of {long} − {short}, state {state}", a, b, SHARE, alike=0.1)

    short: list[Asked] = [asked(32, 8, "carried"), asked(32, 8, "reset")]
    long: list[Asked] = [asked(32, 256, "carried"), asked(32, 256, "carried, equal characters")]
    yield Joined("both halves of the sentence", tuple(part.asked for part in short + long))
    yield from joined("short windows lose", short)
    yield from joined("too long windows are hard to train", long)


def short_memory(data: Data) -> Iterator[Asked]:
    recall = data.measured.dropna(subset=["recalled"])

    def recalled(cell: str, lag: int) -> Question:
        values = where(recall, {"cell": cell, "lag": lag})["recalled"]
        return mean_of(f"recall: {cell.upper()}, {lag} dots", values, span=SHARE)

    yield from joined("RNN short, LSTM also long", [recalled("rnn", 3), recalled("rnn", 80), recalled("lstm", 80)])

    def doublings(cell: str) -> list[float]:
        """log2 of each seed's half-way lag."""
        curves = where(recall, {"cell": cell}).pivot(index="seed", columns="lag", values="recalled")
        return [math.log2(half_way(curve)) for _, curve in curves.iterrows()]

    yield difference("half-way lag: LSTM − RNN", doublings("lstm"), doublings("rnn"))
    gain = "gain beyond 100 characters"
    for cell in ("rnn", "gru", "lstm"):
        question = f"gain from context beyond 100 characters: {cell.upper()}, biblia"
        if gain in data.measured:
            yield mean_of(question, where(data.measured, {"cell": cell})[gain].dropna())
        else:
            yield Lacking(question, "no CSV has the loss after each length of context")


def half_way(curve: pd.Series) -> float:
    """Dots at which recall first falls below a half, between the lags on a logarithmic scale; at least the first lag,
    and the last where it never falls so far."""
    lags, shares = list(curve.index), list(curve)
    below = [i for i, value in enumerate(shares) if value < 0.5]
    if not below or below[0] == 0:
        return float(lags[0] if below else lags[-1])
    far = below[0]
    way = (shares[far - 1] - 0.5) / (shares[far - 1] - shares[far])
    return float(lags[far - 1] * (lags[far] / lags[far - 1]) ** way)


def window_enough(data: Data) -> Iterator[Asked]:
    parts: list[Asked] = []
    for corpus in TEXTS:
        short, long = (where(data.measured, {"corpus": corpus, "window": window}) for window in (100, 400))
        parts.append(mean_of(f"gain from the context beyond 100 characters, {corpus}", long["100"], long["400"]))
        parts.append(difference(f"windows of 100 − windows of 400, {corpus}", short["100"], long["400"]))
    yield from joined("100 characters lose less than 0.02 bits", parts)


def long_windows_hurt(data: Data) -> Iterator[Asked]:
    sides = {
        cell: by_text(where(data.runs, {"cell": cell}), BITS, "data.seq_len", 800, 100) for cell in ("rnn", "lstm")
    }
    parts: list[Asked] = [
        mean_of(f"windows of 800 − of 100, {cell.upper()}", *pair, alike=MARGIN) for cell, pair in sides.items()
    ]
    (rnn_long, rnn_short), (lstm_long, lstm_short) = sides.values()
    lost = (rnn_long - rnn_short, lstm_long - lstm_short)
    parts.append(mean_of("windows of 800 − of 100: RNN − LSTM", *lost))
    yield from joined("long windows cost more than 0.02 bits, RNNs most", parts)


def batch_stabilises(data: Data) -> Iterator[Asked]:
    measured = data.measured
    middle = measured.groupby(["data.batch_size", "corpus"])[BITS].transform("median")
    off = (measured[BITS] - middle).abs() - measured["distance"]
    assert off.abs().max() < 2e-5, "a distance is not that of test/bpc from the median of its arm and text"

    def asked(few: int) -> list[Asked]:
        jumps, distance = (by_text(measured, figure, "data.batch_size", few, 64) for figure in ("jumps", "distance"))
        return [
            mean_of(f"log10 of the jumps of val/bpc, {few} − 64 streams", *jumps),
            mean_of(f"spread of test/bpc over seeds, {few} − 64 streams", *distance),
        ]

    yield from joined("64 streams are steadier than one", asked(1))
    yield from asked(8)


# What stands in the weights


def embedding_relations(data: Data) -> Iterator[Asked]:
    parts: list[Asked] = [
        share(f"models whose embedding shows {name}", where(data.measured, {"class": name})["p"] <= 0.05)
        for name in ("vowels", "capitals", "digits")
    ]
    yield from joined("vowels, capitals and digits", parts)


def forget_gate(data: Data) -> Iterator[Asked]:
    parts: list[Asked] = []
    for arm in ("with the gate", "trained with the gate at 1", "only read with the gate at 1"):
        rows = where(data.measured, {"arm": arm})
        growth = [math.log10(late / early) for late, early in zip(rows["10000"], rows["1000"], strict=True)]
        parts.append(median_of(f"growth of the cell state, {arm}", growth))
    yield from joined("bounded with the gate, growing without", parts)


def recurrent_weight(data: Data) -> Iterator[Asked]:
    parts: list[Asked] = [
        median_of(
            f"gradient 50 characters back, {arm}, spectral radius {radius}",
            where(data.measured, {"arm": arm, "radius": radius})["back 50"],
        )
        for arm in ("untrained", "trained")
        for radius in (0.8, 1.25)
    ]
    yield from joined("vanishing below 1 and exploding above", parts)


def saturation(data: Data) -> Iterator[Asked]:
    back = {arm: rows["back 100"] for arm, rows in data.measured.groupby("arm")}
    trained = "tanh, trained"
    parts: list[Asked] = [
        median_of(f"gradient 100 characters back, {arm}", back[arm]) for arm in ("tanh", "sigmoid", trained)
    ]
    without = back["tanh, trained, derivatives taken as 1"]
    parts.append(median_of("what the derivatives of tanh take away, trained", back[trained], without))
    yield from joined("tanh and sigmoid make gradients vanish", parts)


def equations(data: Data) -> Iterator[Asked]:
    """Nothing is trained; how many draws were equal stands in the note, as '200 of 200'."""
    parts: list[Asked] = []
    for verdict in data.finding["verdicts"]:
        if not verdict["parts"]:
            equal, draws = (int(number) for number in verdict["note"].split(";")[0].split(" of "))
            parts.append(share(verdict["question"], [True] * equal + [False] * (draws - equal)))
    rnn, lstm, gru = parts
    yield from joined("the library computes the printed recurrences", [rnn, lstm])
    yield gru
