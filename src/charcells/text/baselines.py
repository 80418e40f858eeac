"""Baselines for a recurrent model on the same split: n-gram models and compressors, cached after the first measurement.

They learn from the same training text and are scored on the same held-out text as a run with the same options. Such a
run finds the result in the cache and shows it next to its own.
"""

import bz2
import hashlib
import json
import lzma
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charcells.text import baseline_cache
from charcells.text.corpus import SplitCorpus
from charcells.text.ngrams import MAX_ORDER, KneserNey
from charcells.text.vocabulary import Vocabulary

VERSION = 1
"""Version of the cached figures. Raise it with every change that alters them."""

Progress = Callable[[str], object]
"""Called with the name of the next step."""


def xz(content: bytes) -> int:
    """Size in bytes under xz's strongest preset, with a window as long as the content, and without the xz container."""
    options = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": max(len(content), 4096)}
    return len(lzma.compress(content, lzma.FORMAT_RAW, filters=[options]))


def measure(text: SplitCorpus, *, progress: Progress = lambda step: None) -> dict[str, Any]:
    """Score n-gram models of order 1 to MAX_ORDER and compressors on the held-out parts of a text.

    Returns the dictionary that is cached: `best_order` (the lowest validation loss, None without validation text), the
    size of each part in characters, and `rows`. A row has `name`, `order` (None for compressors), `val/loss` and
    `test/loss` in nats per character, and `val/bpc` and `test/bpc` in bits per character; None for an empty part.

    Names of rows: 'n-gram'; 'xz', the bytes that the held-out text adds to the compressed training text, both in UTF-8;
    'xz alone' and 'bz2 alone', the compressed held-out text by itself. There is no 'bz2' row with the training text,
    because bzip2 compresses blocks of 900 kB independently.
    """
    started = time.perf_counter()
    parts = text.split
    held_out = {"val": (parts.train_end, parts.val_end), "test": (parts.val_end, parts.length)}
    held_out = {name: (first, last) for name, (first, last) in held_out.items() if last > first}
    vocabulary = Vocabulary.of(text.corpus.text)
    ngrams = _measure_ngrams(text, vocabulary, held_out, progress)
    best_order = min(ngrams, key=lambda row: row["val/loss"])["order"] if "val" in held_out else None
    return {
        "version": VERSION,
        "best_order": best_order,
        "train_chars": len(text.train_text),
        "val_chars": len(text.val_text),
        "test_chars": len(text.test_text),
        "vocab_size": len(vocabulary),
        "rows": [*ngrams, *_measure_compressors(text, held_out, progress)],
        "seconds": round(time.perf_counter() - started, 1),
    }


def _measure_ngrams(
    text: SplitCorpus, vocabulary: Vocabulary, held_out: dict[str, tuple[int, int]], progress: Progress
) -> list[dict[str, Any]]:
    tokens = vocabulary.encode(text.corpus.text)
    progress(f"counting n-grams of up to {MAX_ORDER + 1} characters")
    model = KneserNey(tokens[slice(*text.train_range)], vocabulary)
    progress("scoring with n-grams")
    losses = {name: model.losses(tokens, first, last) for name, (first, last) in held_out.items()}
    orders = range(1, MAX_ORDER + 1)
    return [_row("n-gram", order, {name: loss[order] for name, loss in losses.items()}) for order in orders]


def _measure_compressors(
    text: SplitCorpus, held_out: dict[str, tuple[int, int]], progress: Progress
) -> list[dict[str, Any]]:
    train = _utf8(text.train_text)
    progress("compressing with xz")
    train_size = xz(train)
    sizes: dict[str, Callable[[bytes], int]] = {
        "xz": lambda content: xz(train + content) - train_size,
        "xz alone": xz,
        "bz2 alone": lambda content: len(bz2.compress(content)),
    }
    rows = []
    for compressor, size in sizes.items():
        progress(f"compressing with {compressor.split()[0]}")
        whole = text.corpus.text
        bits = {name: 8 * size(_utf8(whole[first:last])) / (last - first) for name, (first, last) in held_out.items()}
        rows.append(_row(compressor, None, {name: value * math.log(2) for name, value in bits.items()}))
    return rows


def _row(name: str, order: int | None, nats: dict[str, float]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "order": order}
    for part in ("val", "test"):
        loss = nats.get(part)
        row[f"{part}/loss"] = None if loss is None else float(loss)
        row[f"{part}/bpc"] = None if loss is None else float(loss) / math.log(2)
    return row


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # some encodings, such as UTF-7, decode to lone surrogates


def best(result: dict[str, Any]) -> dict[str, Any] | None:
    """The row of the n-gram model with the lowest validation loss; None without validation text."""
    return next((row for row in result["rows"] if row["order"] and row["order"] == result["best_order"]), None)


def cache_file(text: SplitCorpus) -> Path:
    """The cache file for this text, split and training range. Nothing else influences the figures."""
    digest, parts = hashlib.sha256(_utf8(text.corpus.text)), text.split
    digest.update(json.dumps([*text.train_range, parts.train_end, parts.val_end, parts.length]).encode())
    return baseline_cache.cache_file(digest.hexdigest()[:32])


def cached(text: SplitCorpus) -> dict[str, Any] | None:
    """The cached result of `measure` for this text, split and training range; None if there is none."""
    return baseline_cache.read(cache_file(text), VERSION)


def ngram_figures(result: dict[str, Any] | None) -> dict[str, Any]:
    """The figures of the best n-gram model of a result, as summary.json has them: `ngram/order`, `ngram/val/bpc`, ...

    They are None without a result, and without validation text to choose the order by.
    """
    row = (best(result) if result is not None else None) or {}
    return {f"ngram/{key}": row.get(key) for key in ("order", "val/bpc", "test/bpc")}


def load_or_measure(text: SplitCorpus, *, progress: Progress = lambda step: None) -> dict[str, Any]:
    """The cached result for this text, split and training range. If there is none, measure and cache it."""
    result = cached(text)
    if result is None:
        measured = measure(text, progress=progress)
        result = {"corpus": text.corpus.name, "corpus_sha256": text.corpus.sha256, **measured}
        baseline_cache.write(cache_file(text), result)
    return result
