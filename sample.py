"""Write text with a trained model.

Usage
  python sample.py run=RUN_FOLDER prompt='No princípio' length=1000 temperature=0.8 top_k=5 seed=1 num_samples=3

Options (name=value), each with its default
"""

import os
import sys

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as in train.py

import hydra
from omegaconf import DictConfig

from charlm.config import SampleConfig, UserError, from_hydra, help_text, quote_free_text


@hydra.main(version_base="1.3", config_path="conf", config_name="sample")
def main(composed: DictConfig) -> None:
    try:
        config = from_hydra(composed)
        import torch  # which --help and bad input need not wait for

        from charlm.generation import load

        torch.set_num_threads(1)  # a single step is too small to share
        generator = load(config.run)
        prompt = generator.prompt if config.prompt is None else config.prompt
        for index in range(config.num_samples):
            if config.num_samples > 1:
                print(f"{'' if index == 0 else chr(10)}--- sample {index + 1}, seed {config.seed + index} ---")
            characters = generator.stream(
                prompt,
                length=config.length,
                temperature=config.temperature,
                top_k=config.top_k,
                seed=config.seed + index,
                unknown=config.unknown,
            )
            print(prompt, end="", flush=True)
            for character in characters:
                print(character, end="", flush=True)
            print()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left unflushed has nowhere to go


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__ + help_text(SampleConfig))
        sys.exit()
    try:
        sys.argv[1:] = quote_free_text(sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
    try:
        main()
    except KeyboardInterrupt:
        print()
        sys.exit(130)
