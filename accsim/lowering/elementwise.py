"""Operators of the vector unit, and the writing of new KV entries."""

from __future__ import annotations

from collections.abc import Iterator

from accsim.chip import VECTOR_OPS, VectorOp
from accsim.lowering.builder import NOTHING, Needs, Work
from accsim.lowering.layout import Cache, owner
from accsim.lowering.site import DoesNotFit, NotUnderstood, Site
from accsim.ops import TOKEN_ID, Op, OpKind, Tensor
from accsim.program import Unit

INPUTS_PER_OUTPUT: dict[OpKind, int] = {
    "embedding": 1,
    "rms_norm": 1,
    "rotary": 1,
    "residual_add": 2,
    "silu_mul": 2,
    "quantise": 1,
    "select": 1,
    "silu": 1,
}
"""Elements of activations read for each element written."""


def vector_work(site: Site, operation: VectorOp, elements: int, sram_bytes: int) -> Work:
    """The work of a vector tile: its passes over `elements`, and the bytes that they move."""
    return Work(site.chip.vector.cycles(operation, elements), 0, sram_bytes)


def lower_elementwise(site: Site, index: int, op: Op) -> None:
    """Emit a norm, rotary, residual, SiLU, embedding or quantise operator, by blocks of rows.

    Resident inputs and outputs lie in SRAM: then it is one tile. Spilled ones are loaded and stored
    block by block, two blocks in flight.
    """
    build = site.build
    ready = site.inputs_ready(index)
    activations = [t for t in op.reads if t.place == "chip" and t.format != TOKEN_ID]
    spilled_in = [t for t in activations if site.is_spilled(t)]
    spilled_out = [t for t in op.writes if site.is_spilled(t)]
    if spilled_in or spilled_out:
        site.moves_more.add(index)
    # Where SiLU x mul keeps the SiLU too, both come out of the same passes.
    made = op.writes[:1] if op.kind == "silu_mul" else op.writes
    row_elements = sum(site.elements_of(t) for t in made) // op.rows
    row_in, row_out = _row_bytes(site, op, row_elements)
    rows = _block_rows(site, op, row_in, row_out, bool(spilled_in), bool(spilled_out))

    constants = [t for t in op.reads if t.place == "weights"]
    constant_bytes = 0
    loads = 0
    for tensor in constants:
        size = site.bytes_of(tensor)
        address = site.layout.tensors[tensor.name]
        loads = build.load(index, build.label(tensor.name), address, size)
        constant_bytes += size

    blocks = -(-op.rows // rows)
    labels = build.tile_labels(blocks)
    load_needs = Needs(stores=ready.stores)
    tile_needs = Needs(array=ready.array, vector=ready.vector)
    stored: list[int] = []
    done = 0
    for block in range(blocks):
        start = block * rows
        count = min(rows, op.rows - start)
        free = constant_bytes if block == blocks - 1 else 0
        if op.kind == "embedding":
            loads, size = _gather(site, index, op, start, count, labels[block])
            free += size
        if spilled_in:
            # The inputs of a block are one run each, of equal shares of what the block reads.
            inputs = len(activations)
            size = count * row_in // inputs
            for tensor in spilled_in:
                address = site.layout.spilled(tensor) + start * (row_in // inputs)
                loads = build.load(index, labels[block], address, size, needs=load_needs)
                free += size
            load_needs = NOTHING
        needs = tile_needs | Needs(loads=loads)
        if len(stored) >= 2:
            needs |= Needs(stores=stored[-2])
        work = vector_work(
            site, VECTOR_OPS[op.kind], count * row_elements, count * (row_in + row_out)
        )
        done = build.vector(index, labels[block], work, needs=needs, free=free)
        tile_needs = NOTHING
        if spilled_out:
            address = site.layout.spilled(spilled_out[0]) + start * row_out
            stored.append(
                build.store(
                    index, labels[block], address, count * row_out, needs=Needs(vector=done)
                )
            )
    site.marks[index] = Needs(vector=done, stores=stored[-1] if stored else 0)


def _row_bytes(site: Site, op: Op, row_elements: int) -> tuple[int, int]:
    """Bytes that the vector unit reads and writes for one row, constants left out.

    Inputs and outputs may differ in width; scales count where they are made.
    """
    in_bits = op.reads[0].format.bits
    row_in = -(-row_elements * in_bits // 8) * INPUTS_PER_OUTPUT[op.kind]
    return row_in, -(-sum(site.bytes_of(t) for t in op.writes) // op.rows)


def _block_rows(
    site: Site, op: Op, row_in: int, row_out: int, spilled_in: bool, spilled_out: bool
) -> int:
    rows = op.rows
    if spilled_in or op.kind == "embedding":
        rows = min(rows, site.residency.stream_bytes // 3 // row_in)
    if spilled_out:
        rows = min(rows, site.residency.staging_bytes // 2 // row_out)
    if rows < 1:
        raise DoesNotFit(f"one row of {op.name} does not fit")
    return rows


def _gather(site: Site, index: int, op: Op, start: int, count: int, label: int) -> tuple[int, int]:
    """Load `count` rows of the embedding table, spread over it as token ids are."""
    table = next(t for t in op.reads if t.place == "embedding")
    vocab, width = table.shape
    if not (isinstance(vocab, int) and isinstance(width, int)):
        raise NotUnderstood(f"{table.name}: the table must have a fixed shape")
    row = table.format.stored_bytes(1, width)
    stride = max(1, vocab // op.rows) * row
    address = site.layout.tensors[table.name] + start % vocab * stride
    loads = site.build.load(index, label, address, row, rows=count, stride=stride)
    return loads, count * row


def lower_kv_append(site: Site, index: int, op: Op) -> None:
    """Write the new keys and values of every sequence and head behind those in the cache.

    Spilled keys and values are fetched first; resident ones are written from where they lie.
    """
    build, graph = site.build, site.graph
    ready = site.inputs_ready(index)
    cache = site.layout.caches[owner(op.name)]
    spilled = [t for t in op.reads if site.is_spilled(t)]
    if spilled:
        site.moves_more.add(index)
    stored: list[int] = []
    for side, base in (("keys", cache.keys), ("values", cache.values)):
        for sequence, position in enumerate(site.contexts):
            label = build.label(f"{side} of sequence {sequence}")
            limit = site.residency.staging_bytes // 2 if spilled else None
            for head, heads, start, count in _pieces(cache, graph.rows, limit):
                needs = Needs(array=ready.array, vector=ready.vector)
                run = count * cache.vector_bytes
                if spilled:
                    needs = _fetch(site, index, op, spilled, heads * run, ready, label)
                stored.append(
                    build.store(
                        index,
                        label,
                        cache.address(base, sequence, head, position + start),
                        run,
                        rows=heads,
                        stride=cache.run_bytes,
                        needs=needs,
                    )
                )
    site.marks[index] = site.last_append = Needs(stores=stored[-1])


def _pieces(cache: Cache, rows: int, limit: int | None) -> Iterator[tuple[int, int, int, int]]:
    """Cut the entries of a sequence into pieces of at most `limit` bytes (None: one piece).

    Yields first head, heads, first row and rows; a piece of several heads has all rows of each.
    """
    run = rows * cache.vector_bytes
    if limit is None or limit >= run:
        at_once = cache.kv_heads if limit is None else min(cache.kv_heads, limit // run)
        for head in range(0, cache.kv_heads, at_once):
            yield head, min(at_once, cache.kv_heads - head), 0, rows
        return
    step = limit // cache.vector_bytes
    if step < 1:
        raise DoesNotFit("one KV entry does not fit the staging area")
    for head in range(cache.kv_heads):
        for start in range(0, rows, step):
            yield head, 1, start, min(step, rows - start)


def _fetch(
    site: Site, index: int, op: Op, spilled: list[Tensor], size: int, ready: Needs, label: int
) -> Needs:
    """Bring spilled entries in and pass them through the vector unit, which rearranges by head."""
    build = site.build
    address = site.layout.spilled(spilled[0])
    loads = build.load(index, label, address, size, needs=Needs(stores=ready.stores))
    elements = size * 8 // op.reads[0].format.bits
    work = vector_work(site, VECTOR_OPS[op.kind], elements, 2 * size)
    # At most two pieces wait for their store: they lie in the staging area.
    stores = max(0, build.count(Unit.STORE) - 1)
    done = build.vector(index, label, work, needs=Needs(loads=loads, stores=stores), free=size)
    return Needs(vector=done)


def lower_kv_copy(site: Site, index: int, op: Op) -> None:
    """Bring the entries of an accepted branch together behind the cached ones.

    The branch is a row of each depth, which lie apart: each is fetched on its own, for all heads at
    once, and passes through the vector unit. Reads of DRAM follow the writes of the same pass.
    """
    build = site.build
    cache = site.layout.caches[owner(op.name)]
    depth = op.rows // site.graph.sequences
    needs = site.inputs_ready(index) | site.last_append
    load_needs = Needs(stores=needs.stores, array=needs.array, vector=needs.vector)
    size = cache.kv_heads * cache.vector_bytes
    elements = size * 8 // op.writes[0].format.bits
    work = vector_work(site, VECTOR_OPS[op.kind], elements, 2 * size)
    stored = 0
    for side, base in (("keys", cache.keys), ("values", cache.values)):
        for sequence, position in enumerate(site.contexts):
            label = build.label(f"{side} of sequence {sequence}")
            for step in range(1, depth + 1):
                # Which row of the tree it is changes little: rows spread over all of them.
                row = step * (site.graph.rows - 1) // depth
                run = {"rows": cache.kv_heads, "stride": cache.run_bytes}
                source = cache.address(base, sequence, 0, position + row)
                loads = build.load(
                    index, label, source, cache.vector_bytes, needs=load_needs, **run
                )
                load_needs = NOTHING
                # At most two entries wait for their store.
                room = Needs(loads=loads, stores=max(0, build.count(Unit.STORE) - 1))
                done = build.vector(index, label, work, needs=room, free=size)
                target = cache.address(base, sequence, 0, position + step)
                stored = build.store(
                    index, label, target, cache.vector_bytes, needs=Needs(vector=done), **run
                )
    site.marks[index] = Needs(stores=stored)
