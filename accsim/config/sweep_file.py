"""Sweep files as the values that a sweep works with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from accsim.config.fields import Section
from accsim.config.kinds import refuse_other_kind
from accsim.config.problems import check
from accsim.config.resolve import check_chip, check_workload
from accsim.config.shipped import find
from accsim.config.sweep_axes import BaseFile, Bases, read_axes
from accsim.config.sweep_levels import refused_levels
from accsim.config.sweep_metrics import metric_problems
from accsim.config.sweep_schema import SweepFile
from accsim.config.variants import chip_document, workload_document
from accsim.config.yaml_source import Document, KeyPath, read_yaml
from accsim.errors import InputError, Problem
from accsim.study import Limit, Objective, Sampler, Study


def load_study(path_or_name: str) -> Study:
    """Read a sweep file, by path or by the name of a shipped one.

    Chips and workloads are checked with it, and each level of each axis is tried on them.

    Raises:
        InputError: every problem of the file, and of the chips and workloads that it names.
    """
    document = read_yaml(str(find("sweeps", path_or_name)))
    refuse_other_kind(document, "sweep")
    file, problems = check(document, SweepFile)
    folder = Path(document.file).parent
    bases: Bases = {
        "chip": _bases(document, "chip", chip_document, check_chip, problems),
        "workload": _bases(document, "workload", workload_document, _checked_workload, problems),
    }
    if file is None or problems:
        raise InputError(problems)
    placed, problems = read_axes(document, file, bases)
    problems += metric_problems(document, file, bases)
    problems += refused_levels(document, placed, bases)
    if problems:
        raise InputError(sorted(problems, key=lambda one: (one.line or 0, one.column or 0)))
    return Study(
        name=file.name,
        chips=tuple(base.text for base in bases["chip"]),
        workloads=tuple(base.text for base in bases["workload"]),
        axes=tuple(one.axis for one in placed),
        limits=tuple(Limit(name, one.least, one.most) for name, one in file.limits.items()),
        objectives=tuple(
            Objective(name, aim == "maximise") for name, aim in file.objectives.items()
        ),
        metrics=tuple(file.metrics),
        sampler=Sampler(file.sampler.kind, file.sampler.count, file.sampler.seed),
        timeout_s=file.timeout_s,
        folder=str(folder),
    )


def _checked_workload(document: Document) -> Section:
    return check_workload(document)[0]


def _bases(
    document: Document,
    key: str,
    read: Callable[[str, Path], Document],
    checked: Callable[[Document], Section],
    problems: list[Problem],
) -> tuple[BaseFile, ...]:
    """The chips or workloads that a sweep names, whatever else is wrong with it; their problems are
    added to `problems`.
    """
    folder = Path(document.file).parent
    stated = document.value.get(key)
    found: list[BaseFile] = []
    for index, text in enumerate(stated if isinstance(stated, list) else [stated]):
        if not isinstance(text, str) or not text:
            continue  # as the schema says
        path: KeyPath = (key, index) if isinstance(stated, list) else (key,)
        try:
            base = read(text, folder)
            found.append(BaseFile(text, base, checked(base)))
        except InputError as error:
            problems += [_placed(document, path, problem) for problem in error.problems]
    return tuple(found)


def _placed(document: Document, path: KeyPath, problem: Problem) -> Problem:
    """A problem of a file that the sweep names; one without a line is told where it is named."""
    if problem.line is not None:
        return problem
    return document.problem(path, f"{problem.file}: {problem.message}")
