"""Make one HTML file in which trained models write side by side, without any network.

Usage
  charcells page runs=[runs/A,runs/B,runs/C] out=page.html
  charcells page sweep=sweeps/pydoc
  charcells page runs=latest weights=int8

One to four runs of rnn, gru or lstm with at most three layers of at most 512 units; of a sweep, the best run of each
cell on validation text. If the runs' corpus is still there, the page also shows a short piece of the validation text,
and the units that follow quotes, words or lines in it.

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

    if config.sweep is not None:
        runs = _best_of_sweep(config.sweep, config.runs, MAX_RUNS)
    elif 1 <= len(config.runs) <= MAX_RUNS and all(config.runs):
        runs = [named_run(run) for run in config.runs]
    else:
        raise UserError(
            f"runs={config.runs}: name one to four run folders, such as runs=[runs/A,runs/B], or a sweep's folder: "
            "sweep=sweeps/pydoc; a name with a comma needs quotes within the list: \"runs=['sweeps/A,B','sweeps/C,D']\""
        )
    out = Path(config.out).expanduser()
    if not config.out or out.is_dir():
        raise UserError(f"out={config.out} is not a file: name one, such as out=page.html")
    if not out.parent.is_dir():
        raise UserError(f"out={config.out}: there is no folder {out.parent}; make it first")
    models = [read_model(str(run), config.corpora_dir) for run in runs]
    for model in models:
        if model.no_text:
            print(f"{model.run}: the page shows no text and no units: {model.no_text}")
    write_named("out", config.out, html(models, config.weights))
    print(f"written: {config.out} ({out.stat().st_size:,} bytes)")


def _best_of_sweep(sweep: str, runs: Sequence[str], limit: int) -> list[Path]:
    """The best run of each cell and corpus of a sweep folder, whose names are printed. Raises UserError."""
    from charcells.runs.comparison import best_of_each_cell
    from charcells.runs.table import read_runs

    if runs:
        raise UserError(f"sweep={sweep}: give either the sweep's folder or runs={runs}, not both")
    folder = Path(sweep).expanduser()
    try:
        best = best_of_each_cell(read_runs(folder))
        if len(best) > limit:
            raise UserError(f"it has {len(best)} combinations of cell and corpus, and a page takes at most {limit}")
    except UserError as error:
        raise UserError(f"sweep={sweep}: {error}. runs=[{sweep}/A,{sweep}/B] names single runs") from error
    for name in best:
        print(f"of the sweep: {folder / name}")
    return [folder / name for name in best]
