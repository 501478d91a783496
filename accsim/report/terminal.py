"""The report that a person reads: the answer first, then the figures behind it.

Names come from files, so everything is printed as plain `Text`: ``[red]`` stays ``[red]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from accsim.report.metrics import OP_HEADINGS, Section, operator_rows, sections
from accsim.report.tables import COLUMN_GAP, blocks, plain_table
from accsim.report.wording import disagreements, headline, setting
from accsim.result import Result, RunResult

DROPPED_HEADINGS = ("roofline", "MACs/B", "energy", "share")
"""Columns that an operator table goes without, one after the other, where it is too narrow."""


def print_result(result: Result, console: Console) -> None:
    """Print the whole report; as many tables side by side as the console is wide."""
    console.print()
    console.print(Text(headline(result), style="bold"))
    console.print()
    console.print(Text(setting(result), style="dim"))
    names = [run.name for run in result.runs]
    for table in runs_tables(names, sections(result), console.width):
        console.print()
        console.print(table)
    for run in result.runs:
        console.print()
        console.print(_operator_table(run, console.width))
        remark = disagreements(run)
        if remark:
            console.print(Padding(Text(remark, style="yellow"), (1, 0, 0, 1)))
    console.print()


def runs_tables(names: Sequence[str], parts: tuple[Section, ...], width: int) -> Iterator[Table]:
    """Runs side by side, in as many tables as make none wider than the console."""
    for columns in _blocks(names, parts, width):
        yield _runs_table(names, parts, columns)


def _blocks(
    names: Sequence[str], parts: tuple[Section, ...], width: int
) -> Iterator[tuple[int, ...]]:
    """The runs of each table."""
    rows = [row for part in parts for row in part.rows]
    labels = (*(f" {row.label}" for row in rows), *(part.title for part in parts))
    label_width = max(len(label) for label in labels)
    widths = [
        COLUMN_GAP + 1 + max(len(name), *(len(row.values[column]) for row in rows))
        for column, name in enumerate(names)
    ]
    return blocks(label_width, widths, width)


def _runs_table(
    names: Sequence[str], parts: tuple[Section, ...], columns: tuple[int, ...]
) -> Table:
    table = plain_table()
    table.add_column(Text(""), overflow="fold")
    for column in columns:
        table.add_column(Text(names[column]), justify="right", overflow="fold")
    for number, part in enumerate(parts):
        if number:
            table.add_row()
        table.add_row(Text(part.title, style="bold"))
        for row in part.rows:
            table.add_row(Text(f" {row.label}"), *(Text(row.values[i]) for i in columns))
    return table


def _operator_table(run: RunResult, width: int) -> Table:
    rows = operator_rows(run)
    headings, gap = _fitting(rows, width)
    table = plain_table(gap)
    table.title = Text(f"Mean decode pass of {run.name}, by operator group", style="bold")
    table.title_justify = "left"
    for heading in headings:
        left = heading in (OP_HEADINGS[0], *OP_HEADINGS[-2:])
        table.add_column(Text(heading), justify="left" if left else "right", overflow="fold")
    for row in rows:
        cells = dict(zip(OP_HEADINGS, row, strict=True))
        table.add_row(*(Text(cells[heading]) for heading in headings))
    return table


def _fitting(rows: list[tuple[str, ...]], width: int) -> tuple[tuple[str, ...], int]:
    """The headings of the columns that fit, and the gap after each.

    The table cannot be split, so its columns first draw together, then the least needed go.
    """
    columns = zip(OP_HEADINGS, *rows, strict=True)
    needed = {heading: max(map(cell_len, (heading, *cells))) for heading, *cells in columns}
    headings: tuple[str, ...] = OP_HEADINGS
    gap = COLUMN_GAP
    if _width(needed, headings, gap) > width:
        gap = 0
    for dropped in DROPPED_HEADINGS:
        if _width(needed, headings, gap) <= width:
            break
        headings = tuple(heading for heading in headings if heading != dropped)
    return headings, gap


def _width(needed: dict[str, int], headings: tuple[str, ...], gap: int) -> int:
    """Of a table: its columns, and between two of them the gap and the blank of the style."""
    return sum(needed[heading] for heading in headings) + (gap + 1) * (len(headings) - 1)
