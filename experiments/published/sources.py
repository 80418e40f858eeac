"""Train the systems that the sources describe and compare their samples with the printed ones, in results/sources.md.

    python -m experiments.published.sources               all missing runs, as many at a time as there are cores
    python -m experiments.published.sources kjv republic  only these

An interrupted run is resumed and a finished one is not trained again. The report is written once all runs are done.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import joblib

from charcells.errors import UserError, report_user_errors
from charcells.files import relative, write_atomically
from experiments.published import film_reviews
from experiments.study.runs import ROOT, Run, Sweep
from experiments.study.training import train

RESULTS = ROOT / "experiments" / "results" / "sources.md"
SHOWN = 700
"""Characters of each sample that the report shows."""
SWEEP = Sweep("sources", (("seed", 1), ("threads", 1), ("logger", "none")))


@dataclass(frozen=True)
class System:
    """A system of a source, and what the source printed about it."""

    name: str
    title: str
    overrides: dict[str, Any] = field(hash=False)
    printed: str
    """Training time, where the source gives one, and the beginning of its sample, word for word."""

    @property
    def run(self) -> Run:
        return Run(self.name, SWEEP, self.overrides)


CORRECT = (
    "No time. Its samples with 1 and with 8 streams are identical: «El libro empieza años después de la fundación, en "
    "la época en que José Arcadio Buendía parecía haber superado ya su antigua obsesión por los grandes inventos …»"
)
WRONG = "No time. «El libro empieza años lures lencio do a lontanos pa ee o lesa erlando el re oa en iere de onlaria …»"
LAPTOP = {"experiment": "batch_and_size", "model.hidden_size": 128}

KJV = (
    "46 minutes on an RTX 4060 Ti with 512 units. «Henrique says upon them, and the earth shall be fallen: and I heard "
    "at heaven from the bodies together in the winepress and swelling fell of the meders of Offer a sea. / Revelation "
    "21:15 And he like a first pray peared in purple …»"
)
REPUBLIC = (
    "1 hour 40 minutes on an RTX 4060 Ti with 512 units. «Eduardo, the great philosopher, as free format used by the "
    "State after death, not to lorm and in all, about your experience …» and, further on, «Project Gutenberg processes "
    "of men passes for each one at wife.»"
)
PORTUGUESE = (
    "1 minute 40 seconds on an RTX 4060 Ti with 512 units, about 2 epochs. «E o professor João Carlos, rei vitorioso "
    "das máquinas, derrotou o Diabodo; 11 chegou as és filhas da ti! Aonte, pois o cormaram e o meu …»"
)
SHUFFLED = {
    "data.sampling": "windows",
    "model.hidden_size": 256,
    "model.dropout": 0.5,
    "samples.length": 1000,
    "samples.temperature": 0.8,
}
"""What the presets of source 003 had in place of its own values until its code was read."""
HELD_OUT = {"data.val_fraction": 0.05, "data.test_fraction": 0.05}

SYSTEMS = [
    System("kjv", "Source 003: King James, its end, in text order", {"experiment": "bible_report_laptop"}, KJV),
    System(
        "republic",
        "Source 003: Republic, its end with the Gutenberg licence, in text order",
        {"experiment": "bible_report_republic_laptop"},
        REPUBLIC,
    ),
    System(
        "pt_100000",
        "Source 003: first 100,000 characters of the Portuguese Bible, in text order",
        {"experiment": "bible_report_pt_laptop"},
        PORTUGUESE,
    ),
    System(
        "kjv_shuffled",
        "Earlier preset: King James, 2 layers, 2 epochs, shuffled",
        {"experiment": "bible_report", **SHUFFLED, **HELD_OUT},
        KJV,
    ),
    System(
        "republic_shuffled",
        "Earlier preset: Republic with the Gutenberg licence, 3 layers, 10 epochs, shuffled",
        {"experiment": "bible_report_republic", **SHUFFLED},
        REPUBLIC,
    ),
    System(
        "pt_100000_shuffled",
        "Earlier preset: first 100,000 characters of the Portuguese Bible, 3 layers, 50 epochs, shuffled",
        {"experiment": "bible_report_pt", **SHUFFLED, **HELD_OUT, "trainer.max_epochs": 50},
        PORTUGUESE,
    ),
    System("long_8", "Source 000: 691,699 characters, 8 streams", LAPTOP, CORRECT),
    System("long_1", "Source 000: 691,699 characters, 1 stream", {**LAPTOP, "data.batch_size": 1}, CORRECT),
    System("short_8", "Source 000: 60,489 characters, 8 streams", {**LAPTOP, "corpus": "biblia_es_short"}, WRONG),
    System(
        "short_1",
        "Source 000: 60,489 characters, 1 stream (the source does not print this one)",
        {**LAPTOP, "corpus": "biblia_es_short", "data.batch_size": 1},
        "Nothing.",
    ),
]


EARLIER = (
    "Source 003 reads overlapping windows in text order. The rows named 'earlier preset' are not its system: this "
    "project's presets had windows cut one after another and shuffled, 256 units, dropout 0.5 and temperature 0.8 "
    "until its public code was read. They show that the systems run; they differ from the others in more than order. "
    "In text order nothing is held out, so there are no bits per character."
)


def report() -> str:
    """The report as Markdown."""
    lines = [
        "# The systems of the sources, trained here",
        "",
        "Each run is one seed on one thread of a CPU. This shows that the systems run and what they generate; it is "
        "not a comparison. Runs trained at the same time, one per core. Written by "
        "`python -m experiments.published.sources`.",
        "",
        EARLIER,
        "",
        "| run | parameters | epochs | training | characters/s | val/bpc (best) | test/bpc |",
        "|---|---|---|---|---|---|---|",
    ]
    trained = [(system, system.run.summary()) for system in SYSTEMS]
    for system, summary in trained:
        minutes, seconds = divmod(round(summary["train_seconds"]), 60)
        figures = [f"{summary[key]:.3f}" if summary[key] is not None else "–" for key in ("val/bpc", "test/bpc")]
        lines.append(
            f"| {system.title} | {summary['parameters']:,} | {summary['epochs']:.3g} | {minutes} min {seconds} s | "
            f"{summary['chars_per_second']:,} | {' | '.join(figures)} |"
        )
    for system, summary in trained:
        sample = system.run.folder.read_samples()[-1]
        sampling = f"temperature {sample['temperature']}, top_k {sample['top_k']}"
        versions = ", ".join(f"{name} {version}" for name, version in summary["versions"].items() if name != "git")
        lines += [
            "",
            f"## {system.title}",
            "",
            f"`{system.run.command}`",
            "",
            f"Last sample ({sampling}), the first {SHOWN} characters:",
            "",
            "```text",
            sample["text"][:SHOWN],
            "```",
            "",
            f"The source printed: {system.printed}",
            "",
            f"Corpus {summary['corpus']}, SHA-256 {summary['corpus_sha256'][:16]}…, {summary['train_chars']:,} "
            f"training characters; {versions}.",
        ]
    return "\n".join(lines) + "\n\n" + film_reviews.section(film_reviews.rows())


@report_user_errors()
def main(names: Sequence[str]) -> None:
    if {"-h", "--help"} & set(names):
        print(__doc__)
        return
    known = [system.name for system in SYSTEMS]
    if unknown := set(names) - set(known):
        raise UserError(f"no system named {', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    os.chdir(ROOT)
    wanted = [system.run for system in SYSTEMS if not names or system.name in names]
    train(lambda: wanted, joblib.cpu_count())
    if missing := [system.name for system in SYSTEMS if not system.run.done()]:
        print(f"{relative(RESULTS)} is not written, since these are missing: {', '.join(missing)}")
        return
    write_atomically(RESULTS, report())
    print(f"written: {relative(RESULTS)}")


if __name__ == "__main__":
    main(sys.argv[1:])
