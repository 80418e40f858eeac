"""Summary: what summary.json says of a run."""

from typing import Any


class Summary(dict[str, Any]):
    """The facts of a run under the keys of summary.json, such as 'val/bpc'; empty where there is no run yet.

    A run that has begun has all keys, with None for what is not known (yet).
    """

    @property
    def status(self) -> str | None:
        """running, finished, failed or interrupted; None where nothing has been written yet."""
        return self.get("status")

    @property
    def finished(self) -> bool:
        return self.status == "finished"

    @property
    def error(self) -> str | None:
        """Why a run has failed."""
        return self.get("error")

    @property
    def diverged(self) -> bool:
        """Whether it has failed because the loss or the weights became no number."""
        return (self.error or "").startswith(DIVERGED)

    def is_run(self, identity: str) -> bool:
        """Whether this is the run with this identity, trained as such from its beginning."""
        return self.get("identity") == identity and self.get("resumed_from") is None


DIVERGED = "training diverged"
"""Begins the error of a run that diverged."""
