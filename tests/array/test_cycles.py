"""Cycles and element counts of a tile, hand-computed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from accsim.array.cycles import TileCost, tile_cost
from accsim.chip import Dataflow, DotProductEngine, SystolicArray
from accsim.mapping import Split

DATAFLOWS = get_args(Dataflow)
SPLITS = get_args(Split)


def test_output_stationary_by_hand() -> None:
    # 2 x 3 folds of 10 + 4 + 8 - 2 = 20 cycles, of which operands stream in 10. A is read for each
    # of 3 column folds, B for 2.
    array = SystolicArray(1, 4, 8, "output_stationary", (1, 1, 1))
    assert tile_cost(array, 5, 10, 20, 16) == TileCost(
        120, 5 * 10 * 3, 10 * 20 * 2, 5 * 20, fill_cycles=6 * 10
    )


def test_weight_stationary_by_hand() -> None:
    # 3 x 3 folds of 5 + 2 x 4 + 8 - 2 = 19 cycles, rows stream in 5. Partial sums leave for each of
    # 3 inner folds.
    array = SystolicArray(1, 4, 8, "weight_stationary", (1, 1, 1))
    assert tile_cost(array, 5, 10, 20, 16) == TileCost(
        171, 5 * 10 * 3, 10 * 20, 5 * 20 * 3, fill_cycles=9 * 14
    )


def test_input_stationary_by_hand() -> None:
    # 3 x 1 folds of 20 + 2 x 4 + 8 - 2 = 34 cycles, outputs stream in 20. B is read once for the
    # one fold of rows.
    array = SystolicArray(1, 4, 8, "input_stationary", (1, 1, 1))
    assert tile_cost(array, 5, 10, 20, 16) == TileCost(
        102, 5 * 10, 10 * 20, 5 * 20 * 3, fill_cycles=3 * 14
    )


def test_several_arrays_share_the_outputs() -> None:
    # 20 outputs over 2 arrays: 10 each, 2 column folds of 8 in place of 3; 2 x 2 x 20 cycles.
    array = SystolicArray(2, 4, 8, "output_stationary", (1, 1, 1))
    assert tile_cost(array, 5, 10, 20, 16).cycles == 80


def test_narrow_operands_shorten_the_reduction() -> None:
    # Two 8-bit MACs per cycle: 10 steps become 5, and the fill of 4 + 8 - 2 stays.
    array = SystolicArray(1, 4, 8, "output_stationary", (1, 2, 4))
    assert tile_cost(array, 4, 10, 8, 16).cycles == 10 + 10
    assert tile_cost(array, 4, 10, 8, 8).cycles == 5 + 10
    assert tile_cost(array, 4, 10, 8, 4).cycles == 3 + 10


def test_narrow_weights_take_fewer_folds_where_the_reduction_is_held() -> None:
    # 16 inputs: 4 folds of 4 rows at 16 bits, 2 at 8 bits; each 1 + 2 x 4 + 8 - 2 = 15 cycles.
    array = SystolicArray(1, 4, 8, "weight_stationary", (1, 2, 4))
    assert tile_cost(array, 1, 16, 8, 16).cycles == 60
    assert tile_cost(array, 1, 16, 8, 8).cycles == 30


def test_rows_of_an_array_are_free_up_to_its_height() -> None:
    array = SystolicArray(1, 4, 8, "output_stationary", (1, 1, 1))
    costs = [tile_cost(array, m, 10, 8, 16).cycles for m in (1, 4, 5, 8, 9)]
    assert costs == [20, 20, 40, 40, 60]


def test_dot_products_take_every_row_anew() -> None:
    # 100 outputs on 2 x 16 lanes: 4 rounds; 70 inputs by 32: 3 steps; 5 rows; 6 cycles of latency.
    engine = DotProductEngine(2, 16, 32, 6, (1, 1, 1))
    assert tile_cost(engine, 5, 70, 100, 16) == TileCost(
        5 * 4 * 3 + 6, 5 * 70 * 4, 5 * 70 * 100, 5 * 100, fill_cycles=6
    )


def test_narrow_operands_widen_a_dot_product() -> None:
    # 128 inputs by 32: 4 steps; by 64: 2; by 128: 1.
    engine = DotProductEngine(1, 1, 32, 0, (1, 2, 4))
    assert [tile_cost(engine, 1, 128, 1, bits).cycles for bits in (16, 8, 4)] == [4, 2, 1]


def test_double_buffered_outputs_by_hand() -> None:
    # 2 x 3 folds, one every 10 cycles; the last one takes 10 + 4 + 8 - 2 = 20: 5 x 10 + 20.
    # 10 cycles before the end the last fold's operands have entered.
    array = SystolicArray(1, 4, 8, "output_stationary", (1, 1, 1), double_buffered=True)
    cost = tile_cost(array, 5, 10, 20, 16)
    assert (cost.cycles, cost.drain_cycles) == (70, 10)
    # Until then one or other fold streams all the time.
    assert cost.fill_cycles == 0


def test_double_buffered_weights_by_hand() -> None:
    # 3 x 3 folds, one every 5 cycles; the last one takes 5 + 2 x 4 + 8 - 2 = 19: 8 x 5 + 19.
    # After 9 x 5 the next tile's weights may enter.
    array = SystolicArray(1, 4, 8, "weight_stationary", (1, 1, 1), double_buffered=True)
    cost = tile_cost(array, 5, 10, 20, 16)
    assert (cost.cycles, cost.drain_cycles) == (59, 14)


def test_a_stream_shorter_than_the_array_waits_for_its_weights() -> None:
    # One row: a fold every 4 cycles, as long as its weights take to enter; 8 x 4 + 1 + 8 + 6.
    array = SystolicArray(1, 4, 8, "weight_stationary", (1, 1, 1), double_buffered=True)
    cost = tile_cost(array, 1, 10, 20, 16)
    assert (cost.cycles, cost.drain_cycles) == (47, 11)
    # In 9 x 3 of the 36 cycles before the drain nothing streams.
    assert cost.fill_cycles == 27


def test_double_buffering_moves_the_same_elements() -> None:
    array = SystolicArray(2, 4, 8, "input_stationary", (1, 1, 1))
    double = replace(array, double_buffered=True)
    plain, overlapped = (tile_cost(each, 5, 10, 20, 16) for each in (array, double))
    times = {name: getattr(plain, name) for name in ("cycles", "drain_cycles", "fill_cycles")}
    assert replace(overlapped, **times) == plain


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize("double_buffered", [False, True])
@pytest.mark.parametrize("split", SPLITS)
def test_no_array_beats_its_peak_while_operands_stream(
    dataflow: Dataflow, double_buffered: bool, split: Split
) -> None:
    for count, rows, columns in product((1, 3), (1, 4, 16), (1, 8)):
        array = SystolicArray(count, rows, columns, dataflow, (1, 2, 4), double_buffered)
        for m, k, n, bits in product((1, 5, 64), (1, 33), (1, 40), (4, 8, 16)):
            cost = tile_cost(array, m, k, n, bits, split=split)
            assert 0 <= cost.drain_cycles < cost.cycles
            streaming = cost.cycles - cost.drain_cycles - cost.fill_cycles
            assert m * k * n <= streaming * array.macs_per_cycle(bits)
