"""charcells page: one HTML file in which up to four trained models write, offline, in any browser.

The models' weights are in the file, and the plain JavaScript of page_script/ computes with them: cells.js is PyTorch's
cells, words.js the words in three languages, and the other files are the views.
"""

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import torch
from markupsafe import Markup
from numpy.typing import NDArray
from torch import Tensor

from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN
from charcells.models.checkpoint import Description, read_checkpoint
from charcells.runs.folder import RunFolder, checkpoint_file
from charcells.writing.generator import TextGenerator, load
from charcells.writing.texts import load_texts
from charcells.writing.units import Unit, find_units

MAX_RUNS, MAX_LAYERS, MAX_HIDDEN = 4, 3, 512
"""Above these a page is too large to send and too slow to write."""

SCRIPTS = ("cells", "words", "common", "writing", "surprise", "unit", "neuron", "memory", "inside", "start")
"""The files of page_script/, in the order in which the page runs them. Each has one view, or what several need."""

STUDIED = 20_000
"""Characters of held-out text over which units are sought."""

SHOWN = 400
"""Characters of the text that the page shows at first."""


@dataclasses.dataclass(frozen=True)
class PageModel:
    """A model as a page has it. `corpus` is the title of its text, or else its name. `test_bpc` is None for a
    checkpoint without a finished run. `units` and `text` are empty if the run's held-out text is not there; `no_text`
    says why."""

    run: str
    generator: TextGenerator
    description: Description
    corpus: str
    test_bpc: float | None
    units: list[Unit]
    text: str
    no_text: str = ""


def read_model(run: str, corpora_dir: str | None) -> PageModel:
    """Load a run's model, and find units that follow something in its held-out text.

    Raises UserError for a run that is missing, and for a model that a page cannot compute with.
    """
    generator, description = load(run), read_checkpoint(checkpoint_file(run)).description
    model = generator.model
    if model.cell not in ("rnn", "gru", "lstm"):
        raise UserError(f"{run} has cell={model.cell}, and a page computes rnn, gru and lstm only")
    for name, limit in (("num_layers", MAX_LAYERS), ("hidden_size", MAX_HIDDEN)):
        if getattr(model, name) > limit:
            raise UserError(f"{run} has model.{name}={getattr(model, name)}, and a page takes at most {limit}")
    folder = RunFolder(Path(run).expanduser())
    bpc = folder.read_summary().get("test/bpc") if folder.has_summary else None
    title = folder.read_config().corpus.title if folder.has_config else None
    about = (run, generator, description, title or description.corpus, bpc)
    try:
        held_out = load_texts(run, corpora_dir).held_out
    except UserError as error:  # the page does without the text
        return PageModel(*about, units=[], text="", no_text=str(error))
    if not held_out:
        return PageModel(*about, units=[], text="", no_text="the run has no validation text")
    known = "".join(character for character in held_out[:STUDIED] if character in generator.vocabulary)
    tokens = torch.from_numpy(generator.vocabulary.encode(known)).long() if known else torch.zeros(0).long()
    units = find_units(model, tokens, known) if len(known) > 1 else []
    return PageModel(*about, units=units, text=excerpt(known))


def excerpt(text: str) -> str:
    """About SHOWN characters of a text, from its first paragraph on that begins with a letter to the end of a word; if
    there is no such paragraph, from 0."""
    found = re.search(r"\n\n(?=[^\W\d_])", text[:-SHOWN])
    start = found.end() if found else 0
    piece = text[start : start + SHOWN]
    return piece if start + SHOWN >= len(text) else re.sub(r"\s+\S*$", "", piece)


def beginning(prompt: str, text: str) -> str:
    """What the page shows as the beginning at first: the prompt, or the first words of the text if it is blank."""
    return prompt if prompt.strip() else " ".join(text.split()[:4])


def stored(values: NDArray[np.float32], kind: str) -> dict[str, Any]:
    """A tensor as cells.js reads it: its kind and its bytes in base64, little-endian.

    A vector, of biases, always stays float32. int8 has one scale for each row, so that its largest weight is ±127.
    """
    if values.ndim == 1:
        kind = "float32"
    found = {"kind": kind, "shape": list(values.shape)}
    if kind == "int8":
        scales = np.abs(values).max(1) / 127
        scales[scales == 0] = 1
        found["scales"] = _base64(scales.astype("<f4"))
        values = np.rint(values / scales[:, np.newaxis])
    data = {"float32": "<f4", "float16": "<f2", "int8": "i1"}[kind]
    return found | {"data": _base64(values.astype(data))}


def _base64(values: NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode()


def weights_of(model: CharRNN, kind: str) -> dict[str, dict[str, Any]]:
    """All weights of a model, by PyTorch's names without `rnn.`.

    Raises UserError if a weight is not finite, or too large for float16.
    """
    found = {}
    for name, tensor in model.state_dict().items():
        values = _numbers(tensor)
        limit = float(np.finfo(np.float16).max) if kind == "float16" else float(np.finfo(np.float32).max)
        if not (np.abs(values) <= limit).all():
            raise UserError(f"weights={kind}: {name} has a number that is not finite or above {limit:.3g}")
        found[name.removeprefix("rnn.")] = stored(values, kind)
    return found


def _numbers(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().float().numpy()


def content(models: Sequence[PageModel], kind: str) -> dict[str, Any]:
    """What the page's scripts read: the models, the prompt and the text that is shown at first."""
    described = []
    for model in models:
        network = model.generator.model
        described.append(
            {
                "run": Path(model.run).name,
                "corpus": model.corpus,
                "cell": network.cell,
                "layers": network.num_layers,
                "hidden": network.hidden_size,
                "characters": model.description.characters,
                "normalize": model.description.normalize,
                "prompt": model.generator.prompt,
                "bpc": model.test_bpc,
                "units": [dataclasses.asdict(unit) for unit in model.units],
                "weights": weights_of(network, kind),
            }
        )
    first = models[0].generator
    text = next((model.text for model in models if model.text), "") or first.generate(length=SHOWN, temperature=0.8)
    return {"models": described, "prompt": beginning(first.prompt, text), "text": text}


def html(models: Sequence[PageModel], kind: str) -> str:
    """The page. Its policy allows the browser its own script and style, by their hashes, and nothing from elsewhere."""
    here = Path(__file__).parent
    scripts = "\n".join((here / "page_script" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'(function () {{\n"use strict";\n{scripts}}})();\n'
    style = (here / "page.css").read_text(encoding="utf-8")
    # < would end the element that holds the data: a corpus may be named </script>
    data = json.dumps(content(models, kind)).replace("<", "\\u003c")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    template = (here / "page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        script=Markup(script),
        style=Markup(style),
        data=Markup(data),
        script_hash=_hash(script),
        style_hash=_hash(style),
        corpora=", ".join(dict.fromkeys(model.corpus for model in models)),
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
