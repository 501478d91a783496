"""What a timeline must satisfy before anybody believes it."""

from __future__ import annotations

import numpy as np

from accsim.chip import Chip, Memory
from accsim.errors import InvariantError
from accsim.program import UNIT_NAMES, Program, Unit
from accsim.timeline import Lane, Timeline


def check_timeline(program: Program, timeline: Timeline, chip: Chip) -> None:
    """Check a timeline against its program and the chip.

    - Every descriptor went through the memory system once.
    - The occupied spans of two tiles of a unit do not overlap, nor do two descriptors on a DRAM
      channel's data bus; no command ends before it starts, or after the pass, and tiles are
      complete in order.
    - Activations and loads never take more of the SRAM than there is, nor loads more of it than
      the program gives them.
    - The bursts that the DRAM counted cover the bytes that were planned, with no more beside them
      than the unused ends of first and last bursts.
    - Every channel's states add up to the elapsed time.

    Raises:
        InvariantError: one of them fails.
    """
    _check_requests(program, timeline)
    for unit in Unit:
        lane = timeline.lane(unit)
        if len(lane) != len(program.queue(unit)):
            raise InvariantError(
                f"{UNIT_NAMES[unit]}: {len(lane)} of {len(program.queue(unit))} commands ran"
            )
        if (lane.ready_ps < 0).any() or (lane.start_ps < lane.ready_ps).any():
            raise InvariantError(f"{UNIT_NAMES[unit]}: a command started before it was ready")
        if (lane.end_ps < lane.start_ps).any() or (lane.end_ps > timeline.elapsed_ps).any():
            raise InvariantError(f"{UNIT_NAMES[unit]}: a command ended outside the pass")
        if unit in (Unit.ARRAY, Unit.VECTOR):
            _check_tiles(UNIT_NAMES[unit], lane)
    _check_sram(program, timeline, chip)
    _check_channels(timeline)
    _check_bytes(program, timeline, chip.memory)


def _check_tiles(name: str, lane: Lane) -> None:
    free = lane.free_ps
    if (free < lane.start_ps).any() or (lane.drain_ps < 0).any():
        raise InvariantError(f"{name}: a tile drained outside its own time")
    if (lane.start_ps[1:] < free[:-1]).any():
        raise InvariantError(f"{name}: two tiles overlap")
    if (lane.end_ps[1:] < lane.end_ps[:-1]).any():
        raise InvariantError(f"{name}: a tile was complete before an earlier one")
    if (lane.sram_wait_ps < 0).any() or (lane.sram_wait_ps > free - lane.start_ps).any():
        raise InvariantError(f"{name}: a tile waited for SRAM outside its own time")


def _check_sram(program: Program, timeline: Timeline, chip: Chip) -> None:
    # Every change of the fill is a row, so these hold in between as well.
    loads = int(timeline.sram_bytes.max())
    if loads > program.stream_bytes:
        raise InvariantError(f"the stream buffer held {loads} B of {program.stream_bytes} B")
    used = program.reserve_bytes + loads
    if used > chip.sram.capacity_bytes:
        raise InvariantError(f"the SRAM held {used} B of {chip.sram.capacity_bytes} B")


def _check_requests(program: Program, timeline: Timeline) -> None:
    order = timeline.memory
    for unit in (Unit.LOAD, Unit.STORE):
        served = order.index[order.unit == unit]
        if not np.array_equal(served, np.arange(len(program.queue(unit)))):
            raise InvariantError(f"{UNIT_NAMES[unit]}: not every descriptor was served once")


def _check_channels(timeline: Timeline) -> None:
    memory = timeline.memory
    for channel in range(memory.begin_ps.shape[1]):
        used = memory.finish_ps[:, channel] > 0
        begin, finish = memory.begin_ps[used, channel], memory.finish_ps[used, channel]
        # Two edges of the command clock, each rounded up to a picosecond.
        if (begin[1:] + 1 < finish[:-1]).any():
            raise InvariantError(f"channel {channel}: two descriptors overlap on the data bus")
    spent = memory.states_ps.sum(axis=1)
    if (spent != timeline.elapsed_ps).any() or (memory.states_ps < 0).any():
        raise InvariantError(
            f"states of the channels add up to {spent.tolist()} ps, "
            f"the pass took {timeline.elapsed_ps} ps"
        )


def _check_bytes(program: Program, timeline: Timeline, memory: Memory) -> None:
    counts = timeline.memory
    bursts = counts.row_hits + counts.row_misses + counts.row_conflicts
    moved = int(bursts.sum()) * memory.part.burst_bytes
    planned = runs = 0
    for queue in (program.loads, program.stores):
        rows = np.array(queue.rows, dtype=np.int64)
        planned += int((rows * np.array(queue.row_bytes, dtype=np.int64)).sum())
        runs += int(rows.sum())
    slack = 2 * memory.part.burst_bytes * memory.channels * runs
    if not planned <= moved <= planned + slack:
        raise InvariantError(f"the DRAM moved {moved} B, planned were {planned} B")
