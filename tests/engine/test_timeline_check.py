"""Each law that a timeline is checked against, broken once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from accsim.chip import Chip
from accsim.engine.check import check_timeline
from accsim.engine.simulate import simulate
from accsim.errors import InvariantError
from accsim.lowering.lower import lower
from accsim.ops import PassGraph
from accsim.program import Program, Unit
from accsim.timeline import Column, Lane, MemoryLane, Timeline
from accsim.units import KIB


@pytest.fixture(scope="module")
def ran(small_chip: Chip, small_decode: PassGraph) -> tuple[Program, Timeline, Chip]:
    program = lower(small_chip, small_decode, (100,), 128)
    return program, simulate(program, small_chip), small_chip


def with_lane(timeline: Timeline, unit: Unit, **columns: Column) -> Timeline:
    lanes: list[Lane] = list(timeline.lanes)
    lanes[unit] = replace(lanes[unit], **columns)
    return replace(timeline, lanes=tuple(lanes))  # type: ignore[arg-type]


def with_memory(timeline: Timeline, **columns: Column) -> Timeline:
    memory: MemoryLane = replace(timeline.memory, **columns)
    return replace(timeline, memory=memory)


def served_twice(t: Timeline) -> Timeline:
    index = t.memory.index.copy()
    index[1] = index[0]
    return with_memory(t, index=index)


def one_tile_missing(t: Timeline) -> Timeline:
    lane = t.lane(Unit.ARRAY)
    return with_lane(
        t,
        Unit.ARRAY,
        ready_ps=lane.ready_ps[:-1],
        start_ps=lane.start_ps[:-1],
        end_ps=lane.end_ps[:-1],
        blocker=lane.blocker[:-1],
        sram_wait_ps=lane.sram_wait_ps[:-1],
        drain_ps=lane.drain_ps[:-1],
    )


def started_too_early(t: Timeline) -> Timeline:
    start = t.lane(Unit.VECTOR).start_ps.copy()
    start[3] = t.lane(Unit.VECTOR).ready_ps[3] - 1
    return with_lane(t, Unit.VECTOR, start_ps=start)


def ended_too_late(t: Timeline) -> Timeline:
    end = t.lane(Unit.LOAD).end_ps.copy()
    end[-1] = t.elapsed_ps + 1
    return with_lane(t, Unit.LOAD, end_ps=end)


def overlapping_tiles(t: Timeline) -> Timeline:
    end = t.lane(Unit.ARRAY).end_ps.copy()
    end[0] = t.lane(Unit.ARRAY).start_ps[1] + 1
    return with_lane(t, Unit.ARRAY, end_ps=end)


def drained_before_it_started(t: Timeline) -> Timeline:
    drain = t.lane(Unit.ARRAY).drain_ps.copy()
    drain[0] = t.lane(Unit.ARRAY).end_ps[0] - t.lane(Unit.ARRAY).start_ps[0] + 1
    return with_lane(t, Unit.ARRAY, drain_ps=drain)


def completed_out_of_order(t: Timeline) -> Timeline:
    lane = t.lane(Unit.ARRAY)
    end, drain = lane.end_ps.copy(), lane.drain_ps.copy()
    end[0], drain[0] = lane.end_ps[1] + 1, lane.end_ps[1] + 1 - lane.end_ps[0]
    return with_lane(t, Unit.ARRAY, end_ps=end, drain_ps=drain)


def waited_before_it_started(t: Timeline) -> Timeline:
    lane = t.lane(Unit.VECTOR)
    wait = lane.sram_wait_ps.copy()
    wait[2] = lane.end_ps[2] - lane.start_ps[2] + 1
    return with_lane(t, Unit.VECTOR, sram_wait_ps=wait)


def more_loaded_than_the_stream_buffer(t: Timeline) -> Timeline:
    used = t.sram_bytes.copy()
    used[5] = 512 * KIB
    return replace(t, sram_bytes=used)


def overlapping_bursts(t: Timeline) -> Timeline:
    finish = t.memory.finish_ps.copy()
    used = np.flatnonzero(finish[:, 0] > 0)
    finish[used[0], 0] = t.memory.begin_ps[used[1], 0] + 2
    return with_memory(t, finish_ps=finish)


def a_lost_picosecond(t: Timeline) -> Timeline:
    states = t.memory.states_ps.copy()
    states[0, 0] -= 1
    return with_memory(t, states_ps=states)


def a_lost_burst(t: Timeline) -> Timeline:
    hits = t.memory.row_hits.copy()
    hits[0] -= 1
    return with_memory(t, row_hits=hits)


def bursts_nobody_asked_for(t: Timeline) -> Timeline:
    return with_memory(t, row_hits=t.memory.row_hits + 10**6)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (served_twice, "load: not every descriptor was served once"),
        (one_tile_missing, "array: .* commands ran"),
        (started_too_early, "vector: a command started before it was ready"),
        (ended_too_late, "load: a command ended outside the pass"),
        (overlapping_tiles, "array: two tiles overlap"),
        (drained_before_it_started, "array: a tile drained outside its own time"),
        (completed_out_of_order, "array: a tile was complete before an earlier one"),
        (waited_before_it_started, "vector: a tile waited for SRAM outside its own time"),
        (more_loaded_than_the_stream_buffer, "the stream buffer held 524288 B of .* B"),
        (overlapping_bursts, "channel 0: two descriptors overlap on the data bus"),
        (a_lost_picosecond, "states of the channels add up to"),
        (a_lost_burst, "the DRAM moved .* B, planned were"),
        (bursts_nobody_asked_for, "the DRAM moved .* B, planned were"),
    ],
)
def test_a_spoilt_timeline_is_refused(
    ran: tuple[Program, Timeline, Chip], spoil: Callable[[Timeline], Timeline], message: str
) -> None:
    program, timeline, chip = ran
    check_timeline(program, timeline, chip)
    with pytest.raises(InvariantError, match=message):
        check_timeline(program, spoil(timeline), chip)


def test_activations_and_loads_that_overflow_the_sram_are_refused(
    ran: tuple[Program, Timeline, Chip],
) -> None:
    program, timeline, chip = ran
    used = program.reserve_bytes + int(timeline.sram_bytes.max())
    fits = replace(chip, sram=replace(chip.sram, capacity_bytes=used))
    check_timeline(program, timeline, fits)
    short = replace(chip, sram=replace(chip.sram, capacity_bytes=used - 1))
    with pytest.raises(InvariantError, match=f"^the SRAM held {used} B of {used - 1} B$"):
        check_timeline(program, timeline, short)
