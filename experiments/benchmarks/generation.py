"""Generating text: TextGenerator compared with the straightforward loop, on one thread.

The yardstick calls the model (`nn.LSTM` and the like) on one character after another under torch.inference_mode and
samples with softmax and multinomial.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from charcells.models.char_rnn import CharRNN
from charcells.text.vocabulary import Vocabulary
from charcells.writing.generator import TextGenerator
from experiments.benchmarks.turns import Comparison, in_turn

VOCABULARY = Vocabulary("".join(chr(0x21 + code) for code in range(90)))
STREAMS = 64


def plain(model: CharRNN, length: int) -> None:
    """The straightforward loop."""
    tokens, state = torch.tensor([[0]]), None
    with torch.inference_mode():
        for _ in range(length):
            logits, state = model(tokens, state)
            tokens = torch.multinomial((logits[0, -1] / 0.8).softmax(0), 1).unsqueeze(0)
            VOCABULARY.characters[int(tokens)]


def compare(cell: str, layers: int, units: int) -> Iterator[Comparison]:
    """One text and one text in 8 bits, each compared with the loop, and many texts at once compared with one."""
    torch.manual_seed(0)
    model = CharRNN(len(VOCABULARY), cell, hidden_size=units, num_layers=layers).eval()
    fast = TextGenerator(model, VOCABULARY, VOCABULARY.characters[0])
    small = TextGenerator(model, VOCABULARY, VOCABULARY.characters[0], int8=True)
    length = 4000 // (layers * units // 64)

    def speed(write: Callable[[int], Any], characters: int, streams: int = 1) -> Callable[[], float]:
        def measured() -> float:
            start = time.perf_counter()
            write(characters)
            return streams * characters / (time.perf_counter() - start)

        return measured

    loop, one, int8, many = in_turn(
        speed(lambda n: plain(model, n), length),
        speed(lambda n: fast.generate(length=n, temperature=0.8), length),
        speed(lambda n: small.generate(length=n, temperature=0.8), length),
        speed(
            lambda n: fast.generate_many([fast.prompt], seeds=range(STREAMS), length=n, temperature=0.8),
            max(20, length // 8),
            STREAMS,
        ),
    )
    what, unit = f"writing, {cell} {layers}×{units}", "characters/s"
    largest = cell == "lstm" and units == 512
    yield Comparison(what, one, unit, loop, "loop over nn modules", at_least=18 if largest else None)
    yield Comparison(f"{what}, int8", int8, unit, loop, "loop over nn modules", at_least=40 if largest else None)
    yield Comparison(f"{what}, {STREAMS} texts", many, unit, one, "one text")


def comparisons() -> Iterator[Comparison]:
    for cell in ("lstm", "gru", "rnn"):
        for layers, units in ((1, 128), (2, 256), (2, 512)):
            yield from compare(cell, layers, units)
