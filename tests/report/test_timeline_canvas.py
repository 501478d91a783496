"""The timeline as HTML: what is in it, and that what comes from files is escaped."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from export.small import small_view

from accsim.pass_view import LANE_COLUMNS, OpView
from accsim.report import timeline_canvas
from accsim.report.timeline_canvas import timeline_element


def content(html: str) -> Any:
    """What the page brings to its script."""
    found = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_columns_come_back_from_their_packing() -> None:
    """Read as the script does: lanes in order, each column as differences, times by distance."""
    (view,) = content(timeline_element([small_view()], "passes"))["views"]
    data = zlib.decompress(base64.b64decode(view["columns"]))
    at = 0

    def column(kind: str, length: int) -> np.ndarray[Any, Any]:
        nonlocal at
        stored = np.dtype("<f8" if kind in "wf" else "<i4")
        values = np.frombuffer(data, dtype=stored, count=length, offset=at)
        at += values.nbytes
        return values if kind == "f" else np.cumsum(values, dtype=np.float64)

    for lane, given in zip(small_view().lanes, view["lanes"], strict=True):
        assert given["figures"] == list(lane.figures)
        kinds = iter(given["kinds"])
        told = {name: column(next(kinds), given["length"]) for name in LANE_COLUMNS}
        told["end_ps"] = told["end_ps"] + told["start_ps"]
        told["issued_ps"] = told["issued_ps"] + told["start_ps"]
        told["done_ps"] = told["done_ps"] + told["end_ps"]
        for name in LANE_COLUMNS:
            np.testing.assert_array_equal(told[name], getattr(lane, name))
        for kind, values in zip(kinds, lane.figures.values(), strict=True):
            np.testing.assert_array_equal(column(kind, given["length"]), values)
    for counter, given in zip(small_view().counters, view["counters"], strict=True):
        for kind, name in zip(given["kinds"], ("time_ps", "value"), strict=True):
            np.testing.assert_array_equal(column(kind, given["length"]), getattr(counter, name))
    assert at == len(data)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 2**31 - 1, 5], "i"),
        ([-(2**31), -1], "i"),
        ([2**31 - 1, 2**31, 2**31 + 5], "n"),
        ([0, 2**31], "w"),
        ([10**12, 10**12 + 1], "w"),
        ([], "i"),
        ([0.5, 1.5], "f"),
    ],
)
def test_a_column_takes_32_bits_where_these_do(values: list[float], kind: str) -> None:
    packed = bytearray()
    column = np.array(values) if kind == "f" else np.array(values, dtype=np.int64)
    assert timeline_canvas._pack(column, packed) == kind
    assert len(packed) == len(values) * (8 if kind in "wf" else 4)


def test_groups_are_ordered_by_the_time_that_they_occupy_lanes() -> None:
    """``up`` has five of the loads' and channels' pieces, ``norm`` two."""
    assert content(timeline_element([small_view()], "passes"))["groups"] == ["up", "norm"]


def test_a_summary_says_in_words_what_is_drawn() -> None:
    """Array 499.5 + 300 of 3000 ns (26.65 %), vector 199.3, loads 2500.7, the store 499.3."""
    html = timeline_element([small_view()], "passes")
    assert (
        "<p>ordinary, pocket: pass decode-1, 10 tokens cached: 3 us, 13 slices. Busy: array "
        "26.6 %, vector 6.64 %, load 83.4 %, store 16.6 %, channel 0 80 %, channel 1 76.7 %.</p>"
    ) in html


def test_names_cannot_end_the_script_or_become_elements() -> None:
    bad = "</script><b>\u2028'\""
    view = replace(
        small_view(), run=bad, chip=bad, ops=(OpView(bad, bad, 0),) * 2, labels=(bad,) * 3
    )
    html = timeline_element([view], 'a"><b>')
    assert html.count("</script>") == 2
    assert "<b>" not in html
    assert content(html)["views"][0]["run"] == bad


def test_a_page_shows_no_more_than_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_canvas, "VIEW_CAP", 7)
    html = timeline_element([small_view()], "passes")
    assert "(only the first 7 of 13 slices)" in html
    assert sum(lane["length"] for lane in content(html)["views"][0]["lanes"]) == 7


def test_a_timeline_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a timeline needs a pass to show"):
        timeline_element([], "passes")


def test_equal_views_give_equal_html() -> None:
    assert timeline_element([small_view()], "a") == timeline_element([small_view()], "a")
