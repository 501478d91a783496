"""``accsim sweep report``: what a sweep found as one HTML page, and full reports of its points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accsim.cli.options import quiet_option
from accsim.cli.sweep_reading import store_argument

if TYPE_CHECKING:
    from accsim.study import Row
    from accsim.sweep.reading import Sweep

PAGE = "index.html"
"""The page of the sweep in a folder with reports of points."""

KEY_DIGITS = 8
"""With fewer digits a point is meant by its number."""


@click.command("report", short_help="Make an HTML page of what a sweep found.")
@store_argument
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.html|DIR",
    help="The page to write; with --point or --front a folder, of which it is index.html.",
)
@click.option(
    "--point",
    "wanted",
    multiple=True,
    metavar="POINT",
    help="Also simulate this point in full and report on it: its number, or 8 or more digits that "
    "its key begins with; several times for several.",
)
@click.option("--front", is_flag=True, help="The same for every point of the Pareto front.")
@click.option(
    "--files",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the chip and workload files lie that the study names: the folder of the study "
    "file.  [default: that of STORE]",
)
@quiet_option
def report_command(
    store: Path, out: Path, wanted: tuple[str, ...], front: bool, files: Path | None, quiet: bool
) -> None:
    """Make one HTML page of the sweep in STORE: its front, its axes, its points.

    The page needs no network. It links to the full reports that lie beside it, which --point and
    --front write: the same as accsim run --report makes of a chip and a workload.
    """
    from accsim.cli.writing import check_writable, out_folder, writing
    from accsim.errors import InputError, Problem
    from accsim.sweep.reading import open_study

    sweep = open_study(store)
    if not sweep.stored.study.objectives:
        message = "its study has no objectives to report on; accsim sweep show lists the points"
        raise InputError(Problem(str(store), message))
    rows = _chosen(sweep, str(store), wanted, front)
    if not (wanted or front):
        check_writable(out)
        with writing(out):
            _write_page(out, out.parent, sweep, store)
        _tell(out, quiet)
        return
    from accsim.cli.sweep_points import write_points

    with out_folder(out) as folder:
        write_points(folder, store, sweep, rows, files or store.parent, quiet)
        written = sorted(file.name for file in folder.iterdir())
        _write_page(folder / PAGE, out, sweep, store, written)
    for name in (*written, PAGE):
        _tell(out / name, quiet)


def _tell(path: Path, quiet: bool) -> None:
    if not quiet:
        click.echo(f"wrote {path}", err=True)


def _write_page(
    path: Path, beside: Path, sweep: Sweep, store: Path, written: Sequence[str] = ()
) -> None:
    from accsim.report.sweep_report import write_sweep_report
    from accsim.sweep.tasks import wanted

    found = sweep.findings()
    write_sweep_report(
        path,
        found,
        wanted(found.study),
        _reports(found.done, beside, written),
        store.name,
        sweep.stored.accsim_version,
    )


def _reports(rows: Sequence[Row], beside: Path, written: Sequence[str]) -> Mapping[int, str]:
    """The names of full reports by place: just written, or in a folder from before."""
    names = {row.point.place: report_name(row) for row in rows}
    return {
        place: name for place, name in names.items() if name in written or (beside / name).is_file()
    }


def report_name(row: Row) -> str:
    """The file of the full report of a point; that of another study or version is another."""
    return f"point-{row.point.place}-{row.point.key[:8]}.html"


def _chosen(sweep: Sweep, store: str, wanted: Sequence[str], front: bool) -> tuple[Row, ...]:
    """The points that are asked for, each once, in the order of the study.

    Raises:
        BadParameter: there is no such point, or it has no result.
    """
    places = {_found(sweep, text).point.place for text in wanted}
    if front:
        places.update(row.point.place for row in sweep.pareto())
    return tuple(row for row in sweep.rows if row.point.place in places)


def _found(sweep: Sweep, text: str) -> Row:
    is_number = text.isascii() and text.isdecimal() and len(text) < KEY_DIGITS
    if not is_number and len(text) < KEY_DIGITS:
        message = f"{text!r} is neither a number nor {KEY_DIGITS} or more digits of a key."
        raise click.BadParameter(message, param_hint="--point")
    rows = [
        row
        for row in sweep.rows
        if (row.point.place == int(text) if is_number else row.point.key.startswith(text))
    ]
    if not rows:
        message = f"no finished point {text}; there are {len(sweep.rows)}."
        raise click.BadParameter(message, param_hint="--point")
    if rows[0].outcome.status != "done":
        from accsim.study import status_words

        outcome = rows[0].outcome
        status = status_words(outcome.status)
        message = f"point {text} has no result: {status}, {outcome.reason}."
        raise click.BadParameter(message, param_hint="--point")
    return rows[0]
