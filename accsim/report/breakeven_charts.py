"""Charts of a break-even study: speed-up over k, over the acceptance rate, and over the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from accsim.breakeven import BreakEven, Family
from accsim.report.breakeven_words import needed_words, place_words
from accsim.report.charts import LINES
from accsim.report.page import Chart

RATES = tuple(step / 50 for step in range(51))
"""Acceptance rates at which curves are drawn."""

Line = Mapping[int, float] | Mapping[float, float]


def break_even_charts(told: BreakEven) -> tuple[Chart, ...]:
    """Three charts for each run; that over the batch only where there are several."""
    return tuple(chart for family in told.families for chart in _charts(told, family))


def _charts(told: BreakEven, family: Family) -> list[Chart]:
    at, base = family.reference, told.baseline
    grey = f"Below the grey line it loses to {base}."
    charts = [
        Chart(
            f"{family.run}: speed-up by k",
            f"Over {base}, with its own acceptance, at batch {at.batch} and several contexts. "
            f"{grey}",
            by_k_figure(family),
        ),
        Chart(
            f"{family.run}: speed-up by acceptance rate",
            f"Over {base}, if drafts at every position were right at one rate, at "
            f"{place_words(at)}; dots mark where each k breaks even. {grey}",
            by_rate_figure(family),
        ),
    ]
    if len({place.batch for place in family.places if place.context == at.context}) > 1:
        charts.append(
            Chart(
                f"{family.run}: speed-up by batch",
                f"Over {base} of the same batch, with its own acceptance, at context "
                f"{at.context}. {grey}",
                by_batch_figure(family),
            )
        )
    return charts


def by_k_figure(family: Family) -> go.Figure:
    """A line for each context: speed-up over k, at the batch of the reference."""
    places = [place for place in family.places if place.batch == family.reference.batch]
    lines: dict[str, Line] = {}
    for place in places:
        found = {variant.k: variant.at(place).speedup[0] for variant in family.variants}
        lines[f"context {place.context}"] = {
            k: speedup for k, speedup in found.items() if speedup is not None
        }
    figure = _figure(lines, "k, most tokens of a step", [v.k for v in family.variants])
    figure.update_xaxes(tickvals=[variant.k for variant in family.variants])
    return figure


def by_rate_figure(family: Family) -> go.Figure:
    """A line for each k: speed-up over a rate that holds at every position, and where it is 1."""
    lines: dict[str, Line] = {}
    for variant in family.variants:
        needed = variant.at(family.reference).needed_tokens
        lines[f"k = {variant.k}"] = {
            rate: sum(rate**position for position in range(variant.k)) / needed for rate in RATES
        }
    figure = _figure(lines, "acceptance rate at every position", RATES)
    for number, variant in enumerate(family.variants):
        step = variant.at(family.reference)
        if step.needed_rate:
            figure.add_scatter(
                name=f"k = {variant.k} breaks even",
                x=[step.needed_rate],
                y=[1],
                mode="markers",
                marker={"color": LINES[number % len(LINES)][0], "size": 9},
                hovertemplate=f"{escape(needed_words(variant.k, step))}<extra></extra>",
                showlegend=False,
            )
    return figure


def by_batch_figure(family: Family) -> go.Figure:
    """A line for each k: speed-up over the batch, at the context of the reference.

    A k whose tokens are not known has none.
    """
    places = [place for place in family.places if place.context == family.reference.context]
    lines: dict[str, Line] = {}
    for variant in family.variants:
        found = {place.batch: variant.at(place).speedup[0] for place in places}
        known = {batch: speedup for batch, speedup in found.items() if speedup is not None}
        if known:
            lines[f"k = {variant.k}"] = known
    figure = _figure(lines, "batch", [place.batch for place in places])
    figure.update_xaxes(type="log", tickvals=[place.batch for place in places])
    return figure


def _figure(lines: Mapping[str, Line], axis: str, ends: Sequence[float]) -> go.Figure:
    figure = go.Figure()
    figure.add_scatter(
        x=[min(ends), max(ends)],
        y=[1, 1],
        mode="lines",
        line={"color": "#b0b6bd", "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )
    for number, (name, line) in enumerate(lines.items()):
        colour, dash = LINES[number % len(LINES)]
        few = len(line) < len(RATES)
        figure.add_scatter(
            name=name,
            x=list(line),
            y=list(line.values()),
            mode="lines+markers" if few else "lines",
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate="%{x}: %{y:.3f}x",
        )
    figure.update_xaxes(title=axis, fixedrange=True, automargin=True)
    figure.update_yaxes(title="speed-up", rangemode="tozero", fixedrange=True, automargin=True)
    figure.update_layout(
        height=400,
        margin={"l": 8, "r": 16, "t": 16, "b": 8},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
