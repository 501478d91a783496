"""Each operator of a simulated pass: its bytes, tiles and waits side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from accsim.analysis.alike import fold
from accsim.analysis.bounds import memory_floor_ps
from accsim.analysis.causes import by_cause, by_part
from accsim.analysis.measure import PassStats, service_ps
from accsim.array.formula import tile_formula
from accsim.chip import VECTOR_OPS, Chip
from accsim.explanation import (
    ArrayWork,
    DramWork,
    Formula,
    Line,
    Needed,
    OpExplanation,
    Place,
    VectorWork,
)
from accsim.mapping import Account, AttentionMapping, MatmulMapping, OpMapping
from accsim.ops import Op, PassGraph, Tensor
from accsim.program import Commands, Program, Tiles, Unit
from accsim.timeline import Column, Timeline
from accsim.units import PS_PER_S


@dataclass(frozen=True)
class SeenPass:
    """A simulated pass, measured, with the mapper's account of it."""

    chip: Chip
    graph: PassGraph
    program: Program
    timeline: Timeline
    stats: PassStats
    account: Account


def explain_ops(seen: SeenPass) -> tuple[OpExplanation, ...]:
    """Every operator of a pass; their critical-path times add up to that of the pass."""
    return _Explainer(seen).ops()


def fold_ops(ops: tuple[OpExplanation, ...]) -> tuple[Line, ...]:
    """Operators that do the same in several layers on one line; times may differ."""

    def key(op: OpExplanation) -> tuple[object, ...]:
        dram, array, vector = op.dram, op.array, op.vector
        return (
            *(op.kind, op.group, op.rows, op.inner, op.outer, op.attention, op.mapping),
            *(op.inputs, op.outputs),
            *(dram.needed, dram.read_bytes, dram.write_bytes, dram.loads, dram.stores),
            None if array is None else replace(array, busy_ps=0),
            None if vector is None else replace(vector, busy_ps=0),
        )

    return fold([op.name for op in ops], [key(op) for op in ops])


class _Explainer:
    """Columns of the pass added up by operator."""

    def __init__(self, seen: SeenPass) -> None:
        self.seen = seen
        self.chip, self.graph, self.program = seen.chip, seen.graph, seen.program
        self.context = sum(self.program.contexts)
        self.mappings: dict[int, OpMapping] = dict(self.program.mappings)
        timeline = seen.timeline
        queues = [self.program.queue(unit) for unit in Unit]
        self.counts = [self.per_op(queue, np.ones(len(queue), np.int64)) for queue in queues]
        spans = [service_ps(timeline, unit) for unit in (Unit.LOAD, Unit.STORE)]
        for unit in (Unit.ARRAY, Unit.VECTOR):
            lane = timeline.lane(unit)
            spans.append(lane.free_ps - lane.start_ps)
        self.busy = [self.per_op(queue, span) for queue, span in zip(queues, spans, strict=True)]
        self.first = [self.first_of(queue) for queue in queues]

    def per_op(self, queue: Commands, amounts: Column) -> Column:
        """Sums over each operator's commands, shape (operators,)."""
        totals = np.zeros(len(self.graph.ops), dtype=np.int64)
        np.add.at(totals, np.array(queue.op, dtype=np.int64), amounts)
        return totals

    @staticmethod
    def first_of(queue: Commands) -> dict[int, int]:
        first: dict[int, int] = {}
        for place, op in enumerate(queue.op):
            first.setdefault(op, place)
        return first

    def ops(self) -> tuple[OpExplanation, ...]:
        tiles = (self.program.array, self.program.vector)
        occupied = [self.per_op(each, _occupied_cycles(each)) for each in tiles]
        return tuple(
            OpExplanation(
                name=op.name,
                kind=op.kind,
                group=op.group,
                layer=op.layer,
                rows=op.rows,
                inner=op.inner,
                outer=op.outer,
                attention=op.attention,
                inputs=self.place(op.reads),
                outputs=self.place(op.writes),
                mapping=self.mappings.get(index),
                choice=self.seen.account.choices.get(index),
                dram=self.dram(index, op),
                array=self.array(index, op, int(occupied[0][index])),
                vector=self.vector(index, op, int(occupied[1][index])),
                time_ps=int(self.seen.stats.path[index].sum()),
                causes_ps=by_cause(self.seen.stats.path[index]),
                causes_detail_ps=by_part(self.seen.stats.path[index]),
            )
            for index, op in enumerate(self.graph.ops)
        )

    def place(self, tensors: tuple[Tensor, ...]) -> Place:
        """Where activations and cached keys and values lie; weights and tables do not count."""
        found = {
            "sram" if t.place == "chip" and t.name not in self.program.spilled else "dram"
            for t in tensors
            if t.place in ("chip", "kv_cache")
        }
        if len(found) == 2:
            return "both"
        return "sram" if "sram" in found else "dram" if found else "none"

    def dram(self, index: int, op: Op) -> DramWork:
        caches = (tensor for tensor in op.reads if tensor.place == "kv_cache")
        cached = op.dram_write_bytes() + sum(t.stored_bytes(self.context, 0) for t in caches)
        own = op.dram_read_bytes(self.context) + op.dram_write_bytes()
        needed = Needed(own - cached, cached, self.spilled_bytes(op))
        read, written = (int(size) for size in self.seen.stats.op_bytes[index])
        return DramWork(
            needed=needed,
            read_bytes=read,
            write_bytes=written,
            loads=int(self.counts[Unit.LOAD][index]),
            stores=int(self.counts[Unit.STORE][index]),
            needed_pins_ps=ceil(memory_floor_ps(self.chip, needed.total)),
            moved_pins_ps=ceil(memory_floor_ps(self.chip, read + written)),
            busy_ps=int(self.busy[Unit.LOAD][index] + self.busy[Unit.STORE][index]),
        )

    def spilled_bytes(self, op: Op) -> int:
        """Bytes of the activations in DRAM that an operator reads and writes, each once."""

        def size(tensors: tuple[Tensor, ...]) -> int:
            keys = self.graph.keys(self.context)
            spilled = (tensor for tensor in tensors if tensor.name in self.program.spilled)
            return sum(tensor.stored_bytes(self.context, keys) for tensor in spilled)

        read = size(op.reads)
        if op.kind == "rms_norm":
            # The last norm of a prefill takes one row of each sequence only.
            heights = (t.shape[0] for t in op.reads if t.place == "chip")
            rows = sum(height for height in heights if isinstance(height, int))
            read = read * op.rows // rows
        return read + size(op.writes)

    def array(self, index: int, op: Op, occupied: int) -> ArrayWork | None:
        if index not in self.first[Unit.ARRAY]:
            return None
        macs, rate = op.macs(self.context), self.chip.array.macs_per_cycle(op.operand_bits)
        place = self.first[Unit.ARRAY][index]
        cycles = self.program.array.cycles[place]
        shape, turns, formula = self.formula(index, op, place)
        clock = self.chip.clock
        return ArrayWork(
            macs=macs,
            macs_per_cycle=rate,
            peak_ps=-(-macs * PS_PER_S * clock.hz_den // (rate * clock.hz_num)),
            tiles=int(self.counts[Unit.ARRAY][index]),
            first_cycles=cycles,
            first=shape,
            turns=turns,
            formula=formula,
            cycles=occupied,
            busy_ps=int(self.busy[Unit.ARRAY][index]),
        )

    def formula(
        self, index: int, op: Op, place: int
    ) -> tuple[tuple[int, int, int], int, Formula | None]:
        """Shape of the tile at `place`, how often the formula applies in it, and the formula.

        A formula that does not give the tile's cycles is none.
        """
        cycles = self.program.array.cycles[place]
        mapping = self.mappings.get(index)
        if isinstance(mapping, MatmulMapping):
            shape = (mapping.rows, mapping.inner, mapping.outer)
            stored = op.weights.format
            group = op.inner if stored.per_channel else stored.group
            scales = -(-mapping.inner // group) if group else 0
            made = tile_formula(
                self.chip.array, *shape, op.operand_bits, split=mapping.split, scales=scales
            )
            return shape, 1, made if made.cycles == cycles else None
        return self.attention_formula(index, op, place)

    def attention_formula(
        self, index: int, op: Op, place: int
    ) -> tuple[tuple[int, int, int], int, Formula | None]:
        """As `formula`, where one product per KV head follows the other on each array."""
        scores = index if op.kind == "scores" else index - 2
        mapping, shape = self.mappings.get(scores), op.attention
        if not isinstance(mapping, AttentionMapping) or shape is None:
            return (op.rows, op.inner, op.outer), 1, None
        cycles, macs = self.program.array.cycles[place], self.program.array.macs[place]
        together = 1
        if self.chip.attention.kv_shared_by_heads:
            together = shape.query_heads // shape.kv_heads
        rows, array = mapping.rows * together, self.chip.array
        bits = max(t.format.bits for t in self.graph.ops[scores].reads)
        # All keys of the rows; or, where a head is cut, a piece that no mask touches.
        new = self.graph.rows if shape.visible else mapping.rows
        all_keys = self.program.contexts[0] + new
        piece = macs // (mapping.heads * rows * shape.head_dim)
        # All arrays share each head, or each takes heads of its own.
        ways = ((array, mapping.heads), (replace(array, count=1), -(-mapping.heads // array.count)))
        for keys in (all_keys, piece):
            inner, outer = (shape.head_dim, keys) if op.kind == "scores" else (keys, shape.head_dim)
            for one, turns in ways:
                made = tile_formula(one, rows, inner, outer, bits)
                drain = made.drain_cycles
                if (made.cycles - drain) * turns + drain == cycles:
                    return (rows, inner, outer), turns, made
        return (rows, shape.head_dim, all_keys), 1, None

    def vector(self, index: int, op: Op, occupied: int) -> VectorWork | None:
        if index not in self.first[Unit.VECTOR]:
            return None
        unit = self.chip.vector
        cycles = self.program.vector.cycles[self.first[Unit.VECTOR][index]]
        passes = unit.cycles_per_element[VECTOR_OPS[op.kind]]
        return VectorWork(
            tiles=int(self.counts[Unit.VECTOR][index]),
            first_cycles=cycles,
            rounds=(cycles - unit.latency_cycles) // passes if passes else 0,
            lanes=unit.lanes,
            passes=passes,
            latency_cycles=unit.latency_cycles,
            cycles=occupied,
            busy_ps=int(self.busy[Unit.VECTOR][index]),
        )


def _occupied_cycles(tiles: Tiles) -> Column:
    cycles = np.array(tiles.cycles, dtype=np.int64)
    return cycles - np.array(tiles.drain_cycles, dtype=np.int64)
