"""Statistics of one simulated pass, as integers that can be added and interpolated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accsim.analysis.attribution import attribute
from accsim.analysis.bounds import compute_floor_ps, memory_floor_ps
from accsim.analysis.causes import whole_causes
from accsim.chip import Chip
from accsim.errors import InvariantError
from accsim.ops import PassGraph
from accsim.program import Program, Unit
from accsim.timeline import Column, Timeline

UNITS = ("load", "store", "array", "vector")


@dataclass(frozen=True)
class PassStats:
    """One pass, simulated or interpolated; all times in ps.

    path          critical-path time by the columns of `accsim.analysis.causes`, shape (operators,
                  COLUMNS)
    op_bytes      shape (operators, 2): DRAM bytes read and written
    units         shape (4 units, 2): busy, and stalled (work left, waiting)
    dram          shape (5,): channel time by state, summed over the channels
    rows          shape (5,): row hits, misses, conflicts (bursts), activates, refreshes
    op_work       shape (operators, 3): bytes that array and vector unit moved to and from SRAM,
                  elements that passed a lane of the vector unit, once for each pass, and DRAM rows
                  opened for its descriptors
    sram_peak     most bytes of SRAM in use at once, activations included
    """

    path: Column
    op_bytes: Column
    units: Column
    dram: Column
    rows: Column
    op_work: Column
    sram_peak: int

    @property
    def elapsed_ps(self) -> int:
        """Duration of the pass: all causes together."""
        return int(self.path.sum())

    @property
    def causes(self) -> Column:
        """Critical-path time by cause, shape (operators, len(CAUSES))."""
        return whole_causes(self.path)

    @property
    def sram_bytes(self) -> int:
        """Bytes that array and vector unit moved to and from SRAM."""
        return int(self.op_work[:, 0].sum())


def measure(chip: Chip, graph: PassGraph, program: Program, timeline: Timeline) -> PassStats:
    """Measure a simulated pass and hold it against its bounds.

    Raises:
        InvariantError: the pass beats a bound, or its times do not add up.
    """
    path = attribute(program, timeline, len(graph.ops))
    op_bytes = np.zeros((len(graph.ops), 2), dtype=np.int64)
    for column, queue in enumerate((program.loads, program.stores)):
        sizes = np.array(queue.rows, dtype=np.int64) * np.array(queue.row_bytes, dtype=np.int64)
        np.add.at(op_bytes[:, column], np.array(queue.op, dtype=np.int64), sizes)
    _check_bounds(chip, graph, program, timeline, int(op_bytes.sum()))
    memory = timeline.memory
    rows = (
        memory.row_hits,
        memory.row_misses,
        memory.row_conflicts,
        memory.activates,
        memory.refreshes,
    )
    return PassStats(
        path=path,
        op_bytes=op_bytes,
        units=_unit_times(timeline),
        dram=memory.states_ps.sum(axis=0),
        rows=np.array([int(count.sum()) for count in rows], dtype=np.int64),
        op_work=_op_work(chip, program, timeline, len(graph.ops)),
        sram_peak=program.reserve_bytes + int(timeline.sram_bytes.max()),
    )


def _op_work(chip: Chip, program: Program, timeline: Timeline, operators: int) -> Column:
    """SRAM bytes, vector elements and opened DRAM rows of each operator."""
    work = np.zeros((operators, 3), dtype=np.int64)
    for tiles in (program.array, program.vector):
        ops = np.array(tiles.op, dtype=np.int64)
        np.add.at(work[:, 0], ops, np.array(tiles.sram_bytes, dtype=np.int64))
    # What a tile takes beyond the depth of the pipeline is passes over full lanes.
    cycles = np.array(program.vector.cycles, dtype=np.int64)
    ops = np.array(program.vector.op, dtype=np.int64)
    streamed = np.maximum(cycles - chip.vector.latency_cycles, 0)
    np.add.at(work[:, 1], ops, streamed * chip.vector.lanes)
    memory = timeline.memory
    for unit in (Unit.LOAD, Unit.STORE):
        mine = memory.unit == unit
        ops = np.array(program.queue(unit).op, dtype=np.int64)[memory.index[mine]]
        np.add.at(work[:, 2], ops, memory.opened_rows[mine])
    return work


def _check_bounds(
    chip: Chip, graph: PassGraph, program: Program, timeline: Timeline, dram_bytes: int
) -> None:
    elapsed = timeline.elapsed_ps
    floors = {
        "its DRAM bytes over the pins": memory_floor_ps(chip, dram_bytes),
        "its MACs over the array's peak": compute_floor_ps(chip, graph, sum(program.contexts)),
    }
    for name, floor in floors.items():
        if elapsed < floor:
            raise InvariantError(
                f"pass {graph.name} took {elapsed} ps, less than {name}: {float(floor):.0f} ps"
            )


def service_ps(timeline: Timeline, unit: Unit) -> Column:
    """How long the memory served each descriptor of a queue, in the order of the queue.

    From its arrival, or from the end of the one that the memory took before, to its own end.
    """
    order = timeline.memory
    starts = np.zeros(len(order.unit), dtype=np.int64)
    ends = np.zeros(len(order.unit), dtype=np.int64)
    for each in (Unit.LOAD, Unit.STORE):
        those = order.unit == each
        lane = timeline.lane(each)
        starts[those] = lane.start_ps[order.index[those]]
        ends[those] = lane.end_ps[order.index[those]]
    previous = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    mine = order.unit == unit
    service = np.zeros(len(timeline.lane(unit)), dtype=np.int64)
    service[order.index[mine]] = (ends - np.maximum(starts, previous))[mine]
    return service


def _unit_times(timeline: Timeline) -> Column:
    """Busy and stalled time of each unit.

    A tile unit is busy from the start of a tile until it is free for the next one, a DMA queue
    while the memory serves one of its descriptors (`service_ps`). Stalled is the rest of the time
    until a unit's last command has ended.
    """
    times = np.zeros((4, 2), dtype=np.int64)
    for unit in Unit:
        lane = timeline.lane(unit)
        if len(lane) == 0:
            continue
        if unit in (Unit.LOAD, Unit.STORE):
            busy = int(service_ps(timeline, unit).sum())
        else:
            busy = int((lane.free_ps - lane.start_ps).sum())
        times[unit] = busy, int(lane.end_ps[-1]) - busy
    if (times < 0).any() or (times.sum(axis=1) > timeline.elapsed_ps).any():
        raise InvariantError(f"unit times exceed the pass: {times.tolist()}")
    return times
