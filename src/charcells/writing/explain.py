"""sample.py explain=true: what of a text was copied, and what surprised the model.

Legend: N characters of a text, T characters read at a time, V vocabulary.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from charcells.config import SampleConfig
from charcells.files import relative, write_atomically
from charcells.text.copies import COPY_LENGTH, Copy, copied_share, copied_spans, longest_copy, matches
from charcells.text.vocabulary import visible
from charcells.writing.generator import TextGenerator
from charcells.writing.texts import Texts, prepare, settings

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


def level(bits: float) -> int:
    """Where a character's surprise stands in LEVELS."""
    return next(i for i, (below, _) in enumerate(LEVELS) if below is None or bits < below)


def scale() -> list[str]:
    """The names of LEVELS."""
    limits = [str(below) for below, _ in LEVELS[:-1]]
    return [f"below {limits[0]}", *(f"{low} to {high}" for low, high in pairwise(limits)), f"{limits[-1]} or more"]


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
    prompt, texts = prepare(generator, config)
    seeds = [config.seed + index for index in range(config.num_samples)]
    options: Any = {"length": config.length, "top_k": config.top_k, "top_p": config.top_p, "unknown": config.unknown}
    written = generator.generate_many([prompt], seeds=seeds, temperature=config.temperature, **options)
    samples = [text.removeprefix(prompt) for text in written]
    explained, human = explain_samples(generator, texts, prompt, samples, seeds)
    about = notes(texts, human)
    path = texts.folder.path / "explain.html"
    write_atomically(
        path, html(explained, texts, about, settings(config, ("temperature", "top_k", "top_p", "int8", "length")))
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


def notes(texts: Texts, human: dict[str, float]) -> list[str]:
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
    bpc = texts.folder.read_summary().get("val/bpc")
    if isinstance(bpc, int | float):
        lines.append(f"Held-out human text surprises the best model by {bpc:.2f} bits per character.")
    return lines


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
