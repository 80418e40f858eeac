"""Make one HTML file in which trained models write side by side, without any network.

Usage
  charcells page runs=[runs/A,runs/B,runs/C] out=page.html
  charcells page runs=latest weights=int8

One to four runs of rnn, gru or lstm with at most three layers of at most 512 units. If the runs' corpus is still there,
the page also shows a short piece of the validation text, and the units that follow quotes, words or lines in it.

Options (name=value), each with its default
"""

from collections.abc import Sequence
from pathlib import Path

from charcells.cli.compose import command_options
from charcells.config import PageConfig
from charcells.errors import UserError
from charcells.files import write_named
from charcells.process import prepare_process
from charcells.runs.folder import named_run


def main(arguments: Sequence[str]) -> None:
    """`charcells page` with these arguments. Raises UserError."""
    make(command_options("page", arguments, __doc__))


def make(config: PageConfig) -> None:
    """Make the page that a configuration describes, and say where it is."""
    prepare_process(threads=1)
    from charcells.writing.page import MAX_RUNS, html, read_model

    if not 1 <= len(config.runs) <= MAX_RUNS or not all(config.runs):
        raise UserError(
            f"runs={config.runs}: name one to four run folders, such as runs=[runs/A,runs/B]; "
            "a name with a comma needs quotes within the list: \"runs=['sweeps/A,B','sweeps/C,D']\""
        )
    out = Path(config.out).expanduser()
    if not config.out or out.is_dir():
        raise UserError(f"out={config.out} is not a file: name one, such as out=page.html")
    if not out.parent.is_dir():
        raise UserError(f"out={config.out}: there is no folder {out.parent}; make it first")
    models = [read_model(str(named_run(run)), config.corpora_dir) for run in config.runs]
    for model in models:
        if not model.text:
            print(
                f"{model.run}: its corpus is not there, so the page looks for no units; corpora_dir= names its folder"
            )
    write_named("out", config.out, html(models, config.weights))
    print(f"written: {config.out} ({out.stat().st_size:,} bytes)")
