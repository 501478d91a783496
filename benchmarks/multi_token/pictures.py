"""The pictures of the page: speed over bandwidth, and speed-up over the batch."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from accsim.report.charts import LINES

from .reading import has_room, speed_up
from .steps import HEADS, PRECISIONS, tokens
from .studies import BATCH_CHIPS, BATCHES, RATE_MTPS, RATES_MTPS
from .traffic_text import needed_gb_s

GREY = "#8b949e"
TEXT = "code"
TICKS_GB_S = (3.2, 6.4, 12.8, 25.6, 51.2, 102.4)


def bandwidth_picture(found: dict[str, Any]) -> go.Figure:
    """Tokens per second over bandwidth: the ordinary model, and four heads on code.

    The grey line leads from the ordinary model at the data rate of ddr_npu to where four heads are
    as fast.
    """
    figure = _panels()
    for column, one in enumerate(found["bandwidth"].values(), 1):
        gb_s = [one["peak_bytes_per_s"] * rate / RATE_MTPS / 1e9 for rate in RATES_MTPS]
        curves = {"ordinary": (one["ordinary_ps"], 1.0), "4 heads": (one["k4_ps"], 0.0)}
        for number, (name, (times, brings)) in enumerate(curves.items()):
            brought = brings or tokens(TEXT, HEADS)
            speeds = [brought * 1e12 / times[str(rate)] for rate in RATES_MTPS]
            _line(figure, column, number, f"{name}, {TEXT}" if not brings else name, gb_s, speeds)
        full = one["peak_bytes_per_s"] / 1e9
        needed, speed = needed_gb_s(one, "ordinary", TEXT), 1e12 / one["ordinary_ps"]["3200"]
        figure.add_scatter(
            x=[needed, full],
            y=[speed, speed],
            mode="lines+markers+text",
            text=[f"{needed:.1f}", f"{full:.1f}"],
            textposition=["top left", "bottom right"],
            line={"color": GREY, "width": 1},
            marker={"color": GREY, "size": 6},
            showlegend=False,
            col=column,
            row=1,
        )
    figure.update_xaxes(
        type="log", title="DRAM bandwidth, GB/s", tickvals=[3.2, 6.4, 12.8, 25.6, 51.2, 102.4]
    )
    figure.update_yaxes(type="log", tickvals=[0.2, 0.5, 1, 2, 5, 10, 20, 50])
    figure.update_yaxes(title="tokens/s", col=1)
    return figure


def batch_picture(found: dict[str, Any]) -> go.Figure:
    """Speed-up of four heads on code over the batch, by chip, as far as the DRAM has room."""
    figure = _panels()
    for column, weights in enumerate(PRECISIONS, 1):
        figure.add_scatter(
            x=[BATCHES[0], BATCHES[-1]],
            y=[1, 1],
            mode="lines",
            line={"color": GREY, "width": 1},
            showlegend=False,
            col=column,
            row=1,
        )
        for number, chip in enumerate(BATCH_CHIPS):
            (one,) = (
                one
                for one in found["batch"]
                if (one["chip"], one["weights"], one["side"]) == (chip, weights, None)
            )
            gains = {
                int(batch): speed_up(steps, TEXT)
                for batch, steps in one["steps"].items()
                if has_room(steps)
            }
            _line(figure, column, number, chip, list(gains), list(gains.values()))
    figure.update_xaxes(type="log", title="batch", tickvals=list(BATCHES))
    figure.update_yaxes(range=[0, 3.7])
    figure.update_yaxes(title=f"speed-up, {TEXT}", col=1)
    return figure


PICTURES: dict[str, Callable[[dict[str, Any]], go.Figure]] = {
    "bandwidth": bandwidth_picture,
    "batch": batch_picture,
}
"""What draws each picture, by the end of its file's name."""


def _panels() -> go.Figure:
    """A panel for each format of the weights, side by side, with one legend."""
    figure = make_subplots(
        cols=len(PRECISIONS),
        shared_yaxes=True,
        subplot_titles=[f"{weights} weights" for weights in PRECISIONS],
    )
    figure.update_layout(
        margin={"l": 8, "r": 16, "t": 32, "b": 8},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure


def _line(
    figure: go.Figure, column: int, number: int, name: str, x: list[Any], y: list[float]
) -> None:
    colour, dash = LINES[number % len(LINES)]
    figure.add_scatter(
        name=escape(name),
        x=x,
        y=y,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 2},
        legendgroup=name,
        showlegend=column == 1,
        col=column,
        row=1,
    )
