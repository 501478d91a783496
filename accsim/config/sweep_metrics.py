"""The metrics that a sweep file names, held against those that there are."""

from __future__ import annotations

from collections.abc import Iterator

from accsim.config.sweep_axes import Bases
from accsim.config.sweep_schema import SweepFile
from accsim.config.text import near, suggest
from accsim.config.workload_schema import WorkloadFile
from accsim.config.yaml_source import Document, KeyPath
from accsim.errors import Problem
from accsim.metrics import BEST, Asked, asked, metric_names


def metric_problems(document: Document, file: SweepFile, bases: Bases) -> Iterator[Problem]:
    """Metrics that do not exist, or that cannot be compared where they should be.

    A run that is asked for must be one of every workload.
    """
    runs = _runs(bases)
    numbers: list[tuple[str, KeyPath]] = [
        *((name, ("objectives", name)) for name in file.objectives),
        *((name, ("limits", name)) for name in file.limits),
    ]
    stored: list[tuple[str, KeyPath]] = [
        (name, ("metrics", index)) for index, name in enumerate(file.metrics)
    ]
    if not (file.objectives or stored):
        message = "nothing is asked of the points: give objectives, metrics or both"
        yield Problem(document.file, message, 1, 1)
    for name, path in numbers + stored:
        try:
            metric = asked(name)
        except KeyError:
            known = dict.fromkeys(one for names in runs.values() for one in metric_names(names))
            yield document.problem(path, f"unknown metric {name!r}{near(name, known)}", at_key=True)
            continue
        if metric.metric.is_name and (name, path) in numbers:
            message = f"{name} is a name and no number: it can only be stored, below metrics"
            yield document.problem(path, message, at_key=True)
        for workload, names in runs.items():
            fault = _missing_run(metric, workload, names)
            if fault:
                yield document.problem(path, fault, at_key=True)


def _runs(bases: Bases) -> dict[str, list[str]]:
    """The names of the runs of each workload."""
    return {
        base.text: [run.name for run in base.file.runs]
        for base in bases["workload"]
        if isinstance(base.file, WorkloadFile)
    }


def _missing_run(metric: Asked, workload: str, runs: list[str]) -> str:
    """Why a workload does not have a metric; "" if it does."""
    if metric.run in (None, BEST, *runs):
        return ""
    return f"{workload} has no run {metric.run!r}{suggest(str(metric.run), [*runs, BEST])}"
