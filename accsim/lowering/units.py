"""How attention is cut into units, and what each costs.

A *unit* is some KV heads of one sequence and a block of its query rows. In decoding all query rows
form one block, so the KV cache is read once per pass. In prefill the rows are cut so that a block's
scores fit; a head's keys and values stay in SRAM for all its blocks if they fit there, and are read
again for each block if not. Keys behind the last row of a block are masked and skipped.

Where the chip shares keys and values neither among rows nor among query heads, each row, or each
query head, is a unit of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from accsim.array.cycles import TileCost, tile_cost
from accsim.lowering.blocking import dram_bytes_per_cycle
from accsim.lowering.builder import Work, array_work
from accsim.lowering.elementwise import vector_work
from accsim.lowering.layout import Cache, owner
from accsim.lowering.residency import heads_together, score_rows
from accsim.lowering.site import BadPin, DoesNotFit, NotUnderstood, Site
from accsim.mapping import AttentionMapping
from accsim.ops import Attention

MIN_ROWS = 16
"""Blocks of fewer query rows are not worth their handshakes between the units."""


@dataclass(frozen=True, slots=True)
class Piece:
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
class Unit:
    """A piece of attention work: heads [head, head + heads), query rows [row, row + rows)."""

    sequence: int
    head: int
    heads: int
    row: int
    rows: int
    pieces: tuple[Piece, ...]

    @property
    def keys(self) -> int:
        """Keys that some row of the unit attends to."""
        return sum(piece.cached + piece.fresh for piece in self.pieces)


class AttentionUnits:
    """The attention operators at `first`, `first` + 1 and `first` + 2 of a pass, cut into units."""

    def __init__(self, site: Site, first: int) -> None:
        ops = site.graph.ops[first : first + 3]
        self.site, self.first = site, first
        self.scores, self.softmax, self.attend = ops
        shape = self.scores.attention
        if [op.kind for op in ops] != ["scores", "softmax", "attend"] or shape is None:
            raise NotUnderstood(
                f"{self.scores.name}: scores, softmax and attend must follow each other"
            )
        self.shape: Attention = shape
        self.new_rows = site.graph.rows
        self.options = site.chip.attention
        self.pin = site.pin(self.scores)
        self.together = heads_together(shape, self.options)
        if owner(self.scores.name) not in site.layout.caches:
            raise NotUnderstood(f"{self.scores.name}: nothing appends to its KV cache")
        self.cache: Cache = site.layout.caches[owner(self.scores.name)]
        self.bits = self.scores.writes[0].format.bits
        cached = [t.format.bits for t in self.scores.reads if t.place == "kv_cache"]
        self.kv_bits = max(cached, default=self.scores.reads[1].format.bits)
        chip_reads = [t for op in (self.scores, self.attend) for t in op.reads if t.place == "chip"]
        # Spilled new keys and values are read back from the cache, where they have been appended.
        self.fresh_on_chip = not any(site.is_spilled(t) for t in chip_reads[1:])
        self.queries_spilled = site.is_spilled(self.scores.reads[0])
        self.scores_spilled = site.is_spilled(self.scores.writes[0])
        self.weights_spilled = site.is_spilled(self.attend.reads[0])
        self.output_spilled = site.is_spilled(self.attend.writes[0])
        self.statistics = [t for t in self.softmax.writes[1:] if site.is_spilled(t)]
        self.parts: dict[tuple[Unit, Piece, int, int], Work] = {}

    @cached_property
    def rows_together(self) -> int:
        """Query rows of a unit, at most; a longer sequence may allow fewer."""
        return min(self.best_rows(), self.shape.rows)

    def rows_of(self, sequence: int) -> int:
        """Query rows of a unit of a sequence."""
        return min(self.rows_together, self.most_rows(self.site.contexts[sequence]))

    def mapping(self) -> AttentionMapping:
        """How the sequences are cut, the largest unit of all."""
        rows, heads, stays = 0, 1, False
        for sequence in range(self.shape.sequences):
            mine = self.rows_of(sequence)
            rows = max(rows, mine)
            if mine < self.shape.rows:
                stays = stays or self.head_stays(sequence, mine)
            else:
                heads = max(heads, next(self.head_groups(sequence)).heads)
        return AttentionMapping(rows, heads, stays)

    def units(self) -> Iterator[Unit]:
        """All units, in the order in which they are worked on."""
        shape = self.shape
        for sequence in range(shape.sequences):
            rows = self.rows_of(sequence)
            for _ in range(shape.query_heads // (shape.kv_heads * self.together)):
                if rows < shape.rows:
                    yield from self.row_blocks(sequence, rows, range(shape.kv_heads))
                else:
                    yield from self.head_groups(sequence)

    def most_rows(self, context: int) -> int:
        """Query rows of a unit whose scores fit."""
        shape, at_once = self.shape, self.site.chip.array.rows_at_once
        if not self.options.kv_shared_by_rows:
            shape = replace(shape, rows=1)
        keys = context + self.new_rows
        rows = score_rows(shape, self.together, keys, self.bits, self.score_limit(), at_once)
        if rows < 1:
            raise DoesNotFit(f"{self.scores.name}: the scores of one row do not fit")
        return rows

    def best_rows(self) -> int:
        """Query rows of a unit: what is estimated to be fastest for the longest sequence.

        More rows read keys and values less often where those of a head do not stay in SRAM; fewer
        leave out more of the keys that the causal mask hides.
        """
        contexts = self.site.contexts
        longest = contexts.index(max(contexts))
        most = self.most_rows(contexts[longest])
        if self.pin is not None and self.pin.rows is not None:
            if min(self.pin.rows, self.shape.rows) > most:
                raise BadPin(self.pin, f"{self.scores.name}: no more than {most} rows fit")
            return self.pin.rows
        candidates = self.row_candidates(most)
        if len(candidates) == 1:
            return most
        return min(candidates, key=lambda rows: (self.estimated(longest, rows), -rows))

    def row_candidates(self, most: int) -> list[int]:
        """Rows of a unit that are worth a look: the most, then about half as many, and so on."""
        fill = max(MIN_ROWS, self.site.chip.array.rows_at_once // self.together)
        candidates = [most]
        while candidates[-1] > fill:
            candidates.append(fill * -(-candidates[-1] // (2 * fill)))
        return candidates

    def estimated(self, sequence: int, rows: int) -> float:
        """Estimated core cycles of one KV head: the slowest of DRAM, array and vector unit."""
        return max(self.demands(sequence, rows))

    def demands(self, sequence: int, rows: int) -> tuple[float, float, float]:
        """Estimated core cycles of one KV head on DRAM, array and vector unit."""
        shape = self.shape
        heads = 1
        if rows < shape.rows:
            units = list(self.row_blocks(sequence, rows, range(1)))
        else:
            units = list(self.head_groups(sequence))
            heads = shape.kv_heads
        moved = array = vector = 0
        for unit in units:
            vector += self.softmax_work(unit).cycles
            for piece in unit.pieces:
                keys = piece.cached + piece.fresh
                moved += 2 * unit.heads * piece.loaded * self.cache.vector_bytes
                array += self.array_part(unit, piece, shape.head_dim, keys).cycles
                array += self.array_part(unit, piece, keys, shape.head_dim).cycles
        dram = moved / dram_bytes_per_cycle(self.site.chip)
        return dram / heads, array / heads, vector / heads

    def score_limit(self) -> int:
        """Bytes that the scores of a unit may take."""
        residency = self.site.residency
        if self.options.fused:
            return residency.score_bytes // 2
        if self.scores_spilled or self.weights_spilled:
            return min(residency.staging_bytes // 2, self.site.residency.tile_bytes)
        # They lie in SRAM as a whole.
        return self.site.chip.sram.capacity_bytes

    def head_groups(self, sequence: int) -> Iterator[Unit]:
        """All query rows at once: as many heads together as make a good tile."""
        shape, context = self.shape, self.site.contexts[sequence]
        keys = context + self.new_rows
        head_bytes = -(-shape.rows * self.together * keys * self.bits // 8)
        heads_by_scores = self.score_limit() // head_bytes
        fresh = self.new_rows if self.fresh_on_chip else 0
        cached = context + self.new_rows - fresh
        run = cached * self.cache.vector_bytes
        by_tile = self.site.residency.tile_bytes // run if run else shape.kv_heads
        heads = max(1, min(shape.kv_heads, heads_by_scores, by_tile))
        if self.pin is not None and self.pin.heads is not None:
            if min(self.pin.heads, shape.kv_heads) > heads:
                raise BadPin(self.pin, f"{self.scores.name}: no more than {heads} KV heads fit")
            heads = self.pin.heads
        if run <= self.site.residency.tile_bytes:
            pieces: tuple[Piece, ...] = (Piece(0, cached, fresh, cached, cached),)
        else:
            pieces = self.cut(cached, fresh, free=True)
        for head in range(0, shape.kv_heads, heads):
            count = min(heads, shape.kv_heads - head)
            yield Unit(sequence, head, count, 0, shape.rows, pieces)

    def row_blocks(self, sequence: int, rows: int, heads: range) -> Iterator[Unit]:
        """One head at a time, its query rows block by block."""
        shape, context = self.shape, self.site.contexts[sequence]
        stays = self.head_stays(sequence, rows)
        for head in heads:
            for row in range(0, shape.rows, rows):
                count = min(rows, shape.rows - row)
                # Under a causal mask later rows are hidden as a whole; other masks have gaps.
                new = self.new_rows if shape.visible else row + count
                fresh = new if self.fresh_on_chip else 0
                cached = context + new - fresh
                if stays:
                    pieces = self.grown(cached, row, count, fresh)
                else:
                    pieces = self.cut(cached, fresh, free=True)
                yield Unit(sequence, head, 1, row, count, pieces)

    def grown(self, cached: int, row: int, count: int, fresh: int) -> tuple[Piece, ...]:
        """A block of a head that stays in SRAM brings only the keys that its own rows add."""
        last = row + count >= self.shape.rows
        if row == 0:
            return self.cut(cached, fresh, free=last)
        added = 0 if self.fresh_on_chip or self.shape.visible else count
        return (Piece(0, cached, fresh, added, cached if last else 0),)

    def cut(self, cached: int, fresh: int, *, free: bool) -> tuple[Piece, ...]:
        """Cut cached positions into tiles; the fresh ones join the last."""
        step = max(1, self.site.residency.tile_bytes // self.cache.vector_bytes)
        starts = range(0, cached, step) or range(1)
        pieces = []
        for start in starts:
            last = start == starts[-1]
            length = min(step, cached - start)
            freed = length if free else 0
            pieces.append(Piece(start, length, fresh if last else 0, length, freed))
        return tuple(pieces)

    def head_stays(self, sequence: int, rows: int) -> bool:
        """Whether the keys and values of a head fit beside the query blocks in flight."""
        if not self.options.kv_shared_by_rows:
            return False
        fresh = 0 if self.fresh_on_chip else self.new_rows
        cached = self.site.contexts[sequence] + fresh
        head = 2 * cached * self.cache.vector_bytes
        queries = self.query_bytes(rows) if self.queries_spilled else 0
        return head + 3 * queries <= self.site.residency.stream_bytes

    def query_bytes(self, rows: int) -> int:
        return -(-rows * self.together * self.shape.head_dim * self.bits // 8)

    def score_bytes(self, unit: Unit) -> int:
        return -(-self.score_elements(unit) * self.bits // 8)

    def score_elements(self, unit: Unit) -> int:
        return unit.heads * self.together * unit.rows * unit.keys

    def freed_bytes(self, unit: Unit, piece: Piece) -> int:
        return unit.heads * piece.freed * self.cache.vector_bytes

    def pairs(self, unit: Unit, piece: Piece) -> int:
        """Useful query-key pairs of one query head: those that the mask lets through."""
        context = self.site.contexts[unit.sequence]
        spans = []
        if piece.cached:
            spans.append((piece.position, piece.position + piece.cached))
        if piece.fresh:
            spans.append((context, context + piece.fresh))
        if self.shape.visible:
            rows = self.shape.visible[unit.row : unit.row + unit.rows]
            return sum(_within(context + seen, *span) for seen in rows for span in spans)
        return sum(visible(unit.row, unit.rows, context, *span) for span in spans)

    def softmax_work(self, unit: Unit) -> Work:
        moved = 2 * self.score_bytes(unit)
        return vector_work(self.site, "softmax", self.score_elements(unit), moved)

    def array_part(self, unit: Unit, piece: Piece, inner: int, outer: int) -> Work:
        """One product per KV head: rows are the query rows of all heads that share it."""
        # The heads are alike, and so is what the units of each take.
        alike = replace(unit, head=0), piece, inner, outer
        known = self.parts.get(alike)
        if known is None:
            known = self.parts[alike] = self._array_part(*alike)
        return known

    def _array_part(self, unit: Unit, piece: Piece, inner: int, outer: int) -> Work:
        array = self.site.chip.array
        rows = unit.rows * self.together
        bits = max(self.bits, self.kv_bits)
        macs = unit.heads * self.together * self.shape.head_dim * self.pairs(unit, piece)
        if not (inner and outer):
            return Work(0, macs, 0)
        # Either all arrays share each head, one head after the other, or each has its own heads.
        shared = tile_cost(array, rows, inner, outer, bits)
        single = tile_cost(replace(array, count=1), rows, inner, outer, bits)
        turns = -(-unit.heads // array.count)
        cost, times = shared, unit.heads
        if single.cycles * turns < shared.cycles * unit.heads:
            cost, times = single, turns
        drain = cost.drain_cycles
        whole = TileCost(
            (cost.cycles - drain) * times + drain,
            cost.a_reads * unit.heads,
            cost.b_reads * unit.heads,
            cost.c_writes * unit.heads,
            drain_cycles=drain,
            fill_cycles=cost.fill_cycles * times,
        )
        outputs = unit.heads * rows * outer
        return array_work(whole, macs, outputs, self.bits, self.kv_bits, self.bits)


def _within(seen: int, start: int, end: int) -> int:
    """Keys at positions [start, end) that a row sees which sees `seen` keys.

    A mask with gaps counts as if the visible new keys came first: where they lie changes which tile
    of a row does useful work, not how much work there is.
    """
    return max(0, min(end, seen) - start)


def visible(row: int, rows: int, context: int, start: int, end: int) -> int:
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
