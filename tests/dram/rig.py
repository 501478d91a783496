"""One memory system under test, driven in cycles of its command clock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accsim.chip import DramPart, Memory, RefreshScheme
from accsim.dram.memory import MemoryStatistics, RowGranularMemory
from accsim.dram.standards import PARTS

DDR4 = PARTS["DDR4-3200"]
"""CL 22, CWL 16, tRCD 22, tRP 22, tRAS 52, tRC 74, tCCD 4/8, tRRD 4/8, tFAW 34, tRTP 12, tWR 24,
tWTR 4/12, tRTW 12, tRTRS 1, tRFC 560, tREFI 12480; bursts of 4 cycles; 625 ps a cycle."""

DATA, TURNAROUND, REFRESH, ACTIVATION = range(4)
"""Columns of `MemoryStatistics.states`."""


def with_timings(part: DramPart = DDR4, /, **timings: int) -> DramPart:
    """A part with some timings replaced."""
    return replace(part, timings=replace(part.timings, **timings))


class Rig:
    """A memory of single-burst interleaving; requests and answers are in cycles."""

    def __init__(
        self,
        part: DramPart = DDR4,
        *,
        channels: int = 1,
        ranks: int = 1,
        refresh: RefreshScheme = "off",
        queue_bursts: int = 32,
    ) -> None:
        self.part, self.ranks, self.channels = part, ranks, channels
        self.memory = Memory(part, channels, ranks, part.burst_bytes, queue_bursts, refresh)
        self.model = RowGranularMemory(self.memory)

    def burst(self, *, row: int = 0, rank: int = 0, bank: int = 0, group: int = 0) -> int:
        """Index of the first burst of a row (one channel)."""
        stripe = (row * self.ranks + rank) * self.part.banks_per_group + bank
        bursts = self.part.row_bytes // self.part.burst_bytes
        return stripe * bursts * self.part.bank_groups + group

    def access(
        self, burst: int, *, at: int = 0, bursts: int = 1, write: bool = False
    ) -> tuple[int, int]:
        """First and last cycle of data of a run of bursts that is offered at cycle `at`."""
        size = self.part.burst_bytes
        at_ps = self.part.clock.edge_ps(at)
        self.model.submit(at_ps, burst * size, 1, bursts * size, 0, write)
        busy = self.model.window[self.model.window[:, 0] >= 0]
        return int(busy[:, 0].min()), int(busy[:, 1].max())

    def read(
        self, at: int = 0, *, row: int = 0, rank: int = 0, bank: int = 0, group: int = 0
    ) -> int:
        """Cycle at which the data of one read burst has passed."""
        return self.access(self.burst(row=row, rank=rank, bank=bank, group=group), at=at)[1]

    def write(
        self, at: int = 0, *, row: int = 0, rank: int = 0, bank: int = 0, group: int = 0
    ) -> int:
        """The same for a write burst."""
        place = self.burst(row=row, rank=rank, bank=bank, group=group)
        return self.access(place, at=at, write=True)[1]

    @property
    def statistics(self) -> MemoryStatistics:
        """What happened so far."""
        return self.model.statistics()

    def states(self) -> list[int]:
        """Cycles of data, turnaround, refresh and activation, over the channels."""
        return [int(cycles) for cycles in np.sum(self.statistics.states, axis=0)]
