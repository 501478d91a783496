"""A pass over its time: how busy its units are, and what its counters say, window by window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from export.small import small_view

from accsim.pass_view import ARRAY, LOAD
from accsim.report.time_charts import busy_share, highest_in, mean_in, time_figure

EDGES = np.array([0.0, 1_000_000, 2_000_000, 3_000_000])


def test_a_window_is_as_busy_as_its_part_in_slices() -> None:
    # The array: 1000.5 to 1500 ns and 2000 to 2300 ns.
    lane = small_view().lanes[ARRAY]
    assert busy_share(lane, EDGES) == pytest.approx([0, 0.4995, 0.3])


def test_a_slice_that_goes_on_counts_in_each_window_by_its_part() -> None:
    # Loads: to 1000.5 ns, on to 2000 ns, on to 2500.7 ns without a gap.
    lane = small_view().lanes[LOAD]
    assert busy_share(lane, EDGES) == pytest.approx([1, 1, 0.5007])


def test_a_lane_without_slices_is_never_busy() -> None:
    lane = small_view().lanes[ARRAY]
    columns = ("start_ps", "end_ps")
    empty = replace(lane, **{name: getattr(lane, name)[:0] for name in columns})
    assert busy_share(empty, EDGES).tolist() == [0, 0, 0]


def test_the_highest_of_a_window_includes_what_it_begins_with() -> None:
    # 5000, from 200 ns 9000, from 1500 ns 6200, from 2300 ns 2200, from 2700 ns 1000.
    fill = small_view().counters[0]
    assert highest_in(fill.time_ps, fill.value, EDGES).tolist() == [9000, 9000, 6200]


def test_the_mean_of_a_window_is_over_its_time() -> None:
    # 0.2 x 5000 + 0.8 x 9000; 0.5 x 9000 + 0.5 x 6200; 0.3 x 6200 + 0.4 x 2200 + 0.3 x 1000
    fill = small_view().counters[0]
    assert mean_in(fill.time_ps, fill.value, EDGES) == pytest.approx([8200, 7600, 3040])


def test_units_share_a_panel_and_each_counter_has_one_with_its_limit() -> None:
    figure = time_figure(small_view())
    names = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert names == ["array", "vector", "load", "store", "SRAM in use", "bandwidth"]
    assert figure.layout.yaxis2.title.text == "SRAM in use<br>MiB"
    limit = next(trace for trace in figure.data if trace.name == "limit of bandwidth")
    # Two channels of 32 bits at 4800 MT/s; 3 us are 0.003 ms.
    assert (list(limit.x), list(limit.y)) == ([0, 0.003], [38.4, 38.4])
    assert list(figure.layout.yaxis3.range) == pytest.approx([0, 40.32])
