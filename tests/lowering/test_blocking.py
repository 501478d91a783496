"""How a matmul is cut: the estimate by hand, and the choice against a brute force."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accsim.array.cycles import tile_cost
from accsim.chip import ComputeArray, DotProductEngine, SystolicArray
from accsim.errors import Problem
from accsim.lowering.blocking import (
    Budget,
    Estimate,
    MatmulShape,
    array_cycles,
    candidates,
    choose,
    estimate,
    exposed_cycles,
    fits,
    traffic_bytes,
)
from accsim.mapping import MatmulMapping, Pin

ARRAY = SystolicArray(1, 16, 16, "output_stationary", (1, 2, 4))

# 100 rows x 512 inputs x 64 outputs in fp16: A 102,400 B, B 65,536 B, C 12,800 B.
SHAPE = MatmulShape(
    rows=100,
    inner=512,
    outer=64,
    panel=16,
    a_bytes_per_row=1024,
    b_bytes_per_column=1024,
    c_bytes_per_element=2,
    operand_bits=16,
    group=0,
    expanded_bits=0,
    a_spilled=True,
    c_spilled=True,
)

shapes = st.builds(
    lambda rows, inner, outer, a, c: MatmulShape(
        rows, inner, outer, 16, 2 * inner, 2 * inner, 2, 16, 0, 0, a, c
    ),
    st.integers(1, 300),
    st.sampled_from([1, 100, 512, 1024, 2048]),
    st.integers(1, 300),
    st.booleans(),
    st.booleans(),
)
budgets = st.builds(
    lambda stream, staging, rate: Budget(stream, staging, stream // 3, rate),
    st.sampled_from([4_000, 40_000, 400_000, 4_000_000]),
    st.sampled_from([1_000, 30_000, 1_000_000]),
    st.sampled_from([1.0, 25.6, 800.0]),
)


def cut(rows: int, outer: int, inner: int, held: str) -> MatmulMapping:
    """A mapping for one array."""
    return MatmulMapping(rows, outer, inner, held, "outer")  # type: ignore[arg-type]


def budget(stream: int, staging: int, rate: float) -> Budget:
    """A budget whose tiles are a third of the stream buffer."""
    return Budget(stream, staging, stream // 3, rate)


def walked(
    shape: MatmulShape, mapping: MatmulMapping, array: ComputeArray, room: Budget
) -> float | None:
    """Core cycles of a mapping, found by walking through its loops block by block; None where it
    does not fit. Written apart from the mapper.
    """
    a_row, b_column = shape.a_bytes_per_row / shape.inner, shape.b_bytes_per_column / shape.inner
    rows = range(0, shape.rows, mapping.rows)
    outers = range(0, shape.outer, mapping.outer)
    inners = range(0, shape.inner, mapping.inner)
    tile_a = mapping.rows * mapping.inner * a_row if shape.a_spilled else 0
    tile_b = mapping.outer * mapping.inner * b_column
    whole_a = mapping.rows * shape.inner * a_row if shape.a_spilled else 0
    whole_b = mapping.outer * shape.inner * b_column
    held = {"inputs": whole_a, "weights": whole_b, "none": 0}[mapping.held]
    passing = {"inputs": tile_b, "weights": tile_a, "none": tile_a + tile_b}[mapping.held]
    staged = 2 * mapping.rows * mapping.outer * shape.c_bytes_per_element * shape.c_spilled
    if mapping.inner < shape.inner and (shape.a_spilled or shape.c_spilled):
        staged += 4 * mapping.rows * mapping.outer
    if held + 2 * passing > room.stream_bytes or staged > room.staging_bytes:
        return None
    moved = busy = waits = 0.0
    tiles = blocks = 0
    order = list(product(outers, rows) if mapping.held == "weights" else product(rows, outers))
    before: int | None = None
    for first, second in order:
        m, n = (second, first) if mapping.held == "weights" else (first, second)
        height, width = min(mapping.rows, shape.rows - m), min(mapping.outer, shape.outer - n)
        if mapping.held != "none" and first != before:
            # A held block is complete at its turn, the last one smaller: counted as whole.
            moved += (
                (height if mapping.held == "inputs" else width)
                * shape.inner
                * ((a_row if shape.a_spilled else 0) if mapping.held == "inputs" else b_column)
            )
            if 2 * held + 2 * passing > room.stream_bytes:
                waits += held / room.dram_bytes_per_cycle
            before = first
        for k in inners:
            depth = min(mapping.inner, shape.inner - k)
            if mapping.held != "inputs" and shape.a_spilled:
                moved += height * depth * a_row
            if mapping.held != "weights":
                moved += width * depth * b_column
            tiles += 1
            busy += tile_cost(
                array, height, depth, width, shape.operand_bits, split=mapping.split
            ).cycles
        moved += height * width * shape.c_bytes_per_element * shape.c_spilled
        blocks += 1
    if shape.c_spilled and held + 3 * passing > room.stream_bytes:
        # The tile after next cannot come before the output of a block has gone.
        output = mapping.rows * mapping.outer * shape.c_bytes_per_element
        waits += blocks * max(0, (passing + output) / room.dram_bytes_per_cycle - busy / tiles)
    return max(moved / room.dram_bytes_per_cycle, busy + waits)


small_arrays = st.one_of(
    st.builds(
        SystolicArray,
        count=st.sampled_from([1, 2]),
        rows=st.sampled_from([2, 3]),
        columns=st.just(2),
        dataflow=st.sampled_from(["output_stationary", "weight_stationary", "input_stationary"]),
        macs_per_pe=st.just((1, 2, 4)),
    ),
    st.builds(
        DotProductEngine,
        count=st.sampled_from([1, 2]),
        lanes=st.just(2),
        width=st.just(2),
        latency_cycles=st.just(3),
        macs_per_pe=st.just((1, 2, 4)),
    ),
)
small_shapes = st.builds(
    lambda rows, inner, panels, a, c: MatmulShape(
        rows, inner, 4 * panels, 4, 2 * inner, 2 * inner, 2, 16, 0, 0, a, c
    ),
    st.integers(1, 9),
    st.sampled_from([4, 6, 12]),
    st.integers(1, 5),
    st.booleans(),
    st.booleans(),
)
small_budgets = st.builds(
    budget,
    st.sampled_from([60, 120, 250, 500, 2000]),
    st.sampled_from([50, 200, 2000]),
    st.sampled_from([0.5, 2.0, 8.0]),
)


@settings(max_examples=60)
@given(small_shapes, small_arrays, small_budgets)
def test_the_choice_is_never_slower_than_the_best_of_a_brute_force(
    shape: MatmulShape, array: ComputeArray, room: Budget
) -> None:
    chosen = choose(shape, array, room)
    # Every number of rows, every number of whole panels, every operand held, every split; inputs
    # whole, as cuts of so short a reduction are not considered. Where the activations stay in SRAM
    # three tiles of weights are in flight.
    resident = not (shape.a_spilled or shape.c_spilled)
    most = room.tile_bytes // shape.b_bytes_per_column if resident else shape.outer
    best = min(
        (
            walked(shape, MatmulMapping(rows, outer, shape.inner, held, split), array, room)
            or float("inf")
            for rows in range(1, shape.rows + 1)
            for outer in range(4, min(shape.outer, most) + 1, 4)
            for held in ("inputs", "weights", "none")
            for split in (("outer", "rows", "inner") if array.count > 1 else ("outer",))
        ),
        default=float("inf"),
    )
    if chosen is None:
        assert best == float("inf")
    else:
        took = walked(shape, chosen, array, room)
        assert took is not None
        assert took <= best


@settings(max_examples=60)
@given(small_shapes, small_arrays, small_budgets)
def test_the_estimate_is_what_walking_through_the_loops_finds(
    shape: MatmulShape, array: ComputeArray, room: Budget
) -> None:
    for mapping in candidates(shape, array, room):
        took = walked(shape, mapping, array, room)
        assert fits(shape, mapping, room) == (took is not None)
        if took is not None:
            assert estimate(shape, mapping, array, room).cycles == pytest.approx(took)


@given(shapes, budgets)
def test_the_choice_fits_and_no_candidate_is_faster(shape: MatmulShape, room: Budget) -> None:
    fitting = [one for one in candidates(shape, ARRAY, room) if fits(shape, one, room)]
    chosen = choose(shape, ARRAY, room)
    if chosen is None:
        assert fitting == []
    else:
        assert chosen in fitting
        best = min(estimate(shape, other, ARRAY, room).cycles for other in fitting)
        assert estimate(shape, chosen, ARRAY, room).cycles == best


@given(shapes, budgets)
def test_more_room_never_makes_the_choice_slower(shape: MatmulShape, room: Budget) -> None:
    roomy = replace(room, stream_bytes=2 * room.stream_bytes, tile_bytes=2 * room.tile_bytes)
    chosen, better = choose(shape, ARRAY, room), choose(shape, ARRAY, roomy)
    if chosen is not None:
        assert better is not None
        slower = estimate(shape, chosen, ARRAY, room).cycles
        assert estimate(shape, better, ARRAY, roomy).cycles <= slower


def test_with_all_of_it_in_one_block_everything_moves_once() -> None:
    assert traffic_bytes(SHAPE, cut(100, 64, 512, "none")) == 102_400 + 65_536 + 12_800


def test_what_is_held_is_read_once_and_the_other_once_for_each_block() -> None:
    # 4 row blocks of 32, 4 blocks of 16 outputs.
    assert traffic_bytes(SHAPE, cut(32, 16, 512, "inputs")) == 102_400 + 4 * 65_536 + 12_800
    assert traffic_bytes(SHAPE, cut(32, 16, 512, "weights")) == 4 * 102_400 + 65_536 + 12_800
    assert traffic_bytes(SHAPE, cut(32, 16, 512, "none")) == 4 * 102_400 + 4 * 65_536 + 12_800


def test_resident_activations_cost_no_traffic() -> None:
    shape = replace(SHAPE, a_spilled=False, c_spilled=False)
    assert traffic_bytes(shape, cut(32, 16, 512, "weights")) == 65_536


@pytest.mark.parametrize(
    ("mapping", "stream", "staging"),
    [
        # A block of 32 rows, 32 KiB, and two B tiles of 16 columns, 16 KiB each; two C blocks.
        (cut(32, 16, 512, "inputs"), 65_536, 2 * 32 * 16 * 2),
        # B block 16 KiB, two A tiles of 32 KiB.
        (cut(32, 16, 512, "weights"), 81_920, 2 * 32 * 16 * 2),
        # Two of each, half the inputs: 2 x (16 + 8) KiB; partial sums of 4 bytes besides.
        (cut(32, 16, 256, "none"), 49_152, 2 * 32 * 16 * 2 + 32 * 16 * 4),
    ],
)
def test_a_mapping_fits_exactly_what_it_holds(
    mapping: MatmulMapping, stream: int, staging: int
) -> None:
    assert fits(SHAPE, mapping, budget(stream, staging, 1.0))
    assert not fits(SHAPE, mapping, budget(stream - 1, staging, 1.0))
    assert not fits(SHAPE, mapping, budget(stream, staging - 1, 1.0))


def test_array_cycles_add_up_over_whole_and_partial_blocks() -> None:
    # Rows 64 + 36, outputs 48 + 16, inputs 256 + 256.
    expected = sum(
        2 * tile_cost(ARRAY, rows, 256, outer, 16).cycles for rows in (64, 36) for outer in (48, 16)
    )
    assert array_cycles(SHAPE, cut(64, 48, 256, "none"), ARRAY) == expected


def test_a_held_block_is_waited_for_unless_the_next_one_fits_beside_it() -> None:
    # Four blocks of 32 KiB at 2 B a cycle; with the two B tiles of 16 KiB they take 64 KiB.
    mapping = cut(32, 16, 512, "inputs")
    shape = replace(SHAPE, c_spilled=False)
    assert exposed_cycles(shape, mapping, budget(98_303, 10**6, 2.0), 0) == 4 * 32_768 / 2
    assert exposed_cycles(shape, mapping, budget(98_304, 10**6, 2.0), 0) == 0


def test_with_two_tiles_only_an_output_block_delays_the_tile_after_next() -> None:
    # Tiles of both operands, 32 + 16 KiB; 4 x 4 output blocks of 1 KiB; 2 B a cycle.
    mapping = cut(32, 16, 512, "none")
    for array, late in ((16 * 20_000, 16 * (25_088 - 20_000)), (16 * 30_000, 0)):
        assert exposed_cycles(SHAPE, mapping, budget(147_455, 10**6, 2.0), array) == late
    assert exposed_cycles(SHAPE, mapping, budget(147_456, 10**6, 2.0), 0) == 0


def test_an_estimate_is_the_slower_of_dram_and_array() -> None:
    both = Estimate(100, dram_cycles=50.0, array_cycles=30, exposed_cycles=10.0, tiles=1)
    assert both.cycles == 50.0
    assert replace(both, exposed_cycles=25.0).cycles == 55.0


def test_nothing_is_chosen_where_nothing_fits() -> None:
    assert choose(SHAPE, ARRAY, budget(100, 100, 1.0)) is None


def test_equally_fast_mappings_are_decided_by_fewer_tiles() -> None:
    # Everything fits and the array decides the time: one tile in place of many.
    roomy = budget(10**6, 10**6, 10_000.0)
    assert choose(SHAPE, ARRAY, roomy) == cut(100, 64, 512, "inputs")


def test_resident_activations_let_the_weights_stream_in_large_tiles() -> None:
    # 16 panels of 16 columns, 16 KiB each; a tile of 50,000 B takes three of them.
    shape = replace(SHAPE, outer=256, a_spilled=False, c_spilled=False)
    assert choose(shape, ARRAY, budget(150_000, 0, 1.0)) == cut(100, 48, 512, "none")


def test_the_inputs_of_a_panel_larger_than_a_tile_are_cut() -> None:
    # A panel of 16 KiB in tiles of at most 5,000 B: four parts of 128 inputs.
    shape = replace(SHAPE, a_spilled=False, c_spilled=False)
    assert choose(shape, ARRAY, budget(15_000, 0, 1.0)) == cut(100, 16, 128, "none")


def pin(**sizes: object) -> Pin:
    """A pin of the second line of a mapping file."""
    return Pin("*", Problem("mapping.yaml", "", line=2), **sizes)  # type: ignore[arg-type]


def test_a_pin_fixes_what_it_names_and_leaves_the_rest_to_the_mapper() -> None:
    roomy = budget(10**6, 10**6, 25.6)
    chosen = choose(SHAPE, ARRAY, roomy, pin(rows=10, held="weights"))
    assert chosen is not None
    assert (chosen.rows, chosen.held) == (10, "weights")
    best = min(
        estimate(SHAPE, other, ARRAY, roomy).cycles
        for other in candidates(SHAPE, ARRAY, roomy)
        if other.held == "weights"
    )
    assert estimate(SHAPE, chosen, ARRAY, roomy).cycles >= best


def test_a_pinned_size_beyond_the_matmul_is_the_whole_of_it() -> None:
    chosen = choose(SHAPE, ARRAY, budget(10**6, 10**6, 25.6), pin(rows=1000, outer=640))
    assert chosen is not None
    assert (chosen.rows, chosen.outer) == (100, 64)


def test_blocks_of_rows_can_be_pinned_where_the_activations_stay_in_sram() -> None:
    shape = replace(SHAPE, a_spilled=False, c_spilled=False)
    chosen = choose(shape, ARRAY, budget(10**6, 0, 25.6), pin(rows=50, inner=512))
    assert chosen is not None
    assert (chosen.rows, chosen.inner) == (50, 512)


def test_nothing_is_chosen_where_the_pinned_sizes_do_not_fit() -> None:
    room = budget(100_000, 100_000, 25.6)
    assert choose(SHAPE, ARRAY, room) is not None
    assert choose(SHAPE, ARRAY, room, pin(rows=100, held="inputs")) is None
