"""Bandwidth and SRAM fill over time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from export.small import PROGRAM, TIMELINE, column

from accsim.analysis.counters import dram_bandwidth, sram_fill, window_bytes, window_edges_ns


def test_a_pass_is_cut_into_500_windows() -> None:
    edges = window_edges_ns(3_000_000)
    assert len(edges) == 501
    assert edges[:3] == [0, 6, 12]
    assert edges[-1] == 3000


def test_a_short_pass_has_a_window_for_each_begun_ns() -> None:
    assert window_edges_ns(2_500) == [0, 1, 2, 3]
    assert window_edges_ns(0) == [0, 1]


def test_bytes_are_spread_evenly_from_first_to_last_data() -> None:
    """Windows of 1 us. By descriptor, rounded down at each edge and the rest in the next window:

    load 0, 4000 B over 100.0 to 1000.5 ns: 4000 x 900.0 / 900.5 = 3997, 3
    load 1, 4000 B over 900.4 to 2000.0 ns: 4000 x 99.6 / 1099.6 = 362, 3638
    load 2, 1200 B over 1900.0 to 2500.7 ns: 1200 x 100 / 600.7 = 199 (2nd window), 1001
    store 0, 400 B over 2600 to 3000 ns: all in the third
    """
    assert window_bytes(PROGRAM, TIMELINE, [0, 1000, 2000, 3000]) == [
        3997 + 362,
        3 + 3638 + 199,
        1001 + 400,
    ]


def test_no_byte_is_lost_in_the_windows() -> None:
    """Loads 9200 and store 400."""
    assert sum(window_bytes(PROGRAM, TIMELINE, window_edges_ns(3_000_000))) == 9600


def test_bandwidth_times_time_gives_the_bytes() -> None:
    times, values = dram_bandwidth(PROGRAM, TIMELINE)
    area = sum(values[:-1] * np.diff(times)) / 1000
    assert area == pytest.approx(9600, abs=1e-9)
    assert (times[-1], values[-1]) == (3_000_000, 0.0)


def test_of_several_fills_at_one_time_the_last_is_shown() -> None:
    timeline = replace(TIMELINE, sram_ps=column(500, 500), sram_bytes=column(10, 20))
    times, values = sram_fill(PROGRAM, timeline)
    assert times.tolist() == [0, 500, 3_000_000]
    assert values.tolist() == [1000, 1020, 1020]
