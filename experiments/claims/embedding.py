"""Source 001 claims that learned embeddings are better than one-hot vectors."""

from experiments.study.findings import HIGHER, Claim, Constant, Finding
from experiments.study.measures import BITS
from experiments.study.recipe_set import Arms, recipe_tables
from experiments.study.recipes import judge_recipes, recipe_effects
from experiments.study.runs import Run, Scale
from experiments.study.tables import estimates, specification_curve, spread

CLAIM = Claim(
    name="embedding",
    source="001",
    quote="Aunque One-hot Encoding es simple, hay puntos débiles … La solución a este problema es utilizar la otra "
    "técnica Word Embedding",
    quote_language="es",
    translation="Although one-hot encoding is simple, it has weak points … The solution to this problem is to use the "
    "other technique, word embedding",
    prediction="For characters it depends on the recipe: with our initial values, which scale the weights of one-hot "
    "input, and with Keras' the two are alike or nearly; with PyTorch's own one-hot input is worse by more than 0.05 "
    "bits per character, if less than in the first edition, since it may choose a higher learning rate. In the mean "
    "between 0 and 0.1.",
    judged_by="The quote is about words: its problem is the size of one-hot vectors for a large vocabulary, of which "
    "characters have none; what is judged is whether the solution is better for characters too. test/bpc of one-hot − "
    "embedding (64 numbers), above 0.02 bits per character: the mean over nine recipes (initial values, optimizer, "
    "width, epochs, streams) with three texts and three new seeds each; in every recipe both arms have the same four "
    "learning rates to choose from by validation text. Recipe-dependent if by their own seeds the claim is surely true "
    "in one recipe and surely false in another. Power: with a spread of 0.05 over recipes a mean of 0.1 is found above "
    "0.02 in 98 % of cases, one of 0.05 in 34 %.",
    history="First edition: inconclusive, on validation text of one corpus: +0.018 bits per character with scaled "
    "initial values, +0.277 with PyTorch's. The learning rate and the scale of the one-hot arm were tuned, those of "
    "the embedding arm were not; and it was not said that the quote is about words.",
)
CHARS = 80_000
ARMS = {"embedding": 64, "one-hot": None}
"""model.embedding_dim of each arm."""
SAME = "text, split, hidden size, epochs, streams, window of 64, and the budget of tuning; each arm with its own rate"


def arms(scale: Scale) -> Arms:
    return Arms(CLAIM.name, scale, {name: {"model__embedding_dim": size} for name, size in ARMS.items()}, CHARS)


def runs(scale: Scale) -> list[Run]:
    return arms(scale).runs()


def judge(scale: Scale) -> Finding:
    trained = arms(scale)
    frame = trained.table()
    effects = recipe_effects(frame, "test/bpc", between=("arm", "one-hot", "embedding"))
    better = judge_recipes("one-hot − embedding", effects, HIGHER, unit=BITS, held_equal=SAME)
    by_init = frame.pivot_table(index="model.init", columns="arm", values="test/bpc", sort=False)
    gaps = by_init["one-hot"] - by_init["embedding"]
    sizes = frame.groupby("arm", sort=False)["parameters"].mean()
    return Finding(
        claim=CLAIM,
        verdicts=[better],
        answer=f"test/bpc of one-hot − embedding over {len(effects)} recipes: {estimates([better])} bits per character "
        f"in the mean (positive: the embedding is better), {spread(effects)}; by initial values "
        f"{', '.join(f'{gap:+.3f} ({init})' for init, gap in gaps.items())}.",
        population=f"characters, not words: one LSTM layer of 64 to 256 units on {', '.join(scale.texts)}, "
        f"{CHARS:,} characters of each, under nine recipes; {trained.edge()}",
        held_equal=SAME,
        constants=[
            Constant(f"parameters, {arm}", float(size), "mean over recipes and texts") for arm, size in sizes.items()
        ],
        tables=recipe_tables(frame),
        plots=[specification_curve("One-hot − embedding", effects, BITS)],
    )
