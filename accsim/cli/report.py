"""``accsim report``: the HTML report of a folder that ``accsim run --out`` wrote."""

from __future__ import annotations

from pathlib import Path

import click

from accsim.cli.options import HtmlFile
from accsim.errors import InputError, Problem

RESULT, PROVENANCE = "result.json", "provenance.json"
"""Files of such a folder that a report is made from."""


@click.command("report", short_help="Make an HTML report of what run --out wrote.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=HtmlFile(),
    metavar="FILE.html",
    help="Where to write it.  [default: DIR/report.html]",
)
def report_command(folder: Path, output: Path | None) -> None:
    """Make one HTML file of a result, with charts and the timelines of its passes.

    DIR is a folder written by accsim run --out. Nothing is simulated. The file needs no other file
    and no network.
    """
    from accsim.cli.writing import writing
    from accsim.config.provenance_file import load_provenance
    from accsim.config.result_file import load_result
    from accsim.export.pass_view_file import read_views
    from accsim.report.run_report import write_run_report

    if folder.is_file():
        message = f"is a file; give the folder that accsim run --out wrote: {folder.parent}"
        raise InputError(Problem(str(folder), message))
    result = load_result(str(folder / RESULT))
    views = read_views(folder, [run.name for run in result.runs])
    provenance = load_provenance(str(folder / PROVENANCE))
    place = folder / "report.html" if output is None else output
    with writing(place):
        write_run_report(place, result, views, provenance)
    click.echo(f"wrote {place}", err=True)
