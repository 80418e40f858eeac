"""Memory, open files and disk space of a long run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from charcells.cli.compose import compose
from charcells.training import checkpoints
from charcells.training.language_model import CharLM
from charcells.training.train import train
from experiments.robustness.bench import COMMON


def long_run(steps: int, folder: Path, text: str) -> Iterator[tuple[int, float, int, int]]:
    """Train for `steps` steps; yield about ten times (step, resident memory in MB, open files, bytes of all logs)."""
    (folder / "text").write_text(text)
    size = ("trainer.max_epochs=1000000", f"trainer.max_steps={steps}", "data.batch_size=2", "data.seq_len=10")
    config = compose([*COMMON, f"corpus.path={folder / 'text'}", *size, "trainer.log_every_n_steps=50"])
    measured: list[tuple[int, float, int, int]] = []
    original = CharLM.training_step
    page = os.sysconf("SC_PAGE_SIZE") / 1e6

    def training_step(self: CharLM, batch: Any, batch_idx: int) -> Any:
        if self.global_step % max(1, steps // 10) == 0 or self.global_step == steps - 1:
            memory = int(Path("/proc/self/statm").read_text().split()[1]) * page
            logs = sum(path.stat().st_size for path in (folder / "run").iterdir() if path.is_file())
            measured.append((self.global_step, memory, len(os.listdir("/proc/self/fd")), logs))
        return original(self, batch, batch_idx)

    CharLM.training_step = training_step  # type: ignore[method-assign]
    checkpoints.CHECKPOINT_SECONDS = 1
    try:
        train(config, folder / "run")
    finally:
        CharLM.training_step = original  # type: ignore[method-assign]
    yield from measured
