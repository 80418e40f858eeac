"""Generating text: TextGenerator compared with the straightforward loop, on one thread.

The loop calls the model (`nn.LSTM` and the like) on one character after another under torch.inference_mode and draws
with softmax and multinomial. At 2×512 the time of a character is also compared with the time in which a compiled sum
reads the same weights once: no program that reads all weights for each character can be faster.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import torch

from charcells.models.char_rnn import CharRNN
from charcells.text.vocabulary import Vocabulary
from charcells.writing.decoder import WEIGHTS
from charcells.writing.generator import TextGenerator
from experiments.benchmarks.turns import Comparison, in_turn

VOCABULARY = Vocabulary("".join(chr(0x21 + code) for code in range(90)))
STREAMS = 64
TARGETS = {
    ("lstm", 1, 128): 14,
    ("lstm", 2, 256): 20,
    ("lstm", 2, 512): 20,
    ("gru", 1, 128): 11,
    ("gru", 2, 512): 3,
    ("rnn", 1, 128): 22,
    ("rnn", 2, 512): 3.5,
}
"""How many times as fast as the loop one text has to be written."""


def plain(model: CharRNN, length: int) -> None:
    """The straightforward loop."""
    tokens, state = torch.tensor([[0]]), None
    with torch.inference_mode():
        for _ in range(length):
            logits, state = model(tokens, state)
            tokens = torch.multinomial((logits[0, -1] / 0.8).softmax(0), 1).unsqueeze(0)
            VOCABULARY.characters[int(tokens)]


@numba.njit(fastmath=True)
def total(numbers: Any) -> Any:
    result = np.float32(0)
    for i in range(len(numbers)):  # the form that becomes vector instructions
        result += numbers[i]
    return result


def compare(cell: str, layers: int, units: int) -> Iterator[Comparison]:
    """One text, in each precision of the weights, and many texts at once, compared with the loop."""
    torch.manual_seed(0)
    model = CharRNN(len(VOCABULARY), cell, hidden_size=units, num_layers=layers).eval()
    one, bfloat16, int8 = (TextGenerator(model, VOCABULARY, "!", weights) for weights in WEIGHTS)
    length = 4000 // (layers * units // 64)
    recurrent = [
        weights for name, weights in model.rnn.named_parameters() if "weight" in name and name != "weight_ih_l0"
    ]
    read = np.concatenate([weights.detach().numpy().ravel() for weights in (*recurrent, model.output.weight)])

    def speed(write: Callable[[int], Any], characters: int, streams: int = 1) -> Callable[[], float]:
        def measured() -> float:
            start = time.perf_counter()
            write(characters)
            return streams * characters / (time.perf_counter() - start)

        return measured

    loop, *written, many, sums = in_turn(
        speed(lambda n: plain(model, n), length),
        *(
            speed(lambda n, generator=generator: generator.generate(length=n, temperature=0.8), 4 * length)  # type: ignore[misc]
            for generator in (one, bfloat16, int8)
        ),
        speed(
            lambda n: one.generate_many([one.prompt], seeds=range(STREAMS), length=n, temperature=0.8),
            max(20, length // 8),
            STREAMS,
        ),
        speed(lambda n: [total(read) for _ in range(n)], length),
    )
    what, unit = f"writing, {cell} {layers}×{units}", "characters/s"
    against, target = "loop over nn modules", TARGETS.get((cell, layers, units))
    yield Comparison(what, written[0], unit, loop, against, at_least=target)
    for weights, speeds in zip(WEIGHTS[1:], written[1:], strict=True):
        yield Comparison(f"{what}, {weights}", speeds, unit, written[0], "float32")
    yield Comparison(f"{what}, {STREAMS} texts", many, unit, written[0], "one text")
    if units == 512:
        times, reading = [1e6 / value for value in written[0]], [1e6 / value for value in sums]
        yield Comparison(f"{what}, a character", times, "µs", reading, "a sum of all weights", at_most=1.5)


def comparisons() -> Iterator[Comparison]:
    for cell in ("lstm", "gru", "rnn"):
        for layers, units in ((1, 128), (2, 256), (2, 512)):
            yield from compare(cell, layers, units)
