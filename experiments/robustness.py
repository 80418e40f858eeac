"""Whether anything is lost: kills, faults of the machine, odd input, long runs.

    python -m experiments.robustness              all: 240 kills, each fault, 1,250 odd inputs, a run of 400,000 steps
    python -m experiments.robustness kills=20     a part; what is there already is not tried again

Each trial trains in a process of its own, forked from this one, which has imported what takes long and computed
nothing. It is stopped or hindered as the fault says, resumed as `train.py resume=` does, and compared with the run that
nothing has disturbed: weights, optimizer, metrics, samples, final figures, all bit for bit. A row of
results/robustness.csv for each trial is written as soon as it is done; results/robustness.md is made from them.
"""

import csv
import functools
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from charlm import callbacks, files, plots
from charlm.config import CONF_DIR, Config, Interrupted, UserError, compose, from_hydra, load
from charlm.files import read_samples, read_summary, write_atomically
from charlm.generation import load as load_generator
from charlm.generation import read_checkpoint
from charlm.module import CharLM
from charlm.training import train

RESULTS = Path(__file__).parent / "results"
SCRIPT = CONF_DIR.parent / "train.py"
COLUMNS = ("fault", "number", "variant", "moment", "result")

TEXT = "".join("abcdefgh\n"[(i * i * 7 + i // 3) % 9] for i in range(1500))

COMMON = (
    "corpus=file",
    "logger=none",
    "threads=1",
    "model.hidden_size=8",
    "model.embedding_dim=4",
    "data.batch_size=4",
    "data.seq_len=20",
    "trainer.max_epochs=3",
    "trainer.val_check_interval=0.5",
    "trainer.log_every_n_steps=4",
    "samples.length=5",
)
"""42 steps, 6 validations with a sample each: under a second."""

VARIANTS = {
    "lstm streams one_cycle": ("cell=lstm", "model.num_layers=2", "model.dropout=0.3"),
    "gru streams plateau": ("cell=gru", "scheduler=plateau", "scheduler.patience=0", "model.dropout=0.2"),
    "rnn streams exponential one-hot": (
        "cell=rnn",
        "scheduler=exponential",
        "model.embedding_dim=null",
        "model.dropout=0.2",
    ),
    "lstm windows one-hot plateau": (
        "cell=lstm",
        "data.sampling=windows",
        "model.embedding_dim=null",
        "scheduler=plateau",
        "model.dropout=0.3",
    ),
    "gru windows one_cycle": ("cell=gru", "data.sampling=windows", "model.num_layers=2", "model.dropout=0.3"),
    "rnn windows constant": ("cell=rnn", "data.sampling=windows", "scheduler=constant", "model.dropout=0.5"),
}

OFTEN = 0.05
"""Seconds from one checkpoint to the next, instead of a minute."""

LIMIT = 120
"""Seconds after which a trial counts as hung."""


class Bench:
    """A folder with a text, the undisturbed run of each variant, and the trials."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = folder / "text.txt"
        self.text.write_text(TEXT)
        # what is looked up or imported at its first use need not be so in each process
        train(self.config("lstm streams one_cycle", "trainer.max_steps=2"), folder / "warm")
        self.seconds: dict[str, float] = {}

    @functools.cache  # noqa: B019 (there is one bench)
    def config(self, variant: str, *overrides: str) -> Config:
        config: Config = compose([*COMMON, f"corpus.path={self.text}", *VARIANTS[variant], *overrides])
        return config

    def reference(self, variant: str) -> Path:
        """The run folder of a variant that nothing disturbs."""
        folder = self.folder / "undisturbed" / variant.replace(" ", "_")
        if not folder.exists():
            began = time.monotonic()
            status, output = attempt(self.config(variant), folder)
            assert status == 0, output
            self.seconds[variant] = time.monotonic() - began
        return folder

    def goes_on(self, variant: str, folder: Path) -> str:
        """Resume a run, to its end, and say whether it is the undisturbed one: 'exact', or what is wrong."""
        status, output = attempt(self.config(variant), folder)
        if status != 0:
            return f"resume ended with {status}: {output.strip()[-300:]}"
        found = differences(self.reference(variant), folder)
        return f"another run: {', '.join(found)}" if found else "exact"


def no_picture(metrics: Path, picture: Path, title: str) -> None:
    """In place of loss.png, which takes as long as all else and of which nothing depends."""


def attempt(
    config: Config,
    folder: Path,
    *,
    hinder: Callable[[], None] = lambda: None,
    meanwhile: Callable[[int], None] = lambda process: None,
) -> tuple[int, str]:
    """Train in a process of its own: a new run, or on with what the folder holds.

    Args:
        config: of the run, as long as the folder has none of its own.
        folder: the run folder.
        hinder: what that process does to itself before.
        meanwhile: what is done to it from here, given its number.

    Returns its status (the negative number of a signal that ended it) and what it has printed.
    """
    with tempfile.TemporaryFile("w+") as output:
        process = os.fork()
        if process == 0:
            _train_and_exit(config, folder, hinder, output.fileno())
        meanwhile(process)
        status = _wait(process)
        output.seek(0)
        return status, output.read()


def _train_and_exit(config: Config, folder: Path, hinder: Callable[[], None], output: int) -> None:
    """What train.py does, from its signals to its status."""
    status = 99
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout.flush()

        def interrupt(number: int, frame: Any) -> None:
            raise Interrupted(128 + number)

        for number in STOPS[:3]:  # also where the harness itself is to go on after them, as under nohup
            signal.signal(number, interrupt)
        callbacks.CHECKPOINT_SECONDS = OFTEN
        plots.loss_curve = no_picture
        hinder()
        resume = (folder / "config.yaml").exists()
        train(from_hydra(load(folder / "config.yaml")) if resume else config, folder, resume=resume)
        status = 0
    except Interrupted as stopped:
        status = int(str(stopped.code))
    except UserError as error:
        print(f"error: {error}")
        status = 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(process: int) -> int:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return 124


def differences(one: Path, other: Path) -> list[str]:
    """In what two finished runs differ, speed and paths aside."""
    found = []
    for name in ("last.ckpt", "best.ckpt"):
        parts = [torch.load(run / "checkpoints" / name, weights_only=True) for run in (one, other)]
        found += [f"{name} {key}" for key in ("state_dict", "optimizer_states") if not _equal(*(p[key] for p in parts))]
    tables = [[row.rsplit(",", 1)[0] for row in (run / "metrics.csv").read_text().splitlines()] for run in (one, other)]
    if tables[0] != tables[1]:
        found.append("metrics.csv")
    if read_samples(one) != read_samples(other):
        found.append("samples.jsonl")
    summaries = [read_summary(run) for run in (one, other)]
    keys = [key for key in summaries[0] if "/" in key] + ["status", "steps", "epochs", "best_step", "error"]
    return found + [f"summary {key}" for key in keys if summaries[0][key] != summaries[1].get(key)]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def damage(folder: Path) -> str:
    """What of a run folder cannot be read; empty where all can."""
    try:
        if (folder / "config.yaml").exists():
            from_hydra(load(folder / "config.yaml"))
        if (folder / "summary.json").exists() and not read_summary(folder):
            return "summary.json"
        for checkpoint in folder.glob("checkpoints/*.ckpt"):
            read_checkpoint(checkpoint)
        if (folder / "samples.jsonl").exists():
            read_samples(folder)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


# kills


def at_random(number: int, seconds: float) -> Callable[[int], None]:
    """Send a signal after so many seconds, if the process is still there then."""

    def send(process: int) -> None:
        time.sleep(seconds)
        os.kill(process, number)  # it has not been waited for: the number is still its own

    return send


def inside_write(number: int, write: int, place: str) -> Callable[[], None]:
    """Have a process signal itself in the midst of its so manieth write of a file that is to be replaced.

    `place`: 'half' of it written, 'whole' but not yet in its place, or just 'replaced'.
    """

    def hinder() -> None:
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
                if number == signal.SIGKILL:  # the others let the write end
                    os.ftruncate(file, os.fstat(file).st_size // 2)
                os.kill(os.getpid(), number)
            fsync(file)

        def counted_replace(draft: Any, path: Any) -> None:
            replace(draft, path)
            if at("replaced"):
                os.kill(os.getpid(), number)

        files.os.fsync, files.os.replace = counted_fsync, counted_replace  # type: ignore[attr-defined]

    return hinder


STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)


def kill(bench: Bench, number: int, rng: random.Random) -> tuple[str, str, str, str]:
    """One trial: a run that is stopped once to three times. Its fault, variant, moment and result."""
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
            status, output = attempt(bench.config(variant), folder, hinder=inside_write(stop, write, place))
        else:
            seconds = rng.uniform(0, 1.1 * bench.seconds[variant])
            moment = f"{seconds:.3f} s"
            status, output = attempt(bench.config(variant), folder, meanwhile=at_random(stop, seconds))
        began = (folder / "summary.json").exists()
        expected = -stop if stop == signal.SIGKILL else 128 + stop
        if status == 0:
            moments.append(f"{moment}: it had ended")
            break
        said = read_summary(folder).get("status")
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
    result = bench.goes_on(variant, folder) if read_summary(folder).get("status") != "finished" else "exact"
    if result == "exact":
        found = differences(bench.reference(variant), folder)
        result = f"another run: {', '.join(found)}" if found else "exact"
        shutil.rmtree(folder)
    if all(moment.endswith("had ended") for moment in moments):
        result = "not stopped"
    return stop.name, variant, "; ".join(moments), result


def default_signals() -> None:
    """For a new process, which would ignore what the harness ignores."""
    for number in STOPS[:3]:
        signal.signal(number, signal.SIG_DFL)


def command(bench: Bench, number: int, rng: random.Random) -> tuple[str, str, str, str]:
    """A kill of the real command, at any moment of some seconds, and its real resume."""
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
    again = [f"resume={folder}"] if (folder / "config.yaml").exists() else overrides
    done = subprocess.run([sys.executable, str(SCRIPT), *again], capture_output=True, text=True, timeout=LIMIT)
    wrong = done.stderr.strip()[-300:] if done.returncode else ", ".join(differences(bench.reference(variant), folder))
    return f"train.py {stop.name}", variant, f"{seconds:.2f} s", wrong or "exact"


# faults of the machine: each trial returns its variant, its moment and its result

Trial = tuple[str, str, str]


def refused(status: int, output: str, folder: Path, *said: str) -> str:
    """What is wrong with a run that was to end with status 1 and a line that says so; empty where nothing is."""
    if status != 1 or "Traceback" in output or output.count("error: ") != 1 or not all(part in output for part in said):
        return f"status {status}: {output.strip()[-300:]}"
    return damage(folder)


def hindered(bench: Bench, folder: Path, variant: str, hinder: Callable[[], None], mend: Callable[[], None]) -> str:
    """Train under a hindrance, mend it, resume."""
    status, output = attempt(bench.config(variant), folder, hinder=hinder)
    wrong = damage(folder) if status == 0 else refused(status, output, folder, "resume=")
    drafts = [path.name for path in folder.rglob("*.tmp")]
    mend()
    if wrong or drafts:
        return wrong or f"left behind: {drafts}"
    if status == 0:
        return ", ".join(differences(bench.reference(variant), folder)) or "exact"
    return bench.goes_on(variant, folder)


def file_size_limit(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    limit = int(10 ** rng.uniform(2.5, 4.8))

    def hinder() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return variant, f"{limit} bytes", hindered(bench, folder, variant, hinder, lambda: None)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def full_disk(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    size = rng.choice((4, 8, 16, 32, 48, 64, 80, 96, 112, 128))  # KiB
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={size}k", "none", str(folder))
    try:
        result = hindered(bench, folder, variant, lambda: None, lambda: mount("-o", "remount,size=16m", str(folder)))
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
        result = wrong or bench.goes_on(variant, folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    return variant, f"resumed after {seconds:.2f} s", result


def at_step(step: int, action: Callable[[], None]) -> Callable[[], None]:
    """Have a process do something in the midst of a step."""

    def hinder() -> None:
        original = CharLM.training_step

        def training_step(self: CharLM, batch: Any, batch_idx: int) -> Any:
            if self.global_step == step - 1:
                action()
            return original(self, batch, batch_idx)

        CharLM.training_step = training_step  # type: ignore[method-assign]

    return hinder


def with_wandb(bench: Bench, folder: Path, variant: str, step: int, action: Callable[[], None]) -> str:
    config = bench.config(variant, "logger=wandb", "logger.mode=offline")
    status, output = attempt(config, folder, hinder=at_step(step, action))
    told = (folder / "train.log").read_text(encoding="utf-8").count("W&B")
    if status != 0 or "Traceback" in output or told != 1:
        return f"status {status}, told {told} times: {output.strip()[-300:]}"
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
    if not (folder / "checkpoints" / "last.ckpt").exists():
        return variant, f"{seconds:.2f} s: no checkpoint yet", bench.goes_on(variant, folder)
    if read_summary(folder).get("status") == "finished":
        return variant, "not stopped", "exact"
    bench.text.write_text(TEXT[:place] + "?" + TEXT[place + 1 :])
    try:
        status, output = attempt(bench.config(variant), folder)
    finally:
        bench.text.write_text(TEXT)
    wrong = refused(status, output, folder, "corpus file has changed")
    return variant, f"character {place}", wrong or bench.goes_on(variant, folder)


def clock_jumps(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    far = 10 ** rng.uniform(0, 8)

    def hinder() -> None:
        clock = time.time
        time.time = lambda: clock() + rng.uniform(-far, far)

    status, output = attempt(bench.config(variant), folder, hinder=hinder)
    wrong = "" if status == 0 and "Traceback" not in output else f"status {status}: {output.strip()[-300:]}"
    return variant, f"±{far:.0f} s", wrong or ", ".join(differences(bench.reference(variant), folder)) or "exact"


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
        while not (folder / "summary.json").exists():
            time.sleep(0.001)
        time.sleep(seconds)
        os.kill(process, signal.SIGSTOP)  # else it may have ended before the second has begun
        if read_summary(folder).get("status") == "running":
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


def worker_killed(bench: Bench, folder: Path, variant: str, rng: random.Random) -> Trial:
    swept = ["cell=rnn,gru,lstm", "hydra.launcher.n_jobs=2", f"hydra.sweep.dir={folder}"]
    arguments = [
        sys.executable,
        str(SCRIPT),
        "-m",
        *COMMON,
        f"corpus.path={bench.text}",
        "trainer.max_epochs=60",
        *swept,
    ]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        until = time.monotonic() + LIMIT
        while not any(folder.glob("*/metrics.csv")) and time.monotonic() < until:
            time.sleep(0.05)
        workers = subprocess.run(["pgrep", "-P", str(process.pid), "-f", "popen_loky"], capture_output=True, text=True)
        os.kill(int(rng.choice(workers.stdout.split())), signal.SIGKILL)
        output, _ = process.communicate(timeout=LIMIT)
    wrong = "" if "a worker was killed" in output and "Traceback" not in output else output.strip()[-300:]
    again = subprocess.run(arguments, capture_output=True, text=True, timeout=2 * LIMIT)
    states = [read_summary(run.parent).get("status") for run in folder.glob("*/summary.json")]
    if not wrong and (again.returncode != 0 or states != ["finished"] * 3):
        wrong = f"again: {again.returncode}, {states}: {again.stderr.strip()[-300:]}"
    return "sweep of 3 runs", "once a run has begun", wrong or "all runs finished"


FAULTS: dict[str, Callable[[Bench, Path, str, random.Random], Trial]] = {
    "file-size limit": file_size_limit,
    "disk full": full_disk,
    "read-only folder": read_only_folder,
    "W&B service killed": wandb_killed,
    "W&B folder removed": wandb_folder_removed,
    "corpus changed": corpus_changed,
    "clock jumps": clock_jumps,
    "asleep": asleep,
    "two processes": two_processes,
    "sweep's worker killed": worker_killed,
}
MOUNTS = ("disk full", "read-only folder")
"""Need the right to mount."""


# odd input


def inputs(count: int, folder: Path, seed: int | None, found: Callable[[str, str, str], None]) -> None:
    """Train on so many generated configurations and texts.

    `found` is told of each: its overrides, its text and what became of it: 'trained', 'refused: ...' or 'wrong: ...'.
    """
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    def some(*values: Any) -> st.SearchStrategy[Any]:
        return st.sampled_from(values)

    def mostly(usual: st.SearchStrategy[Any], *odd: Any) -> st.SearchStrategy[Any]:
        return st.integers(0, 7).flatmap(lambda n: st.sampled_from(odd) if n == 0 else usual)

    odd_sizes = (10**9, 2**31, 2**62, 2**63, 10**30, 10**400, 0, -1)
    odd_shares = (1e-9, 0.999999, "1e-310", 0, 1, 1.5, "nan", "inf")
    rate = mostly(st.floats(1e-6, 10), 1e30, 1e300, 1e-300, "1e-310", "nan", "inf", "-inf", -1, 0)
    part = mostly(st.floats(0.01, 0.3), *odd_shares)  # of a text that is held out
    share = mostly(st.floats(0.3, 0.99), *odd_shares)
    size = mostly(st.integers(1, 12), *odd_sizes)
    options: dict[str, st.SearchStrategy[Any]] = {
        "cell": some("rnn", "gru", "lstm", "jordan", "output"),
        "model.embedding_dim": st.one_of(size, some("null")),
        "model.hidden_size": size,
        "model.num_layers": mostly(st.integers(1, 3), 10**9, 2**63),
        "model.dropout": share,
        "model.output_dropout": share,
        "model.init": some("orthogonal", "torch", "keras", "normal"),
        "model.freeze_second_bias": some("true", "false"),
        "model.match_parameters": mostly(st.integers(2000, 5000), 1, 500, 10**12, 10**18),
        "data.batch_size": size,
        "data.seq_len": size,
        "data.stride": size,
        "data.sampling": some("streams", "windows"),
        "data.carry_state": some("true", "false"),
        "data.train_fraction": share,
        "data.train_offset": part,
        "data.val_fraction": part,
        "data.test_fraction": part,
        "optimizer": some("adam", "adamw", "rmsprop", "adagrad", "sgd"),
        "optimizer.lr": rate,
        "optimizer.weight_decay": rate,
        "scheduler": some("constant", "one_cycle", "exponential", "plateau"),
        "trainer.max_epochs": mostly(st.integers(1, 2), 10**18, 10**400),
        "trainer.max_time": mostly(some("00:00:00:01", "1:0:0:0"), "0:0:0:0", "9999999999:00:00:00", "soon"),
        "trainer.gradient_clip_val": st.one_of(rate, some("null")),
        "trainer.gradient_clip_algorithm": some("norm", "value"),
        "trainer.val_check_interval": share,
        "trainer.precision": some("32-true", "bf16-mixed", "64-true", "16-mixed"),
        "trainer.log_every_n_steps": size,
        "trainer.loss_reduction": some("mean", "sum"),
        "trainer.save_every_epoch": some("true", "false"),
        "trainer.early_stopping_patience": size,
        "samples.temperature": rate,
        "samples.top_k": size,
        "samples.prompts": mostly(some("null"), "", "é\u2028", "[", "\U0001f600", "a b", "'"),
        "seed": mostly(st.integers(0, 2**32 - 1), -1, 2**32),
        "threads": mostly(some(1, "auto"), 0, 5000, 10**30),
        "corpus.normalize": some("true", "false"),
        "corpus.strip_boilerplate": mostly(some("false"), "true"),
        "corpus.max_chars": mostly(st.integers(100, 1000), *odd_sizes),
        "corpus.encoding": mostly(
            some("utf-8", "iso-8859-1", "cp437"), "utf-16", "utf-7", "unicode_escape", "rot13", "klingon"
        ),
    }
    anything = st.characters(exclude_categories=())  # NUL and lone surrogates too
    proper = st.characters(codec="utf-8", exclude_characters="\0")
    usual = st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=200, max_size=2000)
    texts = st.one_of(
        usual,
        usual,
        usual,
        st.text(proper, min_size=100, max_size=800),
        st.text(anything, max_size=400),
        st.text(st.sampled_from("a\0b\ud800\U0001f600\u2028\r\n\x1b"), min_size=100, max_size=400),
        st.builds(lambda character, length: character * length, anything, st.integers(0, 3000)),
        st.builds(lambda words, times: " ".join(words) * times, st.lists(st.text(proper)), st.integers(30, 200)),
        some("ab" * 500_000, "The quick brown fox.\n" * 200, "\ufeff" + "a\r\n" * 300, "e\u0301" * 500),
    ).map(lambda text: text.encode("utf-8", "surrogatepass"))
    contents = st.integers(0, 9).flatmap(lambda n: st.binary(max_size=500) if n == 0 else texts)
    chosen = st.lists(st.sampled_from(sorted(options)), unique=True, max_size=6).flatmap(
        lambda names: st.fixed_dictionaries({name: options[name] for name in names})
    )
    number = 0

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=seed is None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(chosen, contents)
    def each(values: dict[str, Any], content: bytes) -> None:
        nonlocal number
        number += 1
        (folder / "text").write_bytes(content)
        small = {"trainer.max_epochs": 1, "samples.length": 5, "data.batch_size": 2, "data.seq_len": 10, "threads": 1}
        given = small | {"model.hidden_size": 8, "model.embedding_dim": 4, "trainer.max_steps": 3, "logger": "none"}
        if number % 8 and "data.stride" in values:  # else there is no stride
            values["data.sampling"] = "windows"
        overrides = [f"{name}={value}" for name, value in (given | values).items()]
        result = trained_or_refused([*overrides, "corpus=file", f"corpus.path={folder / 'text'}"], folder / str(number))
        shown = " ".join(f"{name}={str(value)[:24]}" for name, value in values.items())
        found(ascii(shown)[1:-1], f"{len(content)} bytes {content[:12]!r}", result)

    (each if seed is None else seeded(seed)(each))()


def trained_or_refused(overrides: Sequence[str], folder: Path) -> str:
    """Train; say 'trained', 'refused: ' with the line that says why, or 'wrong: ' with what must not be."""

    def hung(number: int, frame: Any) -> None:
        raise TimeoutError(f"not done after {LIMIT} s")

    signal.signal(signal.SIGALRM, hung)
    signal.alarm(LIMIT)
    plots.loss_curve = no_picture
    try:
        summary = train(compose(overrides), folder)
        generator = load_generator(folder)
        if summary["status"] != "finished" or len(generator.generate(length=3)) != len(generator.prompt) + 3:
            return f"wrong: {summary['status']}"
        return "trained"
    except UserError as error:
        return f"refused: {str(error)[:300]}" if "\n" not in str(error) else f"wrong: several lines: {error}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return f"wrong: {''.join(traceback.format_exception(error))[-600:]}"
    finally:
        signal.alarm(0)
        shutil.rmtree(folder, ignore_errors=True)


# long runs


def long_run(steps: int, folder: Path, rng_text: str) -> Iterator[tuple[int, float, int, int]]:
    """Train so many steps; yield now and then: step, resident memory in MB, open files, bytes of all logs."""
    (folder / "text").write_text(rng_text)
    size = ("trainer.max_epochs=1000000", f"trainer.max_steps={steps}", "data.batch_size=2", "data.seq_len=10")
    config = compose([*COMMON, f"corpus.path={folder / 'text'}", *size, "trainer.log_every_n_steps=50"])
    looks: list[tuple[int, float, int, int]] = []
    original = CharLM.training_step
    page = os.sysconf("SC_PAGE_SIZE") / 1e6

    def training_step(self: CharLM, batch: Any, batch_idx: int) -> Any:
        if self.global_step % max(1, steps // 10) == 0 or self.global_step == steps - 1:
            memory = int(Path("/proc/self/statm").read_text().split()[1]) * page
            logs = sum(path.stat().st_size for path in (folder / "run").iterdir() if path.is_file())
            looks.append((self.global_step, memory, len(os.listdir("/proc/self/fd")), logs))
        return original(self, batch, batch_idx)

    CharLM.training_step = training_step  # type: ignore[method-assign]
    callbacks.CHECKPOINT_SECONDS = 1
    try:
        train(config, folder / "run")
    finally:
        CharLM.training_step = original  # type: ignore[method-assign]
    yield from looks


# the table


def rows() -> list[dict[str, str]]:
    path = RESULTS / "robustness.csv"
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add(fault: str, number: int, variant: str, moment: str, result: str) -> None:
    path = RESULTS / "robustness.csv"
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


def report() -> str:
    """The table of all trials, as Markdown."""
    table = rows()
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
        mine = [row for row in table if family(row["fault"]) == name and row["result"] != "not stopped"]
        if not mine or name == "input":
            continue
        lost = sum(not row["result"].startswith(GOOD) for row in mine)
        argument = {"kill": "kills", "train.py": "commands"}.get(name, "faults")
        lines.append(
            f"| {name} | {meaning} | {len(mine)} | {len(mine) - lost} | {lost or 'nothing'} "
            f"| `python -m experiments.robustness {argument}={len(mine)}` |"
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


def main(arguments: Sequence[str]) -> None:
    wanted = {"kills": 240, "commands": 18, "faults": 10, "inputs": 1250, "steps": 400_000}
    given = dict(argument.split("=", 1) for argument in arguments)
    if not given.keys() <= wanted.keys() or not all(value.isdecimal() for value in given.values()):
        sys.exit(f"error: what can be given: {' '.join(f'{name}={count}' for name, count in wanted.items())}")
    wanted = dict.fromkeys(wanted, 0) | {name: int(value) for name, value in given.items()} if given else wanted
    separate = ["unshare", "--user", "--map-root-user", "--mount"]  # there a disk can be made that is soon full
    possible = shutil.which("unshare") and subprocess.run([*separate, "true"], capture_output=True).returncode == 0
    if possible and wanted["faults"] and "CHARLM_SEPARATE" not in os.environ:
        os.environ["CHARLM_SEPARATE"] = "1"
        os.execvp("unshare", [*separate, sys.executable, "-m", "experiments.robustness", *arguments])
    RESULTS.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    assert plots and threading.active_count() == 1, "a process with threads is not to be forked"
    there = rows()

    def due(name: str, count: int) -> Iterator[tuple[int, random.Random]]:
        done = {int(row["number"]) for row in there if family(row["fault"]) == name}
        for number in sorted(set(range(count)) - done):
            yield number, random.Random(f"{name} {number}")

    with tempfile.TemporaryDirectory(prefix="charlm-") as scratch:
        bench = Bench(Path(scratch))
        for number, rng in due("kill", wanted["kills"]):
            stopped, *trial = kill(bench, number, rng)
            add(stopped, number, *trial)
        for name, fault in FAULTS.items():
            count = min(wanted["faults"], 2) if name == "sweep's worker killed" else wanted["faults"]
            if count and name in MOUNTS and "CHARLM_SEPARATE" not in os.environ:
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
    write_atomically(RESULTS / "robustness.md", report())


if __name__ == "__main__":
    main(sys.argv[1:])
