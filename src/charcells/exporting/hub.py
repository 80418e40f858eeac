"""Pushing an exported model to the Hugging Face hub."""

import re
from importlib.util import find_spec
from typing import Any

from charcells.errors import UserError
from charcells.runs.export_folder import ExportFolder


def check_hub(repository: str) -> None:
    """Raise UserError if nothing can be pushed there: a wrong name, no huggingface_hub, or no token."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", repository):
        raise UserError(f"to={repository} is not the name of a repository: with format=hub write to=USER/NAME")
    if find_spec("huggingface_hub") is None:
        raise UserError("format=hub needs another package: pip install -e '.[export]'")
    from huggingface_hub import get_token

    if get_token() is None:
        raise UserError(
            "format=hub needs a token that may write: set HF_TOKEN, or log in once with `hf auth login`. To write the "
            "same folder here instead, use format=safetensors"
        )


def push(folder: ExportFolder, repository: str) -> str:
    """Upload a folder to a repository, which is made if there is none, private at first. Returns its address.

    Raises UserError if the hub refuses or cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api: Any = HfApi()
    try:
        address = api.create_repo(repository, private=True, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=folder.path, commit_message="Model exported by charcells")
    except (OSError, HfHubHTTPError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{repository} could not be pushed: {reason}") from error
    return str(address)
