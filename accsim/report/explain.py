"""A pass, operator by operator: how each is mapped and what its time goes to.

Names come from files, so everything is printed as plain `Text`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from accsim.explanation import Line, OpExplanation, PassExplanation
from accsim.report.mapping_words import cut_words, places_words
from accsim.report.metrics import percent
from accsim.report.wording import CAUSE_NAMES, NOTED_SHARE
from accsim.units import show_bytes, show_capacity, show_count, show_time

HEADINGS = ("operator", "DRAM", "x need", "MACs", "busy", "on path", "mostly")

NOTE_INDENT = 4
"""Blanks before the line that tells how an operator is mapped."""

SHORT_CAUSES = {**CAUSE_NAMES, "vector": "vector", "sram": "SRAM", "sram_bandwidth": "SRAM rate"}
"""As narrow as a column of the table."""


def print_explanation(told: PassExplanation, console: Console) -> None:
    """Print the table of operators, the division of the SRAM and what bounds the pass."""
    console.print()
    console.print(Text(pass_title(told), style="bold"))
    console.print()
    console.print(
        Text(
            "Equal operators of several layers share a line; its figures are their sums, the "
            "mapping is that of each. DRAM: bytes moved; x need: over the bytes needed once; "
            "busy: of the unit that does the work; on path: on the critical path.",
            style="dim",
        )
    )
    console.print()
    for text in _table(told, console.width):
        console.print(text)
    console.print()
    console.print(Text(_sram(told)))
    console.print()
    console.print(Text(bound_sentence(told), style="bold"))
    console.print()


def pass_title(told: PassExplanation) -> str:
    """Which pass of what this is."""
    tokens = sum(told.contexts)
    batch = f" in {len(told.contexts)} sequences" if len(told.contexts) > 1 else ""
    pinned = f", mapping pinned by {told.mapping}" if told.mapping else ""
    rows = f"{told.rows:,} row{'s' if told.rows > 1 else ''}"
    return (
        f"Pass {told.run}:{told.number} ({told.phase}) of {told.workload} on {told.chip}: "
        f"{rows} after {tokens:,} cached tokens{batch}, {show_time(told.elapsed_ps)}{pinned}"
    )


def bound_sentence(told: PassExplanation) -> str:
    """What bounds the pass, and how far it is from what it must take."""
    elapsed = told.elapsed_ps
    floor = max(told.memory_floor_ps, told.compute_floor_ps)
    causes = {
        CAUSE_NAMES[cause]: time
        for cause, time in sorted(told.causes_ps.items(), key=lambda item: -item[1])
        if time >= NOTED_SHARE * elapsed
    }
    shares = ", ".join(f"{name} {percent(time / elapsed)}" for name, time in causes.items())
    return (
        f"The pass is bound by {CAUSE_NAMES[told.bound]} (critical path: {shares}): it takes "
        f"{show_time(elapsed)}, {elapsed / floor:.3f}x what it must; at their peaks the DRAM pins "
        f"need {show_time(told.memory_floor_ps)} for its bytes and the array "
        f"{show_time(told.compute_floor_ps)} for its MACs."
    )


def dram_sentence(told: PassExplanation) -> str:
    """What the DRAM did with the time of the pass."""
    states = ", ".join(
        f"{percent(time / told.elapsed_ps)} {name}"
        for name, time in told.dram_states_ps.items()
        if time
    )
    return f"Over the whole pass its time was {states}."


def _sram(told: PassExplanation) -> str:
    sram = told.sram
    count = len(told.spilled)
    are = "activation is" if count == 1 else "activations are"
    spilled = f"; {count} {are} spilled to DRAM" if count else ""
    ways = f", the best of {sram.candidates} divisions" if sram.candidates > 1 else ""
    expanded = f"{show_capacity(sram.expanded)} dequantised weights, " if sram.expanded else ""
    return (
        f"SRAM, {show_capacity(told.sram_bytes)}: {show_capacity(sram.resident)} resident "
        f"activations, {show_capacity(sram.staging)} staging, {show_capacity(sram.scores)} scores, "
        f"{expanded}{show_capacity(sram.stream)} stream{ways}{spilled}."
    )


def _table(told: PassExplanation, width: int) -> Iterator[Padding | Text]:
    """Two lines for each line of the explanation: its figures, and its mapping below them.

    A name that leaves no room for the figures has a line to itself.
    """
    named = [(*_heading(line), _cells(told, line)) for line in told.lines]
    columns = list(zip(HEADINGS[1:], *(cells for _, _, cells in named), strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    room = max(len(HEADINGS[0]), width - sum(widths) - 2 * len(widths))
    names = [cell_len(name) for _, name, _ in named]
    first = max(len(HEADINGS[0]), *(length for length in names if length <= room), 0)

    def row(name: str, cells: tuple[str, ...]) -> str:
        *numbers, cause = (
            " " * (size - cell_len(cell)) + cell for cell, size in zip(cells, widths, strict=True)
        )
        blanks = " " * (first - cell_len(name))
        return f"{name}{blanks}  {'  '.join(numbers)}  {cause.lstrip()}"

    yield Text(row(HEADINGS[0], HEADINGS[1:]), style="bold")
    layers = ""
    for line, (heading, name, cells) in zip(told.lines, named, strict=True):
        if heading and heading != layers:
            yield Text(heading, style="bold")
        layers = heading
        if cell_len(name) > first:
            yield Text(name)
            name = ""
        yield Text(row(name, cells))
        op = told.ops[line.ops[0]]
        note = Text(f"{cut_words(op)}, {places_words(op)}", style="dim")
        yield Padding(note, (0, 0, 0, NOTE_INDENT))


def _heading(line: Line) -> tuple[str, str]:
    """The layers of a line, which stand above it ("" where it is one operator), and its name."""
    layers, _, name = line.name.rpartition(".")
    if len(line.ops) == 1 or not layers:
        return "", line.name
    return f"{layers} ({len(line.ops)}x)", f" {name}"


def _cells(told: PassExplanation, line: Line) -> tuple[str, ...]:
    """The figures of a line, under the headings but the first."""
    ops = [told.ops[index] for index in line.ops]
    moved, needed = sum(op.dram.moved_bytes for op in ops), sum(op.dram.needed.total for op in ops)
    macs = sum(op.array.macs for op in ops if op.array is not None)
    time = sum(op.time_ps for op in ops)
    return (
        show_bytes(moved) if moved else "-",
        f"{moved / needed:.2f}" if needed else "-",
        show_count(macs) if macs else "-",
        show_time(sum(op.busy_ps for op in ops)),
        show_time(time) if time else "-",
        _mostly(ops, time),
    )


def _mostly(ops: list[OpExplanation], time: int) -> str:
    """The largest cause of the time on the critical path, and its share."""
    if not time:
        return "-"
    causes = {cause: sum(op.causes_ps[cause] for op in ops) for cause in ops[0].causes_ps}
    largest = max(causes, key=lambda cause: causes[cause])
    return f"{SHORT_CAUSES[largest]} {100 * causes[largest] / time:.0f} %"
