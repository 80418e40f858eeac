"""Generating text with a trained model: greedy, by temperature, top-k or top-p, one text or many in parallel.

Legend: B texts, T characters, V vocabulary.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN
from charcells.models.checkpoint import read_checkpoint
from charcells.runs.folder import checkpoint_file, named_run
from charcells.text.encodings import normalize
from charcells.text.vocabulary import Vocabulary, name_characters
from charcells.writing.decoder import Decoder, decoder
from charcells.writing.draw import Draw
from charcells.writing.score import Score, surprise

BLOCK = 256
"""Number of steps whose random numbers are drawn at once, and after which the output is checked."""


class TextGenerator:
    """Generates text with a trained model.

    On a CPU with one thread, a seed gives the same text alone or in a batch, streamed or not, because neither the rows
    of the decoder nor the random draws depend on one another. (A GPU may sum in another order.)

    Args:
        model: a CharRNN in evaluation mode. Decoders copy its weights when the first text begins (except for cells
            without a decoder of their own), so a model that is trained further needs a new generator.
        vocabulary: of the model.
        prompt: used if no prompt is given.
        weights: the precision in which they are read, of writing.decoder.WEIGHTS; `model` itself is not changed.
        normalize: read prompts as a corpus is read with corpus.normalize: accents composed, CRLF as LF.
    """

    def __init__(
        self,
        model: CharRNN,
        vocabulary: Vocabulary,
        prompt: str,
        weights: str = "float32",
        *,
        normalize: bool = True,
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.prompt = prompt
        self.weights = weights
        self.normalize = normalize
        self._decoder: Decoder | None = None

    def as_read(self, prompt: str | None) -> str:
        """A prompt as the model reads it, and as generated text begins; None: the prompt of the run's own samples."""
        if prompt is None:
            return self.prompt
        return normalize(prompt) if self.normalize else prompt

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
        stop: Sequence[str] = (),
    ) -> str:
        """The prompt and up to `length` characters that continue it.

        Args:
            prompt: text to continue; None: the prompt of the run's own samples.
            length: characters to add, 0 or more.
            temperature: divides the logits; 0 always takes the most likely character.
            top_k: draw only among the k most likely characters, 1 or more; None: among all.
            top_p: draw only among the most likely characters that together have this probability, above 0 and at most 1
                (nucleus sampling, Holtzman et al. 2020). It is applied after top_k. None: among all.
            seed: the same seed gives the same text.
            unknown: how to treat prompt characters that are not in the vocabulary: "error" or "skip".
            stop: the text ends before the first of these that it comes to, which is left out.

        Raises UserError for unknown characters with "error", and with "skip" if no other characters remain. Raises
        ValueError for a length, temperature, top_k, top_p, seed or stop out of range.
        """
        prompt = self.as_read(prompt)
        options: Any = {"top_k": top_k, "top_p": top_p, "seed": seed, "unknown": unknown, "stop": stop}
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
        stop: Sequence[str] = (),
    ) -> Iterator[str]:
        """Yield the characters that `generate` adds to the prompt, one by one.

        Arguments are checked before the first one. A character that may begin a stop text waits until that is decided.
        """
        check_stop(stop)
        steps = self._steps([self.as_read(prompt)], [seed], [temperature], length, top_k, top_p, unknown)
        return until(stop, (self.vocabulary.characters[int(tokens)] for tokens in steps))

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
        stop: Sequence[str] = (),
    ) -> list[str]:
        """Generate several texts in parallel, much faster than one after another. Each equals that of `generate`.

        Args:
            prompts: one for each text, or a single one for all.
            seeds: one for each text.
            temperature: one for each text, or a single number for all.

        The other arguments and errors are those of `generate`. Also raises ValueError if the numbers of prompts, seeds
        and temperatures do not match.
        """
        check_stop(stop)
        if isinstance(prompts, str) or isinstance(seeds, int):
            raise ValueError("prompts and seeds are lists: for one text, [prompt] and [seed]")
        prompts = [self.as_read(prompt) for prompt in prompts]
        temperatures = [temperature] * len(seeds) if isinstance(temperature, int | float) else list(temperature)
        prompts = [prompts[0]] * len(seeds) if len(prompts) == 1 else list(prompts)
        if not len(prompts) == len(seeds) == len(temperatures):
            raise ValueError(f"{len(prompts)} prompts, {len(seeds)} seeds and {len(temperatures)} temperatures")
        if not seeds:
            return []
        steps = list(self._steps(prompts, seeds, temperatures, length, top_k, top_p, unknown))
        texts = torch.stack(steps, 1).tolist() if steps else [[] for _ in seeds]
        characters = self.vocabulary.characters
        continued = ("".join(until(stop, (characters[token] for token in text))) for text in texts)
        return [prompt + text for prompt, text in zip(prompts, continued, strict=True)]

    def score(self, text: str, *, unknown: str = "error") -> Score:
        """How much each character of a text surprises the model, which reads the run's own prompt before it.

        Args:
            text: at least one character.
            unknown: "error", or "skip" to leave out characters that are not in the vocabulary.

        Raises UserError for such characters with "error", and if no character remains.
        """
        text = self._known(self.as_read(text), "the text", unknown)
        if not text:
            raise UserError("the text is empty: it must have at least one character")
        return Score(text, surprise(self, self.prompt, text))

    def _known(self, text: str, what: str, unknown: str) -> str:
        """The characters of a text that are in the vocabulary. `what` is the text in the messages of errors."""
        if unknown not in ("error", "skip"):
            raise ValueError(f"unknown={unknown!r}: error or skip")
        absent = self.vocabulary.unknown(text)
        if absent and unknown == "error":
            raise UserError(
                f"{what} has characters that are not in the model's vocabulary: {name_characters(absent)}; "
                "unknown=skip leaves them out"
            )
        known = "".join(character for character in text if character in self.vocabulary)
        if text and not known:
            raise UserError(f"{what} has no characters that are in the model's vocabulary")
        return known

    def _encode(self, prompt: str, unknown: str) -> Tensor:
        known = self._known(prompt, f"prompt={prompt!r}", unknown)
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
        """Yield the tokens drawn at each step, (B,) int64. Arguments are checked at the call, not at the first step."""
        if length < 0:
            raise ValueError(f"length={length}: at least 0")
        for temperature in temperatures:
            if not 0 <= temperature < math.inf:
                raise ValueError(f"temperature={temperature}: a finite number, at least 0")
        if top_k is not None and top_k < 1:
            raise ValueError(f"top_k={top_k}: at least 1, or None")
        if top_p is not None and not 0 < top_p <= 1:
            raise ValueError(f"top_p={top_p}: above 0 and at most 1, or None")
        if min(seeds) < 0:
            raise ValueError(f"seed={min(seeds)}: at least 0")
        distinct = list(dict.fromkeys(prompts))  # a prompt that many texts share is read once
        tokens = [self._encode(prompt, unknown) for prompt in distinct]
        rows = [distinct.index(prompt) for prompt in prompts]
        return self._write(tokens, rows, seeds, length, Draw(temperatures, top_k, top_p))

    def _write(
        self, prompts: Sequence[Tensor], rows: Sequence[int], seeds: Sequence[int], length: int, how: Draw
    ) -> Iterator[Tensor]:
        device = self.model.output.weight.device
        if self._decoder is None:
            self._decoder = decoder(self.model, self.weights)
        writer = copy.copy(self._decoder)  # every call has its own state, and all share the weights
        logits = read_prompts(writer, [prompt.to(device) for prompt in prompts], rows)
        random = [np.random.default_rng(seed) for seed in seeds]
        at_once = max(1, writer.characters_at_once // len(seeds))
        for start in range(0, length, BLOCK):
            check_finite(logits)  # only now and then: once the state is not finite, it stays so
            drawn = np.stack([generator.random(BLOCK) for generator in random], 1)[: length - start]
            # slightly smaller, because the sum of rounded probabilities may be a little less than 1
            for uniform in torch.split(torch.from_numpy(drawn * (1 - 1e-12)), at_once):
                tokens, logits = writer.write(logits, how, uniform)
                yield from tokens
        check_finite(logits)


def check_finite(logits: Tensor) -> None:
    if not logits.isfinite().all():
        raise UserError("the model's output is not finite: it diverged in training")


def check_stop(stop: Sequence[str]) -> None:
    if isinstance(stop, str) or not all(stop):
        raise ValueError(f"stop={stop!r}: a list of texts that are not empty")


def until(stop: Sequence[str], characters: Iterator[str]) -> Iterator[str]:
    """The characters before the first of some texts; all of them if none occurs."""
    longest, held = max(map(len, stop), default=1), ""
    for character in characters:
        held += character
        for text in stop:
            if held.endswith(text):
                yield from held[: -len(text)]
                return
        while len(held) >= longest:
            yield held[0]
            held = held[1:]
    yield from held


def read_prompts(writer: Decoder, prompts: Sequence[Tensor], rows: Sequence[int]) -> Tensor:
    """Read each prompt, (T,), once, and begin one text for each of `rows`, the index of its prompt.

    Prompts are read one by one because their lengths differ. Returns the logits (B, V) of the next characters.
    """
    read = []
    for prompt in prompts:
        writer.start(1)
        for token in prompt:
            logits = writer.step(token.unsqueeze(0))
        read.append((logits.clone(), writer.state(0)))
    writer.load_states([read[row][1] for row in rows])
    return torch.cat([read[row][0] for row in rows])


def load(run: Path | str, weights: str = "float32") -> TextGenerator:
    """Load the trained model of a run folder (its best checkpoint) or of a checkpoint file. No corpus is needed.

    "latest" is the newest run in runs/, and its name is printed on standard error.

    `weights`: the precision in which they are read while writing, "float32", "bfloat16" or "int8".

    Raises UserError if there is no checkpoint or if it is damaged.
    """
    checkpoint = read_checkpoint(checkpoint_file(named_run(run)))
    description = checkpoint.description
    return TextGenerator(
        checkpoint.model(),
        Vocabulary(description.characters),
        description.prompt,
        weights,
        normalize=description.normalize,
    )
