"""Make one HTML file in which trained models write side by side, without any network.

Usage
  charcells page 'runs=[runs/A,runs/B,runs/C]' out=page.html
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
from charcells.files import check_named, write_named
from charcells.process import prepare_process
from charcells.runs.folder import named_run


def main(arguments: Sequence[str]) -> None:
    """`charcells page` with these arguments. Raises UserError."""
    make(command_options("page", arguments, __doc__))


def make(config: PageConfig) -> None:
    """Make the page that a configuration describes, and say where it is."""
    prepare_process(threads=1)
    check_named("out", config.out, "page.html")
    from charcells.writing.page import MAX_RUNS, html, read_model

    if config.sweep is not None:
        runs = _best_of_sweep(config.sweep, config.runs, MAX_RUNS)
    elif 1 <= len(config.runs) <= MAX_RUNS and all(config.runs):
        runs = [named_run(run) for run in config.runs]
    else:
        raise UserError(
            f"runs={config.runs}: name one to four run folders, such as 'runs=[runs/A,runs/B]', or a sweep's folder: "
            "sweep=sweeps/pydoc; a name with a comma needs quotes within the list: \"runs=['sweeps/A,B','sweeps/C,D']\""
        )
    models = [read_model(str(run), config.corpora_dir) for run in runs]
    without: dict[str, list[str]] = {}  # most often all models lack their text for the same reason
    for model in models:
        if model.no_text:
            without.setdefault(model.no_text, []).append(model.run)
    for reason, named in without.items():
        print(f"{', '.join(named)}: the page shows no text and no units: {reason}")
    write_named("out", config.out, html(models, config.weights))
    print(f"written: {config.out} ({Path(config.out).expanduser().stat().st_size:,} bytes)")


def _best_of_sweep(sweep: str, named: Sequence[str], limit: int) -> list[Path]:
    """The best run of each cell and corpus of a sweep folder. Prints which they are, and which were not considered.

    Raises UserError.
    """
    from charcells.runs.comparison import best_of_each_cell
    from charcells.runs.table import read_runs

    if named:
        raise UserError(f"sweep={sweep}: give either the sweep's folder or runs={named}, not both")
    folder = Path(sweep).expanduser()
    try:
        runs = read_runs(folder)
        usable = (runs["status"] == "finished") & (runs["task"] != "classify")
        if not usable.any():
            raise UserError("none of its runs is a finished language model")
        best = best_of_each_cell(runs[usable])
        if len(best) > limit:
            example = ",".join(f"'{folder / name}'" for name in best[:2])
            raise UserError(
                f"it has {len(best)} combinations of cell and corpus, and a page takes at most {limit}: name runs, "
                f'such as "runs=[{example}]"'
            )
    except UserError as error:
        raise UserError(f"sweep={sweep}: {error}") from error
    for name in best:
        print(f"of the sweep: {folder / name}")
    for name, status, task in runs.loc[~usable, ["folder", "status", "task"]].itertuples(index=False):
        print(f"not considered: {folder / name} ({'a classifier' if task == 'classify' else status})")
    return [folder / name for name in best]
