"""The weights of an exported model, written to a folder and read from it. They are safetensors, which cannot hold code.

charcells.models.checkpoint turns what is read here into a Checkpoint.
"""

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from charcells.files import replacing, write_atomically
from charcells.runs.export_folder import FORMAT, ExportFolder


def write_exported(folder: ExportFolder, entry: dict[str, Any], facts: dict[str, Any]) -> None:
    """Write config.json and vocabulary.json.

    Args:
        folder: which exists.
        entry: a Description or ClassifierDescription as a dictionary.
        facts: of the run, for the model card.
    """
    entry = dict(entry)
    del entry["format"]  # of checkpoints
    units = list(entry.pop("characters")) if "characters" in entry else entry.pop("known")
    config = {"library": "charcells", "format": FORMAT, **entry, "facts": facts}
    for path, content in ((folder.config, config), (folder.vocabulary, units)):
        write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_weights(folder: ExportFolder, weights: dict[str, Tensor]) -> None:
    from safetensors.torch import save

    with replacing(folder.weights) as file:
        file.write(save({name: tensor.detach().clone() for name, tensor in weights.items()}, {"format": "pt"}))


def read_exported(weights: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read the weights of an exported model, and the description beside them as a dictionary.

    Raises OSError, ValueError or safetensors' own error if they cannot be read; nothing in the files is executed.
    """
    from safetensors.torch import load_file

    folder = ExportFolder(weights.parent)
    entry = folder.read_config()
    if entry["format"] != FORMAT:
        raise ValueError(f"its format is {entry['format']}; this charcells reads {FORMAT}")
    del entry["library"], entry["format"], entry["facts"]
    units = folder.read_vocabulary()
    if "units" in entry:  # of a classifier
        entry["known"] = units
    elif any(len(character) != 1 for character in units):
        raise ValueError("its vocabulary has something that is not one character")
    else:
        entry["characters"] = "".join(units)
    return entry, load_file(weights)
