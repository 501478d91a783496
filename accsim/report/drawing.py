"""What the charts of a report have in common: their frame, and the colours of causes and runs."""

from __future__ import annotations

import plotly.graph_objects as go

from accsim.report.elements import Html, tag

GREY = "#8b949e"
"""Of lines that data are held against; seen on light and on dark pages."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c564b", "#b0a000")
"""Of things side by side, after Okabe and Ito, which colour-blind readers can tell apart."""

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "star", "cross", "x", "pentagon")
"""Of the same things as points, so that colour is not all that tells them apart."""


CAUSE_COLOURS = {
    "dram": "#0072b2",
    "array": "#d55e00",
    "vector": "#009e73",
    "sram": "#cc79a7",
    "sram_bandwidth": "#8c564b",
    "dma": "#e69f00",
    "dispatch": GREY,
    "dependency": "#b0a000",
}
"""Of causes of time, wherever they are shown."""


def colour(index: int) -> str:
    """The colour of the thing of that number; those of more than there are come again."""
    return COLOURS[index % len(COLOURS)]


def framed(figure: go.Figure, height: int) -> go.Figure:
    """A figure without ground of its own, and room for nothing but its axes.

    Axes cannot be zoomed: on a narrow screen, a finger on a chart shall scroll the page.
    """
    figure.update_xaxes(fixedrange=True, automargin=True)
    figure.update_yaxes(fixedrange=True, automargin=True)
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


def legend(figure: go.Figure) -> Html:
    """The names of a figure's traces with their colours, to stand above it.

    Plotly's own legend takes most of a chart where that is narrow.
    """
    named = [trace for trace in figure.data if trace.name and trace.showlegend is not False]
    tints = [trace.marker.color or trace.line.color for trace in named]
    items = [
        # Names are escaped already, since plotly reads markup in them.
        tag("li", tag("span", "", style=f"background: {tint}"), Html(trace.name))
        for trace, tint in zip(named, tints, strict=True)
    ]
    return tag("ul", *items, class_="legend")
