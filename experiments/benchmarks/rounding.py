"""What rounded weights cost: the loss of a trained model on its test text, scored by the decoder that writes.

The models are those of the default run and of the same run with 2×256 units.
"""

import math
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F

from charcells.cli.compose import compose
from charcells.models.checkpoint import read_checkpoint
from charcells.runs.folder import RunFolder
from charcells.text.corpus import load_split
from charcells.training.train import train
from charcells.writing.decoder import WEIGHTS, decoder
from experiments.benchmarks.turns import Comparison

READ_FIRST = 500
"""Characters that are read before the first scored one."""


def bits(folder: Path, text: str, weights: str) -> float:
    """Bits per character of a text under the best model of a run, after its first READ_FIRST characters."""
    checkpoint = read_checkpoint(RunFolder(folder).best)
    reader = decoder(checkpoint.model(), weights)
    index = {character: token for token, character in enumerate(checkpoint.description.characters)}
    tokens = torch.tensor([index[character] for character in text])
    reader.start(1)
    nats = 0.0
    for position, (token, following) in enumerate(pairwise(tokens)):
        logits = reader.step(token.unsqueeze(0))
        if position >= READ_FIRST:
            nats += float(F.cross_entropy(logits.double(), following.unsqueeze(0)))
    return nats / (len(tokens) - 1 - READ_FIRST) / math.log(2)


def comparisons() -> Iterator[Comparison]:
    for what, overrides in (("1×128", []), ("2×256", ["model.num_layers=2", "model.hidden_size=256"])):
        config = compose(overrides)
        with tempfile.TemporaryDirectory() as folder:
            train(config, Path(folder) / "run")
            text = load_split(config.corpus, config.data, config.corpora_dir).test_text
            found = {weights: bits(Path(folder) / "run", text, weights) for weights in WEIGHTS}
        for weights in WEIGHTS[1:]:
            more = [found[weights] - found["float32"]]
            yield Comparison(
                f"loss added by {weights}, default run with {what}", more, "bits per character", at_most=0.01
            )
