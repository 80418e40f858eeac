"""The texts that the claims write: seconds for all runs of a claim, compiled and by PyTorch's kernels.

The model is an untrained LSTM of 1×128, the size of nearly all of the claims' models; what a step takes does not depend
on the weights. One run's texts are timed, and multiplied by the claim's number of runs.
"""

import time
from collections.abc import Callable, Iterator
from unittest.mock import patch

import torch

from charcells.models.char_rnn import CharRNN
from charcells.writing.compiled import CompiledDecoder
from charcells.writing.generator import TextGenerator
from experiments.benchmarks.generation import VOCABULARY
from experiments.benchmarks.turns import Comparison, in_turn
from experiments.claims import memorisation, temperature, top_k, training_order
from experiments.study.runs import DEFAULT_SEEDS, SCALES
from experiments.study.sampling import COUNT, LENGTH

SCALE = SCALES["laptop"]
MODELS = len(SCALE.texts) * len(DEFAULT_SEEDS)
"""Of the default recipe."""

WRITING = {
    "memorisation": (
        len(memorisation.ARMS) * len(memorisation.SEEDS),
        [(memorisation.SAMPLES, memorisation.LENGTH)],
    ),
    "temperature": (MODELS, [(COUNT, LENGTH)] * len(temperature.TEMPERATURES)),
    "top_k": (MODELS, [(COUNT, LENGTH)] * len(top_k.LEVELS)),
    "training_order": (
        len(training_order.ARMS) * len(training_order.SEEDS),
        [(training_order.COUNT, training_order.LENGTH)] * len(training_order.TEMPERATURES),
    ),
}
"""For each claim that writes much: its runs, and for each call of a run how many texts of how many characters.
`boilerplate` writes what `training_order` does."""


def comparisons() -> Iterator[Comparison]:
    torch.manual_seed(0)
    model = CharRNN(len(VOCABULARY), "lstm", hidden_size=128).eval()
    compiled = TextGenerator(model, VOCABULARY, "!")
    with patch.object(CompiledDecoder, "of", return_value=None):
        fused = TextGenerator(model, VOCABULARY, "!")
        fused.generate(length=1)  # chooses its decoder
    for claim, (runs, calls) in WRITING.items():

        def seconds(generator: TextGenerator, runs: int = runs, calls: list[tuple[int, int]] = calls) -> float:
            start = time.perf_counter()
            for texts, length in calls:
                generator.generate_many([generator.prompt], seeds=range(texts), length=length, temperature=0.8)
            return runs * (time.perf_counter() - start)

        sides: list[Callable[[], float]] = [lambda: seconds(compiled), lambda: seconds(fused)]
        ours, theirs = in_turn(*sides, turns=3)
        yield Comparison(f"writing of the claim {claim}, {runs} runs", ours, "s", theirs, "PyTorch's kernels")
