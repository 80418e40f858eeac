"""Every claim of the five sources: train what is missing, judge, and say so.

Usage
  python -m experiments.reproduce                              the claims and how far each is
  python -m experiments.reproduce claim=best_cell              train what is missing of one, and judge it
  python -m experiments.reproduce claim=all scale=laptop       all of them: three hours at most on two cores
  python -m experiments.reproduce claim=all jobs=1             one run at a time instead of one for each core

Scales
  smoke    a minute or two; shows that all of it works, and judges nothing
  laptop   small models, the seeds and texts that the verdicts need
  paper    the sizes of the sources, for a GPU

Runs lie in sweeps/<scale>/<claim>/ and are never trained twice: stop it at any time, the same command goes on. Findings
go to experiments/results/<claim>.json, with the figures of each run beside them in <claim>.csv.
"""

import os

# How long idle OpenMP threads spin; read when torch is imported, here and in the workers: see train.py.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import dataclasses
import importlib
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from charcells.config import RESULTS_VERSION, Interrupted, UserError
from charcells.files import relative, write_atomically
from charcells.findings import Finding, Verdict, holm
from charcells.sweep import Job, plan, run_job, watch
from experiments.plan import ROOT, SCALES, Run, Scale, table, unique

CLAIMS = (
    "batch_count",
    "corpus_size",
    "best_cell",
    "gru_cost",
    "memorisation",
    "short_memory",
    "clipping",
    "truncation",
    "temperature",
    "top_k",
    "boilerplate",
    "early_structure",
    "longer_not_better",
    "embedding",
    "hello",
    "equations",
)
"""The main claims first: what they train serves some of the others."""

SOURCES = {
    "000": "C. F. Yana Alanoca, F. F. Rivera Granados: Generación De Texto Con Redes Neuronales Recurrentes",
    "001": "Redes Neuronales Recurrentes, chapter 7 of Deep Learning – Introducción práctica con Keras",
    "002": "I. Rivera Zárate, M. Hernández Bolaños, P. Pérez Romero: Redes neuronales recurrente para el "
    "procesamiento de secuencias codificado en Python",
    "003": "Text Generation using Recurrent Neural Networks (a report in Portuguese, 2024)",
    "004": "Modelado de datos secuenciales mediante redes neuronales recurrentes, chapter 15 of a book on PyTorch",
}

KEPT = (
    *("status", "steps", "epochs", "chars_seen", "parameters", "train_chars", "corpus_sha256", "val_sha256"),
    *("train/loss", "val/bpc", "test/bpc", "train_seconds", "chars_per_second", "best_step", "identity"),
)
"""Facts of a run's summary that the CSV has beside its overrides."""


def module(name: str) -> ModuleType:
    return importlib.import_module(f"experiments.{name}")


def results(scale: Scale) -> Path:
    """Where findings of a scale lie: those of a smoke test are no results."""
    return {
        "smoke": ROOT / "sweeps" / "smoke" / "results",
        "laptop": ROOT / "experiments" / "results",
    }.get(scale.name, ROOT / "experiments" / "results" / scale.name)


def train(wanted_now: Callable[[], list[Run]], jobs: int, after_each: Callable[[], object] = lambda: None) -> None:
    """Train what is missing, side by side; what is wanted is asked again when it is done, as pilot runs choose a rate.

    `after_each` is called whenever a run has ended, while others go on.

    Raises UserError with the runs that failed, Interrupted where it was asked to stop.
    """
    from joblib import Parallel, delayed

    tried: set[Path] = set()
    while True:
        wanted = unique(wanted_now())
        missing = [run for run in wanted if not run.done()]
        due = [run for run in missing if run.folder not in tried]
        if not due:
            break
        print(f"{len(wanted) - len(missing)} runs are there, {len(due)} to train", flush=True)
        tried |= {run.folder for run in due}
        planned = [Job(relative(run.folder), run.config(), run.label) for run in due]
        launcher = {"n_jobs": jobs, "_target_": "joblib"}
        plan(planned, launcher)
        try:
            with watch(planned, launcher, tables=False):
                for _ in Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")(
                    delayed(run_job)(job.config, job.folder, 1, run.claim, [run.sweep.name])
                    for job, run in zip(planned, due, strict=True)
                ):
                    after_each()
        except Interrupted:
            raise
        except BrokenProcessPool as error:
            raise UserError("a worker was killed, perhaps for want of memory; the same command goes on") from error
        except SystemExit:
            continue  # what failed is told below: a run that diverged is a result
    failed = [f"{run.label} ({relative(run.folder)}): {run.summary().get('error')}" for run in missing]
    if failed:
        raise UserError("\n".join([f"{len(failed)} runs failed:", *failed]))


def judge(name: str, scale: Scale) -> Finding:
    """Judge a claim whose runs are there; write its finding and its runs."""
    runs: list[Run] = module(name).runs(scale)
    finding: Finding = module(name).judge(scale)
    folder = results(scale)
    folder.mkdir(parents=True, exist_ok=True)
    facts = finding.facts() | {
        "source_title": SOURCES[finding.claim.source],
        "scale": scale.name,
        "command": f"python -m experiments.reproduce claim={name} scale={scale.name}",
        "run_command": runs[0].command if runs else None,
        "runs": len(runs),
        "train_hours": round(sum(run.summary().get("train_seconds") or 0 for run in runs) / 3600, 3),
        "versions": versions(),
        "corpora": {summary["corpus"]: summary["corpus_sha256"] for summary in (run.summary() for run in runs)},
        "date": time.strftime("%Y-%m-%d"),
    }
    if runs:
        frame = table(runs)
        kept = [*overrides(runs), *(column for column in frame.columns if column in KEPT)]
        frame["claim"] = [run.claim for run in runs]
        write_atomically(folder / f"{name}.csv", frame[["claim", *kept]].to_csv(index=False, float_format="%.6g"))
    write_finding(folder / f"{name}.json", facts)
    return finding


def overrides(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(option for run in runs for option in run.overrides))


def finding(name: str, scale: Scale) -> dict[str, Any]:
    """What has been found of a claim, as it was written."""
    found: dict[str, Any] = json.loads((results(scale) / f"{name}.json").read_text(encoding="utf-8"))
    return found


def write_finding(path: Path, facts: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def versions() -> dict[str, Any]:
    """Of what has judged; the runs' own are in the CSV as parts of their identity."""
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    packages = {name: version(name) for name in ("charcells", "torch", "scipy", "statsmodels")}
    return {"python": platform.python_version(), **packages, "results": RESULTS_VERSION, "git": git.stdout.strip()}


def correct(scale: Scale) -> None:
    """Holm's correction over the main claims, as far as they are judged."""
    paths = {name: results(scale) / f"{name}.json" for name in CLAIMS if module(name).CLAIM.main}
    found = {name: finding(name, scale) for name, path in paths.items() if path.exists()}
    if len(found) < len(paths):
        return
    fields = [field.name for field in dataclasses.fields(Verdict)]
    firsts = {name: Verdict(**{key: facts["verdicts"][0][key] for key in fields}) for name, facts in found.items()}
    for name, corrected in holm(firsts).items():
        found[name]["verdict"] = corrected.verdict
        found[name]["verdicts"][0] |= {"verdict": corrected.verdict, "note": corrected.note}
        write_finding(paths[name], found[name])


def states(scale: Scale) -> None:
    """Print the claims and how far each is."""
    from rich.console import Console
    from rich.table import Table

    shown = Table("claim", "source", "runs", "verdict", title=f"scale={scale.name}")
    for name in CLAIMS:
        claim, runs = module(name).CLAIM, unique(module(name).runs(scale))
        done = sum(run.done() for run in runs)
        path = results(scale) / f"{name}.json"
        verdict = finding(name, scale)["verdict"] if path.exists() else "not judged"
        shown.add_row(
            name + (" (main)" if claim.main else ""),
            claim.source,
            f"{done}/{len(runs)}",
            verdict if scale.judged else "–",
        )
    Console().print(shown)


def options(arguments: Sequence[str]) -> tuple[list[str], Scale, int]:
    import joblib

    known = {"claim": "", "scale": "laptop", "jobs": str(joblib.cpu_count())}
    for argument in arguments:
        name, separator, value = argument.partition("=")
        if not separator or name not in known:
            raise UserError(f"{argument}: the options are claim=, scale= and jobs=")
        known[name] = value
    names = list(CLAIMS) if known["claim"] == "all" else [name for name in known["claim"].split(",") if name]
    for name in names:
        if name not in CLAIMS:
            raise UserError(f"claim={name}: there is all, {', '.join(CLAIMS)}")
    if known["scale"] not in SCALES:
        raise UserError(f"scale={known['scale']}: there is {', '.join(SCALES)}")
    if not known["jobs"].isdecimal() or not 1 <= int(known["jobs"]) <= joblib.cpu_count():
        raise UserError(f"jobs={known['jobs']}: a number from 1 to {joblib.cpu_count()}, the cores that there are")
    return names, SCALES[known["scale"]], int(known["jobs"])


def main(arguments: Sequence[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    try:
        names, scale, jobs = options(arguments)
        os.chdir(ROOT)
        if names:
            train(lambda: [run for name in names for run in module(name).runs(scale)], jobs)
            for name in names:
                print(f"judging {name}", flush=True)
                judge(name, scale)
            correct(scale)  # which may take a verdict back
            for name in names if scale.judged else ():
                found = finding(name, scale)
                print(f"{name}: {found['verdict']}. {found['answer']}")
        states(scale)
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
