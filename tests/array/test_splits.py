"""Several arrays that share a tile by output columns, by rows or by the reduction."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from accsim.array.cycles import TileCost, tile_cost
from accsim.chip import Dataflow, DotProductEngine, SystolicArray
from accsim.mapping import Split

THREE = SystolicArray(3, 4, 8, "output_stationary", (1, 1, 1))
SPLITS = get_args(Split)


@pytest.mark.parametrize("dataflow", get_args(Dataflow))
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("double_buffered", [False, True])
def test_systolic_arrays_take_as_long_as_one_with_the_largest_share(
    dataflow: Dataflow, split: Split, double_buffered: bool
) -> None:
    array = replace(THREE, dataflow=dataflow, double_buffered=double_buffered)
    for size in product((1, 5, 13, 50), (1, 7, 40), (1, 9, 33)):
        sizes = dict(zip(("rows", "inner", "outer"), size, strict=True))
        share = sizes | {split: -(-sizes[split] // 3)}
        m, k, n = share.values()
        shared = tile_cost(array, *size, 16, split=split)
        alone = tile_cost(replace(array, count=1), m, k, n, 16)
        assert (shared.cycles, shared.drain_cycles) == (alone.cycles, alone.drain_cycles)


@pytest.mark.parametrize("split", SPLITS)
def test_dot_product_engines_take_as_long_as_one_with_the_largest_share(split: Split) -> None:
    engine = DotProductEngine(3, 2, 4, 6, (1, 1, 1))
    for size in product((1, 5, 12), (1, 7, 40), (1, 9, 33)):
        sizes = dict(zip(("rows", "inner", "outer"), size, strict=True))
        share = sizes | {split: -(-sizes[split] // 3)}
        m, k, n = share.values()
        alone = tile_cost(replace(engine, count=1), m, k, n, 16)
        assert tile_cost(engine, *size, 16, split=split).cycles == alone.cycles


@pytest.mark.parametrize("split", SPLITS)
def test_a_single_array_has_nothing_to_share(split: Split) -> None:
    for array in (replace(THREE, count=1), DotProductEngine(1, 2, 4, 6, (1, 1, 1))):
        assert tile_cost(array, 5, 30, 20, 16, split=split) == tile_cost(array, 5, 30, 20, 16)


def test_arrays_are_split_by_output_columns_unless_told_otherwise() -> None:
    assert tile_cost(THREE, 9, 30, 40, 16) == tile_cost(THREE, 9, 30, 40, 16, split="outer")
    assert tile_cost(THREE, 9, 30, 40, 16) != tile_cost(THREE, 9, 30, 40, 16, split="rows")


def test_arrays_that_share_rows_each_read_the_weights_that_stream() -> None:
    # 9 rows on 3 arrays of 4: one fold of rows each, each with the 2 folds of 16 columns.
    cost = tile_cost(THREE, 9, 10, 16, 16, split="rows")
    assert cost == TileCost(
        2 * (10 + 4 + 8 - 2), 9 * 10 * 2, 10 * 16 * 3, 9 * 16, fill_cycles=2 * 10
    )


def test_weights_that_all_arrays_hold_are_read_once() -> None:
    # 9 rows on 3 arrays: 3 stream through each of 2 x 2 folds of weights, which all arrays hold.
    array = replace(THREE, dataflow="weight_stationary")
    cost = tile_cost(array, 9, 8, 16, 16, split="rows")
    assert cost == TileCost(
        4 * (3 + 2 * 4 + 8 - 2), 9 * 8 * 2, 8 * 16, 9 * 16 * 2, fill_cycles=4 * 14
    )


def test_arrays_that_share_the_reduction_write_partial_sums_and_all_but_one_add() -> None:
    # 30 inputs on 3 arrays: 10 steps each, one fold, three sums for each output.
    cost = tile_cost(THREE, 4, 30, 8, 16, split="inner")
    assert cost == TileCost(
        10 + 4 + 8 - 2, 4 * 30, 30 * 8, c_writes=4 * 8 * 3, c_reads=4 * 8 * 2, fill_cycles=10
    )


def test_partial_sums_of_held_weights_are_those_of_the_folds() -> None:
    # 20 inputs: 5 folds of 4 rows, two each for two arrays, one for the last; 5 sums per output,
    # three of which are the last of an array.
    array = replace(THREE, dataflow="weight_stationary")
    cost = tile_cost(array, 4, 20, 8, 16, split="inner")
    assert cost == TileCost(
        2 * (4 + 2 * 4 + 8 - 2),
        4 * 20,
        20 * 8,
        c_writes=4 * 8 * 5,
        c_reads=4 * 8 * 2,
        fill_cycles=2 * 14,
    )


def test_an_array_without_a_share_writes_nothing() -> None:
    # 4 steps, two each: the third array has none.
    cost = tile_cost(THREE, 4, 4, 8, 16, split="inner")
    assert (cost.c_writes, cost.c_reads) == (4 * 8 * 2, 4 * 8)


def test_engines_that_share_rows_share_turns() -> None:
    # 11 rows: 2 groups of 4 and 3 rows by themselves, 5 turns on 2 engines: 3 of them in a row.
    engine = DotProductEngine(2, 2, 8, 5, (1, 1, 1), tile_rows=4)
    cost = tile_cost(engine, 11, 32, 6, 16, split="rows")
    assert cost == TileCost(3 * 3 * 4 + 5, 11 * 32 * 3, 5 * 32 * 6, 11 * 6, fill_cycles=5)


def test_engines_that_share_the_reduction_add_up_too() -> None:
    # 4 steps of 8 inputs on 2 engines: 2 each; 3 rounds of 2 lanes; 2 sums per output.
    engine = DotProductEngine(2, 2, 8, 5, (1, 1, 1))
    cost = tile_cost(engine, 7, 32, 6, 16, split="inner")
    assert cost == TileCost(7 * 3 * 2 + 5, 7 * 32 * 3, 7 * 32 * 6, 7 * 6 * 2, 7 * 6, fill_cycles=5)
