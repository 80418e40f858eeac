"""What sample.py can show beside the texts: what was copied, what surprised the model, and what each setting gives.

Legend: N characters of a text, T characters read at a time, V vocabulary.
"""

import dataclasses
import math
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from charlm import plots
from charlm.config import SampleConfig, UserError, from_hydra, load
from charlm.corpus import load_corpus, split, train_part
from charlm.files import read_summary, relative, write_atomically
from charlm.generation import TextGenerator, checkpoint_file, read_checkpoint
from charlm.metrics import (
    COPY_LENGTH,
    Copy,
    copied_share,
    copied_spans,
    distinct,
    longest_copy,
    matches,
    real_word_rate,
    seq_rep,
    words,
)

READ = 1024
"""Characters that the model reads at a time; the state is carried on, so the surprise does not depend on it."""

LEVELS = (
    (1, ""),
    (2, "black on #fee6ce"),
    (4, "black on #fdae6b"),
    (7, "black on #f16913"),
    (None, "white on #a63603"),
)
"""The scale of surprise: (bits below which a character has that level, None for all the rest; its style on a terminal).
One hue, darker and darker, which the colour-blind can read."""

PIECES = 20
"""Pieces of held-out text, each as long as a sample, that its copies are compared with."""

QUOTED = 5
"""Copies of a sample that are quoted."""

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
TOP_KS = (None, 20, 5)
TEXTS = 8
"""Texts in each cell of the grid, whose seeds count up."""


@dataclasses.dataclass(frozen=True)
class Texts:
    """The texts of a run: what it was trained on, from position `begin` of its corpus on, and what was held out."""

    folder: Path
    corpus: str
    language: str | None
    train: str
    begin: int
    held_out: str

    def pieces(self, length: int, count: int) -> list[str]:
        """Up to `count` pieces of the held-out text, without overlap and spread evenly over it."""
        count = min(count, len(self.held_out) // length)
        room = len(self.held_out) - length
        starts = [room * i // max(1, count - 1) for i in range(count)]
        return [self.held_out[start : start + length] for start in starts]


@dataclasses.dataclass(frozen=True)
class Explained:
    """A sample, character by character.

    text: without its prompt, N characters. bits: (N,), see `surprise`. copies: of at least COPY_LENGTH characters, in
    order; their sources are positions in the training text. longest: the longest one, however short; None where there
    is none. copied: share of the text that is in `copies`.
    """

    seed: int
    prompt: str
    text: str
    bits: NDArray[np.float64]
    copies: list[Copy]
    longest: Copy | None
    copied: float

    def runs(self) -> Iterator[tuple[Copy | None, list[tuple[str, float]]]]:
        """The text cut where a copy begins or ends: the copy, if it is one, and the (character, bits) of that run.

        Where copies overlap, the later one has what both have.
        """
        owner: list[Copy | None] = [None] * len(self.text)
        for copy in self.copies:
            owner[copy.start : copy.end] = [copy] * (copy.end - copy.start)
        for copy_, run in groupby(zip(owner, self.text, self.bits.tolist(), strict=True), key=lambda each: each[0]):
            yield copy_, [(character, bits) for _, character, bits in run]


@torch.no_grad()
def surprise(generator: TextGenerator, prompt: str, text: str) -> NDArray[np.float64]:
    """-log2 p(character | the prompt and all before it) of each character of a text, in bits, (N,).

    The model's own p: temperature 1, all characters, no rounding of weights, however the text was drawn. Characters of
    the prompt that the model does not know are left out; where that leaves none, the run's own prompt is read, as in
    writing.
    """
    known = "".join(character for character in prompt if character in generator.vocabulary) or generator.prompt
    device = generator.model.output.weight.device
    tokens = torch.from_numpy(generator.vocabulary.encode(known + text)).long().to(device)
    bits, state = [], None
    for start in range(0, len(tokens) - 1, READ):
        part = tokens[start : start + READ + 1]  # (T + 1,)
        logits, state = generator.model(part[:-1].unsqueeze(0), state)  # (1, T, V)
        log_p = logits[0].double().log_softmax(1).gather(1, part[1:].unsqueeze(1)).squeeze(1)  # (T,)
        bits.append(-log_p / math.log(2))
    return torch.cat(bits)[len(known) - 1 :].cpu().numpy()


def load_texts(run: Path | str, corpora_dir: str | None = None) -> Texts:
    """The texts behind a run folder, or a checkpoint within one.

    Args:
        corpora_dir: folder with the run's corpus file; None looks where training has found it.

    Raises UserError where the run folder or its corpus is missing, or the corpus is not what the run was trained on.
    """
    checkpoint = checkpoint_file(run)
    path = Path(os.path.expanduser(run))
    folder = path if path.is_dir() else checkpoint.resolve().parents[1]
    if not (folder / "config.yaml").exists():
        raise UserError(
            f"explain and grid need the training text, and {run} does not say which it was: name the run folder, in "
            "which config.yaml lies"
        )
    config = from_hydra(load(folder / "config.yaml"))
    if corpora_dir is not None and config.corpus.path is not None:
        config.corpus.path = str(Path(corpora_dir) / Path(config.corpus.path).name)
    try:
        corpus = load_corpus(config.corpus, corpora_dir or config.corpora_dir)
    except UserError as error:
        raise UserError(f"explain and grid need the training text: {error}. corpora_dir= says where it lies") from error
    expected = read_checkpoint(checkpoint)[0].corpus_sha256
    if corpus.sha256 != expected:
        raise UserError(
            f"corpus {corpus.name} is not the text that {run} was trained on: its SHA-256 is {corpus.sha256}, expected "
            f"{expected}"
        )
    parts = split(len(corpus.text), config.data.val_fraction, config.data.test_fraction)
    begin, end = train_part(parts, config.data.train_fraction, config.data.train_offset)
    held_out = corpus.text[parts.train_end : parts.val_end]
    return Texts(folder, corpus.name, config.corpus.language, corpus.text[begin:end], begin, held_out)


def visible(text: str, line_break: str = "\n") -> str:
    """The text with what a terminal or browser would act upon, or not show, as an escape such as \\x1b."""
    text = text.replace("\n", line_break)
    hidden = {c for c in set(text) - {"\n", "\t"} if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return "".join(ascii(c)[1:-1] if c in hidden else c for c in text)


def level(bits: float) -> int:
    """Where a character's surprise stands in LEVELS."""
    return next(i for i, (below, _) in enumerate(LEVELS) if below is None or bits < below)


def scale() -> list[str]:
    """The names of LEVELS."""
    limits = [str(below) for below, _ in LEVELS[:-1]]
    return [f"below {limits[0]}", *(f"{low} to {high}" for low, high in pairwise(limits)), f"{limits[-1]} or more"]


# explain


def explain_samples(
    generator: TextGenerator, texts: Texts, prompt: str, samples: Sequence[str], seeds: Sequence[int]
) -> tuple[list[Explained], dict[str, float]]:
    """Explain samples, given without their prompt and all of one length, and say how human text compares.

    The figures of human text are those of up to PIECES pieces of held-out text, each as long as a sample: `pieces`;
    `longest_median` and `longest_max`, the longest copy of a piece, in characters; `copied`, the share of characters in
    copies of at least COPY_LENGTH. Without pieces, where the held-out text is shorter than a sample: `pieces` alone, 0.
    """
    pieces = texts.pieces(len(samples[0]), PIECES)
    found = matches([*samples, *pieces], texts.train)
    explained = []
    for seed, sample, match in zip(seeds, samples, found, strict=False):
        copies, copied = copied_spans(match, COPY_LENGTH), copied_share([match], COPY_LENGTH) or 0.0
        bits = surprise(generator, prompt, sample)
        explained.append(Explained(seed, prompt, sample, bits, copies, longest_copy(match), copied))
    human: dict[str, float] = {"pieces": len(pieces)}
    if pieces:
        longest = [int(match.lengths.max()) for match in found[len(samples) :]]
        human |= {"longest_median": float(np.median(longest)), "longest_max": max(longest)}
        human["copied"] = copied_share(found[len(samples) :], COPY_LENGTH) or 0.0
    return explained, human


def explain(generator: TextGenerator, config: SampleConfig) -> None:
    """Write samples, show on the terminal what was copied and what surprised, and write explain.html.

    explain.html lies in the run folder. Raises UserError as `load_texts` and TextGenerator do, and for length=0.
    """
    prompt, texts = _prepare(generator, config)
    seeds = [config.seed + index for index in range(config.num_samples)]
    options: Any = {"length": config.length, "top_k": config.top_k, "top_p": config.top_p, "unknown": config.unknown}
    written = generator.generate_many([prompt], seeds=seeds, temperature=config.temperature, **options)
    samples = [text.removeprefix(prompt) for text in written]
    explained, human = explain_samples(generator, texts, prompt, samples, seeds)
    about = _about(texts, human)
    path = texts.folder / "explain.html"
    write_atomically(
        path, html(explained, texts, about, _drawn(config, ("temperature", "top_k", "top_p", "int8", "length")))
    )
    console = Console(highlight=False)
    for sample in explained:
        console.print(f"--- sample {sample.seed - config.seed + 1}, seed {sample.seed} ---", style="bold")
        console.print(coloured(sample), soft_wrap=True)
        console.print("\n".join(figures(sample, texts)), markup=False, style="dim", soft_wrap=True)
        console.print()
    legend = Text("bits per character: ")
    for name, (_, style) in zip(scale(), LEVELS, strict=True):
        legend.append(f" {name} ", style=style).append(" ")
    console.print(legend.append("copied", style="bold underline"), soft_wrap=True)
    console.print("\n".join(about), markup=False, soft_wrap=True)
    print(f"written: {relative(path)}")


def coloured(sample: Explained) -> Text:
    """A sample for a terminal: the surprise as background, copies bold and underlined, the prompt in italics."""
    text = Text().append(visible(sample.prompt), style="italic")
    for copy, run in sample.runs():
        for character, bits in run:
            style = LEVELS[level(bits)][1] + (" bold underline" if copy else "")
            text.append("↵\n" if character == "\n" and level(bits) else visible(character), style=style.strip())
    return text.append("\n")


def figures(sample: Explained, texts: Texts) -> list[str]:
    """What there is to say of a sample, a line each; the last ones quote its QUOTED longest copies, or else its longest
    match, however short."""
    lines = [f"surprise: {sample.bits.mean():.2f} bits per character", f"copied: {sample.copied:.1%}"]
    longest_first = sorted(sample.copies, key=lambda copy: copy.start - copy.end)
    for copy in longest_first[:QUOTED] or [copy for copy in [sample.longest] if copy]:
        name = "copied" if sample.copies else "longest match"
        where = f"character {copy.source:,} of the training text"
        if texts.begin:
            where += f" ({texts.begin + copy.source:,} of the corpus)"
        quote = visible(sample.text[copy.start : copy.end], "↵")
        quote = quote if len(quote) <= 120 else quote[:80] + " … " + quote[-30:]
        lines.append(f"{name}: {copy.end - copy.start} characters, from {where} on: “{quote}”")
    if len(longest_first) > QUOTED:
        lines.append(f"and {len(longest_first) - QUOTED} shorter copies")
    return lines


def _about(texts: Texts, human: dict[str, float]) -> list[str]:
    """What the figures mean, in words, and those of human text."""
    lines = [
        "Surprise: -log2 of the probability that the model itself gives to a character after all before it, at "
        "temperature 1 and among all characters, whatever temperature has drawn the text.",
        f"Copied: at least {COPY_LENGTH} characters that stand in the training text ({texts.corpus}, "
        f"{len(texts.train):,} characters) letter for letter. Positions are counted from 0.",
    ]
    if human["pieces"]:
        lines.append(
            f"To compare: of {human['pieces']} pieces of held-out human text, as long as a sample, "
            f"{human['copied']:.1%} is copied by that measure; the longest match of a piece has "
            f"{human['longest_median']:.0f} characters (the median), {human['longest_max']:.0f} at most."
        )
    else:
        lines.append("There is no held-out text as long as a sample to compare with.")
    bpc = read_summary(texts.folder).get("val/bpc")
    if isinstance(bpc, int | float):
        lines.append(f"Held-out human text surprises the best model by {bpc:.2f} bits per character.")
    return lines


def _drawn(config: SampleConfig, names: Sequence[str]) -> str:
    """How texts were drawn, as one would type it."""
    values = {name: getattr(config, name) for name in names}
    return " ".join(f"{name}={str(value).lower()}" for name, value in values.items() if value not in (None, False))


HTML = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ run }}: copied and surprising</title>
<style>
:root { --page: #fff; --ink: #1a1a1a; --dim: #595959; --line: #767676;
  --s1: #fee6ce; --s2: #fdae6b; --s3: #f16913; --s4: #a63603; --ink3: #000; --ink4: #fff }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #161616; --ink: #ececec; --dim: #b0b0b0; --line: #8a8a8a;
    --s1: #3a2412; --s2: #6b3a0e; --s3: #a04a08; --s4: #fdae6b; --ink3: #fff; --ink4: #000 }
}
body { max-width: 50rem; margin: 0 auto; padding: 1rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
pre { font: 1rem/1.7 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  border-left: .2rem solid var(--line); padding-left: .8rem }
pre i, .dim { color: var(--dim) }
span { -webkit-print-color-adjust: exact; print-color-adjust: exact }
.s1 { background: var(--s1) } .s2 { background: var(--s2) }
.s3 { background: var(--s3); color: var(--ink3) } .s4 { background: var(--s4); color: var(--ink4) }
.n::before { content: "↵" }
mark { background: none; color: inherit; font-weight: bold; text-decoration: underline solid .15em;
  text-underline-offset: .25em }
.scale span { padding: .1rem .5rem; border: 1px solid var(--line); white-space: nowrap }
@media print { pre { font-size: .8rem } h2 { break-after: avoid } }
</style>
</head>
<body>
<main>
<h1>Copied and surprising</h1>
<p>{{ samples | length }} sample{{ "" if samples | length == 1 else "s" }} of {{ run }}, {{ drawn }}</p>
<p class="scale">Bits per character:
{% for name in scale %}<span class="s{{ loop.index0 }}">{{ name }}</span>
{% endfor %}<mark>copied</mark> <i class="dim">prompt</i></p>
{% for line in about %}<p>{{ line }}</p>
{% endfor %}<p>Point at a character for its own figure.</p>
{% for sample in samples %}<section>
<h2>Sample {{ loop.index }}, seed {{ sample.seed }}</h2>
<pre lang="{{ language }}" dir="auto">
<i>{{ sample.prompt }}</i>{% for copy, run in sample.runs %}{% if copy %}<mark>{% endif -%}
{% for character, level, title in run -%}
<span class="s{{ level }}{{ ' n' if character == newline and level }}" title="{{ title }}">{{ character }}</span>
{%- endfor %}{% if copy %}</mark>{% endif %}{% endfor %}
</pre>
<ul>
{% for figure in sample.figures %}<li>{{ figure }}</li>
{% endfor %}</ul>
</section>
{% endfor %}</main>
</body>
</html>
"""


def html(explained: Sequence[Explained], texts: Texts, about: Sequence[str], drawn: str) -> str:
    """A page that shows samples, whole in itself: no script, nothing from elsewhere. All of their text is escaped."""

    def title(bits: float, copy: Copy | None, offset: int) -> str:
        return f"{bits:.2f} bits" + (f", copied from {copy.source + offset - copy.start:,}" if copy else "")

    samples = []
    for sample in explained:
        runs, offset = [], 0
        for copy, run in sample.runs():
            characters = [(visible(c), level(bits), title(bits, copy, offset + i)) for i, (c, bits) in enumerate(run)]
            runs.append((copy, characters))
            offset += len(run)
        shown = {"seed": sample.seed, "prompt": visible(sample.prompt), "runs": runs}
        samples.append({**shown, "figures": figures(sample, texts)})
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    run_name = visible(texts.folder.resolve().name)
    return environment.from_string(HTML).render(
        samples=samples,
        run=run_name,
        drawn=drawn,
        about=about,
        scale=scale(),
        language=texts.language or "",
        newline="\n",
    )


# grid


def grid_cells(
    generator: TextGenerator, texts: Texts, prompt: str, config: SampleConfig
) -> tuple[pd.DataFrame, list[str], dict[str, float] | None]:
    """Write TEXTS texts for each temperature and top_k; return a row for each, its first text, and held-out figures.

    Columns: temperature; top_k, missing for all; and the figures of `_quality`. Held-out human text has the same, of as
    many pieces as long as the texts; None where there is not enough of it. A top_k that leaves no character out is not
    tried.
    """
    known = set(words(texts.train))
    seeds = [config.seed + index for index in range(TEXTS)] * len(TEMPERATURES)
    heat = [temperature for temperature in TEMPERATURES for _ in range(TEXTS)]
    rows, firsts = [], []
    for top_k in TOP_KS:
        if top_k is not None and top_k >= len(generator.vocabulary):
            continue
        options: Any = {"length": config.length, "top_k": top_k, "top_p": config.top_p, "unknown": config.unknown}
        written = generator.generate_many([prompt], seeds=seeds, temperature=heat, **options)
        samples = [text.removeprefix(prompt) for text in written]
        for i, temperature in enumerate(TEMPERATURES):
            cell = samples[i * TEXTS : (i + 1) * TEXTS]
            rows.append({"temperature": temperature, "top_k": top_k, **_quality(cell, known)})
            firsts.append(cell[0])
    pieces = texts.pieces(config.length, TEXTS)
    human = _quality(pieces, known) if len(pieces) == TEXTS else None
    return pd.DataFrame(rows).astype({"top_k": "Int64"}), firsts, human


FIGURES = {
    "unknown_words": "words that are not in the training text",
    "distinct_words_2": "pairs of words that are different ones, among all pairs",
    "seq_rep_words_4": "runs of four words that a text has had before",
}
"""The figures of a cell, shares from 0 to 1, and what they count."""


def _quality(samples: Sequence[str], known: set[str]) -> dict[str, float]:
    """The FIGURES of texts; NaN where there are no words to count."""
    spoken = [words(sample, whole=True) for sample in samples]
    real = real_word_rate(samples, known)
    values = (None if real is None else 1 - real, distinct(spoken, 2), seq_rep(spoken, 4))
    return {name: math.nan if value is None else value for name, value in zip(FIGURES, values, strict=True)}


def grid(generator: TextGenerator, config: SampleConfig) -> None:
    """Write grid.csv, grid.md and grid.png into the run folder, and show the figures on the terminal.

    Raises UserError as `load_texts` and TextGenerator do, and for length=0.
    """
    prompt, texts = _prepare(generator, config)
    table, firsts, human = grid_cells(generator, texts, prompt, config)
    written = [texts.folder / f"grid.{suffix}" for suffix in ("csv", "md", "png")]
    write_atomically(written[0], table.to_csv(index=False))
    write_atomically(written[1], markdown(table, firsts, human, texts, prompt, config))
    curve = (human["distinct_words_2"], human["unknown_words"]) if human else None
    plots.grid(
        table, curve, written[2], f"{texts.corpus}: error and variety of {TEXTS} texts of {config.length:,} characters"
    )
    shown = Table(title=f"{TEXTS} texts of {config.length:,} characters in each row")
    for name in ("temperature", "top_k", *FIGURES):
        shown.add_column(name.replace("words_", "words_\n"), justify="right")
    for i, row in enumerate(_rows(table, human)):
        shown.add_row(*row, end_section=(i + 1) % len(TEMPERATURES) == 0)
    console = Console(highlight=False)
    console.print(shown)
    for name, meaning in FIGURES.items():
        console.print(f"{name}: share of {meaning}", soft_wrap=True)
    if human is None:
        print(f"There are no {TEXTS} pieces of held-out text, as long as these, to compare with.")
    print("written: " + ", ".join(str(relative(path)) for path in written))


def _rows(table: pd.DataFrame, human: dict[str, float] | None) -> list[list[str]]:
    """The cells of the grid as they are shown, and below them held-out human text."""

    def percent(value: float) -> str:
        return "-" if math.isnan(value) else f"{value:.1%}"

    shown = []
    for row in table.to_dict("records"):
        top_k = "all" if pd.isna(row["top_k"]) else str(row["top_k"])
        shown.append([f"{row['temperature']:g}", top_k, *(percent(row[name]) for name in FIGURES)])
    if human is not None:
        shown.append(["held-out", "human text", *(percent(human[name]) for name in FIGURES)])
    return shown


def fenced(text: str) -> str:
    """A text as a code block of Markdown, which nothing in it can end."""
    text = visible(text)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def markdown(
    table: pd.DataFrame,
    firsts: Sequence[str],
    human: dict[str, float] | None,
    texts: Texts,
    prompt: str,
    config: SampleConfig,
) -> str:
    """The grid to be read: all figures, then the first text of each cell beside its own."""
    drawn = _drawn(config, ("top_p", "int8", "length"))
    head = ["temperature", "top_k", *FIGURES]
    rows = _rows(table, human)
    parts = [
        "# Temperature and top_k",
        f"{TEXTS} texts in each cell, seeds from {config.seed} on, {drawn}. Shares of all:",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in FIGURES.items()),
        "\n".join(["| " + " | ".join(row) + " |" for row in (head, ["---:"] * len(head), *rows)]),
        "![error over variety](grid.png)",
        "The prompt, which the texts below continue:",
        fenced(prompt),
    ]
    for row, first in zip(rows, firsts, strict=False):
        values = ", ".join(f"{name} {value}" for name, value in zip(FIGURES, row[2:], strict=True))
        parts += [f"## temperature {row[0]}, top_k {row[1]}", values, fenced(first)]
    return "\n\n".join(parts) + "\n"


def _prepare(generator: TextGenerator, config: SampleConfig) -> tuple[str, Texts]:
    if config.length == 0:
        raise UserError("length=0 leaves nothing to explain or to compare: it must be at least 1")
    prompt = generator.prompt if config.prompt is None else config.prompt
    return prompt, load_texts(config.run, config.corpora_dir)
