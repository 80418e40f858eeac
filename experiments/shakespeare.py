"""Tiny Shakespeare on two CPU cores: validation loss after minutes, beside a small Transformer trained as nanoGPT's.

    python -m experiments.shakespeare        five seeds of experiment=shakespeare_cpu, and the Transformer

A seed that is there, as this recipe, is not trained again, an interrupted one is resumed. Writes
shakespeare.md, .csv and .png into experiments/results. Nothing else should run meanwhile: seconds are counted.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # read when torch is imported: see train.py

import math
import sys
import time
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from charcells import load
from charcells.config import Config, UserError
from charcells.data import CharDataModule
from charcells.files import read_summary, write_atomically
from charcells.findings import Region, of_mean
from experiments.plan import ROOT, Run, Sweep
from experiments.reproduce import train

RESULTS = ROOT / "experiments" / "results"
SWEEP = Sweep("shakespeare", (("experiment", "shakespeare_cpu"), ("logger", "none")))
SEEDS = 5
TARGET = 1.42
CONTEXT = 256
PUBLISHED = {"nanoGPT, 10.7M parameters, 3 minutes of an A100": 1.4697, "nanoGPT's CPU recipe, about 3 minutes": 1.88}
"""Validation loss in nats, as its README has it."""


def runs() -> list[Run]:
    return [Run("shakespeare_cpu", SWEEP, {"seed": seed}) for seed in range(1, SEEDS + 1)]


def corpus(config: Config) -> CharDataModule:
    data = CharDataModule(config.corpus, config.data, config.corpora_dir, config.seed)
    data.setup()
    return data


def curve(folder: Path) -> pd.DataFrame:
    """Seconds and validation loss, validation by validation; the seconds include the validations so far."""
    rows = pd.read_csv(folder / "metrics.csv")
    seconds = (rows["chars_seen"].diff().fillna(rows["chars_seen"]) / rows["chars_per_second"]).cumsum()
    seconds *= read_summary(folder)["train_seconds"] / seconds.iloc[-1]  # metrics.csv times the steps alone
    return pd.DataFrame({"seconds": seconds, "val/loss": rows["val/loss"]}).dropna()


@torch.inference_mode()
def matched_loss(folder: Path, data: CharDataModule) -> float:
    """Nats per character where each is scored with the CONTEXT characters before it at most, as a Transformer is.

    Windows of CONTEXT + 1 characters, each from a state of zeros: the n-th character of a window has n before it.
    """
    model = load(folder).model
    tokens = data.tokens[data.split.train_end : data.split.val_end].long()
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
        self.output.weight = self.tokens.weight
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                residual = name.endswith(("out_proj.weight", "linear2.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if residual else 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of tokens (B, T)."""
        length = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        hidden = self.layers(self.tokens(tokens) + self.positions.weight[:length], mask, is_causal=True)
        return self.output(hidden)  # type: ignore[no-any-return]


def transformer(data: CharDataModule, steps: int = 2000, batch_size: int = 12, context: int = 64) -> pd.DataFrame:
    """Train it; seconds of training and validation loss, each 250 steps."""
    torch.manual_seed(1)
    torch.set_num_threads(2)
    model = Transformer(len(data.vocabulary), context=context)
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))

    def rate(step: int) -> float:
        if step < 100:
            return (step + 1) / 101
        return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - 100) / (steps - 100)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    text, held_out = data.tokens[: data.split.train_end].long(), data.tokens[data.split.train_end :].long()
    windows = held_out[: (len(held_out) - 1) // context * context + 1].unfold(0, context + 1, context)
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
            with torch.inference_mode():
                nats = [
                    F.cross_entropy(model(each[:, :-1]).flatten(0, 1), each[:, 1:].flatten(), reduction="sum").item()
                    for each in torch.split(windows, 64)
                ]
            rows.append({"seconds": spent, "val/loss": sum(nats) / windows[:, 1:].numel()})
    return pd.DataFrame(rows)


def main() -> None:
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return
    if sys.argv[1:]:
        raise UserError(f"{sys.argv[1]}: there are no options; the recipe is conf/experiment/shakespeare_cpu.yaml")
    os.chdir(ROOT)
    train(runs, jobs=1)
    data = corpus(runs()[0].config())
    print("a Transformer beside them ...", flush=True)
    other = transformer(data)
    rows, curves = [], []
    for one in runs():
        summary = one.summary()
        curves.append(curve(one.folder))
        rows.append(
            {
                "seed": summary["seed"],
                "val/loss": summary["val/loss"],
                f"val/loss, at most {CONTEXT} of context": matched_loss(one.folder, data),
                **{
                    key: summary[key]
                    for key in ("train_seconds", "chars_per_second", "epochs", "parameters", "threads")
                },
                "torch": summary["versions"]["torch"],
                "identity": summary["identity"],
                "command": one.command,
            }
        )
    table = pd.DataFrame(rows)
    write_atomically(RESULTS / "shakespeare.csv", table.to_csv(index=False))
    report(table, other)
    draw(curves, other)


def report(table: pd.DataFrame, other: pd.DataFrame) -> None:
    found = of_mean("?", table["val/loss"], Region(high=TARGET), unit="nats per character")
    taken, matched = table["train_seconds"], table[table.columns[2]]
    rows = [
        (
            f"charcells, mean of {len(table)} seeds",
            f"{found.estimate:.4f} (95 %: {found.low:.4f} to {found.high:.4f})",
            f"{taken.mean():.0f}, at most {taken.max():.0f}",
        ),
        (f"the same models, each character with at most {CONTEXT} before it", f"{matched.mean():.4f}", ""),
        (
            "a Transformer trained as in nanoGPT's CPU recipe (4 layers of 128, 2,000 steps of 12 × 64), here",
            f"{other['val/loss'].iloc[-1]:.4f}",
            f"{other['seconds'].iloc[-1]:.0f}",
        ),
        *((f"{name}, as published", loss, "") for name, loss in PUBLISHED.items()),
    ]
    lines = [
        "# Tiny Shakespeare on two CPU cores\n",
        f"`python -m experiments.shakespeare`: {len(table)} seeds of `experiment=shakespeare_cpu`, which trains on the",
        "first 90 % and is scored on the last 10 %, each character once. Nats per character:\n",
        "| | validation loss | seconds of training |",
        "|---|---|---|",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
        "\nEach seed: [shakespeare.csv](shakespeare.csv).\n\n![validation loss against seconds](shakespeare.png)\n",
    ]
    text = "\n".join(lines)
    write_atomically(RESULTS / "shakespeare.md", text)
    print(text)


def draw(curves: list[pd.DataFrame], other: pd.DataFrame) -> None:
    figure = Figure((8, 4.5), layout="constrained")
    axes = figure.subplots()
    for number, each in enumerate(curves):
        label = f"experiment=shakespeare_cpu, {len(curves)} seeds" if number == 0 else None
        axes.plot(each["seconds"], each["val/loss"], "o-", color="C0", alpha=0.6, ms=3, label=label)
    axes.plot(other["seconds"], other["val/loss"], "s-", color="C1", ms=3, label="Transformer, nanoGPT's CPU recipe")
    axes.axhline(PUBLISHED[next(iter(PUBLISHED))], color="gray", ls="--", label=next(iter(PUBLISHED)))
    axes.set(
        xlabel="seconds of training on two CPU cores", ylabel="validation loss, nats per character", ylim=(1.35, 2.3)
    )
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(RESULTS / "shakespeare.png", dpi=120)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
