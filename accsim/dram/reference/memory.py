"""The reference model as a memory system: a trace kept queue-full, or descriptors told the time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from accsim.chip import Memory
from accsim.dram.address import FIELDS, AddressMap
from accsim.dram.memory import MemoryStatistics
from accsim.dram.reference import state as s
from accsim.dram.reference.controller import BANK_MASK, ID_SHIFT, ROW_SHIFT
from accsim.dram.reference.device import Ints
from accsim.dram.reference.policy import Policy, usual_policy
from accsim.dram.reference.run import run
from accsim.dram.reference.state import FAR, State, fresh_state, parameters
from accsim.units import PS_PER_S

_GROUP, _COLUMN, _BANK, _RANK, _ROW = range(len(FIELDS))
_IDS = 1 << (62 - ID_SHIFT)
_NO_COMMANDS = np.zeros((1, 4), dtype=np.int64)


def _statistics(state: State) -> MemoryStatistics:
    counts = state.statistics.copy()
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

    def __init__(self, mapping: AddressMap, policy: Policy) -> None:
        memory = mapping.memory
        banks = memory.channels * memory.ranks * memory.part.bank_groups
        banks *= memory.part.banks_per_group
        if banks > BANK_MASK + 1:
            raise ValueError(f"the reference holds {BANK_MASK + 1} banks at most, got {banks}")
        self.mapping = mapping
        self._p, self._gaps = parameters(mapping.memory, policy)

    def requests(self, channels: Ints, bursts: Ints, writes: Ints, number: int) -> Ints:
        """Requests as the integers of the controller, from channel and burst within it."""
        memory = self.mapping.memory
        part = memory.part
        place = self.mapping.places(bursts)
        bank = (channels * memory.ranks + place[:, _RANK]) * part.bank_groups + place[:, _GROUP]
        bank = bank * part.banks_per_group + place[:, _BANK]
        return np.asarray(number << ID_SHIFT | place[:, _ROW] << ROW_SHIFT | bank << 1 | writes)

    def run(
        self,
        state: State,
        trace: Ints,
        first: int,
        end: int,
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
    mapping: AddressMap,
    policy: Policy,
    addresses: Ints,
    writes: Ints,
    *,
    apart: bool = False,
    pause: int = -1,
    log: int = 0,
) -> Replay:
    """Offer a trace as fast as the controllers take it, in order.

    Args:
        mapping: the memory and where addresses lie in it.
        policy: its controllers.
        addresses: byte addresses, one burst each.
        writes: 1 for a write, 0 for a read.
        apart: each channel has the trace to itself and serves its part of it; else a channel whose
            buffer is full holds back the others.
        pause: -1, or a request is offered so many cycles after the last data of the one before.
        log: how many commands to keep.

    Raises:
        ValueError: the memory has too many banks.
    """
    memory = mapping.memory
    system, state = _System(mapping, policy), fresh_state(memory, policy)
    commands = np.zeros((log + 1, 4), dtype=np.int64)
    channel, local = mapping.local(addresses)
    trace = system.requests(channel, local // memory.part.burst_bytes, writes, 0)
    if apart:
        for c in range(memory.channels):
            own = np.ascontiguousarray(trace[channel == c])
            system.run(state, own, c, c + 1, pause=pause, commands=commands)
    else:
        system.run(state, trace, 0, memory.channels, pause=pause, commands=commands)
    return Replay(
        cycles=int(state.channels[:, s.LAST_END].max()),
        statistics=_statistics(state),
        commands=commands[1 : commands[0, 0] + 1],
    )


class ReferenceMemory:
    """The reference as a `MemoryModel`.

    Each channel serves its part of the descriptors in the order in which they come, as a queue in
    front of its controller hands them on; within the controller's buffers bursts overtake each
    other. The time that `submit` returns supposes that nothing comes after: a later request may
    still delay the last bursts of an earlier one, and is then itself timed with that delay.
    """

    def __init__(self, memory: Memory, policy: Policy | None = None) -> None:
        policy = policy or usual_policy(memory)
        self._system = _System(AddressMap(memory), policy)
        self._state = fresh_state(memory, policy)
        nothing = np.zeros(0, dtype=np.int64)
        self._backlog = [nothing] * memory.channels
        self._now = 0
        self._number = 0
        self.window: Ints = np.zeros((memory.channels, 2), dtype=np.int64)
        self._free: Ints = np.zeros(memory.channels, dtype=np.int64)
        # The period of the command clock in lowest terms, so that products fit 64 bits.
        clock = memory.part.clock
        period = Fraction(PS_PER_S * clock.hz_den, clock.hz_num)
        self._period_num, self._period_den = period.numerator, period.denominator

    def submit(
        self, now_ps: int, address: int, rows: int, row_bytes: int, stride_bytes: int, write: bool
    ) -> int:
        """Take a 2-D descriptor at `now_ps`; return the time at which its last byte has passed."""
        now = -(-now_ps * self._period_den // self._period_num)
        self._advance(now)
        self._number = (self._number + 1) % _IDS
        self._append(address, rows, row_bytes, stride_bytes, write)
        ahead = self._state.copy()
        ahead.window[:] = [-1, 0]
        for c, trace in enumerate(self._backlog):
            if len(trace):
                self._system.run(ahead, trace, c, c + 1, start=now, watched=self._number)
        used = ahead.window[:, 0] >= 0
        shared = self._free.copy()
        self._free[used] = np.maximum(shared, ahead.window[:, 1])[used]
        self.window = np.where(used[:, None], np.maximum(ahead.window, shared[:, None]), [-1, 0])
        done = max(now, int(ahead.channels[:, s.LAST_END].max()))
        return -(-done * self._period_num // self._period_den)

    def statistics(self) -> MemoryStatistics:
        """What happened so far, and will until all that was submitted is served."""
        ahead = self._state.copy()
        for c, trace in enumerate(self._backlog):
            self._system.run(ahead, trace, c, c + 1, start=self._now)
        return _statistics(ahead)

    def to_ps(self, cycles: Ints) -> Ints:
        """Times in ps of an array of command-clock edges, rounded up to whole ps."""
        return -(-cycles * self._period_num // self._period_den)

    def _advance(self, now: int) -> None:
        for c, trace in enumerate(self._backlog):
            taken = self._system.run(self._state, trace, c, c + 1, start=self._now, until=now)
            self._backlog[c] = trace[taken:]
        self._now = now

    def _append(
        self, address: int, rows: int, row_bytes: int, stride_bytes: int, write: bool
    ) -> None:
        burst = self._system.mapping.memory.part.burst_bytes
        starts = address + stride_bytes * np.arange(rows)
        bursts = np.concatenate(
            [np.arange(start // burst, -(-(start + row_bytes) // burst)) for start in starts]
        )
        channel, local = self._system.mapping.local(bursts * burst)
        writes = np.full(len(bursts), int(write))
        requests = self._system.requests(channel, local // burst, writes, self._number)
        for c, trace in enumerate(self._backlog):
            self._backlog[c] = np.concatenate([trace, requests[channel == c]])
