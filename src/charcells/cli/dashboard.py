"""Build the workspace and the report of a sweep in W&B.

Usage
  charcells dashboard sweep=FOLDER    a sweep folder whose runs were logged with logger=wandb

The levels of the compared factor (the cells, say) side by side, curves by characters seen, samples, and a table of the
factors, for the runs of the sweep's group. Saved to W&B if the runs are logged online; otherwise written to
FOLDER/dashboard.json. The package wandb-workspaces is needed: pip install -e '.[dashboard]'.
"""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charcells.errors import UserError
from charcells.files import write_atomically

if TYPE_CHECKING:
    from charcells.runs.dashboard import Sweep


def main(arguments: Sequence[str]) -> None:
    """`charcells dashboard` with these arguments. Raises UserError."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    name, _, folder = arguments[0].partition("=") if len(arguments) == 1 else ("", "", "")
    if name != "sweep" or not folder:
        given = " ".join(arguments) or "nothing"
        raise UserError(f"charcells dashboard takes sweep=FOLDER, such as sweep=sweeps/pydoc, but got {given}")
    if importlib.util.find_spec("wandb_workspaces") is None:
        raise UserError("charcells dashboard needs another package: pip install -e '.[dashboard]'")
    make(Path(os.path.expanduser(folder)))


def make(folder: Path) -> None:
    """Save the dashboard of a sweep folder to W&B, or write it into the folder, and say where it is."""
    from charcells.runs import dashboard  # pandas

    sweep, entity = dashboard.read_sweep(folder), os.environ.get("WANDB_ENTITY", "")
    if why := _not_saved(sweep, entity):
        path = folder / "dashboard.json"
        write_atomically(path, dashboard.as_json(sweep, entity))
        print(f"written: {path} ({why}; after `wandb login` the same command saves it to W&B)")
    offline = [path for path in sweep.runs["path"] if list((path / "wandb").glob("offline-run-*"))]
    if offline:
        print(f"not in W&B yet: {len(offline)} of {len(sweep.runs)} runs; wandb sync {folder}/*/wandb/offline-run-*")


def _not_saved(sweep: "Sweep", entity: str) -> str:
    """Save a dashboard to W&B and print its addresses, or say why that is not possible."""
    from charcells.runs import dashboard
    from charcells.runs.folder import RunFolder
    from charcells.runs.wandb_runs import ONLINE, mode_of, one_line

    if mode_of(RunFolder(sweep.runs["path"].iloc[0]).read_config()) not in ONLINE:
        return "the runs are logged offline"
    try:
        for address in dashboard.save(sweep, entity):
            print(f"saved: {address}")
    except Exception as error:  # from W&B, its GraphQL client or the network: there is no common base class
        return f"W&B has refused it: {one_line(error)}"
    return ""
