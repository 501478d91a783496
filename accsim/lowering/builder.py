"""Appending commands to the four queues of a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from accsim.array.cycles import TileCost
from accsim.mapping import OpMapping
from accsim.program import Program, Tiles, Transfers, Unit


@dataclass(frozen=True, slots=True)
class Needs:
    """Completion counts to wait for, one per unit (see `accsim.program.Commands`)."""

    loads: int = 0
    stores: int = 0
    array: int = 0
    vector: int = 0

    def __or__(self, other: Needs) -> Needs:
        """Both: the larger threshold of each unit."""
        return Needs(
            max(self.loads, other.loads),
            max(self.stores, other.stores),
            max(self.array, other.array),
            max(self.vector, other.vector),
        )


NOTHING = Needs()


@dataclass(frozen=True, slots=True)
class Work:
    """What a tile takes: cycles of its unit, MACs, SRAM bytes (see `accsim.program.Tiles`)."""

    cycles: int
    macs: int
    sram_bytes: int
    drain_cycles: int = 0
    fill_cycles: int = 0


PARTIAL_SUM_BYTES = 4
"""Partial sums are kept in fp32."""


def array_work(
    cost: TileCost, macs: int, outputs: int, a_bits: int, b_bits: int, c_bits: int
) -> Work:
    """The work of an array tile.

    Args:
        cost: cycles and element counts of the tile.
        macs: useful multiply-accumulates.
        outputs: elements of the finished product; what else is written and read are partial sums.
        a_bits: stored bits of an input element.
        b_bits: stored bits of a weight.
        c_bits: stored bits of an output element.
    """
    operands = -(-(cost.a_reads * a_bits + cost.b_reads * b_bits + outputs * c_bits) // 8)
    partial_sums = cost.c_writes + cost.c_reads - outputs
    moved = operands + partial_sums * PARTIAL_SUM_BYTES
    return Work(cost.cycles, macs, moved, cost.drain_cycles, cost.fill_cycles)


@dataclass
class _Queue:
    op: list[int] = field(default_factory=list)
    label: list[int] = field(default_factory=list)
    loads: list[int] = field(default_factory=list)
    stores: list[int] = field(default_factory=list)
    array: list[int] = field(default_factory=list)
    vector: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    begun: set[int] = field(default_factory=set)

    def begin(self, op: int) -> bool:
        """Whether a command of `op` is the first one here. Operators may take turns."""
        first = op not in self.begun
        self.begun.add(op)
        return first

    def append(self, op: int, label: int, needs: Needs, free: int) -> None:
        first = self.begin(op)
        self.op.append(op)
        self.label.append(label)
        self.loads.append(needs.loads)
        self.stores.append(needs.stores)
        self.array.append(needs.array)
        self.vector.append(needs.vector)
        self.free.append(free)
        self.first.append(int(first))

    def extend(
        self,
        op: int,
        labels: range,
        loads: range | None,
        needs: Needs,
        free: Sequence[int],
    ) -> None:
        """Append a command for each label; only the first has `needs` (queues are in order)."""
        count = len(labels)
        first = self.begin(op)
        at = len(self.op)
        zeros = [0] * count
        self.op.extend([op] * count)
        self.label.extend(labels)
        self.loads.extend(loads if loads is not None else zeros)
        self.stores.extend(zeros)
        self.array.extend(zeros)
        self.vector.extend(zeros)
        self.free.extend(free)
        self.first.extend(zeros)
        self.loads[at] = max(self.loads[at], needs.loads)
        self.stores[at] = needs.stores
        self.array[at] = needs.array
        self.vector[at] = needs.vector
        self.first[at] = int(first)

    def columns(self) -> dict[str, object]:
        return {
            "op": tuple(self.op),
            "label": tuple(self.label),
            "needs": tuple(map(tuple, (self.loads, self.stores, self.array, self.vector))),
            "sram_free_bytes": tuple(self.free),
            "first_of_op": tuple(self.first),
        }


@dataclass
class _TransferQueue(_Queue):
    address: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    row_bytes: list[int] = field(default_factory=list)
    stride: list[int] = field(default_factory=list)
    sram: list[int] = field(default_factory=list)

    def seal(self) -> Transfers:
        return Transfers(
            **self.columns(),  # type: ignore[arg-type]
            address=tuple(self.address),
            rows=tuple(self.rows),
            row_bytes=tuple(self.row_bytes),
            stride_bytes=tuple(self.stride),
            sram_bytes=tuple(self.sram),
        )


@dataclass
class _TileQueue(_Queue):
    cycles: list[int] = field(default_factory=list)
    drain_cycles: list[int] = field(default_factory=list)
    fill_cycles: list[int] = field(default_factory=list)
    macs: list[int] = field(default_factory=list)
    sram_bytes: list[int] = field(default_factory=list)

    def seal(self) -> Tiles:
        return Tiles(
            **self.columns(),  # type: ignore[arg-type]
            cycles=tuple(self.cycles),
            drain_cycles=tuple(self.drain_cycles),
            fill_cycles=tuple(self.fill_cycles),
            macs=tuple(self.macs),
            sram_bytes=tuple(self.sram_bytes),
        )


class SeenEnough(Exception):
    """Raised by a `ProgramProbe` when an operator's first commands have been emitted."""


class ProgramBuilder:
    """Grows a program command by command; counts of what is already there serve as thresholds."""

    def __init__(self) -> None:
        self._loads = _TransferQueue()
        self._stores = _TransferQueue()
        self._array = _TileQueue()
        self._vector = _TileQueue()
        self._labels: dict[str, int] = {}
        self._tile_labels: dict[int, range] = {}

    def count(self, unit: Unit) -> int:
        """How many commands a unit has so far: the threshold that waits for all of them."""
        return len((self._loads, self._stores, self._array, self._vector)[unit].op)

    def label(self, text: str) -> int:
        """The index of a label."""
        return self._labels.setdefault(text, len(self._labels))

    def tile_labels(self, count: int) -> range:
        """Indices of the labels ``tile 1/count`` ... ``tile count/count``."""
        known = self._tile_labels.get(count)
        if known is None:
            start = len(self._labels)
            for i in range(count):
                self._labels[f"tile {i + 1}/{count}"] = start + i
            known = self._tile_labels[count] = range(start, start + count)
        return known

    def load(
        self,
        op: int,
        label: int,
        address: int,
        row_bytes: int,
        *,
        rows: int = 1,
        stride: int = 0,
        needs: Needs = NOTHING,
    ) -> int:
        """Append a load; it takes its size from the stream buffer. Returns the count of loads."""
        self._loads.sram.append(rows * row_bytes)
        return self._transfer(self._loads, op, label, address, row_bytes, rows, stride, needs)

    def store(
        self,
        op: int,
        label: int,
        address: int,
        row_bytes: int,
        *,
        rows: int = 1,
        stride: int = 0,
        needs: Needs = NOTHING,
    ) -> int:
        """Append a store of bytes in the activation reserve. Returns the count of stores."""
        self._stores.sram.append(0)
        return self._transfer(self._stores, op, label, address, row_bytes, rows, stride, needs)

    @staticmethod
    def _transfer(
        queue: _TransferQueue,
        op: int,
        label: int,
        address: int,
        row_bytes: int,
        rows: int,
        stride: int,
        needs: Needs,
    ) -> int:
        queue.append(op, label, needs, 0)
        queue.address.append(address)
        queue.rows.append(rows)
        queue.row_bytes.append(row_bytes)
        queue.stride.append(stride)
        return len(queue.op)

    def array(self, op: int, label: int, work: Work, *, needs: Needs, free: int = 0) -> int:
        """Append an array tile. Returns the count of array tiles."""
        return self._tile(self._array, op, label, work, needs, free)

    def vector(self, op: int, label: int, work: Work, *, needs: Needs, free: int = 0) -> int:
        """Append a vector tile. Returns the count of vector tiles."""
        return self._tile(self._vector, op, label, work, needs, free)

    @staticmethod
    def _tile(queue: _TileQueue, op: int, label: int, work: Work, needs: Needs, free: int) -> int:
        queue.append(op, label, needs, free)
        queue.cycles.append(work.cycles)
        queue.drain_cycles.append(work.drain_cycles)
        queue.fill_cycles.append(work.fill_cycles)
        queue.macs.append(work.macs)
        queue.sram_bytes.append(work.sram_bytes)
        return len(queue.op)

    def weight_stream(
        self,
        op: int,
        labels: range,
        address: int,
        sizes: tuple[int, ...],
        works: tuple[Work, ...],
        needs: Needs,
    ) -> int:
        """Append, for each label, a weight load and the tile that uses it.

        The weights are one contiguous run from `address`; `sizes` and `works` repeat from the start
        when they are used up. Returns the count of array tiles.
        """
        count = len(labels)
        turns = count // len(sizes)
        loads, array = self._loads, self._array
        at = len(loads.op)
        loaded = sizes * turns
        loads.extend(op, labels, None, NOTHING, [0] * count)
        loads.address.extend(accumulate(loaded[:-1], initial=address))
        loads.rows.extend([1] * count)
        loads.row_bytes.extend(loaded)
        loads.stride.extend([0] * count)
        loads.sram.extend(loaded)
        array.extend(op, labels, range(at + 1, at + 1 + count), needs, loaded)
        array.cycles.extend([work.cycles for work in works] * turns)
        array.drain_cycles.extend([work.drain_cycles for work in works] * turns)
        array.fill_cycles.extend([work.fill_cycles for work in works] * turns)
        array.macs.extend([work.macs for work in works] * turns)
        array.sram_bytes.extend([work.sram_bytes for work in works] * turns)
        return len(array.op)

    def seal(
        self,
        graph: str,
        contexts: tuple[int, ...],
        reserve_bytes: int,
        stream_bytes: int,
        moves_more: frozenset[int] = frozenset(),
        mappings: tuple[tuple[int, OpMapping], ...] = (),
        spilled: frozenset[str] = frozenset(),
    ) -> Program:
        """The finished program."""
        return Program(
            graph=graph,
            contexts=contexts,
            loads=self._loads.seal(),
            stores=self._stores.seal(),
            array=self._array.seal(),
            vector=self._vector.seal(),
            labels=tuple(self._labels),
            moves_more=moves_more,
            reserve_bytes=reserve_bytes,
            stream_bytes=stream_bytes,
            mappings=mappings,
            spilled=spilled,
        )


class ProgramProbe(ProgramBuilder):
    """Takes only the first commands of each operator: enough to see whether its tiles fit.

    Each operator is cut into tiles before its first one is emitted, and none of the later ones is
    larger. What a probe seals is no program.
    """

    TILES = 64
    """Tiles of an operator that are looked at."""

    def array(self, op: int, label: int, work: Work, *, needs: Needs, free: int = 0) -> int:
        """Append an array tile, or raise `SeenEnough`."""
        count = super().array(op, label, work, needs=needs, free=free)
        self._look(self._array, op)
        return count

    def vector(self, op: int, label: int, work: Work, *, needs: Needs, free: int = 0) -> int:
        """Append a vector tile, or raise `SeenEnough`."""
        count = super().vector(op, label, work, needs=needs, free=free)
        self._look(self._vector, op)
        return count

    def _look(self, queue: _TileQueue, op: int) -> None:
        if len(queue.op) >= self.TILES and queue.op[-self.TILES] == op:
            raise SeenEnough
