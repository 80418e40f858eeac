"""Source 000 claims that training with one stream of text or with eight gives similar or equal results."""

from experiments.study.findings import EQUIVALENT, Claim, Finding
from experiments.study.measures import BITS
from experiments.study.recipe_set import Arms, best_samples, recipe_tables
from experiments.study.recipes import judge_recipes, recipe_effects
from experiments.study.runs import Run, Scale
from experiments.study.tables import estimates, specification_curve, spread

CLAIM = Claim(
    name="batch_count",
    source="000",
    quote="variando el número de batches (1 y 8), en ambos casos usando la misma longitud de texto se obtuvo "
    "resultados similares o iguales",
    quote_language="es",
    translation="varying the number of batches (1 and 8), in both cases with the same length of text, similar or equal "
    "results were obtained",
    prediction="Not alike: at equal epochs one stream makes eight times as many updates and ends more than 0.02 bits "
    "per character lower in the mean over recipes, even though each arm chooses its own learning rate. The advantage "
    "is largest with few epochs and may turn with many. Recipe-dependent is possible.",
    judged_by="Equivalence of test/bpc (1 stream − 8 streams within ±0.02 bits per character) at equal epochs, as in "
    "the source, in the mean over nine recipes (initial values, optimizer, width, epochs) with three texts and three "
    "new seeds each; in every recipe both arms have the same four learning rates to choose from by validation text. "
    "Power: with a spread of 0.05 over recipes a difference of 0.08 is found to lie outside ±0.02 in 88 % of cases.",
    history="First edition: refuted, on validation text, with one recipe and one learning rate, eight seeds.",
    main=True,
)
CHARS = 80_000
SAME = "text, split, epochs, hidden size, window of 64, and the budget of tuning; each arm with its own rate"
ARMS = {"1 stream": 1, "8 streams": 8}


def arms(scale: Scale) -> Arms:
    return Arms(CLAIM.name, scale, {name: {"data__batch_size": streams} for name, streams in ARMS.items()}, CHARS)


def runs(scale: Scale) -> list[Run]:
    return arms(scale).runs()


def judge(scale: Scale) -> Finding:
    trained = arms(scale)
    frame = trained.table()
    effects = recipe_effects(frame, "test/bpc", between=("arm", "1 stream", "8 streams"))
    alike = judge_recipes("1 stream − 8 streams, equal epochs", effects, EQUIVALENT, unit=BITS, held_equal=SAME)
    return Finding(
        claim=CLAIM,
        verdicts=[alike],
        answer=f"test/bpc of 1 stream − 8 streams at equal epochs over {len(effects)} recipes: {estimates([alike])} "
        f"bits per character in the mean (negative: one stream is better), {spread(effects)}.",
        population=f"one LSTM layer of 64 to 256 units on {', '.join(scale.texts)}, {CHARS:,} characters of each, "
        f"under nine recipes; {trained.edge()}",
        held_equal=SAME,
        tables=recipe_tables(frame),
        plots=[specification_curve("1 stream − 8 streams, equal epochs", effects, BITS)],
        samples=best_samples(frame, "temperature 0.8", temperature=0.8),
    )
