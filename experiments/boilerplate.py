"""Source 003: samples are said to carry the Project Gutenberg licence, a strange kind of overfitting."""

from charcells.corpus import load_corpus
from charcells.findings import ABOVE_ZERO, Claim, Finding, Region, of_difference, of_mean
from charcells.metrics import boilerplate, licence_share
from experiments.plan import Run, Scale, cross, means, pick, rows, shown, table, write

CLAIM = Claim(
    name="boilerplate",
    source="003",
    quote="Isso provavelmente indica uma estranha espécie de overfitting para certas partes do texto",
    quote_language="pt",
    translation="This probably indicates a strange kind of overfitting to certain parts of the text",
    prediction="The licence appears in samples, but not more often than in the text: at most about its own share of "
    "1.5 %, so it is what the model was given and no overfitting.",
    judged_by="Overfitting to a part means that it is written more often than it stands in the text: share of sampled "
    "5-grams of words that are in the licence, above the licence's own share of the text, by Student's test over five "
    "seeds. Beside it: the same share, trained on the file as it is less trained on the stripped text. 40 samples of "
    "1,000 characters of each run, temperature 0.8.",
)
COUNT = 40


def arm(scale: Scale, stripped: bool) -> list[Run]:
    """Nothing is held out: the licence is at the end of the file."""
    return cross(
        CLAIM.name,
        scale,
        scale.seeds,
        corpus="republic",
        corpus__strip_boilerplate=stripped,
        data__train_fraction=1.0 if scale.judged else 0.01,
        data__val_fraction=0,
        data__test_fraction=0,
        trainer__max_epochs=min(2, scale.epochs),
    )


def runs(scale: Scale) -> list[Run]:
    return arm(scale, False) + arm(scale, True)


def judge(scale: Scale) -> Finding:
    frame = table(runs(scale))
    config = arm(scale, False)[0].config()
    whole = load_corpus(config.corpus, config.corpora_dir).text
    licence = boilerplate(whole)
    written = [write(run, count=COUNT, length=1000, temperature=0.8, prompt="The ") for run in frame["run"]]
    frame["licence"] = [licence_share(samples, licence) or 0.0 for samples in written]
    frame["anywhere in the text"] = [licence_share(samples, whole) or 0.0 for samples in written]
    raw, stripped = (pick(frame, corpus__strip_boilerplate=value)["licence"] for value in (False, True))
    own = len(licence) / len(whole)
    same, unit = "model, epochs, prompt, sampling", "share of 5-grams of words"
    excess = of_mean(
        f"licence in samples, its own share being {own:.4f}", raw, Region(low=own), unit=unit, held_equal=same
    )
    carries = of_difference(
        "licence in samples, raw less stripped", raw, stripped, ABOVE_ZERO, unit=unit, held_equal=same
    )
    most = max(written[: len(raw)], key=lambda samples: licence_share(samples, licence) or 0.0)
    passage = max(most, key=lambda sample: licence_share([sample], licence) or 0.0)
    return Finding(
        claim=CLAIM,
        verdicts=[excess, carries],
        answer=f"{raw.mean():.2%} of the sampled 5-grams are the licence's where the text carries it, "
        f"{stripped.mean():.2%} where it has been cut off; the licence is {own:.2%} of the text. Of all sampled "
        f"5-grams {frame['anywhere in the text'].mean():.2%} stand anywhere in the text: the more a model knows by "
        "heart, the more this says.",
        population=f"one LSTM layer on the Republic, {min(2, scale.epochs)} epochs, temperature 0.8",
        held_equal=same,
        tables=[
            rows(
                "Licence in samples",
                means(frame, ["corpus.strip_boilerplate"], ["licence", "anywhere in the text", "train/loss"]),
            )
        ],
        samples=[shown("the sample with most of the licence", passage, frame["run"].iloc[0], prompt="The ")],
    )
