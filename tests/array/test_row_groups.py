"""Dot-product engines whose rows share one reading of the weights in groups."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from accsim.array.cycles import TileCost, tile_cost
from accsim.chip import DotProductEngine, Remainder
from accsim.mapping import Split

GEMV = DotProductEngine(1, 2, 8, 5, (1, 1, 1), tile_rows=4)
PAD = DotProductEngine(1, 2, 8, 5, (1, 1, 1), tile_rows=4, remainder="pad")
ONE = 3 * 4
"""Cycles of one turn over 32 inputs and 6 outputs: 3 rounds of 2 lanes, 4 steps of 8."""


def cycles(engine: DotProductEngine, rows: int) -> int:
    return tile_cost(engine, rows, 32, 6, 16).cycles


def test_four_rows_at_once_are_faster_than_three_or_five_one_by_one() -> None:
    assert cycles(GEMV, 4) < cycles(GEMV, 3)
    assert cycles(GEMV, 4) < cycles(GEMV, 5)


def test_rows_beyond_the_last_whole_group_take_a_turn_each() -> None:
    turns = [1, 2, 3, 1, 2, 3, 4, 2, 3]
    assert [cycles(GEMV, rows) for rows in range(1, 10)] == [turn * ONE + 5 for turn in turns]


def test_padded_rows_take_a_turn_for_each_group_begun() -> None:
    turns = [1, 1, 1, 1, 2, 2, 2, 2, 3]
    assert [cycles(PAD, rows) for rows in range(1, 10)] == [turn * ONE + 5 for turn in turns]


@pytest.mark.parametrize(("engine", "readings"), [(GEMV, 1 + 3), (PAD, 2)])
def test_each_turn_reads_the_weights_once(engine: DotProductEngine, readings: int) -> None:
    # 7 rows are broadcast to the lanes in each of 3 rounds.
    cost = tile_cost(engine, 7, 32, 6, 16)
    assert cost == TileCost(cost.cycles, 7 * 32 * 3, readings * 32 * 6, 7 * 6, fill_cycles=5)


def test_a_group_of_one_row_leaves_nothing_over() -> None:
    one = DotProductEngine(1, 2, 8, 5, (1, 1, 1))
    assert [cycles(one, rows) for rows in (1, 2, 7)] == [ONE + 5, 2 * ONE + 5, 7 * ONE + 5]


@pytest.mark.parametrize("remainder", get_args(Remainder))
@pytest.mark.parametrize("split", get_args(Split))
def test_no_engine_beats_its_peak(remainder: Remainder, split: Split) -> None:
    for count, tile_rows in product((1, 3), (1, 4, 5)):
        engine = DotProductEngine(count, 2, 8, 0, (1, 2, 4), tile_rows, remainder)
        for m, k, n, bits in product((1, 4, 5, 23), (1, 33), (1, 40), (4, 8, 16)):
            taken = tile_cost(engine, m, k, n, bits, split=split).cycles
            assert m * k * n <= taken * engine.macs_per_cycle(bits)
