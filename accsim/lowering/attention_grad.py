"""The backward pass of attention, block by block (FlashAttention-2, algorithm 2, of Dao 2023).

One KV head after the other. A block of keys and values stays, with fp32 sums of their gradients,
while blocks of query rows pass by: scores again (or the stored probabilities), gradients of the
probabilities, softmax backward, then the products that use them up. The gradient of a block of
queries is summed up over the blocks of keys through DRAM. While the vector unit works on one block,
the array goes on with the scores of the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accsim.array.cycles import tile_cost
from accsim.lowering.attention_blocks import GradBlocks, GradShape, choose_blocks, products
from accsim.lowering.builder import NOTHING, PARTIAL_SUM_BYTES, Needs, Work, array_work
from accsim.lowering.elementwise import vector_work
from accsim.lowering.layout import owner
from accsim.lowering.site import DoesNotFit, Site
from accsim.lowering.units import visible
from accsim.ops import Op, Tensor

KINDS = ("scores_grad", "softmax_grad", "attend_grad")
SUM_BITS = 8 * PARTIAL_SUM_BYTES


def lower_attention_grad(site: Site, first: int) -> None:
    """Emit the operators of a layer's attention backward, of which the first is at `first`."""
    _AttentionGrad(site, first).emit()


@dataclass(frozen=True, slots=True)
class _Block:
    """Query rows [row, row + rows) of the heads of a KV head, against keys [key, key + keys)."""

    sequence: int
    head: int
    key: int
    keys: int
    row: int
    rows: int
    first: bool
    """The first of this block of keys."""
    last: bool


class _AttentionGrad:
    def __init__(self, site: Site, first: int) -> None:
        self.site = site
        ops = site.graph.ops
        layer = owner(ops[first].name)
        self.at: dict[str, int] = {}
        for index in range(first, len(ops)):
            if ops[index].kind not in KINDS or owner(ops[index].name) != layer:
                break
            self.at[ops[index].group] = index
        site.taken.update(self.at.values())
        site.moves_more.update(self.at.values())
        self.grad, self.query = self.op("value_grad").reads[1], self.op("key_grad").reads[1]
        self.softmax = self.op("softmax_grad")
        self.cache = site.layout.caches[layer]
        attention = self.softmax.attention
        assert attention is not None
        self.attention = attention
        self.together = attention.query_heads // attention.kv_heads
        self.bits = self.query.format.bits
        self.stored = "scores_again" not in self.at
        rows_in = [tensor for tensor in (self.query, self.grad) if site.is_spilled(tensor)]
        per_row = sum(t.format.bits for t in rows_in) * attention.head_dim // 8
        self.shape = GradShape(attention, self.together, self.bits, per_row, self.stored)
        chosen = choose_blocks(self.shape, site.chip, site.residency)
        if chosen is None:
            raise DoesNotFit(f"no blocks of {ops[first].name} fit")
        self.blocks: GradBlocks = chosen
        self.load_needs, self.tile_needs = NOTHING, NOTHING
        self.offsets: dict[str, int] = {}
        self.works: dict[tuple[str, int, int, int], Work] = {}
        self.query_stores: list[int] = []
        # Bytes of keys and values, and of statistics, that are given back later than by a block.
        self.held = self.held_by_head = 0
        # The count of stores that ends the last sum of each block of query rows.
        self.summed: dict[int, int] = {}
        self.sum_stores = 0

    def op(self, group: str) -> Op:
        return self.site.graph.ops[self.at[group]]

    def all_blocks(self) -> Iterator[_Block]:
        tokens = self.attention.rows
        for sequence in range(self.attention.sequences):
            for head in range(self.attention.kv_heads):
                for key, keys, row, rows in self.blocks.visits(tokens):
                    first = row == key // self.blocks.rows * self.blocks.rows
                    last = row + rows == tokens
                    yield _Block(sequence, head, key, keys, row, rows, first, last)

    def emit(self) -> None:
        ready = NOTHING
        for index in self.at.values():
            ready |= self.site.inputs_ready(index)
        self.load_needs = Needs(stores=ready.stores)
        self.tile_needs = Needs(array=ready.array, vector=ready.vector)
        before: tuple[_Block, int, Needs, int] | None = None
        for block in self.all_blocks():
            heads = f"sequence {block.sequence}, head {block.head}"
            label = self.site.build.label(
                f"{heads}, keys {block.key}-{block.key + block.keys - 1}, "
                f"rows {block.row}-{block.row + block.rows - 1}"
            )
            loads, free = self.load_block(block, label)
            softmax = self.emit_scores(block, label, loads)
            if before is not None:
                self.emit_products(*before)
            before = block, label, softmax, free
        if before is not None:
            self.emit_products(*before)

    def load(self, group: str, label: int, address: int, size: int, needs: Needs = NOTHING) -> int:
        needs, self.load_needs = needs | self.load_needs, NOTHING
        return self.site.build.load(self.at[group], label, address, size, needs=needs)

    def load_block(self, block: _Block, label: int) -> tuple[int, int]:
        """Bring in what a block needs: the count of loads, and the bytes that its end gives back.

        Keys and values stay until the last block of rows, statistics until the last of the head.
        """
        loads = free = 0
        cache, vector = self.cache, self.cache.vector_bytes
        if block.first:
            makes = "query_grad" if self.stored else "scores_again"
            for group, base in ((makes, cache.keys), ("probabilities_grad", cache.values)):
                address = cache.address(base, block.sequence, block.head, block.key)
                loads = self.load(group, label, address, block.keys * vector)
                self.held += block.keys * vector
            if block.key == 0:
                loads = max(loads, self.load_statistics(block, label))
        many = block.rows * self.together
        for group, tensor in (("key_grad", self.query), ("probabilities_grad", self.grad)):
            if self.site.is_spilled(tensor):
                size = many * self.attention.head_dim * tensor.format.bits // 8
                loads = self.load(group, label, self.rows_at(tensor, block), size)
                free += size
        if self.stored:
            size = many * block.keys * self.bits // 8
            tensor = self.softmax.reads[0]
            address = self.site.layout.spilled(tensor) + self.offsets.get(tensor.name, 0)
            self.offsets[tensor.name] = self.offsets.get(tensor.name, 0) + size
            loads = self.load("softmax_grad", label, address, size)
            free += size
        if block.last:
            free, self.held = free + self.held, 0
        if block.last and block.key + block.keys == self.attention.rows:
            free, self.held_by_head = free + self.held_by_head, 0
        return loads, free

    def load_statistics(self, block: _Block, label: int) -> int:
        """Logarithms of sums and row sums of all rows of a head, where they lie in DRAM."""
        loads = 0
        for tensor in self.softmax.reads:
            if "keys" not in tensor.shape and self.site.is_spilled(tensor):
                size = self.together * self.attention.rows * PARTIAL_SUM_BYTES
                place = block.sequence * self.attention.kv_heads + block.head
                address = self.site.layout.spilled(tensor) + place * size
                loads = self.load("softmax_grad", label, address, size)
                self.held_by_head += size
        return loads

    def rows_at(self, tensor: Tensor, block: _Block) -> int:
        """Address of a block of query rows, which lie head by head."""
        shape = self.attention
        head = (block.sequence * shape.kv_heads + block.head) * shape.rows + block.row
        return self.site.layout.spilled(tensor) + (
            head * self.together * shape.head_dim * tensor.format.bits // 8
        )

    def emit_scores(self, block: _Block, label: int, loads: int) -> Needs:
        """Scores again, gradients of probabilities, softmax backward: returns its end."""
        build, needs = self.site.build, self.tile_needs | Needs(loads=loads)
        done = 0
        for group in ("scores_again", "probabilities_grad"):
            if group in self.at:
                done = build.array(self.at[group], label, self.work(group, block), needs=needs)
        self.tile_needs = NOTHING
        elements = block.rows * self.together * block.keys
        # Scores and gradients come in, probabilities and gradients go out.
        work = vector_work(self.site, "softmax", elements, 4 * elements * self.bits // 8)
        done = build.vector(self.at["softmax_grad"], label, work, needs=Needs(array=done))
        return Needs(vector=done)

    def emit_products(self, block: _Block, label: int, softmax: Needs, free: int) -> None:
        """What uses up the block, and the stores of what is then complete."""
        site, build, at = self.site, self.site.build, self.at
        needs = softmax
        if block.first:
            # There is one set of sums: those of the last keys must be gone.
            needs |= Needs(stores=self.sum_stores)
        build.array(at["value_grad"], label, self.work("value_grad", block), needs=needs)
        stores = self.emit_queries(block, label)
        work = self.work("key_grad", block)
        done = build.array(at["key_grad"], label, work, needs=NOTHING, free=free)
        if block.last:
            for group in ("value_grad", "key_grad"):
                out = self.op(group).writes[0]
                vector = self.attention.head_dim * out.format.bits // 8
                place = (block.sequence * self.attention.kv_heads + block.head) * (
                    self.attention.rows
                ) + block.key
                address = site.layout.spilled(out) + place * vector
                stores = build.store(
                    at[group], label, address, block.keys * vector, needs=Needs(array=done)
                )
            self.sum_stores = stores
        for group in at:
            site.marks[at[group]] = Needs(array=done, stores=stores)

    def emit_queries(self, block: _Block, label: int) -> int:
        """The gradient of a block of queries, added to what earlier keys made: count of stores."""
        build, index = self.site.build, self.at["query_grad"]
        out = self.op("query_grad").writes[0]
        size = block.rows * self.together * self.attention.head_dim * PARTIAL_SUM_BYTES
        address, loads, free = self.rows_at(out, block), 0, 0
        if block.key:
            # Only now: the block before may be the one that this one adds to.
            needs = Needs(stores=self.summed[block.row])
            loads, free = self.load("query_grad", label, address, size, needs), size
        room = self.query_stores[-2] if len(self.query_stores) >= 2 else 0
        needs = Needs(loads=loads, stores=room)
        work = self.work("query_grad", block)
        done = build.array(index, label, work, needs=needs, free=free)
        stores = build.store(index, label, address, size, needs=Needs(array=done))
        self.query_stores.append(stores)
        self.summed[block.row] = stores
        return stores

    def work(self, group: str, block: _Block) -> Work:
        """A product of a block; only the block's visible pairs count as MACs."""
        row, key, keys = block.row, block.key, block.keys
        alike = group, keys, block.rows, row - key
        if alike not in self.works:
            pairs = visible(row, block.rows, 0, key, key + keys)
            macs = self.together * self.attention.head_dim * pairs
            sizes = products(self.shape, keys, block.rows)[group]
            cost = tile_cost(self.site.chip.array, *sizes, self.bits)
            outputs = sizes[0] * sizes[2]
            # Sums are read and written.
            sums = self.op(group).kind == "attend_grad"
            out_bits = 2 * SUM_BITS if sums else self.bits
            self.works[alike] = array_work(cost, macs, outputs, self.bits, self.bits, out_bits)
        return self.works[alike]
