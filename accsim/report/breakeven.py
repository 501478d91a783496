"""A break-even study as a person reads it: a sentence for each run, then tables.

Names come from files, so everything is printed as plain `Text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from accsim.breakeven import RUN_ACCEPTANCE, BreakEven, Family, Place, Step
from accsim.report.breakeven_words import (
    extent_lines,
    headline,
    left_out_line,
    place_words,
    rate_words,
)
from accsim.report.tables import plain_table
from accsim.units import show_time

NOTHING = "-"
"""In a cell whose place does not fit the chip, or whose acceptance is not known."""


def print_break_even(told: BreakEven, console: Console) -> None:
    """Print the whole study."""
    console.print()
    for family in told.families:
        console.print(Text(headline(told, family), style="bold"))
    for family in told.families:
        _print_family(told, family, console)
    console.print()


def _print_family(told: BreakEven, family: Family, console: Console) -> None:
    for title, table, note in _tables(told, family):
        console.print()
        console.print(Text(title, style="bold"))
        console.print(table)
        if note:
            console.print(Text(note, style="dim"))
    console.print()
    for line in (*extent_lines(told, family), left_out_line(told, family)):
        if line:
            console.print(Text(line))


def _tables(told: BreakEven, family: Family) -> Iterator[tuple[str, Table, str]]:
    """Each table with the title above it and the note below."""
    at, base = family.reference, told.baseline
    title = f"{family.run} ({family.scheme}) against {base} at {place_words(at)}"
    note = (
        f"k: most tokens of a step; cost: over a step of {base}; needs: tokens to break even; "
        "rate: the one acceptance rate, the same at every position, that gives them; brings: with "
        "its own acceptance"
    )
    yield title, _table_at_reference(family), note
    if len(family.acceptances) > 1:
        yield f"Speed-up by acceptance at {place_words(at)}", _table_of_acceptances(family), ""
    contexts = sorted(place for place in family.places if place.batch == at.batch)
    batches = sorted(place for place in family.places if place.context == at.context)
    if len(contexts) > 1:
        values, where = [place.context for place in contexts], f"by context (batch {at.batch})"
        yield f"Cost {where}", _by_place(family, values, contexts, _cost), ""
        yield f"Speed-up {where}", _by_place(family, values, contexts, _speedup), ""
    if len(batches) > 1:
        values, where = [place.batch for place in batches], f"by batch (context {at.context})"
        yield f"Cost {where}", _by_place(family, values, batches, _cost), ""
        yield f"Speed-up {where}", _by_place(family, values, batches, _speedup), ""
    if len(family.places) > 1:
        yield "Best k and its speed-up", _best_table(family), ""


def _table_at_reference(family: Family) -> Table:
    headings = ["k", "rows", "step", "cost", "needs", "rate", "brings", "speed-up"]
    if family.variants[0].steps[0].own_ps is not None:
        headings.append("over k = 1")
    table = _table(headings)
    for variant in family.variants:
        step = variant.at(family.reference)
        cells = [
            str(variant.k),
            str(variant.rows),
            show_time(step.step_ps),
            _cost(step),
            f"{step.needed_tokens:.3f}",
            rate_words(step.needed_rate),
            _number(variant.tokens[0], ".2f"),
            _speedup(step),
        ]
        if step.speedup_over_own is not None:
            cells.append(_number(step.speedup_over_own[0], ".2f", "x"))
        table.add_row(*map(Text, cells))
    return table


def _table_of_acceptances(family: Family) -> Table:
    """A line for each set; a k that none of the named sets reaches has no column."""
    steps = {
        variant.k: variant.at(family.reference)
        for variant in family.variants
        if any(tokens is not None for tokens in variant.tokens[1:])
    }
    table = _table(["acceptance", *(f"k = {k}" for k in steps)])
    for number, name in enumerate(family.acceptances):
        shown = "its own" if name == RUN_ACCEPTANCE else name
        cells = (shown, *(_number(step.speedup[number], ".2f", "x") for step in steps.values()))
        table.add_row(*map(Text, cells))
    return table


def _by_place(
    family: Family, values: Sequence[int], places: Sequence[Place], cell: Callable[[Step], str]
) -> Table:
    table = _table(["k", *map(str, values)])
    for variant in family.variants:
        cells = (str(variant.k), *(cell(variant.at(place)) for place in places))
        table.add_row(*map(Text, cells))
    return table


def _best_table(family: Family) -> Table:
    contexts = sorted({place.context for place in family.places})
    batches = sorted({place.batch for place in family.places})
    table = _table(["context", *(f"batch {one}" for one in batches)])
    for context in contexts:
        cells = [str(context)]
        for batch in batches:
            place = Place(context, batch)
            best = family.best_at(place) if place in family.places else None
            cells.append(NOTHING if best is None else f"{best.k}: {best.speedup:.2f}x")
        table.add_row(*map(Text, cells))
    return table


def _cost(step: Step) -> str:
    return f"{step.cost:.3f}"


def _speedup(step: Step) -> str:
    return _number(step.speedup[0], ".2f", "x")


def _number(value: float | None, digits: str, unit: str = "") -> str:
    return NOTHING if value is None else f"{value:{digits}}{unit}"


def _table(headings: Sequence[str]) -> Table:
    table = plain_table(gap=1)
    for heading in headings:
        table.add_column(Text(heading), justify="right", overflow="fold")
    return table
