"""Findings and the figures of their runs as files: <claim>.json and <claim>.csv in the folder of a scale."""

import dataclasses
import json
import platform
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from charcells.files import write_atomically
from charcells.runs.identity import RESULTS_VERSION
from experiments.study.catalogue import CLAIMS, SOURCES, claim_module
from experiments.study.findings import Finding, Verdict
from experiments.study.runs import ROOT, Run, Scale, run_table
from experiments.study.verdicts import holm

COLUMNS = (
    *("status", "steps", "epochs", "chars_seen", "parameters", "train_chars", "corpus_sha256", "val_sha256"),
    *("train/loss", "val/bpc", "test/bpc", "train_seconds", "chars_per_second", "best_step", "identity"),
    *("val/loss", "val/accuracy", "test/accuracy", "tfidf/val/accuracy", "tfidf/test/accuracy"),
)
"""Facts of a run's summary that the CSV has beside its overrides."""


def results_folder(scale: Scale) -> Path:
    """The folder of a scale's findings; those of a smoke test stay out of experiments/results."""
    return {
        "smoke": ROOT / "sweeps" / "smoke" / "results",
        "laptop": ROOT / "experiments" / "results",
    }.get(scale.name, ROOT / "experiments" / "results" / scale.name)


def finding_path(name: str, scale: Scale) -> Path:
    return results_folder(scale) / f"{name}.json"


def read_finding(name: str, scale: Scale) -> dict[str, Any]:
    """The finding of a claim as plain values; FileNotFoundError where it has not been judged."""
    found: dict[str, Any] = json.loads(finding_path(name, scale).read_text(encoding="utf-8"))
    return found


def write_finding(name: str, scale: Scale, facts: dict[str, Any]) -> None:
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(finding_path(name, scale), text)


def judge_claim(name: str, scale: Scale) -> None:
    """Judge a claim whose runs are done; write its finding and the figures of its runs."""
    runs: list[Run] = claim_module(name).runs(scale)
    finding: Finding = claim_module(name).judge(scale)
    results_folder(scale).mkdir(parents=True, exist_ok=True)
    facts = finding.facts() | {
        "source_title": SOURCES[finding.claim.source],
        "scale": scale.name,
        "command": f"python -m experiments.reproduce claim={name} scale={scale.name}",
        "run_command": runs[0].command if runs else None,
        "runs": len(runs),
        "train_hours": round(sum(run.summary().get("train_seconds") or 0 for run in runs) / 3600, 3),
        "versions": _versions(),
        "corpora": {summary["corpus"]: summary["corpus_sha256"] for summary in (run.summary() for run in runs)},
        "date": time.strftime("%Y-%m-%d"),
    }
    if finding.measured is not None:
        # ten digits: the difference of two losses of some bits may be a hundred thousandth of them
        measured = finding.measured.to_csv(index=False, float_format="%.10g")
        write_atomically(results_folder(scale) / f"{name}_measured.csv", measured)
    if runs:
        _write_runs(results_folder(scale) / f"{name}.csv", runs)
    write_finding(name, scale, facts)


def _write_runs(path: Path, runs: Sequence[Run]) -> None:
    """A line for each run: the claim that trained it, its overrides and COLUMNS."""
    frame = run_table(runs)
    overrides = dict.fromkeys(option for run in runs for option in run.overrides)
    kept = [*overrides, *(column for column in frame.columns if column in COLUMNS)]
    frame["claim"] = [run.claim for run in runs]
    write_atomically(path, frame[["claim", *kept]].to_csv(index=False, float_format="%.6g"))


def _versions() -> dict[str, Any]:
    """Versions of the software that judges; those that trained a run are part of its identity in the CSV."""
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    packages = {name: version(name) for name in ("charcells", "torch", "scipy", "statsmodels")}
    return {"python": platform.python_version(), **packages, "results": RESULTS_VERSION, "git": git.stdout.strip()}


def correct_main_claims(scale: Scale) -> None:
    """Apply Holm's correction to the written findings of the main claims, once all of them have been judged.

    It keeps the probability of any wrong verdict among the main claims together at 5 %; the other claims are reported
    without correction.
    """
    main = [name for name in CLAIMS if claim_module(name).CLAIM.main]
    found = {name: read_finding(name, scale) for name in main if finding_path(name, scale).exists()}
    if len(found) < len(main):
        return
    fields = {field.name for field in dataclasses.fields(Verdict)}
    firsts = {
        name: Verdict(**{key: value for key, value in facts["verdicts"][0].items() if key in fields})
        for name, facts in found.items()
    }
    for name, corrected in holm(firsts).items():
        found[name]["verdict"] = corrected.verdict
        found[name]["verdicts"][0] |= {"verdict": corrected.verdict, "note": corrected.note}
        write_finding(name, scale, found[name])
