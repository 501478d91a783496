"""Charts of a result, runs side by side: what a pass brings and costs, causes, energy and area."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from accsim.report.drawing import CAUSE_COLOURS, GREY, colour, framed
from accsim.report.metrics import percent, show_joules, show_seconds
from accsim.report.wording import (
    CAUSE_NAMES,
    CONSUMER_NAMES,
    DETAIL_NAMES,
    NOTED_SHARE,
    mean_tokens,
    speedup_of,
)
from accsim.result import CAUSE_PARTS, CAUSES, Area, Result, RunResult

BAR_PX = 34
"""Height of a bar, its part of the gap included."""
GAP_PX = 75
"""Between two charts, for the axis of one and the title of the other."""

PART_COLOURS = {
    ("dram", "turnaround"): "#7b4fa3",
    ("dram", "refresh"): "#56b4e9",
    ("dram", "activation"): "#00507a",
    ("dram", "latency"): "#9fc9e3",
    ("array", "fill_drain"): "#f2a26b",
}
"""Of parts; the first of a cause has the colour of the cause."""


def gain_figure(result: Result) -> go.Figure:
    """Against the baseline: tokens per pass, time per pass, and the speed-up that these make."""
    base = next(run for run in result.runs if run.name == result.speedup.baseline)
    ratios = {
        "tokens per pass": [mean_tokens(run) / mean_tokens(base) for run in result.runs],
        "time per pass": [run.mean_pass_s / base.mean_pass_s for run in result.runs],
        "speed-up": [speedup_of(run, result) for run in result.runs],
    }
    names = _names(result.runs)
    figure = go.Figure()
    for number, (label, values) in enumerate(ratios.items()):
        figure.add_bar(
            name=label,
            y=names,
            x=values,
            orientation="h",
            marker={"color": colour(number), "line": {"width": 0}},
            text=[f"{value:.2f}x" for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{label}: %{{x:.3f}}x<extra>%{{y}}</extra>",
        )
    figure.update_layout(barmode="group", bargap=0.25)
    figure.update_xaxes(rangemode="tozero", title=f"over {escape(base.name)}")
    figure.update_yaxes(autorange="reversed")
    framed(figure, 80 + 2 * BAR_PX * len(names))
    # The figures stand beside the bars, outside of the longest too.
    return figure.update_layout(margin={"r": 48})


def causes_figure(result: Result) -> go.Figure:
    """Time by cause, with its parts: of a mean decode pass, and of a token."""
    names = _names(result.runs)
    height = 190 + 2 * BAR_PX * len(names)
    titles = ["a decode pass", "an output token"]
    figure = make_subplots(rows=2, subplot_titles=titles, vertical_spacing=GAP_PX / height)
    for name, tint, share in _parts(result.runs):
        for row, seconds in (
            (1, [run.mean_pass_s for run in result.runs]),
            (2, [1 / run.decode_tokens_per_s for run in result.runs]),
        ):
            times = [part * whole for part, whole in zip(share, seconds, strict=True)]
            told = [
                f"{name}: {show_seconds(time)}, {percent(part)}"
                for time, part in zip(times, share, strict=True)
            ]
            figure.add_bar(
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                y=names,
                x=[1e3 * time for time in times],
                orientation="h",
                marker={"color": tint, "line": {"width": 0}},
                text=told,
                textposition="none",
                hovertemplate="%{text}<extra>%{y}</extra>",
                row=row,
                col=1,
            )
    figure.update_layout(barmode="stack", bargap=0.35)
    figure.update_xaxes(title="ms", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    framed(figure, height)
    return figure.update_layout(margin={"t": 28})


def _parts(runs: Sequence[RunResult]) -> Iterator[tuple[str, str, list[float]]]:
    """Name, colour and share of the decode time in each run: of causes, or of their parts."""
    for cause in CAUSES:
        split = CAUSE_PARTS.get(cause, ())
        for part in split:
            shares = [run.causes_detail_ps[cause][part] / run.decode_ps for run in runs]
            tint = PART_COLOURS.get((cause, part), CAUSE_COLOURS[cause])
            if max(shares) >= NOTED_SHARE:
                yield f"{CAUSE_NAMES[cause]}: {DETAIL_NAMES[part]}", tint, shares
        if not split:
            shares = [run.bound_share.get(cause, 0.0) for run in runs]
            if max(shares) >= NOTED_SHARE:
                yield CAUSE_NAMES[cause], CAUSE_COLOURS[cause], shares


def energy_figure(result: Result) -> go.Figure:
    """Energy of a token by consumer; whiskers are the worst cases of the whole."""
    figure = go.Figure()
    names = _names(result.runs)
    consumers = list(dict.fromkeys(o.consumer for run in result.runs for o in run.energy.decode))
    whole = [run.energy.j_per_token for run in result.runs]
    tokens = [run.energy.decode_j.value / run.energy.j_per_token.value for run in result.runs]
    for number, consumer in enumerate(consumers):
        joules = [
            sum(one.pj for one in run.energy.decode if one.consumer == consumer) / 1e12 / count
            for run, count in zip(result.runs, tokens, strict=True)
        ]
        if all(part < NOTED_SHARE * one.value for part, one in zip(joules, whole, strict=True)):
            continue
        label = CONSUMER_NAMES.get(consumer, consumer)
        figure.add_bar(
            name=escape(label),
            y=names,
            x=joules,
            orientation="h",
            marker={"color": colour(number), "line": {"width": 0}},
            text=[f"{escape(label)}: {show_joules(one)}" for one in joules],
            textposition="none",
            hovertemplate="%{text}<extra>%{y}</extra>",
        )
    figure.add_scatter(
        name="worst cases",
        y=names,
        x=[one.value for one in whole],
        mode="markers",
        marker={"color": GREY, "size": 6},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [one.high - one.value for one in whole],
            "arrayminus": [one.value - one.low for one in whole],
            "color": GREY,
        },
        hovertemplate="%{x:.3g} J<extra>%{y}</extra>",
    )
    figure.update_layout(barmode="stack", bargap=0.35)
    figure.update_xaxes(rangemode="tozero", title="J per token")
    figure.update_yaxes(autorange="reversed")
    return framed(figure, 80 + BAR_PX * len(names))


def area_rows(area: Area) -> list[tuple[str, ...]]:
    """Part, mm2, at least, at most; the whole last."""
    parts = (("SRAM", area.sram), ("array", area.array), ("DRAM pins", area.phy))
    return [
        (name, *(f"{mm2:.3g}" for mm2 in (one.value, one.low, one.high)))
        for name, one in (*parts, ("together", area.total))
    ]


def _names(runs: Sequence[RunResult]) -> list[str]:
    return [escape(run.name) for run in runs]
