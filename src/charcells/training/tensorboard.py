"""What a run writes for TensorBoard at its end: samples, the loss curve, and its row of the table HPARAMS."""

import textwrap
from itertools import groupby
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger

from charcells.config import Config, options, value_of
from charcells.runs.folder import RunFolder
from charcells.runs.identity import PATHS
from charcells.runs.summary import Summary


def write_results(logger: TensorBoardLogger, config: Config, folder: RunFolder, summary: Summary) -> None:
    """Write the samples as text at the steps of their own, the loss curve as an image, options and figures as HPARAMS.

    Of a finished run that is trained longer, TensorBoard shows the new figures beside the options of its first end. The
    figures on validation text are those of the best model, and called best/val/..., since val/... are curves.
    """
    import numpy as np
    from PIL import Image  # comes with matplotlib

    step, board = int(summary["steps"]), logger.experiment
    samples = folder.read_samples() if folder.samples.exists() else []
    for at, together in groupby(samples, key=lambda sample: int(sample["step"])):
        board.add_text("samples", "\n\n".join(map(_as_markdown, together)), at)
    board.add_image("loss curve", np.asarray(Image.open(folder.loss_picture).convert("RGB")), step, dataformats="HWC")
    names = {key: f"best/{key}" if key.startswith("val/") else key for key in summary}
    figures = {names[key]: summary[key] for key in summary if key.startswith(("val/", "test/"))}
    known = {name: value for name, value in figures.items() if value is not None}
    logger.log_hyperparams(hyperparameters(config, summary), known, step)


def _as_markdown(sample: dict[str, Any]) -> str:
    facts = ", ".join(f"{key}={value!r}" for key, value in sample.items() if key not in ("step", "text"))
    return f"{facts}\n\n{textwrap.indent(sample['text'], '    ', lambda line: True)}"  # indented, it is shown as it is


def hyperparameters(config: Config, summary: Summary) -> dict[str, bool | int | float | str]:
    """The options of a run, under the same names in every run, so that TensorBoard has one table of all runs.

    First those that tables of runs show, under their short names and with their values in the summary. Options that
    never make a difference between models, such as where files are, are left out.
    """
    from charcells.runs.comparison import NOT_FACTORS  # pandas
    from charcells.runs.table import SHORT

    first = {name: summary.get(name, value_of(config, option)) for name, option in SHORT.items()}
    left_out = (*SHORT.values(), *PATHS)
    others = [name for name, _ in options(Config) if name not in left_out and not name.startswith(NOT_FACTORS)]
    values = {**first, "seed": config.seed, **{name: value_of(config, name) for name in others}}
    return {name: value if isinstance(value, bool | int | float) else _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
