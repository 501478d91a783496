"""What each picosecond of a pass was spent on: a walk back along its critical path.

Every command remembers what it waited for last. Starting from the last event of the pass, the walk
goes from each command to the one that let it start, and charges the time in between to one
operator and one cause:

dram        a descriptor was being served (data, rows, refresh and turnaround together)
array       an array tile ran, or drained
vector      a vector tile ran, or drained
sram        SRAM capacity: a load came late because it found no room in the stream buffer while the
            memory stood idle; it counts here as far as the idle memory could have served it before
sram_bandwidth
            a tile took longer than its unit, for want of SRAM bandwidth
dma         a descriptor was being issued
dispatch    an operator was being started, or a unit waited for its next clock edge
dependency  a load waited for something that no command accounts for (does not occur in programs
            that `accsim.lowering` makes; kept so that the causes always cover the whole)

The parts add up to the elapsed time exactly: each step charges the span from where it stands back
to where it goes.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from accsim.errors import InvariantError
from accsim.program import Program, Unit
from accsim.result import CAUSES
from accsim.timeline import NO_BLOCKER, SRAM_BLOCKER, Column, Timeline

_DRAM, _ARRAY, _VECTOR, _SRAM, _BANDWIDTH, _DMA, _DISPATCH, _DEPENDENCY = range(len(CAUSES))


def attribute(program: Program, timeline: Timeline, op_count: int) -> Column:
    """Charge the pass to operators and causes.

    Returns:
        Times in ps, shape (op_count, len(CAUSES)); they add up to `timeline.elapsed_ps`.

    Raises:
        InvariantError: they do not (a bug).
    """
    if timeline.elapsed_ps == 0:
        return np.zeros((op_count, len(CAUSES)), dtype=np.int64)
    walk = _Walk(program, timeline, op_count)
    walk.run()
    charged = np.array(walk.charged, dtype=np.int64).reshape(op_count, len(CAUSES))
    if int(charged.sum()) != timeline.elapsed_ps:
        raise InvariantError(
            f"causes add up to {int(charged.sum())} ps of {timeline.elapsed_ps} ps"
        )
    return charged


class _Walk:
    """A place on the critical path (`time`, `unit`, `index`) and what was charged so far."""

    def __init__(self, program: Program, timeline: Timeline, op_count: int) -> None:
        self.program = program
        self.charged = [0] * (op_count * len(CAUSES))
        # Plain lists: the walk takes tens of thousands of single steps.
        self.ready = [lane.ready_ps.tolist() for lane in timeline.lanes]
        self.start = [lane.start_ps.tolist() for lane in timeline.lanes]
        self.end = [lane.end_ps.tolist() for lane in timeline.lanes]
        self.sram_wait = [lane.sram_wait_ps.tolist() for lane in timeline.lanes]
        self.drain = [lane.drain_ps.tolist() for lane in timeline.lanes]
        self.blocker = [lane.blocker.tolist() for lane in timeline.lanes]
        self.request_unit = timeline.memory.unit.tolist()
        self.request_index = timeline.memory.index.tolist()
        self.place: list[list[int]] = [[0] * len(self.end[u]) for u in (Unit.LOAD, Unit.STORE)]
        requests = zip(self.request_unit, self.request_index, strict=True)
        for number, (unit, index) in enumerate(requests):
            self.place[unit][index] = number
        self.time = timeline.elapsed_ps
        self.unit, self.index = self.last()

    def last(self) -> tuple[int, int]:
        """The command that ended the pass; where several did, array before vector before DMA."""
        for unit in (Unit.ARRAY, Unit.VECTOR, Unit.STORE, Unit.LOAD):
            if self.end[unit] and self.end[unit][-1] == self.time:
                return unit, len(self.end[unit]) - 1
        raise InvariantError("no command ends when the pass does")

    def charge(self, op: int, cause: int, back_to: int) -> None:
        """Charge the span from `back_to` to the present place, and go there."""
        if back_to > self.time:
            raise InvariantError("the critical path runs forward in time")
        self.charged[op * len(CAUSES) + cause] += self.time - back_to
        self.time = back_to

    def run(self) -> None:
        while self.time > 0:
            if self.unit in (Unit.ARRAY, Unit.VECTOR):
                self.through_tile()
            else:
                self.through_request()

    def through_tile(self) -> None:
        """Back through a tile: from its results, or from where its unit took the next one."""
        unit, i = self.unit, self.index
        op = self.program.queue(Unit(unit)).op[i]
        own = _ARRAY if unit == Unit.ARRAY else _VECTOR
        free = self.end[unit][i] - self.drain[unit][i]
        if self.time > free:
            self.charge(op, own, free)
        self.charge(op, _BANDWIDTH, self.time - self.sram_wait[unit][i])
        self.charge(op, own, self.start[unit][i])
        self.charge(op, _DISPATCH, self.ready[unit][i])
        self.follow(unit, i, self.blocker[unit][i])

    def follow(self, unit: int, i: int, blocker: int) -> None:
        """Go to the command that a command of `unit` had waited for."""
        if blocker == NO_BLOCKER:
            if i == 0 and self.time > 0:
                raise InvariantError("a first command started late for no reason")
            self.unit, self.index = unit, i - 1
        else:
            needs = self.program.queue(Unit(unit)).needs
            self.unit, self.index = blocker, needs[blocker][i] - 1

    def through_request(self) -> None:
        unit, i = self.unit, self.index
        op = self.program.queue(Unit(unit)).op[i]
        number = self.place[unit][i]
        # The first descriptor has none before it; the walk then ends here, at time 0.
        before, before_unit, before_index = 0, unit, i
        if number:
            before_unit, before_index = (
                self.request_unit[number - 1],
                self.request_index[number - 1],
            )
            before = self.end[before_unit][before_index]
        arrival = self.start[unit][i]
        if arrival <= before:
            # The memory was still busy with the descriptor before.
            self.charge(op, _DRAM, before)
            self.unit, self.index = before_unit, before_index
            return
        ready = self.ready[unit][i]
        # The memory stood idle: why did the DMA not issue earlier? A command without a blocker was
        # issued in the same instant as the one before it in its queue.
        first = i
        while self.blocker[unit][first] == NO_BLOCKER and first > 0:
            first -= 1
        blocker = self.blocker[unit][first]
        idle = max(0, ready - before)
        if blocker == SRAM_BLOCKER:
            self.charge(op, _SRAM, max(arrival, self.time - idle))
        self.charge(op, _DRAM, arrival)
        self.charge(op, _DMA, max(ready, before))
        if not idle:
            if number == 0:
                self.charge(op, _DMA, 0)
            else:
                self.unit, self.index = before_unit, before_index
        elif blocker == SRAM_BLOCKER:
            self.unit, self.index = self.who_made_room()
        elif blocker in (Unit.LOAD, Unit.STORE, Unit.ARRAY, Unit.VECTOR):
            self.follow(unit, first, blocker)
        else:
            self.charge(op, _DEPENDENCY, before)
            self.unit, self.index = before_unit, before_index

    def who_made_room(self) -> tuple[int, int]:
        """The tile that gave stream-buffer bytes back at the present time."""
        for unit in (Unit.ARRAY, Unit.VECTOR):
            ends, queue = self.end[unit], self.program.queue(unit)
            i = bisect_right(ends, self.time) - 1
            while i >= 0 and ends[i] == self.time:
                if queue.sram_free_bytes[i]:
                    return unit, i
                i -= 1
        raise InvariantError("a load found room that nobody had made")
