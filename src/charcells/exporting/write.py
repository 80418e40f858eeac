"""Write text with the exported model in this folder: needs numpy, and onnxruntime for model.onnx or torch for model.pt.

charcells copies this file beside the model. With the same seed it draws the same random numbers as `charcells sample`.
"""

import argparse
import json
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

GREEDY = 1e-6
"""Below this temperature the most likely character is taken."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Write text with the model in this folder.")
    parser.add_argument("--prompt", help="text to continue; without it, the prompt of the run's own samples")
    parser.add_argument("--length", type=int, default=500, help="characters to add")
    parser.add_argument("--temperature", type=float, default=0.8, help="0 takes the likeliest character")
    parser.add_argument("--top_k", type=int, help="draw among the k likeliest characters")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = Path(__file__).resolve().parent
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    characters = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    prompt = config["prompt"] if given.prompt is None else given.prompt
    if config["normalize"]:  # as the training text was read
        prompt = unicodedata.normalize("NFC", prompt.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    unknown = sorted(set(prompt) - set(characters))
    if unknown:
        sys.exit(f"error: the prompt has characters that are not in the model's vocabulary: {' '.join(unknown)!a}")
    if given.length < 0 or not given.temperature >= 0 or given.seed < 0:
        sys.exit("error: length, temperature and seed must be at least 0")
    if given.top_k is not None and given.top_k < 1:
        sys.exit("error: top_k must be at least 1")
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    print(prompt, end="")
    begin = [characters.index(character) for character in prompt or config["prompt"]]
    for token in write(load_step(folder, config["model"]), begin, given):
        print(characters[token], end="", flush=True)
    print()


def load_step(folder: Path, model: dict[str, Any]) -> Callable[[int], Any]:
    """A function that reads one token and returns the logits of the next, (V,). It keeps the state between calls."""
    names = ["hidden", "cell"] if model["cell"] == "lstm" else ["hidden"]
    state: list[Any] = [np.zeros((model["num_layers"], 1, model["hidden_size"]), np.float32) for _ in names]
    step: Callable[..., Any]
    if (folder / "model.onnx").exists():
        import onnxruntime

        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])

        def step(token: int) -> Any:
            inputs = {"tokens": np.array([token], np.int64), **dict(zip(names, state, strict=True))}
            logits, *state[:] = session.run(None, inputs)
            return logits[0]
    else:
        import torch

        network = torch.jit.load(str(folder / "model.pt"))  # type: ignore[no-untyped-call]
        state = [torch.from_numpy(part) for part in state]

        def step(token: int) -> Any:
            with torch.inference_mode():
                logits, *state[:] = network(torch.tensor([token]), *state)
            return logits[0].numpy()

    return step


def write(step: Callable[[int], Any], prompt: list[int], options: argparse.Namespace) -> Iterator[int]:
    """Read the prompt, then draw one token after the other."""
    random = np.random.default_rng(options.seed)
    for token in prompt:
        logits = step(token)
    for _ in range(options.length):
        token = choose(logits, options.temperature, options.top_k, random.random() * (1 - 1e-12))
        yield token
        logits = step(token)


def choose(logits: Any, temperature: float, top_k: int | None, uniform: float) -> int:
    """The first token, of the top_k likeliest, up to which the probabilities sum to more than `uniform`."""
    logits = logits.astype(np.float64)
    if temperature < GREEDY:
        return int(logits.argmax())
    order = np.arange(len(logits))
    if top_k is not None and top_k < len(logits):
        order = np.argsort(-logits, kind="stable")[:top_k]
    sums = np.cumsum(np.exp((logits[order] - logits.max()) / temperature))
    return int(order[min(np.searchsorted(sums, uniform * sums[-1], side="right"), len(order) - 1)])


if __name__ == "__main__":
    main()
