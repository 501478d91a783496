"""What a timeline must satisfy before anybody believes it."""

from __future__ import annotations

import numpy as np

from accsim.chip import Memory
from accsim.errors import InvariantError
from accsim.program import UNIT_NAMES, Program, Unit
from accsim.timeline import Timeline


def check_timeline(program: Program, timeline: Timeline, memory: Memory) -> None:
    """Check a timeline against its program.

    - Every descriptor went through the memory system once.
    - No two tiles of a unit overlap, nor two descriptors on a DRAM channel's data bus; no command
      ends before it starts, or after the pass.
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
        tiles = unit in (Unit.ARRAY, Unit.VECTOR)
        if tiles and (lane.start_ps[1:] < lane.end_ps[:-1]).any():
            raise InvariantError(f"{UNIT_NAMES[unit]}: two tiles overlap")
    _check_channels(timeline)
    _check_bytes(program, timeline, memory)


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
