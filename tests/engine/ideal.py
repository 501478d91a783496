"""A memory without DRAM, so that every time in a timeline can be computed by hand."""

from __future__ import annotations

import numpy as np

from accsim.dram.kernel import Ints
from accsim.dram.memory import MemoryStatistics

BURST_BYTES = 64
"""As every chip of the tests has it."""


class IdealMemory:
    """One channel of 1 GHz that moves a byte per `ps_per_byte`, one request at a time.

    `window` and `to_ps` count its cycles of 1000 ps. `calls` records what was asked of it.
    """

    def __init__(self, ps_per_byte: int = 1000) -> None:
        self.ps_per_byte = ps_per_byte
        self.window: Ints = np.full((1, 3), -1, dtype=np.int64)
        self.spent: Ints = np.array([1, 0, 0, 0, 0], dtype=np.int64)
        self.free_ps = 0
        self.busy_ps = 0
        self.bursts = 0
        self.calls: list[tuple[int, int, int, int, int, bool]] = []

    def submit(
        self, now_ps: int, address: int, rows: int, row_bytes: int, stride_bytes: int, write: bool
    ) -> int:
        """Move the bytes behind those of the request before."""
        self.calls.append((now_ps, address, rows, row_bytes, stride_bytes, write))
        begin = max(now_ps, self.free_ps)
        span = rows * row_bytes * self.ps_per_byte
        self.free_ps = begin + span
        self.busy_ps += span
        self.bursts += rows * -(-row_bytes // BURST_BYTES)
        self.window[0] = begin // 1000, self.free_ps // 1000, 0
        return self.free_ps

    def statistics(self) -> MemoryStatistics:
        """All of its busy time is data."""
        none = np.zeros(1, dtype=np.int64)
        hits = np.array([self.bursts], dtype=np.int64)
        states = np.array([[self.busy_ps // 1000, 0, 0, 0]], dtype=np.int64)
        return MemoryStatistics(states, hits, none, none, none, none)

    def to_ps(self, cycles: Ints) -> Ints:
        """Cycles of 1 GHz."""
        return cycles * 1000
