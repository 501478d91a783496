"""Attention: scores, softmax and the weighted sum of values, unit by unit (see `units`).

Fused, a unit's scores stay in SRAM between the three operators; while the vector unit works on the
softmax of one unit, the array goes on with the scores of the next. Not fused, each operator goes
over all units before the next one begins, and scores and probabilities are activations as any
other: they stay in SRAM as a whole or travel through DRAM.
"""

from __future__ import annotations

from collections.abc import Iterator

from accsim.lowering.builder import NOTHING, Needs
from accsim.lowering.layout import owner
from accsim.lowering.site import NotUnderstood, Site
from accsim.lowering.units import AttentionUnits, Piece, Unit
from accsim.ops import Tensor


def lower_attention(site: Site, first: int) -> None:
    """Emit the scores, softmax and attend operators at `first`, `first` + 1 and `first` + 2."""
    _Attention(site, first).emit()


class _Attention(AttentionUnits):
    def __init__(self, site: Site, first: int) -> None:
        super().__init__(site, first)
        scores_ready = site.inputs_ready(first)
        attend_ready = site.inputs_ready(first + 2)
        self.load_needs = Needs(stores=max(scores_ready.stores, attend_ready.stores))
        if not self.fresh_on_chip and self.cache.appended:
            self.load_needs |= self.appended()
        self.key_needs = Needs(array=scores_ready.array, vector=scores_ready.vector)
        self.value_needs = Needs(array=attend_ready.array, vector=attend_ready.vector)
        self.stored: list[int] = []
        self.done = NOTHING
        # How much of the spilled queries, scores, probabilities and outputs the units so far have
        # taken up.
        self.offsets: dict[str, int] = {}

    def appended(self) -> Needs:
        """The end of the operator that writes this layer's new keys and values to the cache."""
        layer = owner(self.scores.name)
        for index in range(self.first - 1, -1, -1):
            op = self.site.graph.ops[index]
            if op.kind == "kv_append" and owner(op.name) == layer:
                return self.site.marks[index]
        raise NotUnderstood(f"{self.scores.name}: nothing appends to its KV cache")

    def note_extra_bytes(self) -> None:
        """Tell where keys and values are read more than once, or more than those are read."""
        again = self.rows_together < self.shape.rows
        again = again or self.together * self.shape.kv_heads < self.shape.query_heads
        again = again or not self.fresh_on_chip
        if again or self.queries_spilled or self.scores_spilled:
            self.site.moves_more.add(self.first)
        if self.scores_spilled or self.weights_spilled or self.statistics:
            self.site.moves_more.add(self.first + 1)
        if again or self.weights_spilled or self.output_spilled:
            self.site.moves_more.add(self.first + 2)

    def emit(self) -> None:
        self.note_extra_bytes()
        self.site.mappings[self.first] = self.mapping()
        if self.options.fused:
            self.emit_fused()
        else:
            self.emit_apart()
        self.site.marks[self.first + 2] = self.done

    def labelled(self) -> Iterator[tuple[Unit, int]]:
        """The units one by one: with a small SRAM there are very many."""
        if self.rows_together == self.shape.rows and self.shape.sequences == 1:
            units = list(self.units())
            yield from zip(units, self.site.build.tile_labels(len(units)), strict=True)
            return
        for unit in self.units():
            heads = f"heads {unit.head}-{unit.head + unit.heads - 1}"
            rows = f"rows {unit.row}-{unit.row + unit.rows - 1}"
            yield unit, self.site.build.label(f"sequence {unit.sequence}, {heads}, {rows}")

    def emit_fused(self) -> None:
        """Software pipeline: the scores of a unit are emitted before the values of the last one."""
        before: tuple[Unit, int, Needs] | None = None
        for unit, label in self.labelled():
            scores = self.emit_scores(unit, label)
            probabilities = self.emit_softmax(unit, label, Needs(array=scores))
            if before is not None:
                self.emit_values(*before)
            before = unit, label, Needs(vector=probabilities)
        if before is not None:
            self.emit_values(*before)

    def emit_apart(self) -> None:
        """One operator after the other; each waits for the end of the one before."""
        marks, first = self.site.marks, self.first
        scores, weights = self.scores.writes[0], self.softmax.writes[0]
        for unit, label in self.labelled():
            array = self.emit_scores(unit, label, self.room_for_block())
            if self.scores_spilled:
                self.store(first, scores, self.score_bytes(unit), Needs(array=array), label)
            marks[first] = Needs(array=array, stores=self.stored[-1] if self.stored else 0)
        self.offsets.clear()
        self.stored.clear()
        for unit, label in self.labelled():
            needs, free = marks[first], 0
            if self.scores_spilled:
                free = self.score_bytes(unit)
                needs |= Needs(loads=self.fetch(first + 1, scores, free, marks[first], label))
            vector = self.emit_softmax(unit, label, needs | self.room_for_block(), free)
            if self.weights_spilled:
                self.store(first + 1, weights, self.score_bytes(unit), Needs(vector=vector), label)
            marks[first + 1] = Needs(vector=vector, stores=self.stored[-1] if self.stored else 0)
        self.offsets.clear()
        self.stored.clear()
        for unit, label in self.labelled():
            needs, free = marks[first + 1], 0
            if self.weights_spilled:
                free = self.score_bytes(unit)
                needs |= Needs(loads=self.fetch(first + 2, weights, free, marks[first + 1], label))
            self.emit_values(unit, label, needs, free)

    def room_for_block(self) -> Needs:
        """The staging area holds two blocks: one being filled, one on its way out."""
        return Needs(stores=self.stored[-2]) if len(self.stored) >= 2 else NOTHING

    def offset(self, tensor: Tensor, size: int) -> int:
        """Address of the next `size` bytes of a spilled tensor: units lie in their order."""
        before = self.offsets.get(tensor.name, 0)
        self.offsets[tensor.name] = before + size
        return self.site.layout.spilled(tensor) + before

    def fetch(self, op: int, tensor: Tensor, size: int, needs: Needs, label: int) -> int:
        """Load a unit's part of a spilled tensor; returns the count of loads."""
        address = self.offset(tensor, size)
        return self.site.build.load(op, label, address, size, needs=Needs(stores=needs.stores))

    def store(self, op: int, tensor: Tensor, size: int, needs: Needs, label: int) -> None:
        """Store a unit's part of a spilled tensor."""
        address = self.offset(tensor, size)
        self.stored.append(self.site.build.store(op, label, address, size, needs=needs))

    def load_piece(self, op: int, unit: Unit, piece: Piece, base: int, label: int) -> int:
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

    def emit_scores(self, unit: Unit, label: int, needs: Needs = NOTHING) -> int:
        """Scores of a unit; returns the count of array tiles."""
        loads = queries = array = 0
        if self.queries_spilled:
            queries = unit.heads * self.query_bytes(unit.rows)
            loads = self.fetch(self.first, self.scores.reads[0], queries, self.load_needs, label)
            self.load_needs = NOTHING
        for number, piece in enumerate(unit.pieces):
            loads = max(loads, self.load_piece(self.first, unit, piece, self.cache.keys, label))
            last = number == len(unit.pieces) - 1
            array = self.site.build.array(
                self.first,
                label,
                self.array_part(unit, piece, self.shape.head_dim, piece.cached + piece.fresh),
                needs=needs | self.key_needs | Needs(loads=loads),
                free=self.freed_bytes(unit, piece) + (queries if last else 0),
            )
            self.key_needs = needs = NOTHING
        return array

    def emit_softmax(self, unit: Unit, label: int, needs: Needs, free: int = 0) -> int:
        """Probabilities of a unit; returns the count of vector tiles.

        What a backward pass needs to make them again is stored beside.
        """
        op, work = self.first + 1, self.softmax_work(unit)
        count = self.site.build.vector(op, label, work, needs=needs, free=free)
        for tensor in self.statistics:
            rows = unit.heads * self.together * unit.rows
            size = tensor.format.stored_bytes(1, rows)
            address = self.offset(tensor, size)
            stores = self.site.build.store(op, label, address, size, needs=Needs(vector=count))
            self.site.marks[op] = Needs(stores=stores)
        return count

    def emit_values(self, unit: Unit, label: int, needs: Needs, free: int = 0) -> None:
        """The weighted sum of a unit's values, stored if the output is spilled."""
        needs |= self.value_needs | self.room_for_block()
        self.value_needs = NOTHING
        array = 0
        for number, piece in enumerate(unit.pieces):
            loads = self.load_piece(self.first + 2, unit, piece, self.cache.values, label)
            last = number == len(unit.pieces) - 1
            array = self.site.build.array(
                self.first + 2,
                label,
                self.array_part(unit, piece, piece.cached + piece.fresh, self.shape.head_dim),
                needs=needs | Needs(loads=loads),
                free=self.freed_bytes(unit, piece) + (free if last else 0),
            )
            needs = NOTHING
        if self.output_spilled:
            size = unit.heads * self.query_bytes(unit.rows)
            self.store(self.first + 2, self.attend.writes[0], size, Needs(array=array), label)
        self.done = Needs(array=array, stores=self.stored[-1] if self.stored else 0)
