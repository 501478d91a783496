"""The SimPy processes, one per hardware unit, and the clock they share.

Units: the load and the store queue of the DMA, the memory controller, the compute array and the
vector unit. Each works through its queue in order; commands wait on completion counters
(`Commands.needs`), on room in the SRAM's stream buffer and on the DMA's outstanding slots. DRAM
timing comes from a `MemoryModel` that is told the time: one call per descriptor. Tiles of array and
vector unit share the bandwidth of the SRAM (`accsim.engine.sram_port`); a tile that drains leaves
its unit to the next one before its own results are complete.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator

import numpy as np
import simpy

from accsim.chip import Chip
from accsim.dram.choice import model_of
from accsim.dram.memory import MemoryModel
from accsim.engine.check import check_timeline
from accsim.engine.sram_port import Port
from accsim.engine.story import deadlock_story
from accsim.errors import Deadlock, InvariantError
from accsim.program import Program, Tiles, Transfers, Unit
from accsim.timeline import (
    DRAM_PARTS,
    NO_BLOCKER,
    SLOT_BLOCKER,
    SRAM_BLOCKER,
    Column,
    Lane,
    MemoryLane,
    Timeline,
)

Steps = Generator[simpy.Event, object, None]

_LOAD, _STORE, _ARRAY, _VECTOR = map(int, Unit)
"""Plain integers index a list in half of the time that a `Unit` takes."""

_PEERS = {Unit.ARRAY: Unit.VECTOR, Unit.VECTOR: Unit.ARRAY}


def simulate(
    program: Program,
    chip: Chip,
    memory_model: Callable[[], MemoryModel] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Timeline:
    """Run one pass from time 0 on an idle chip with closed DRAM rows.

    `memory_model` makes the DRAM model (default: `accsim.dram.choice.model_of`). `progress` is
    called with every whole per cent of the descriptors that is done.

    Raises:
        Deadlock: nothing can happen any more, yet commands are left.
        InvariantError: a conservation law was broken (a bug).
    """
    memory = memory_model() if memory_model else model_of(chip.memory)
    machine = _Machine(program, chip, memory, progress)
    machine.run()
    timeline = machine.timeline()
    check_timeline(program, timeline, chip)
    return timeline


class _LaneColumns:
    """Mutable columns of a lane, sealed into a `Lane` at the end."""

    def __init__(self, length: int) -> None:
        self.ready = [0] * length
        self.start = [0] * length
        self.end = [0] * length
        self.blocker = [NO_BLOCKER] * length
        # Most are 0, and stay so.
        self.sram_wait: Column = np.zeros(length, dtype=np.int64)
        self.drain: Column = np.zeros(length, dtype=np.int64)

    def seal(self) -> Lane:
        return Lane(
            _column(self.ready),
            _column(self.start),
            _column(self.end),
            _column(self.blocker),
            self.sram_wait,
            self.drain,
        )


def _column(values: list[int]) -> Column:
    if not values:
        return np.zeros(0, dtype=np.int64)
    column = np.array(values)
    if column.dtype != np.int64:
        raise InvariantError("a column of the timeline holds something that is not an integer")
    return column


class _Machine:
    """The units of one chip working on one program."""

    def __init__(
        self,
        program: Program,
        chip: Chip,
        memory: MemoryModel,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.program = program
        self.chip = chip
        self.memory = memory
        self.progress = progress
        self.env = simpy.Environment(initial_time=0)
        self.done = [0, 0, 0, 0]
        """Completion counters, one per `Unit`."""
        self.waiting: list[list[tuple[int, simpy.Event]]] = [[], [], [], []]
        """Per unit: thresholds that somebody waits for."""
        self.lanes = [_LaneColumns(len(program.queue(unit))) for unit in Unit]
        self.stream_used = 0
        self.room: tuple[int, simpy.Event] | None = None
        """The load that waits for room in the stream buffer: bytes wanted, event."""
        self.in_flight: deque[tuple[int, int]] = deque()
        """Descriptors in the memory system: completion time, queue they came from."""
        self.slot_waiters: deque[simpy.Event] = deque()
        self.controller_idle: simpy.Event | None = None
        self.issue_free_ps = 0
        self.last_done_ps = 0
        requests = len(program.loads) + len(program.stores)
        self.windows = np.zeros((requests, chip.memory.channels, 3), dtype=np.int64)
        self.spent = np.zeros((requests, len(DRAM_PARTS)), dtype=np.int64)
        self.request_unit: list[int] = []
        self.request_index: list[int] = []
        shared = chip.sram_compute_bytes_per_cycle
        self.ports = {
            Unit.ARRAY: Port(chip.sram.port("array"), shared),
            Unit.VECTOR: Port(chip.sram.port("vector"), shared),
        }
        self.sram_ps = [0]
        self.sram_bytes = [0]

    def run(self) -> None:
        env, program = self.env, self.program
        units = (
            ("load_dma", self.transfers(Unit.LOAD, program.loads)),
            ("store_dma", self.transfers(Unit.STORE, program.stores)),
            ("array", self.tiles(Unit.ARRAY, program.array)),
            ("vector", self.tiles(Unit.VECTOR, program.vector)),
            ("memory_controller", self.memory_controller()),
        )
        for name, steps in units:
            # SimPy prints a process by the name of its generator.
            steps.__name__ = name  # type: ignore[attr-defined]
            env.process(steps)
        env.run()
        if any(self.done[unit] < len(program.queue(unit)) for unit in Unit):
            raise Deadlock(
                deadlock_story(
                    program, self.done, self.stream_used, len(self.in_flight), int(env.now)
                )
            )

    # -- waiting ---------------------------------------------------------------------------------

    def reached(self, unit: int, count: int) -> simpy.Event:
        """An event that happens when `unit` has completed `count` commands."""
        event = self.env.event()
        self.waiting[unit].append((count, event))
        return event

    def complete(self, unit: int) -> None:
        """Count one command of `unit` as done and wake whoever waited for it."""
        self.done[unit] += 1
        waiting = self.waiting[unit]
        if waiting:
            count = self.done[unit]
            left = []
            for entry in waiting:
                if entry[0] <= count:
                    entry[1].succeed()
                else:
                    left.append(entry)
            self.waiting[unit] = left

    def complete_later(self, unit: int, freed: int, drain_ps: int) -> None:
        """Complete a tile that drains for `drain_ps`; it then gives `freed` bytes back."""

        def drained(_: simpy.Event) -> None:
            if freed:
                self.free(freed)
            self.complete(unit)

        self.env.timeout(drain_ps).callbacks.append(drained)

    def free(self, size: int) -> None:
        """Give `size` bytes of the stream buffer back."""
        self.stream_used -= size
        if self.stream_used < 0:
            raise InvariantError("more stream-buffer bytes were freed than taken")
        self.sram_ps.append(self.env.now)  # type: ignore[arg-type]
        self.sram_bytes.append(self.stream_used)
        room = self.room
        if room is not None and self.stream_used + room[0] <= self.program.stream_bytes:
            self.room = None
            room[1].succeed()

    # -- the units -------------------------------------------------------------------------------

    def tiles(self, unit: Unit, queue: Tiles) -> Steps:
        """The array or the vector unit.

        A tile occupies the unit from its start until its results drain; drains may overlap with the
        next tile, but results are complete in order.
        """
        env, done, lane = self.env, self.done, self.lanes[unit]
        ready, start, end, blockers = lane.ready, lane.start, lane.end, lane.blocker
        need_load, need_store, need_array, need_vector = queue.needs
        clock = self.chip.clock
        edge_ps, next_edge = clock.edge_ps, clock.next_edge
        first_of_op, freed, drains = queue.first_of_op, queue.sram_free_bytes, queue.drain_cycles
        cycles, sram_bytes, dispatch = queue.cycles, queue.sram_bytes, self.chip.dispatch_cycles
        occupy, other = self.ports[unit].occupy, self.ports[_PEERS[unit]]
        me, complete_ps = int(unit), 0
        for i in range(len(queue)):
            blocker = NO_BLOCKER
            if done[0] < need_load[i]:
                yield self.reached(_LOAD, need_load[i])
                blocker = _LOAD
            if done[1] < need_store[i]:
                yield self.reached(_STORE, need_store[i])
                blocker = _STORE
            if done[2] < need_array[i]:
                yield self.reached(_ARRAY, need_array[i])
                blocker = _ARRAY
            if done[3] < need_vector[i]:
                yield self.reached(_VECTOR, need_vector[i])
                blocker = _VECTOR
            now = env.now
            edge = next_edge(now)  # type: ignore[arg-type]
            if first_of_op[i]:
                edge += dispatch
            drain = drains[i]
            alone = cycles[i] - drain
            span = occupy(edge, alone, sram_bytes[i], other)
            free_ps = edge_ps(edge + span)
            if span > alone:
                lane.sram_wait[i] = free_ps - edge_ps(edge + alone)
            # Results are complete in the order of the tiles.
            drained_ps = edge_ps(edge + span + drain) if drain else free_ps
            if drained_ps > complete_ps:
                complete_ps = drained_ps
            ready[i] = now  # type: ignore[assignment]
            start[i] = edge_ps(edge)
            end[i] = complete_ps
            blockers[i] = blocker
            yield env.timeout(free_ps - now)
            if complete_ps > free_ps:
                lane.drain[i] = complete_ps - free_ps
                self.complete_later(me, freed[i], complete_ps - free_ps)
                continue
            if freed[i]:
                self.free(freed[i])
            self.complete(me)

    def transfers(self, unit: Unit, queue: Transfers) -> Steps:
        """One queue of the DMA: takes room, takes a slot, hands the descriptor to the memory."""
        env, done, lane = self.env, self.done, self.lanes[unit]
        edge_ps, next_edge = self.chip.clock.edge_ps, self.chip.clock.next_edge
        issue_cycles, outstanding = self.chip.dma.issue_cycles, self.chip.dma.outstanding
        stream_bytes = self.program.stream_bytes
        # A queue of the DMA never waits for itself: it is in order.
        write, me = unit is Unit.STORE, int(unit)
        peer = _LOAD if write else _STORE
        need_peer, need_array, need_vector = (queue.needs[u] for u in (peer, _ARRAY, _VECTOR))
        memory, windows, spents = self.memory, self.windows, self.spent
        submit, window, spent = memory.submit, memory.window, memory.spent
        request_unit, request_index = self.request_unit, self.request_index
        ready, start, end, blockers = lane.ready, lane.start, lane.end, lane.blocker
        sizes, in_flight = queue.sram_bytes, self.in_flight
        addresses, rows = queue.address, queue.rows
        row_bytes, strides = queue.row_bytes, queue.stride_bytes
        for i in range(len(queue)):
            blocker = NO_BLOCKER
            if done[peer] < need_peer[i]:
                yield self.reached(peer, need_peer[i])
                blocker = peer
            if done[2] < need_array[i]:
                yield self.reached(_ARRAY, need_array[i])
                blocker = _ARRAY
            if done[3] < need_vector[i]:
                yield self.reached(_VECTOR, need_vector[i])
                blocker = _VECTOR
            size = sizes[i]
            if self.stream_used + size > stream_bytes:
                event = env.event()
                self.room = (size, event)
                yield event
                blocker = SRAM_BLOCKER
            while len(in_flight) >= outstanding:
                event = env.event()
                self.slot_waiters.append(event)
                yield event
                blocker = SLOT_BLOCKER
            now: int = env.now  # type: ignore[assignment]
            if size:
                self.stream_used += size
                self.sram_ps.append(now)
                self.sram_bytes.append(self.stream_used)
            # Both queues share one issue port.
            free_ps = self.issue_free_ps
            arrival = edge_ps(next_edge(now if now > free_ps else free_ps) + issue_cycles)
            self.issue_free_ps = arrival
            finish = submit(arrival, addresses[i], rows[i], row_bytes[i], strides[i], write)
            # Completions are reported in order: a descriptor is not done before an earlier one.
            if finish < self.last_done_ps:
                finish = self.last_done_ps
            self.last_done_ps = finish
            number = len(request_unit)
            windows[number] = window
            spents[number] = spent
            request_unit.append(me)
            request_index.append(i)
            ready[i] = now
            start[i] = arrival
            end[i] = finish
            blockers[i] = blocker
            in_flight.append((finish, me))
            if self.controller_idle is not None:
                self.controller_idle.succeed()
                self.controller_idle = None

    def memory_controller(self) -> Steps:
        """Reports descriptors as done when the memory model says so, in order."""
        env, in_flight = self.env, self.in_flight
        total = left = len(self.program.loads) + len(self.program.stores)
        percent = 0
        while left:
            if not in_flight:
                self.controller_idle = env.event()
                yield self.controller_idle
            finish, unit = in_flight[0]
            yield env.timeout(finish - env.now)
            in_flight.popleft()
            self.complete(unit)
            if self.slot_waiters:
                self.slot_waiters.popleft().succeed()
            left -= 1
            if self.progress and (total - left) * 100 // total > percent:
                percent = (total - left) * 100 // total
                self.progress(percent)

    # -- the outcome -----------------------------------------------------------------------------

    def timeline(self) -> Timeline:
        elapsed = self.env.now
        if type(elapsed) is not int:
            raise InvariantError(f"time is no longer an integer: {elapsed!r}")
        if self.stream_used:
            raise InvariantError(f"{self.stream_used} B of the stream buffer were never given back")
        stats = self.memory.statistics()
        states = self.memory.to_ps(stats.states)
        idle = elapsed - states.sum(axis=1, keepdims=True)
        return Timeline(
            elapsed_ps=elapsed,
            lanes=tuple(lane.seal() for lane in self.lanes),  # type: ignore[arg-type]
            memory=MemoryLane(
                unit=_column(self.request_unit),
                index=_column(self.request_index),
                begin_ps=self.memory.to_ps(np.maximum(self.windows[:, :, 0], 0)),
                finish_ps=self.memory.to_ps(self.windows[:, :, 1]),
                spent_cycles=self.spent,
                opened_rows=self.windows[:, :, 2].sum(axis=1),
                states_ps=np.concatenate([states, idle], axis=1),
                row_hits=stats.row_hits,
                row_misses=stats.row_misses,
                row_conflicts=stats.row_conflicts,
                activates=stats.activates,
                refreshes=stats.refreshes,
            ),
            sram_ps=_column(self.sram_ps),
            sram_bytes=_column(self.sram_bytes),
        )
