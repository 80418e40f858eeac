"""Facts about a run that are known before training: its first summary, and a one-line description."""

import platform
import subprocess
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch import Trainer

import charcells
from charcells.config import Config
from charcells.data.module import CharDataModule
from charcells.data.reviews import ReviewDataModule
from charcells.models.char_rnn import count_parameters, count_second_bias
from charcells.runs.identity import RESULTS_VERSION, identity
from charcells.runs.summary import Summary
from charcells.text import baselines, review_baseline
from charcells.training.data import RunData
from charcells.training.length import NAMES, RunLength
from charcells.training.run_module import RunModule


def title(summary: Summary) -> str:
    return f"{summary['corpus']}: {summary['cell']} {summary['num_layers']}×{summary['hidden_size']}"


def describe(summary: Summary, length: RunLength) -> str:
    inputs = f"embedding {summary['embedding_dim']}" if summary["embedding_dim"] else "one-hot input"
    if summary.get("bidirectional"):
        inputs = f"both directions, {inputs}"
    second_bias = summary["parameters_second_bias"]
    batch = "step" if length.batches_per_step == 1 else f"batch, {length.batches_per_step} batches a step"
    included = f" ({second_bias:,} of them PyTorch's second bias)" if second_bias else ""
    of_a_batch = f"{summary['batch_size']}" + (f"×{summary['seq_len']}" if "seq_len" in summary else "")
    return (
        f"{title(summary)}, {inputs}, {summary['parameters']:,} parameters{included}; "
        f"{summary[f'train_{length.counted}']:,} {NAMES[length.counted]}, {of_a_batch} a {batch}, "
        f"{length.steps_per_epoch:,} step{'s' if length.steps_per_epoch != 1 else ''} an epoch"
    )


def first_summary(config: Config, data: RunData, module: RunModule) -> Summary:
    """The summary as far as it is known before training; all other keys are None."""
    model, counted = module.model, module.length.counted
    sizes = _review_sizes(config, data) if isinstance(data, ReviewDataModule) else _text_sizes(config, data)
    figures = ("loss", "accuracy", "auc") if config.task == "classify" else ("loss", "bpc", "accuracy")
    return Summary(
        {
            "status": None,
            "cell": model.cell,
            "num_layers": model.num_layers,
            "hidden_size": model.hidden_size,
            "embedding_dim": model.embedding_dim,
            "parameters": count_parameters(model),
            "parameters_second_bias": count_second_bias(model.rnn),
            "batch_size": config.data.batch_size,
            "train_fraction": config.data.train_fraction,
            "seed": config.seed,
            "corpus": data.corpus_name,
            "corpus_sha256": data.corpus_sha256,
            "val_sha256": data.val_sha256,
            "vocab_size": len(data.vocabulary),
            **dict.fromkeys(("epochs", "steps", f"{counted}_seen", "train_seconds", f"{counted}_per_second")),
            **dict.fromkeys(("train/loss", *(f"val/{figure}" for figure in figures), "best_step")),
            **dict.fromkeys(f"test/{figure}" for figure in figures),
            **sizes,
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "lightning": lightning.__version__,
                "charcells": charcells.__version__,
                "git": _git_commit(),
            },
            "identity": identity(config, data.corpus_sha256),
            "results_version": RESULTS_VERSION,
            "resumed_from": None,
            "device": None,
            "threads": config.threads,
            "error": None,
        }
    )


def _text_sizes(config: Config, data: CharDataModule) -> dict[str, Any]:
    """What only the summary of a language model has."""
    text = data.text
    return {
        "seq_len": config.data.seq_len,
        "train_chars": len(text.train_text),
        "val_chars": len(text.val_text),
        "test_chars": len(text.test_text),
        **baselines.ngram_figures(baselines.cached(text)),
    }


def _review_sizes(config: Config, data: ReviewDataModule) -> dict[str, Any]:
    """What only the summary of a classifier has."""
    split = data.split
    words = review_baseline.load_or_measure(split)
    return {
        "task": config.task,
        "bidirectional": config.model.bidirectional,
        "head_size": config.model.head_size,
        "units": config.reviews.units,
        "train_reviews": len(split.trained_on),
        "val_reviews": len(split.val),
        "test_reviews": len(split.test),
        "labels": list(split.labels),
        **{f"tfidf/{key}": words.get(key) for key in ("C", "val/accuracy", "test/accuracy")},
    }


def device_name(trainer: Trainer) -> str:
    """Name of the device that a run uses, with the number of devices if there are several."""
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return name if trainer.world_size == 1 else f"{trainer.world_size} × {name}"


def _git_commit(package: Path = Path(charcells.__file__).parent) -> str | None:
    """The commit of the repository that this package belongs to; None if it does not come from one.

    An installed package may lie inside the repository of another project, in its virtual environment for example.
    """
    try:
        tracked = ["git", "-C", str(package), "ls-files", "--error-unmatch", "__init__.py"]
        subprocess.run(tracked, capture_output=True, check=True)
        command = ["git", "-C", str(package), "describe", "--always", "--dirty", "--abbrev=40"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
