"""The memory system that the engine talks to: descriptors in, completion times out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from accsim.chip import SEQUENTIAL, AddressField, Memory
from accsim.dram import kernel
from accsim.dram.kernel import Ints
from accsim.units import Clock


@dataclass(frozen=True, slots=True)
class MemoryStatistics:
    """Sums over a run, one row per channel; `states` in command-clock cycles.

    `states` has the columns data, turnaround, refresh, activation (shape (channels, 4)); the rest
    of the time a channel had nothing to do. Row counts are per burst.
    """

    states: Ints
    row_hits: Ints
    row_misses: Ints
    row_conflicts: Ints
    activates: Ints
    refreshes: Ints


class MemoryModel(Protocol):
    """A DRAM system that is told the time. Requests come in order of time and are served so.

    Each `submit` fills the same two arrays anew.
    """

    window: Ints
    """After `submit`: first and last cycle of data (-1 and 0: none) and rows opened, per channel,
    shape (channels, 3)."""
    spent: Ints
    """After `submit`: what the channel that finishes last spent its cycles on since its last data
    before, or since the descriptor came to an idle channel: `DRAM_PARTS`, shape (5,)."""

    def submit(
        self, now_ps: int, address: int, rows: int, row_bytes: int, stride_bytes: int, write: bool
    ) -> int:
        """Take a 2-D descriptor at `now_ps`; return the time at which its last byte has passed."""

    def statistics(self) -> MemoryStatistics:
        """What happened so far."""

    def to_ps(self, cycles: Ints) -> Ints:
        """Times in ps of an array of command-clock edges."""


def edges_ps(clock: Clock, indices: Ints) -> Ints:
    """Times in ps of edges of a clock, rounded up, as `Clock.edge_ps` has them one by one."""
    # In lowest terms, so that the products fit 64 bits.
    period = clock.period_ps
    return -(-indices * period.numerator // period.denominator)


def outside_domain(memory: Memory) -> str | None:
    """What `RowGranularMemory` does not know of a memory, in words; None where it may be used.

    It walks the stripes of the usual address order, keeps rows open and refreshes all banks of a
    rank together. Where some are refreshed while the others go on, a stream falls into a rhythm
    that a few bursts more or less in the queues decide (docs/dram-model.md). Fields of a single
    value may stand anywhere in the order. The limits of the controller (`hit_limit`,
    `starvation_limit`) and of its write drain are no matter: they decide between requests to
    different rows of a bank, or between reads and writes, and a decoding chip has long runs of one
    kind in flight (`tests/dram/test_domain.py`).
    """
    counts: dict[AddressField, int] = {
        "bank_group": memory.part.bank_groups,
        "bank": memory.part.banks_per_group,
        "rank": memory.ranks,
    }
    walked, usual = (
        [field for field in order if counts.get(field, 2) > 1]
        for order in (memory.address_order, SEQUENTIAL)
    )
    unknown = []
    if walked != usual:
        unknown.append(f"the address order {', '.join(memory.address_order)}")
    if memory.bank_hash:
        unknown.append("a hash of the banks")
    if memory.policy.page != "open":
        unknown.append(f"the page policy {memory.policy.page!r}")
    if memory.refresh in ("per_bank", "same_bank"):
        unknown.append(f"{memory.refresh} refresh")
    return " and ".join(unknown) or None


class RowGranularMemory:
    """The fast model: one compiled step per row of DRAM (see `accsim.dram.kernel`).

    Raises:
        ValueError: the memory is `outside_domain`.
    """

    def __init__(self, memory: Memory) -> None:
        unknown = outside_domain(memory)
        if unknown is not None:
            raise ValueError(f"the row-granular model does not know {unknown}")
        part, t = memory.part, memory.part.timings
        self._p = np.array(
            [
                memory.channels,
                memory.interleave_bytes,
                part.burst_bytes,
                part.burst_cycles,
                part.bank_groups,
                part.banks_per_group,
                memory.ranks,
                part.row_bytes // part.burst_bytes,
                memory.queue_bursts,
                int(memory.refresh == "all_bank"),
                *(t.CL, t.CWL, t.tRCD, t.tRCD_WR, t.tRP, t.tRAS, t.tRC, t.tCCD_S, t.tCCD_L),
                *(t.tRRD_S, t.tRRD_L, t.tFAW, t.tRTP, t.tWR, t.tWTR_S, t.tWTR_L, t.tRTW, t.tRTRS),
                *(t.tRFC, t.tREFI),
            ],
            dtype=np.int64,
        )
        all_ranks = memory.channels * memory.ranks
        self._channels = np.zeros((memory.channels, kernel.CHANNEL_STATE), dtype=np.int64)
        self._ranks = np.zeros((all_ranks, kernel.RANK_STATE), dtype=np.int64)
        self._ranks[:, kernel.ACT_OLDEST : kernel.ACT_NEWEST + 1] = kernel.LONG_AGO
        # Ranks refresh in turn, evenly spread over the interval.
        for rank in range(memory.ranks):
            due = t.tREFI * (rank + 1) // memory.ranks
            self._ranks[rank :: memory.ranks, kernel.REFRESH_DUE] = due
        all_banks = all_ranks * part.banks_per_group * part.bank_groups
        self._banks = np.zeros((all_banks, kernel.BANK_STATE), dtype=np.int64)
        self._banks[:, kernel.OPEN_ROW] = -1
        self._banks[:, kernel.ACT_AT] = kernel.LONG_AGO
        self._stats = np.zeros((memory.channels, kernel.STATISTICS), dtype=np.int64)
        self.window: Ints = np.zeros((memory.channels, 3), dtype=np.int64)
        self.spent: Ints = np.zeros(kernel.SPENT, dtype=np.int64)
        self._clock = memory.part.clock

    def submit(
        self, now_ps: int, address: int, rows: int, row_bytes: int, stride_bytes: int, write: bool
    ) -> int:
        """Take a 2-D descriptor at `now_ps`; return the time at which its last byte has passed."""
        arrival = self._clock.next_edge(now_ps)
        done = kernel.submit(
            self._p,
            self._channels,
            self._ranks,
            self._banks,
            self._stats,
            self.window,
            self.spent,
            address,
            rows,
            row_bytes,
            stride_bytes,
            int(write),
            arrival,
        )
        return self._clock.edge_ps(done)

    def statistics(self) -> MemoryStatistics:
        """What happened so far."""
        s = self._stats.copy()
        return MemoryStatistics(
            states=s[:, : kernel.HITS],
            row_hits=s[:, kernel.HITS],
            row_misses=s[:, kernel.MISSES],
            row_conflicts=s[:, kernel.CONFLICTS],
            activates=s[:, kernel.ACTIVATES],
            refreshes=s[:, kernel.REFRESHES],
        )

    def to_ps(self, cycles: Ints) -> Ints:
        """Times in ps of an array of command-clock edges, rounded up to whole ps."""
        return edges_ps(self._clock, cycles)
