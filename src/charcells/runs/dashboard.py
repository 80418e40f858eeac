"""The workspace and the report of a sweep in W&B: its levels side by side, curves, samples, and a table of factors.

Both show the runs of the sweep's group, and name only keys that these runs have logged.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from charcells.errors import UserError
from charcells.runs.colours import colours_of
from charcells.runs.comparison import compared_factor, deciding_metric, factors, summarise
from charcells.runs.folder import RunFolder
from charcells.runs.show import shown_interval, shown_value
from charcells.runs.table import SHORT, metrics_of, of_classifiers, read_runs
from charcells.runs.wandb_runs import group_of, id_of, project_of

if TYPE_CHECKING:
    from wandb_workspaces.reports import v2 as reports
    from wandb_workspaces.workspaces import Workspace

MAX_RUNS = 100
"""Most runs that a panel of the workspace shows."""

CURVES = {
    "val/bpc": "validation: bits per character",
    "val/accuracy": "validation: accuracy",
    "val/loss": "validation: nats",
    "train/loss": "training: nats",
    "grad_norm": "norm of the gradient, before clipping",
    "lr": "learning rate",
}
"""Curves of a workspace, in their order, and what each shows."""


@dataclass(frozen=True)
class Sweep:
    """The runs of a sweep folder that were logged to W&B, as a table with `path` and `id` of each run."""

    folder: Path
    runs: pd.DataFrame

    @property
    def group(self) -> str:
        return group_of(self.folder)

    @cached_property
    def project(self) -> str:
        """That of its runs. Raises UserError if they are in several."""
        projects = {project_of(RunFolder(path).read_config()) for path in self.runs["path"]}
        if len(projects) > 1:
            raise UserError(f"the runs of {self.folder} are in several W&B projects: {', '.join(sorted(projects))}")
        return projects.pop()

    @cached_property
    def factors(self) -> list[str]:
        return factors(self.runs)

    @property
    def compared(self) -> str | None:
        return compared_factor(self.factors)

    @property
    def read(self) -> str:
        """What the runs read: characters or reviews."""
        return "reviews" if of_classifiers(self.runs) else "characters"

    @property
    def seen(self) -> str:
        """The key of the horizontal axis of every curve."""
        return {"reviews": "reviews_seen", "characters": "chars_seen"}[self.read]

    @cached_property
    def curves(self) -> list[str]:
        """The CURVES that a run of the sweep has logged."""
        logged: set[str] = set()
        for path in self.runs["path"]:
            metrics = RunFolder(path).metrics
            if metrics.exists():
                logged |= set(map(str, pd.read_csv(metrics).dropna(axis=1, how="all")))
        return [key for key in CURVES if key in logged]

    @property
    def figures(self) -> list[str]:
        """The final figures that a run of the sweep has: validation, test."""
        return [key for key in metrics_of(self.runs) if self.runs[key].notna().any()]

    @property
    def finished(self) -> list[RunFolder]:
        return [RunFolder(path) for path in self.runs.loc[self.runs["status"] == "finished", "path"]]

    @property
    def levels(self) -> dict[str, str]:
        """The level of the compared factor of each run, by its id, in the order of the table."""
        if self.compared is None:
            return {}
        runs = self.runs.sort_values(self.compared)
        return dict(zip(runs["id"], (shown_value(self.compared, value) for value in runs[self.compared]), strict=True))

    @property
    def level_colours(self) -> dict[str, str]:
        """The colour of each level, as in runs.png."""
        return colours_of(list(dict.fromkeys(self.levels.values())))

    @property
    def run_colours(self) -> dict[str, str]:
        """The colour of each run, by its id: that of its level."""
        return {run: self.level_colours[level] for run, level in self.levels.items()}

    def key(self, factor: str) -> str:
        """The key of a factor in the configuration of a W&B run: of a fact, or of an option below `config`."""
        facts = RunFolder(self.runs["path"].iloc[0]).read_summary()
        return factor if factor in facts else f"config.{SHORT.get(factor, factor)}"


def read_sweep(folder: Path) -> Sweep:
    """The runs of a sweep folder. Raises UserError if there are none, or none that was logged to W&B."""
    runs = read_runs(folder)
    runs["path"] = [folder / name for name in runs["folder"]]
    runs["id"] = [id_of(RunFolder(path)) for path in runs["path"]]
    logged = runs[runs["id"].notna() & (runs["status"] != "unreadable")].reset_index(drop=True)
    if logged.empty:
        raise UserError(f"sweep={folder}: none of its {len(runs)} runs was logged to W&B: train them with logger=wandb")
    return Sweep(folder, logged)


def workspace(sweep: Sweep, entity: str) -> "Workspace":
    """The workspace of a sweep: a section each for its final figures, curves, samples and factors."""
    from wandb_workspaces import workspaces as ws

    sections = [
        ws.Section(name=name, panels=panels, is_open=True) for name, panels in _sections(sweep).items() if panels
    ]
    columns = [f"config:{_column(sweep.key(factor))}" for factor in (*sweep.factors, "seed")]
    return ws.Workspace(
        entity=entity,
        project=sweep.project,
        name=f"Sweep {sweep.group}",
        sections=sections,
        settings=ws.WorkspaceSettings(x_axis=sweep.seen, max_runs=min(MAX_RUNS, len(sweep.runs))),
        runset_settings=ws.RunsetSettings(
            filters=_of_group(sweep),
            groupby=[ws.Config(sweep.key(sweep.compared))] if sweep.compared else [],
            group_colors=dict(sweep.level_colours),
            run_settings={run: ws.RunSettings(color=colour) for run, colour in sweep.run_colours.items()},
            pinned_columns=[*columns, *(f"summary:{figure}" for figure in sweep.figures)],
        ),
    )


def report(sweep: Sweep, entity: str) -> "reports.Report":
    """The report of a sweep: what was compared, a table of its factors, and the panels of the workspace."""
    from wandb_workspaces.reports import v2 as wr

    runset = wr.Runset(  # of the report's own project: naming that would ask W&B for it
        name=f"sweep {sweep.group}",
        filters=_of_group(sweep),
        groupby=[f"config.{sweep.key(sweep.compared)}"] if sweep.compared else [],
    )
    colours: dict[Any, str] = {**sweep.run_colours}
    for level, colour in sweep.level_colours.items():
        assert sweep.compared is not None
        key = wr.RunsetGroupKey(wr.Config(sweep.key(sweep.compared)), level)
        colours[wr.RunsetGroup(runset.name, (key,))] = colour
    blocks: list[Any] = [wr.MarkdownBlock(_introduction(sweep)), wr.MarkdownBlock(_table_of_factors(sweep))]
    for name, panels in _sections(sweep).items():
        if panels:
            blocks += [wr.H2(name), wr.PanelGrid(runsets=[runset], panels=panels, custom_run_colors=colours)]
    return wr.Report(project=sweep.project, entity=entity, title=f"Sweep {sweep.group}", blocks=blocks, width="fluid")


def save(sweep: Sweep, entity: str) -> list[str]:
    """Save workspace and report to W&B, as new views; their addresses. Raises whatever W&B raises."""
    import wandb

    entity = entity or str(wandb.Api().default_entity)
    return [each.save().url for each in (workspace(sweep, entity), report(sweep, entity))]


def as_json(sweep: Sweep, entity: str) -> str:
    """Workspace and report as W&B's own JSON, with the place that they belong to."""
    built = workspace(sweep, entity), report(sweep, entity)
    views = [each._to_model().model_dump(mode="json", by_alias=True, exclude_none=True) for each in built]
    place = {"entity": entity, "project": sweep.project, "group": sweep.group}
    return json.dumps({**place, "workspace": views[0], "report": views[1]}, indent=1, ensure_ascii=False) + "\n"


def _of_group(sweep: Sweep) -> str:
    """The filter of the sweep's runs, in the syntax of wandb-workspaces, which reads it as Python."""
    return f'Metric("Group") == {sweep.group!r}'


def _column(key: str) -> str:
    """The key of a configuration as a column: W&B puts `.value` behind its first part."""
    first, dot, rest = key.partition(".")
    return f"{first}.value{dot}{rest}"


def _sections(sweep: Sweep) -> dict[str, list[Any]]:
    """The panels of each section. They show the groups of the run set, so each level as the mean of its runs."""
    from wandb_workspaces.reports import v2 as wr

    bars = [wr.BarPlot(title=f"{figure}, mean of the runs", metrics=[figure]) for figure in reversed(sweep.figures)]
    curves = [
        wr.LinePlot(title=CURVES[key], x=sweep.seen, y=[key], title_x=f"{sweep.read} seen") for key in sweep.curves
    ]
    columns = [
        *(wr.Config(sweep.key(factor)) for factor in (*sweep.factors, "seed")),
        *(wr.SummaryMetric(figure) for figure in sweep.figures),
    ]
    parallel = wr.ParallelCoordinatesPlot(columns=[wr.ParallelCoordinatesPlotColumn(metric=each) for each in columns])
    samples: list[Any] = []  # a run sends them at its end
    if any(run.samples.exists() and run.read_samples() for run in sweep.finished):
        samples.append(wr.WeavePanelSummaryTable(table_name="samples"))
    if sweep.finished:
        samples.append(wr.MediaBrowser(media_keys=["loss curve"], title="loss curves"))
    return {
        f"Each {sweep.compared} side by side" if sweep.compared else "Final figures": bars,
        f"Curves by {sweep.read} seen": curves,
        "Samples": samples,
        "Factors": [parallel, wr.RunComparer(diff_only="split")],
    }


def _introduction(sweep: Sweep) -> str:
    named = ", ".join(f"`{factor}`" for factor in sweep.factors) or "the seed"
    said = f"{len(sweep.finished)} of {len(sweep.runs)} runs finished; they differ in {named}."
    if sweep.figures:
        said += (
            f" Marks are by `{deciding_metric(sweep.runs)}`, all other factors equal; ± is half the width of the 95 % "
            "interval over seeds."
        )
    return said


def _table_of_factors(sweep: Sweep) -> str:
    """A row for each combination of the factors, as Markdown."""
    table = summarise(sweep.runs)
    if table.empty:
        return "No run has finished."
    head = [*sweep.factors, "n", *sweep.figures, ""]
    lines = [head, ["---"] * len(head)]
    for row in table.to_dict("records"):
        values = [shown_value(name, row[name]) for name in sweep.factors]
        figures = [shown_interval(row[name], row[f"{name} ±"]) for name in sweep.figures]
        lines.append([*(value.replace("|", "\\|") for value in values), str(row["n"]), *figures, row["mark"]])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
