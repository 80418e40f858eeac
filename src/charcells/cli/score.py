"""Score a text with a trained model: bits per character, with an n-gram model beside it.

Usage
  charcells score run=RUN_FOLDER file=mine.txt              bits per character, and the lines that surprise it most
  charcells score run=RUN_FOLDER text='En el principio'     colours each character by its surprise
  charcells score run=RUN_FOLDER file=mine.txt json=s.json  writes the bits of each character and line

The n-gram model beside it has learned from the run's training text, if that is still there.

Options (name=value), each with its default
"""

import json
import math
from collections.abc import Sequence

from charcells.cli.compose import command_options
from charcells.config import OWN, CorpusConfig, ScoreConfig
from charcells.errors import UserError
from charcells.files import check_named, write_named
from charcells.process import prepare_process
from charcells.runs.folder import named_run

ORDER = 5
"""Order of the n-gram model that is shown."""

SHOWN = 2000
"""Longest text that is shown in colours, in characters."""


def main(arguments: Sequence[str]) -> None:
    """`charcells score` with these arguments. Raises UserError."""
    score(command_options("score", arguments, __doc__))


def read(config: ScoreConfig) -> str:
    """The text to score. Raises UserError if there is none or more than one."""
    if (config.text is None) == (config.file is None):
        raise UserError("name the text to score: file=mine.txt, or text='...', and not both")
    if config.text is not None:
        return config.text
    from charcells.text.corpus import load_corpus

    return load_corpus(CorpusConfig(name=OWN, path=config.file, encoding=config.encoding, normalize=False)).text


def score(config: ScoreConfig) -> None:
    """Score a text, print the result, and write it where it was asked for."""
    prepare_process(threads=1)
    if config.json is not None:
        check_named("json", config.json, "score.json")
    text = read(config)
    from charcells.writing.generator import load

    run = named_run(config.run)
    found = load(run).score(text, unknown=config.unknown)
    print(f"{len(found.text):,} characters, {found.bpc:.3f} bits per character")
    print(f"n-gram of order {ORDER}: {ngram_bits(config, str(run), found.text)}")
    if len(found.text) <= SHOWN:
        from charcells.terminal import console
        from charcells.writing.explain import shade

        console().print(shade(found.text, found.bits), soft_wrap=True)
    elif config.lines:
        print("\nbits per character of the lines that surprise the model most:")
        written = [each for each in found.lines() if each[0].strip()]  # an empty line has nothing to show
        for line, bits in sorted(written, key=lambda each: -each[1])[: config.lines]:
            print(f"{bits:7.3f}  {line[:100]}")
    if config.json is not None:
        lines = [{"text": line, "bpc": bits} for line, bits in found.lines()]
        content = {"bpc": found.bpc, "text": found.text, "bits": found.bits.round(4).tolist(), "lines": lines}
        write_named("json", config.json, json.dumps(content, ensure_ascii=False) + "\n")
        print(f"written: {config.json}")


def ngram_bits(config: ScoreConfig, run: str, text: str) -> str:
    """The loss of an n-gram model of the run's training text, in words; or why there is none."""
    import numpy as np

    from charcells.text.ngrams import KneserNey
    from charcells.text.vocabulary import Vocabulary
    from charcells.writing.texts import load_texts

    try:
        train = load_texts(run, config.corpora_dir).train
    except UserError as error:
        return f"not measured ({error})"
    vocabulary = Vocabulary.of(train + text)
    model = KneserNey(vocabulary.encode(train), vocabulary, ORDER)
    # the first characters of the text are scored after the last ones of the training text
    tokens = np.concatenate([vocabulary.encode(train[-ORDER:]), vocabulary.encode(text)])
    nats = model.losses(tokens, min(ORDER, len(train)), len(tokens))[ORDER]
    return f"{float(nats) / math.log(2):.3f} bits per character"
