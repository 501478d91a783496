"""The roofline: marks where bytes, MACs and time put them, under the roofs of pins and array."""

from __future__ import annotations

from math import log10
from typing import Any

import plotly.graph_objects as go
import pytest

from accsim.report.roofline import roofline_figure
from accsim.result import OpStats, Result

from .results import MS, op, result, run

EVIL = "</script><b>"


def ops(macs: int, name: str = "gate_up") -> tuple[OpStats, ...]:
    """10 GB in 250 ms, so 40 GB/s; and two groups that have no place on logarithmic axes."""
    work = op(
        name, 250 * MS, dram_read_bytes=10**10, macs=macs, intensity_macs_per_byte=macs / 10**10
    )
    softmax = op("softmax", MS, macs=0, dram_read_bytes=0, intensity_macs_per_byte=None)
    return work, softmax, op("hidden", 0)


def shown() -> Result:
    """One and four rows in the same time: 0.5 and 2 MACs per byte; and a slow run beside them."""
    return result(
        run("one", 250, 100, ops=ops(5 * 10**9)),
        run("four", 250, 40, ops=ops(20 * 10**9)),
        run(EVIL, 260, 100, ops=ops(5 * 10**9, EVIL)),
    )


def marks(figure: go.Figure, name: str) -> Any:
    return next(trace for trace in figure.data if trace.name == name)


def test_a_mark_lies_at_its_intensity_and_at_the_macs_of_its_time() -> None:
    figure = roofline_figure(shown())
    # 5 G and 20 G MACs in 0.25 s.
    assert (list(marks(figure, "one").x), list(marks(figure, "one").y)) == ([0.5], [20e9])
    assert (list(marks(figure, "four").x), list(marks(figure, "four").y)) == ([2.0], [80e9])


def test_a_mark_is_as_large_as_its_part_of_the_time() -> None:
    # 250 ms of 100 passes of 250 ms.
    assert list(marks(roofline_figure(shown()), "one").marker.size) == pytest.approx([0.01])


def test_runs_that_the_headline_leaves_out_wait_in_the_legend() -> None:
    figure = roofline_figure(shown())
    evil = figure.data[-1]
    assert [marks(figure, "one").visible, marks(figure, "four").visible] == [True, True]
    assert evil.visible == "legendonly"


def test_the_marks_of_a_group_are_joined_from_run_to_run() -> None:
    dotted = next(trace for trace in roofline_figure(shown()).data if trace.line.dash == "dot")
    assert (list(dotted.x), list(dotted.y)) == ([0.5, 2.0, None], [20e9, 80e9, None])


def test_the_roofs_meet_at_the_ridge() -> None:
    made = shown()
    pins, peak = made.peak_dram_bytes_per_s, made.peak_macs_per_s
    rising, flat = (trace for trace in roofline_figure(made).data if trace.line.width == 2)
    assert (rising.x[1], rising.y[1]) == (flat.x[0], flat.y[0]) == (peak / pins, peak)
    assert rising.y[0] == pytest.approx(rising.x[0] * pins)
    assert flat.y[0] == flat.y[1]


def test_peaks_that_are_equal_are_one_roof() -> None:
    made = shown()
    peak = made.peak_macs_per_s
    figure = roofline_figure(made, {8: 2 * peak, 4: 2 * peak})
    roofs = {
        trace.text[1]: trace.y[0] for trace in figure.data if trace.mode == "lines+markers+text"
    }
    assert roofs == {"array, 16 bits": peak, "array, 8/4 bits": 2 * peak}


def test_every_mark_lies_within_the_axes() -> None:
    figure = roofline_figure(shown())
    for axis, values in ((figure.layout.xaxis, [0.5, 2.0]), (figure.layout.yaxis, [20e9, 80e9])):
        low, high = axis.range
        assert low < log10(min(values))
        assert log10(max(values)) < high


def test_names_are_no_markup() -> None:
    evil = roofline_figure(shown()).data[-1]
    assert evil.name == "&lt;/script&gt;&lt;b&gt;"
    assert evil.text[0].startswith("<b>&lt;/script&gt;&lt;b&gt;</b>, matmul<br>")


def test_a_result_without_marks_still_has_roofs() -> None:
    bare = result(run("one", 250, 100, ops=(op("hidden", 0),)))
    assert [
        trace.text[1] for trace in roofline_figure(bare).data if trace.text and trace.line.width
    ] == ["array, 16 bits"]
