"""Full reports of points of a sweep, simulated again from what the store holds of them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from accsim import __version__
from accsim.cli.progress import progress_bar
from accsim.cli.provenance import versions
from accsim.cli.sweep_report import report_name
from accsim.config.variant_origins import chip_variant_values, workload_variant_values
from accsim.config.variants import chip_document, workload_document
from accsim.errors import InputError, Problem
from accsim.pass_view import PassView
from accsim.pipeline import run
from accsim.provenance import Provenance
from accsim.report.run_report import write_run_report
from accsim.study import Row, Study, fields_of
from accsim.sweep.reading import Sweep
from accsim.sweep.tasks import base_files, task_of
from accsim.tracing.decoding import trace_workload

GENERATIONS = 1000
"""Drawn for each run, as ``accsim run`` does."""


def write_points(
    folder: Path, store: Path, sweep: Sweep, rows: Sequence[Row], files: Path, quiet: bool
) -> None:
    """Simulate points in full and write a report of each.

    Args:
        folder: where to.
        store: of the sweep, for messages.
        sweep: what it holds.
        rows: the points; each has a key.
        files: where the paths of chips and workloads in the study start.
        quiet: no progress.

    Raises:
        InputError: a chip or workload is not there, or is not what the point was made from.
        OSError: a report cannot be written.
    """
    version = sweep.stored.accsim_version
    if version != __version__:
        message = f"was made by accsim {version}, and this is {__version__}: points may differ"
        raise InputError(Problem(str(store), message))
    study = replace(sweep.stored.study, folder=str(files))
    with progress_bar(quiet) as progress:
        for number, row in enumerate(rows):
            if progress:
                progress(f"point {row.point.place}", number, len(rows))
            _write_point(folder / report_name(row), store, study, row)


def _write_point(path: Path, store: Path, study: Study, row: Row) -> None:
    task = task_of(study, row.point.settings)
    if task.key != row.point.key:
        message = (
            f"point {row.point.place} was made from other files: a chip or workload has been "
            "changed since, or lies elsewhere (--files)"
        )
        raise InputError(Problem(str(store), message))
    views: list[PassView] = []
    trace = trace_workload(task.workload)
    # By its own name alone it would be taken for the chip of the file.
    chip = replace(task.chip, name=f"{task.chip.name} ({study.name}, point {row.point.place})")
    result = run(chip, trace, generations=GENERATIONS, show=views.append)
    write_run_report(path, result, views, _provenance(store, study, row))


def _provenance(store: Path, study: Study, row: Row) -> Provenance:
    settings, place = row.point.settings, row.point.place
    chip, workload = base_files(study, settings)
    origin = f"sweep {study.name}, point {place}"
    folder = Path(study.folder)
    words = ["accsim", "sweep", "report", store.name, "-o", "reports", "--point", str(place)]
    return Provenance(
        command=shlex.join(words),
        versions=versions(),
        chip=chip_variant_values(chip_document(chip, folder), fields_of(settings, "chip"), origin),
        workload=workload_variant_values(
            workload_document(workload, folder), fields_of(settings, "workload"), origin
        ),
    )
