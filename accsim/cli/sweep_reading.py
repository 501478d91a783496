"""``accsim sweep show`` and ``export``: what a sweep has found, also while it runs."""

from __future__ import annotations

from pathlib import Path

import click

from accsim.cli.options import json_option

store_argument = click.argument("store", type=click.Path(path_type=Path))


@click.command("show", short_help="Print the best points of a sweep.")
@store_argument
@click.option("--all", "every", is_flag=True, help="All points, not the Pareto front alone.")
@click.option("--failed", is_flag=True, help="Points without a result, with the reasons.")
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help='Only points such as "chip.memory.channels >= 2"; several must all hold.',
)
@click.option("--sort", metavar="NAME", help="By a key or metric, the best first.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The first N points only.")
@json_option
def show_command(
    store: Path,
    every: bool,
    failed: bool,
    conditions: tuple[str, ...],
    sort: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Tell which points of the sweep in STORE are best, and what is traded among them.

    A point is on the Pareto front if no other is better in one objective of the study and worse in
    none. With --where, the points that are left compete among themselves. A study without
    objectives has no front: all its points are listed.

    A condition is a key of the study, a metric, place, status or seconds; then = != < <= > or >=;
    then a value.
    """
    if every and failed:
        raise click.UsageError("--all and --failed exclude each other.")
    import json

    from accsim.sweep.reading import open_study, to_json
    from accsim.sweep.where import Names, chosen, ordered

    sweep = open_study(store)
    study = sweep.stored.study
    names = Names(study)
    wheres = [names.where(text) for text in conditions]
    by = None if sort is None else names.full(sort, "--sort")
    found = sweep.findings(chosen(sweep.rows, wheres))
    if failed:
        rows = tuple(row for row in found.rows if row.outcome.status != "done")
    else:
        every = every or not study.objectives
        rows = found.rows if every else found.on_front()
    if by is not None:
        rows = ordered(rows, by, study)
    elif not every and not failed:
        rows = ordered(rows, study.objectives[0].metric, study)
    rows = rows[:limit]
    if as_json:
        click.echo(json.dumps(to_json(found, rows), indent=2, allow_nan=False))
        return
    from accsim.cli.printing import stdout_console
    from accsim.report.sweep_table import print_lost, print_points
    from accsim.sweep.tasks import wanted

    with stdout_console() as console:
        if failed:
            print_lost(found, rows, console)
        else:
            print_points(found, rows, wanted(study), every, console)


@click.command("export", short_help="Write the points of a sweep as CSV or Parquet.")
@store_argument
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="A name that ends in .csv or .parquet (which needs the extra accsim[parquet]).",
)
def export_command(store: Path, out: Path) -> None:
    """Write a line for each finished point of the sweep in STORE.

    Columns are place, status, on_front, the keys that the study sets, its metrics, reason, seconds
    and key.
    """
    from accsim.cli.writing import writing
    from accsim.export.points import write_points
    from accsim.sweep.reading import open_study

    sweep = open_study(store)
    records = sweep.to_records()
    with writing(out):
        write_points(out, sweep.columns(), records)
    points = "1 point" if len(records) == 1 else f"{len(records)} points"
    click.echo(f"wrote {out}: {points}", err=True)
