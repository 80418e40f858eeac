"""Where runs are in W&B: the mode in which they are logged, their project and group, their ids."""

import io
import logging
import os
import socket
from contextlib import redirect_stderr
from pathlib import Path
from urllib.parse import urlsplit

from charcells.config import Config, LoggerConfig
from charcells.runs.folder import RunFolder

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3
"""How long a connection to W&B's server may take before the run is logged offline."""

MODES = ("online", "offline", "disabled", "shared", "run", "dryrun")
"""What W&B understands as WANDB_MODE."""

ONLINE = ("online", "run", "shared")
"""Those of MODES that need a key and a connection; run is an older name of online."""

SWEEPS = "sweeps"
"""The folder that holds sweeps; its name is no part of their groups."""


def project_of(config: Config) -> str:
    """The project of a run: `logger.project`, or if that is left alone WANDB_PROJECT."""
    project = config.logger.project
    return project if project != LoggerConfig().project else os.environ.get("WANDB_PROJECT") or project


def group_of(sweep: Path) -> str:
    """The group of the runs of a sweep folder: its path below `sweeps`, such as 'mine/here', or else its name."""
    parts = sweep.absolute().parts
    above = len(parts) - 1 - parts[::-1].index(SWEEPS) if SWEEPS in parts[:-1] else len(parts) - 2
    return "/".join(parts[above + 1 :])


def id_of(run: RunFolder) -> str | None:
    """The W&B id of the run in a folder; None if it was not logged there."""
    path = run.wandb / "id"
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


def mode_of(config: Config) -> str:
    """W&B's mode: that of `logger.mode`, or with auto that of W&B's own environment variables; online with a key.

    Whatever stands in the way of going online (a malformed key, no network) is said in one line, and the run is logged
    offline: `wandb sync` sends it later.
    """
    mode = config.logger.mode
    if mode == "auto":
        mode = _mode_of_environment()
    if mode not in ("", *ONLINE):
        return mode
    if not (_has_key(mode) and _server_answers()):
        return "offline"
    return "shared" if mode == "shared" else "online"


def _mode_of_environment() -> str:
    """What WANDB_DISABLED and WANDB_MODE ask for; empty if they ask for nothing."""
    if os.environ.get("WANDB_DISABLED", "").lower() in ("1", "true", "yes", "on"):
        return "disabled"
    mode = os.environ.get("WANDB_MODE", "")
    if mode and mode not in MODES:
        log.warning("WANDB_MODE=%s is none of %s: logging offline", mode, ", ".join(MODES))
        os.environ["WANDB_MODE"] = "offline"  # otherwise wandb.init refuses it
        return "offline"
    return mode


def _has_key(mode: str) -> bool:
    """Whether W&B has an API key. A warning says that it is malformed, or that `mode`, unless empty, needs one."""
    import wandb

    try:
        with redirect_stderr(io.StringIO()):  # it says where it has found a key
            has_key = wandb.login(prompt=False, verify=False)
    except wandb.Error as error:  # a malformed key
        log.warning("W&B does not accept the API key (%s): logging offline", one_line(error))
        return False
    except ValueError as error:  # a WANDB_ variable with a wrong value
        log.warning("W&B does not accept its settings (%s): logging offline", one_line(error))
        return False
    if not has_key and mode:
        log.warning("W&B has no API key for WANDB_MODE=%s: logging offline", mode)
    return bool(has_key)


def _server_answers() -> bool:
    """Whether W&B's server can be reached, directly or, which is not tried, through a proxy; if not, a warning."""
    import wandb

    address = urlsplit(os.environ.get("WANDB_BASE_URL") or wandb.setup().settings.base_url)
    try:
        port = address.port or (80 if address.scheme == "http" else 443)
        socket.create_connection((address.hostname or "", port), CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        if not (os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")):
            log.warning("W&B's server %s cannot be reached (%s): logging offline", address.hostname, error)
            return False
    return True


def one_line(error: Exception) -> str:
    """The message of an error on one line, or its type if it has none."""
    return " ".join(str(error).split())[:200] or type(error).__name__
