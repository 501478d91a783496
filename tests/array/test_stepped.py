"""Cycles of systolic arrays against a grid of processing elements that is really stepped.

Numbers move from register to register, one hop a cycle. The grid knows no formula: folds begin when
they are told to, and whatever would need a port, a register or an operand twice or too early
raises `CollisionError`. So the least period without one is the truth about overlapping folds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count, product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accsim.array.cycles import tile_cost
from accsim.chip import Dataflow, SystolicArray

Matrix = npt.NDArray[Any]
DATAFLOWS: tuple[Dataflow, ...] = ("output_stationary", "weight_stationary", "input_stationary")


class CollisionError(Exception):
    """Two things at one place, or one that is not there in time."""


@dataclass(frozen=True)
class Fold:
    """One mapping on the grid: what enters at the left, and at the top or into the elements.

    left   R x S: row r of the grid gets its elements in order, one a cycle
    other  S x C that enters at the top (output stationary), or R x C that is held
    to     the block of the product that the outputs are added to, rows and columns
    turned whether the outputs are those of the transposed product
    scaling rows of the grid that multiply what passes by what they hold
    """

    left: Matrix
    other: Matrix
    to: tuple[slice, slice]
    turned: bool = False
    scaling: frozenset[int] = frozenset()


class Operand(NamedTuple):
    """What moves right or down: its fold, its place in the stream, whether it is the last."""

    fold: int
    place: int
    value: Any
    last: bool


class Incoming(NamedTuple):
    """An operand on its way down to the row where it is to be held."""

    fold: int
    row: int
    value: Any


@dataclass
class Port:
    """One wire: what is on it in which cycle."""

    words: dict[int, Any] = field(default_factory=dict)

    def put(self, cycle: int, word: object) -> None:
        if cycle in self.words:
            raise CollisionError(f"two words on a port in cycle {cycle}")
        self.words[cycle] = word

    def at(self, cycle: int) -> Any:
        return self.words.get(cycle)


@dataclass
class Outputs:
    """What has left the grid, fold by fold, and in which cycle the last of each fold did."""

    values: list[Matrix]
    last_cycle: list[int]
    missing: int


def _feed(port: Port, start: int, fold: int, values: Matrix) -> None:
    for i, value in enumerate(values):
        port.put(start + i, Operand(fold, i, value, i == len(values) - 1))


def step_output_stationary(folds: Sequence[tuple[int, Fold]], rows: int, columns: int) -> Outputs:
    """Elements add the products of what passes; a column hands out one finished sum a cycle."""
    left, top = [Port() for _ in range(rows)], [Port() for _ in range(columns)]
    for number, (start, fold) in enumerate(folds):
        for r in range(rows):
            _feed(left[r], start + r, number, fold.left[r])
        for c in range(columns):
            _feed(top[c], start + c, number, fold.other[:, c])
    right: list[list[Operand | None]] = [[None] * columns for _ in range(rows)]
    down: list[list[Operand | None]] = [[None] * columns for _ in range(rows)]
    sums = np.zeros((rows, columns), dtype=object)
    out = [Port() for _ in range(columns)]
    done = Outputs(
        [np.zeros((rows, columns), dtype=object) for _ in folds],
        [0] * len(folds),
        len(folds) * rows * columns,
    )
    for cycle in count():
        for r, c in product(reversed(range(rows)), reversed(range(columns))):
            a = right[r][c] = right[r][c - 1] if c else left[r].at(cycle)
            b = down[r][c] = down[r - 1][c] if r else top[c].at(cycle)
            if a is None or b is None:
                continue
            assert a[:2] == b[:2]
            sums[r, c] = a.value * b.value + (sums[r, c] if a.place else 0)
            if a.last:
                out[c].put(cycle, sums[r, c])
                done.values[a.fold][r, c] = sums[r, c]
                done.last_cycle[a.fold] = cycle
                done.missing -= 1
        if not done.missing:
            return done
    raise AssertionError


def step_held(folds: Sequence[tuple[int, Fold]], rows: int, columns: int) -> Outputs:
    """Operands travel down to their rows through shadow registers, then the others stream past.

    An element takes over what its shadow register holds when the first operand of a fold comes by.
    """
    left, top = [Port() for _ in range(rows)], [Port() for _ in range(columns)]
    for number, (start, fold) in enumerate(folds):
        for r in range(rows):
            _feed(left[r], start + rows + r, number, fold.left[r])
        for c, row in product(range(columns), range(rows)):
            into = rows - 1 - row  # the last row's operand enters first
            top[c].put(start + c + row, Incoming(number, into, fold.other[into, c]))
    right: list[list[Operand | None]] = [[None] * columns for _ in range(rows)]
    shadow: list[list[Incoming | None]] = [[None] * columns for _ in range(rows)]
    held = np.zeros((rows, columns), dtype=object)
    sums = np.zeros((rows, columns), dtype=object)
    streams = [fold.left.shape[1] for _, fold in folds]
    done = Outputs(
        [np.zeros((stream, columns), dtype=object) for stream in streams],
        [0] * len(folds),
        sum(streams) * columns,
    )
    for cycle in count():
        for r, c in product(reversed(range(rows)), reversed(range(columns))):
            a = right[r][c] = right[r][c - 1] if c else left[r].at(cycle)
            if a is not None:
                if a.place == 0:
                    mine = shadow[r][c]
                    if mine is None or mine[:2] != (a.fold, r):
                        raise CollisionError(f"nothing to take over in cycle {cycle}")
                    held[r, c], shadow[r][c] = mine.value, None
                above = sums[r - 1, c] if r else 0
                scales = r in folds[a.fold][1].scaling
                sums[r, c] = above * held[r, c] if scales else above + a.value * held[r, c]
                if r == rows - 1:
                    done.values[a.fold][a.place, c] = sums[r, c]
                    done.last_cycle[a.fold] = cycle
                    done.missing -= 1
            comes = shadow[r - 1][c] if r else top[c].at(cycle)
            if comes is not None and comes.row >= r:
                if shadow[r][c] is not None:
                    raise CollisionError(f"a needed operand is lost in cycle {cycle}")
                shadow[r][c] = comes
                if r:
                    shadow[r - 1][c] = None
        if not done.missing:
            return done
    raise AssertionError


def padded(matrix: Matrix, rows: int, columns: int) -> Matrix:
    whole = np.zeros((rows, columns), dtype=object)
    whole[: matrix.shape[0], : matrix.shape[1]] = matrix
    return whole


def folds_of(array: SystolicArray, a: Matrix, b: Matrix) -> list[Fold]:
    """The tile A x B cut into folds, each padded to the whole grid."""
    rows, columns = array.rows, array.columns
    (m, k), n = a.shape, b.shape[1]
    folds = []
    if array.dataflow == "output_stationary":
        for i, j in product(range(0, m, rows), range(0, n, columns)):
            to = slice(i, i + rows), slice(j, j + columns)
            folds.append(
                Fold(padded(a[to[0]], rows, k), padded(b[:, to[1]], k, columns), to),
            )
        return folds
    turned = array.dataflow == "input_stationary"
    stream, hold = (b.T, a.T) if turned else (a, b)
    for i, j in product(range(0, k, rows), range(0, hold.shape[1], columns)):
        part, to = slice(i, i + rows), (slice(None), slice(j, j + columns))
        left = padded(stream[:, part].T, rows, stream.shape[0])
        folds.append(Fold(left, padded(hold[part, to[1]], rows, columns), to, turned))
    return folds


def step(array: SystolicArray, folds: Iterable[tuple[int, Fold]]) -> Outputs:
    """Step the grid until the last output of all folds, each begun in its cycle, has left."""
    of_kind = step_output_stationary if array.dataflow == "output_stationary" else step_held
    return of_kind(list(folds), array.rows, array.columns)


def multiplied(array: SystolicArray, a: Matrix, b: Matrix, period: int) -> tuple[Matrix, int]:
    """The product of a tile whose folds begin every `period` cycles, and the cycles it took."""
    folds = folds_of(array, a, b)
    outputs = step(array, zip(count(0, period), folds, strict=False))
    result = np.zeros((a.shape[0], b.shape[1]), dtype=object)
    for fold, values in zip(folds, outputs.values, strict=True):
        block = (result.T if fold.turned else result)[fold.to]
        block += values[: block.shape[0], : block.shape[1]]
    return result, max(outputs.last_cycle) + 1


def shortest(array: SystolicArray, a: Matrix, b: Matrix) -> tuple[Matrix, int]:
    """As `multiplied`, with the least period that works."""
    for period in count(1):
        try:
            return multiplied(array, a, b, period)
        except CollisionError:
            continue
    raise AssertionError


def matrices(m: int, k: int, n: int) -> tuple[Matrix, Matrix]:
    """Two matrices of different small numbers."""
    a = [[i * i + 2 * j + 1 for j in range(k)] for i in range(m)]
    b = [[3 * i - j * j + 2 for j in range(n)] for i in range(k)]
    return np.array(a, dtype=object), np.array(b, dtype=object)


grids = st.builds(
    SystolicArray,
    st.just(1),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from(DATAFLOWS),
    st.just((1, 1, 1)),
)
sizes = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))


@given(grids, sizes)
def test_folds_one_after_the_other_take_as_long_as_a_grid_that_is_stepped(
    array: SystolicArray, size: tuple[int, int, int]
) -> None:
    a, b = matrices(*size)
    alone = step(array, [(0, folds_of(array, a, b)[0])]).last_cycle[0] + 1
    result, cycles = multiplied(array, a, b, alone)
    assert (result == a @ b).all()
    assert tile_cost(array, *size, 16).cycles == cycles


@given(grids, sizes)
def test_double_buffered_folds_follow_each_other_as_closely_as_a_grid_allows(
    array: SystolicArray, size: tuple[int, int, int]
) -> None:
    a, b = matrices(*size)
    result, cycles = shortest(array, a, b)
    assert (result == a @ b).all()
    assert tile_cost(replace(array, double_buffered=True), *size, 16).cycles == cycles


def after(
    array: SystolicArray, first: tuple[int, int, int], second: tuple[int, int, int], late: int
) -> int:
    """Cycles of two tiles, the second begun `late` cycles after the array is said to be free."""
    array = replace(array, double_buffered=True)
    begun = 0
    folds = []
    for size in (first, second):
        stream = {"output_stationary": 1, "weight_stationary": 0, "input_stationary": 2}
        period = max(size[stream[array.dataflow]], array.rows)
        folds += list(zip(count(begun, period), folds_of(array, *matrices(*size)), strict=False))
        cost = tile_cost(array, *size, 16)
        begun += cost.cycles - cost.drain_cycles + late
    return max(step(array, folds).last_cycle) + 1


@given(grids, sizes, sizes)
def test_the_next_tile_may_begin_when_the_array_is_said_to_be_free(
    array: SystolicArray, first: tuple[int, int, int], second: tuple[int, int, int]
) -> None:
    if array.dataflow == "output_stationary":
        assume(second[1] >= min(first[1], array.rows))
    array = replace(array, double_buffered=True)
    one, two = (tile_cost(array, *size, 16) for size in (first, second))
    assert after(array, first, second, 0) == one.cycles - one.drain_cycles + two.cycles


@given(grids, sizes)
def test_an_equal_tile_may_not_begin_a_cycle_earlier(
    array: SystolicArray, size: tuple[int, int, int]
) -> None:
    with pytest.raises(CollisionError):
        after(array, size, size, -1)


def test_a_reduction_shorter_than_its_predecessor_and_the_array_finds_the_ports_busy() -> None:
    # 4 rows: the ports are busy with 4 sums that were finished 5 cycles into the first tile, which
    # is free after 5; the second tile is finished 2 cycles after that, min(5, 4) - 2 too early.
    array = SystolicArray(1, 4, 3, "output_stationary", (1, 1, 1))
    with pytest.raises(CollisionError):
        after(array, (4, 5, 3), (4, 2, 3), 1)
    # 5 + 2 late + 2 + 4 + 3 - 2
    assert after(array, (4, 5, 3), (4, 2, 3), 2) == 14


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_tiles_back_to_back_cost_as_much_as_one_tile_of_all_their_folds(
    dataflow: Dataflow,
) -> None:
    for rows, columns, (m, k, n) in product((1, 4, 9), (1, 5), product((1, 3, 8, 30), repeat=3)):
        array = SystolicArray(1, rows, columns, dataflow, (1, 1, 1), double_buffered=True)
        part = tile_cost(array, m, k, n, 16)
        # Two whole folds more across the array, and the stream as it was.
        wide = 2 * columns
        more = (m + wide, k, n) if dataflow == "input_stationary" else (m, k, n + wide)
        rest = (wide, k, n) if dataflow == "input_stationary" else (m, k, wide)
        first = tile_cost(array, *rest, 16)
        whole = tile_cost(array, *more, 16)
        assert first.cycles - first.drain_cycles + part.cycles == whole.cycles
        assert part.drain_cycles == whole.drain_cycles


def test_a_row_of_elements_for_each_scale_gives_the_product_of_grouped_weights() -> None:
    """Weight stationary: 8 inputs in groups of 2 on 6 rows, 4 of them weights and 2 scales.

    Each scaling row multiplies by the ratio of its group's scale to the next one's, so that the sum
    that the second fold goes on with is in units of its first group.
    """
    array = SystolicArray(1, 6, 2, "weight_stationary", (1, 1, 1), dequantise="array")
    a, b = matrices(3, 8, 2)
    scales = [[Fraction(1, 3), Fraction(5)], [Fraction(2), Fraction(7, 2)]]
    scales += [[Fraction(3), Fraction(1, 5)], [Fraction(4, 3), Fraction(11)]]
    following = [*scales[1:], [Fraction(1), Fraction(1)]]
    left, hold = [], []
    for group in range(4):
        left += [a[:, 2 * group], a[:, 2 * group + 1], a[:, 0]]  # what meets a scale is not used
        ratios = [s / t for s, t in zip(scales[group], following[group], strict=True)]
        hold += [b[2 * group], b[2 * group + 1], ratios]
    everywhere = slice(None), slice(None)
    steps, cost = 0, tile_cost(array, 3, 8, 2, 16, scales=4)
    sums: Matrix = np.zeros((3, 2), dtype=object)
    for top in range(0, len(hold), 6):
        fold = Fold(
            np.array(left[top : top + 6], dtype=object),
            np.array(hold[top : top + 6], dtype=object),
            everywhere,
            scaling=frozenset({2, 5}),
        )
        outputs = step(array, [(0, fold)])
        # What is fed into the top passes all scales of the fold.
        passed = np.prod(fold.other[[2, 5]], axis=0)
        sums = outputs.values[0] + sums * passed
        steps += outputs.last_cycle[0] + 1
    weights = np.array(
        [[x * s for x, s in zip(b[i], scales[i // 2], strict=True)] for i in range(8)]
    )
    assert (sums == a @ weights).all()
    assert cost.cycles == steps
