"""Which passes are simulated, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accsim.analysis.measure import PassStats
from accsim.analysis.sampling import TOLERANCE, SampledPasses, between, sample

from .passes import pass_of


def sampled(
    contexts: Sequence[int], time_ps: Callable[[int], int], *, exact: bool = False
) -> tuple[SampledPasses, list[int]]:
    """Sample a run whose pass at a context takes `time_ps`; also the passes simulated, in order."""
    simulated: list[int] = []

    def simulate(number: int) -> PassStats:
        simulated.append(number)
        return pass_of(time_ps(contexts[number]), read_bytes=100 * contexts[number])

    return sample(contexts, simulate, exact=exact), simulated


def times(passes: SampledPasses) -> list[int]:
    return [one.elapsed_ps for one in passes.stats]


def test_passes_linear_in_the_context_are_known_from_four() -> None:
    contexts = range(1000, 1101)
    passes, simulated = sampled(contexts, lambda context: 5_000_000 + 7 * context)
    # The ends, the middle, and 5/16 of the way.
    assert simulated == [0, 100, 31, 50]
    assert passes.simulated == 4
    assert passes.max_error == 0
    assert times(passes) == [5_000_000 + 7 * context for context in contexts]


def test_contexts_that_grow_unevenly_are_interpolated_by_context_not_by_number() -> None:
    # Passes that emit 1 to 4 tokens.
    contexts = [100, 104, 105, 106, 110, 114, 115, 118]
    passes, simulated = sampled(contexts, lambda context: 1000 * context)
    assert simulated == [0, 7, 2, 3]
    assert times(passes) == [1000 * context for context in contexts]


def test_integers_that_are_linear_stay_exact() -> None:
    passes, _ = sampled(range(40), lambda context: 10**9)
    # 100 B for each token: 100 x (0 + ... + 39).
    assert sum(int(one.op_bytes.sum()) for one in passes.stats) == 100 * 780


def test_a_step_is_closed_in_on() -> None:
    # 1 ms up to context 36, 2 ms from 37 on: halves of the span that holds the step are split until
    # both of its sides are known.
    def step(context: int) -> int:
        return 10**9 if context < 37 else 2 * 10**9

    passes, simulated = sampled(range(101), step)
    assert {36, 37} <= set(simulated)
    assert times(passes) == [step(context) for context in range(101)]
    # Seven halvings of 100, of both halves each time: far from all.
    assert passes.simulated == len(simulated) < 30


def test_a_bend_within_the_tolerance_is_kept_and_its_error_told() -> None:
    # The middle takes 0.02 % longer than the straight line says.
    passes, simulated = sampled(
        range(101), lambda context: 1_000_200_000 if context == 50 else 10**9
    )
    assert simulated == [0, 100, 31, 50]
    assert passes.max_error == pytest.approx(200_000 / 1_000_200_000, rel=1e-12)
    assert 0 < passes.max_error < TOLERANCE


def test_a_bend_beyond_the_tolerance_is_looked_at_more_closely() -> None:
    _, simulated = sampled(range(101), lambda context: 1_000_300_000 if context == 50 else 10**9)
    assert {25, 75} <= set(simulated)


def test_the_error_of_a_span_that_was_split_is_not_told() -> None:
    # Two straight lines that meet in the middle: wrong there at first, exact after the split.
    passes, _ = sampled(range(101), lambda context: 10**9 + 10**7 * abs(context - 50))
    assert passes.max_error == 0
    # 0, 100, 31, 50; then 15 and 25 on the left, 65 and 75 on the right.
    assert passes.simulated == 8


def test_a_staircase_that_the_middle_does_not_show_is_seen() -> None:
    # Steps of 32 contexts: middle and ends lie on one line, what is between them does not.
    def stairs(context: int) -> int:
        return 10**9 + 10**7 * (context // 32)

    passes, _ = sampled(range(129), stairs)
    worst = max(abs(t / stairs(c) - 1) for c, t in enumerate(times(passes)))
    assert worst < 10 * TOLERANCE


def test_exact_simulates_every_pass_in_order() -> None:
    passes, simulated = sampled(range(20), lambda context: 10**9, exact=True)
    assert simulated == list(range(20))
    assert (passes.simulated, passes.max_error) == (20, 0)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_up_to_three_passes_are_all_simulated(count: int) -> None:
    passes, simulated = sampled(range(count), lambda context: 10**9)
    assert simulated == list(range(count))
    assert len(passes.stats) == passes.simulated == count


@given(st.lists(st.integers(10**6, 10**9), max_size=40))
def test_simulated_passes_are_given_as_they_are_and_once_each(values: list[int]) -> None:
    passes, simulated = sampled(range(len(values)), values.__getitem__)
    assert len(set(simulated)) == len(simulated) == passes.simulated
    assert len(passes.stats) == len(values)
    for number in simulated:
        assert passes.stats[number].elapsed_ps == values[number]


@given(st.lists(st.integers(10**6, 10**9), min_size=4, max_size=40))
def test_interpolated_times_lie_between_the_simulated_ones_around_them(values: list[int]) -> None:
    passes, simulated = sampled(range(len(values)), values.__getitem__)
    knots = sorted(simulated)
    for number, time in enumerate(times(passes)):
        low = max(knot for knot in knots if knot <= number)
        high = min(knot for knot in knots if knot >= number)
        assert min(values[low], values[high]) <= time <= max(values[low], values[high])


def test_every_column_is_interpolated_by_itself() -> None:
    low = replace(
        pass_of(100),
        path=np.array([[10, 0, 30, 0, 0, 0, 0], [0, 60, 0, 0, 0, 0, 0]]),
        units=np.array([[10, 0], [0, 20], [0, 0], [0, 0]]),
        dram=np.array([10, 0, 0, 0, 90]),
        rows=np.array([4, 8, 0, 0, 0]),
        op_work=np.array([[400, 8, 4], [600, 0, 0]]),
        sram_peak=70,
    )
    high = replace(
        low,
        path=np.array([[50, 0, 10, 0, 0, 0, 0], [0, 80, 0, 0, 0, 0, 0]]),
        units=np.array([[30, 0], [0, 0], [0, 0], [0, 0]]),
        dram=np.array([50, 0, 0, 0, 90]),
        rows=np.array([8, 0, 0, 0, 0]),
        op_work=np.array([[1200, 8, 0], [1800, 4, 8]]),
        sram_peak=60,
    )
    # A quarter of the way.
    made = between([0, 1, 2, 3, 4], 0, low, 4, high, 1)
    assert made.path.tolist() == [[20, 0, 25, 0, 0, 0, 0], [0, 65, 0, 0, 0, 0, 0]]
    assert made.elapsed_ps == 20 + 25 + 65
    assert made.units.tolist() == [[15, 0], [0, 15], [0, 0], [0, 0]]
    assert made.dram.tolist() == [20, 0, 0, 0, 90]
    assert made.rows.tolist() == [5, 6, 0, 0, 0]
    assert made.op_work.tolist() == [[600, 8, 3], [900, 1, 2]]
    assert made.sram_bytes == 1500
    assert made.sram_peak == 70  # the larger: a peak of either was needed


def test_fractions_are_rounded_down() -> None:
    # A third and two thirds of the way from 0 to 10.
    values = [between(range(4), 0, pass_of(0), 3, pass_of(10), number) for number in (1, 2)]
    assert [one.elapsed_ps for one in values] == [3, 6]


def test_passes_of_equal_context_take_the_time_of_the_first() -> None:
    assert between([5, 5, 5], 0, pass_of(7), 2, pass_of(9), 1).elapsed_ps == 7


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30))
def test_the_parts_of_a_pass_are_rounded_as_a_whole(ends: list[tuple[int, int]]) -> None:
    # Were each of hundreds of parts rounded down by itself, a unit that is busy all the time would
    # seem to be busy for longer than the pass takes.
    columns = [np.array([list(end)], dtype=np.int64) for end in zip(*ends, strict=True)]
    low, high = (replace(pass_of(0), path=column) for column in columns)
    for number in range(8):
        made = between(range(8), 0, low, 7, high, number)
        total = low.elapsed_ps * (7 - number) + high.elapsed_ps * number
        assert made.elapsed_ps == total // 7
        exact = columns[0] * (7 - number) + columns[1] * number
        assert (abs(7 * made.path - exact) < 7).all()
        assert (made.path >= 0).all()
