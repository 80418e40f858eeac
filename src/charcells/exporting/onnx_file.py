"""model.onnx: one step of the model for ONNX Runtime and other programs."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from charcells.errors import UserError
from charcells.exporting.step import Step
from charcells.files import replacing
from charcells.runs.export_folder import ExportFolder

PACKAGES = ("onnx", "onnxscript", "onnxruntime")

TOLERANCE = 1e-5
"""Largest difference of a logit between ONNX Runtime and PyTorch."""


def check_packages() -> None:
    """Raise UserError if a package that the export needs is not installed."""
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        raise UserError(
            f"format=onnx needs other packages ({', '.join(missing)} not found): pip install -e '.[export]'"
        )


def write_onnx(folder: ExportFolder, step: Step) -> None:
    """Write model.onnx, read it back with ONNX Runtime, and compare it with PyTorch.

    Its inputs are `tokens` (B,) and the state, `hidden` (L, B, H) and for an LSTM `cell`; its outputs `logits` (B, V),
    `next_hidden` and `next_cell`. Raises UserError if the packages are missing or the logits differ.
    """
    check_packages()
    names, batch = step.state_names, torch.export.Dim("batch")
    with _quiet():
        program = torch.onnx.export(
            step,
            (torch.zeros(2, dtype=torch.long), *step.zeros(2)),
            input_names=["tokens", *names],
            output_names=["logits", *(f"next_{name}" for name in names)],
            dynamic_shapes=({0: batch}, tuple({1: batch} for _ in names)),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    content = _without_traces(program.model_proto).SerializeToString()
    _compare(content, step)
    with replacing(folder.onnx) as file:
        file.write(content)


def _without_traces(model: Any) -> Any:
    """The model without the notes that PyTorch leaves in it, such as paths on this machine."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    return model


def _compare(content: bytes, step: Step, texts: int = 3, steps: int = 20) -> None:
    """Raise UserError if ONNX Runtime and PyTorch differ on random tokens, step by step with state."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    tokens = np.random.default_rng(0).integers(0, step.vocab_size, (steps, texts))  # (T, B)
    state = step.zeros(texts)
    others: Sequence[Any] = [part.numpy() for part in state]
    with torch.inference_mode():
        for column in tokens:
            logits, *state = step(torch.from_numpy(column), *state)
            found, *others = session.run(None, {"tokens": column, **dict(zip(step.state_names, others, strict=True))})
            difference = float(np.abs(found - logits.numpy()).max())
            if not difference <= TOLERANCE * max(1.0, float(logits.abs().max())):
                raise UserError(
                    f"the exported model differs from PyTorch's by {difference:.2g}, and was not kept: other versions "
                    "of torch, onnxscript and onnxruntime may do better, such as those in constraints.txt"
                )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence PyTorch's warnings about its own deprecated calls, and that torchvision is not installed."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", "# The axis name", UserWarning)
            yield
    finally:
        log.setLevel(level)
