"""Write text with a trained model.

Usage
  python sample.py run=RUN_FOLDER prompt='No princípio' length=1000 temperature=0.8 top_k=5 seed=1 num_samples=3
  python sample.py run=RUN_FOLDER explain=true     mark what was copied and what surprised the model
  python sample.py run=RUN_FOLDER grid=true        texts, figures and a plot for a grid of temperature and top_k

`charcells sample` is the same as `python sample.py`.

Options (name=value), each with its default
"""

import dataclasses
import signal
from collections.abc import Sequence
from typing import Any

from charcells.cli.compose import command_options
from charcells.config import SampleConfig
from charcells.errors import UserError
from charcells.process import prepare_process
from charcells.runs.folder import named_run


def main(arguments: Sequence[str]) -> None:
    """`python sample.py` with these arguments. Raises UserError; Ctrl-C ends it without a traceback."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        write(command_options("sample", arguments, __doc__))
    except KeyboardInterrupt:
        print()
        raise SystemExit(128 + signal.SIGINT) from None


def write(config: SampleConfig) -> None:
    """Generate and print the texts that a configuration describes."""
    prepare_process(threads=1)  # a single step is too small for several threads
    from charcells.writing.generator import load
    from charcells.writing.texts import prompt_of

    if not all(config.stop):
        raise UserError(f"stop={config.stop}: the texts cannot be empty")
    config = dataclasses.replace(config, run=str(named_run(config.run)))
    generator = load(config.run, config.weights)
    prompt = generator.as_read(prompt_of(config))
    options: Any = {"length": config.length, "top_k": config.top_k, "top_p": config.top_p, "unknown": config.unknown}
    options["stop"] = config.stop
    if config.explain or config.grid:
        from charcells.writing.explain import explain
        from charcells.writing.grid import grid

        if config.explain:
            explain(generator, config)
        if config.grid:
            grid(generator, config)
    elif config.num_samples > 1:  # in parallel, which is much faster
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
