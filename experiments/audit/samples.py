"""The claims about the text that models write."""

from collections.abc import Iterator

import pandas as pd

from experiments.audit.questions import (
    BITS,
    SHARE,
    TEXTS,
    Asked,
    Data,
    Lacking,
    Question,
    by_text,
    difference,
    joined,
    mean_of,
    median_of,
    share,
    trend,
    where,
)


def boilerplate(data: Data) -> Iterator[Asked]:
    measured = data.measured
    own = (measured["licence"] - measured["excess"]).mean()  # the licence's share of the text, the same in each row

    def excess(order: str, place: str, temperature: float) -> Question:
        rows = where(measured, {"order": order, "place": place, "temperature": temperature})
        question = f"licence among what is recognised − in the text: {order}, {place}, temperature {temperature:g}"
        return mean_of(question, rows["licence"], [own] * len(rows), (-own, 1 - own), alike=0.1)

    arms = [("text order", "licence last"), ("shuffled", "licence last")]
    arms += [("text order", "licence first"), ("shuffled", "licence first")]
    first, *others = ([excess(*arm, temperature) for temperature in (1.0, 0.8)] for arm in arms)
    yield from joined("more licence than the text has: text order, licence last", [*first])
    yield from (question for each in others for question in each)


def training_order(data: Data) -> Iterator[Asked]:
    parts: list[Asked] = []
    for temperature in (1.0, 0.8):
        rows = where(data.measured, {"temperature": temperature})
        of = {key: part["licence"] for key, part in rows.groupby(["order", "place"])}
        last = of["text order", "licence last"]
        for question, other in (
            ("licence last: text order − shuffled", of["shuffled", "licence last"]),
            ("text order: licence last − licence first", of["text order", "licence first"]),
        ):
            parts.append(difference(f"{question}, temperature {temperature:g}", last, other, SHARE))
    yield from joined("samples are what was read last", parts)


def early_structure(data: Data) -> Iterator[Asked]:
    texts = {
        "biblia": "100,000 characters in Portuguese",
        "kjv": "King James, 2 epochs of 1,200,000 characters",
    }
    parts: list[Asked] = [
        median_of(f"{figure}, {name}", where(data.measured, {"corpus": corpus})[figure])
        for corpus, name in texts.items()
        for figure in ("verses", "real words")
    ]
    yield from joined("verses and words are learned", parts)


def greedy_loops(data: Data) -> Iterator[Asked]:
    first = where(data.measured, {"prompt": 0})
    parts: list[Asked] = [
        share(f"texts that end in a loop, temperature {value}", where(first, {"temperature": value})["loops"])
        for value in (0, 1)
    ]
    yield from joined("greedy text loops, sampled text does not", parts)


def hello(data: Data) -> Iterator[Asked]:
    question = "'h' is continued by 'ello'"
    if data.has_measured:
        spelled = share(question, data.measured["spelled"])
    else:  # the finding's table has how many runs there are and the share that spells
        [table] = [table for table in data.finding["tables"] if table["title"] == "Runs"]
        [row] = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
        right = round(row["runs"] * row["spelled"])
        spelled = share(question, [True] * right + [False] * (row["runs"] - right))
    yield from joined("h-e-l-l-o is learned", [spelled, median_of("loss at the end", data.runs["train/loss"])])


def longer_not_better(data: Data) -> Iterator[Asked]:
    measured, runs = data.measured, data.runs
    corpora = {"Republic": "republic", "King James": "kjv", "Portuguese Bible": "biblia"}
    republic, king_james, portuguese = ("Republic", 3, 10), ("King James", 2, 2), ("Portuguese Bible", 2, 2)

    def asked(figure: str, a: tuple[str, int, int], b: tuple[str, int, int]) -> Question:
        named = " − ".join(f"{text}, {layers} layers, {epochs} epochs" for text, layers, epochs in (a, b))
        if figure == "real words":
            sides = [
                where(measured, dict(zip(("text", "layers", "epochs_in_all"), arm, strict=True))) for arm in (a, b)
            ]
        else:
            columns = ("corpus", "model.num_layers", "trainer.max_epochs")
            sides = [where(runs, dict(zip(columns, (corpora[arm[0]], *arm[1:]), strict=True))) for arm in (a, b)]
        span = SHARE if figure == "real words" else None
        return difference(f"{figure}: {named}", sides[0][figure], sides[1][figure], span)

    words = "real words"
    others: list[Asked] = [asked(words, republic, king_james), asked(words, republic, portuguese)]
    yield from joined("not much better than the others", others)
    for other in (("Republic", 3, 2), ("Republic", 2, 10)):
        yield asked(words, republic, other)
        yield asked(BITS, other, republic)


def memorisation(data: Data) -> Iterator[Asked]:
    long, tenth = (where(data.measured, {"arm": arm})["near copies"] for arm in ("long", "a tenth, equal updates"))
    yield mean_of("near copies, long text", long, span=SHARE)
    yield difference("near copies, a tenth, equal updates − long", tenth, long, SHARE)


def temperature(data: Data) -> Iterator[Asked]:
    yield from rises(data, "temperature", "errors and variety rise with temperature")
    yield from beyond_human(data, where(data.measured, {"temperature": 1.0}))
    question = "unknown words in the 100 characters after a prompt that is not in the text − after one that is"
    if "prompt" in data.measured:
        absent, present = by_text(data.measured, "unknown words", "prompt", "absent", "present")
        yield mean_of(question, absent, present, (-1.0, 1.0))
    else:
        yield Lacking(question, "no CSV has what each model writes after the two prompts")


def top_k(data: Data) -> Iterator[Asked]:
    yield from rises(data, "top_k", "errors and variety rise with k")
    yield from beyond_human(data, where(data.measured, {"top_k": "all"}))


def rises(data: Data, option: str, question: str) -> Iterator[Asked]:
    """Unknown words and distinct word pairs along an option, whose values the CSV has in their order."""
    measured, parts = data.measured, list[Asked]()
    if "prompt" in measured:  # rows about the prompts of `temperature`
        measured = measured[measured["prompt"].isna()]
    for corpus in TEXTS:
        for figure in ("unknown words", "distinct-2"):
            curves = where(measured, {"corpus": corpus}).pivot(index="seed", columns=option, values=figure)
            parts.append(trend(f"{figure} rise with {option}, {corpus}", curves[list(measured[option].unique())]))
    yield from joined(question, parts)


def beyond_human(data: Data, rows: pd.DataFrame) -> Iterator[Asked]:
    """Unknown words less those of people, a constant of the finding."""
    constants = {constant["question"]: constant["value"] for constant in data.finding["constants"]}
    for corpus in TEXTS:
        people = constants[f"unknown words in held-out human text, {corpus}"]
        values = where(rows, {"corpus": corpus})["unknown words"]
        question = f"unknown words without restraint − in held-out human text, {corpus}"
        yield mean_of(question, values, [people] * len(values), (-people, 1 - people))


def never_reset(data: Data) -> Iterator[Asked]:
    measured = data.measured
    never = where(measured, {"state": "never"})
    more = by_text(
        measured.assign(excess=measured["absent"] - measured["present"]), "excess", "state", "never", "at each epoch"
    )
    parts: list[Asked] = [
        mean_of(
            "unknown words, absent − present prompt, never set back", never["absent"], never["present"], (-1.0, 1.0)
        ),
        mean_of("that, never set back − set back at each epoch", *more, (-2.0, 2.0)),
    ]
    yield from joined("the failing is that of a state never set back", parts)
