"""What a recurrent model must beat on the same split: Kneser-Ney n-grams and compressors.

    python -m charcells.baselines corpus=biblia data.train_fraction=0.1

takes the options of train.py, scores the same held-out text after learning from the same training text, and keeps the
result in your cache, where a training run of the same text and split finds it.

Legend: N characters of a text, G distinct n-grams, C distinct contexts, V vocabulary.
"""

import bz2
import hashlib
import json
import logging
import lzma
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charcells.config import Config, UserError, compose
from charcells.corpus import Corpus, Split, load_corpus, split, train_part
from charcells.files import write_atomically
from charcells.vocabulary import Vocabulary

log = logging.getLogger(__name__)

MAX_ORDER = 10
"""Characters of context of the longest n-gram model that is measured."""

VERSION = 1
"""Of the figures in the cache: to be raised with every change that alters them."""

FALLBACK = np.array([0.0, 0.5, 1.0, 1.5])
"""Discounts where a text is too small or too odd to estimate them from (those of KenLM's --discount_fallback)."""

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]


def discounts(counts: Integers) -> Floats:
    """What is taken off an n-gram seen 0, 1, 2, and 3 or more times: (4,).

    With n_i the number of n-grams seen i times and Y = n_1 / (n_1 + 2 n_2), D_i = i - (i + 1) Y n_(i+1) / n_i
    (Chen and Goodman 1998, 'An empirical study of smoothing techniques', equation 26). FALLBACK where a D_i cannot be
    computed or is not within (0, i), so that something is left to every n-gram and something to what was never seen.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    if not n[1:5].all():
        return FALLBACK
    i = np.arange(1, 4)
    estimated = i - (i + 1) * n[1] / (n[1] + 2 * n[2]) * n[2:5] / n[1:4]
    return np.array([0.0, *estimated]) if ((estimated > 0) & (estimated < i)).all() else FALLBACK


class Table:
    """One order's part of p(c | h) = share[hc] + rest[h] p(c | h without its first character).

    Attributes:
        share: max(count - D, 0) / total of the context, (G + 1,); the last, which index -1 means, is 0: never seen.
        rest: what the discounts leave to the shorter context, (C + 1,); 1 where the context was never seen.

    Args:
        counts: of each n-gram, 1 or more, (G,).
        contexts: index of each n-gram's context, (G,).
        num_contexts: C.
    """

    def __init__(self, counts: Integers, contexts: Integers, num_contexts: int) -> None:
        taken = discounts(counts)[np.minimum(counts, 3)]
        total = np.bincount(contexts, counts, num_contexts)  # 0 for what stands only at the end of the text
        left = np.bincount(contexts, taken, num_contexts)
        self.share: Floats = np.append((counts - taken) / total[contexts], 0.0)
        self.rest: Floats = np.append(np.where(total > 0, left / np.maximum(total, 1), 1.0), 1.0)

    def mix(self, contexts: Integers, ngrams: Integers, shorter: Floats) -> Floats:
        """The probability of each of some n-grams, given that after the context without its first character."""
        mixed: Floats = self.share[ngrams] + self.rest[contexts] * shorter
        return mixed


@dataclass
class Level:
    """The n-grams of one length: `k` characters of context and one more.

    An n-gram's number is its place in `keys`, (G + 1,) and sorted: V times the number of its first k characters in the
    level below, plus the token of the last. The last key is a sentinel, so that a search never ends outside.
    `counted` is of how often each was seen, `continued` of how many different characters it was seen after; the
    longest level has no such.
    """

    keys: NDArray[np.int64]
    counted: Table
    continued: Table | None = None

    def find(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of each key, or -1 where it was never seen; so it is for negative keys, of unseen contexts."""
        place = np.searchsorted(self.keys, keys)
        return np.where(self.keys[place] == keys, place, -1)


class KneserNey:
    """An interpolated modified Kneser-Ney n-gram model of characters (Chen and Goodman 1998, section 3).

    The longest n-grams are discounted counts; the shorter ones that they are mixed with count how many different
    characters an n-gram was seen after (the edge of the text is one), down to no context and, last, the uniform
    distribution. So each character of the vocabulary has a probability above 0 after any context. A context shorter
    than the order is treated as a longer one that was never seen.

    One object holds the models of all orders up to its own. At order 10, making it takes some 150 bytes of memory
    and 4 µs for each character of a book (5 MB: under 1 GB, 20 s).

    Args:
        tokens: the training text, (N,). Nothing else is ever counted.
        vocabulary: of the whole corpus.
        order: characters of CONTEXT, 0 or more: order 4 is made of 5-grams.
    """

    def __init__(self, tokens: Integers, vocabulary: Vocabulary, order: int = MAX_ORDER) -> None:
        if order < 0:
            raise ValueError(f"order={order}: at least 0")
        self.vocabulary = vocabulary
        self.order = order
        self.levels: list[Level] = []
        shorter = np.zeros(len(tokens) + 1, np.int64)  # the number of the n-gram that begins at each position
        num_shorter = 1  # the empty one
        for k in range(order + 1):
            keys = shorter[:-1] * len(vocabulary) + tokens[k:]
            keys, where, ngrams = np.unique(keys, return_index=True, return_inverse=True)
            if k > 0:
                after = np.bincount(shorter[where + 1], minlength=num_shorter)
                after[shorter[:1]] += 1  # the n-gram at the edge of the text, which stands after nothing
                below = self.levels[-1]
                below.continued = Table(after, below.keys[:-1] // len(vocabulary), len(below.counted.rest) - 1)
            counted = Table(np.bincount(ngrams, minlength=len(keys)), keys // len(vocabulary), num_shorter)
            self.levels.append(Level(np.append(keys, np.iinfo(np.int64).max), counted))
            shorter, num_shorter = ngrams, len(keys)

    def losses(self, tokens: Integers, first: int, last: int) -> Floats:
        """Nats per character of [first, last) of a text under each order from 0 to `order`: (order + 1,).

        Each character is scored once, after the characters that truly stand before it.
        """
        start = max(0, first - self.order)
        probability = np.full(last - start, 1 / len(self.vocabulary))
        losses = np.empty(self.order + 1)
        for k, (level, contexts, ngrams) in enumerate(self._walk(tokens[start:last])):
            losses[k] = -np.log(level.counted.mix(contexts, ngrams, probability)[first - start :]).mean()
            if level.continued is not None:
                probability = level.continued.mix(contexts, ngrams, probability)
        return losses

    def probabilities(self, context: str, order: int | None = None) -> Floats:
        """The probability of each character of the vocabulary after a context: (V,).

        `order` is at most the model's own, which is the default. Raises UserError for characters that are not in the
        vocabulary, ValueError for an order out of range.
        """
        return self._probabilities(self.vocabulary.encode(context), self._order(order))

    def generate(
        self, prompt: str = "", *, length: int = 500, temperature: float = 1.0, order: int | None = None, seed: int = 1
    ) -> str:
        """The prompt and `length` characters that continue it.

        Args:
            prompt: text to continue; it may be empty.
            length: characters to add, 0 or more.
            temperature: divides the logarithms of the probabilities; 0 takes the likeliest character each time.
            order: characters of context that count, at most the model's own, which is the default.
            seed: the same seed gives the same text.

        Raises UserError for characters of the prompt that are not in the vocabulary; ValueError for a length,
        temperature or order out of range.
        """
        if length < 0 or temperature < 0:
            raise ValueError(f"length={length}, temperature={temperature}: at least 0")
        order = self._order(order)
        random = np.random.default_rng(seed)
        tokens = np.append(self.vocabulary.encode(prompt), np.zeros(length, self.vocabulary.dtype))
        for position in range(len(prompt), len(tokens)):
            probability = self._probabilities(tokens[max(0, position - order) : position], order)
            if temperature == 0:
                tokens[position] = probability.argmax()
                continue
            with np.errstate(over="ignore"):  # no temperature above 0 is too small
                summed = np.exp(np.log(probability / probability.max()) / temperature).cumsum()
            tokens[position] = np.searchsorted(summed / summed[-1], random.random(), side="right")
        return self.vocabulary.decode(tokens)

    def _order(self, order: int | None) -> int:
        if order is not None and not 0 <= order <= self.order:
            raise ValueError(f"order={order}: from 0 to the model's {self.order}")
        return self.order if order is None else order

    def _walk(self, tokens: Integers) -> Iterator[tuple[Level, NDArray[np.int64], NDArray[np.int64]]]:
        """For each level: it, and for each position the numbers of its context and of its n-gram, -1 where unseen."""
        contexts = np.zeros(len(tokens), np.int64)
        for level in self.levels:
            ngrams = level.find(contexts * len(self.vocabulary) + tokens)
            yield level, contexts, ngrams
            contexts = np.append(np.int64(-1), ngrams)[: len(tokens)]

    def _probabilities(self, context: Integers, order: int) -> Floats:
        size = len(self.vocabulary)
        probability = np.full(size, 1 / size)
        # the numbers of the last 0, 1, ... order characters of the context
        contexts = [0, *(ngrams[-1] for _, _, ngrams in islice(self._walk(context), order if len(context) else 0))]
        for k, (level, number) in enumerate(zip(self.levels, contexts, strict=False)):
            table = level.counted if k == order else level.continued
            if number < 0 or table is None:
                break  # what was never seen adds nothing, nor do longer contexts that end in it
            begin, end = np.searchsorted(level.keys, [number * size, (number + 1) * size])
            probability *= table.rest[number]
            probability[level.keys[begin:end] - number * size] += table.share[begin:end]
        return probability


def xz(content: bytes) -> int:
    """Bytes after xz at its strongest, with a window over all of it and without the container's own 40 or so."""
    options = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": max(len(content), 4096)}
    return len(lzma.compress(content, lzma.FORMAT_RAW, filters=[options]))


def measure(
    text: str, parts: Split, train_range: tuple[int, int], *, progress: Callable[[str], object] = lambda step: None
) -> dict[str, Any]:
    """What n-gram models of order 1 to MAX_ORDER and compressors reach on the held-out parts of a text.

    Args:
        text: the whole corpus; its characters are the vocabulary.
        parts: how it is split.
        train_range: (begin, end) of the text to learn from.
        progress: called with what is done next.

    Returns what the cache holds: `best_order` (by validation; None without any), the size of each part in characters,
    and `rows`, each with `name`, `order` (None for compressors) and `val/loss`, `test/loss` (nats per character),
    `val/bpc`, `test/bpc` (bits), None for a part that is empty. Their names: 'n-gram'; 'xz', what the held-out text
    adds to the compressed training text, both as UTF-8; 'xz alone' and 'bz2 alone', the compressed held-out text by
    itself. bzip2 compresses 900 kB at a time and forgets, so there is no 'bz2' that has seen the training text.
    """
    started = time.perf_counter()
    held_out = {"val": (parts.train_end, parts.val_end), "test": (parts.val_end, parts.length)}
    held_out = {name: (first, last) for name, (first, last) in held_out.items() if last > first}
    vocabulary = Vocabulary.of(text)
    tokens = vocabulary.encode(text)
    progress(f"counting n-grams of up to {MAX_ORDER + 1} characters")
    model = KneserNey(tokens[slice(*train_range)], vocabulary)
    progress("scoring with n-grams")
    losses = {name: model.losses(tokens, first, last) for name, (first, last) in held_out.items()}
    del model  # xz needs memory too
    rows = [
        _row("n-gram", order, {name: loss[order] for name, loss in losses.items()}) for order in range(1, MAX_ORDER + 1)
    ]

    train = _utf8(text[slice(*train_range)])
    sizes: dict[str, Callable[[bytes], int]] = {
        "xz": lambda content: xz(train + content) - trained,
        "xz alone": xz,
        "bz2 alone": lambda content: len(bz2.compress(content)),
    }
    progress("compressing with xz")
    trained = xz(train)
    for compressor, size in sizes.items():
        progress(f"compressing with {compressor.split()[0]}")
        bits = {name: 8 * size(_utf8(text[first:last])) / (last - first) for name, (first, last) in held_out.items()}
        rows.append(_row(compressor, None, {name: value * math.log(2) for name, value in bits.items()}))
    return {
        "version": VERSION,
        "best_order": int(losses["val"][1:].argmin()) + 1 if "val" in losses else None,
        "train_chars": train_range[1] - train_range[0],
        "val_chars": parts.val_end - parts.train_end,
        "test_chars": parts.length - parts.val_end,
        "vocab_size": len(vocabulary),
        "seconds": round(time.perf_counter() - started, 1),
        "rows": rows,
    }


def _row(name: str, order: int | None, nats: dict[str, float]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "order": order}
    for part in ("val", "test"):
        loss = nats.get(part)
        row[f"{part}/loss"] = None if loss is None else float(loss)
        row[f"{part}/bpc"] = None if loss is None else float(loss) / math.log(2)
    return row


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def best(result: dict[str, Any]) -> dict[str, Any] | None:
    """The row of the n-gram model with the lowest validation loss; None where nothing is held out for validation."""
    return next((row for row in result["rows"] if row["order"] and row["order"] == result["best_order"]), None)


def cache_file(text: str, parts: Split, train_range: tuple[int, int]) -> Path:
    """Where the result for this text, split and training range is kept. They decide all that is measured."""
    import pooch  # half a second

    digest = hashlib.sha256(_utf8(text))
    digest.update(json.dumps([*train_range, parts.train_end, parts.val_end, parts.length]).encode())
    return Path(pooch.os_cache("charcells")) / "baselines" / f"{digest.hexdigest()[:32]}.json"


def cached(text: str, parts: Split, train_range: tuple[int, int]) -> dict[str, Any] | None:
    """What `measure` has returned for this text, split and training range; None where the cache has no such result."""
    try:
        result = json.loads(cache_file(text, parts, train_range).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) and result.get("version") == VERSION else None


def obtain(
    corpus: Corpus, parts: Split, train_range: tuple[int, int], *, progress: Callable[[str], object] = lambda step: None
) -> dict[str, Any]:
    """What the cache holds for this text, split and training range, or else what is measured now and put there."""
    result = cached(corpus.text, parts, train_range)
    if result is None:
        measured = measure(corpus.text, parts, train_range, progress=progress)
        result = {"corpus": corpus.name, "corpus_sha256": corpus.sha256, **measured}
        path = cache_file(corpus.text, parts, train_range)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(result, indent=1) + "\n")
        except OSError as error:
            log.warning("%s cannot be written, so the result is not kept: %s", path, error.strerror or error)
    return result


def load(overrides: Sequence[str]) -> tuple[Corpus, Split, tuple[int, int]]:
    """The corpus, split and training range that train.py has for the same options.

    Raises UserError for options that train.py refuses, or where nothing is left to learn from or to score.
    """
    config: Config = compose(overrides)
    data, corpus = config.data, load_corpus(config.corpus, config.corpora_dir)
    parts = split(len(corpus.text), data.val_fraction, data.test_fraction)
    begin, end = train_part(parts, data.train_fraction, data.train_offset)
    if begin == end:
        raise UserError(f"data.train_fraction={data.train_fraction} of {parts.train_end:,} characters is none at all")
    if parts.train_end == parts.length:
        raise UserError("data.val_fraction=0 and data.test_fraction=0 leave nothing to score: raise one of them")
    return corpus, parts, (begin, end)


def show(result: dict[str, Any], corpus: str) -> None:
    """The result as a table in bits per character, the best n-gram model marked."""
    from rich.console import Console
    from rich.table import Table as RichTable

    title = f"{corpus}, bits per character after {result['train_chars']:,} characters"
    table = RichTable("", "validation", "test", "", title=title)
    for row in result["rows"]:
        style, mark = ("bold", "best") if row is best(result) else (None, "")
        name = f"{row['name']}, order {row['order']}" if row["order"] else row["name"]
        figures = ["-" if row[key] is None else f"{row[key]:.3f}" for key in ("val/bpc", "test/bpc")]
        table.add_row(name, *figures, mark, style=style, end_section=row["order"] == MAX_ORDER)
    Console().print(table)
    print("order: characters of context; xz: what the held-out text adds to the compressed training text")


def main(arguments: Sequence[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    if {"-h", "--help"} & set(arguments):
        print(f"{__doc__}\nOf the options, corpus.* and data.* matter; `python train.py --help` lists them.")
        return
    try:
        flags = [argument for argument in arguments if argument.startswith("-")]
        if flags:
            raise UserError(f"there is no {flags[0]} here: options are written name=value")
        corpus, parts, train_range = load(arguments)
    except UserError as error:
        sys.exit(f"error: {error}")
    from rich.console import Console

    with Console(stderr=True).status("looking in the cache") as status:
        result = obtain(corpus, parts, train_range, progress=status.update)
    show(result, corpus.name)


if __name__ == "__main__":
    main()
