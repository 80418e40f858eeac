"""Jobs of a real Slurm that are preempted, requeued or told that their time is up: do they reach the same figures?

    python -m experiments.robustness.slurm      writes results/slurm.md; needs the Slurm that .ci/slurm starts

Each case is a short session in a folder of its own. tests/test_slurm.py runs the same cases.
"""

import csv
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charcells.files import write_atomically

ROOT = Path(__file__).parents[2]
PARTITIONS = ("low", "high", "scavenge")
EPOCHS = 45
OPTIONS = (
    "corpus=file corpus.path=text.txt logger=none threads=1 samples.length=0 model.hidden_size=16 "
    f"model.embedding_dim=8 data.batch_size=2 data.seq_len=8 trainer.max_epochs={EPOCHS}"
)
SHELL_OPTIONS = "--requeue --cpus-per-task=1 --mem=1500 --time=30 --open-mode=append --output=job.out"
WAIT_SECONDS = 240
REVOKED_SECONDS = 3

HEAD = """# Preempted, requeued, out of time: jobs of a real Slurm

Made by `python -m experiments.robustness.slurm` on {version} of one node, which `.ci/slurm` starts: jobs in the
partition high preempt those in low, which has a GraceTime of 10 s, and in scavenge, which has none. OPTIONS are
`{options}`.
The transcripts leave out the epochs, submitit's warnings that this Slurm keeps no accounts, and the two minutes for
which Slurm lets a requeued job wait. All figures means validation and test loss and all rows of metrics.csv but for the
speed.
"""


class Session:
    """Commands that are typed in a folder, and what Slurm and the jobs make of them.

    Attributes:
        lines: the transcript, without this machine's names and paths.
        number: of the job that was submitted last.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.number = ""
        self.pending: dict[str, float] = {}  # when each task was first seen to wait
        folder.mkdir(exist_ok=True)
        rng = random.Random(1)
        words = ["".join(rng.choices("abcdefghij", k=rng.randint(2, 6))) for _ in range(40)]
        (folder / "text.txt").write_text(" ".join(rng.choices(words, k=1300)), encoding="utf-8")

    def say(self, text: str) -> None:
        for real, shown in ((sys.executable, "python"), (f"{ROOT}{os.sep}", ""), (socket.gethostname(), "node")):
            text = text.replace(real, shown)
        self.lines += text.rstrip().splitlines()

    def type(self, command: str) -> str:
        """Run a command and note it with its output, which is returned. Raises CalledProcessError if it fails."""
        result = subprocess.run(command, shell=True, cwd=self.folder, capture_output=True, text=True, check=True)
        self.say(f"$ {command}\n{result.stdout}")
        return result.stdout

    def train(self, options: str) -> str:
        """The command line that trains."""
        return f"{sys.executable} {ROOT / 'train.py'} {OPTIONS} {options}"

    def submit(self, command: str, options: str) -> None:
        """Submit a batch job of this command, and wait until it has trained two epochs in the folder run."""
        (self.folder / "job.sh").write_text(f"#!/bin/bash\n{command}\n", encoding="utf-8")
        self.say(f"$ cat job.sh\n#!/bin/bash\n{command.replace(OPTIONS, 'OPTIONS')}")
        self.number = self.type(f"sbatch {SHELL_OPTIONS} {options} job.sh").split()[-1]
        self.wait(lambda: "epoch 2/" in read(self.folder / "run" / "train.log"))

    def start_sweep(self) -> "subprocess.Popen[str]":
        """Start a sweep of two seeds as jobs of Slurm, and wait until both, or on one core the first, train."""
        options = "-m launcher=slurm hydra.launcher.partition=low hydra.launcher.mem_gb=1 hydra.sweep.dir=sweep"
        command = self.train(f"{options} hydra.sweep.subdir='${{seed}}' seed=1,2")
        self.say(f"$ {command.replace(OPTIONS, 'OPTIONS')} &")
        with open(self.folder / "sweep.out", "w", encoding="utf-8") as output:
            process = subprocess.Popen(
                command, shell=True, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT, text=True
            )
        tasks = min(2, os.cpu_count() or 1)
        logs = self.folder / "sweep"
        self.wait(lambda: sum("epoch 2/" in read(path) for path in logs.glob("*/train.log")) >= tasks)
        jobs = ask("squeue", "-h", "-r", "-p", "low", "-o", "%i").split()
        self.number = jobs[0].partition("_")[0]
        self.type(f"squeue -r -j {self.number} -o '%i %P %T'")
        return process

    def wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert time.monotonic() < end, "\n".join([*self.lines, self.output()])
            time.sleep(0.2)

    def output(self) -> str:
        """What the job or the sweep has printed, without its epochs and without submitit's complaints about sacct."""
        unwanted = ("epoch ", "submitit WARNING", "Slurm accounting")
        lines = (read(self.folder / "job.out") + read(self.folder / "sweep.out")).splitlines()
        return "\n".join(line for line in lines if not line.startswith(unwanted))

    def start_soon(self) -> None:
        """Start what was requeued a few seconds ago; Slurm itself would wait two minutes.

        A job that starts in the second in which it was requeued fails, because its credential counts as revoked.
        """
        for job in ask("squeue", "-h", "-r", "-t", "PENDING", "-j", self.number, "-o", "%i").split():
            if time.monotonic() - self.pending.setdefault(job, time.monotonic()) > REVOKED_SECONDS:
                ask("scontrol", "update", f"JobId={job}", "StartTime=now")

    def restarts(self) -> list[int]:
        """How often Slurm has started each task of the job again."""
        shown = ask("scontrol", "show", "job", "--oneliner", self.number).split()
        return [int(word.partition("=")[2]) for word in shown if word.startswith("Restarts=")]

    def finish(self, folders: list[Path], sweep: "subprocess.Popen[str] | None" = None) -> None:
        """Wait until the runs have finished, and note the job's output."""

        def finished() -> bool:
            self.start_soon()
            return all(figures(folder).get("status") == "finished" for folder in folders)

        self.wait(finished)
        if sweep is not None:
            sweep.wait(timeout=WAIT_SECONDS)
        self.type(f"scontrol show job {self.number} | grep -o 'JobId=.*\\|Restarts=[0-9]*'")
        self.say("the output, without epochs:\n" + "\n".join("  " + line for line in self.output().splitlines()))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def figures(folder: Path) -> dict[str, Any]:
    """Status, held-out losses, and all rows of metrics.csv without the speed; empty if there is no run."""
    if not (folder / "summary.json").exists():
        return {}
    summary = json.loads(read(folder / "summary.json"))
    rows = [tuple(row.items())[:-1] for row in csv.DictReader(read(folder / "metrics.csv").splitlines())]
    return {name: summary.get(name) for name in ("status", "val/loss", "test/loss", "steps")} | {"rows": rows}


def preempt(session: Session) -> None:
    session.type("sbatch --partition=high --mem=2000 --output=/dev/null --wrap='sleep 1'")


def single(
    disturb: Callable[[Session], object], *, partition: str = "low", srun: bool = False, array: bool = False
) -> Callable[[Session], list[Path]]:
    """A case: one run, disturbed once. Returns the folder of the run."""

    def case(session: Session) -> list[Path]:
        run = session.train("resume=auto hydra.run.dir=run")
        session.submit(f"{'srun' if srun else 'exec'} {run}", f"--partition={partition}" + " --array=3" * array)
        disturb(session)
        session.wait(lambda: figures(session.folder / "run").get("status") == "interrupted")
        session.finish([session.folder / "run"])
        return [session.folder / "run"]

    return case


def sweep(disturb: Callable[[Session], object]) -> Callable[[Session], list[Path]]:
    """A case: a sweep of two seeds, some of whose jobs are disturbed. Returns the folders of its runs."""

    def case(session: Session) -> list[Path]:
        process = session.start_sweep()
        disturb(session)
        session.wait(lambda: "requeued" in session.output())
        folders = [session.folder / "sweep" / seed for seed in ("1", "2")]
        session.finish(folders, process)
        assert process.returncode == 0, session.output()
        return folders

    return case


CASES = {
    "preempted, in a step of srun": single(preempt, srun=True),
    "preempted, without srun and without a GraceTime": single(preempt, partition="scavenge"),
    "preempted, a task of a job array": single(preempt, srun=True, array=True),
    "time nearly up": single(lambda session: session.type(f"scancel --signal=USR1 --batch {session.number}")),
    "time nearly up, a task of a job array": single(
        lambda session: session.type(f"scancel --signal=USR1 --batch {session.number}_3"), array=True
    ),
    "a sweep whose jobs are preempted": sweep(preempt),
    "a sweep, one of whose jobs is requeued": sweep(
        lambda session: session.type(f"scontrol requeue {session.number}_0")
    ),
    "a sweep, the time of one of whose jobs is nearly up": sweep(
        lambda session: session.type(f"scancel --signal=USR2 {session.number}_0")
    ),
}
"""What happens to the jobs, and the session in which it does."""


def undisturbed(session: Session) -> dict[str, dict[str, Any]]:
    """The figures of runs that nothing disturbs, under their seeds."""
    for seed in ("1", "2"):
        command = session.train(f"seed={seed} hydra.run.dir={seed}")
        subprocess.run(command, shell=True, cwd=session.folder, capture_output=True, check=True)
    return {seed: figures(session.folder / seed) for seed in ("1", "2")}


def verdict(folder: Path, whole: dict[str, Any]) -> str:
    """One line: the test loss of the run and of the undisturbed one, and whether all figures are equal."""
    own = figures(folder)
    same = "all figures equal, bit for bit" if own == whole else "NOT EQUAL"
    losses = f"test loss {own['test/loss']!r} and, undisturbed, {whole['test/loss']!r}"
    return f"{losses}; {len(own['rows'])} rows of metrics.csv, {own['steps']:,} steps: {same}"


def available() -> bool:
    """Whether a Slurm runs here that has the partitions of .ci/slurm."""
    return shutil.which("sbatch") is not None and all(ask("sinfo", "-h", "-p", name) for name in PARTITIONS)


def section(name: str, session: Session, whole: dict[str, dict[str, Any]]) -> str:
    """Run a case; its transcript and verdicts in Markdown."""
    began = time.monotonic()
    runs = CASES[name](session)
    verdicts = "\n".join(f"- {verdict(run, whole.get(run.name, whole['1']))}" for run in runs)
    print(f"{name}: {time.monotonic() - began:.0f} s\n{verdicts}", flush=True)
    return "\n".join([f"## {name[0].upper()}{name[1:]}\n", "```", *session.lines, "```", f"\n{verdicts}\n"])


def main() -> None:
    if not available():
        sys.exit(f"error: this needs a running Slurm with the partitions {', '.join(PARTITIONS)}: .ci/slurm starts one")
    with tempfile.TemporaryDirectory(prefix="charcells-") as scratch:
        whole = undisturbed(Session(Path(scratch, "whole")))
        sections = [section(name, Session(Path(scratch, name)), whole) for name in CASES]
    version = ask("sbatch", "--version").strip()
    text = "\n".join([HEAD.format(version=version, options=OPTIONS), *sections])
    write_atomically(ROOT / "experiments" / "results" / "slurm.md", text)


if __name__ == "__main__":
    main()
