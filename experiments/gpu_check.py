"""What to run on the day a GPU is at hand: at most eight minutes, without a network.

    make gpu-check                                the tests marked gpu, speed, small runs side by side
    python -m experiments.gpu_check device=cpu    the same, smaller, on a CPU: to see that the check itself works

Each part writes experiments/results/gpu_check.json as it goes, so that what was measured is there however it ends. A
part that no time is left for is listed as skipped.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from charcells.errors import UserError, report_user_errors
from charcells.files import write_atomically

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "experiments" / "results" / "gpu_check.json"
SECONDS = 8 * 60


def tests(device: str, seconds: float) -> Any:
    """The tests marked gpu: their last line."""
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", "tests/test_gpu.py"]
    environment = {**os.environ, "CHARCELLS_GPU_TESTS": device}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds)
    return {"status": done.returncode, "output": done.stdout.splitlines()[-15:]}


def speed(device: str, seconds: float) -> Any:
    """Characters/s of train() beside a bare loop over the same modules, for each cell and size; until time is up."""
    from experiments.benchmarks.gpu import compare, on_gpu

    sizes = ((1, 128, 128), (2, 512, 128)) if device == "gpu" else ((1, 32, 8),)
    steps, end = (100 if device == "gpu" else 10), time.monotonic() + seconds
    rows: list[Any] = []
    for layers, units, streams in sizes:
        for cell in ("lstm", "gru", "rnn"):
            for precision in ("32-true", "bf16-mixed") if device == "gpu" else ("32-true",):
                if time.monotonic() > end:
                    return [*rows, "no time was left for the others"]
                size = (layers, units, streams, 100)
                options = (f"trainer.precision={precision}", f"trainer.accelerator={device}")
                rows.append(compare(cell, size, precision, on_gpu(cell, size, steps, *options)).row())
    return rows


def side_by_side(device: str, seconds: float) -> Any:
    """Characters/s of one small run, and of several at once on the same device, added up."""
    from experiments.benchmarks.gpu import carried

    steps, end, found = (2000 if device == "gpu" else 20), time.monotonic() + seconds, {}
    for runs in (1, 4, 8) if device == "gpu" else (1, 2):
        if time.monotonic() < end:
            found[f"{runs} at once"] = carried(runs, f"trainer.max_steps={steps}", f"trainer.accelerator={device}")
    return found


PARTS: dict[str, Callable[[str, float], Any]] = {"tests": tests, "speed": speed, "side by side": side_by_side}


def main(arguments: Sequence[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    if unknown := [argument for argument in arguments if argument not in ("device=cpu", "device=gpu")]:
        raise UserError(f"{unknown[0]}: the options are device=gpu and device=cpu")
    device = "cpu" if "device=cpu" in arguments else "gpu"
    if device == "gpu" and not torch.cuda.is_available():
        raise UserError("PyTorch sees no GPU here; device=cpu tries the check itself")
    name = torch.cuda.get_device_name() if device == "gpu" else "cpu"
    found: dict[str, Any] = {"device": name, "torch": torch.__version__}
    end = time.monotonic() + SECONDS
    for part, measure in PARTS.items():
        start = time.monotonic()
        left = end - start
        try:
            found[part] = measure(device, left) if left > 20 else "skipped: no time was left"
        except Exception as error:  # the other parts are still worth running
            found[part] = f"failed: {type(error).__name__}: {error}"
        found[f"{part}, seconds"] = round(time.monotonic() - start, 1)
        print(f"{part}: {json.dumps(found[part], indent=1)}", flush=True)
        write_atomically(RESULTS, json.dumps(found, indent=1) + "\n")
    tested = found["tests"]
    failed = [part for part in PARTS if isinstance(found[part], str)]
    if isinstance(tested, dict) and tested["status"] != 0:
        failed.insert(0, "tests")
    if failed:
        sys.exit(f"not all is well: {', '.join(failed)}; see {RESULTS}")


if __name__ == "__main__":
    with report_user_errors():
        main(sys.argv[1:])
