"""Source 003 claims that the embedding helps a model to learn meaningful relations between characters."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from experiments.study.findings import Claim, Finding, Region, Verdict
from experiments.study.measures import texts_of
from experiments.study.runs import Run, Scale, default_models, pick
from experiments.study.tables import means, table
from experiments.study.verdicts import judge_all, judge_share

CLAIM = Claim(
    name="embedding_relations",
    source="003",
    quote="Esta camada ajuda o modelo a aprender relações significativas entre os caracteres durante o treinamento",
    quote_language="pt",
    translation="This layer helps the model to learn meaningful relations between the characters during training",
    prediction="Supported for vowels and digits: in nearly every model their vectors point in more similar directions "
    "than those of vowels and consonants, of digits and other characters. For capitals it is weaker, perhaps not "
    "shown: most of them are rare, and rare characters stay near their random initial vectors.",
    judged_by="In each model, for vowels (among small letters), capitals (among letters) and digits (among all "
    "characters) the mean cosine of pairs within the class − of pairs of one within and one outside; a model shows the "
    "class if that is larger than for 95 % of 999 random classes of the same size. The share of models that show it is "
    "above a half for each of the three classes, by exact binomial tests over 24 models (three texts, eight seeds); by "
    "chance it would be 5 %. Only characters that stand at least 20 times in the training text, and classes of three "
    "or more of them: quijote has no digits, which leaves 16 models to that question, and asks for 13. Power: 18 of "
    "24 are needed, which happens in 99 % of cases if the true share is 0.9, in 81 % if it is 0.8.",
)
LEAST, LEAST_MEMBERS, DRAWS, LEVEL = 20, 3, 999, 0.05
VOWELS = "aeiouáéíóúâêôãõàü"
CLASSES: dict[str, tuple[Any, Any]] = {
    "vowels": (lambda c: c in VOWELS, lambda c: c.isalpha() and c.islower()),
    "capitals": (str.isupper, str.isalpha),
    "digits": (str.isdigit, lambda c: True),
}
"""Which characters belong to a class, and among which others it is looked for."""
SAME = "model, training text"


def runs(scale: Scale) -> list[Run]:
    return default_models(scale, "lstm", scale.texts)


def closeness(vectors: NDArray[np.float64], members: NDArray[np.bool_]) -> float:
    """Mean cosine of the pairs within a class, less that of the pairs of a member and another.

    Args:
        vectors: (N, E).
        members: (N,), at least two of them True and one False.
    """
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines, size = unit @ unit.T, int(members.sum())
    within = cosines[np.ix_(members, members)]
    pairs = (within.sum() - np.trace(within)) / (size * (size - 1))
    return float(pairs - cosines[np.ix_(members, ~members)].mean())


def permutation_p(vectors: NDArray[np.float64], members: NDArray[np.bool_]) -> float:
    """One-sided p of `closeness` if any characters could be the class, from DRAWS random classes of its size."""

    def statistic(permuted: Any) -> float:
        return closeness(vectors, permuted)

    found = stats.permutation_test(
        (members,),
        statistic,
        permutation_type="pairings",
        n_resamples=DRAWS,
        alternative="greater",
        rng=np.random.default_rng(0),
        vectorized=False,
    )
    return float(found.pvalue)


def measure(scale: Scale) -> pd.DataFrame:
    """A row for each model and class that its text has: characters in it, closeness, p, and whether it is shown."""
    from charcells import load

    rows = []
    for run in runs(scale):
        generator = load(run.folder.best)
        counts, characters = Counter(texts_of(run).train), generator.vocabulary.characters
        weight = generator.model.embedding.weight.detach().double().numpy()  # type: ignore[union-attr]
        for name, (belongs, among) in CLASSES.items():
            kept = [i for i, c in enumerate(characters) if counts[c] >= LEAST and (belongs(c) or among(c))]
            members = np.array([bool(belongs(characters[i])) for i in kept])
            if members.sum() < LEAST_MEMBERS or members.all():
                continue
            p = permutation_p(weight[kept], members)
            rows.append(
                {
                    "class": name,
                    "corpus": run.overrides["corpus"],
                    "seed": run.overrides["seed"],
                    "members": int(members.sum()),
                    "others": int((~members).sum()),
                    "closeness": closeness(weight[kept], members),
                    "p": p,
                    "shown": float(p <= LEVEL),
                }
            )
    return pd.DataFrame(rows)


def judge(scale: Scale) -> Finding:
    frame = measure(scale)
    parts: list[Verdict] = []
    for name in CLASSES:
        shown = pick(frame, **{"class": name})["shown"]
        question, options = f"models whose embedding shows {name}", {"unit": "share of models", "held_equal": SAME}
        parts.append(judge_share(question, int(shown.sum()), len(shown), Region(low=0.5), **options))
    shares = ", ".join(f"{name} {part.note.split(';')[0]}" for name, part in zip(CLASSES, parts, strict=True))
    mean = frame.groupby("class")["closeness"].mean()
    return Finding(
        claim=CLAIM,
        verdicts=[judge_all("vowels, capitals and digits", parts, held_equal=SAME), *parts],
        answer=f"Models whose embedding shows the class: {shares}. Mean cosine within − between: "
        + ", ".join(f"{name} {mean[name]:+.2f}" for name in CLASSES if name in mean)
        + ".",
        population=f"embeddings of 64, one LSTM layer of 128 units, default recipe, on {', '.join(scale.texts)}; "
        f"characters that stand at least {LEAST} times in the training text",
        held_equal=SAME,
        measured=frame,
        tables=[table("Classes", means(frame, ["class", "corpus"], ["members", "others", "closeness", "p", "shown"]))],
    )
