"""Test that no run is lost: kills and faults of the machine.

    python -m experiments.robustness              all: 240 kills, each fault
    python -m experiments.robustness kills=20     a part; trials that results/ already has are not repeated
    python -m experiments.robustness kills=20 results=runs/tried      all trials again, recorded in another folder

Each trial trains in a process of its own, forked from this one, which has imported what is slow to import and has
computed nothing. The run is stopped or disturbed as the fault says, resumed as `train.py resume=` does it, and compared
bit for bit with an undisturbed run: weights, optimizer, metrics, samples, final figures. Each trial adds a row to
results/robustness.csv as soon as it ends; results/robustness.md is made from the rows.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from charcells.errors import report_user_errors
from charcells.files import write_atomically
from charcells.runs import pictures
from experiments.robustness import table
from experiments.robustness.bench import VARIANTS, Bench
from experiments.robustness.faults import FAULTS, MOUNTS
from experiments.robustness.kills import command, kill

COUNTS = {"kills": 240, "commands": 18, "faults": 10}
"""The options, and how many trials of each kind there are without any option."""

MOUNT_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
"""Runs a command where it may mount a small disk that only it can see."""


def parse(arguments: Sequence[str]) -> tuple[dict[str, int], Path]:
    """How many trials of each kind are wanted, and the folder of the results; exits for an unknown option."""
    given = {name: value for name, _, value in (argument.partition("=") for argument in arguments)}
    results = Path(given.pop("results", Path(__file__).parents[1] / "results"))
    if not given.keys() <= COUNTS.keys() or not all(value.isdecimal() for value in given.values()):
        sys.exit(f"error: the options are {' '.join(f'{name}={count}' for name, count in COUNTS.items())}")
    if not given:
        return COUNTS, results
    return dict.fromkeys(COUNTS, 0) | {name: int(value) for name, value in given.items()}, results


def restart_where_disks_can_be_mounted(arguments: Sequence[str]) -> None:
    """Replace this process by one in a mount namespace, where the system allows it; otherwise do nothing."""
    if "CHARCELLS_SEPARATE" in os.environ or not shutil.which("unshare"):
        return
    if subprocess.run([*MOUNT_NAMESPACE, "true"], capture_output=True).returncode == 0:
        os.environ["CHARCELLS_SEPARATE"] = "1"
        os.execvp("unshare", [*MOUNT_NAMESPACE, sys.executable, "-m", "experiments.robustness", *arguments])


class Trials:
    """The wanted trials that the table of a folder does not have yet; each is recorded as soon as it ends."""

    def __init__(self, bench: Bench, wanted: dict[str, int], results: Path) -> None:
        self.bench, self.wanted, self.results = bench, wanted, results
        self.recorded = table.rows(results)

    def record(self, fault: str, number: int, variant: str, moment: str, result: str) -> None:
        table.add(self.results, fault, number, variant, moment, result)

    def due(self, family: str, count: int) -> Iterator[tuple[int, random.Random]]:
        """Numbers of the missing trials of a family, each with the random numbers that belong to it."""
        done = {int(row["number"]) for row in self.recorded if table.family(row["fault"]) == family}
        for number in sorted(set(range(count)) - done):
            yield number, random.Random(f"{family} {number}")

    def kills(self) -> None:
        for number, rng in self.due("kill", self.wanted["kills"]):
            stopped, *trial = kill(self.bench, number, rng)
            self.record(stopped, number, *trial)

    def faults(self) -> None:
        for name, fault in FAULTS.items():
            if self.wanted["faults"] and name in MOUNTS and "CHARCELLS_SEPARATE" not in os.environ:
                print(f"{name}: not tried, since this system allows no mount")
                continue
            for number, rng in self.due(name, self.wanted["faults"]):
                variant = list(VARIANTS)[number % len(VARIANTS)]
                self.bench.reference(variant)
                folder = self.bench.folder / f"{fault.__name__}{number}"
                self.record(name, number, *fault(self.bench, folder, variant, rng))

    def commands(self) -> None:
        for number, rng in self.due("train.py", self.wanted["commands"]):
            stopped, *trial = command(self.bench, number, rng)
            self.record(stopped, number, *trial)


@report_user_errors()
def main(arguments: Sequence[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    wanted, results = parse(arguments)
    if wanted["faults"]:
        restart_where_disks_can_be_mounted(arguments)
    results.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    assert pictures and threading.active_count() == 1, "a process with threads must not be forked"
    with tempfile.TemporaryDirectory(prefix="charcells-") as scratch:
        trials = Trials(Bench(Path(scratch)), wanted, results)
        trials.kills()
        trials.faults()
        trials.commands()
    write_atomically(results / "robustness.md", table.report(results))


if __name__ == "__main__":
    main(sys.argv[1:])
