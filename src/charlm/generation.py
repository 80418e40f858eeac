"""From a checkpoint to text: greedy, by temperature, among the k likeliest characters.

Legend: V vocabulary.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from charlm.config import UserError
from charlm.model import CharRNN
from charlm.vocabulary import Vocabulary, name_characters

CHECKPOINT_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Description:
    """What a checkpoint says of itself, beside its weights: enough to rebuild the model and to continue its text."""

    model: dict[str, Any]  # keyword arguments of CharRNN
    characters: str  # the vocabulary
    prompt: str  # what samples of this run begin with
    corpus: str
    corpus_sha256: str
    step: int = 0
    format: int = CHECKPOINT_FORMAT


class TextGenerator:
    """A trained model that writes.

    Attributes:
        model: a CharRNN in evaluation mode.
        vocabulary: the characters it knows.
        prompt: what it continues where no prompt is given.
    """

    def __init__(self, model: CharRNN, vocabulary: Vocabulary, prompt: str) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.prompt = prompt

    def generate(
        self,
        prompt: str | None = None,
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 1,
        unknown: str = "error",
    ) -> str:
        """The prompt and `length` characters that continue it.

        Args:
            prompt: text to continue; None takes the run's own.
            length: characters to add, 0 or more.
            temperature: divides the logits; 0 takes the likeliest character each time.
            top_k: draw among the k likeliest characters only, 1 or more; None draws among all.
            seed: the same seed gives the same text.
            unknown: what becomes of prompt characters that the model never saw: "error" or "skip".

        Raises UserError for such characters under "error", or where they leave nothing of the prompt; ValueError for a
        length, temperature or top_k out of range.
        """
        prompt = self.prompt if prompt is None else prompt
        continued = self.stream(prompt, length=length, temperature=temperature, top_k=top_k, seed=seed, unknown=unknown)
        return prompt + "".join(continued)

    def stream(
        self,
        prompt: str | None = None,
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 1,
        unknown: str = "error",
    ) -> Iterator[str]:
        """The characters that `generate` adds to the prompt, one by one as they are made. Errors come at once."""
        if length < 0 or temperature < 0 or (top_k is not None and top_k < 1):
            raise ValueError(f"length={length}, temperature={temperature}, top_k={top_k}: at least 0, 0 and 1")
        tokens = self._encode(self.prompt if prompt is None else prompt, unknown)
        return self._stream(tokens, length, temperature, top_k, torch.Generator().manual_seed(seed))

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

    def _stream(
        self, tokens: Tensor, length: int, temperature: float, top_k: int | None, random: torch.Generator
    ) -> Iterator[str]:
        device = self.model.output.weight.device
        state = None
        for _ in range(length):
            with torch.inference_mode(), _without_onednn():
                logits, state = self.model(tokens.unsqueeze(0).to(device), state)
                tokens = choose(logits[0, -1].cpu(), temperature, top_k, random)
            yield self.vocabulary.characters[int(tokens)]


@contextmanager
def _without_onednn() -> Iterator[None]:
    """oneDNN would repack all weights for each single step. Nothing stays switched between two characters."""
    onednn: Any = torch.backends.mkldnn
    enabled = onednn.enabled
    onednn.enabled = False
    try:
        yield
    finally:
        onednn.enabled = enabled


def choose(logits: Tensor, temperature: float, top_k: int | None, random: torch.Generator) -> Tensor:
    """Draw a token, (1,), from logits (V,) divided by `temperature`, among the `top_k` likeliest.

    Raises UserError for logits that are not finite.
    """
    if temperature == 0:
        return logits.argmax(keepdim=True)
    if not logits.isfinite().all():
        raise UserError("the model puts out what is no number: it has diverged in training")
    logits, tokens = logits.double().topk(min(top_k or len(logits), len(logits)))
    # the largest is subtracted first, so that no temperature above 0 is too small
    probabilities = ((logits - logits[0]) / temperature).softmax(0)
    return tokens[torch.multinomial(probabilities, 1, generator=random)]


def checkpoint_file(run: Path | str) -> Path:
    """The checkpoint of a run folder (the best one, or the last where none is best yet), or the file itself."""
    path = Path(run).expanduser()
    if not path.is_dir():
        if not path.exists():
            raise UserError(f"{run} does not exist: name a run folder, or a checkpoint file")
        return path
    for name in ("best.ckpt", "last.ckpt"):
        if (path / "checkpoints" / name).exists():
            return path / "checkpoints" / name
    raise UserError(f"{run} holds no checkpoint (checkpoints/best.ckpt or last.ckpt): is it a run folder?")


def read_checkpoint(run: Path | str) -> tuple[Description, dict[str, Tensor], dict[str, Any]]:
    """Read a run folder's best checkpoint, or a checkpoint file, without running anything it might hold.

    Returns its description, the weights of its CharRNN, and all it holds. Raises UserError where it is missing, damaged
    or not charlm's.
    """
    path = checkpoint_file(run)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        description = Description(**checkpoint["charlm"])
        weights = {name.removeprefix("model."): tensor for name, tensor in checkpoint["state_dict"].items()}
    except Exception as error:  # a damaged or foreign file fails in many ways, none of them a mistake of ours
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise UserError(f"{path} is damaged or no checkpoint of charlm: {reason}") from error
    if description.format != CHECKPOINT_FORMAT:
        raise UserError(f"{path} has checkpoint format {description.format}; this charlm reads {CHECKPOINT_FORMAT}")
    return description, weights, checkpoint


def load(run: Path | str) -> TextGenerator:
    """The trained model behind a run folder or a checkpoint file, ready to write. No corpus is needed.

    Raises UserError where there is none, or it is damaged.
    """
    description, weights, _ = read_checkpoint(run)
    try:
        with torch.device("meta"):  # no memory for what the file claims, and no random numbers
            model = CharRNN(len(description.characters), **description.model, init="torch")
        model.load_state_dict(weights, assign=True)
    except Exception as error:  # as above: the content is somebody else's
        raise UserError(f"{run} holds a model that cannot be built: {error}") from error
    return TextGenerator(model.eval(), Vocabulary(description.characters), description.prompt)
