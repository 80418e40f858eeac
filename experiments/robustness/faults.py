"""Faults of the machine."""

import functools
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charcells.runs.folder import RunFolder
from charcells.training.run_module import RunModule
from experiments.robustness.bench import TEXT, Bench, attempt, damage, differences
from experiments.robustness.kills import at_random

Trial = tuple[str, str, str]
"""Variant, moment and result of a trial; the result is 'exact' or what is wrong."""


def refused(status: int, output: str, folder: Path, *expected: str) -> str:
    """What is wrong with a run that should have ended with status 1 and one error line with the expected parts; empty
    if nothing is."""
    if (
        status != 1
        or "Traceback" in output
        or output.count("error: ") != 1
        or not all(part in output for part in expected)
    ):
        return f"status {status}: {output.strip()[-300:]}"
    return damage(folder)


def disturbed(bench: Bench, folder: Path, variant: str, disturb: Callable[[], None], fix: Callable[[], None]) -> str:
    """Train with a fault, fix the fault, resume: 'exact' or what is wrong."""
    status, output = attempt(bench.config(variant), folder, disturb=disturb)
    # a run that could not even write its configuration has nothing to be resumed from
    advice = "resume=" if RunFolder(folder).has_config else "cannot be written"
    wrong = damage(folder) if status == 0 else refused(status, output, folder, advice)
    drafts = [path.name for path in folder.rglob("*.tmp")]
    fix()
    if wrong or drafts:
        return wrong or f"left behind: {drafts}"
    if status == 0:
        return ", ".join(differences(bench.reference(variant), folder)) or "exact"
    return bench.resume(variant, folder)


def file_size_limit(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    limit = int(10 ** rng.uniform(2.5, 4.8))

    def disturb() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return variant, f"{limit} bytes", disturbed(bench, folder, variant, disturb, lambda: None)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def full_disk(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    size = rng.choice((4, 8, 16, 32, 48, 64, 80, 96, 112, 128))  # KiB
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={size}k", "none", str(folder))
    try:
        result = disturbed(bench, folder, variant, lambda: None, lambda: mount("-o", "remount,size=16m", str(folder)))
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    return variant, f"{size} KiB", result


def read_only_folder(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    seconds = rng.uniform(0.3, 0.8) * bench.seconds[variant]
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=16m", "none", str(folder))
    try:
        ended, _ = attempt(bench.config(variant), folder, meanwhile=at_random(signal.SIGTERM, seconds))
        if ended == 0:
            return variant, f"{seconds:.2f} s", "not stopped"
        mount("-o", "remount,ro", str(folder))
        status, output = attempt(bench.config(variant), folder)
        wrong = refused(status, output, folder, "Read-only file system")
        mount("-o", "remount,rw", str(folder))
        result = wrong or bench.resume(variant, folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    return variant, f"resumed after {seconds:.2f} s", result


def at_step(step: int, action: Callable[[], None]) -> Callable[[], None]:
    """Make a process call `action` in the middle of a step (counted from 1)."""

    def disturb() -> None:
        original = RunModule.training_step

        def training_step(self: RunModule, batch: Any, batch_idx: int) -> Any:
            if self.global_step == step - 1:
                action()
            return original(self, batch, batch_idx)

        RunModule.training_step = training_step  # type: ignore[method-assign]

    return disturb


def with_wandb(bench: Bench, folder: Path, variant: str, step: int, action: Callable[[], None]) -> str:
    config = bench.config(variant, "logger=wandb", "logger.mode=offline")
    status, output = attempt(config, folder, disturb=at_step(step, action))
    warnings = (folder / "train.log").read_text(encoding="utf-8").count("W&B")
    if status != 0 or "Traceback" in output or warnings != 1:
        return f"status {status}, {warnings} warnings: {output.strip()[-300:]}"
    return damage(folder) or ", ".join(differences(bench.reference(variant), folder)) or "exact"


def wandb_killed(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    def action() -> None:
        found = subprocess.run(["pgrep", "-P", str(os.getpid()), "wandb-core"], capture_output=True, text=True)
        for process in found.stdout.split():
            os.kill(int(process), signal.SIGKILL)

    step = rng.randint(1, 40)
    return variant, f"step {step}", with_wandb(bench, folder, variant, step, action)


def wandb_folder_removed(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    step = rng.randint(1, 40)
    action = functools.partial(shutil.rmtree, folder / "wandb")
    return variant, f"step {step}", with_wandb(bench, folder, variant, step, action)


def corpus_changed(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    seconds, place = rng.uniform(0.3, 0.8) * bench.seconds[variant], rng.randrange(len(TEXT))
    attempt(bench.config(variant), folder, meanwhile=at_random(signal.SIGKILL, seconds))
    if not RunFolder(folder).last.exists():
        return variant, f"{seconds:.2f} s: no checkpoint yet", bench.resume(variant, folder)
    if RunFolder(folder).read_summary().finished:
        return variant, "not stopped", "exact"
    bench.text.write_text(TEXT[:place] + "?" + TEXT[place + 1 :])
    try:
        status, output = attempt(bench.config(variant), folder)
    finally:
        bench.text.write_text(TEXT)
    wrong = refused(status, output, folder, "has changed since this run was started")
    return variant, f"character {place}", wrong or bench.resume(variant, folder)


def asleep(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    seconds = rng.uniform(0.1, 0.9) * bench.seconds[variant]

    def meanwhile(process: int) -> None:
        time.sleep(seconds)
        os.kill(process, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(process, signal.SIGCONT)

    status, _ = attempt(bench.config(variant), folder, meanwhile=meanwhile)
    result = ", ".join(differences(bench.reference(variant), folder)) if status == 0 else f"status {status}"
    return variant, f"{seconds:.2f} s", result or "exact"


def two_processes(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    seconds, second = rng.uniform(0, 0.3) * bench.seconds[variant], []

    def meanwhile(process: int) -> None:
        while not RunFolder(folder).has_summary:
            time.sleep(0.001)
        time.sleep(seconds)
        os.kill(process, signal.SIGSTOP)  # otherwise it may have ended before the second one begins
        if RunFolder(folder).read_summary().status == "running":
            second.append(attempt(bench.config(variant), folder))
        os.kill(process, signal.SIGCONT)

    status, output = attempt(bench.config(variant), folder, meanwhile=meanwhile)
    if status != 0:
        return variant, f"{seconds:.2f} s", f"status {status}: {output.strip()[-300:]}"
    if not second:
        return variant, f"{seconds:.2f} s", "not stopped"
    status, output = second[0]
    wrong = "" if "another process is training in" in output else f"the second: {status}, {output.strip()[-300:]}"
    return variant, f"{seconds:.2f} s", wrong or ", ".join(differences(bench.reference(variant), folder)) or "exact"


FAULTS: dict[str, Callable[[Bench, Path, str, random.Random], Trial]] = {
    "file-size limit": file_size_limit,
    "disk full": full_disk,
    "read-only folder": read_only_folder,
    "W&B service killed": wandb_killed,
    "W&B folder removed": wandb_folder_removed,
    "corpus changed": corpus_changed,
    "asleep": asleep,
    "two processes": two_processes,
}
MOUNTS = ("disk full", "read-only folder")
"""Faults that need the permission to mount a disk."""
