"""What each picosecond of a pass was spent on: a walk back along its critical path.

Every command remembers what it waited for last. Starting from the last event of the pass, the walk
goes from each command to the one that let it start, and charges the time in between to one
operator and one cause:

dram        a descriptor was being served: data; turnaround of the bus; refresh; activation, the
            wait for a row; and latency, the way of the first data through an idle channel
array       an array tile ran, or drained: compute, while operands stream; or fill and drain
vector      a vector tile ran, or drained
sram        SRAM capacity: a load came late because it found no room in the stream buffer while the
            memory stood idle; it counts here as far as the idle memory could have served it before
sram_bandwidth
            a tile took longer than its unit, for want of SRAM bandwidth
dma         a descriptor was being issued
dispatch    an operator was being started, or a unit waited for its next clock edge
dependency  a load waited for something that no command accounts for (does not occur in programs
            that `accsim.lowering` makes; kept so that the causes always cover the whole)

The causes add up to the elapsed time exactly: each step charges the span from where it stands back
to where it goes. So do the parts of `dram` and `array` (`accsim.result.CAUSE_PARTS`):

- The end of a descriptor is set by the channel that finishes last, so a span of its service is
  divided as that channel's own cycles since its last data before (`MemoryLane.spent_cycles`). Where
  the span is only a part of them (another channel had ended the descriptor before, or SRAM is
  charged with the rest), all parts are shortened alike.
- A span in which a tile occupies the array is divided as the cycles in which operands stream
  through it and those in which none does. What a tile drains on its own is all fill and drain.

`dma` is whole: a descriptor that waits behind another one at the issue port does so while the
memory is busy with that one, which is then what counts.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from accsim.analysis.causes import COLUMNS, column_of
from accsim.errors import InvariantError
from accsim.program import Program, Unit
from accsim.timeline import DRAM_PARTS, NO_BLOCKER, SRAM_BLOCKER, Column, Timeline

_DRAM = column_of("dram")
_COMPUTE, _FILL = column_of("array", "compute"), column_of("array", "fill_drain")
_VECTOR, _SRAM, _BANDWIDTH = column_of("vector"), column_of("sram"), column_of("sram_bandwidth")
_DMA, _DISPATCH = column_of("dma"), column_of("dispatch")
_DEPENDENCY = column_of("dependency")


def attribute(program: Program, timeline: Timeline, op_count: int) -> Column:
    """Charge the pass to operators, causes and their parts.

    Returns:
        Times in ps by the columns of `accsim.analysis.causes`, shape (op_count, COLUMNS); they add
        up to `timeline.elapsed_ps`.

    Raises:
        InvariantError: they do not (a bug).
    """
    if timeline.elapsed_ps == 0:
        return np.zeros((op_count, COLUMNS), dtype=np.int64)
    walk = _Walk(program, timeline, op_count)
    walk.run()
    charged = np.array(walk.charged, dtype=np.int64).reshape(op_count, COLUMNS)
    dram = charged[:, _DRAM : _DRAM + len(DRAM_PARTS)]
    ops, requests, spans = np.array(walk.served, dtype=np.int64).reshape(-1, 3).T
    parts = apportioned(spans, timeline.memory.spent_cycles[requests])
    np.add.at(dram, ops, parts)
    if int(charged.sum()) != timeline.elapsed_ps:
        raise InvariantError(
            f"causes add up to {int(charged.sum())} ps of {timeline.elapsed_ps} ps"
        )
    return charged


def apportioned(spans: Column, spent: Column) -> Column:
    """Divide spans of service in proportion to what channels spent their cycles on, in integers.

    The parts up to each column are together rounded down, so each row adds up to its span. Of a
    descriptor that no channel spent cycles on, all is latency.

    Args:
        spans: shape (spans,).
        spent: `MemoryLane.spent_cycles` of each, shape (spans, 5).

    Returns:
        Times by `DRAM_PARTS`, same shape as `spent`.
    """
    sums = np.cumsum(spent, axis=1)
    nothing = sums[:, -1] == 0
    sums[nothing, -1] = 1
    totals = sums[:, -1:]
    # sums x spans / totals, in two steps, so that the products fit 64 bits.
    whole, rest = np.divmod(spans[:, None], totals)
    return np.diff(sums * whole + sums * rest // totals, axis=1, prepend=0)


class _Walk:
    """A place on the critical path (`time`, `unit`, `index`) and what was charged so far."""

    def __init__(self, program: Program, timeline: Timeline, op_count: int) -> None:
        self.program = program
        queues = [program.queue(unit) for unit in Unit]
        self.ops = [queue.op for queue in queues]
        self.needs = [queue.needs for queue in queues]
        self.charged = [0] * (op_count * COLUMNS)
        # What is charged to the DRAM: operator, number of the descriptor, time, and so on. The
        # parts of all of them are computed together in the end.
        self.served: list[int] = []
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

    def charge(self, op: int, column: int, back_to: int) -> int:
        """Charge the span from `back_to` to the present place, and go there; how long it is."""
        if back_to > self.time:
            raise InvariantError("the critical path runs forward in time")
        span = self.time - back_to
        self.charged[op * COLUMNS + column] += span
        self.time = back_to
        return span

    def charge_dram(self, op: int, request: int, back_to: int) -> None:
        """The same for a span in which the memory serves a descriptor."""
        if back_to > self.time:
            raise InvariantError("the critical path runs forward in time")
        self.served.extend((op, request, self.time - back_to))
        self.time = back_to

    def charge_array(self, op: int, i: int, back_to: int) -> None:
        """The same for the span in which a tile occupies the array."""
        tiles = self.program.array
        span, fill = self.charge(op, _COMPUTE, back_to), tiles.fill_cycles[i]
        if fill:
            fill = span * fill // (tiles.cycles[i] - tiles.drain_cycles[i])
            self.charged[op * COLUMNS + _COMPUTE] -= fill
            self.charged[op * COLUMNS + _FILL] += fill

    def run(self) -> None:
        while self.time > 0:
            if self.unit in (Unit.ARRAY, Unit.VECTOR):
                self.through_tile()
            else:
                self.through_request()

    def through_tile(self) -> None:
        """Back through a tile: from its results, or from where its unit took the next one."""
        unit, i = self.unit, self.index
        op = self.ops[unit][i]
        free = self.end[unit][i] - self.drain[unit][i]
        if self.time > free:
            self.charge(op, _FILL if unit == Unit.ARRAY else _VECTOR, free)
        self.charge(op, _BANDWIDTH, self.time - self.sram_wait[unit][i])
        if unit == Unit.ARRAY:
            self.charge_array(op, i, self.start[unit][i])
        else:
            self.charge(op, _VECTOR, self.start[unit][i])
        self.charge(op, _DISPATCH, self.ready[unit][i])
        self.follow(unit, i, self.blocker[unit][i])

    def follow(self, unit: int, i: int, blocker: int) -> None:
        """Go to the command that a command of `unit` had waited for."""
        if blocker == NO_BLOCKER:
            if i == 0 and self.time > 0:
                raise InvariantError("a first command started late for no reason")
            self.unit, self.index = unit, i - 1
        else:
            self.unit, self.index = blocker, self.needs[unit][blocker][i] - 1

    def through_request(self) -> None:
        unit, i = self.unit, self.index
        op = self.ops[unit][i]
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
            self.charge_dram(op, number, before)
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
        self.charge_dram(op, number, arrival)
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
