"""A window of a pass as a memory address trace in the text formats of other DRAM simulators.

``dramsim3``   ``0xADDRESS READ|WRITE CYCLE``, cycle of the DRAM's command clock
``ramulator2`` ``LD|ST 0xADDRESS`` (its load/store front end; no times)

One line for each burst, in the order in which the memory system takes them; all bursts of a
descriptor carry the cycle at which the DMA handed it over. A whole pass would be hundreds of
millions of lines: take a window.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from accsim.chip import Chip
from accsim.program import Program, Unit
from accsim.timeline import Timeline

Style = Literal["dramsim3", "ramulator2"]


def bursts(
    chip: Chip, program: Program, timeline: Timeline, start_ps: int, end_ps: int
) -> Iterator[tuple[int, bool, int]]:
    """Bursts of the descriptors handed over in [start_ps, end_ps).

    Yields the byte address of each burst, whether it is a write, and its cycle of the command
    clock.
    """
    part = chip.memory.part
    order = zip(timeline.memory.unit.tolist(), timeline.memory.index.tolist(), strict=True)
    for unit, index in order:
        arrival = int(timeline.lane(Unit(unit)).start_ps[index])
        if not start_ps <= arrival < end_ps:
            continue
        queue = program.stores if unit == Unit.STORE else program.loads
        cycle = part.clock.next_edge(arrival)
        for row in range(queue.rows[index]):
            first = queue.address[index] + row * queue.stride_bytes[index]
            aligned = first - first % part.burst_bytes
            for address in range(aligned, first + queue.row_bytes[index], part.burst_bytes):
                yield address, unit == Unit.STORE, cycle


def write_addresses(
    path: Path,
    style: Style,
    chip: Chip,
    program: Program,
    timeline: Timeline,
    start_ps: int,
    end_ps: int,
) -> int:
    """Write the bursts of a window to `path`; returns how many there are.

    Raises:
        OSError: the file cannot be written.
    """
    count = 0
    with path.open("w", encoding="ascii", newline="\n") as file:
        for address, is_write, cycle in bursts(chip, program, timeline, start_ps, end_ps):
            if style == "dramsim3":
                file.write(f"{address:#x} {'WRITE' if is_write else 'READ'} {cycle}\n")
            else:
                file.write(f"{'ST' if is_write else 'LD'} {address:#x}\n")
            count += 1
    return count
