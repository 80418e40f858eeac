"""Write text with a trained model.

Usage
  python sample.py run=RUN_FOLDER prompt='No princípio' length=1000 temperature=0.8 top_k=5 seed=1 num_samples=3
  python sample.py run=RUN_FOLDER explain=true     what was copied, and what surprised the model
  python sample.py run=RUN_FOLDER grid=true        a grid of temperature and top_k: texts, figures, a picture

Options (name=value), each with its default
"""

import os
import signal
import sys

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(128 + number))  # nothing but imports is interrupted

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as in train.py

import hydra
from omegaconf import DictConfig

from charcells.config import SampleConfig, UserError, cut_short, from_hydra, help_text, quote_free_text, told_in_lines


@hydra.main(version_base="1.3", config_path="conf", config_name="sample")
@cut_short()
def main(composed: DictConfig) -> None:
    try:
        config = from_hydra(composed)
        import torch  # which --help and bad input need not wait for

        from charcells.generation import load

        torch.set_num_threads(1)  # a single step is too small to share
        generator = load(config.run, config.int8)
        prompt = generator.prompt if config.prompt is None else config.prompt
        options = {"length": config.length, "top_k": config.top_k, "top_p": config.top_p, "unknown": config.unknown}
        if config.explain or config.grid:
            from charcells.sampling.explain import explain
            from charcells.sampling.grid import grid

            if config.explain:
                explain(generator, config)
            if config.grid:
                grid(generator, config)
        elif config.num_samples > 1:  # side by side, which is much faster
            seeds = range(config.seed, config.seed + config.num_samples)
            texts = generator.generate_many([prompt], seeds=seeds, temperature=config.temperature, **options)
            for index, text in enumerate(texts):
                print(f"{'' if index == 0 else chr(10)}--- sample {index + 1}, seed {config.seed + index} ---")
                print(text)
        else:
            characters = generator.stream(prompt, temperature=config.temperature, seed=config.seed, **options)
            print(prompt, end="", flush=True)
            for character in characters:
                print(character, end="", flush=True)
            print()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__ + help_text(SampleConfig))
        sys.exit()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with told_in_lines():
            sys.argv[1:] = quote_free_text(sys.argv[1:])
            main()
    except KeyboardInterrupt:
        print()
        sys.exit(130)
