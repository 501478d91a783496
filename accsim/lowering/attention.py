"""Attention: scores, softmax and the weighted sum of values, fused unit by unit.

A *unit* is some KV heads of one sequence and a block of its query rows: its scores stay in SRAM
between the three operators. Keys and values of a head are read from DRAM once for all query rows of
a unit, and once for all query heads that share them (grouped-query attention). While the vector
unit works on the softmax of one unit, the array goes on with the scores of the next.

In decoding all query rows form one block, so the KV cache is read once per pass. In prefill the
rows are cut so that a block's scores fit; a head's keys and values stay in SRAM for all its blocks
if they fit there, and are read again for each block if not. Keys behind the last row of a block are
masked and skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from accsim.array.cycles import TileCost, tile_cost
from accsim.lowering.builder import NOTHING, Needs, Work, array_work
from accsim.lowering.elementwise import vector_work
from accsim.lowering.layout import Cache, owner
from accsim.lowering.residency import score_rows
from accsim.lowering.site import DoesNotFit, NotUnderstood, Site
from accsim.ops import Attention


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some of a unit's keys (or values), worked on as one tile.

    The tile covers `cached` positions from `position` on, and `fresh` new ones that never left the
    SRAM. Of the cached ones, the last `loaded` are loaded for this tile (the others are there from
    earlier blocks), and `freed` vectors of each head are not needed any more afterwards.
    """

    position: int
    cached: int
    fresh: int
    loaded: int
    freed: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece of attention work: heads [head, head + heads), query rows [row, row + rows)."""

    sequence: int
    head: int
    heads: int
    row: int
    rows: int
    pieces: tuple[_Piece, ...]

    @property
    def keys(self) -> int:
        """Keys that some row of the unit attends to."""
        return sum(piece.cached + piece.fresh for piece in self.pieces)


def lower_attention(site: Site, first: int) -> None:
    """Emit the scores, softmax and attend operators at `first`, `first` + 1 and `first` + 2."""
    _Attention(site, first).emit()


class _Attention:
    def __init__(self, site: Site, first: int) -> None:
        ops = site.graph.ops[first : first + 3]
        self.site, self.first = site, first
        self.scores, _, self.attend = ops
        shape = self.scores.attention
        if [op.kind for op in ops] != ["scores", "softmax", "attend"] or shape is None:
            raise NotUnderstood(
                f"{self.scores.name}: scores, softmax and attend must follow each other"
            )
        self.shape: Attention = shape
        self.group = shape.query_heads // shape.kv_heads
        if owner(self.scores.name) not in site.layout.caches:
            raise NotUnderstood(f"{self.scores.name}: nothing appends to its KV cache")
        self.cache: Cache = site.layout.caches[owner(self.scores.name)]
        self.bits = self.scores.writes[0].format.bits
        self.kv_bits = max(t.format.bits for t in self.scores.reads if t.place == "kv_cache")
        chip_reads = [t for op in (self.scores, self.attend) for t in op.reads if t.place == "chip"]
        # Spilled new keys and values are read back from the cache, where they have been appended.
        self.fresh_on_chip = not any(site.is_spilled(t) for t in chip_reads[1:])
        self.queries_spilled = site.is_spilled(self.scores.reads[0])
        self.output_spilled = site.is_spilled(self.attend.writes[0])
        scores_ready = site.inputs_ready(first)
        attend_ready = site.inputs_ready(first + 2)
        self.load_needs = Needs(stores=max(scores_ready.stores, attend_ready.stores))
        if not self.fresh_on_chip:
            self.load_needs |= self.appended()
        self.key_needs = Needs(array=scores_ready.array, vector=scores_ready.vector)
        self.value_needs = Needs(array=attend_ready.array, vector=attend_ready.vector)
        self.stored: list[int] = []
        self.done = NOTHING
        # How much of the spilled queries and outputs the units so far have taken up.
        self.query_offset = self.output_offset = 0

    def appended(self) -> Needs:
        """The end of the operator that writes this layer's new keys and values to the cache."""
        layer = owner(self.scores.name)
        for index in range(self.first - 1, -1, -1):
            op = self.site.graph.ops[index]
            if op.kind == "kv_append" and owner(op.name) == layer:
                return self.site.marks[index]
        raise NotUnderstood(f"{self.scores.name}: nothing appends to its KV cache")

    def note_extra_bytes(self, units: list[_Unit]) -> None:
        """Tell where keys and values are read more than once, or more than those are read."""
        blocks = any(unit.rows < self.shape.rows for unit in units)
        if blocks or self.queries_spilled or not self.fresh_on_chip:
            self.site.moves_more.add(self.first)
        if blocks or self.output_spilled or not self.fresh_on_chip:
            self.site.moves_more.add(self.first + 2)

    def emit(self) -> None:
        """Software pipeline: the scores of a unit are emitted before the values of the last one."""
        before: tuple[_Unit, int, int] | None = None
        units = list(self.units())
        self.note_extra_bytes(units)
        for number, unit in enumerate(units):
            label = self.label(unit, number, len(units))
            probabilities = self.emit_scores(unit, label)
            if before is not None:
                self.emit_values(*before)
            before = unit, label, probabilities
        if before is not None:
            self.emit_values(*before)
        self.site.marks[self.first + 2] = self.done

    def label(self, unit: _Unit, number: int, count: int) -> int:
        if unit.rows == self.site.graph.rows and self.shape.sequences == 1:
            return self.site.build.tile_labels(count)[number]
        heads = f"heads {unit.head}-{unit.head + unit.heads - 1}"
        rows = f"rows {unit.row}-{unit.row + unit.rows - 1}"
        return self.site.build.label(f"sequence {unit.sequence}, {heads}, {rows}")

    # -- cutting ---------------------------------------------------------------------------------

    def units(self) -> Iterator[_Unit]:
        site, shape = self.site, self.shape
        score_limit = site.residency.score_bytes // 2
        for sequence, context in enumerate(site.contexts):
            keys = context + shape.rows
            rows = score_rows(shape, keys, self.bits, score_limit, site.chip.array.rows_at_once)
            if rows < 1:
                raise DoesNotFit(f"{self.scores.name}: the scores of one row do not fit")
            if rows < shape.rows:
                yield from self.row_blocks(sequence, context, rows)
            else:
                head = -(-rows * self.group * keys * self.bits // 8)
                yield from self.head_groups(sequence, context, score_limit // head)

    def head_groups(self, sequence: int, context: int, heads_by_scores: int) -> Iterator[_Unit]:
        """All query rows at once: as many heads together as make a good tile."""
        shape = self.shape
        fresh = shape.rows if self.fresh_on_chip else 0
        cached = context + shape.rows - fresh
        run = cached * self.cache.vector_bytes
        by_tile = self.site.tile_bytes // run if run else shape.kv_heads
        heads = max(1, min(shape.kv_heads, heads_by_scores, by_tile))
        if run <= self.site.tile_bytes:
            pieces: tuple[_Piece, ...] = (_Piece(0, cached, fresh, cached, cached),)
        else:
            pieces = self.cut(cached, fresh, free=True)
        for head in range(0, shape.kv_heads, heads):
            count = min(heads, shape.kv_heads - head)
            yield _Unit(sequence, head, count, 0, shape.rows, pieces)

    def row_blocks(self, sequence: int, context: int, rows: int) -> Iterator[_Unit]:
        """One head at a time, its query rows block by block."""
        shape = self.shape
        fresh_all = shape.rows if self.fresh_on_chip else 0
        stays = self.head_stays(context + shape.rows - fresh_all, rows)
        for head in range(shape.kv_heads):
            for row in range(0, shape.rows, rows):
                count = min(rows, shape.rows - row)
                visible = context + row + count
                fresh = row + count if self.fresh_on_chip else 0
                cached = visible - fresh
                if stays:
                    pieces = self.grown(cached, row, count, fresh)
                else:
                    pieces = self.cut(cached, fresh, free=True)
                yield _Unit(sequence, head, 1, row, count, pieces)

    def grown(self, cached: int, row: int, count: int, fresh: int) -> tuple[_Piece, ...]:
        """A block of a head that stays in SRAM brings only the keys that its own rows add."""
        last = row + count >= self.shape.rows
        if row == 0:
            return self.cut(cached, fresh, free=last)
        added = 0 if self.fresh_on_chip else count
        return (_Piece(0, cached, fresh, added, cached if last else 0),)

    def cut(self, cached: int, fresh: int, *, free: bool) -> tuple[_Piece, ...]:
        """Cut cached positions into tiles; the fresh ones join the last."""
        step = max(1, self.site.tile_bytes // self.cache.vector_bytes)
        starts = range(0, cached, step) or range(1)
        pieces = []
        for start in starts:
            last = start == starts[-1]
            length = min(step, cached - start)
            freed = length if free else 0
            pieces.append(_Piece(start, length, fresh if last else 0, length, freed))
        return tuple(pieces)

    def head_stays(self, cached: int, rows: int) -> bool:
        """Whether the keys and values of a head fit beside the query blocks in flight."""
        head = 2 * cached * self.cache.vector_bytes
        queries = self.query_bytes(rows) if self.queries_spilled else 0
        return head + 3 * queries <= self.site.residency.stream_bytes

    def query_bytes(self, rows: int) -> int:
        return -(-rows * self.group * self.shape.head_dim * self.bits // 8)

    # -- emitting --------------------------------------------------------------------------------

    def load_piece(self, op: int, unit: _Unit, piece: _Piece, base: int, label: int) -> int:
        """Load a piece of keys or values; returns the count of loads to wait for (0: none)."""
        if not piece.loaded:
            return 0
        position = piece.position + piece.cached - piece.loaded
        count = self.site.build.load(
            op,
            label,
            self.cache.address(base, unit.sequence, unit.head, position),
            piece.loaded * self.cache.vector_bytes,
            rows=unit.heads,
            stride=self.cache.run_bytes,
            needs=self.load_needs,
        )
        self.load_needs = NOTHING
        return count

    def freed_bytes(self, unit: _Unit, piece: _Piece) -> int:
        return unit.heads * piece.freed * self.cache.vector_bytes

    def pairs(self, unit: _Unit, piece: _Piece) -> int:
        """Useful query-key pairs of one query head: the causal mask lets row r see keys up to r."""
        context = self.site.contexts[unit.sequence]
        start, total = piece.position, 0
        if piece.cached:
            total += _visible(unit.row, unit.rows, context, start, start + piece.cached)
        if piece.fresh:
            total += _visible(unit.row, unit.rows, context, context, context + piece.fresh)
        return total

    def emit_scores(self, unit: _Unit, label: int) -> int:
        """Scores of a unit and their softmax; returns the count of vector tiles."""
        site, build, shape = self.site, self.site.build, self.shape
        loads = queries = 0
        if self.queries_spilled:
            queries = unit.heads * self.query_bytes(unit.rows)
            address = site.layout.spilled(self.scores.reads[0]) + self.query_offset
            self.query_offset += queries
            loads = build.load(self.first, label, address, queries, needs=self.load_needs)
            self.load_needs = NOTHING
        array = 0
        for number, piece in enumerate(unit.pieces):
            loads = max(loads, self.load_piece(self.first, unit, piece, self.cache.keys, label))
            last = number == len(unit.pieces) - 1
            array = build.array(
                self.first,
                label,
                self.array_part(unit, piece, shape.head_dim, piece.cached + piece.fresh),
                needs=self.key_needs | Needs(loads=loads),
                free=self.freed_bytes(unit, piece) + (queries if last else 0),
            )
            self.key_needs = NOTHING
        elements = unit.heads * self.group * unit.rows * unit.keys
        work = vector_work(site, "softmax", elements, 2 * (-(-elements * self.bits // 8)))
        return build.vector(self.first + 1, label, work, needs=Needs(array=array))

    def emit_values(self, unit: _Unit, label: int, probabilities: int) -> None:
        """The weighted sum of a unit's values, stored if the output is spilled."""
        build, shape = self.site.build, self.shape
        needs = self.value_needs | Needs(vector=probabilities)
        if len(self.stored) >= 2:
            needs |= Needs(stores=self.stored[-2])
        self.value_needs = NOTHING
        array = 0
        for piece in unit.pieces:
            loads = self.load_piece(self.first + 2, unit, piece, self.cache.values, label)
            array = build.array(
                self.first + 2,
                label,
                self.array_part(unit, piece, piece.cached + piece.fresh, shape.head_dim),
                needs=needs | Needs(loads=loads),
                free=self.freed_bytes(unit, piece),
            )
            needs = NOTHING
        if self.output_spilled:
            size = unit.heads * self.query_bytes(unit.rows)
            address = self.site.layout.spilled(self.attend.writes[0]) + self.output_offset
            self.output_offset += size
            self.stored.append(
                build.store(self.first + 2, label, address, size, needs=Needs(array=array))
            )
        self.done = Needs(array=array, stores=self.stored[-1] if self.stored else 0)

    def array_part(self, unit: _Unit, piece: _Piece, inner: int, outer: int) -> Work:
        """One product per KV head: rows are the query rows of all heads that share it."""
        array = self.site.chip.array
        rows = unit.rows * self.group
        bits = max(self.bits, self.kv_bits)
        macs = unit.heads * self.group * self.shape.head_dim * self.pairs(unit, piece)
        if not (inner and outer):
            return Work(0, macs, 0)
        # Either all arrays share each head, one head after the other, or each has its own heads.
        shared = tile_cost(array, rows, inner, outer, bits)
        single = tile_cost(replace(array, count=1), rows, inner, outer, bits)
        turns = -(-unit.heads // array.count)
        cost, times = shared, unit.heads
        if single.cycles * turns < shared.cycles * unit.heads:
            cost, times = single, turns
        whole = TileCost(
            cost.cycles * times,
            cost.a_reads * unit.heads,
            cost.b_reads * unit.heads,
            cost.c_writes * unit.heads,
        )
        return array_work(whole, macs, self.bits, self.kv_bits, self.bits)


def _visible(row: int, rows: int, context: int, start: int, end: int) -> int:
    """Pairs of query rows [row, row + rows) with keys at positions [start, end).

    Row r of the pass stands at position context + r and sees all positions up to its own.
    """
    total = 0
    # Rows that see all of the span, then those that see a growing part of it.
    full_from = max(row, end - 1 - context)
    if full_from < row + rows:
        total += (row + rows - full_from) * (end - start)
    first = max(row, start - context)
    last = min(row + rows, full_from)
    if first < last:
        # Row r sees context + r + 1 - start keys of the span.
        low, high = context + first + 1 - start, context + last - start
        total += (low + high) * (last - first) // 2
    return total
