"""Charts of one pass over its time: bandwidth, SRAM in use, and how busy each unit is."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from accsim.pass_view import ARRAY, LOAD, STORE, VECTOR, CounterView, LaneView, PassView
from accsim.report.drawing import GREY, colour, framed
from accsim.timeline import Column
from accsim.units import MIB

WINDOWS = 200
"""Into how many windows the time of a pass is cut."""
PANEL_PX = 150

Values = npt.NDArray[np.float64]

SHOWN_UNITS = {"B": (MIB, "MiB")}
"""What counters are divided by, and the unit that this makes; others stay as they are."""


def time_figure(view: PassView) -> go.Figure:
    """A panel for how busy the units are and one for each counter, one time axis below them."""
    edges = np.linspace(0, view.elapsed_ps, WINDOWS + 1)
    middle = (edges[:-1] + edges[1:]) / 2e9
    figure = make_subplots(rows=1 + len(view.counters), shared_xaxes=True, vertical_spacing=0.05)
    for number, place in enumerate((ARRAY, VECTOR, LOAD, STORE)):
        lane = view.lanes[place]
        figure.add_scatter(
            name=escape(lane.name),
            x=middle,
            y=busy_share(lane, edges),
            mode="lines",
            line={"color": colour(number), "width": 1.5},
            hovertemplate="%{y:.1%}",
            row=1,
            col=1,
        )
    figure.update_yaxes(title="busy", range=[0, 1.05], tickformat=".0%", row=1)
    for row, counter in enumerate(view.counters, 2):
        _draw_counter(figure, counter, edges, row)
    figure.update_xaxes(title="ms", row=1 + len(view.counters))
    framed(figure, 40 + PANEL_PX * (1 + len(view.counters)))
    figure.update_xaxes(hoverformat=".4~g")
    # The page makes its text white.
    return figure.update_layout(hovermode="x unified", hoverlabel={"bgcolor": "#2b323b"})


def _draw_counter(figure: go.Figure, counter: CounterView, edges: Values, row: int) -> None:
    divisor, unit = SHOWN_UNITS.get(counter.unit, (1, counter.unit))
    # What flows is told by its mean, what fills something by its peak.
    figure_of = mean_in if counter.unit.endswith("/s") else highest_in
    values = figure_of(counter.time_ps, counter.value, edges) / divisor
    figure.add_scatter(
        name=escape(counter.name),
        x=(edges[:-1] + edges[1:]) / 2e9,
        y=values,
        mode="lines",
        line={"color": colour(3 + row), "width": 1, "shape": "hvh"},
        fill="tozeroy",
        hovertemplate=f"%{{y:.4g}} {escape(unit)}",
        row=row,
        col=1,
    )
    limit = counter.limit / divisor
    figure.add_scatter(
        name=f"limit of {escape(counter.name)}",
        x=[0, edges[-1] / 1e9],
        y=[limit, limit],
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dash"},
        hovertemplate=f"%{{y:.4g}} {escape(unit)}",
        showlegend=False,
        row=row,
        col=1,
    )
    title = f"{escape(counter.name)}<br>{escape(unit)}"
    figure.update_yaxes(title=title, range=[0, 1.05 * limit], row=row)


def busy_share(lane: LaneView, edges: Values) -> Values:
    """The part of each window in which something occupies the lane.

    Args:
        lane: slices in order that do not overlap.
        edges: of the windows in ps, shape (windows + 1,).
    """
    if not len(lane):
        return np.zeros(len(edges) - 1)
    lengths = lane.end_ps - lane.start_ps
    begun = np.searchsorted(lane.start_ps, edges, side="right")
    whole = np.concatenate([[0], np.cumsum(lengths)])[begun]
    # The last slice that has begun may go on beyond the edge.
    last_end = np.concatenate([[0], lane.end_ps])[begun]
    occupied = whole - np.maximum(last_end - edges, 0)
    return np.diff(occupied) / np.diff(edges)


def highest_in(time_ps: Column, value: npt.NDArray[np.generic], edges: Values) -> Values:
    """The highest value of a counter in each window, that at its beginning included.

    Args:
        time_ps: from when each value holds; the first is 0.
        value: of the same shape.
        edges: of the windows in ps, shape (windows + 1,).
    """
    held = value.astype(np.float64)
    first = np.searchsorted(time_ps, edges[:-1], side="right") - 1
    after = np.searchsorted(time_ps, edges[1:], side="left")
    spans = zip(first.tolist(), after.tolist(), strict=True)
    return np.array([held[begin : max(end, begin + 1)].max() for begin, end in spans])


def mean_in(time_ps: Column, value: npt.NDArray[np.generic], edges: Values) -> Values:
    """The mean over the time of each window; arguments as of `highest_in`."""
    held = value.astype(np.float64)
    sums = np.concatenate([[0], np.cumsum(held[:-1] * np.diff(time_ps))])
    last = np.searchsorted(time_ps, edges, side="right") - 1
    upto = sums[last] + held[last] * (edges - time_ps[last])
    return np.diff(upto) / np.diff(edges)
