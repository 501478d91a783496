"""Quantities as people read them."""

from __future__ import annotations

import pytest

from accsim.units import show_bytes, show_capacity, show_count, show_energy, show_rate, show_time


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (13_214_695_424, "13.21 GB"),
        (999_960, "1 MB"),  # four digits would print 1000 kB
        (10**16, "1e+04 TB"),
    ],
)
def test_traffic_is_shown_in_powers_of_ten(count: int, text: str) -> None:
    assert show_bytes(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(1023, "1023 B"), (1024, "1 KiB"), (4 * 2**20, "4 MiB"), (3 * 2**29, "1.5 GiB")],
)
def test_a_capacity_is_shown_in_powers_of_two(count: int, text: str) -> None:
    assert show_capacity(count) == text


@pytest.mark.parametrize(
    ("pj", "text"),
    [
        (0.72, "0.72 pJ"),
        (2.5e6, "2.5 uJ"),
        (999.96, "1 nJ"),
        (2.326e12, "2.326 J"),
        (4e18, "4000 kJ"),
    ],
)
def test_an_energy_is_shown_in_the_largest_unit_that_keeps_it_above_one(
    pj: float, text: str
) -> None:
    assert show_energy(pj) == text


def test_a_bandwidth_is_shown_per_second() -> None:
    assert show_rate(51.2e9) == "51.2 GB/s"


@pytest.mark.parametrize(
    ("count", "unit", "text"),
    [(12, "", "12"), (1.5, "", "1.5"), (6_607_077_376, "", "6.607 G"), (4096, "MAC", "4.096 kMAC")],
)
def test_a_count_is_shown_with_or_without_a_unit(count: float, unit: str, text: str) -> None:
    assert show_count(count, unit) == text


@pytest.mark.parametrize(
    ("time_ps", "text"),
    [
        (0, "0 ps"),
        (625, "625 ps"),
        (999_960, "1 us"),
        (279_100_000_000, "279.1 ms"),
        (5 * 10**15, "5000 s"),
    ],
)
def test_a_time_is_shown_in_the_largest_unit_that_leaves_a_number_above_one(
    time_ps: int, text: str
) -> None:
    assert show_time(time_ps) == text
