"""Points of a sweep on the terminal: the answer in a sentence, then a line for each point.

Names come from files, so everything is printed as plain `Text`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from accsim.findings import Findings, varied
from accsim.report.sweep_words import (
    aims_words,
    axis_words,
    counts,
    headline,
    metric_of,
    short,
)
from accsim.report.tables import COLUMN_GAP, blocks, plain_table
from accsim.study import Row, Study, status_words

Column = tuple[str, Sequence[str], bool]
"""Heading, a cell for each row, and whether cells are text rather than numbers."""


def print_points(
    found: Findings, rows: Sequence[Row], metrics: Sequence[str], every: bool, console: Console
) -> None:
    """Print what the sweep comes to, and some of its points.

    Args:
        found: the answer is about its rows.
        rows: the points to be listed.
        metrics: columns besides what the axes set.
        every: not those of the front alone: a column tells which are on it.
        console: where to.
    """
    _print_head(found, headline(found), console)
    columns = [*_axes(found.study, rows)]
    if every:
        places = frozenset(found.front)
        marks = ["front" if row.point.place in places else "" for row in rows]
        columns[:0] = [("", marks, True), ("status", _statuses(rows), True)]
    for metric in metrics:
        columns.append((metric, [metric_of(row, metric) for row in rows], False))
    title = "Points" if every else f"Pareto front: {aims_words(found.study)}"
    _print_columns(title, rows, columns, console)


def print_lost(found: Findings, rows: Sequence[Row], console: Console) -> None:
    """Print points that were not simulated to the end, each with the reason."""
    _print_head(found, "", console)
    columns: list[Column] = [
        ("status", _statuses(rows), True),
        *_axes(found.study, rows),
    ]
    _print_columns("Points without a result", rows, columns, console)
    for row in rows:
        status = status_words(row.outcome.status)
        console.print(Text(f"#{row.point.place} {status}: {row.outcome.reason}"))
    console.print()


def _print_head(found: Findings, answer: str, console: Console) -> None:
    console.print()
    if answer:
        console.print(Text(answer, style="bold"))
        console.print()
    console.print(Text(f"{found.study.name}, {counts(found)}", style="dim"))
    console.print()


def _statuses(rows: Sequence[Row]) -> list[str]:
    return [status_words(row.outcome.status) for row in rows]


def _axes(study: Study, rows: Sequence[Row]) -> Iterator[Column]:
    for axis in varied(study):
        yield short(axis.name), [axis_words(row, axis) for row in rows], True


def _print_columns(
    title: str, rows: Sequence[Row], columns: Sequence[Column], console: Console
) -> None:
    """As many columns side by side as fit; each table begins with the number of the point."""
    if not rows:
        console.print(Text("no such points"))
        console.print()
        return
    numbers = [f"#{row.point.place}" for row in rows]
    widths = [
        COLUMN_GAP + 1 + max(map(cell_len, (*_lines(heading), *cells)))
        for heading, cells, _ in columns
    ]
    console.print(Text(title, style="bold"))
    for block in blocks(max(map(len, numbers)), widths, console.width):
        console.print(_table(numbers, [columns[index] for index in block]))
        console.print()


def _lines(heading: str) -> list[str]:
    """A dotted name takes a line for each part: it is longer than what stands below it."""
    parts = heading.split(".")
    return [*(f"{part}." for part in parts[:-1]), parts[-1]]


def _table(numbers: Sequence[str], columns: Sequence[Column]) -> Table:
    table = plain_table()
    table.add_column(Text(""), justify="right")
    for heading, _, is_text in columns:
        justify = "left" if is_text else "right"
        table.add_column(Text("\n".join(_lines(heading))), justify=justify, overflow="fold")  # type: ignore[arg-type]
    for number, *cells in zip(numbers, *(cells for _, cells, _ in columns), strict=True):
        table.add_row(Text(number), *map(Text, cells))
    return table
