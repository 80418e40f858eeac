"""Pictures of a run. Nothing here knows how to train."""

import math
from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("Agg")  # a file, never a window

from matplotlib import pyplot as plt


def loss_curve(metrics: Path, picture: Path, title: str) -> None:
    """Draw metrics.csv: training and validation loss, in bits per character, over the characters seen."""
    table = pd.read_csv(metrics)
    figure, axes = plt.subplots(figsize=(7, 4.2), dpi=120, layout="constrained")
    bits = table[["train/loss", "val/loss"]] / math.log(2)
    bits.insert(0, "chars_seen", table["chars_seen"])
    trained, validated = bits.dropna(subset="train/loss"), bits.dropna(subset="val/loss")
    axes.plot(trained["chars_seen"], trained["train/loss"], label="training (mean since the point before)", alpha=0.7)
    if len(validated):
        axes.plot(validated["chars_seen"], validated["val/loss"], label="validation", marker="o", markersize=4)
        best = validated["val/loss"].min()
        axes.axhline(best, color="gray", linewidth=0.8, linestyle=":", label=f"best validation: {best:.3f}")
    axes.set(xlabel="characters seen", ylabel="bits per character", title=title)
    axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter())
    axes.grid(alpha=0.3)
    axes.legend()
    draft = picture.with_name(".draft." + picture.name)
    figure.savefig(draft)
    plt.close(figure)
    draft.replace(picture)
