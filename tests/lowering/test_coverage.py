"""Tiles and transfers cover every operator exactly, for any small model, chip and context."""

from __future__ import annotations

import re

from hypothesis import given, settings

from accsim.lowering.epilogue import epilogue_of
from accsim.lowering.layout import owner
from accsim.ops import Attention, Op
from accsim.program import Unit

from .cases import (
    ROOMY,
    Case,
    Range,
    cases,
    divided,
    joined,
    lowered,
    ranges_at,
    ranges_of,
    size_of,
)

examples = settings(max_examples=30)
resident = cases((ROOMY,))


def visible_pairs(shape: Attention, context: int, first_row: int, end_row: int) -> int:
    """Pairs that the mask lets through, a causal one counted one by one."""
    if shape.visible:
        return sum(context + new for new in shape.visible[first_row:end_row])
    return sum(
        key <= context + row
        for row in range(first_row, end_row)
        for key in range(context + end_row)
    )


@examples
@given(cases())
def test_the_tiles_of_an_operator_hold_its_macs(case: Case) -> None:
    program = lowered(case)
    held = [0] * len(case.graph.ops)
    for index, macs in zip(program.array.op, program.array.macs, strict=True):
        held[index] += macs
    for op, macs in zip(case.graph.ops, held, strict=True):
        if op.kind == "matmul":
            assert macs == op.rows * op.inner * op.outer
        elif op.kind in ("scores", "attend"):
            shape = op.attention
            assert shape is not None
            pairs = sum(visible_pairs(shape, context, 0, shape.rows) for context in case.contexts)
            assert macs == pairs * shape.query_heads * shape.head_dim
        else:
            assert macs == 0


@examples
@given(cases())
def test_every_byte_of_the_weights_is_loaded(case: Case) -> None:
    program = lowered(case)
    _, layout = divided(case)
    for index, op in enumerate(case.graph.ops):
        for tensor in op.reads:
            if tensor.place == "weights":
                start = layout.tensors[tensor.name]
                end = start + tensor.stored_bytes(0, 0)
                inside = [r for r in ranges_of(program.loads, index) if start <= r[0] < end]
                assert joined(inside) == [(start, end)]


def readings(case: Case, op: Op) -> int:
    """How often an operator reads its DRAM operands: once, but for KV caches that nobody shares."""
    options, shape, times = case.chip.attention, op.attention, 1
    if op.kind in ("scores", "attend") and shape is not None:
        if not options.kv_shared_by_rows:
            times *= shape.rows
        if not options.kv_shared_by_heads:
            times *= shape.query_heads // shape.kv_heads
    return times


@examples
@given(resident)
def test_a_pass_that_fits_the_sram_moves_the_compulsory_bytes_and_no_more(case: Case) -> None:
    program = lowered(case)
    context = sum(case.contexts)
    assert not divided(case)[0].spilled
    for index, op in enumerate(case.graph.ops):
        times = readings(case, op)
        assert size_of(ranges_of(program.loads, index)) == times * op.dram_read_bytes(context)
        assert size_of(ranges_of(program.stores, index)) == op.dram_write_bytes()


def cache_ranges(case: Case, op_name: str, side: str, first: int, end: int | None) -> list[Range]:
    """Where positions [context + first, context + end) of a layer's keys or values lie.

    With `end` None: positions [0, context), the cached ones.
    """
    cache = divided(case)[1].caches[owner(op_name)]
    base = cache.keys if side == "keys" else cache.values
    found = []
    for sequence, context in enumerate(case.contexts):
        low, high = (0, context) if end is None else (context + first, context + end)
        for head in range(cache.kv_heads):
            start = cache.address(base, sequence, head, low)
            found.append((start, start + (high - low) * cache.vector_bytes))
    return [r for r in found if r[0] < r[1]]


@examples
@given(resident)
def test_cached_keys_and_values_are_read_once_for_all_that_share_them(case: Case) -> None:
    program = lowered(case)
    for index, op in enumerate(case.graph.ops):
        if op.kind in ("scores", "attend"):
            side = "keys" if op.kind == "scores" else "values"
            cached = cache_ranges(case, op.name, side, 0, None)
            assert joined(ranges_of(program.loads, index)) == joined(cached)
            assert size_of(ranges_of(program.loads, index)) == readings(case, op) * size_of(cached)


@examples
@given(cases())
def test_new_keys_and_values_are_written_behind_the_cached_ones_once(case: Case) -> None:
    program = lowered(case)
    for index, op in enumerate(case.graph.ops):
        if op.kind == "kv_append":
            new = [
                r
                for side in ("keys", "values")
                for r in cache_ranges(case, op.name, side, 0, case.graph.rows)
            ]
            written = list(ranges_of(program.stores, index))
            assert joined(written) == joined(new)
            assert size_of(written) == size_of(new)


@examples
@given(cases())
def test_nothing_outside_the_layout_is_touched(case: Case) -> None:
    program = lowered(case)
    _, layout = divided(case)
    for queue in (program.loads, program.stores):
        for i in range(len(queue)):
            for start, end in ranges_at(queue, i):
                assert 0 <= start < end <= layout.end


@examples
@given(cases())
def test_tensors_do_not_overlap_in_dram(case: Case) -> None:
    _, layout = divided(case)
    starts = [*layout.tensors.values(), *set(layout.scratch.values()), layout.end]
    for cache in layout.caches.values():
        starts += [cache.keys, cache.values]
    ends = sorted(starts)
    assert len(set(ends)) == len(ends)
    for op in case.graph.ops:
        for tensor in (*op.reads, *op.writes):
            start = layout.tensors.get(tensor.name, layout.scratch.get(tensor.name))
            if start is not None:
                context = sum(case.contexts)
                size = tensor.stored_bytes(context, case.graph.keys(context))
                assert start + size <= min(end for end in ends if end > start)


@examples
@given(cases((1.0, 1.3)))
def test_a_spilled_activation_is_stored_whole(case: Case) -> None:
    program = lowered(case)
    residency, layout = divided(case)
    context = sum(case.contexts)
    for index, op in enumerate(case.graph.ops):
        spilled = [t for t in op.writes if t.name in residency.spilled]
        if op.kind == "matmul" and epilogue_of(case.graph, index, residency) is not None:
            # The next operator takes it block by block.
            assert size_of(ranges_of(program.stores, index)) == 0
        elif spilled:
            size = sum(t.stored_bytes(context, case.graph.keys(context)) for t in spilled)
            start = layout.scratch[spilled[0].name]
            stored = list(ranges_of(program.stores, index))
            if op.kind in ("scores", "softmax"):
                # Blocks of rows leave out the keys behind their last row.
                ((low, high),) = joined(stored)
                size = high - start
                assert low == start
                assert size <= spilled[0].stored_bytes(context, case.graph.keys(context))
            assert joined(stored) == [(start, start + size)]
            assert size_of(stored) == size


@examples
@given(cases((1.0, 1.3)))
def test_no_load_overtakes_the_store_that_makes_its_bytes(case: Case) -> None:
    program = lowered(case)
    loads, stores = program.loads, program.stores
    made = [(stores.op[i], i, r) for i in range(len(stores)) for r in ranges_at(stores, i)]
    awaited = 0
    for i in range(len(loads)):
        awaited = max(awaited, loads.needs[Unit.STORE][i])
        for start, end in ranges_at(loads, i):
            before = [
                number
                for op, number, (low, high) in made
                if op < loads.op[i] and low < end and start < high
            ]
            assert max(before, default=-1) < awaited


@examples
@given(cases((1.0, 1.3)))
def test_at_most_two_blocks_of_a_spilled_output_are_on_their_way_out(case: Case) -> None:
    # The tile that ends a block must have waited for the store of the block before the last.
    program = lowered(case)
    residency, _ = divided(case)
    for index, op in enumerate(case.graph.ops):
        if not any(tensor.name in residency.spilled for tensor in op.writes):
            continue
        stores = [i for i in range(len(program.stores)) if program.stores.op[i] == index]
        for unit, tiles in ((Unit.ARRAY, program.array), (Unit.VECTOR, program.vector)):
            for old, new in zip(stores, stores[2:], strict=False):
                made_by = program.stores.needs[unit][new]
                if made_by:
                    assert max(tiles.needs[Unit.STORE][:made_by]) > old


@examples
@given(cases())
def test_attention_units_cover_every_head_and_row_once_with_their_visible_pairs(
    case: Case,
) -> None:
    program = lowered(case)
    unit = re.compile(r"sequence (\d+), heads (\d+)-(\d+), rows (\d+)-(\d+)")
    for index, op in enumerate(case.graph.ops):
        if op.kind not in ("scores", "attend"):
            continue
        shape = op.attention
        assert isinstance(shape, Attention)
        macs: dict[str, int] = {}
        for at in range(len(program.array)):
            if program.array.op[at] == index:
                label = program.labels[program.array.label[at]]
                macs[label] = macs.get(label, 0) + program.array.macs[at]
        found = [(unit.fullmatch(label), held) for label, held in macs.items()]
        if any(match is None for match, _ in found):
            continue  # one sequence and all its rows: units are numbered tiles of heads
        seen: list[tuple[int, int, int]] = []
        for match, held in found:
            assert match is not None
            sequence, first_head, last_head, first, last = map(int, match.groups())
            heads, rows = range(first_head, last_head + 1), range(first, last + 1)
            seen += [(sequence, head, row) for head in heads for row in rows]
            pairs = visible_pairs(shape, case.contexts[sequence], first, last + 1)
            group = shape.query_heads // shape.kv_heads
            assert held == pairs * len(heads) * group * shape.head_dim
        assert sorted(seen) == [
            (sequence, head, row)
            for sequence in range(shape.sequences)
            for head in range(shape.kv_heads)
            for row in range(shape.rows)
        ]


@examples
@given(cases())
def test_a_load_is_at_most_half_of_the_stream_buffer(case: Case) -> None:
    program = lowered(case)
    assert 2 * max(program.loads.sram_bytes) <= program.stream_bytes
    assert program.reserve_bytes + program.stream_bytes == case.chip.sram.capacity_bytes


@examples
@given(cases())
def test_the_same_pass_is_lowered_to_the_same_program(case: Case) -> None:
    assert lowered(case) == lowered(case)
