"""The reference model as a memory system: a trace kept queue-full, or descriptors told the time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accsim.chip import ADDRESS_FIELDS, Memory
from accsim.dram.address import AddressMap
from accsim.dram.kernel import (
    ACTIVATION,
    LATENCY,
    REFRESH,
    SPENT,
    TURNAROUND,
    channel_bytes_below,
)
from accsim.dram.memory import MemoryStatistics, edges_ps
from accsim.dram.reference import state as s
from accsim.dram.reference.controller import BANK_MASK, ID_SHIFT, ROW_SHIFT
from accsim.dram.reference.device import Ints
from accsim.dram.reference.run import run
from accsim.dram.reference.state import FAR, TAKEN, State, fresh_state, parameters

_GROUP, _COLUMN, _BANK, _RANK, _ROW = range(len(ADDRESS_FIELDS))
_IDS = 1 << (62 - ID_SHIFT)
_NO_COMMANDS = np.zeros((1, 4), dtype=np.int64)
_NOTHING = np.zeros(0, dtype=np.int64)


def _statistics(counts: Ints) -> MemoryStatistics:
    return MemoryStatistics(
        states=counts[:, : s.HITS],
        row_hits=counts[:, s.HITS],
        row_misses=counts[:, s.MISSES],
        row_conflicts=counts[:, s.CONFLICTS],
        activates=counts[:, s.ACTIVATES],
        refreshes=counts[:, s.REFRESHES],
    )


class _System:
    """The parameters of a memory and the compiled code that moves its state on."""

    def __init__(self, memory: Memory) -> None:
        banks = memory.channels * memory.ranks * memory.part.bank_groups
        banks *= memory.part.banks_per_group
        if banks > BANK_MASK + 1:
            raise ValueError(f"the reference holds {BANK_MASK + 1} banks at most, got {banks}")
        self.memory, self.mapping = memory, AddressMap(memory)
        self._p, self._gaps = parameters(memory, memory.policy)

    def fresh_state(self) -> State:
        """All banks closed, nothing queued, at cycle 0."""
        return fresh_state(self.memory, self.memory.policy)

    def requests(self, channels: Ints | int, bursts: Ints, writes: Ints | int, number: int) -> Ints:
        """Requests as the integers of the controller, from channel and burst within it."""
        memory = self.memory
        part = memory.part
        place = self.mapping.places(bursts)
        bank = (channels * memory.ranks + place[:, _RANK]) * part.bank_groups + place[:, _GROUP]
        bank = bank * part.banks_per_group + place[:, _BANK]
        return np.asarray(number << ID_SHIFT | place[:, _ROW] << ROW_SHIFT | bank << 1 | writes)

    def run(
        self,
        state: State,
        trace: Ints,
        first: int = 0,
        end: int = 1,
        *,
        start: int = 0,
        until: int = FAR,
        pause: int = -1,
        watched: int = -1,
        commands: Ints = _NO_COMMANDS,
    ) -> int:
        """See `accsim.dram.reference.run.run`."""
        return run(
            self._p,
            self._gaps,
            state.ready,
            state.banks,
            state.queues,
            state.buffers,
            state.channels,
            state.ranks,
            state.statistics,
            state.window,
            commands,
            trace,
            first,
            end,
            start,
            until,
            pause,
            watched,
        )


@dataclass(frozen=True)
class Replay:
    """What a trace did: `cycles` until the last data; the commands that issued, if asked for.

    `commands` has the columns cycle, command, bank (of the whole memory) and row.
    """

    cycles: int
    statistics: MemoryStatistics
    commands: Ints


def replay(
    memory: Memory,
    addresses: Ints,
    writes: Ints,
    *,
    apart: bool = False,
    pause: int = -1,
    log: int = 0,
) -> Replay:
    """Offer a trace as fast as the controllers take it, in order.

    Args:
        memory: what serves it.
        addresses: byte addresses, one burst each.
        writes: 1 for a write, 0 for a read.
        apart: each channel has the trace to itself and serves its part of it; else a channel whose
            buffer is full holds back the others.
        pause: -1, or a request is offered so many cycles after the last data of the one before.
        log: how many commands to keep.

    Raises:
        ValueError: the memory has too many banks.
    """
    system = _System(memory)
    state = system.fresh_state()
    commands = np.zeros((log + 1, 4), dtype=np.int64)
    channel, local = system.mapping.local(addresses)
    trace = system.requests(channel, local // memory.part.burst_bytes, writes, 0)
    if apart:
        for c in range(memory.channels):
            own = np.ascontiguousarray(trace[channel == c])
            system.run(state, own, c, c + 1, pause=pause, commands=commands)
    else:
        system.run(state, trace, 0, memory.channels, pause=pause, commands=commands)
    return Replay(
        cycles=int(state.channels[:, s.LAST_END].max()),
        statistics=_statistics(state.statistics),
        commands=commands[1 : commands[0, 0] + 1],
    )


class _Channel:
    """One channel of a `ReferenceMemory`: its state, and what becomes of it if nothing more comes.

    A request queues behind all that came before it, so those are simulated once, up to the cycle
    in which the last of them enters the controller's buffers: the next may enter in that cycle.
    """

    def __init__(self, system: _System) -> None:
        self._system = system
        self._state = system.fresh_state()
        self._now = 0
        self.last_end = 0
        """End of the last data, as far as known: of all requests, or of those served by now."""
        self.counts: Ints = np.zeros(s.STATISTICS, dtype=np.int64)
        """Columns of `State.statistics` once all is served that was offered so far."""

    def advance(self, now: int) -> None:
        """Let time pass until cycle `now`, unless requests are still to enter the buffers then."""
        if self._now < now:
            self._system.run(self._state, _NOTHING, start=self._now, until=now)
            self._now = now
            self.last_end = int(self._state.channels[0, s.LAST_END])

    def offer(self, trace: Ints, number: int) -> tuple[int, int]:
        """Take the requests of descriptor `number`; first and last cycle of its data."""
        state = self._state
        state.window[0] = -1, 0
        self._system.run(state, trace, start=self._now, until=TAKEN, watched=number)
        self._now = int(state.channels[0, s.NOW])
        ahead = self._drained(number)
        self.last_end = int(ahead.channels[0, s.LAST_END])
        self.counts = ahead.statistics[0]
        return int(ahead.window[0, 0]), int(ahead.window[0, 1])

    def statistics(self) -> Ints:
        """Columns of `State.statistics` once all is served."""
        return self._drained().statistics

    def _drained(self, watched: int = -1) -> State:
        ahead = self._state.copy()
        self._system.run(ahead, _NOTHING, start=self._now, watched=watched)
        return ahead


class ReferenceMemory:
    """The reference as a `MemoryModel`.

    Each channel serves its part of the descriptors in the order in which they come, as a queue in
    front of its controller hands them on; within the controller's buffers bursts overtake each
    other. The time that `submit` returns supposes that nothing comes after: a later request may
    still delay the last bursts of an earlier one, and is then itself timed with that delay.

    Raises:
        ValueError: a channel has too many banks.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._system = _System(replace(memory, channels=1))
        self._channels = [_Channel(self._system) for _ in range(memory.channels)]
        self._number = 0
        self.window: Ints = np.zeros((memory.channels, 3), dtype=np.int64)
        self.spent: Ints = np.zeros(SPENT, dtype=np.int64)
        self._free = [0] * memory.channels
        self._clock = memory.part.clock

    def submit(
        self, now_ps: int, address: int, rows: int, row_bytes: int, stride_bytes: int, write: bool
    ) -> int:
        """Take a 2-D descriptor at `now_ps`; return the time at which its last byte has passed."""
        now = self._clock.next_edge(now_ps)
        self._number = (self._number + 1) % _IDS
        self.window[:] = -1, 0, 0
        done = now
        latest = 0
        for c, channel in enumerate(self._channels):
            channel.advance(now)
            before = channel.counts
            bursts = self._bursts(c, address, rows, row_bytes, stride_bytes)
            if len(bursts):
                trace = self._system.requests(0, bursts, int(write), self._number)
                begin, end = channel.offer(trace, self._number)
                # What overtook the end of the descriptor before does not count as its own.
                self.window[c, :2] = max(begin, self._free[c]), max(end, self._free[c])
                self.window[c, 2] = channel.counts[s.ACTIVATES] - before[s.ACTIVATES]
                begun = max(now, self._free[c])
                self._free[c] = max(end, self._free[c])
                if self._free[c] > latest:
                    latest = self._free[c]
                    self._note_spent(channel.counts - before, latest - begun)
            done = max(done, channel.last_end)
        return self._clock.edge_ps(done)

    def statistics(self) -> MemoryStatistics:
        """What happened so far, and will until all that was submitted is served."""
        return _statistics(np.concatenate([channel.statistics() for channel in self._channels]))

    def to_ps(self, cycles: Ints) -> Ints:
        """Times in ps of an array of command-clock edges, rounded up to whole ps."""
        return edges_ps(self._clock, cycles)

    def _note_spent(self, counts: Ints, span: int) -> None:
        """Note what a channel did in `span` cycles, as `accsim.dram.kernel` does.

        Bursts overtake each other, so a descriptor may even undo some of the waits that the one
        before was told; such cycles count as none.
        """
        spent = counts[: s.HITS].copy()
        rest = span - int(spent.sum())
        spent[TURNAROUND] += min(rest, 0)
        spent[REFRESH] += counts[s.REOPENING]
        spent[ACTIVATION] -= counts[s.REOPENING]
        self.spent[:LATENCY] = np.maximum(spent, 0)
        self.spent[LATENCY] = max(rest, 0)

    def _bursts(self, c: int, address: int, rows: int, row_bytes: int, stride_bytes: int) -> Ints:
        """The bursts of a descriptor that lie in channel `c`, counted within it."""
        memory = self._memory
        channels, step, burst = memory.channels, memory.interleave_bytes, memory.part.burst_bytes
        pieces = []
        for row in range(rows):
            start = address + row * stride_bytes
            low = channel_bytes_below(start, c, channels, step)
            high = channel_bytes_below(start + row_bytes, c, channels, step)
            if high > low:
                pieces.append(np.arange(low // burst, -(-high // burst)))
        return np.concatenate(pieces) if pieces else _NOTHING
