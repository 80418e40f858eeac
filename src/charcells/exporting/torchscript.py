"""model.pt: one step of the model as TorchScript, for programs that have PyTorch (also in C++) but not charcells."""

import io
import warnings
import zipfile

import torch

from charcells.exporting.step import Step
from charcells.files import replacing
from charcells.runs.export_folder import ExportFolder


def write_torchscript(folder: ExportFolder, step: Step) -> None:
    """Write model.pt, called like Step.

    PyTorch advises torch.export instead of TorchScript, whose files need the same version of PyTorch to be read.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        traced = torch.jit.trace(step, (torch.zeros(2, dtype=torch.long), *step.zeros(2)))  # type: ignore[no-untyped-call]
        torch.jit.save(traced, buffer)
    with replacing(folder.torchscript) as file:
        file.write(_without_traces(buffer))


def _without_traces(content: io.BytesIO) -> bytes:
    """The archive without its notes for debugging, which name paths on this machine."""
    kept = io.BytesIO()
    with zipfile.ZipFile(content) as archive, zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as copy:
        for part in archive.infolist():
            if not part.filename.endswith(".debug_pkl"):
                copy.writestr(part.filename, archive.read(part))
    return kept.getvalue()
