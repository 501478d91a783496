"""The memory of a chip alone: what it makes of a pattern that is offered as fast as it takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accsim.chip import Memory
from accsim.dram.choice import DramModel, chosen_model
from accsim.dram.memory import MemoryStatistics, RowGranularMemory
from accsim.dram.reference.memory import replay
from accsim.dram.reference.patterns import Trace
from accsim.timeline import DRAM_STATES


@dataclass(frozen=True)
class Study:
    """One pattern on one memory.

    pattern        its name
    model          what it was simulated with
    bytes          bytes moved, `write_bytes` of them written
    cycles         of the command clock until the last data
    seconds        the same
    peak_bytes_per_s   what the pins can carry
    states         cycles that each channel's bus spends in `DRAM_STATES` but the last, idle; shape
                   (channels, 4)
    row_hits ...   sums over the channels, rows counted per burst
    """

    pattern: str
    model: DramModel
    bytes: int
    write_bytes: int
    cycles: int
    seconds: float
    peak_bytes_per_s: float
    states: tuple[tuple[int, ...], ...]
    row_hits: int
    row_misses: int
    row_conflicts: int
    activates: int
    refreshes: int

    @property
    def bytes_per_s(self) -> float:
        """What was reached."""
        return self.bytes / self.seconds

    @property
    def efficiency(self) -> float:
        """That over what the pins can carry."""
        return self.bytes_per_s / self.peak_bytes_per_s

    @property
    def bus_share(self) -> dict[str, float]:
        """Share of the time in each of `DRAM_STATES`, averaged over the channels."""
        totals = [sum(column) for column in zip(*self.states, strict=True)]
        return _shares(totals, self.cycles * len(self.states))

    @property
    def bus_share_by_channel(self) -> tuple[dict[str, float], ...]:
        """The same for each channel."""
        return tuple(_shares(row, self.cycles) for row in self.states)


def _shares(states: Sequence[int], whole: int) -> dict[str, float]:
    shares = [cycles / whole for cycles in states]
    return dict(zip(DRAM_STATES, [*shares, 1 - sum(shares)], strict=True))


def study(memory: Memory, pattern: str, trace: Trace, *, by_command: bool) -> Study:
    """Offer a memory a trace: byte addresses, one burst each, and 1 for a write or 0 for a read.

    Args:
        memory: what serves it.
        pattern: name of the trace.
        trace: from `accsim.dram.reference.patterns` or a file.
        by_command: whether every command is simulated even where the row-granular model knows the
            memory. That one is made for reads of long runs, served in order.
    """
    model = "command_level" if by_command else chosen_model(memory)
    if model == "command_level":
        played = replay(memory, *trace)
        cycles, statistics = played.cycles, played.statistics
    else:
        cycles, statistics = _by_row(memory, trace)
    unit = memory.part.burst_bytes
    return Study(
        pattern=pattern,
        model=model,
        bytes=len(trace[0]) * unit,
        write_bytes=int(trace[1].sum()) * unit,
        cycles=cycles,
        seconds=memory.part.clock.edge_ps(cycles) / 1e12,
        peak_bytes_per_s=float(memory.peak_bytes_per_s),
        states=tuple(tuple(row) for row in statistics.states.tolist()),
        row_hits=int(statistics.row_hits.sum()),
        row_misses=int(statistics.row_misses.sum()),
        row_conflicts=int(statistics.row_conflicts.sum()),
        activates=int(statistics.activates.sum()),
        refreshes=int(statistics.refreshes.sum()),
    )


def _by_row(memory: Memory, trace: Trace) -> tuple[int, MemoryStatistics]:
    """Offer runs of consecutive bursts, all at time 0, to the row-granular model."""
    model, unit = RowGranularMemory(memory), memory.part.burst_bytes
    addresses = trace[0]
    starts = np.flatnonzero(np.diff(addresses, prepend=-2 * unit) != unit)
    lengths = np.diff(starts, append=len(addresses)) * unit
    cycles = 0
    for start, length in zip(addresses[starts].tolist(), lengths.tolist(), strict=True):
        model.submit(0, start, 1, length, 0, False)
        cycles = max(cycles, int(model.window[:, 1].max()))
    return cycles, model.statistics()
