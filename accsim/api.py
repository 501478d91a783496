"""What scripts and notebooks begin with, all of it as ``accsim.run`` and so on.

Chips and workloads are given as paths, as names of those that come with accsim, or as the frozen
values that such files become. A changed chip is a copy with other fields (`dataclasses.replace`).
"""

from __future__ import annotations

import os

import accsim.report.notebook  # noqa: F401  # results know from now on how notebooks show them
from accsim import pipeline
from accsim.chip import Chip
from accsim.config import resolve, result_file
from accsim.loading import TRACE_SUFFIXES, load_trace
from accsim.ops import OpTrace
from accsim.pipeline import Progress
from accsim.result import Result
from accsim.tracing.decoding import trace_workload
from accsim.workload import Workload

Name = str | os.PathLike[str]


def load_chip(name: Name) -> Chip:
    """The chip of a file, by path or by the name of a shipped one.

    Raises:
        InputError: every problem of the file.
    """
    return resolve.load_chip(os.fspath(name))


def load_workload(name: Name) -> Workload:
    """The workload of a file, by path or by the name of a shipped one.

    Raises:
        InputError: every problem of the file.
    """
    return resolve.load_workload(os.fspath(name))


def load_result(path: Name) -> Result:
    """A result that ``accsim run --json`` or ``--out`` wrote.

    Raises:
        InputError: every problem of the file.
    """
    return result_file.load_result(os.fspath(path))


def run(
    chip: Chip | Name,
    workload: Workload | OpTrace | Name,
    *,
    exact: bool = False,
    generations: int = 1000,
    progress: Progress | None = None,
) -> Result:
    """Simulate every run of a workload on a chip, as ``accsim run`` does.

    Args:
        chip: the hardware.
        workload: what to decode; a name that ends in .jsonl or .jsonl.gz is an operator trace.
        exact: simulate every pass and every layer, instead of interpolating some.
        generations: how many generations of each run are drawn over its pass times; 0 draws none.
        progress: called with what is being done, how much of it is done, and how much there is.

    Raises:
        InputError: a problem of a file, or the workload does not fit the chip.
        SimulationError: the simulation failed a check (a bug).

    >>> accsim.run("ddr_npu", "llama2_mtp").speedup.by_run["heads4_k4"]  # doctest: +SKIP
    3.2559...
    """
    return pipeline.run(
        as_chip(chip),
        _traced(workload),
        exact=exact,
        generations=generations,
        progress=progress,
    )


def as_chip(chip: Chip | Name) -> Chip:
    """A chip as it is, or that of a file."""
    return chip if isinstance(chip, Chip) else load_chip(chip)


def as_workload(workload: Workload | Name) -> Workload:
    """A workload as it is, or that of a file."""
    return workload if isinstance(workload, Workload) else load_workload(workload)


def _traced(workload: Workload | OpTrace | Name) -> OpTrace:
    if isinstance(workload, OpTrace):
        return workload
    if not isinstance(workload, Workload) and os.fspath(workload).endswith(TRACE_SUFFIXES):
        return load_trace(os.fspath(workload))
    return trace_workload(as_workload(workload))
