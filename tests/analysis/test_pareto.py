"""Fronts and hypervolumes, by hand and against slower ways to find them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accsim.analysis.pareto import front, hypervolume

UP, DOWN = True, False


def test_a_front_has_what_nothing_else_beats() -> None:
    # Large and cheap are good: 2 is slower and dearer than 1.
    vectors = [(1.0, 10.0), (1.5, 11.0), (1.4, 20.0), (3.0, 21.0)]
    assert front(vectors, (UP, DOWN)) == (0, 1, 3)


def test_of_equal_points_the_first_stands_for_all() -> None:
    assert front([(2.0, 1.0), (3.0, 2.0), (2.0, 1.0), (3.0, 2.0)], (UP, DOWN)) == (0, 1)


def test_equal_in_one_and_worse_in_the_other_is_beaten() -> None:
    assert front([(2.0, 5.0), (2.0, 4.0), (1.0, 4.0)], (UP, DOWN)) == (1,)


def test_with_one_objective_the_best_is_the_front() -> None:
    assert front([(3.0,), (1.0,), (2.0,)], (DOWN,)) == (1,)
    assert front([(3.0,), (1.0,), (2.0,)], (UP,)) == (0,)


def test_no_points_have_an_empty_front() -> None:
    assert front([], (UP, DOWN)) == ()


def test_points_that_trade_three_objectives_all_stay() -> None:
    vectors = [(1.0, 2.0, 3.0), (2.0, 3.0, 1.0), (3.0, 1.0, 2.0), (1.0, 1.0, 1.0)]
    assert front(vectors, (UP, UP, UP)) == (0, 1, 2)


vectors_of = st.lists(st.tuples(*3 * [st.integers(0, 4).map(float)]), max_size=12)


@given(vectors_of, st.tuples(*3 * [st.booleans()]))
def test_a_front_is_what_the_definition_says(
    vectors: list[tuple[float, ...]], maximise: tuple[bool, ...]
) -> None:
    def beats(one: Sequence[float], other: Sequence[float]) -> bool:
        pairs = [
            (a, b) if large else (b, a) for a, b, large in zip(one, other, maximise, strict=True)
        ]
        return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)

    kept = [
        index
        for index, vector in enumerate(vectors)
        if not any(beats(other, vector) for other in vectors) and vector not in vectors[:index]
    ]
    assert front(vectors, maximise) == tuple(kept)


def test_the_hypervolume_of_one_objective_is_a_length() -> None:
    assert hypervolume([(3.0,), (5.0,)], (UP,), (1.0,)) == 4.0


def test_the_hypervolume_of_two_objectives_is_the_area_of_steps() -> None:
    # To be small, seen from (10, 10): 9 x 2 + 6 x 3 + 2 x 4 for (1, 8), (4, 5), (8, 1).
    vectors = [(8.0, 1.0), (1.0, 8.0), (4.0, 5.0)]
    assert hypervolume(vectors, (DOWN, DOWN), (10.0, 10.0)) == 18 + 18 + 8


def test_beaten_points_and_those_beyond_the_reference_add_nothing() -> None:
    vectors = [(4.0, 5.0), (5.0, 6.0), (11.0, 0.0), (0.0, 10.0)]
    assert hypervolume(vectors, (DOWN, DOWN), (10.0, 10.0)) == 6 * 5


def test_what_is_to_be_large_counts_upwards() -> None:
    # Speed above 0 and area below 30: 100 x 20 + (150 - 100) x 10.
    vectors = [(100.0, 10.0), (150.0, 20.0)]
    assert hypervolume(vectors, (UP, DOWN), (0.0, 30.0)) == 2500.0


def test_the_hypervolume_of_three_objectives_is_that_of_boxes_together() -> None:
    # Boxes of 3 x 1 x 1, 1 x 3 x 1 and 1 x 1 x 3 have one unit cube in common.
    vectors = [(3.0, 1.0, 1.0), (1.0, 3.0, 1.0), (1.0, 1.0, 3.0)]
    assert hypervolume(vectors, (UP, UP, UP), (0.0, 0.0, 0.0)) == 7.0


def test_no_points_have_no_hypervolume() -> None:
    assert hypervolume([], (UP, UP), (0.0, 0.0)) == 0.0


@given(vectors_of)
def test_a_hypervolume_is_the_number_of_cells_that_are_covered(
    vectors: list[tuple[float, ...]],
) -> None:
    cells = [
        cell
        for cell in product(range(4), repeat=3)
        if any(all(at < of for at, of in zip(cell, one, strict=True)) for one in vectors)
    ]
    assert hypervolume(vectors, (UP, UP, UP), (0.0, 0.0, 0.0)) == len(cells)


@pytest.mark.parametrize("objectives", [2, 3])
def test_optuna_finds_the_same_hypervolume(objectives: int) -> None:
    hypervolumes = pytest.importorskip("optuna._hypervolume", reason="optuna is not installed")
    numpy = pytest.importorskip("numpy")
    draws = random.Random(7)
    vectors = [[draws.random() for _ in range(objectives)] for _ in range(60)]
    expected = hypervolumes.compute_hypervolume(numpy.array(vectors), numpy.ones(objectives))
    found = hypervolume(vectors, objectives * (DOWN,), objectives * (1.0,))
    assert found == pytest.approx(expected, rel=1e-12)
