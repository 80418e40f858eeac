"""The trials as rows of robustness.csv, written as they come, and robustness.md made from them."""

import csv
from pathlib import Path

COLUMNS = ("fault", "number", "variant", "moment", "result")


def rows(folder: Path) -> list[dict[str, str]]:
    path = folder / "robustness.csv"
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add(folder: Path, fault: str, number: int, variant: str, moment: str, result: str) -> None:
    path = folder / "robustness.csv"
    new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        writer.writerow((fault, number, variant, moment, " ".join(result.split())))
    if not result.startswith(GOOD):
        print(f"{fault} {number} ({variant}, {moment}): {result}", flush=True)


GOOD = ("exact", "not stopped", "all runs finished", "trained", "refused: ", "measured: ")

MEANING = {
    "kill": "SIGINT, SIGTERM, SIGHUP or SIGKILL, one to three times a run, at any moment or inside a write of a file",
    "train.py": "the same to the command itself, at any moment of its first nine seconds, imports included",
    "file-size limit": "no file can grow beyond a random size (RLIMIT_FSIZE), resumed without the limit",
    "disk full": "the run folder is a disk of 4 to 128 KiB, resumed once there is room",
    "read-only folder": "a run is interrupted, resumed while its disk cannot be written, resumed again",
    "W&B service killed": "SIGKILL to wandb-core at a random step",
    "W&B folder removed": "rm -r of wandb/ at a random step",
    "corpus changed": "a run is killed, resumed with one character of the corpus changed, resumed with the right text",
    "clock jumps": "each look at the clock gives another time, up to three years off",
    "asleep": "SIGSTOP, half a second, SIGCONT",
    "two processes": "a second process resumes the run while the first trains",
    "sweep's worker killed": "SIGKILL to a worker, as the kernel sends it for want of memory; the same command again",
    "input": "generated configurations and texts",
}


def report(folder: Path) -> str:
    """The table of all trials, as Markdown."""
    table = rows(folder)
    lines = [
        "# Robustness",
        "",
        "What was tried, how often, and what was lost. A trial counts as *exact* where the run, resumed, ended with",
        "the weights, optimizer state, metrics, samples and figures of the run that nothing had disturbed, bit for",
        "bit, and the folder could be read after each stop. Each trial: [robustness.csv](robustness.csv). Made by",
        "`python -m experiments.robustness` on one thread of a CPU; it goes on where it was stopped.",
        "",
        "| fault | what is done | trials | exact | lost | command |",
        "|---|---|---|---|---|---|",
    ]
    for name, meaning in MEANING.items():
        tried = [row for row in table if family(row["fault"]) == name]
        mine = [row for row in tried if row["result"] != "not stopped"]
        if not mine or name == "input":
            continue
        lost = sum(not row["result"].startswith(GOOD) for row in mine)
        argument = {"kill": "kills", "train.py": "commands"}.get(name, "faults")
        lines.append(
            f"| {name} | {meaning} | {len(mine)} | {len(mine) - lost} | {lost or 'nothing'} "
            f"| `python -m experiments.robustness {argument}={max(int(row['number']) for row in tried) + 1}` |"
        )
    kills = [row for row in table if family(row["fault"]) == "kill" and row["result"] != "not stopped"]
    if kills:
        each = {
            f"{row['fault']}, {row['variant']}": sum(
                (other["fault"], other["variant"]) == (row["fault"], row["variant"]) for other in kills
            )
            for row in kills
        }
        stops = sum(row["moment"].count(": ") - row["moment"].count("it had ended") for row in kills)
        inside = sum(row["moment"].count("write ") for row in kills)
        lines += ["", f"The {len(kills)} kill trials are {stops} kills, {inside} of them aimed inside a write:", ""]
        lines += ["| signal, variant | trials |", "|---|---|"]
        lines += [f"| {name} | {count} |" for name, count in sorted(each.items())]
    fed = [row for row in table if row["fault"] == "input"]
    if fed:
        trained = sum(row["result"] == "trained" for row in fed)
        wrong = sum(not row["result"].startswith(GOOD) for row in fed)
        different = len({(row["variant"], row["moment"]) for row in fed})
        lines += [
            "",
            f"**Odd input** (`python -m experiments.robustness inputs={len(fed)}`): of {len(fed)} generated "
            f"configurations and texts ({different} different) {trained} were trained and sampled from, "
            f"{len(fed) - trained - wrong} refused in one line, {wrong} ended otherwise.",
        ]
    long = [row for row in table if row["fault"] == "long run"]
    if long:
        lines += ["", "**A long run** (`python -m experiments.robustness steps=...`), a checkpoint each second:", ""]
        lines += ["| step | what was measured |", "|---|---|"]
        lines += [f"| {row['moment']} | {row['result'].removeprefix('measured: ')} |" for row in long]
    return "\n".join(lines) + "\n"


def family(fault: str) -> str:
    """The row of the table that a fault belongs to."""
    return "train.py" if fault.startswith("train.py") else "kill" if fault.startswith("SIG") else fault
