"""On a real Slurm: a job that is preempted, requeued or out of time goes on by itself to the same figures."""

import fcntl
import tempfile
from pathlib import Path

import pytest

from experiments.robustness.slurm import CASES, Session, ask, available, figures, undisturbed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="needs a running Slurm with the partitions that .ci/slurm makes"),
]


@pytest.fixture(autouse=True)
def alone():
    """Wait for the other processes of these tests, since the jobs would preempt one another."""
    with open(Path(tempfile.gettempdir(), "charcells-slurm.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return undisturbed(Session(tmp_path_factory.mktemp("whole")))


@pytest.mark.parametrize("name", CASES)
def test_a_disturbed_job_goes_on_by_itself_to_the_same_figures(tmp_path, whole, name):
    assert whole["1"] != whole["2"]  # another seed is another run
    session = Session(tmp_path)
    runs = CASES[name](session)
    for run in runs:
        assert figures(run) == whole[run.name if run.name in whole else "1"]
    assert max(session.restarts()) >= 1
    assert "Traceback" not in session.output() and " failed:" not in session.output()


def test_a_job_that_is_cancelled_does_not_start_again(tmp_path):
    session = Session(tmp_path)
    session.submit(f"srun {session.train('resume=auto hydra.run.dir=run')}", "--partition=low")
    session.type(f"scancel {session.number}")
    session.wait(lambda: not ask("squeue", "-h", "-j", session.number))
    assert figures(tmp_path / "run")["status"] == "interrupted"
    assert session.restarts() == [0] and "Slurm starts this job again" not in session.output()
