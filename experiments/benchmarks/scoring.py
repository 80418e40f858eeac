"""Scoring held-out text: train()'s parallel segments compared with a plain pass, window after window in one stream."""

import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F

from charcells.data.held_out import HeldOutBatches
from charcells.models.char_rnn import CharRNN
from charcells.training.score import HeldOutScore
from experiments.benchmarks.turns import Comparison, in_turn

VOCAB_SIZE, BEFORE, CHARACTERS, WINDOW = 90, 500, 20_000, 100


def compare(cell: str, layers: int, units: int) -> Comparison:
    torch.manual_seed(0)
    model = CharRNN(VOCAB_SIZE, cell, hidden_size=units, num_layers=layers).eval()
    tokens = torch.randint(VOCAB_SIZE, (BEFORE + CHARACTERS,))
    losses: dict[str, float] = {}

    @torch.inference_mode()
    def ours() -> float:
        start = time.perf_counter()
        score = HeldOutScore()
        for inputs, targets, scored in HeldOutBatches(tokens, BEFORE, len(tokens), VOCAB_SIZE):
            score.add(model, inputs, targets, scored)
        losses["charcells"] = score.metrics("test")["test/loss"]
        return CHARACTERS / (time.perf_counter() - start)

    @torch.inference_mode()
    def plain() -> float:
        start = time.perf_counter()
        _, state = model(tokens[None, : BEFORE - 1])
        nats = 0.0
        for first in range(BEFORE, len(tokens), WINDOW):
            targets = tokens[first : first + WINDOW]
            logits, state = model(tokens[None, first - 1 : first - 1 + len(targets)], state)
            nats += F.cross_entropy(logits[0], targets, reduction="sum").item()
        losses["plain"] = nats / CHARACTERS
        return CHARACTERS / (time.perf_counter() - start)

    taken = in_turn(ours, plain)
    assert abs(losses["charcells"] - losses["plain"]) < 1e-4, losses
    what = f"held-out scoring, {cell} {layers}×{units}"
    return Comparison(what, taken[0], "characters/s", taken[1], "plain pass", at_least=1)


def comparisons() -> Iterator[Comparison]:
    for cell in ("lstm", "gru", "rnn"):
        for layers, units in ((1, 128), (2, 512)):
            yield compare(cell, layers, units)
