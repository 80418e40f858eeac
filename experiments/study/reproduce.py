"""Train the missing runs of the study's claims and judge them.

Usage
  python -m experiments.reproduce                              list the claims and the state of each
  python -m experiments.reproduce claim=best_cell              train the missing runs of one claim and judge it
  python -m experiments.reproduce claim=all scale=laptop       all of them: some five hours on two cores
  python -m experiments.reproduce claim=all jobs=1             one run at a time instead of one per core

Scales
  smoke    a minute or two; shows that everything works, and judges nothing
  laptop   small models, with the seeds and texts that the verdicts need
  paper    the sizes of the sources, for a GPU

Runs lie in sweeps/<scale>/<claim>/ and are never trained twice: stop at any time, and the same command continues.
Findings are written to experiments/results/<claim>.json, the figures of each run to <claim>.csv beside it.
"""

import os
import sys
from collections.abc import Sequence

from charcells.errors import UserError, report_user_errors
from charcells.terminal import print_table
from experiments.study.catalogue import CLAIMS, claim_module, prepare
from experiments.study.results import correct_main_claims, finding_path, judge_claim, read_finding
from experiments.study.runs import ROOT, SCALES, Scale, unique
from experiments.study.training import train


def print_states(scale: Scale) -> None:
    """Print a table of the claims: source, runs that are done, verdict."""
    from rich.table import Table

    shown = Table("claim", "source", "runs", "verdict", title=f"scale={scale.name}")
    for name in CLAIMS:
        claim = claim_module(name).CLAIM
        try:
            runs = unique(claim_module(name).runs(scale))
            done = sum(run.done() for run in runs)
            counted = f"{done}/{len(runs)}"
        except UserError:  # its text is neither here nor can it be downloaded, which matters to who runs the claim
            done, counted = 0, "text missing"
        judged = finding_path(name, scale).exists()
        verdict = read_finding(name, scale)["verdict"] if judged else "not judged"
        shown.add_row(
            name + (" (main)" if claim.main else ""),
            claim.source,
            counted if done or not judged else "results only",
            verdict if scale.judged else "–",
        )
    print_table(shown)


def parse(arguments: Sequence[str]) -> tuple[list[str], Scale, int]:
    """Names of the claims, scale and number of jobs. Raises UserError for what is not an option or not a value."""
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
            raise UserError(f"claim={name}: choose all, {', '.join(CLAIMS)}")
    if known["scale"] not in SCALES:
        raise UserError(f"scale={known['scale']}: choose {', '.join(SCALES)}")
    if not known["jobs"].isdecimal() or not 1 <= int(known["jobs"]) <= joblib.cpu_count():
        raise UserError(f"jobs={known['jobs']}: a number from 1 to {joblib.cpu_count()}, the number of cores")
    return names, SCALES[known["scale"]], int(known["jobs"])


@report_user_errors()
def main(arguments: Sequence[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    names, scale, jobs = parse(arguments)
    os.chdir(ROOT)
    if names:
        for name in names:
            prepare(name, scale)
        train(lambda: [run for name in names for run in claim_module(name).runs(scale)], jobs)
        for name in names:
            print(f"judging {name}", flush=True)
            judge_claim(name, scale)
        correct_main_claims(scale)
        # printed only now: the correction may have made a verdict inconclusive
        for name in names if scale.judged else ():
            found = read_finding(name, scale)
            print(f"{name}: {found['verdict']}. {found['answer']}")
    print_states(scale)


if __name__ == "__main__":
    main(sys.argv[1:])
