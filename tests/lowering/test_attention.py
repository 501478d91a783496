"""Attention as the chip's kernels do it: fused or not, with keys and values shared or not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphs import one_pass

from accsim.chip import AttentionOptions, Chip
from accsim.engine.simulate import simulate
from accsim.errors import InputError, Problem
from accsim.lowering.lower import lower
from accsim.mapping import AttentionMapping, Pin
from accsim.ops import PassGraph
from accsim.program import Program, Unit
from accsim.units import KIB
from accsim.workload import ModelShape

CONTEXT = 1000
CACHED = CONTEXT * 2 * 64 * 2
"""Bytes of the cached keys of a layer of the small model: 2 KV heads of 64 in fp16."""


@pytest.fixture(scope="module")
def four_rows(small_model: ModelShape) -> PassGraph:
    """A pass of four query rows; two query heads share each KV head."""
    return one_pass(small_model, rows=4)


def lowered(
    chip: Chip, graph: PassGraph, kib: int = 512, context: int = CONTEXT, **options: bool
) -> Program:
    """The pass on the chip with so much SRAM and these options."""
    chip = replace(
        chip,
        sram=replace(chip.sram, capacity_bytes=kib * KIB),
        attention=AttentionOptions(**options),
    )
    return lower(chip, graph, (context,), context + graph.rows)


def bytes_of(program: Program, graph: PassGraph, unit: Unit, name: str) -> int:
    """Bytes that an operator loads or stores."""
    queue = program.loads if unit is Unit.LOAD else program.stores
    op = next(i for i, op in enumerate(graph.ops) if op.name == name)
    return sum(queue.bytes_of(i) for i in range(len(queue)) if queue.op[i] == op)


@pytest.mark.parametrize(
    ("by_rows", "by_heads", "times"),
    [(True, True, 1), (False, True, 4), (True, False, 2), (False, False, 8)],
)
def test_the_cache_is_read_once_for_all_that_share_it(
    small_chip: Chip, four_rows: PassGraph, by_rows: bool, by_heads: bool, times: int
) -> None:
    program = lowered(small_chip, four_rows, kv_shared_by_rows=by_rows, kv_shared_by_heads=by_heads)
    for name in ("layers.0.scores", "layers.1.attend"):
        assert bytes_of(program, four_rows, Unit.LOAD, name) == times * CACHED


@pytest.mark.parametrize("kib", [128, 512, 4096])
def test_rows_that_share_nothing_read_the_cache_again_however_large_the_sram(
    small_chip: Chip, four_rows: PassGraph, kib: int
) -> None:
    program = lowered(small_chip, four_rows, kib, kv_shared_by_rows=False)
    assert bytes_of(program, four_rows, Unit.LOAD, "layers.0.scores") == 4 * CACHED


def test_a_single_row_has_nobody_to_share_with(small_chip: Chip, small_decode: PassGraph) -> None:
    alone = lowered(small_chip, small_decode, kv_shared_by_rows=False)
    assert alone == lowered(small_chip, small_decode)


def test_unfused_scores_stay_in_a_sram_that_holds_them(
    small_chip: Chip, four_rows: PassGraph
) -> None:
    program = lowered(small_chip, four_rows, fused=False)
    assert program.spilled == frozenset()
    # Both 4 heads x 4 rows x 1004 keys in fp16; fused, two units of scores in flight.
    fused = lowered(small_chip, four_rows)
    assert program.reserve_bytes > 2 * 4 * 4 * 1004 * 2
    assert bytes_of(program, four_rows, Unit.STORE, "layers.0.scores") == 0
    assert bytes_of(fused, four_rows, Unit.LOAD, "layers.0.scores") == CACHED


def test_unfused_scores_travel_through_dram_where_the_sram_is_small(
    small_chip: Chip, small_prefill: PassGraph
) -> None:
    program = lowered(small_chip, small_prefill, 256, context=0, fused=False)
    assert "layers.0.scores.out" in program.spilled
    written = bytes_of(program, small_prefill, Unit.STORE, "layers.0.scores")
    # 4 heads x 300 rows x 300 keys in fp16, less what blocks of rows leave out behind their last.
    assert 4 * (300 * 301 // 2) * 2 < written <= 4 * 300 * 300 * 2
    for name in ("layers.0.softmax", "layers.0.attend"):
        assert bytes_of(program, small_prefill, Unit.LOAD, name) >= written
    assert bytes_of(program, small_prefill, Unit.STORE, "layers.0.softmax") == written


def test_unfused_softmax_waits_for_all_scores_and_attend_for_all_probabilities(
    small_chip: Chip, four_rows: PassGraph
) -> None:
    program = lowered(small_chip, four_rows, fused=False)
    scores = next(i for i, op in enumerate(four_rows.ops) if op.kind == "scores")
    last_scores = max(i for i, op in enumerate(program.array.op) if op == scores)
    softmax = program.vector.op.index(scores + 1)
    assert program.vector.needs[Unit.ARRAY][softmax] == last_scores + 1
    last_softmax = max(i for i, op in enumerate(program.vector.op) if op == scores + 1)
    attend = program.array.op.index(scores + 2)
    assert program.array.needs[Unit.VECTOR][attend] == last_softmax + 1


def test_fused_attention_is_never_slower(small_chip: Chip, small_prefill: PassGraph) -> None:
    took = {}
    for fused in (True, False):
        chip = replace(
            small_chip,
            sram=replace(small_chip.sram, capacity_bytes=256 * KIB),
            attention=AttentionOptions(fused=fused),
        )
        took[fused] = simulate(lower(chip, small_prefill, (0,), 300), chip).elapsed_ps
    assert took[True] < took[False]


def pins(**sizes: int) -> tuple[Pin, ...]:
    """A pin of the first attention."""
    return (Pin("layers.0.scores", Problem("map.yaml", "", line=3, column=5), **sizes),)  # type: ignore[arg-type]


def mapping_of(program: Program, graph: PassGraph) -> AttentionMapping:
    first = next(i for i, op in enumerate(graph.ops) if op.kind == "scores")
    found = dict(program.mappings)[first]
    assert isinstance(found, AttentionMapping)
    return found


def test_a_pass_with_all_rows_in_one_unit_says_so(small_chip: Chip, four_rows: PassGraph) -> None:
    assert mapping_of(lowered(small_chip, four_rows), four_rows) == AttentionMapping(4, 1, False)


def test_rows_and_heads_of_a_unit_can_be_pinned(
    small_chip: Chip, small_prefill: PassGraph, small_decode: PassGraph
) -> None:
    chip = replace(small_chip, sram=replace(small_chip.sram, capacity_bytes=256 * KIB))
    program = lower(chip, small_prefill, (0,), 300, pins(rows=4))
    assert mapping_of(program, small_prefill).rows == 4
    wide = lower(small_chip, small_decode, (100,), 101)
    assert mapping_of(wide, small_decode).heads == 2
    narrow = lower(small_chip, small_decode, (100,), 101, pins(heads=1))
    assert mapping_of(narrow, small_decode).heads == 1


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        # 13 rows of 2 heads x 300 keys fit a sixteenth of 256 KiB; 8 fill the array.
        ({"rows": 300}, "layers.0.scores: no more than 8 rows fit"),
        ({"heads": 2}, "layers.0.scores: no more than 1 KV heads fit"),
    ],
)
def test_a_pin_that_does_not_fit_is_refused_at_its_place(
    small_chip: Chip,
    small_prefill: PassGraph,
    four_rows: PassGraph,
    sizes: dict[str, int],
    message: str,
) -> None:
    chip = replace(small_chip, sram=replace(small_chip.sram, capacity_bytes=256 * KIB))
    graph, context = (small_prefill, 0) if "rows" in sizes else (four_rows, CONTEXT)
    with pytest.raises(InputError) as raised:
        lower(chip, graph, (context,), context + graph.rows, pins(**sizes))
    assert str(raised.value) == f"map.yaml:3:5: {message}"
