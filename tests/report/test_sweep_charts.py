"""Charts of a sweep: what is drawn where, and what is said of a mark."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sweep.found import FRONT, STUDY, rows

from accsim.errors import InputError
from accsim.findings import AxisEffect, Findings, LevelEffect
from accsim.report.sweep_charts import level_figure, pareto_chart, pareto_figure, share_figure
from accsim.study import Axis, Objective

FOUND = Findings(STUDY, 6, rows(), FRONT, "partial", ())
EFFECT = AxisEffect(
    "chip.memory.channels",
    "area_mm2",
    (LevelEffect("1", 2, 10.5, 10.0, 11.0), LevelEffect("2", 2, 20.5, 20.0, 21.0)),
    0.9,
    0.1,
)


def test_points_are_drawn_over_the_second_and_first_objective() -> None:
    others, front = pareto_figure(FOUND).data
    assert (others.name, list(others.x), list(others.y)) == ("other points", [20.0], [140.0])
    assert list(front.x) == [10.0, 11.0, 21.0]
    assert list(front.y) == [100.0, 150.0, 151.0]
    assert list(front.customdata) == [0, 1, 3]


@pytest.mark.parametrize(("second", "shape"), [(False, "hv"), (True, "vh")])
def test_the_front_is_joined_along_the_edge_of_what_it_beats(second: bool, shape: str) -> None:
    aims = (STUDY.objectives[0], Objective("area_mm2", second))
    figure = pareto_figure(replace(FOUND, study=replace(STUDY, objectives=aims)))
    assert (figure.data[-1].mode, figure.data[-1].line.shape) == ("lines+markers", shape)


def test_a_front_of_three_objectives_is_no_line() -> None:
    aims = (*STUDY.objectives, Objective("ordinary.energy_per_token_j", False))
    figure = pareto_figure(replace(FOUND, study=replace(STUDY, objectives=aims)))
    assert figure.data[-1].mode == "markers"


def test_one_objective_is_drawn_over_the_axis_that_does_most() -> None:
    study = replace(STUDY, objectives=STUDY.objectives[:1])
    found = replace(FOUND, study=study, front=(3,), effects=(EFFECT,))
    figure = pareto_figure(found)
    assert figure.layout.xaxis.title.text == "memory.channels"
    assert list(figure.data[0].x) == [1.0, 1.0, 2.0]


def test_levels_that_are_names_keep_their_order() -> None:
    axis = Axis("layout", ("chip.array.rows",), (("zeta",), ("alpha",)))
    study = replace(STUDY, axes=(axis,), objectives=STUDY.objectives[:1])
    effect = replace(EFFECT, axis="layout")
    row = replace(
        rows()[0], point=replace(rows()[0].point, settings=(("chip.array.rows", "alpha"),))
    )
    figure = pareto_figure(replace(FOUND, study=study, rows=(row,), front=(0,), effects=(effect,)))
    assert list(figure.layout.xaxis.categoryarray) == ["zeta", "alpha"]
    assert list(figure.data[0].x) == ["alpha"]


def test_a_mark_tells_its_point_as_text() -> None:
    axis = Axis("<b>evil</b>", ("chip.memory.channels",), ((1,), (2,)))
    study = replace(STUDY, axes=(axis,))
    told = pareto_figure(replace(FOUND, study=study)).data[1].text[0]
    assert told == (
        "<b>#0</b><br>&lt;b&gt;evil&lt;/b&gt;: 1<br>ordinary.tokens_per_s: 100<br>area_mm2: 10"
    )


def test_a_chart_of_nothing_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        pareto_chart(replace(FOUND, rows=rows()[4:], front=()))
    assert str(caught.value) == "pockets: no point was simulated to the end"


def test_shares_are_bars_and_those_without_have_none() -> None:
    without = replace(EFFECT, metric="ordinary.tokens_per_s", share=None)
    area, tokens = share_figure((EFFECT, without)).data
    assert (list(area.y), list(area.x), list(area.text)) == (["memory.channels"], [0.9], ["90 %"])
    assert list(tokens.x) == []


def test_levels_have_their_mean_and_range() -> None:
    (line,) = level_figure(EFFECT, 0).data
    assert list(line.y) == [10.5, 20.5]
    assert (list(line.error_y.array), list(line.error_y.arrayminus)) == ([0.5, 0.5], [0.5, 0.5])
    assert line.text[0] == "1: mean 10.5, 10 to 11, 2 points"


def test_long_labels_get_room_below() -> None:
    long = replace(EFFECT, levels=tuple(replace(one, label=30 * "x") for one in EFFECT.levels))
    assert level_figure(long, 0).layout.height == level_figure(EFFECT, 0).layout.height + 180


def test_without_objectives_there_is_nothing_to_draw() -> None:
    aimless = replace(FOUND, study=replace(STUDY, objectives=()), front=())
    with pytest.raises(InputError, match="pockets: has no objectives to be drawn"):
        pareto_chart(aimless)
