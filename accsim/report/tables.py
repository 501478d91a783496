"""How the tables of all reports look, and how many columns of one fit side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

COLUMN_GAP = 2
"""Blanks after a column, beside the one that the table's style puts between columns."""


def plain_table(gap: int = COLUMN_GAP) -> Table:
    """A table without edges, to be filled."""
    return Table(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, show_edge=False)


def blocks(first: int, widths: Sequence[int], width: int) -> Iterator[tuple[int, ...]]:
    """Which columns go into each table, so that no table is wider than the console.

    Args:
        first: width of what every table begins with.
        widths: of the columns, the gap before each included.
        width: of the console; a column that does not fit it has a table of its own.
    """
    block: list[int] = []
    used = first
    for column, needed in enumerate(widths):
        if block and used + needed > width:
            yield tuple(block)
            block, used = [], first
        block.append(column)
        used += needed
    yield tuple(block)
