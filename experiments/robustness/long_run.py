"""What a long run takes of memory, open files and disk."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from charcells import callbacks
from charcells.config import compose
from charcells.module import CharLM
from charcells.training import train
from experiments.robustness.bench import COMMON


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
