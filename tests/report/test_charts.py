"""The charts of ``accsim dram`` and the page that they are written to."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from accsim.chip import Memory
from accsim.dram.standards import PARTS
from accsim.dram.study import Study
from accsim.report.charts import channel_figure, cost_figure, dram_charts, pattern_figure
from accsim.report.page import write_page

MEMORY = Memory(PARTS["DDR4-3200"], 2, 1, 256, 32, refresh="all_bank")
STUDY = Study(
    pattern="sequential",
    model="row_granular",
    bytes=51_200,
    write_bytes=0,
    cycles=3200,
    seconds=2e-6,
    peak_bytes_per_s=51.2e9,
    # Of 3200 cycles: 1600 and 1920 with data, the rest turnaround, refresh, activation, idle.
    states=((1600, 320, 160, 320), (1920, 0, 160, 320)),
    row_hits=700,
    row_misses=60,
    row_conflicts=40,
    activates=100,
    refreshes=2,
)


def test_channels_have_a_bar_each_beside_that_of_all_of_them() -> None:
    figure = channel_figure(STUDY)
    shares = {bar.name: list(bar.y) for bar in figure.data}
    assert list(figure.data[0].x) == ["all", "0", "1"]
    assert shares == {
        "data": pytest.approx([0.55, 0.5, 0.6]),
        "turnaround": pytest.approx([0.05, 0.1, 0]),
        "refresh": pytest.approx([0.05, 0.05, 0.05]),
        "activation": pytest.approx([0.1, 0.1, 0.1]),
        "idle": pytest.approx([0.25, 0.25, 0.25]),
    }


def test_patterns_are_labelled_with_their_bandwidth_and_share_of_the_pins() -> None:
    # 51,200 bytes in 2 us are 25.6 GB/s, half of the pins.
    figure = pattern_figure([STUDY, replace(STUDY, pattern="mixed", seconds=4e-6)])
    assert list(figure.data[0].y) == [
        "sequential<br>25.6 GB/s, 50.0 %",
        "mixed<br>12.8 GB/s, 25.0 %",
    ]
    assert list(figure.data[0].x) == pytest.approx([0.55, 0.55])


def test_one_study_is_one_chart_and_several_are_two() -> None:
    assert [chart.heading for chart in dram_charts(MEMORY, [STUDY])] == [
        "sequential: 25.6 GB/s, 50.0 % of the pins"
    ]
    assert [chart.heading for chart in dram_charts(MEMORY, [STUDY, STUDY])][1:] == [
        "Bandwidth by pattern"
    ]


def test_the_note_says_how_the_pattern_was_simulated() -> None:
    assert "simulated row by row." in dram_charts(MEMORY, [STUDY])[0].note
    slow = replace(STUDY, model="command_level")
    assert "simulated command by command." in dram_charts(MEMORY, [slow])[0].note


def test_a_cost_curve_is_drawn_alike_in_each_panel_and_listed_once() -> None:
    figure = cost_figure(
        {"fp16": {"npu": {1: 1.0, 2: 1.1}, "<b>": {1: 1.0, 2: 2.0}}, "int4": {"npu": {1: 1, 4: 3}}}
    )
    lines = [line for line in figure.data if line.name]
    assert [line.name for line in lines] == ["npu", "&lt;b&gt;", "npu"]
    assert [line.showlegend for line in lines] == [True, True, False]
    assert lines[0].line == lines[2].line != lines[1].line
    assert [(list(line.x), list(line.y)) for line in lines] == [
        ([1, 2], [1, 1.1]),
        ([1, 2], [1, 2]),
        ([1, 4], [1, 3]),
    ]


def test_cost_panels_share_a_grey_line_of_no_gain_up_to_the_most_rows() -> None:
    figure = cost_figure({"fp16": {"npu": {1: 1.0, 6: 2.0}}, "int4": {"npu": {1: 1.0, 3: 2.0}}})
    grey = [line for line in figure.data if not line.name]
    assert [(list(line.x), list(line.y)) for line in grey] == [([1, 6], [1, 6])] * 2
    assert [note.text for note in figure.layout.annotations] == ["fp16", "int4"]
    assert list(figure.layout.xaxis2.tickvals) == [1, 2, 4]


def test_names_from_files_are_text_on_the_page(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script><b>"
    studies = [replace(STUDY, pattern=evil), STUDY]
    write_page(tmp_path / "page.html", evil, dram_charts(MEMORY, studies))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "alert(1)" in page
    assert "<script>alert" not in page
    # In the chart the name is JSON, within which plotly reads markup: escaped for both.
    assert "\\u003cb\\u003e" not in page[page.index("<body>") :]


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", "title", dram_charts(MEMORY, [STUDY]))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.search(r"<script[^>]+src\s*=", page) is None
    assert re.search(r"<link|@import|<img|<iframe", page[: page.index("<script>")]) is None
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page


def test_equal_charts_make_equal_pages(tmp_path: Path) -> None:
    for name in ("one.html", "two.html"):
        write_page(tmp_path / name, "title", dram_charts(MEMORY, [STUDY, STUDY]))
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_a_page_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("old")
    # A lone surrogate cannot be written as UTF-8.
    with pytest.raises(UnicodeEncodeError):
        write_page(page, "\ud800", [])
    assert page.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
