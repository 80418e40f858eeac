"""The rows of robustness.csv, one for each trial, and robustness.md, which is made from them."""

import csv
from collections import Counter
from pathlib import Path

Row = dict[str, str]
COLUMNS = ("fault", "number", "variant", "moment", "result")


def rows(folder: Path) -> list[Row]:
    """The rows of robustness.csv in a folder; none where there is no such file."""
    path = folder / "robustness.csv"
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add(folder: Path, fault: str, number: int, variant: str, moment: str, result: str) -> None:
    """Append a row to robustness.csv, and print it if something was lost."""
    path = folder / "robustness.csv"
    new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        writer.writerow((fault, number, variant, moment, " ".join(result.split())))
    if not result.startswith(GOOD):
        print(f"{fault} {number} ({variant}, {moment}): {result}", flush=True)


GOOD = ("exact", "not stopped")
"""Beginnings of the results with which nothing is lost."""

MEANING = {
    "kill": "SIGINT, SIGTERM, SIGHUP or SIGKILL, one to three times per run, at any moment or during a write of a file",
    "train.py": "the same signals to the command itself, at any moment of its first nine seconds, imports included",
    "file-size limit": "no file can grow beyond a random size (RLIMIT_FSIZE), resumed without the limit",
    "disk full": "the run folder is a disk of 4 to 128 KiB, resumed when there is room again",
    "read-only folder": "a run is interrupted, resumed while its disk is read-only, resumed again",
    "W&B service killed": "SIGKILL to wandb-core at a random step",
    "W&B folder removed": "rm -r of wandb/ at a random step",
    "corpus changed": "a run is killed, resumed with one character of the corpus changed, resumed with the right text",
    "asleep": "SIGSTOP, half a second, SIGCONT",
    "two processes": "a second process resumes the run while the first trains",
}
"""For each family of faults what is done to a run."""


def report(folder: Path) -> str:
    """The table of all trials, as Markdown."""
    table = rows(folder)
    lines = [
        "# Robustness",
        "",
        "What was tried, how often, and what was lost. A trial counts as *exact* if the run, once resumed, ended with",
        "the same weights, optimizer state, metrics, samples and figures as an undisturbed run, bit for bit, and if",
        "the folder could be read after each stop. Each trial: [robustness.csv](robustness.csv). Made by",
        "`python -m experiments.robustness` on one thread of a CPU; if it is stopped, the same command continues.",
        "",
        *_faults_table(table),
        *_kills_table([row for row in table if family(row["fault"]) == "kill" and row["result"] != "not stopped"]),
    ]
    return "\n".join(lines) + "\n"


def _faults_table(table: list[Row]) -> list[str]:
    lines = ["| fault | what is done | trials | exact | lost | command |", "|---|---|---|---|---|---|"]
    for name, meaning in MEANING.items():
        tried = [row for row in table if family(row["fault"]) == name]
        stopped = [row for row in tried if row["result"] != "not stopped"]
        if not stopped:
            continue
        lost = sum(not row["result"].startswith(GOOD) for row in stopped)
        argument = {"kill": "kills", "train.py": "commands"}.get(name, "faults")
        lines.append(
            f"| {name} | {meaning} | {len(stopped)} | {len(stopped) - lost} | {lost or 'nothing'} "
            f"| `python -m experiments.robustness {argument}={max(int(row['number']) for row in tried) + 1}` |"
        )
    return lines


def _kills_table(kills: list[Row]) -> list[str]:
    """How many of the kill trials there are of each signal and variant."""
    if not kills:
        return []
    counts = Counter(f"{row['fault']}, {row['variant']}" for row in kills)
    # a moment lists each stop as "when: what was found"
    stops = sum(row["moment"].count(": ") - row["moment"].count("it had ended") for row in kills)
    inside = sum(row["moment"].count("write ") for row in kills)
    return [
        "",
        f"The {len(kills)} kill trials are {stops} kills, {inside} of them aimed at a write:",
        "",
        "| signal, variant | trials |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(counts.items())),
    ]


def family(fault: str) -> str:
    """The row of the table that a fault belongs to: signals are kills, to train.py or to a forked run."""
    return "train.py" if fault.startswith("train.py") else "kill" if fault.startswith("SIG") else fault
