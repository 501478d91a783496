"""Weights in groups with scales: what rescaling costs the array."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from accsim.array.cycles import tile_cost
from accsim.chip import ComputeArray, Dataflow, DotProductEngine, SystolicArray

ARRAYS: list[ComputeArray] = [
    *(SystolicArray(1, 4, 8, dataflow, (1, 2, 4)) for dataflow in get_args(Dataflow)),
    DotProductEngine(1, 2, 8, 5, (1, 2, 4)),
]


def in_array(array: ComputeArray) -> ComputeArray:
    return replace(array, dequantise="array")


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("where", ["free", "vector"])
def test_scales_cost_only_the_array_that_multiplies_by_them(
    array: ComputeArray, where: str
) -> None:
    elsewhere = replace(array, dequantise=where)  # type: ignore[arg-type]
    assert tile_cost(elsewhere, 3, 64, 9, 16, scales=4) == tile_cost(array, 3, 64, 9, 16)
    assert tile_cost(in_array(array), 3, 64, 9, 16) == tile_cost(array, 3, 64, 9, 16)


def test_held_outputs_take_a_cycle_for_each_scale() -> None:
    # 64 inputs in 4 groups: 68 steps, 2 folds of columns.
    array = in_array(ARRAYS[0])
    assert tile_cost(array, 3, 64, 9, 16, scales=4).cycles == 2 * (68 + 4 + 8 - 2)


def test_held_weights_take_a_row_of_elements_for_each_scale() -> None:
    # 64 inputs and 4 scales on folds of 4 rows: 17 in place of 16; 2 folds of columns.
    array = in_array(ARRAYS[1])
    assert tile_cost(array, 3, 64, 9, 16, scales=4).cycles == 17 * 2 * (3 + 2 * 4 + 8 - 2)


def test_held_inputs_take_a_row_of_elements_for_each_scale() -> None:
    # As with held weights; one fold of rows, 9 outputs stream.
    array = in_array(ARRAYS[2])
    assert tile_cost(array, 3, 64, 9, 16, scales=4).cycles == 17 * (9 + 2 * 4 + 8 - 2)


def test_a_dot_product_takes_a_step_for_each_scale() -> None:
    # 64 inputs by 8: 8 steps, and 4; 5 rounds of 2 lanes; 3 rows.
    engine = in_array(ARRAYS[3])
    assert tile_cost(engine, 3, 64, 9, 16, scales=4).cycles == 3 * 5 * (8 + 4) + 5


def test_a_dot_product_wider_than_a_group_takes_one_group_at_a_time() -> None:
    # 8 inputs at 16 bits, 32 at 4 bits: 4 groups of 16 take 4 steps, not 2, and 4 for the scales.
    engine = in_array(ARRAYS[3])
    assert tile_cost(engine, 1, 64, 2, 4, scales=4).cycles == 4 + 4 + 5


def test_narrow_weights_do_not_shorten_the_rescaling() -> None:
    # 4 bits: 64 inputs in 16 steps, and 4.
    array = in_array(ARRAYS[0])
    assert tile_cost(array, 3, 64, 8, 4, scales=4).cycles == 20 + 4 + 8 - 2


@pytest.mark.parametrize("array", ARRAYS)
def test_rescaling_moves_no_further_weights(array: ComputeArray) -> None:
    scaled = tile_cost(in_array(array), 3, 64, 9, 16, scales=4)
    plain = tile_cost(array, 3, 64, 9, 16)
    assert (scaled.a_reads, scaled.b_reads) == (plain.a_reads, plain.b_reads)
