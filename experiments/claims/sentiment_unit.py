"""Radford, Józefowicz and Sutskever (2017) found one unit of a character model that knows the sentiment of a review.

Laptop scale: 27 runs and their states, some 25 minutes of one core.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from charcells.text.reviews import SplitReviews
from experiments.study.findings import ABOVE_ZERO, Claim, Constant, Finding, Verdict
from experiments.study.recipes import judge_recipes, recipe_effects
from experiments.study.review_recipes import TEXTS
from experiments.study.reviews import ACCURACY, BETTER, counted_right, guessed_right, split_of
from experiments.study.runs import Run, Scale, cross
from experiments.study.tables import means, specification_curve, table
from experiments.study.verdicts import confirmed_by_reviews

CLAIM = Claim(
    name="sentiment_unit",
    source="radford",
    quote="When given sufficient amounts of capacity, training data, and compute time, the representations learned by "
    "these models include disentangled features corresponding to high-level concepts. Specifically, we find a single "
    "unit which performs sentiment analysis.",
    quote_language="en",
    translation="(English. The paper's model has 4,096 units and read 82 million reviews for a month; its best unit "
    "alone finds 92.3 % of the labels of IMDb.)",
    prediction="Refuted for models of this size, which have neither the capacity nor the data: the best unit finds 50 "
    "to 57 % of the labels and stays far from half-way between guessing and counted words. All units together do "
    "little better, 52 to 60 %. No cell differs.",
    judged_by="Test accuracy of the best unit alone − the accuracy half-way between guessing the commoner label and "
    "counted words (tf-idf, logistic regression), above 0: the mean over nine models (three cells of 64, 128 and 256 "
    "units) on three texts, one new seed each. Each model reads the training reviews without labels, then every review "
    "from a state of zeros. Of an LSTM the tanh of the cell state is taken, as in the paper. Unit and threshold are "
    "chosen on the training part. A verdict must also hold over a bootstrap of the test reviews. Power: half-way is "
    "some 14 points above guessing, so that a best unit of 0.57 is told from it in all cases. Beside it the same for "
    "all units together (penalty chosen by validation reviews), and the best unit − that of untrained models, "
    "above 0.01.",
)
CELLS, WIDTHS, SEED = ("rnn", "gru", "lstm"), (64, 128, 256), 31
CHARS, EPOCHS = 400_000, 5
READ = 500
"""Characters of a review that are read, by the models and by counted words alike: its end."""
SMOKE_REVIEWS = 200
SAME = "reviews, split, characters read"


def runs(scale: Scale) -> list[Run]:
    """A character model of each cell and width on the training reviews of each text."""
    return cross(
        CLAIM.name,
        scale,
        (SEED,),
        corpus=TEXTS if scale.judged else TEXTS[:1],
        corpus__max_chars=scale.cut(CHARS),
        trainer__max_epochs=EPOCHS if scale.judged else scale.epochs,
        cell=CELLS,
        model__hidden_size=WIDTHS if scale.judged else (8,),
    )


def read(run: Run, scale: Scale) -> SplitReviews:
    """The reviews of a run's corpus, each cut to its last READ characters; at the smoke scale a few of them."""
    most = None if scale.judged else SMOKE_REVIEWS
    split = split_of(run)
    parts: dict[str, Any] = {
        part: [replace(review, text=review.text[-READ:]) for review in getattr(split, part)[:most]]
        for part in ("train", "val", "test")
    }
    return replace(split, **parts, used=range(len(parts["train"])))


@dataclass(frozen=True)
class Probed:
    """Which test reviews a model's units find right, (R,) each."""

    every: NDArray[np.bool_]
    unit: NDArray[np.bool_]


def probed(model: Any, vocabulary: Any, split: SplitReviews) -> Probed:
    from charcells.models.probe import best_unit, features, fit, only

    states = features(model, vocabulary, split)
    single = fit(only(states, best_unit(states)), strengths=(1.0,))
    return Probed(fit(states).right["test"], single.right["test"])


def models(run: Run) -> tuple[Any, Any, Any]:
    """The vocabulary of a run, its best model, and an untrained one of the same shape with the initial values."""
    import torch

    from charcells.models.char_rnn import CharRNN
    from charcells.models.checkpoint import read_checkpoint
    from charcells.text.vocabulary import Vocabulary

    checkpoint = read_checkpoint(run.folder.best)
    torch.manual_seed(run.overrides["seed"])
    untrained = CharRNN(len(checkpoint.description.characters), **checkpoint.description.model).eval()
    return Vocabulary(checkpoint.description.characters), checkpoint.model(), untrained


def measure(scale: Scale) -> tuple[pd.DataFrame, dict[str, dict[str, NDArray[np.float64]]]]:
    """A row for each model: accuracy of its units on test reviews. And by text for each test review the share of models
    whose best unit ("unit"), all of whose units ("every") find it, less what half-way is."""
    rows, found = [], {}
    for corpus, group in _by_corpus(runs(scale)).items():
        split = read(group[0], scale)
        counted, guessed = counted_right(split), guessed_right(split)
        half_way = (counted.astype(float) + guessed) / 2  # (R,)
        right: dict[str, list[NDArray[np.bool_]]] = {"unit": [], "every": [], "untrained": []}
        for run in group:
            vocabulary, trained, untrained = models(run)
            after, before = (probed(model, vocabulary, split) for model in (trained, untrained))
            right["unit"].append(after.unit)
            right["every"].append(after.every)
            right["untrained"].append(before.unit)
            rows.append(
                {
                    "corpus": corpus,
                    "recipe": f"{run.overrides['cell']}, {run.overrides['model.hidden_size']} units",
                    "best unit": after.unit.mean(),
                    "all units": after.every.mean(),
                    "best unit, untrained": before.unit.mean(),
                    "all units, untrained": before.every.mean(),
                    "counted words": counted.mean(),
                    "guessed": guessed.mean(),
                    "half-way": half_way.mean(),
                }
            )
        shares = {name: np.mean(each, axis=0) for name, each in right.items()}
        found[corpus] = {
            "unit": shares["unit"] - half_way,
            "every": shares["every"] - half_way,
            "learned": shares["unit"] - shares["untrained"],
        }
    return pd.DataFrame(rows), found


def _by_corpus(each: list[Run]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in each:
        found.setdefault(run.overrides["corpus"], []).append(run)
    return found


def questions(
    frame: pd.DataFrame, found: dict[str, dict[str, NDArray[np.float64]]]
) -> tuple[list[Verdict], list[pd.DataFrame]]:
    """The verdicts, and the effect of each kind of model behind each of them."""
    asked = (
        ("best unit − half-way to counted words", "best unit", "half-way", "unit", ABOVE_ZERO),
        ("all units − half-way to counted words", "all units", "half-way", "every", ABOVE_ZERO),
        ("best unit, trained − untrained", "best unit", "best unit, untrained", "learned", BETTER),
    )
    verdicts, effects = [], []
    for question, first, second, name, region in asked:
        effects.append(recipe_effects(frame.assign(difference=frame[first] - frame[second]), "difference"))
        verdict = judge_recipes(question, effects[-1], region, unit=ACCURACY, held_equal=SAME)
        verdicts.append(confirmed_by_reviews(verdict, region, {corpus: each[name] for corpus, each in found.items()}))
    return verdicts, effects


def judge(scale: Scale) -> Finding:
    frame, found = measure(scale)
    verdicts, effects = questions(frame, found)
    figures = ["best unit", "all units", "best unit, untrained", "all units, untrained", "counted words", "guessed"]
    mean = frame[figures].mean()
    return Finding(
        claim=CLAIM,
        verdicts=verdicts,
        answer=f"Mean test accuracy: best unit {mean['best unit']:.3f}, all units {mean['all units']:.3f}; of "
        f"untrained models {mean['best unit, untrained']:.3f} and {mean['all units, untrained']:.3f}; guessing "
        f"{mean['guessed']:.3f}, counted words {mean['counted words']:.3f}.",
        population=f"one layer of {', '.join(map(str, WIDTHS))} units, each cell, trained on the first {CHARS:,} "
        f"characters of the training reviews of {', '.join(frame['corpus'].unique())}, {EPOCHS} epochs; the last "
        f"{READ} characters of a review are read",
        held_equal=SAME,
        measured=frame,
        constants=[Constant("the paper's best unit, IMDb", 0.923, ACCURACY, "4,096 units, 82 million reviews")],
        tables=[
            table("Texts", means(frame, ["corpus"], figures)),
            table("Models", means(frame, ["recipe"], figures[:4])),
        ],
        plots=[specification_curve("best unit − half-way to counted words", effects[0], ACCURACY)],
    )
