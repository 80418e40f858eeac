"""SIGINT, SIGTERM, SIGHUP and SIGKILL, at any moment and while a file is being written."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from charcells import files
from charcells.cli.compose import CONF_DIR
from charcells.runs.folder import RunFolder
from experiments.robustness.bench import COMMON, LIMIT, STOPS, VARIANTS, Bench, attempt, damage, differences

SCRIPT = CONF_DIR.parent / "train.py"


def at_random(number: int, seconds: float) -> Callable[[int], None]:
    """Send a signal after `seconds`; if the process has ended by then, nothing happens."""

    def send(process: int) -> None:
        time.sleep(seconds)
        os.kill(process, number)  # it has not been waited for, so its id is not reused

    return send


def inside_write(number: int, write: int, place: str) -> Callable[[], None]:
    """Make a process send a signal to itself during its write number `write` of a file (counted from 1).

    Args:
        place: 'half': while half of the draft is written; 'whole': when the draft is complete; 'replaced': just after
            it has replaced the file.
    """

    def disturb() -> None:
        count = 0
        fsync, replace = os.fsync, os.replace

        def at(here: str) -> bool:
            nonlocal count
            count += here == "whole"
            return here == place and count == write

        def counted_fsync(file: int) -> None:
            if at("whole"):
                os.kill(os.getpid(), number)
            if place == "half" and count == write:
                if number == signal.SIGKILL:  # after the other signals the write is completed
                    os.ftruncate(file, os.fstat(file).st_size // 2)
                os.kill(os.getpid(), number)
            fsync(file)

        def counted_replace(draft: Any, path: Any) -> None:
            replace(draft, path)
            if at("replaced"):
                os.kill(os.getpid(), number)

        files.os.fsync, files.os.replace = counted_fsync, counted_replace  # type: ignore[attr-defined]

    return disturb


def kill(bench: Bench, number: int, rng: random.Random) -> tuple[str, str, str, str]:
    """Stop a run one to three times and resume it: its fault, variant, moments and result."""
    variant = list(VARIANTS)[number % len(VARIANTS)]
    stop = STOPS[(number + number // len(VARIANTS)) % len(STOPS)]
    bench.reference(variant)
    folder = bench.folder / f"kill{number}"
    moments = []
    for _ in range(rng.choice((1, 2, 3, 3))):
        inside = rng.random() < 0.4
        if inside:
            write, place = rng.randint(1, 30), rng.choice(("half", "whole", "replaced"))
            moment = f"write {write} {place}"
            status, output = attempt(bench.config(variant), folder, disturb=inside_write(stop, write, place))
        else:
            seconds = rng.uniform(0, 1.1 * bench.seconds[variant])
            moment = f"{seconds:.3f} s"
            status, output = attempt(bench.config(variant), folder, meanwhile=at_random(stop, seconds))
        began = RunFolder(folder).has_summary
        expected = -stop if stop == signal.SIGKILL else 128 + stop
        if status == 0:
            moments.append(f"{moment}: it had ended")
            break
        said = RunFolder(folder).read_summary().status
        moments.append(f"{moment}: {said or 'not begun'}")
        wrong = damage(folder)
        if status != expected or "Traceback" in output:
            wrong = wrong or f"status {status} instead of {expected}: {output.strip()[-300:]}"
        if began and said not in (("running", "finished") if stop == signal.SIGKILL else ("interrupted", "finished")):
            wrong = wrong or f"summary says {said}"
        if wrong:
            return stop.name, variant, "; ".join(moments), wrong
        if said == "finished":
            break
    result = bench.resume(variant, folder) if not RunFolder(folder).read_summary().finished else "exact"
    if result == "exact":
        found = differences(bench.reference(variant), folder)
        result = f"another run: {', '.join(found)}" if found else "exact"
        shutil.rmtree(folder)
    if all(moment.endswith("had ended") for moment in moments):
        result = "not stopped"
    return stop.name, variant, "; ".join(moments), result


def default_signals() -> None:
    """Reset the handlers in a new process, which otherwise inherits the signals that the harness ignores."""
    for number in STOPS[:3]:
        signal.signal(number, signal.SIG_DFL)


def command(bench: Bench, number: int, rng: random.Random) -> tuple[str, str, str, str]:
    """Stop the command train.py within its first nine seconds, and resume it: fault, variant, moment and result."""
    variant = list(VARIANTS)[number % len(VARIANTS)]
    stop = STOPS[number % len(STOPS)]
    folder = bench.folder / f"command{number}"
    overrides = [*COMMON, f"corpus.path={bench.text}", *VARIANTS[variant], f"hydra.run.dir={folder}"]
    seconds = rng.uniform(0, 9)
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), *overrides],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=default_signals,
    ) as process:
        time.sleep(seconds)
        process.send_signal(stop)
        output, _ = process.communicate(timeout=LIMIT)
    if "Traceback" in output or damage(folder):
        return f"train.py {stop.name}", variant, f"{seconds:.2f} s", damage(folder) or output.strip()[-300:]
    again = [f"resume={folder}"] if RunFolder(folder).has_config else overrides
    done = subprocess.run([sys.executable, str(SCRIPT), *again], capture_output=True, text=True, timeout=LIMIT)
    wrong = done.stderr.strip()[-300:] if done.returncode else ", ".join(differences(bench.reference(variant), folder))
    return f"train.py {stop.name}", variant, f"{seconds:.2f} s", wrong or "exact"
