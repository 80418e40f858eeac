"""Whether anything is lost: kills, faults of the machine, odd input, long runs.

    python -m experiments.robustness              all: 240 kills, each fault, 1,250 odd inputs, a run of 400,000 steps
    python -m experiments.robustness kills=20     a part; what is there already is not tried again
    python -m experiments.robustness kills=20 results=runs/tried      from the beginning, into a folder of one's own

Each trial trains in a process of its own, forked from this one, which has imported what takes long and computed
nothing. It is stopped or hindered as the fault says, resumed as `train.py resume=` does, and compared with the run that
nothing has disturbed: weights, optimizer, metrics, samples, final figures, all bit for bit. A row of
results/robustness.csv for each trial is written as soon as it is done; results/robustness.md is made from them.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from charcells import plots
from charcells.files import write_atomically
from experiments.robustness import table
from experiments.robustness.bench import VARIANTS, Bench
from experiments.robustness.faults import FAULTS, MOUNTS
from experiments.robustness.inputs import inputs
from experiments.robustness.kills import command, kill
from experiments.robustness.long_run import long_run


def main(arguments: Sequence[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    wanted = {"kills": 240, "commands": 18, "faults": 10, "inputs": 1250, "steps": 400_000}
    given = {name: value for name, _, value in (argument.partition("=") for argument in arguments)}
    results = Path(given.pop("results", Path(__file__).parents[1] / "results"))
    if not given.keys() <= wanted.keys() or not all(value.isdecimal() for value in given.values()):
        sys.exit(f"error: what can be given: {' '.join(f'{name}={count}' for name, count in wanted.items())}")
    wanted = dict.fromkeys(wanted, 0) | {name: int(value) for name, value in given.items()} if given else wanted
    separate = ["unshare", "--user", "--map-root-user", "--mount"]  # there a disk can be made that is soon full
    possible = shutil.which("unshare") and subprocess.run([*separate, "true"], capture_output=True).returncode == 0
    if possible and wanted["faults"] and "CHARCELLS_SEPARATE" not in os.environ:
        os.environ["CHARCELLS_SEPARATE"] = "1"
        os.execvp("unshare", [*separate, sys.executable, "-m", "experiments.robustness", *arguments])
    results.mkdir(parents=True, exist_ok=True)
    add = partial(table.add, results)
    torch.set_num_threads(1)
    assert plots and threading.active_count() == 1, "a process with threads is not to be forked"
    there = table.rows(results)

    def due(name: str, count: int) -> Iterator[tuple[int, random.Random]]:
        done = {int(row["number"]) for row in there if table.family(row["fault"]) == name}
        for number in sorted(set(range(count)) - done):
            yield number, random.Random(f"{name} {number}")

    with tempfile.TemporaryDirectory(prefix="charcells-") as scratch:
        bench = Bench(Path(scratch))
        for number, rng in due("kill", wanted["kills"]):
            stopped, *trial = kill(bench, number, rng)
            add(stopped, number, *trial)
        for name, fault in FAULTS.items():
            count = min(wanted["faults"], 2) if name == "sweep's worker killed" else wanted["faults"]
            if count and name in MOUNTS and "CHARCELLS_SEPARATE" not in os.environ:
                print(f"{name}: not tried, since nothing can be mounted here")
                continue
            for number, rng in due(name, count):
                variant = list(VARIANTS)[number % len(VARIANTS)]
                bench.reference(variant)
                add(name, number, *fault(bench, bench.folder / f"{fault.__name__}{number}", variant, rng))
        for number, rng in due("train.py", wanted["commands"]):
            stopped, *trial = command(bench, number, rng)
            add(stopped, number, *trial)
        done = sum(row["fault"] == "input" for row in there)
        if wanted["inputs"] > done:
            folder = bench.folder / "inputs"
            folder.mkdir()
            inputs(wanted["inputs"] - done, folder, done, lambda *found: add("input", 0, *found))
        if wanted["steps"] and not any(row["fault"] == "long run" for row in there):
            random_text = "".join(random.Random(1).choices("abcdefgh\n", k=5000))
            for step, memory, handles, logs in long_run(wanted["steps"], bench.folder, random_text):
                add("long run", step, "", f"{step}", f"measured: {memory:.1f} MB resident, {handles} files, {logs:,} B")
    write_atomically(results / "robustness.md", table.report(results))


if __name__ == "__main__":
    main(sys.argv[1:])
