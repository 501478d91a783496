"""Charts: what the memory of a chip does with patterns, and what passes of more rows cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from accsim.chip import Memory
from accsim.dram.study import Study
from accsim.report.page import Chart
from accsim.timeline import DRAM_STATES
from accsim.units import show_bytes, show_rate

COLOURS = {
    "data": "#2f7fc1",
    "turnaround": "#e69f00",
    "refresh": "#b86fa0",
    "activation": "#d55e00",
    "idle": "#8b949e",
}
"""By state of the bus; after Okabe and Ito, which colour-blind readers can tell apart."""
BAR_PX = 46
"""Height of a bar with its two lines of label."""
LINES = (
    ("#0072b2", "solid"),
    ("#d55e00", "solid"),
    ("#009e73", "dash"),
    ("#8c564b", "dot"),
    ("#e69f00", "dash"),
    ("#cc79a7", "solid"),
    ("#56b4e9", "dot"),
)
"""Colours of lines, after Okabe and Ito, with strokes that show where lines lie on each other."""


def dram_charts(memory: Memory, studies: Sequence[Study]) -> tuple[Chart, ...]:
    """The first study by channel; then all of them side by side, if there are several."""
    first = studies[0]
    pins = show_rate(first.peak_bytes_per_s)
    moved = show_bytes(first.bytes)
    how = "command by command" if first.model == "command_level" else "row by row"
    charts = [
        Chart(
            f"{first.pattern}: {_reached(first)} of the pins",
            f"Share of the time by what the data bus of each channel does, {moved} on "
            f"{memory.channels} x {memory.part.grade} ({pins} at the pins), simulated {how}.",
            channel_figure(first),
        )
    ]
    if len(studies) > 1:
        charts.append(
            Chart(
                "Bandwidth by pattern",
                "The part of the time in which data pass is the share of the pins that is used; "
                "the rest is lost to what the colours say. Mean of the channels.",
                pattern_figure(studies),
            )
        )
    return tuple(charts)


def channel_figure(study: Study) -> go.Figure:
    """Share of the time by state: one bar for all channels together and one for each."""
    bars = [study.bus_share, *study.bus_share_by_channel]
    names = ["all", *(str(channel) for channel in range(len(bars) - 1))]
    figure = _stacked(names, bars, upright=True)
    figure.update_layout(height=380)
    figure.update_xaxes(type="category", title="channel")
    return figure


def pattern_figure(studies: Sequence[Study]) -> go.Figure:
    """Share of the time by state: one bar for each pattern, labelled with its bandwidth."""
    names = [f"{escape(study.pattern)}<br>{_reached(study)}" for study in studies]
    figure = _stacked(names, [study.bus_share for study in studies], upright=False)
    figure.update_layout(height=110 + BAR_PX * len(studies))
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def cost_figure(panels: Mapping[str, Mapping[str, Mapping[int, float]]]) -> go.Figure:
    """What a pass of m query rows costs, T(m)/T(1), with a panel for each case side by side.

    Args:
        panels: the curves of each panel by name; a curve gives the ratio for each m. Curves of one
            name look the same in all panels and stand in the legend once.

    Both axes are logarithmic, so that a cost that rises with m is a straight line: the grey one is
    T(m) = m T(1), where more rows gain nothing.
    """
    figure = make_subplots(
        cols=len(panels), shared_yaxes=True, subplot_titles=[escape(name) for name in panels]
    )
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    most = max(m for curves in panels.values() for line in curves.values() for m in line)
    ticks = [2**power for power in range(most.bit_length())]
    listed: set[str] = set()
    for column, curves in enumerate(panels.values(), 1):
        figure.add_scatter(
            x=[1, most],
            y=[1, most],
            mode="lines",
            line={"color": "#b0b6bd", "width": 1},
            hoverinfo="skip",
            showlegend=False,
            col=column,
            row=1,
        )
        for name, line in curves.items():
            colour, dash = LINES[names.index(name) % len(LINES)]
            figure.add_scatter(
                name=escape(name),
                x=list(line),
                y=list(line.values()),
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                hovertemplate="m = %{x}: %{y:.3f}",
                legendgroup=name,
                showlegend=name not in listed,
                col=column,
                row=1,
            )
            listed.add(name)
    axis = {"type": "log", "tickvals": ticks, "fixedrange": True, "automargin": True}
    figure.update_xaxes(axis | {"title": "query rows m"})
    figure.update_yaxes(axis)
    figure.update_yaxes(title="T(m) / T(1)", col=1)
    figure.update_layout(
        height=420,
        margin={"l": 8, "r": 16, "t": 32, "b": 8},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def _reached(study: Study) -> str:
    return f"{show_rate(study.bytes_per_s)}, {100 * study.efficiency:.1f} %"


def _stacked(names: Sequence[str], bars: Sequence[dict[str, float]], *, upright: bool) -> go.Figure:
    figure = go.Figure()
    for state in DRAM_STATES:
        shares = [bar[state] for bar in bars]
        figure.add_bar(
            name=state,
            x=names if upright else shares,
            y=shares if upright else names,
            orientation="v" if upright else "h",
            marker={"color": COLOURS[state], "line": {"width": 0}},
            text=[f"{100 * share:.0f} %" for share in shares],
            textposition="inside",
            textangle=0,
            insidetextanchor="middle",
            hovertemplate=(
                f"{state} %{{{'y' if upright else 'x'}:.2%}}"
                f"<extra>%{{{'x' if upright else 'y'}}}</extra>"
            ),
        )
    share_axis = {"range": [0, 1], "tickformat": ".0%", "fixedrange": True}
    figure.update_layout(
        barmode="stack",
        bargap=0.3,
        # A percentage that its part of the bar has no room for is left out.
        uniformtext={"minsize": 10, "mode": "hide"},
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"fixedrange": True, "automargin": True} if upright else share_axis,
        yaxis=share_axis | {"automargin": True} if upright else {"fixedrange": True},
    )
    return figure
