"""Runs of the study: the scales, the runs that a claim needs, and their results as a data frame."""

import itertools
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from charcells.cli.compose import compose
from charcells.config import Config
from charcells.files import folder_name
from charcells.runs.folder import RunFolder
from charcells.runs.identity import identity
from charcells.runs.summary import Summary
from charcells.text.reviews import data_sha256

ROOT = Path(__file__).parents[2]
"""The project's folder: runs lie in ROOT/sweeps, and their commands are typed there."""

PILOT_SEED = 101
"""Seed of the pilot runs that choose a learning rate; no judged run has it."""


DEFAULT_SEEDS = tuple(range(11, 19))
"""Of `default_models`. The first edition had 1 to 5. Trends need six, since five that all rise decide nothing."""


@dataclass(frozen=True)
class Sweep:
    """Runs that share a folder, sweeps/<name>, and some overrides."""

    name: str
    common: tuple[tuple[str, Any], ...]
    """Overrides of every run: (option, value)."""


@dataclass(frozen=True)
class Scale(Sweep):
    """How large the runs of the claims are, and how many there are."""

    seeds: int
    """Runs of each side of a difference."""
    equivalence_seeds: int
    """Runs of each side of an equivalence, which needs narrower intervals."""
    texts: tuple[str, ...]
    """Corpora of the four main claims."""
    chars: int | None
    """Characters of a corpus to use, held-out text included; None: all of them."""
    epochs: int

    @property
    def judged(self) -> bool:
        """Whether the verdicts of this scale mean something; those of a smoke test do not."""
        return self.name != "smoke"

    def cut(self, chars: int) -> int | None:
        """The smaller of `chars` and the scale's own limit; None (all of the corpus) where the scale has no limit."""
        return None if self.chars is None else min(chars, self.chars)


# one thread for each run, since runs train side by side; no samples while training, since claims make their own
COMMON = (("logger", "none"), ("threads", 1), ("samples.length", 0))
SCALES = {
    scale.name: scale
    for scale in (
        Scale(
            "smoke",
            seeds=2,
            equivalence_seeds=2,
            texts=("pydoc",),
            chars=6_000,
            epochs=1,
            common=(*COMMON, ("model.hidden_size", 8), ("model.embedding_dim", 8), ("data.seq_len", 16)),
        ),
        Scale(
            "laptop",
            seeds=5,
            equivalence_seeds=8,
            texts=("biblia", "quijote", "pydoc"),
            chars=400_000,
            epochs=5,
            common=COMMON,
        ),
        Scale(
            "paper",
            seeds=5,
            equivalence_seeds=8,
            texts=("biblia", "quijote", "pydoc"),
            chars=None,
            epochs=20,
            common=(*COMMON, ("model.hidden_size", 512), ("model.num_layers", 2), ("model.dropout", 0.5)),
        ),
    )
}


@dataclass(frozen=True)
class Run:
    """One training run of a claim; other claims may judge it too."""

    claim: str
    """The claim whose folder holds it."""
    sweep: Sweep
    overrides: dict[str, Any] = field(hash=False)
    """The options that distinguish it from the other runs of its claim, `seed` among them."""

    @property
    def folder(self) -> RunFolder:
        return RunFolder(ROOT / "sweeps" / self.sweep.name / self.claim / folder_name(_joined(self.overrides, ",")))

    @property
    def label(self) -> str:
        """Its name in progress and error messages."""
        return f"{self.claim}: {_joined(self.overrides, ' ')}"

    @property
    def command(self) -> str:
        """The shell command that trains it, to be typed in the project's folder."""
        arguments = [f"{name}={_literal(value)}" for name, value in self._all().items()]
        return shlex.join(["python", "train.py", *arguments, f"hydra.run.dir={self.folder.path.relative_to(ROOT)}"])

    def _all(self) -> dict[str, Any]:
        return {**dict(self.sweep.common), **self.overrides}

    def config(self) -> Config:
        # the seed is set afterwards: composing is slow, and is done once for all seeds
        values = self._all()
        seed = values.pop("seed")
        return replace(_composed(tuple(_joined(values, "\n").split("\n"))), seed=seed)

    def summary(self) -> Summary:
        """The summary in its folder; empty where there is none."""
        return self.folder.read_summary()

    def diverged(self) -> bool:
        return self.summary().diverged

    def done(self) -> bool:
        """Whether it has finished or diverged with the present configuration, text and RESULTS_VERSION."""
        summary = self.summary()
        if not summary.finished and not summary.diverged:
            return False
        config = self.config()
        return summary.is_run(identity(config, _sha256(config)))


def _literal(value: Any) -> str:
    """A value as the command line takes it."""
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def _joined(overrides: Mapping[str, Any], separator: str) -> str:
    return separator.join(f"{name}={_literal(value)}" for name, value in overrides.items())


@cache
def _composed(overrides: tuple[str, ...]) -> Config:
    config: Config = compose(overrides)
    return config


_hashes: dict[str, str] = {}
"""SHA-256 of each corpus that a configuration names, so that hundreds of runs read it once."""


def _sha256(config: Config) -> str:
    key = repr((config.task, config.corpus))
    if key not in _hashes:
        _hashes[key] = data_sha256(config)
    return _hashes[key]


def cross(claim: str, scale: Scale, seeds: Sequence[int] | int, **factors: Any) -> list[Run]:
    """A run for each combination of the factors' values and each seed.

    Args:
        seeds: their numbers, or how many there are: 1, 2, ...
        factors: a value, or a tuple of values, for each option, with `__` for the dot in its name. A
            `corpus__max_chars` of None is left out, which means all of the corpus.
    """
    values = {
        name.replace("__", "."): value if isinstance(value, tuple) else (value,) for name, value in factors.items()
    }
    values["seed"] = tuple(range(1, seeds + 1) if isinstance(seeds, int) else seeds)
    runs = []
    for combination in itertools.product(*values.values()):
        chosen = dict(zip(values, combination, strict=True))
        if chosen.get("corpus.max_chars", 0) is None:
            del chosen["corpus.max_chars"]
        runs.append(Run(claim, scale, chosen))
    return runs


def default_models(scale: Scale, cell: str, texts: Sequence[str]) -> list[Run]:
    """Models with the default recipe, which several claims look at, on each of some texts: eight new seeds."""
    return cross(
        "default_models",
        scale,
        DEFAULT_SEEDS if scale.judged else DEFAULT_SEEDS[: scale.seeds],
        corpus=tuple(texts),
        corpus__max_chars=scale.cut(200_000),
        trainer__max_epochs=scale.epochs,
        cell=cell,
    )


def unique(runs: Sequence[Run]) -> list[Run]:
    """The runs in their order, each folder once."""
    return list({run.folder: run for run in runs}.values())


def run_table(runs: Sequence[Run]) -> pd.DataFrame:
    """A row for each run: its overrides under their dotted names, the facts of its summary, and `run` itself.

    A run that diverged has infinite val/bpc and test/bpc, so that its mean never looks good.
    """
    rows = []
    for run in runs:
        summary = {key: value for key, value in run.summary().items() if key not in ("corpus", "seed")}
        if run.diverged():
            summary |= {"val/bpc": math.inf, "test/bpc": math.inf}
        rows.append({**run.overrides, **summary, "run": run})
    return pd.DataFrame(rows)


def pick(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows of a frame that have these values; a column's name is written with `__` for the dot."""
    for name, value in values.items():
        frame = frame[frame[name.replace("__", ".")] == value]
    return frame


def best_rate(pilots: pd.DataFrame) -> float:
    """The learning rate with the lowest mean val/bpc in a frame of pilot runs."""
    by_rate: Any = pilots.groupby("optimizer.lr")["val/bpc"].mean()
    return float(by_rate.idxmin())
