"""Clocks: exact conversion between cycles and picoseconds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accsim.units import PS_PER_S, Clock

# Up to 1 THz a cycle is at least 1 ps, so that two edges never share a picosecond.
clocks = st.builds(
    lambda hz, den: Clock(hz * den - den // 2, den),
    st.integers(1, 10**12),
    st.integers(1, 7),
)
indices = st.integers(0, 10**13)


@given(clocks, indices)
def test_the_edge_at_or_after_an_edge_is_that_edge(clock: Clock, index: int) -> None:
    assert clock.next_edge(clock.edge_ps(index)) == index


@given(clocks, indices)
def test_an_edge_is_late_by_less_than_a_picosecond(clock: Clock, index: int) -> None:
    exact = Fraction(index * PS_PER_S * clock.hz_den, clock.hz_num)
    assert 0 <= clock.edge_ps(index) - exact < 1


@given(clocks, st.integers(0, 10**15))
def test_the_next_edge_is_the_first_one_that_is_not_before_the_time(
    clock: Clock, time_ps: int
) -> None:
    index = clock.next_edge(time_ps)
    assert clock.edge_ps(index) >= time_ps
    assert index == 0 or clock.edge_ps(index - 1) < time_ps


@given(clocks, indices)
def test_a_span_of_whole_cycles_counts_as_that_many(clock: Clock, cycles: int) -> None:
    assert clock.cycles_in(clock.span_ps(cycles)) in (
        # At 1 THz and near it the rounding of up to 1 ps can be half a cycle and more.
        {cycles} if clock.hz < 0.5e12 else {cycles, cycles + 1}
    )


def test_edges_of_a_round_clock_are_multiples_of_its_period() -> None:
    assert [Clock.from_mhz(1600).edge_ps(i) for i in range(4)] == [0, 625, 1250, 1875]


def test_the_command_clock_of_ddr5_4800_does_not_drift() -> None:
    # 2400 MHz: 416.67 ps. A second has 2.4e9 edges; rounded to 416 ps it would end 1.6 ms early.
    clock = Clock.from_mhz(2400)
    assert [clock.edge_ps(i) for i in range(4)] == [0, 417, 834, 1250]
    assert clock.edge_ps(2_400_000_000) == PS_PER_S


def test_a_clock_of_a_third_of_a_hertz_more_is_exact() -> None:
    # LPDDR4X-4266 means 12800/3 MT/s, so 6400/3 MHz: 468.75 ps.
    clock = Clock(6400 * 10**6, 3)
    assert [clock.edge_ps(i) for i in range(5)] == [0, 469, 938, 1407, 1875]
    assert clock.hz == pytest.approx(2133.333e6, rel=1e-6)


def test_a_time_between_edges_belongs_to_the_later_edge() -> None:
    clock = Clock.from_mhz(1000)
    assert [clock.next_edge(t) for t in (0, 1, 999, 1000, 1001)] == [0, 1, 1, 1, 2]


def test_cycles_in_a_span_are_rounded_to_the_nearest() -> None:
    clock = Clock.from_mhz(1000)
    assert [clock.cycles_in(t) for t in (0, 499, 500, 1499, 1500)] == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(("hz_num", "hz_den"), [(0, 1), (-5, 1), (5, 0)])
def test_a_clock_without_a_positive_frequency_is_refused(hz_num: int, hz_den: int) -> None:
    with pytest.raises(
        ValueError, match=f"a clock needs a positive frequency, got {hz_num}/{hz_den}"
    ):
        Clock(hz_num, hz_den)
