"""The tile program of one pass: what each unit does, in order, and what it waits for.

Every unit works through its own queue in order. A command starts when four completion counters have
reached its thresholds: so many loads, stores, array tiles and vector tiles done. That is how real
accelerators synchronise (semaphore counters), and it keeps a command to a handful of integers.

Columns, not objects: a Llama-2-7B pass has some 30,000 commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from accsim.mapping import OpMapping


class Unit(IntEnum):
    """The units that execute commands; also the index of each completion counter."""

    LOAD = 0
    STORE = 1
    ARRAY = 2
    VECTOR = 3


UNIT_NAMES = ("load", "store", "array", "vector")


@dataclass(frozen=True)
class Commands:
    """The queue of one unit; all columns have one entry per command.

    op               index of the operator in the pass graph
    label            index into `Program.labels`: which part of the operator this tile is
    needs            four columns, one per `Unit`: commands of that unit that must be done before
    sram_free_bytes  stream-buffer bytes given back when the command ends
    first_of_op      1 where the command is its unit's first of that operator (pays the dispatch)
    """

    op: tuple[int, ...]
    label: tuple[int, ...]
    needs: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    sram_free_bytes: tuple[int, ...]
    first_of_op: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.op)


@dataclass(frozen=True)
class Transfers(Commands):
    """Loads or stores: 2-D descriptors of `rows` runs of `row_bytes`, `stride_bytes` apart.

    `sram_bytes` is taken from the stream buffer when the descriptor is issued (0 for stores: their
    bytes lie in the activation reserve).
    """

    address: tuple[int, ...]
    rows: tuple[int, ...]
    row_bytes: tuple[int, ...]
    stride_bytes: tuple[int, ...]
    sram_bytes: tuple[int, ...]

    def bytes_of(self, index: int) -> int:
        """DRAM bytes that the descriptor moves."""
        return self.rows[index] * self.row_bytes[index]


@dataclass(frozen=True)
class Tiles(Commands):
    """Array or vector tiles.

    cycles        core cycles from start to results, where SRAM bandwidth does not hold it up
    drain_cycles  how many of those, at the end, the unit is free for the next tile
    fill_cycles   how many of those before that nothing streams through the array (0 on the vector
                  unit): it fills or drains within the tile
    macs          useful multiply-accumulates (0 on the vector unit)
    sram_bytes    bytes read from and written to SRAM
    """

    cycles: tuple[int, ...]
    drain_cycles: tuple[int, ...]
    fill_cycles: tuple[int, ...]
    macs: tuple[int, ...]
    sram_bytes: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """One pass, ready for the engine.

    `reserve_bytes` of SRAM hold activations for the whole pass; the other `stream_bytes` take the
    loads. `labels` are the texts that `Commands.label` points to (``tile 3/96``). `moves_more`
    are the operators that move more than their own bytes through DRAM, for want of SRAM: their
    activations are spilled, or an operand is read more than once.

    `mappings` tell how each matmul and each attention (by its scores operator) was cut, by index of
    the operator; `spilled` are the activations that live in DRAM.
    """

    graph: str
    contexts: tuple[int, ...]
    loads: Transfers
    stores: Transfers
    array: Tiles
    vector: Tiles
    labels: tuple[str, ...]
    moves_more: frozenset[int]
    reserve_bytes: int
    stream_bytes: int
    mappings: tuple[tuple[int, OpMapping], ...] = ()
    spilled: frozenset[str] = frozenset()

    def queue(self, unit: Unit) -> Commands:
        """The commands of one unit."""
        return (self.loads, self.stores, self.array, self.vector)[unit]
