"""Tiny Shakespeare on two CPU cores: validation loss against minutes of training, compared with a Transformer.

    python -m experiments.published.shakespeare        five seeds of experiment=shakespeare_cpu, and the Transformer

A seed that has been trained with this recipe is not trained again, an interrupted one is resumed. Writes
shakespeare.md, .csv and .png to experiments/results. Run nothing else at the same time: the seconds are measured.
"""

import math
import os
import sys
import time
from dataclasses import asdict
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from charcells import load
from charcells.config import Config
from charcells.data.module import CharDataModule
from charcells.errors import UserError, report_user_errors
from charcells.files import write_atomically
from charcells.registry import CELLS
from charcells.runs.colours import NAMES
from charcells.runs.folder import RunFolder
from experiments.study.findings import Region
from experiments.study.runs import ROOT, Run, Sweep
from experiments.study.training import train
from experiments.study.verdicts import judge_mean

RESULTS = ROOT / "experiments" / "results"
SWEEP = Sweep("shakespeare", (("experiment", "shakespeare_cpu"), ("logger", "none")))
SEEDS = 5
TARGET = 1.42
"""Nats per character that the recipe was to reach."""
CONTEXT = 256
"""Characters of context of the published Transformer, and of `matched_loss`."""
PUBLISHED = {"nanoGPT, 10.7M parameters, 3 minutes of an A100": 1.4697, "nanoGPT's CPU recipe, about 3 minutes": 1.88}
"""Validation loss in nats per character, from nanoGPT's README."""


def runs() -> list[Run]:
    return [Run("shakespeare_cpu", SWEEP, {"seed": seed}) for seed in range(1, SEEDS + 1)]


def data_module(config: Config) -> CharDataModule:
    data = CharDataModule(config.corpus, config.corpora_dir, config.seed, **asdict(config.data))
    data.setup()
    return data


def curve(folder: RunFolder) -> pd.DataFrame:
    """A row for each validation of a run: seconds of training so far, validations included, and `val/loss` in nats."""
    rows = pd.read_csv(folder.metrics)
    seconds = (rows["chars_seen"].diff().fillna(rows["chars_seen"]) / rows["chars_per_second"]).cumsum()
    seconds *= folder.read_summary()["train_seconds"] / seconds.iloc[-1]  # metrics.csv times only the steps
    return pd.DataFrame({"seconds": seconds, "val/loss": rows["val/loss"]}).dropna()


@torch.inference_mode()
def matched_loss(folder: RunFolder, data: CharDataModule) -> float:
    """Nats per character of the validation text with at most CONTEXT characters of context, as a Transformer has.

    The text is cut into windows of CONTEXT + 1 characters, and each starts from a state of zeros, so that character n
    of a window is scored with n characters of context.
    """
    model = load(folder.path).model
    tokens = data.tokens[data.text.split.train_end : data.text.split.val_end].long()
    windows = tokens[: (len(tokens) - 1) // CONTEXT * CONTEXT + 1].unfold(0, CONTEXT + 1, CONTEXT)
    nats = 0.0
    for part in torch.split(windows, 64):
        logits, _ = model(part[:, :-1])
        nats += F.cross_entropy(logits.flatten(0, 1), part[:, 1:].flatten(), reduction="sum").item()
    return nats / windows[:, 1:].numel()


class Transformer(nn.Module):
    """A decoder of the size of nanoGPT's CPU recipe: 4 layers, 4 heads, width 128, 64 characters of context."""

    def __init__(self, vocab_size: int, width: int = 128, heads: int = 4, layers: int = 4, context: int = 64) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocab_size, width), nn.Embedding(context, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True, bias=False
        )
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width, bias=False), enable_nested_tensor=False)
        self.output = nn.Linear(width, vocab_size, bias=False)
        self.output.weight = self.tokens.weight  # tied, as in nanoGPT
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                residual = name.endswith(("out_proj.weight", "linear2.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if residual else 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (B, T, V) of the next character at each position of tokens (B, T)."""
        length = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        hidden = self.layers(self.tokens(tokens) + self.positions.weight[:length], mask, is_causal=True)
        return self.output(hidden)  # type: ignore[no-any-return]


def transformer(data: CharDataModule, steps: int = 2000, batch_size: int = 12, context: int = 64) -> pd.DataFrame:
    """Train a Transformer with nanoGPT's CPU recipe: a row every 250 steps with seconds of training and `val/loss`."""
    torch.manual_seed(1)
    torch.set_num_threads(2)
    model = Transformer(len(data.vocabulary), context=context)
    optimizer, schedule = nanogpt_optimizer(model, steps)
    text, held_out = data.tokens[: data.text.split.train_end].long(), data.tokens[data.text.split.train_end :].long()
    spent, rows = 0.0, []
    for step in range(1, steps + 1):
        start = time.perf_counter()
        first = torch.randint(len(text) - context, (batch_size, 1))
        part = text[first + torch.arange(context + 1)]
        loss = F.cross_entropy(model(part[:, :-1]).flatten(0, 1), part[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        spent += time.perf_counter() - start
        if step % 250 == 0:
            rows.append({"seconds": spent, "val/loss": windowed_loss(model, held_out, context)})
    return pd.DataFrame(rows)


def nanogpt_optimizer(
    model: Transformer, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """AdamW with weight decay on the matrices only, 100 steps of warm-up and a cosine down to a tenth of the rate."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))

    def rate(step: int) -> float:
        if step < 100:
            return (step + 1) / 101
        return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - 100) / (steps - 100)))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


@torch.inference_mode()
def windowed_loss(model: Transformer, tokens: Tensor, context: int) -> float:
    """Nats per character of tokens (T,) in windows of `context` characters."""
    windows = tokens[: (len(tokens) - 1) // context * context + 1].unfold(0, context + 1, context)
    nats = [
        F.cross_entropy(model(part[:, :-1]).flatten(0, 1), part[:, 1:].flatten(), reduction="sum").item()
        for part in torch.split(windows, 64)
    ]
    return sum(nats) / windows[:, 1:].numel()


@report_user_errors()
def main() -> None:
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return
    if sys.argv[1:]:
        raise UserError(f"{sys.argv[1]}: there are no options; the recipe is conf/experiment/shakespeare_cpu.yaml")
    os.chdir(ROOT)
    train(runs, jobs=1)
    data = data_module(runs()[0].config())
    print("training the Transformer ...", flush=True)
    other = transformer(data)
    table = pd.DataFrame([row(run, data) for run in runs()])
    write_atomically(RESULTS / "shakespeare.csv", table.to_csv(index=False))
    report(table, other)
    draw([curve(run.folder) for run in runs()], other)


def row(run: Run, data: CharDataModule) -> dict[str, Any]:
    """The line of a run in shakespeare.csv."""
    summary = run.summary()
    return {
        "seed": summary["seed"],
        "val/loss": summary["val/loss"],
        f"val/loss, at most {CONTEXT} of context": matched_loss(run.folder, data),
        **{key: summary[key] for key in ("train_seconds", "chars_per_second", "epochs", "parameters", "threads")},
        "torch": summary["versions"]["torch"],
        "identity": summary["identity"],
        "command": run.command,
    }


def report(table: pd.DataFrame, other: pd.DataFrame) -> None:
    """Write and print shakespeare.md from the lines of the seeds and the Transformer's curve."""
    found = judge_mean("?", table["val/loss"], Region(high=TARGET), unit="nats per character")
    taken, matched = table["train_seconds"], table[table.columns[2]]
    rows = [
        (
            f"charcells, mean of {len(table)} seeds",
            f"{found.estimate:.4f} (95 %: {found.low:.4f} to {found.high:.4f})",
            f"{taken.mean():.0f}, at most {taken.max():.0f}",
        ),
        (f"the same models, scored with at most {CONTEXT} characters of context", f"{matched.mean():.4f}", ""),
        (
            "a Transformer trained as in nanoGPT's CPU recipe (4 layers of 128, 2,000 steps of 12 × 64), here",
            f"{other['val/loss'].iloc[-1]:.4f}",
            f"{other['seconds'].iloc[-1]:.0f}",
        ),
        *((f"{name}, as published", loss, "") for name, loss in PUBLISHED.items()),
    ]
    lines = [
        "# Tiny Shakespeare on two CPU cores\n",
        f"`python -m experiments.published.shakespeare`: {len(table)} seeds of `experiment=shakespeare_cpu`, trained",
        "on the first 90 % of the text and scored on the last 10 %, each character once. Nats per character:\n",
        "| | validation loss | seconds of training |",
        "|---|---|---|",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
        "\nEach seed: [shakespeare.csv](shakespeare.csv).\n\n![validation loss against seconds](shakespeare.png)\n",
    ]
    text = "\n".join(lines)
    write_atomically(RESULTS / "shakespeare.md", text)
    print(text)


def draw(curves: list[pd.DataFrame], other: pd.DataFrame) -> None:
    from charcells.runs.labels import Label, label_points

    figure = Figure((8, 4.5), layout="constrained")
    axes = figure.subplots()
    lstm, transformer, published = str(CELLS["lstm"].colour), NAMES[0], "dimgray"
    for one in curves:
        axes.plot(one["seconds"], one["val/loss"], "o-", color=lstm, alpha=0.6, ms=3)
    axes.plot(other["seconds"], other["val/loss"], "s-", color=transformer, ms=3)
    name, loss = next(iter(PUBLISHED.items()))
    axes.axhline(loss, color=published, ls="--")
    axes.set(
        title="Tiny Shakespeare: validation loss while training",
        xlabel="seconds of training on two CPU cores",
        ylabel="nats per character",
        ylim=(1.35, 2.3),
    )
    axes.grid(alpha=0.3)
    ends = [(one["seconds"].iloc[-1], one["val/loss"].iloc[-1]) for one in (curves[0], other)]
    labels = [
        Label(*ends[1], "a Transformer, nanoGPT's CPU recipe", transformer),
        Label(axes.get_xlim()[0], loss, name, published),
        Label(*ends[0], f"an LSTM, experiment=shakespeare_cpu: {len(curves)} seeds", lstm),
    ]
    label_points(axes, labels)
    figure.savefig(RESULTS / "shakespeare.png", dpi=120)


if __name__ == "__main__":
    main()
