"""From a checkpoint to text: greedy, by temperature, among the likeliest characters, one text or many side by side.

Legend: B texts, T characters, V vocabulary.
"""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN
from charcells.models.checkpoint import read_checkpoint
from charcells.runs.folder import checkpoint_file
from charcells.text.vocabulary import Vocabulary, name_characters
from charcells.writing.decoder import Decoder, decoder

GREEDY = 1e-6
"""Temperatures below this take the likeliest character."""

BLOCK = 256
"""Steps for which random numbers are drawn at once."""


class TextGenerator:
    """A trained model that writes.

    A text is the same alone and among others, streamed or not: each has its own seed, and neither a row of the decoder
    nor a draw depends on the others. (On a CPU with one thread; a GPU may sum in another order.)

    Args:
        model: a CharRNN in evaluation mode. Its weights are copied when the first text begins: one that is trained on
            needs another generator.
        vocabulary: the characters it knows.
        prompt: what it continues where no prompt is given.
        int8: write with weights rounded to 8 bits, on a CPU: faster where the model is large, and slightly another
            model. `model` itself stays as it is.
    """

    def __init__(self, model: CharRNN, vocabulary: Vocabulary, prompt: str, int8: bool = False) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.prompt = prompt
        self.int8 = int8
        self._decoder: Decoder | None = None

    def generate(
        self,
        prompt: str | None = None,
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 1,
        unknown: str = "error",
    ) -> str:
        """The prompt and `length` characters that continue it.

        Args:
            prompt: text to continue; None takes the run's own.
            length: characters to add, 0 or more.
            temperature: divides the logits; 0 takes the likeliest character each time.
            top_k: draw among the k likeliest characters only, 1 or more; None draws among all.
            top_p: draw among the likeliest characters that together have this probability, above 0 and at most 1
                (nucleus sampling, Holtzman et al. 2020), of those that top_k leaves; None draws among all.
            seed: the same seed gives the same text.
            unknown: what becomes of prompt characters that the model never saw: "error" or "skip".

        Raises UserError for such characters under "error", or where they leave nothing of the prompt; ValueError for a
        length, temperature, top_k or top_p out of range.
        """
        prompt = self.prompt if prompt is None else prompt
        options: Any = {"top_k": top_k, "top_p": top_p, "seed": seed, "unknown": unknown}
        return prompt + "".join(self.stream(prompt, length=length, temperature=temperature, **options))

    def stream(
        self,
        prompt: str | None = None,
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 1,
        unknown: str = "error",
    ) -> Iterator[str]:
        """The characters that `generate` adds to the prompt, one by one as they are made. Errors come at once."""
        prompts = [self.prompt if prompt is None else prompt]
        steps = self._steps(prompts, [seed], [temperature], length, top_k, top_p, unknown)
        return (self.vocabulary.characters[int(tokens)] for tokens in steps)

    def generate_many(
        self,
        prompts: Sequence[str],
        *,
        seeds: Sequence[int],
        length: int = 500,
        temperature: float | Sequence[float] = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        unknown: str = "error",
    ) -> list[str]:
        """Several texts side by side, much faster than one after another; each is what `generate` makes of it alone.

        Args:
            prompts: one for each text, or a single one for all.
            seeds: one for each text.
            temperature: one for each text, or a single one for all.

        The rest, and what is raised: as for `generate`; ValueError too where the numbers of prompts, seeds and
        temperatures do not agree.
        """
        temperatures = [temperature] * len(seeds) if isinstance(temperature, int | float) else list(temperature)
        prompts = [prompts[0]] * len(seeds) if len(prompts) == 1 else list(prompts)
        if not len(prompts) == len(seeds) == len(temperatures):
            raise ValueError(f"{len(prompts)} prompts, {len(seeds)} seeds and {len(temperatures)} temperatures")
        if not seeds:
            return []
        steps = list(self._steps(prompts, seeds, temperatures, length, top_k, top_p, unknown))
        texts = torch.stack(steps, 1).tolist() if steps else [[] for _ in seeds]
        characters = self.vocabulary.characters
        continued = ("".join(characters[token] for token in text) for text in texts)
        return [prompt + text for prompt, text in zip(prompts, continued, strict=True)]

    def _encode(self, prompt: str, unknown: str) -> Tensor:
        strange = self.vocabulary.unknown(prompt)
        if strange and unknown == "error":
            raise UserError(
                f"prompt={prompt!r} has characters that the model never saw: {name_characters(strange)}; "
                "unknown=skip goes on without them"
            )
        known = "".join(character for character in prompt if character in self.vocabulary)
        if prompt and not known:
            raise UserError(f"prompt={prompt!r} has no character that the model knows")
        return torch.from_numpy(self.vocabulary.encode(known or self.prompt)).long()

    def _steps(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        temperatures: Sequence[float],
        length: int,
        top_k: int | None,
        top_p: float | None,
        unknown: str,
    ) -> Iterator[Tensor]:
        """What is drawn at each step, (B,) int64. Errors in the arguments come at once."""
        if length < 0 or min(temperatures) < 0 or (top_k is not None and top_k < 1):
            raise ValueError(f"length={length}, temperature={min(temperatures)}, top_k={top_k}: at least 0, 0 and 1")
        if top_p is not None and not 0 < top_p <= 1:
            raise ValueError(f"top_p={top_p}: above 0 and at most 1")
        different = list(dict.fromkeys(prompts))
        tokens = [self._encode(prompt, unknown) for prompt in different]
        rows = [different.index(prompt) for prompt in prompts]
        return self._draw(tokens, rows, seeds, temperatures, length, top_k, top_p)

    def _draw(
        self,
        prompts: Sequence[Tensor],
        rows: Sequence[int],
        seeds: Sequence[int],
        temperatures: Sequence[float],
        length: int,
        top_k: int | None,
        top_p: float | None,
    ) -> Iterator[Tensor]:
        device = self.model.output.weight.device
        if self._decoder is None:
            self._decoder = decoder(self.model, self.int8)
        writer = copy.copy(self._decoder)  # each writing has a state of its own, and all the same weights
        logits = read_prompts(writer, [prompt.to(device) for prompt in prompts], rows)
        place = torch.device("cpu") if device.type == "mps" else device  # where one draws: MPS has no float64
        divisors = torch.tensor(temperatures, dtype=torch.float64, device=place).unsqueeze(1)  # (B, 1)
        greedy = divisors < GREEDY if min(temperatures) < GREEDY else None
        divisors = divisors.clamp(min=GREEDY)
        random = [np.random.default_rng(seed) for seed in seeds]
        for step in range(length):
            # looked at now and then: what is no number once stays so
            if (step % BLOCK == 0 or step + 1 == length) and not logits.isfinite().all():
                raise UserError("the model puts out what is no number: it has diverged in training")
            if step % BLOCK == 0:  # drawn ahead, so that nothing has to be sent to a device at each step
                drawn = np.stack([generator.random(BLOCK) for generator in random], 1)
                # a hair below what was drawn, since rounded probabilities may add up to a little less than 1
                uniform = torch.from_numpy(drawn * (1 - 1e-12)).to(place).unsqueeze(2)  # (BLOCK, B, 1)
            tokens = choose(logits.to(place), divisors, top_k, top_p, uniform[step % BLOCK], greedy)
            yield tokens
            if step + 1 < length:
                logits = writer.step(tokens.to(device))


def read_prompts(writer: Decoder, prompts: Sequence[Tensor], rows: Sequence[int]) -> Tensor:
    """Let a decoder read prompts, (T,) each, one by one, and go on with a text for each of `rows`: its prompt's number.

    Returns the logits (B, V) of what comes next.
    """
    read = []
    for prompt in prompts:
        writer.start(1)
        for token in prompt:
            logits = writer.step(token.unsqueeze(0))
        read.append((logits.clone(), writer.state(0)))
    writer.load_states([read[row][1] for row in rows])
    return torch.cat([read[row][0] for row in rows])


def choose(
    logits: Tensor,
    temperature: Tensor,
    top_k: int | None,
    top_p: float | None,
    uniform: Tensor,
    greedy: Tensor | None = None,
) -> Tensor:
    """Draw a token for each text, (B,): where a uniform number falls in the cumulated probabilities.

    Args:
        logits: (B, V).
        temperature: (B, 1) float64, GREEDY or more.
        top_k: draw among so many likeliest exactly; of equal ones the first in the vocabulary.
        top_p: draw among the likeliest that together reach this probability.
        uniform: (B, 1) float64, at least 0 and below 1.
        greedy: (B, 1), which texts take the likeliest instead; None: none does.
    """
    scaled = logits / temperature
    order = None
    if (top_k is not None and top_k < logits.shape[1]) or top_p is not None:
        scaled, order = scaled.sort(dim=1, descending=True, stable=True)
        scaled = scaled[:, :top_k]
    probabilities = scaled.softmax(1)
    cumulated = probabilities.cumsum(1)
    if top_p is not None:
        probabilities = probabilities.masked_fill(cumulated - probabilities >= top_p, 0)
        cumulated = probabilities.cumsum(1)
        uniform = uniform * cumulated[:, -1:]
    tokens = torch.searchsorted(cumulated, uniform, right=True)  # (B, 1)
    if order is not None:
        tokens = order.gather(1, tokens)
    if greedy is not None:
        tokens = torch.where(greedy, logits.argmax(1, keepdim=True), tokens)
    return tokens.squeeze(1)


def load(run: Path | str, int8: bool = False) -> TextGenerator:
    """The trained model behind a run folder or a checkpoint file, ready to write. No corpus is needed.

    `int8`: write with weights rounded to 8 bits, see TextGenerator.

    Raises UserError where there is none, or it is damaged.
    """
    checkpoint = read_checkpoint(checkpoint_file(run))
    description = checkpoint.description
    return TextGenerator(checkpoint.model(), Vocabulary(description.characters), description.prompt, int8)
