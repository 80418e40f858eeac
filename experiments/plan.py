"""What the claims share: scales, runs and their folders, and what is measured on a trained model."""

import itertools
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from charcells.config import Config, compose, folder_name, identity
from charcells.corpus import load_corpus
from charcells.files import is_run, read_summary
from charcells.findings import INCONCLUSIVE, Region, Verdict, all_of, confirmed_by_text, of_difference

ROOT = Path(__file__).parents[1]
BITS = "bits per character"
SHARE = "share"


@dataclass(frozen=True)
class Sweep:
    """Runs that have a folder and some overrides in common."""

    name: str
    common: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Scale(Sweep):
    """How large the runs of the claims are, and how many."""

    seeds: int
    """Of each side of a difference."""
    alike_seeds: int
    """Of each side of an equivalence."""
    texts: tuple[str, ...]
    """Corpora of the four main claims."""
    chars: int | None
    """Characters of a corpus that are used, held-out text included; None: all."""
    epochs: int

    @property
    def judged(self) -> bool:
        return self.name != "smoke"

    def cut(self, chars: int) -> int | None:
        """So many characters, or as many as the scale allows where that is fewer or all."""
        return None if self.chars is None else min(chars, self.chars)


ALWAYS = (("logger", "none"), ("threads", 1), ("samples.length", 0))
SCALES = {
    scale.name: scale
    for scale in (
        Scale(
            "smoke",
            seeds=2,
            alike_seeds=2,
            texts=("pydoc",),
            chars=6_000,
            epochs=1,
            common=(*ALWAYS, ("model.hidden_size", 8), ("model.embedding_dim", 8), ("data.seq_len", 16)),
        ),
        Scale(
            "laptop",
            seeds=5,
            alike_seeds=8,
            texts=("biblia", "quijote", "pydoc"),
            chars=400_000,
            epochs=5,
            common=ALWAYS,
        ),
        Scale(
            "paper",
            seeds=5,
            alike_seeds=8,
            texts=("biblia", "quijote", "pydoc"),
            chars=None,
            epochs=20,
            common=(*ALWAYS, ("model.hidden_size", 512), ("model.num_layers", 2), ("model.dropout", 0.5)),
        ),
    )
}
PILOT_SEED = 101
"""Of the runs that choose a learning rate; no judged run has it."""


@dataclass(frozen=True)
class Run:
    """One training run of a claim; another claim may judge it too."""

    claim: str
    sweep: Sweep
    overrides: dict[str, Any] = field(hash=False)
    """What sets it apart within its claim."""

    @property
    def folder(self) -> Path:
        return ROOT / "sweeps" / self.sweep.name / self.claim / folder_name(_joined(self.overrides, ","))

    @property
    def label(self) -> str:
        return f"{self.claim}: {_joined(self.overrides, ' ')}"

    @property
    def command(self) -> str:
        """The command that trains it, to be typed in the project's folder."""
        arguments = [f"{name}={_literal(value)}" for name, value in self._all().items()]
        return shlex.join(["python", "train.py", *arguments, f"hydra.run.dir={self.folder.relative_to(ROOT)}"])

    def _all(self) -> dict[str, Any]:
        return {**dict(self.sweep.common), **self.overrides}

    def config(self) -> Config:
        values = self._all()
        seed = values.pop("seed")
        return replace(_composed(tuple(_joined(values, "\n").split("\n"))), seed=seed)

    def summary(self) -> dict[str, Any]:
        return read_summary(self.folder)

    def diverged(self) -> bool:
        return str(self.summary().get("error")).startswith("training diverged")

    def done(self) -> bool:
        """Whether it has ended, be it by diverging, as this configuration, text and version of charcells."""
        summary = self.summary()
        if summary.get("status") != "finished" and not self.diverged():
            return False
        config = self.config()
        return is_run(summary, identity(config, _sha256(config)))


def _literal(value: Any) -> str:
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def _joined(overrides: Mapping[str, Any], separator: str) -> str:
    return separator.join(f"{name}={_literal(value)}" for name, value in overrides.items())


@cache
def _composed(overrides: tuple[str, ...]) -> Config:
    config: Config = compose(overrides)
    return config


_hashes: dict[str, str] = {}


def _sha256(config: Config) -> str:
    key = repr(config.corpus)
    if key not in _hashes:
        _hashes[key] = load_corpus(config.corpus, config.corpora_dir).sha256
    return _hashes[key]


def cross(claim: str, scale: Scale, seeds: Sequence[int] | int, **factors: Any) -> list[Run]:
    """A run for each combination of the factors' values and each seed.

    Args:
        seeds: their numbers, or how many: 1, 2, ...
        factors: a value, or a tuple of values, for each option, with `__` for the dot in its name. A value None of
            `corpus__max_chars` is left out: all of the corpus.
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


def unique(runs: Sequence[Run]) -> list[Run]:
    """The runs, each once, in their order."""
    return list({run.folder: run for run in runs}.values())


def table(runs: Sequence[Run]) -> pd.DataFrame:
    """A row for each run: its overrides under their dotted names, the facts of its summary, `run` itself.

    A run that diverged counts with infinite held-out losses.
    """
    rows = []
    for run in runs:
        summary = {key: value for key, value in run.summary().items() if key not in ("corpus", "seed")}
        if run.diverged():
            summary |= {"val/bpc": math.inf, "test/bpc": math.inf}
        rows.append({**run.overrides, **summary, "run": run})
    return pd.DataFrame(rows)


def pick(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows that have these values: the columns with `__` for the dot."""
    for name, value in values.items():
        frame = frame[frame[name.replace("__", ".")] == value]
    return frame


def best_rate(pilots: pd.DataFrame) -> float:
    """The learning rate with the lowest mean val/bpc over a frame of pilot runs."""
    by_rate: Any = pilots.groupby("optimizer.lr")["val/bpc"].mean()
    return float(by_rate.idxmin())


# Of a trained model


@cache
def texts_of(run: Run) -> Any:
    """`charcells.sampling.texts.Texts`: what the run was trained on, and the held-out text beside it."""
    from charcells.sampling.texts import load_texts

    return load_texts(run.folder)


def write(
    run: Run,
    *,
    count: int,
    length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    prompt: str | None = None,
    checkpoint: str = "best",
) -> list[str]:
    """Texts by the run's model, seeds from 1 on, without their prompt."""
    from charcells import load

    generator = load(run.folder / "checkpoints" / f"{checkpoint}.ckpt")
    prompt = generator.prompt if prompt is None else prompt
    options: Any = {"length": length, "temperature": temperature, "top_k": top_k}
    written = generator.generate_many([prompt], seeds=range(1, count + 1), **options)
    return [text[len(prompt) :] for text in written]


def held_out_bits(runs: Sequence[Run]) -> NDArray[np.float64]:
    """The loss of each character of the validation text in bits, the mean over the runs' best models: (T,)."""
    return np.asarray(np.mean([_held_out_bits(run) for run in runs], axis=0))


@cache
def _held_out_bits(run: Run) -> NDArray[np.float64]:
    import torch
    from torch.nn import functional as F

    from charcells import load

    batches, model, state, nats = data_of(run).val_dataloader(), load(run.folder).model, None, []
    with torch.inference_mode():
        for inputs, targets, _ in batches:
            logits, state = model(inputs, state)
            nats.append(F.cross_entropy(logits.transpose(1, 2), targets, reduction="none"))
    # rows are segments of the text, one after another
    return np.asarray(torch.cat(nats, 1)[batches.scored].double().numpy() / math.log(2))


_data: dict[str, Any] = {}


def data_of(run: Run) -> Any:
    """The run's CharDataModule, set up; runs on the same text share one, so only what is held out is the run's own."""
    from charcells.data import CharDataModule

    config = run.config()
    key = repr((config.corpus, config.data.val_fraction, config.data.test_fraction))
    if key not in _data:
        _data[key] = CharDataModule(config.corpus, config.data, config.corpora_dir)
        _data[key].setup()
    return _data[key]


def shown(title: str, text: str, run: Run, prompt: str = "") -> dict[str, Any]:
    """A sample for the report, with the spans that are copied from what the run was trained on."""
    from charcells.metrics import COPY_LENGTH, copied_spans, matches

    [match] = matches([text], texts_of(run).train)
    spans: list[list[int]] = []
    for copy in copied_spans(match, COPY_LENGTH):
        if spans and copy.start <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], copy.end)
        else:
            spans.append([copy.start, copy.end])
    return {"title": title, "text": text, "prompt": prompt, "copied": spans}


def on_each_corpus(
    question: str, scale: Scale, a: Sequence[Run], b: Sequence[Run], region: Region, *, held_equal: str, min_runs: int
) -> list[Verdict]:
    """Whether val/bpc of a less that of b lies in a region: on all of the scale's corpora, then on each.

    What the seeds decide must also hold over blocks of the held-out text.
    """
    parts = []
    for corpus in scale.texts:
        first, second = (pick(table(side), corpus=corpus) for side in (a, b))
        verdict = of_difference(
            f"{question}, {corpus}",
            first["val/bpc"],
            second["val/bpc"],
            region,
            unit=BITS,
            held_equal=held_equal,
            min_runs=min_runs,
        )
        if verdict.verdict != INCONCLUSIVE:
            bits = [held_out_bits(list(side["run"])) for side in (first, second)]
            verdict = confirmed_by_text(verdict, region, *bits)
        parts.append(verdict)
    return [all_of(question, parts, held_equal=held_equal), *parts]


# Tables and plots as plain values


def rows(title: str, frame: pd.DataFrame, note: str = "") -> dict[str, Any]:
    """A table for the report; numbers rounded to four figures."""
    body = [[_plain(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return {"title": title, "columns": list(frame.columns), "rows": body, "note": note}


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def means(frame: pd.DataFrame, by: Sequence[str], figures: Sequence[str]) -> pd.DataFrame:
    """Mean and standard deviation over the runs of each group, beside their number."""
    grouped: Any = frame.groupby(list(by), sort=False)
    parts: dict[str, Any] = {"runs": grouped.size()}
    for name in figures:
        parts |= {name: grouped[name].mean(), f"{name} sd": grouped[name].std()}
    return pd.DataFrame(parts).reset_index()


def curve(name: str, x: Sequence[Any], values: Iterable[Any]) -> dict[str, Any]:
    """A series for a plot: at each x the mean of some values with its 95 % t interval."""
    from scipy import stats

    series: dict[str, Any] = {"name": name, "x": list(x), "y": [], "low": [], "high": []}
    for each in values:
        array = np.asarray(each, float)
        mean = float(array.mean())
        error = stats.sem(array) * stats.t.ppf(0.975, len(array) - 1) if len(array) > 1 else 0.0
        series["y"].append(mean)
        series["low"].append(mean - float(error))
        series["high"].append(mean + float(error))
    return series


def each(verdicts: Sequence[Verdict]) -> str:
    """The estimates of several verdicts, for a sentence."""
    figures = ["–" if verdict.estimate is None else f"{verdict.estimate:+.3f}" for verdict in verdicts]
    return ", ".join(figures).replace("-", "−")


def plot(title: str, x_label: str, y_label: str, series: Sequence[dict[str, Any]], **rest: Any) -> dict[str, Any]:
    """A plot for the report; `rest`: kind, log_x, log_y, line, description."""
    plain = {"kind": "lines", "log_x": False, "log_y": False, "line": None, "description": title}
    return {"title": title, "x_label": x_label, "y_label": y_label, "series": list(series), **plain, **rest}
