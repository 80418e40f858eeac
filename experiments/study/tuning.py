"""An arm of a comparison with a learning rate of its own, and runs that have chosen it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from charcells.registry import CELLS
from experiments.study.measures import reset_bits
from experiments.study.runs import PILOT_SEED, Run, Scale, best_rate, cross, run_table

RATES = (0.25, 0.5, 1.0, 2.0)
"""Learning rates that are tried for each arm, as multiples of its cell's own rate."""


@dataclass(frozen=True)
class TunedArm:
    """Runs that differ in nothing but the seed, with the learning rate that was best on the validation text.

    Each rate is tried once, with a seed that no judged run has. Arms with equal `rates` have the same budget.
    """

    claim: str
    """The claim whose folder holds the runs."""
    scale: Scale
    seeds: tuple[int, ...]
    options: Mapping[str, Any] = field(hash=False)
    """As the factors of `runs.cross`, one value each."""
    rates: tuple[float, ...] = RATES
    reset: int | None = None
    """Characters after which the state is reset in training. Then the rate is chosen by validation text that is scored
    likewise, with the last checkpoint, since val/bpc and the best checkpoint are those of a state that is carried."""

    def runs(self) -> list[Run]:
        """The tuning runs, and as soon as they are done, the judged runs."""
        tuning = self.tuning()
        return tuning + (self.judged() if all(run.done() for run in tuning) else [])

    def tuning(self) -> list[Run]:
        own = CELLS[self.options.get("cell", "lstm")].lr
        rates = tuple(float(f"{own * rate:.3g}") for rate in (self.rates if self.scale.judged else self.rates[-2:]))
        return cross(self.claim, self.scale, (PILOT_SEED,), **self.options, optimizer__lr=rates)

    def judged(self) -> list[Run]:
        seeds = self.seeds if self.scale.judged else self.seeds[: self.scale.seeds]
        return cross(self.claim, self.scale, seeds, **self.options, optimizer__lr=self.rate())

    def rate(self) -> float:
        """The chosen learning rate."""
        tuning = run_table(self.tuning())
        if self.reset is not None:
            tuning["val/bpc"] = [
                math.inf if run.diverged() else reset_bits(run, self.reset, "last", "val").mean()
                for run in tuning["run"]
            ]
        return best_rate(tuning)

    def at_edge(self) -> bool:
        """Whether the chosen rate is the smallest or largest of those tried, so that a better one may lie beyond."""
        tried = [run.overrides["optimizer.lr"] for run in self.tuning()]
        return self.rate() in (min(tried), max(tried))


def edges(arms: list[TunedArm]) -> str:
    """In how many arms a better learning rate may lie beyond those tried, in a sentence's part."""
    at_edge = sum(arm.at_edge() for arm in arms)
    return f"the chosen learning rate was the largest or smallest of those tried in {at_edge} of {len(arms)} arms"
