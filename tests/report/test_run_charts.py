"""Charts that put runs side by side: gains, causes, energy, area."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accsim.report.drawing import legend
from accsim.report.run_charts import area_rows, causes_figure, energy_figure, gain_figure
from accsim.result import ConsumerEnergy

from .results import energy, result, run

# 100 tokens in 100 passes of 300 ms, and in 40 of 330 ms: 2.5 tokens a pass.
PAIR = result(run("ordinary", 300, 100), run("<k4>", 330, 40, bound="array"))


def test_gains_are_ratios_to_the_baseline() -> None:
    bars = {bar.name: list(bar.x) for bar in gain_figure(PAIR).data}
    assert bars == {
        "tokens per pass": [1, 2.5],
        "time per pass": [1, pytest.approx(1.1)],
        # 30 s and 13.2 s
        "speed-up": [1, pytest.approx(30 / 13.2)],
    }


def test_names_are_no_markup() -> None:
    for figure in (gain_figure(PAIR), causes_figure(PAIR), energy_figure(PAIR)):
        assert list(figure.data[0].y) == ["ordinary", "&lt;k4&gt;"]


def test_causes_with_parts_are_drawn_part_by_part() -> None:
    """80 % of each run goes to its bound, the first part of it, and 20 % to DMA."""
    shown = [bar for bar in causes_figure(PAIR).data if bar.showlegend]
    assert {bar.name: list(bar.x) for bar in shown} == {
        "DRAM: data": pytest.approx([240, 0]),
        "array: compute": pytest.approx([0, 264]),
        "DMA": pytest.approx([60, 66]),
    }


def test_the_second_chart_of_causes_is_of_a_token() -> None:
    # 300 ms, and 330 ms for 2.5 tokens.
    tokens = [bar for bar in causes_figure(PAIR).data if bar.xaxis == "x2"]
    assert sum(bar.x[0] for bar in tokens) == pytest.approx(300)
    assert sum(bar.x[1] for bar in tokens) == pytest.approx(132)


def test_bars_of_energy_add_up_to_that_of_a_token() -> None:
    """2 J a pass and 1 or 2.5 tokens; whiskers from the half to the double."""
    *bars, worst = energy_figure(PAIR).data
    assert [(bar.name, list(bar.x)) for bar in bars] == [("DRAM bits", [2, 0.8])]
    assert list(worst.x) == [2, 0.8]
    assert list(worst.error_x.array) == [2, 0.8]
    assert list(worst.error_x.arrayminus) == [1, 0.4]


def test_consumers_of_next_to_nothing_are_left_out() -> None:
    spent = (*energy(100).decode, ConsumerEnergy("vector", 10**10, 10**10, 10**10))
    tiny = result(run("ordinary", 300, 100, energy=replace(energy(100), decode=spent)))
    assert [bar.name for bar in energy_figure(tiny).data] == ["DRAM bits", "worst cases"]


def test_the_whole_area_comes_last() -> None:
    assert area_rows(PAIR.area_mm2) == [
        ("SRAM", "4", "2", "8"),
        ("array", "6", "3", "12"),
        ("DRAM pins", "20", "10", "40"),
        ("together", "30", "15", "60"),
    ]


def test_a_legend_names_each_colour_once() -> None:
    made = legend(causes_figure(PAIR))
    assert made.count("<li>") == 3
    assert '<li><span style="background: #0072b2"></span>DRAM: data</li>' in made
