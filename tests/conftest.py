"""What the tests share: small configurations, and the entry points as a person runs them."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from charcells.cli.compose import compose
from charcells.config import Config
from charcells.text.review_sets import REVIEW_SETS, review_folders

ROOT = Path(__file__).parents[1]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started us with Ctrl-C ignored
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and nohup with this one


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Config]:
    """Composes a configuration that trains in a moment: `small(text, "cell=gru", ...)`."""

    def make(text: str, *overrides: str) -> Config:
        path = tmp_path / "text.txt"
        path.write_text(text, encoding="utf-8", newline="")
        return compose(
            [
                "corpus=file",
                f"corpus.path={path}",
                "logger=none",
                "threads=1",
                "model.hidden_size=8",
                "model.embedding_dim=4",
                "data.batch_size=4",
                "data.seq_len=20",
                "trainer.max_epochs=2",
                "trainer.log_every_n_steps=3",
                "samples.length=5",
                *overrides,
            ]
        )

    return make


@pytest.fixture
def one_thread() -> Iterator[None]:
    """PyTorch computes on one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def batch_losses(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The loss of each batch that a run trains on, in nats, in their order."""
    from charcells.training.run_module import RunModule

    losses: list[Any] = []
    original = RunModule.training_step

    def training_step(self: RunModule, batch: Any, batch_idx: int) -> Any:
        outputs = original(self, batch, batch_idx)
        losses.append(outputs["nats"])
        return outputs

    monkeypatch.setattr(RunModule, "training_step", training_step)
    return losses


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command in an empty folder: `command("train.py", "cell=gru")`, `command("score.py", ...)`."""

    def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        name = script.removesuffix(".py")
        start = [str(ROOT / script)] if (ROOT / script).exists() else ["-m", "charcells", name]
        own = {key: value for key, value in os.environ.items() if key != "WANDB_SERVICE"}  # of W&B within these tests
        return subprocess.run(
            [sys.executable, *start, *arguments],
            cwd=folder,
            env={**own, "XDG_CACHE_HOME": str(tmp_path / "cache"), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture
def wandb_records() -> Callable[[Path], Iterator[Any]]:
    """Reads what an offline run has left, which is what `wandb sync` uploads."""

    def read(path: Path) -> Iterator[Any]:
        """The records of a file: 7 bytes of header, then LevelDB's log format (crc 4, length 2, type 1, data)."""
        from wandb.proto.wandb_internal_pb2 import Record

        content, position, parts = path.read_bytes(), 7, b""
        while position + 7 <= len(content):
            if 32768 - position % 32768 < 7:  # the end of a block that no header fits into
                position += 32768 - position % 32768
                continue
            length, kind = int.from_bytes(content[position + 4 : position + 6], "little"), content[position + 6]
            parts += content[position + 7 : position + 7 + length]
            position += 7 + length
            if kind in (1, 4):  # whole, or the last part
                record = Record()
                record.ParseFromString(parts)
                yield record
                parts = b""

    return read


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright. Skips where one of them is missing, and says so."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here to look at the page with")
    if CHROMIUM is None:
        pytest.skip("no chromium here to look at the page with: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def public_set() -> Callable[[str], None]:
    """Skips a test if the files of a public set of reviews are not at hand: `public_set("sst2")`."""

    def need(name: str) -> None:
        folders = review_folders(None) if os.environ.get("CHARCELLS_CORPORA") else []
        for file in REVIEW_SETS[name]:
            if not any((folder / f"{file.name}{end}").exists() for folder in folders for end in ("", ".xz")):
                pytest.skip(f"{name} is not in CHARCELLS_CORPORA")

    return need
