"""Source 003 claims that the Project Gutenberg licence in samples shows a strange kind of overfitting."""

from charcells.text.corpus import load_corpus
from charcells.text.words import boilerplate, licence_share
from experiments.study.findings import ABOVE_ZERO, Claim, Finding, Region
from experiments.study.measures import generate
from experiments.study.runs import Run, Scale, cross, pick, run_table
from experiments.study.tables import means, sample, table
from experiments.study.verdicts import judge_difference, judge_mean

CLAIM = Claim(
    name="boilerplate",
    source="003",
    quote="Isso provavelmente indica uma estranha espécie de overfitting para certas partes do texto",
    quote_language="pt",
    translation="This probably indicates a strange kind of overfitting to certain parts of the text",
    prediction="The licence appears in samples, but not more often than in the text: at most about its own share of "
    "1.5 %, so the model reproduces what it was given, which is no overfitting.",
    judged_by="Overfitting to a part means that it is generated more often than it occurs in the text: share of "
    "sampled word 5-grams that occur in the licence, above the licence's own share of the text, by Student's test over "
    "five seeds. Also reported: the same share, models of the file as it is − models of the text without its licence. "
    "40 samples of 1,000 characters per run, temperature 0.8.",
)
COUNT = 40


def arm(scale: Scale, stripped: bool) -> list[Run]:
    """Nothing is held out: the licence is at the end of the file, where held-out text is taken from."""
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
    frame = run_table(runs(scale))
    config = arm(scale, False)[0].config()
    whole = load_corpus(config.corpus, config.corpora_dir).text
    licence = boilerplate(whole)
    written = [generate(run, count=COUNT, length=1000, temperature=0.8, prompt="The ") for run in frame["run"]]
    frame["licence"] = [licence_share(samples, licence) or 0.0 for samples in written]
    frame["anywhere in the text"] = [licence_share(samples, whole) or 0.0 for samples in written]
    raw, stripped = (pick(frame, corpus__strip_boilerplate=value)["licence"] for value in (False, True))
    own = len(licence) / len(whole)
    same, unit = "model, epochs, prompt, sampling", "share of word 5-grams"
    question = f"licence in samples (its share of the text: {own:.4f})"
    excess = judge_mean(question, raw, Region(low=own), unit=unit, held_equal=same)
    question = "licence in samples, licence kept − licence removed"
    carries = judge_difference(question, raw, stripped, ABOVE_ZERO, unit=unit, held_equal=same)
    most = max(written[: len(raw)], key=lambda samples: licence_share(samples, licence) or 0.0)
    passage = max(most, key=lambda text: licence_share([text], licence) or 0.0)
    return Finding(
        claim=CLAIM,
        verdicts=[excess, carries],
        answer=f"{raw.mean():.2%} of the sampled word 5-grams occur in the licence if the training text contains it, "
        f"{stripped.mean():.2%} if it has been removed; the licence is {own:.2%} of the text. Of all sampled word "
        f"5-grams {frame['anywhere in the text'].mean():.2%} occur anywhere in the text: the less of it a model has "
        "memorised, the less the absence of the licence means.",
        population=f"one LSTM layer on the Republic, {min(2, scale.epochs)} epochs, temperature 0.8",
        held_equal=same,
        tables=[
            table(
                "Licence in samples",
                means(frame, ["corpus.strip_boilerplate"], ["licence", "anywhere in the text", "train/loss"]),
            )
        ],
        samples=[sample("the sample with the most of the licence", passage, frame["run"].iloc[0], prompt="The ")],
    )
