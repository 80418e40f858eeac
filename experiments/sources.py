"""Run the systems of the sources and write experiments/results/sources.md: what they do, beside what was printed.

    python -m experiments.sources               every run that is missing, one after another, then the report
    python -m experiments.sources kjv republic  these alone (start the others in a second terminal)

A run that was interrupted is resumed, a finished one is kept.
"""

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlm.files import read_samples, read_summary

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "experiments" / "results" / "sources.md"
SHOWN = 700
"""Characters of a sample that the report shows."""


@dataclass(frozen=True)
class Run:
    name: str
    title: str
    overrides: str
    printed: str
    """What the source printed: its time, where it gives one, and the beginning of its sample."""

    @property
    def folder(self) -> Path:
        return ROOT / "runs" / "sources" / self.name

    @property
    def command(self) -> str:
        return f"python train.py {self.overrides} threads=1 hydra.run.dir=runs/sources/{self.name}"

    def summary(self) -> dict[str, Any] | None:
        return read_summary(self.folder) or None


CORRECT = (
    "No time. Its samples with 1 and with 8 streams are identical: «El libro empieza años después de la fundación, en "
    "la época en que José Arcadio Buendía parecía haber superado ya su antigua obsesión por los grandes inventos …»"
)
WRONG = "No time. «El libro empieza años lures lencio do a lontanos pa ee o lesa erlando el re oa en iere de onlaria …»"
LAPTOP = "experiment=batch_and_size model.hidden_size=128"

RUNS = [
    Run(
        "kjv",
        "Source 003: King James, 2 layers, 2 epochs",
        "experiment=bible_report",
        "46 minutes on an RTX 4060 Ti, hidden size unknown. «Henrique says upon them, and the earth shall be fallen: "
        "and I heard at heaven from the bodies together in the winepress and swelling fell of the meders of Offer a "
        "sea. / Revelation 21:15 And he like a first pray peared in purple …»",
    ),
    Run(
        "republic",
        "Source 003: Republic with the Gutenberg licence, 3 layers, 10 epochs",
        "experiment=bible_report_republic",
        "1 hour 40 minutes on an RTX 4060 Ti, hidden size unknown. «Eduardo, the great philosopher, as free format "
        "used by the State after death, not to lorm and in all, about your experience …» and, further on, «Project "
        "Gutenberg processes of men passes for each one at wife.»",
    ),
    Run(
        "pt_100000",
        "Source 003: first 100,000 characters of the Portuguese Bible, 3 layers",
        "experiment=bible_report_pt",
        "1 minute 40 seconds on an RTX 4060 Ti, hidden size and epochs unknown. «E o professor João Carlos, rei "
        "vitorioso das máquinas, derrotou o Diabodo; 11 chegou as és filhas da ti! Aonte, pois o cormaram e o meu …»",
    ),
    Run("long_8", "Source 000: 691,699 characters, 8 streams", LAPTOP, CORRECT),
    Run("long_1", "Source 000: 691,699 characters, 1 stream", f"{LAPTOP} data.batch_size=1", CORRECT),
    Run("short_8", "Source 000: 60,489 characters, 8 streams", f"{LAPTOP} corpus=biblia_es_short", WRONG),
    Run(
        "short_1",
        "Source 000: 60,489 characters, 1 stream (the source does not print this one)",
        f"{LAPTOP} corpus=biblia_es_short data.batch_size=1",
        "Nothing.",
    ),
]


def train(run: Run) -> None:
    """Start the run, or resume it; leave a finished one alone."""
    summary = run.summary()
    if summary is not None and summary["status"] == "finished":
        return
    arguments = shlex.split(run.command)[2:] if summary is None else [f"resume={run.folder}"]
    subprocess.run([sys.executable, str(ROOT / "train.py"), *arguments], cwd=ROOT, check=True)


def report(runs: list[Run]) -> str:
    """The Markdown report of the runs that are finished."""
    lines = [
        "# The systems of the sources, run",
        "",
        "Each run is one seed on one thread of a CPU: what is shown here is that the systems run and what they do, "
        "not a comparison. Two runs went side by side on two cores, at times with tests beside them, so the times are "
        "upper bounds. Written by `python -m experiments.sources`, which also starts what is missing.",
        "",
        "| run | parameters | epochs | training | characters/s | val/bpc (best) | test/bpc |",
        "|---|---|---|---|---|---|---|",
    ]
    finished = [(run, summary) for run in runs if (summary := run.summary()) and summary["status"] == "finished"]
    for run, summary in finished:
        minutes, seconds = divmod(round(summary["train_seconds"]), 60)
        figures = [f"{summary[key]:.3f}" if summary[key] is not None else "–" for key in ("val/bpc", "test/bpc")]
        lines.append(
            f"| {run.title} | {summary['parameters']:,} | {summary['epochs']:.3g} | {minutes} min {seconds} s | "
            f"{summary['chars_per_second']:,} | {' | '.join(figures)} |"
        )
    for run, summary in finished:
        sample = read_samples(run.folder)[-1]
        versions = ", ".join(f"{name} {version}" for name, version in summary["versions"].items() if name != "git")
        lines += [
            "",
            f"## {run.title}",
            "",
            f"`{run.command}`",
            "",
            f"Last sample (temperature {sample['temperature']}, top_k {sample['top_k']}), {SHOWN} characters of it:",
            "",
            "```text",
            sample["text"][:SHOWN],
            "```",
            "",
            f"The source printed: {run.printed}",
            "",
            f"Corpus {summary['corpus']}, SHA-256 {summary['corpus_sha256'][:16]}…, {summary['train_chars']:,} "
            f"characters to train on; {versions}.",
        ]
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> None:
    unknown = set(names) - {run.name for run in RUNS}
    if unknown:
        sys.exit(f"error: no run named {', '.join(sorted(unknown))}; there are {', '.join(run.name for run in RUNS)}")
    for run in RUNS:
        if not names or run.name in names:
            train(run)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(report(RUNS), encoding="utf-8")
    print(f"written: {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
