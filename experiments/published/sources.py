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

SYSTEMS = [
    System(
        "kjv",
        "Source 003: King James, 2 layers, 2 epochs",
        {"experiment": "bible_report"},
        "46 minutes on an RTX 4060 Ti, hidden size unknown. «Henrique says upon them, and the earth shall be fallen: "
        "and I heard at heaven from the bodies together in the winepress and swelling fell of the meders of Offer a "
        "sea. / Revelation 21:15 And he like a first pray peared in purple …»",
    ),
    System(
        "republic",
        "Source 003: Republic with the Gutenberg licence, 3 layers, 10 epochs",
        {"experiment": "bible_report_republic"},
        "1 hour 40 minutes on an RTX 4060 Ti, hidden size unknown. «Eduardo, the great philosopher, as free format "
        "used by the State after death, not to lorm and in all, about your experience …» and, further on, «Project "
        "Gutenberg processes of men passes for each one at wife.»",
    ),
    System(
        "pt_100000",
        "Source 003: first 100,000 characters of the Portuguese Bible, 3 layers",
        {"experiment": "bible_report_pt"},
        "1 minute 40 seconds on an RTX 4060 Ti, hidden size and epochs unknown. «E o professor João Carlos, rei "
        "vitorioso das máquinas, derrotou o Diabodo; 11 chegou as és filhas da ti! Aonte, pois o cormaram e o meu …»",
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


def report() -> str:
    """The report as Markdown."""
    lines = [
        "# The systems of the sources, trained here",
        "",
        "Each run is one seed on one thread of a CPU. This shows that the systems run and what they generate; it is "
        "not a comparison. Runs trained at the same time, one per core. Written by "
        "`python -m experiments.published.sources`.",
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
    return "\n".join(lines) + "\n"


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
