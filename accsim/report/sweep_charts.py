"""Charts of a sweep: the points in the plane of two objectives, and what each axis does."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from accsim.errors import InputError, Problem
from accsim.findings import AxisEffect, Findings, level_at, level_label, varied
from accsim.report.drawing import GREY, colour, framed
from accsim.report.page import Chart
from accsim.report.sweep_words import (
    aims_words,
    axis_words,
    headline,
    metric_of,
    number_of,
    number_values,
    short,
    shown_metric,
)
from accsim.study import Axis, Row

BAR_PX = 22
CHARACTERS = 45
"""Of all labels that fit below a chart of one axis."""
LETTER_PX = 6


PARETO_NOTE = (
    "Each mark is a simulated point. No other point beats one of the front: better in one "
    "objective, worse in none."
)


def pareto_chart(found: Findings) -> Chart:
    """The figure with its heading and note, for a page of its own.

    Raises:
        InputError: the study has no objectives, or no point was simulated to the end.
    """
    if not found.study.objectives:
        raise InputError(Problem(found.study.name, "has no objectives to be drawn"))
    if not found.done:
        raise InputError(Problem(found.study.name, "no point was simulated to the end"))
    heading = f"{found.study.name}: {aims_words(found.study)}"
    figure = pareto_figure(found)
    above = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(showlegend=True, legend=above)
    return Chart(heading, f"{headline(found)} {PARETO_NOTE}", figure)


def pareto_figure(found: Findings) -> go.Figure:
    """The simulated points over the second and the first objective, those of the front joined.

    With one objective, over the axis that does most to it. `customdata` of a mark is the place of
    its point.
    """
    front = sorted(found.on_front(), key=lambda row: _across(found, row))
    places = frozenset(found.front)
    others = [row for row in found.done if row.point.place not in places]
    figure = go.Figure()
    if others:
        marker = {"color": GREY, "size": 6, "opacity": 0.6}
        _draw(figure, found, others, "other points", marker, "markers")
    marker = {"color": colour(0), "size": 9, "symbol": "diamond"}
    _draw(figure, found, front, "Pareto front", marker, "lines+markers")
    axis = _axis_across(found)
    figure.update_xaxes(title=escape(short(_name_across(found))))
    if axis is not None and number_values(axis) is None:
        labels = [level_label(axis, level) for level in axis.levels]
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=labels)
    figure.update_yaxes(title=escape(found.study.objectives[0].metric))
    return framed(figure, 440)


def _draw(
    figure: go.Figure,
    found: Findings,
    rows: Sequence[Row],
    name: str,
    marker: dict[str, object],
    mode: str,
) -> None:
    aims = found.study.objectives
    # The edge of what the front beats.
    shape = "vh" if len(aims) > 1 and aims[1].maximise else "hv"
    figure.add_scatter(
        name=name,
        x=[_across(found, row) for row in rows],
        y=[number_of(row, aims[0].metric) for row in rows],
        # What is traded between two objectives is a line, of more it is none.
        mode=mode if len(aims) == 2 else "markers",
        marker=marker,
        line={"color": colour(0), "width": 1, "shape": shape},
        text=[hover(found, row) for row in rows],
        customdata=[row.point.place for row in rows],
        hovertemplate="%{text}<extra></extra>",
    )


def hover(found: Findings, row: Row) -> str:
    """What is said of a mark; plotly reads markup here."""
    lines = [f"<b>#{row.point.place}</b>"]
    lines += [f"{short(axis.name)}: {axis_words(row, axis)}" for axis in varied(found.study)]
    lines += [f"{aim.metric}: {metric_of(row, aim.metric)}" for aim in found.study.objectives]
    return "<br>".join([lines[0], *map(escape, lines[1:])])


def _name_across(found: Findings) -> str:
    aims = found.study.objectives
    if len(aims) > 1:
        return aims[1].metric
    return found.effects[0].axis if found.effects else "place"


def _axis_across(found: Findings) -> Axis | None:
    name = _name_across(found)
    return next((axis for axis in varied(found.study) if axis.name == name), None)


def _across(found: Findings, row: Row) -> float | str:
    """Where a point is drawn from left to right."""
    aims = found.study.objectives
    if len(aims) > 1:
        return number_of(row, aims[1].metric)
    axis = _axis_across(found)
    if axis is None:
        return row.point.place
    numbers = number_values(axis)
    level = level_at(axis, row.point.settings)
    if numbers is None or level is None:
        return axis_words(row, axis)
    return numbers[axis.levels.index(level)]


def share_figure(effects: Sequence[AxisEffect]) -> go.Figure:
    """The share of the variance of each objective by axis; those of equal points have none."""
    figure = go.Figure()
    axes = list(dict.fromkeys(one.axis for one in effects))
    metrics = list(dict.fromkeys(one.metric for one in effects))
    for number, metric in enumerate(metrics):
        mine = [one for one in effects if one.metric == metric and one.share is not None]
        figure.add_bar(
            name=escape(metric),
            y=[escape(short(one.axis)) for one in mine],
            x=[one.share for one in mine],
            orientation="h",
            marker={"color": colour(number), "line": {"width": 0}},
            text=[f"{100 * (one.share or 0):.0f} %" for one in mine],
            textposition="outside",
            cliponaxis=False,
            customdata=[one.chance for one in mine],
            hovertemplate=(
                "%{x:.1%} of the variance; by chance alone %{customdata:.1%}"
                f"<extra>{escape(metric)}</extra>"
            ),
        )
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title="share of the variance")
    figure.update_yaxes(autorange="reversed")
    framed(figure, 80 + BAR_PX * (len(metrics) + 1) * len(axes))
    return figure.update_layout(margin={"r": 48})


def level_figure(effect: AxisEffect, number: int) -> go.Figure:
    """The mean of an objective at each level of an axis, with the range of its points.

    Args:
        effect: of the axis.
        number: of the objective, for its colour.
    """
    levels = effect.levels
    figure = go.Figure()
    figure.add_scatter(
        x=[escape(level.label) for level in levels],
        y=[level.mean for level in levels],
        mode="lines+markers",
        line={"color": colour(number), "width": 2},
        marker={"size": 7},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [level.high - level.mean for level in levels],
            "arrayminus": [level.mean - level.low for level in levels],
            "color": GREY,
            "thickness": 1,
        },
        text=[
            f"{escape(level.label)}: mean {shown_metric(effect.metric, level.mean)}, "
            f"{shown_metric(effect.metric, level.low)} to "
            f"{shown_metric(effect.metric, level.high)}, {level.count} points"
            for level in levels
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.update_xaxes(type="category", title=escape(short(effect.axis)))
    figure.update_yaxes(rangemode="tozero", nticks=5)
    # Labels that do not fit side by side are turned.
    longest = max(len(level.label) for level in levels)
    turned = longest * len(levels) > CHARACTERS
    return framed(figure, 220 + (LETTER_PX * longest if turned else 0))
