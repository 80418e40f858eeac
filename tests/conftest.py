"""What the tests share: small configurations, and the entry points as a person runs them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from charcells.cli.compose import compose
from charcells.config import Config
from charcells.text.review_sets import REVIEW_SETS, review_folders

ROOT = Path(__file__).parents[1]

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
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command in an empty folder: `command("train.py", "cell=gru")`, `command("score.py", ...)`."""

    def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        name = script.removesuffix(".py")
        start = [str(ROOT / script)] if (ROOT / script).exists() else ["-m", "charcells", name]
        return subprocess.run(
            [sys.executable, *start, *arguments],
            cwd=folder,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture
def public_set() -> Callable[[str], None]:
    """Skips a test if the files of a public set of reviews are not at hand: `public_set("sst2")`."""

    def need(name: str) -> None:
        folders = review_folders(None) if os.environ.get("CHARCELLS_CORPORA") else []
        for file in REVIEW_SETS[name]:
            if not any((folder / f"{file.name}{end}").exists() for folder in folders for end in ("", ".xz")):
                pytest.skip(f"{name} is not in CHARCELLS_CORPORA")

    return need
