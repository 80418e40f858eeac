"""Hydra's way into `charcells.sweeps`: its basic sweeper, but it skips what is done, watches, and closes with a table.

Hydra takes sweepers from the namespace package `hydra_plugins` alone.
"""

import sys
from collections.abc import Collection, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper, BasicSweeperConf
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf, flag_override

from charcells.cli.compose import from_hydra
from charcells.errors import UserError
from charcells.files import relative
from charcells.runs.folder import RunFolder
from charcells.sweeps.plan import Job, plan
from charcells.sweeps.watch import watch


class CharcellsSweeper(BasicSweeper):
    def sweep(self, arguments: list[str]) -> Any:
        assert self.hydra_context is not None and self.config is not None and self.launcher is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        self._keep_together(overrides)
        [batch] = self.split_arguments(overrides, max_batch_size=None)
        launcher: Any = OmegaConf.to_container(self.config.hydra.launcher)
        try:
            common = set.intersection(*map(set, batch))
            jobs = [self._job(number, job_overrides, common) for number, job_overrides in enumerate(batch)]
            plan(jobs, launcher)
        except UserError as error:
            sys.exit(f"error: {error}")
        due = [job_overrides for job, job_overrides in zip(jobs, batch, strict=True) if job.twin is None]
        returned: Sequence[Any] = []
        with watch(jobs, launcher):
            try:
                returned = self.launcher.launch(due, initial_job_idx=0) if due else []
            except BrokenProcessPool:  # the runs that were cut off are listed with the failures
                print("a worker was killed, perhaps for want of memory, and the sweep ends", file=sys.stderr)
            for job_return in returned:
                _ = job_return.return_value  # raises what a job has raised: they record failures, so this is a bug
        return returned

    def _keep_together(self, overrides: Sequence[Override]) -> None:
        """Give a sweep over corpora one folder, where each job would find one of its own by default."""
        assert self.config is not None
        unresolved: Any = OmegaConf.to_container(self.config.hydra.sweep, resolve=False)
        folder = unresolved["dir"]
        for override in overrides:
            if override.get_key_element() == "corpus" and override.is_discrete_sweep() and "${corpus.name}" in folder:
                folder = folder.replace("${corpus.name}", ",".join(override.sweep_string_iterator()))
                with flag_override(self.config, ["readonly", "struct"], False):
                    self.config.hydra.overrides.hydra.append(f"hydra.sweep.dir='{folder}'")
                    self.config.hydra.sweep.dir = folder

    def _job(self, number: int, overrides: Sequence[str], common: Collection[str]) -> Job:
        assert self.hydra_context is not None and self.config is not None
        composed = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        with flag_override(composed, ["readonly", "struct"], False):
            composed.hydra.job.num = number
            composed.hydra.job.id = str(number)
            folder = Path(composed.hydra.sweep.dir, composed.hydra.sweep.subdir)
        label = " ".join(override for override in overrides if override not in common) or folder.name
        return Job(RunFolder(relative(folder.absolute())), from_hydra(composed), label)


@dataclass
class CharcellsSweeperConf(BasicSweeperConf):
    _target_: str = "hydra_plugins.charcells_sweeper.CharcellsSweeper"


ConfigStore.instance().store(group="hydra/sweeper", name="charcells", node=CharcellsSweeperConf, provider="charcells")
