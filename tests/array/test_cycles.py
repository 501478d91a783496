"""Cycles of a tile: hand-computed cases, and an array that is really stepped."""

from __future__ import annotations

from itertools import product

import pytest

from accsim.array.cycles import TileCost, tile_cost
from accsim.chip import DotProductEngine, SystolicArray

Matrix = list[list[int]]


def step_output_stationary(a: Matrix, b: Matrix, rows: int, columns: int) -> tuple[Matrix, int]:
    """Multiply one fold on `rows` x `columns` elements, register by register.

    Row r of `a` enters at the left edge r cycles late, column c of `b` at the top edge c cycles
    late; each element multiplies what it holds, adds, and hands both on. Returns the sums and the
    cycles until the last element has had its last pair of operands.
    """
    inner = len(b)
    right = [[0] * columns for _ in range(rows)]
    down = [[0] * columns for _ in range(rows)]
    sums = [[0] * columns for _ in range(rows)]
    pairs_seen = [[0] * columns for _ in range(rows)]
    cycles = 0
    while pairs_seen[-1][-1] < inner:
        for r, c in product(reversed(range(rows)), reversed(range(columns))):
            late = cycles - r - c
            right[r][c] = right[r][c - 1] if c else _at(a, r, cycles - r)
            down[r][c] = down[r - 1][c] if r else _at(b, cycles - c, c)
            sums[r][c] += right[r][c] * down[r][c]
            pairs_seen[r][c] += 0 <= late < inner
        cycles += 1
    return sums, cycles


def _at(matrix: Matrix, row: int, column: int) -> int:
    if 0 <= row < len(matrix) and 0 <= column < len(matrix[row]):
        return matrix[row][column]
    return 0  # padding, and the skew before and after the operands


@pytest.mark.parametrize(
    ("rows", "columns", "m", "k", "n"),
    [(2, 2, 2, 1, 2), (4, 4, 4, 7, 4), (3, 5, 2, 6, 4), (4, 2, 7, 5, 3), (1, 6, 2, 3, 13)],
)
def test_output_stationary_folds_take_as_long_as_an_array_that_is_stepped(
    rows: int, columns: int, m: int, k: int, n: int
) -> None:
    a = [[i + 2 * j + 1 for j in range(k)] for i in range(m)]
    b = [[3 * i - j for j in range(n)] for i in range(k)]
    cycles = 0
    for top, left in product(range(0, m, rows), range(0, n, columns)):
        part_of_b = [line[left : left + columns] for line in b]
        sums, taken = step_output_stationary(a[top : top + rows], part_of_b, rows, columns)
        cycles += taken
        for r, c in product(range(min(rows, m - top)), range(min(columns, n - left))):
            assert sums[r][c] == sum(a[top + r][i] * b[i][left + c] for i in range(k))
    array = SystolicArray(1, rows, columns, "output_stationary", (1, 1, 1))
    assert tile_cost(array, m, k, n, 16).cycles == cycles


def test_output_stationary_by_hand() -> None:
    # 2 x 3 folds of 10 + 4 + 8 - 2 = 20 cycles. A is read for each of 3 column folds, B for 2.
    array = SystolicArray(1, 4, 8, "output_stationary", (1, 1, 1))
    assert tile_cost(array, 5, 10, 20, 16) == TileCost(120, 5 * 10 * 3, 10 * 20 * 2, 5 * 20)


def test_weight_stationary_by_hand() -> None:
    # 3 x 3 folds of 5 + 2 x 4 + 8 - 2 = 19 cycles. Partial sums leave for each of 3 inner folds.
    array = SystolicArray(1, 4, 8, "weight_stationary", (1, 1, 1))
    assert tile_cost(array, 5, 10, 20, 16) == TileCost(171, 5 * 10 * 3, 10 * 20, 5 * 20 * 3)


def test_input_stationary_by_hand() -> None:
    # 3 x 1 folds of 20 + 2 x 4 + 8 - 2 = 34 cycles. B is read once for the one fold of rows.
    array = SystolicArray(1, 4, 8, "input_stationary", (1, 1, 1))
    assert tile_cost(array, 5, 10, 20, 16) == TileCost(102, 5 * 10, 10 * 20, 5 * 20 * 3)


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
        5 * 4 * 3 + 6, 5 * 70 * 4, 5 * 70 * 100, 5 * 100
    )


def test_narrow_operands_widen_a_dot_product() -> None:
    # 128 inputs by 32: 4 steps; by 64: 2; by 128: 1.
    engine = DotProductEngine(1, 1, 32, 0, (1, 2, 4))
    assert [tile_cost(engine, 1, 128, 1, bits).cycles for bits in (16, 8, 4)] == [4, 2, 1]


@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary", "input_stationary"])
def test_no_array_beats_its_peak(dataflow: str) -> None:
    for count, rows, columns in product((1, 3), (1, 4, 16), (1, 8)):
        array = SystolicArray(count, rows, columns, dataflow, (1, 2, 4))  # type: ignore[arg-type]
        for m, k, n, bits in product((1, 5, 64), (1, 33), (1, 40), (4, 8, 16)):
            cycles = tile_cost(array, m, k, n, bits).cycles
            assert m * k * n <= cycles * array.macs_per_cycle(bits)
