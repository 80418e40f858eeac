"""Connects Hydra to `charcells.sweeps`: Hydra's basic sweeper, which also skips finished runs and shows progress.

Hydra only finds sweepers in the namespace package `hydra_plugins`.
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
from charcells.files import make_folder, relative
from charcells.runs.folder import RunFolder
from charcells.sweeps.plan import Job, plan
from charcells.sweeps.watch import watch


class CharcellsSweeper(BasicSweeper):
    def sweep(self, arguments: list[str]) -> Any:
        assert self.hydra_context is not None and self.config is not None and self.launcher is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        self._use_one_folder(overrides)
        [batch] = self.split_arguments(overrides, max_batch_size=None)
        launcher: Any = OmegaConf.to_container(self.config.hydra.launcher)
        try:
            common = set.intersection(*map(set, batch))
            jobs = [self._job(number, job_overrides, common) for number, job_overrides in enumerate(batch)]
            plan(jobs, launcher)
            make_folder(Path(self.config.hydra.sweep.dir), "hydra.sweep.dir")
        except UserError as error:
            sys.exit(f"error: {error}")
        to_train = [overrides for job, overrides in zip(jobs, batch, strict=True) if job.finished_twin is None]
        returned: Sequence[Any] = []
        with watch(jobs, launcher):
            try:
                returned = self.launcher.launch(to_train, initial_job_idx=0) if to_train else []
            except BrokenProcessPool:  # the runs that this cut short are listed with the failures
                print("a worker was killed, perhaps because memory ran out, and the sweep ends", file=sys.stderr)
            for job_return in returned:
                _ = job_return.return_value  # raises if the job has raised, which is a bug, since jobs record failures
        return returned

    def _use_one_folder(self, overrides: Sequence[Override]) -> None:
        """Use one folder for a sweep over corpora, since by default each corpus has its own."""
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
