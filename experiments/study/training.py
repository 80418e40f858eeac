"""Train the runs of the study that are missing, several at a time."""

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool

from charcells.errors import UserError
from charcells.files import relative
from charcells.runs.folder import RunFolder
from charcells.signals import Interrupted
from charcells.sweeps.job import run_job
from charcells.sweeps.plan import Job, plan
from charcells.sweeps.watch import watch
from experiments.study.cells import register
from experiments.study.runs import Run, unique


def train(wanted_now: Callable[[], list[Run]], jobs: int, after_each: Callable[[], object] = lambda: None) -> None:
    """Train the runs that are not done, `jobs` at a time.

    Args:
        wanted_now: the runs that are wanted. It is called again when all of them have been trained, since the results
            of pilot runs decide which further runs are wanted.
        after_each: called in this process whenever a run has ended, while others are still training.

    Raises UserError with the runs that failed (a run that diverged is a result, not a failure), and Interrupted on a
    stop signal.
    """
    tried: set[RunFolder] = set()
    while True:
        wanted = unique(wanted_now())
        missing = [run for run in wanted if not run.done()]
        due = [run for run in missing if run.folder not in tried]
        if not due:
            break
        print(f"{len(wanted) - len(missing)} runs are done, {len(due)} to train", flush=True)
        tried |= {run.folder for run in due}
        _train_all(due, jobs, after_each)
    failed = [f"{run.label} ({relative(run.folder.path)}): {run.summary().get('error')}" for run in missing]
    if failed:
        raise UserError("\n".join([f"{len(failed)} runs failed:", *failed]))


def _train_all(due: list[Run], jobs: int, after_each: Callable[[], object]) -> None:
    from joblib import Parallel, delayed

    planned = [Job(RunFolder(relative(run.folder.path)), run.config(), run.label) for run in due]
    launcher = {"n_jobs": jobs, "_target_": "joblib"}
    plan(planned, launcher)
    try:
        with watch(planned, launcher, tables=False):
            for _ in Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")(
                delayed(_train_one)(job, run) for job, run in zip(planned, due, strict=True)
            ):
                after_each()
    except Interrupted:
        raise  # a SystemExit too, but one that ends the command
    except BrokenProcessPool as error:
        raise UserError("a worker was killed, perhaps because memory ran out; the same command continues") from error
    except SystemExit:
        pass  # some runs failed: `train` reports those that did not diverge


def _train_one(job: Job, run: Run) -> None:
    register()  # a worker is a process of its own, which knows the library's cells only
    run_job(job.config, job.folder.path, 1, run.claim, [run.sweep.name])
