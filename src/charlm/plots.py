"""Pictures of a run. Nothing here knows how to train."""

import math
from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("Agg")  # a file, never a window

from matplotlib import pyplot as plt  # noqa: E402


def loss_curve(metrics: Path, picture: Path, title: str) -> None:
    """Draw metrics.csv: training and validation loss, in bits per character, over the characters seen."""
    table = pd.read_csv(metrics)
    figure, axes = plt.subplots(figsize=(7, 4.2), dpi=120, layout="constrained")
    for column, label, style in (
        ("train/loss", "training (mean since the point before)", {"color": "tab:blue", "alpha": 0.7}),
        ("val/loss", "validation", {"color": "tab:orange", "marker": "o", "markersize": 4}),
    ):
        rows = table.dropna(subset=[column])
        if len(rows):
            axes.plot(rows["chars_seen"], rows[column] / math.log(2), label=label, **style)
    validated = table.dropna(subset=["val/loss"])
    if len(validated):
        best = validated.loc[validated["val/loss"].idxmin()]
        axes.annotate(
            f"best {best['val/bpc']:.3f}",
            (best["chars_seen"], best["val/bpc"]),
            textcoords="offset points",
            xytext=(0, -14),
            ha="right",
        )
    axes.set(xlabel="characters seen", ylabel="bits per character", title=title)
    axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter())
    axes.grid(alpha=0.3)
    axes.legend()
    draft = picture.with_name(".draft." + picture.name)
    figure.savefig(draft)
    plt.close(figure)
    draft.replace(picture)
