"""Summary: the content of summary.json."""

from typing import Any


class Summary(dict[str, Any]):
    """The facts about a run under the keys of summary.json, such as 'val/bpc'; empty if there is no run yet.

    Once a run has started, all keys exist, with None for unknown values.
    """

    @property
    def status(self) -> str | None:
        """running, finished, failed or interrupted; None if nothing has been written yet."""
        return self.get("status")

    @property
    def finished(self) -> bool:
        return self.status == "finished"

    @property
    def error(self) -> str | None:
        """Why the run has failed."""
        return self.get("error")

    @property
    def diverged(self) -> bool:
        """Whether the run has failed because its loss or weights were not finite."""
        return (self.error or "").startswith(DIVERGED)

    @property
    def requeued(self) -> bool:
        """Whether Slurm has interrupted the run and starts its job again."""
        return self.status == "interrupted" and self.error == REQUEUED

    def is_run(self, identity: str) -> bool:
        """Whether this run has this identity and was trained under it from the beginning."""
        return self.get("identity") == identity and self.get("resumed_from") is None


REQUEUED = "stopped by Slurm, which starts the job again"
"""Error of an interrupted run that goes on by itself."""

DIVERGED = "training diverged"
"""Beginning of the error message of a run that diverged."""
