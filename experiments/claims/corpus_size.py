"""Source 000 claims that from a text of a tenth of the length, the generated text was wrong."""

from dataclasses import replace
from typing import Any

import pandas as pd

from charcells.text.words import real_word_rate, words
from experiments.study.findings import ABOVE_ZERO, HIGHER, Claim, Finding
from experiments.study.measures import BITS, SHARE, generate, judge_on_each_corpus, texts_of
from experiments.study.recipe_set import SEEDS, Arms, Recipe, best_samples, recipes
from experiments.study.recipes import judge_recipes, recipe_effects
from experiments.study.runs import Run, Scale, cross, pick
from experiments.study.tables import estimates, means, specification_curve, spread, table

CLAIM = Claim(
    name="corpus_size",
    source="000",
    quote="al momento de variar la longitud del texto al 10 % de la anterior, el texto generado fue erróneo",
    quote_language="es",
    translation="on changing the length of the text to 10 % of the former, the generated text was wrong",
    prediction="Supported: at equal epochs, as in the source, a tenth of the text costs 0.5 to 1.5 bits per character "
    "in every recipe, and sampled text has fewer real words. Mostly not for the reason given: a tenth of the text is a "
    "tenth of the updates too. At equal updates more than 0.1 bits remain.",
    judged_by="test/bpc of a tenth − test/bpc of the whole, above 0.02 bits per character at equal epochs on the same "
    "test text: the mean over nine recipes (initial values, optimizer, width, epochs, streams) with three texts and "
    "three new seeds each; the seeds and recipes take turns among five disjoint tenths, and both arms have the same "
    "four learning rates to choose from by validation text. Also: the share of real words, whole − tenth, above 0 over "
    "the recipes; and the gap at equal updates under the default recipe, five seeds of the whole and five tenths on "
    "each text. Power: with a spread of 0.3 over recipes a mean of 0.5 is found above 0.02 in 98 % of cases.",
    history="First edition: supported, on validation text, with one recipe and seeds 1 to 5: +1.02, +0.64 and +1.02 "
    "bits per character at equal epochs, +1.00, +0.52 and +0.98 at equal updates. It held when read again; it is "
    "judged again because recipes vary more than seeds, and the test text judges.",
    main=True,
)
CHARS = 150_000
TENTHS = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Where each tenth begins, as a share of the training text."""
WHOLE, TENTH = "whole", "a tenth"
SAME = "test text, vocabulary, hidden size, epochs, streams, window of 64, and the budget of tuning"
AT_UPDATES = "test text, vocabulary, default recipe, updates"


class SizeArms(Arms):
    """The judged runs of a tenth take turns among TENTHS: each pair of a recipe and a seed has its own."""

    def judged(self, recipe: Recipe, arm: str) -> list[Run]:
        found = super().judged(recipe, arm)
        if arm == WHOLE:
            return found
        first = len(SEEDS) * recipes(self.scale).index(recipe)
        begins = {seed: TENTHS[(first + i) % len(TENTHS)] for i, seed in enumerate(SEEDS)}
        return [
            replace(run, overrides={**run.overrides, "data.train_offset": begins[run.overrides["seed"]]})
            for run in found
        ]


def arms(scale: Scale) -> SizeArms:
    return SizeArms(CLAIM.name, scale, {WHOLE: {}, TENTH: {"data__train_fraction": 0.1}}, CHARS)


def at_equal_updates(scale: Scale) -> tuple[list[Run], list[Run]]:
    """A tenth read ten times as often as the whole, and the whole, under the default recipe."""
    seeds = (11, 12, 13, 14, 15)
    common: dict[str, Any] = {"corpus": scale.texts, "corpus__max_chars": scale.cut(CHARS)}
    whole = cross(CLAIM.name, scale, seeds, **common, trainer__max_epochs=scale.epochs)
    often = {"trainer__max_epochs": 10 * scale.epochs, "data__train_fraction": 0.1}
    tenths = [
        run
        for seed, begin in zip(seeds, TENTHS, strict=True)
        for run in cross(CLAIM.name, scale, (seed,), **common, **often, data__train_offset=begin)
    ]
    return tenths, whole


def runs(scale: Scale) -> list[Run]:
    tenths, whole = at_equal_updates(scale)
    return [*arms(scale).runs(), *tenths, *whole]


def real_words(frame: pd.DataFrame) -> list[float | None]:
    """The share of sampled words that occur in the training text of the whole, for each run.

    A tenth knows fewer words, and would be judged by a shorter list.
    """
    known = {corpus: set(words(texts_of(part["run"].iloc[0]).train)) for corpus, part in whole_runs(frame)}
    return [
        real_word_rate(generate(row["run"], count=5, length=500, top_k=5), known[row["corpus"]])
        for _, row in frame.iterrows()
    ]


def whole_runs(frame: pd.DataFrame) -> Any:
    return pick(frame, arm=WHOLE).groupby("corpus")


def judge(scale: Scale) -> Finding:
    trained = arms(scale)
    frame = trained.table()
    frame["real words"] = real_words(frame)
    effects = recipe_effects(frame, "test/bpc", between=("arm", TENTH, WHOLE))
    spelling = recipe_effects(frame, "real words", between=("arm", WHOLE, TENTH))
    worse = judge_recipes("a tenth − the whole, equal epochs", effects, HIGHER, unit=BITS, held_equal=SAME)
    question = "share of real words, the whole − a tenth, equal epochs"
    misspelt = judge_recipes(question, spelling, ABOVE_ZERO, unit=SHARE, held_equal=SAME)
    tenths, whole = at_equal_updates(scale)
    question = "a tenth − the whole, equal updates, default recipe"
    at_updates = judge_on_each_corpus(question, scale, tenths, whole, HIGHER, held_equal=AT_UPDATES, min_runs=5)
    return Finding(
        claim=CLAIM,
        verdicts=[worse, misspelt, *at_updates],
        answer=f"At equal epochs a tenth of the text costs {estimates([worse])} bits per character in the mean over "
        f"{len(effects)} recipes, {spread(effects)}, and lowers the share of real words by "
        f"{100 * (misspelt.estimate or 0):.0f} points. At equal updates under the default recipe it costs "
        f"{estimates(at_updates[1:])} on {', '.join(scale.texts)}.",
        population=f"one LSTM layer of 64 to 256 units on {', '.join(scale.texts)}, {CHARS:,} characters of each, "
        f"under nine recipes; {trained.edge()}",
        held_equal=SAME,
        measured=frame[["recipe", "arm", "corpus", "seed", "real words"]],
        tables=[
            table("All recipes", means(frame, ["recipe", "arm"], ["test/bpc", "val/bpc", "real words", "steps"])),
            table("Texts", means(frame, ["corpus", "arm"], ["test/bpc", "real words"])),
        ],
        plots=[specification_curve("A tenth − the whole, equal epochs", effects, BITS)],
        samples=best_samples(frame, "top-5", top_k=5),
    )
