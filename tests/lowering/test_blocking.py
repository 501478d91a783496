"""Blocking of a matmul whose activations travel through DRAM."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accsim.array.cycles import tile_cost
from accsim.chip import SystolicArray
from accsim.lowering.blocking import (
    TIME_TOLERANCE,
    Blocking,
    Budget,
    MatmulShape,
    array_cycles,
    candidates,
    choose,
    exposed_cycles,
    fits,
    traffic_bytes,
)

ARRAY = SystolicArray(1, 16, 16, "output_stationary", (1, 2, 4))

# 100 rows x 512 inputs x 64 outputs in fp16: A 102,400 B, B 65,536 B, C 12,800 B.
SHAPE = MatmulShape(
    rows=100,
    inner=512,
    outer=64,
    a_bytes_per_row=1024,
    b_bytes_per_column=1024,
    c_bytes_per_element=2,
    operand_bits=16,
    a_spilled=True,
    c_spilled=True,
)

shapes = st.builds(
    lambda rows, inner, outer, a, c: MatmulShape(
        rows, inner, outer, 2 * inner, 2 * inner, 2, 16, a, c
    ),
    st.integers(1, 300),
    st.sampled_from([1, 100, 512, 1024, 2048]),
    st.integers(1, 300),
    st.booleans(),
    st.booleans(),
)
budgets = st.builds(
    Budget,
    stream_bytes=st.sampled_from([4_000, 40_000, 400_000, 4_000_000]),
    staging_bytes=st.sampled_from([1_000, 30_000, 1_000_000]),
    dram_bytes_per_cycle=st.sampled_from([1.0, 25.6, 800.0]),
)


def time_of(shape: MatmulShape, block: Blocking, budget: Budget) -> float:
    dram = traffic_bytes(shape, block) / budget.dram_bytes_per_cycle
    array = array_cycles(shape, block, ARRAY) + exposed_cycles(shape, block, budget)
    return max(dram, array)


@given(shapes, budgets)
def test_the_choice_fits_and_no_candidate_is_faster_by_more_than_the_tolerance(
    shape: MatmulShape, budget: Budget
) -> None:
    fitting = [b for b in candidates(shape, 16, 16) if fits(shape, b, budget)]
    block = choose(shape, ARRAY, 16, 16, budget)
    if block is None:
        assert fitting == []
    else:
        assert block in fitting
        best = min(time_of(shape, other, budget) for other in fitting)
        assert time_of(shape, block, budget) <= best * (1 + TIME_TOLERANCE)


@given(shapes, budgets)
def test_more_room_never_makes_the_choice_slower(shape: MatmulShape, budget: Budget) -> None:
    roomy = replace(budget, stream_bytes=2 * budget.stream_bytes)
    block, better = choose(shape, ARRAY, 16, 16, budget), choose(shape, ARRAY, 16, 16, roomy)
    if block is not None:
        assert better is not None
        limit = time_of(shape, block, budget) * (1 + TIME_TOLERANCE)
        assert time_of(shape, better, roomy) <= limit


def test_with_all_of_it_in_one_block_everything_is_read_once() -> None:
    assert traffic_bytes(SHAPE, Blocking(100, 64, 512, "none")) == 102_400 + 65_536


def test_what_is_held_is_read_once_and_the_other_once_for_each_block() -> None:
    # 4 row blocks of 32, 4 blocks of 16 outputs.
    assert traffic_bytes(SHAPE, Blocking(32, 16, 512, "a")) == 102_400 + 4 * 65_536
    assert traffic_bytes(SHAPE, Blocking(32, 16, 512, "b")) == 4 * 102_400 + 65_536
    assert traffic_bytes(SHAPE, Blocking(32, 16, 512, "none")) == 4 * 102_400 + 4 * 65_536


def test_resident_activations_cost_no_traffic() -> None:
    shape = replace(SHAPE, a_spilled=False)
    assert traffic_bytes(shape, Blocking(32, 16, 512, "b")) == 65_536


@pytest.mark.parametrize(
    ("block", "stream", "staging"),
    [
        # A block of 32 rows, 32 KiB, and two B tiles of 16 columns, 16 KiB each; two C blocks.
        (Blocking(32, 16, 512, "a"), 65_536, 2 * 32 * 16 * 2),
        # B block 16 KiB, two A tiles of 32 KiB.
        (Blocking(32, 16, 512, "b"), 81_920, 2 * 32 * 16 * 2),
        # Two of each, half the inputs: 2 x (16 + 8) KiB; partial sums of 4 bytes besides.
        (Blocking(32, 16, 256, "none"), 49_152, 2 * 32 * 16 * 2 + 32 * 16 * 4),
    ],
)
def test_a_blocking_fits_exactly_what_it_holds(block: Blocking, stream: int, staging: int) -> None:
    assert fits(SHAPE, block, Budget(stream, staging, 1.0))
    assert not fits(SHAPE, block, Budget(stream - 1, staging, 1.0))
    assert not fits(SHAPE, block, Budget(stream, staging - 1, 1.0))


def test_array_cycles_add_up_over_whole_and_partial_blocks() -> None:
    # Rows 64 + 36, outputs 48 + 16, inputs 256 + 256.
    block = Blocking(64, 48, 256, "none")
    expected = sum(
        2 * tile_cost(ARRAY, rows, 256, outer, 16).cycles for rows in (64, 36) for outer in (48, 16)
    )
    assert array_cycles(SHAPE, block, ARRAY) == expected


def test_nothing_is_chosen_where_nothing_fits() -> None:
    assert choose(SHAPE, ARRAY, 16, 16, Budget(100, 100, 1.0)) is None


@settings(max_examples=30)
@given(shapes)
def test_candidates_keep_within_the_matmul_and_cut_the_reduction_evenly(shape: MatmulShape) -> None:
    found = list(candidates(shape, 16, 16))
    assert len(set(found)) == len(found)
    for block in found:
        assert 1 <= block.rows <= shape.rows
        assert 1 <= block.outer <= shape.outer
        assert shape.inner % block.inner == 0


def test_equally_fast_blockings_are_decided_by_fewer_tiles() -> None:
    # Everything fits and the array decides the time: one tile in place of many.
    roomy = Budget(10**6, 10**6, 10_000.0)
    assert choose(SHAPE, ARRAY, 16, 16, roomy) == Blocking(100, 64, 512, "a")
