"""From what happened in a pass to what people look at: the one source of every picture of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accsim.analysis.counters import dram_bandwidth, sram_fill
from accsim.chip import Chip
from accsim.ops import PassGraph
from accsim.pass_view import (
    ARRAY,
    LOAD,
    NOTHING,
    STORE,
    VECTOR,
    CounterView,
    LaneView,
    OpView,
    PassView,
)
from accsim.program import UNIT_NAMES, Program, Tiles, Transfers, Unit
from accsim.timeline import NO_BLOCKER, SLOT_BLOCKER, SRAM_BLOCKER, Column, Timeline

LANE_OF = np.array([LOAD, STORE, ARRAY, VECTOR])
"""The lane of each `Unit`."""


def view_pass(
    chip: Chip, graph: PassGraph, program: Program, timeline: Timeline, run: str, number: int
) -> PassView:
    """Everything that there is to see of a simulated pass, nothing left out.

    `run` and `number` say which run it belongs to, and which of its passes it is, from 0.
    """
    loads, stores = _served(timeline)
    channels = (_channel(program, timeline, one) for one in range(chip.memory.channels))
    return PassView(
        chip=chip.name,
        run=run,
        number=number,
        graph=program.graph,
        contexts=program.contexts,
        elapsed_ps=timeline.elapsed_ps,
        ops=tuple(OpView(op.name, op.group, op.layer) for op in graph.ops),
        labels=program.labels,
        lanes=(
            _tiles(program, timeline, Unit.ARRAY, "Matrix tiles."),
            _tiles(program, timeline, Unit.VECTOR, "Norms, softmax and the like."),
            _transfers(chip, program, timeline, Unit.LOAD, loads),
            _transfers(chip, program, timeline, Unit.STORE, stores),
            *channels,
        ),
        counters=_counters(chip, program, timeline),
    )


def _counters(chip: Chip, program: Program, timeline: Timeline) -> tuple[CounterView, ...]:
    peak = float(chip.memory.peak_bytes_per_s) / 1e9
    bandwidth, fill = dram_bandwidth(program, timeline), sram_fill(program, timeline)
    directions = "Both directions, all channels."
    held = "Activations and stream buffer."
    return (
        CounterView("SRAM in use", "", held, "B", float(chip.sram.capacity_bytes), *fill),
        CounterView("bandwidth", "DRAM", directions, "GB/s", peak, *bandwidth),
    )


def _tiles(program: Program, timeline: Timeline, unit: Unit, about: str) -> LaneView:
    queue, lane = program.queue(unit), timeline.lane(unit)
    assert isinstance(queue, Tiles)
    after_lane, after = _blockers(program, timeline, unit)
    figures = {"cycles": _column(queue.cycles), "sram_bytes": _column(queue.sram_bytes)}
    if unit == Unit.ARRAY:
        figures["macs"] = _column(queue.macs)
    return LaneView(
        name=UNIT_NAMES[unit],
        group="Compute",
        about=about,
        start_ps=lane.start_ps,
        end_ps=lane.free_ps,
        issued_ps=lane.start_ps,
        done_ps=lane.end_ps,
        op=_column(queue.op),
        label=_column(queue.label),
        waited_for=lane.blocker - NO_BLOCKER,
        after_lane=after_lane,
        after=after,
        fed_by=_fed_by(queue),
        figures={**figures, "sram_wait_ps": lane.sram_wait_ps},
    )


def _transfers(
    chip: Chip, program: Program, timeline: Timeline, unit: Unit, served: tuple[Column, Column]
) -> LaneView:
    queue, lane = program.queue(unit), timeline.lane(unit)
    assert isinstance(queue, Transfers)
    after_lane, after = _blockers(program, timeline, unit)
    slots = lane.blocker == SLOT_BLOCKER
    after_lane[slots], after[slots] = _slot_givers(timeline, unit, chip.dma.outstanding, slots)
    start_ps, end_ps = served
    return LaneView(
        name=UNIT_NAMES[unit],
        group="DMA",
        about="Each descriptor while the memory serves it, in the order of the memory system.",
        start_ps=start_ps,
        end_ps=end_ps,
        issued_ps=lane.start_ps,
        done_ps=lane.end_ps,
        op=_column(queue.op),
        label=_column(queue.label),
        waited_for=lane.blocker - NO_BLOCKER,
        after_lane=after_lane,
        after=after,
        fed_by=np.full(len(queue), NOTHING),
        figures={"bytes": _bytes(queue), "address": _column(queue.address)},
    )


def _channel(program: Program, timeline: Timeline, channel: int) -> LaneView:
    memory = timeline.memory
    there = np.flatnonzero(memory.finish_ps[:, channel])
    begin, finish = memory.begin_ps[there, channel], memory.finish_ps[there, channel]
    unit, index = memory.unit[there], memory.index[there]
    start_ps, end_ps = _one_at_a_time(begin, finish)

    def column(loads: Column, stores: Column) -> Column:
        """What is said of the descriptors, from the columns of both queues."""
        given = np.empty(len(there), dtype=np.int64)
        for each, values in ((Unit.LOAD, loads), (Unit.STORE, stores)):
            mine = unit == each
            given[mine] = values[index[mine]]
        return given

    loads, stores = program.loads, program.stores
    return LaneView(
        name=f"channel {channel}",
        group="DRAM",
        about="Each descriptor from its first to its last data on this channel.",
        start_ps=start_ps,
        end_ps=end_ps,
        issued_ps=begin,
        done_ps=finish,
        op=column(_column(loads.op), _column(stores.op)),
        label=column(_column(loads.label), _column(stores.label)),
        waited_for=unit - NO_BLOCKER,
        after_lane=LANE_OF[unit],
        after=index,
        fed_by=np.full(len(there), NOTHING),
        figures={"descriptor_bytes": column(_bytes(loads), _bytes(stores))},
    )


def _served(timeline: Timeline) -> tuple[tuple[Column, Column], tuple[Column, Column]]:
    """When the memory served each load and each store: begun once the one before was done.

    A descriptor that finished before its predecessor gets an empty span at that one's end.
    """
    memory = timeline.memory
    starts, ends = np.empty((2, len(memory.unit)), dtype=np.int64)
    mine = [memory.unit == unit for unit in (Unit.LOAD, Unit.STORE)]
    index = [memory.index[each] for each in mine]
    for unit in (Unit.LOAD, Unit.STORE):
        lane = timeline.lane(unit)
        starts[mine[unit]] = lane.start_ps[index[unit]]
        ends[mine[unit]] = lane.end_ps[index[unit]]
    begun, done = _one_at_a_time(starts, ends)
    # Each queue is in order, so its descriptors come to the memory in the order of their indices.
    return (begun[mine[0]], done[mine[0]]), (begun[mine[1]], done[mine[1]])


def _one_at_a_time(starts: Column, ends: Column) -> tuple[Column, Column]:
    """Spans cut so that none begins before those before it are over."""
    over = np.maximum.accumulate(np.maximum(starts, ends))
    return np.maximum(starts, np.concatenate(([0], over))[: len(starts)]), over


def _blockers(program: Program, timeline: Timeline, unit: Unit) -> tuple[Column, Column]:
    """The command that each command of a unit waited for last: its lane and its place.

    That of a wait for a DMA slot is left open.
    """
    lane, needs = timeline.lane(unit), program.queue(unit).needs
    after_lane = np.full(len(lane), NOTHING)
    after = np.full(len(lane), NOTHING)
    previous = np.flatnonzero(lane.blocker == NO_BLOCKER)
    previous = previous[previous > 0]
    after_lane[previous], after[previous] = LANE_OF[unit], previous - 1
    for other in Unit:
        held = lane.blocker == other
        after_lane[held], after[held] = LANE_OF[other], _column(needs[other])[held] - 1
    room = lane.blocker == SRAM_BLOCKER
    after_lane[room], after[room] = _room_makers(program, timeline, lane.ready_ps[room])
    return after_lane, after


def _room_makers(program: Program, timeline: Timeline, at_ps: Column) -> tuple[Column, Column]:
    """The tile that gave bytes of the stream buffer back at each of some times, if there is one."""
    lanes, places = np.full((2, len(at_ps)), NOTHING)
    for unit in (Unit.VECTOR, Unit.ARRAY):
        giving = np.flatnonzero(program.queue(unit).sram_free_bytes)
        ends = timeline.lane(unit).end_ps[giving]
        last = np.searchsorted(ends, at_ps, side="right") - 1
        found = last >= 0
        found[found] = ends[last[found]] == at_ps[found]
        lanes[found], places[found] = LANE_OF[unit], giving[last[found]]
    return lanes, places


def _slot_givers(
    timeline: Timeline, unit: Unit, outstanding: int, held: npt.NDArray[np.bool_]
) -> tuple[Column, Column]:
    """The descriptor whose end gave the chosen ones of a queue their slot.

    Slots are given back in the order of the memory system, so it is the one that came to the memory
    `outstanding` places before.
    """
    memory = timeline.memory
    before = np.flatnonzero(memory.unit == unit)[held] - outstanding
    there = before >= 0
    lanes = np.where(there, LANE_OF[memory.unit[before]], NOTHING)
    return lanes, np.where(there, memory.index[before], NOTHING)


def _fed_by(queue: Tiles) -> Column:
    """For each tile the load that it is the first to need, or NOTHING."""
    needed = _column(queue.needs[Unit.LOAD])
    reached = np.concatenate(([0], np.maximum.accumulate(needed)))[: len(needed)]
    return np.where(needed > reached, needed - 1, NOTHING)


def _bytes(queue: Transfers) -> Column:
    return _column(queue.rows) * _column(queue.row_bytes)


def _column(values: tuple[int, ...]) -> Column:
    return np.array(values, dtype=np.int64)
