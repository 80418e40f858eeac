"""From a checkpoint to text: greedy, by temperature, among the likeliest characters, one text or many side by side.

Legend: B texts, T characters, V vocabulary.
"""

import copy
import dataclasses
import os
import pickletools
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charcells.cells import CELLS
from charcells.config import UserError
from charcells.decoding import Decoder, decoder
from charcells.model import CharRNN
from charcells.vocabulary import Vocabulary, name_characters

CHECKPOINT_FORMAT = 1

GREEDY = 1e-6
"""Temperatures below this take the likeliest character."""

BLOCK = 256
"""Steps for which random numbers are drawn at once."""


NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Byte", "Bool")),
}
"""All that a checkpoint of charcells names. PyTorch's own list is longer, and has what takes as much memory as told."""


@dataclasses.dataclass(frozen=True)
class Description:
    """What a checkpoint says of itself, beside its weights: enough to rebuild the model and to continue its text.

    Raises ValueError for what none of charcells's says: types and sizes that no run has.
    """

    model: dict[str, Any]  # keyword arguments of CharRNN
    characters: str  # the vocabulary
    prompt: str  # what samples of this run begin with
    corpus: str
    corpus_sha256: str
    step: int = 0
    format: int = CHECKPOINT_FORMAT

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value, kind = getattr(self, item.name), {"model": dict, "step": int, "format": int}.get(item.name, str)
            if type(value) is not kind:
                raise ValueError(f"{item.name} is a {type(value).__name__}, not a {kind.__name__}")
        if not self.characters or len(set(self.characters)) < len(self.characters):
            raise ValueError("its vocabulary is empty or has a character twice")
        if not self.prompt or not set(self.prompt) <= set(self.characters):
            raise ValueError("its prompt is empty or not of its vocabulary")
        if self.step < 0:
            raise ValueError(f"step={self.step}")


def _check_model(options: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Raise ValueError for a model that its weights cannot be, before anything of its size is made."""
    kinds = {"cell": str, "embedding_dim": int, "hidden_size": int, "num_layers": int}
    for name, kind in kinds.items():
        value = options[name]
        if type(value) is not kind and not (name == "embedding_dim" and value is None):
            raise ValueError(f"{name} is a {type(value).__name__}, not a {kind.__name__}")
        if isinstance(value, int) and not 1 <= value < 1 << 31:
            raise ValueError(f"{name}={value}")
    for name in ("dropout", "output_dropout"):
        if not (name not in options or options[name] is None or 0 <= options[name] < 1):
            raise ValueError(f"{name}={options[name]}")
    if options["cell"] not in CELLS:
        raise ValueError(f"there is no cell {options['cell']!r}")
    if options["num_layers"] > len(weights):
        raise ValueError(f"{options['num_layers']} layers, and {len(weights)} tensors")


def _check_weights(weights: dict[str, Tensor]) -> None:
    """Raise ValueError for tensors that claim more numbers than the file holds, or are none at all."""
    for name, tensor in weights.items():
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            raise ValueError(f"{name} is no tensor of numbers")
        if not tensor.is_contiguous() or tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
            raise ValueError(f"{name} claims {tensor.numel():,} numbers, and the file holds fewer")


def _check_file(path: Path) -> None:
    """Raise ValueError for a file that PyTorch would read and charcells has not written.

    That is an older kind of file, one that is larger unpacked than packed, and one that names what it should not: all
    can take more memory than the file is large.
    """
    with open(path, "rb") as file:
        if file.read(2) != b"PK":
            raise ValueError("it is no file that torch.save writes")
    with zipfile.ZipFile(path) as archive:
        if sum(part.file_size for part in archive.infolist()) > os.path.getsize(path):
            raise ValueError("it is larger unpacked than packed")
        for part in archive.namelist():
            if part.endswith(".pkl"):
                operations = pickletools.genops(archive.read(part))
                named = {str(argument) for code, argument, _ in operations if "GLOBAL" in code.name}
                if not named <= NAMES:
                    raise ValueError(f"it names {', '.join(sorted(named - NAMES))}, which none of charcells's does")


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
        heat = torch.tensor(temperatures, dtype=torch.float64, device=place).unsqueeze(1)
        greedy = heat < GREEDY if min(temperatures) < GREEDY else None
        heat = heat.clamp(min=GREEDY)
        random = [np.random.default_rng(seed) for seed in seeds]
        for step in range(length):
            # looked at now and then: what is no number once stays so
            if (step % BLOCK == 0 or step + 1 == length) and not logits.isfinite().all():
                raise UserError("the model puts out what is no number: it has diverged in training")
            if step % BLOCK == 0:  # drawn ahead, so that nothing has to be sent to a device at each step
                drawn = np.stack([generator.random(BLOCK) for generator in random], 1)
                # a hair below what was drawn, since rounded probabilities may add up to a little less than 1
                uniform = torch.from_numpy(drawn * (1 - 1e-12)).to(place).unsqueeze(2)  # (BLOCK, B, 1)
            tokens = choose(logits.to(place), heat, top_k, top_p, uniform[step % BLOCK], greedy)
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
    writer.go_on([read[row][1] for row in rows])
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


def checkpoint_file(run: Path | str) -> Path:
    """The checkpoint of a run folder (the best one, or the last where none is best yet), or the file itself."""
    path = os.path.expanduser(run)
    if not os.path.isdir(path):
        if not os.path.exists(path):
            raise UserError(f"{run} does not exist: name a run folder, or a checkpoint file")
        return Path(path)
    for name in ("best.ckpt", "last.ckpt"):
        if Path(path, "checkpoints", name).exists():
            return Path(path, "checkpoints", name)
    raise UserError(f"{run} holds no checkpoint (checkpoints/best.ckpt or last.ckpt): is it a run folder?")


def read_checkpoint(run: Path | str) -> tuple[Description, dict[str, Tensor], dict[str, Any]]:
    """Read a run folder's best checkpoint, or a checkpoint file, without running anything it might hold.

    Returns its description, the weights of its CharRNN, and all it holds. Raises UserError where it is missing, damaged
    or not charcells's. It may be a stranger's: no more memory is taken than a few times the size of the file.
    """
    path = checkpoint_file(run)
    try:
        _check_file(path)
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        description = Description(**checkpoint["charcells"])
        weights = {name.removeprefix("model."): tensor for name, tensor in checkpoint["state_dict"].items()}
        _check_weights(weights)
    except Exception as error:  # a damaged or foreign file fails in many ways, none of them a mistake of ours
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise UserError(f"{path} is damaged or no checkpoint of charcells: {reason}") from error
    if description.format != CHECKPOINT_FORMAT:
        raise UserError(f"{path} has checkpoint format {description.format}; this charcells reads {CHECKPOINT_FORMAT}")
    return description, weights, checkpoint


def load(run: Path | str, int8: bool = False) -> TextGenerator:
    """The trained model behind a run folder or a checkpoint file, ready to write. No corpus is needed.

    `int8`: write with weights rounded to 8 bits, see TextGenerator.

    Raises UserError where there is none, or it is damaged.
    """
    description, weights, _ = read_checkpoint(run)
    try:
        _check_model(description.model, weights)
        with torch.device("meta"):  # no memory for what the file claims, and no random numbers
            model = CharRNN(len(description.characters), **description.model, init="torch")
        model.load_state_dict(weights, assign=True)
    except Exception as error:  # as above: the content is somebody else's
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{run} holds a model that cannot be built: {reason}") from error
    return TextGenerator(model.eval(), Vocabulary(description.characters), description.prompt, int8)
