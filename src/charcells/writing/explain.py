"""sample.py explain=true: which parts of a text were copied, and which surprised the model.

Legend: N characters of a text, T characters read at a time, V vocabulary.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from charcells.config import SampleConfig
from charcells.files import relative, write_atomically
from charcells.terminal import console
from charcells.text.copies import COPY_LENGTH, Copy, copied_share, copied_spans, longest_copy, matches
from charcells.text.vocabulary import visible
from charcells.writing.generator import TextGenerator
from charcells.writing.score import surprise
from charcells.writing.texts import Texts, prepare, settings

LEVELS = (
    (1, ""),
    (2, "black on #fee6ce"),
    (4, "black on #fdae6b"),
    (7, "black on #f16913"),
    (None, "white on #a63603"),
)
"""The scale of surprise: (upper limit in bits, None for the last level; style on a terminal). It is one hue from light
to dark, which colour-blind readers can tell apart too."""

MAX_PIECES = 20
"""Most pieces of held-out text, each as long as a sample, whose copies are shown for comparison."""

MAX_QUOTES = 5
"""Most copies of a sample that are quoted."""


@dataclasses.dataclass(frozen=True)
class Explained:
    """A sample, character by character.

    `text` has N characters, without its prompt. `bits`, (N,), is explained in `surprise`. `copies` are those of at
    least COPY_LENGTH characters, in order; their sources are positions in the training text. `longest` is the longest
    copy of any length, or None. `copied` is the share of the text that lies in `copies`.
    """

    seed: int
    prompt: str
    text: str
    bits: NDArray[np.float64]
    copies: list[Copy]
    longest: Copy | None
    copied: float

    def runs(self) -> Iterator[tuple[Copy | None, list[tuple[str, float]]]]:
        """The text split where a copy begins or ends: the copy, or None, and the (character, bits) of that part.

        Where copies overlap, the characters belong to the later one.
        """
        owner: list[Copy | None] = [None] * len(self.text)
        for copy in self.copies:
            owner[copy.start : copy.end] = [copy] * (copy.end - copy.start)
        for copy_, run in groupby(zip(owner, self.text, self.bits.tolist(), strict=True), key=lambda each: each[0]):
            yield copy_, [(character, bits) for _, character, bits in run]


def level(bits: float) -> int:
    """Index in LEVELS of a character's surprise."""
    return next(i for i, (below, _) in enumerate(LEVELS) if below is None or bits < below)


def scale() -> list[str]:
    """Names of the LEVELS, in bits."""
    limits = [str(below) for below, _ in LEVELS[:-1]]
    return [f"below {limits[0]}", *(f"{low} to {high}" for low, high in pairwise(limits)), f"{limits[-1]} or more"]


def explain_samples(
    generator: TextGenerator, texts: Texts, prompt: str, samples: Sequence[str], seeds: Sequence[int]
) -> tuple[list[Explained], dict[str, float]]:
    """Explain samples of equal length, given without their prompt, and return figures of human text for comparison.

    The latter are from up to MAX_PIECES pieces of held-out text, each as long as a sample: `pieces`, their number;
    `longest_median` and `longest_max`, of the longest copy in each piece, in characters; `copied`, the share of
    characters in copies of at least COPY_LENGTH. If the held-out text is shorter than a sample, only `pieces` is there,
    and it is 0.
    """
    pieces = texts.pieces(len(samples[0]), MAX_PIECES)
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
    """Generate samples, show them on the terminal with copies and surprise, and write explain.html into the run folder.

    Raises the UserErrors of `load_texts` and TextGenerator, and UserError for length=0.
    """
    prompt, texts = prepare(generator, config)
    seeds = [config.seed + index for index in range(config.num_samples)]
    options: Any = {"length": config.length, "top_k": config.top_k, "top_p": config.top_p, "unknown": config.unknown}
    written = generator.generate_many([prompt], seeds=seeds, temperature=config.temperature, **options)
    samples = [text.removeprefix(prompt) for text in written]
    explained, human = explain_samples(generator, texts, prompt, samples, seeds)
    about = notes(texts, human)
    path = texts.folder.path / "explain.html"
    write_atomically(
        path, html(explained, texts, about, settings(config, ("temperature", "top_k", "top_p", "weights", "length")))
    )
    shown = console()
    for sample in explained:
        shown.print(f"--- sample {sample.seed - config.seed + 1}, seed {sample.seed} ---", style="bold")
        shown.print(coloured(sample), soft_wrap=True)
        shown.print("\n".join(figures(sample, texts)), style="dim", soft_wrap=True)
        shown.print()
    legend = Text("bits per character: ")
    for name, (_, style) in zip(scale(), LEVELS, strict=True):
        legend.append(f" {name} ", style=style).append(" ")
    shown.print(legend.append("copied", style="bold underline"), soft_wrap=True)
    shown.print("\n".join(about), soft_wrap=True)
    print(f"written: {relative(path)}")


def shade(text: str, bits: NDArray[np.float64]) -> Text:
    """A text for the terminal, with surprise as background colour."""
    shown = Text()
    for character, each in zip(text, bits.tolist(), strict=True):
        shown.append("↵\n" if character == "\n" and level(each) else visible(character), style=LEVELS[level(each)][1])
    return shown


def coloured(sample: Explained) -> Text:
    """A sample for the terminal: surprise as background colour, copies bold and underlined, the prompt in italics."""
    text = Text().append(visible(sample.prompt), style="italic")
    for copy, run in sample.runs():
        for character, bits in run:
            style = LEVELS[level(bits)][1] + (" bold underline" if copy else "")
            text.append("↵\n" if character == "\n" and level(bits) else visible(character), style=style.strip())
    return text.append("\n")


def figures(sample: Explained, texts: Texts) -> list[str]:
    """The figures of a sample, one per line. The last lines quote its MAX_QUOTES longest copies, or its longest match
    if it has no copies."""
    lines = [f"surprise: {sample.bits.mean():.2f} bits per character", f"copied: {sample.copied:.1%}"]
    longest_first = sorted(sample.copies, key=lambda copy: copy.start - copy.end)
    for copy in longest_first[:MAX_QUOTES] or [copy for copy in [sample.longest] if copy]:
        name = "copied" if sample.copies else "longest match"
        where = f"character {copy.source:,} of the training text"
        if texts.begin:
            where += f" ({texts.begin + copy.source:,} of the corpus)"
        quote = visible(sample.text[copy.start : copy.end], "↵")
        quote = quote if len(quote) <= 120 else quote[:80] + " … " + quote[-30:]
        lines.append(f"{name}: {copy.end - copy.start} characters, starting at {where}: “{quote}”")
    if len(longest_first) > MAX_QUOTES:
        lines.append(f"and {len(longest_first) - MAX_QUOTES} shorter copies")
    return lines


def notes(texts: Texts, human: dict[str, float]) -> list[str]:
    """Explanations of the figures, and those of human text for comparison."""
    lines = [
        "Surprise: -log2 of the probability that the model gives to a character after all characters before it, at "
        "temperature 1 and among all characters, whatever the temperature with which the text was drawn.",
        f"Copied: at least {COPY_LENGTH} characters that occur in the training text ({texts.corpus}, "
        f"{len(texts.train):,} characters) character for character. Positions are counted from 0.",
    ]
    if human["pieces"]:
        lines.append(
            f"For comparison: of {human['pieces']} pieces of held-out human text, each as long as a sample, "
            f"{human['copied']:.1%} is copied by the same measure; the longest match of a piece has "
            f"{human['longest_median']:.0f} characters (median), at most {human['longest_max']:.0f}."
        )
    else:
        lines.append("The held-out text is shorter than a sample, so there is no comparison with human text.")
    bpc = texts.folder.read_summary().get("val/bpc")
    if isinstance(bpc, int | float):
        lines.append(f"Held-out human text surprises the best model by {bpc:.2f} bits per character.")
    return lines


def html(explained: Sequence[Explained], texts: Texts, about: Sequence[str], drawn: str) -> str:
    """A self-contained HTML page: no scripts, no external files. All text from samples is escaped."""

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
    template = Path(__file__).with_name("explain.html.j2").read_text(encoding="utf-8")
    run_name = visible(texts.folder.path.resolve().name)
    return environment.from_string(template).render(
        samples=samples,
        run=run_name,
        drawn=drawn,
        about=about,
        scale=scale(),
        language=texts.language or "",
        newline="\n",
    )
