"""What happened in one pass: integer columns, filled by the engine, read-only afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accsim.program import Unit

Column = npt.NDArray[np.int64]

NO_BLOCKER = -1
"""`Lane.blocker` of a command that waited only for its own unit's previous command."""
SRAM_BLOCKER = 4
"""`Lane.blocker` of a load that waited for room in the stream buffer."""
SLOT_BLOCKER = 5
"""`Lane.blocker` of a transfer that waited for the DMA's outstanding slots."""


@dataclass(frozen=True)
class Lane:
    """The commands of one unit as they ran; times in ps from the start of the pass.

    ready_ps      when the last thing that the command waited for was there
    start_ps      when it started: `ready_ps` plus dispatch (tiles) or DMA issue (transfers)
    end_ps        when it was done
    blocker       what it waited for last: a `Unit`, SRAM_BLOCKER, SLOT_BLOCKER or NO_BLOCKER
    sram_wait_ps  by how much SRAM bandwidth made it longer (tiles; 0 for transfers)
    drain_ps      how long before `end_ps` its unit was free for the next tile (0 for transfers)
    """

    ready_ps: Column
    start_ps: Column
    end_ps: Column
    blocker: Column
    sram_wait_ps: Column
    drain_ps: Column

    @property
    def free_ps(self) -> Column:
        """When each command's unit was free for the next tile."""
        return self.end_ps - self.drain_ps

    def __len__(self) -> int:
        return len(self.end_ps)


DRAM_STATES = ("data", "turnaround", "refresh", "activation", "idle")
"""What a channel's data bus does; the five add up to the elapsed time of the channel.

Turnaround is all that the bus stands still between bursts that could have followed each other: a
change of direction or rank, and tCCD where it is longer than a burst.
"""

DRAM_PARTS = ("data", "turnaround", "refresh", "activation", "latency")
"""What the service of a descriptor is spent on: the states of its channel, and column latency."""


@dataclass(frozen=True)
class MemoryLane:
    """Descriptors in the order in which the memory system took them.

    unit, index     which command: `Unit.LOAD` or `Unit.STORE`, and its place in that queue
    begin_ps        shape (requests, channels): first data on that channel's bus (0 if none)
    finish_ps       same shape: last data (0 if none)
    spent_cycles    shape (requests, 5): command-clock cycles of the channel that finished last, by
                    `DRAM_PARTS`, since its last data before, or since the descriptor came to it
    opened_rows     rows opened for that descriptor, in all channels. With the command-level model
                    bursts of neighbours share rows, so one may have fewer than none
    states_ps       shape (channels, 5): time of each channel in each of `DRAM_STATES`
    row_hits, row_misses, row_conflicts, activates, refreshes: counts per channel
    """

    unit: Column
    index: Column
    begin_ps: Column
    finish_ps: Column
    spent_cycles: Column
    opened_rows: Column
    states_ps: Column
    row_hits: Column
    row_misses: Column
    row_conflicts: Column
    activates: Column
    refreshes: Column


@dataclass(frozen=True)
class Timeline:
    """One simulated pass, from 0 to `elapsed_ps`.

    `sram_ps` and `sram_bytes` are the moments at which the stream buffer's fill changed, and the
    bytes in use from then on (the activation reserve not included).
    """

    elapsed_ps: int
    lanes: tuple[Lane, Lane, Lane, Lane]
    memory: MemoryLane
    sram_ps: Column
    sram_bytes: Column

    def lane(self, unit: Unit) -> Lane:
        """The commands of one unit as they ran."""
        return self.lanes[unit]
