"""The roofline of a result: what each operator group reaches under the roofs of pins and array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

import plotly.graph_objects as go

from accsim.report.drawing import GREY, SYMBOLS, colour, framed
from accsim.report.metrics import percent
from accsim.report.wording import CAUSE_NAMES, told_runs
from accsim.result import OpStats, Result, RunResult
from accsim.units import PS_PER_S, show_bytes, show_count, show_rate, show_time

LARGEST_PX = 38
"""Diameter of the marker of a group that takes all the time of its run."""
SMALLEST_PX = 5
HEADROOM = 2.0
"""Ratio that is left between the outermost points and the edges of the chart."""

ROOFLINE_NOTE = (
    "Each mark is an operator group of a run's mean decode pass, as large as its part of the time. "
    "Right: more MACs for each DRAM byte. Up: more MACs in the time that it adds to the critical "
    "path; where work of another group hides a part of it, a mark may lie above its roof. Grey "
    "lines join the marks of one group in the runs that the first sentence compares. Groups "
    "without MACs or without DRAM bytes have no place here."
)


def roofline_figure(result: Result, peaks: Mapping[int, float] | None = None) -> go.Figure:
    """MACs/s over MACs per DRAM byte, both logarithmic, with the roofs.

    Runs that the headline does not speak of can be switched on in the legend.

    Args:
        result: the runs, and the peaks of pins and array.
        peaks: further roofs of the array, MACs/s by bits of the operands; equal ones are one roof.
    """
    told = [run.name for run in told_runs(result)]
    points = {run.name: _placed(run) for run in result.runs}
    roofs = _roofs(result, peaks or {})
    figure = go.Figure()
    _draw_roofs(figure, result, roofs, [op for ops in points.values() for op in ops])
    _draw_moves(figure, [points[name] for name in told])
    # The runs that are told come first, so that no two of them look the same.
    looks = list(dict.fromkeys([*told, *points]))
    for run in result.runs:
        number = looks.index(run.name)
        ops = sorted(points[run.name], key=lambda op: -op.time_ps)
        figure.add_scatter(
            name=escape(run.name),
            x=[op.intensity_macs_per_byte for op in ops],
            y=[_reached(op) for op in ops],
            mode="markers",
            marker={
                "color": colour(number),
                "symbol": SYMBOLS[number % len(SYMBOLS)],
                "opacity": 0.75,
                "size": [op.time_ps / run.decode_ps for op in ops],
                "sizemode": "area",
                "sizeref": 1 / LARGEST_PX**2,
                "sizemin": SMALLEST_PX,
                "line": {"width": 1, "color": "#fff"},
            },
            text=[_told(op, run) for op in ops],
            hovertemplate="%{text}<extra>" + escape(run.name) + "</extra>",
            visible=True if run.name in told else "legendonly",
        )
    figure.update_xaxes(type="log", title="MACs per DRAM byte", dtick=1, tickformat="~g")
    figure.update_yaxes(type="log", title="MACs/s", dtick=1, exponentformat="SI")
    framed(figure, 460)
    above = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemsizing": "constant"}
    return figure.update_layout(showlegend=True, legend=above)


def _placed(run: RunResult) -> list[OpStats]:
    """The groups that have a place: with MACs, DRAM bytes and time on the critical path."""
    return [op for op in run.ops if op.macs and op.intensity_macs_per_byte and op.time_ps]


def _reached(op: OpStats) -> float:
    return op.macs * PS_PER_S / op.time_ps


def _roofs(result: Result, peaks: Mapping[int, float]) -> dict[str, float]:
    """Peaks of the array with the operands that they are of, the lowest first."""
    bits_of: dict[float, list[int]] = {}
    for bits, peak in ({16: result.peak_macs_per_s} | dict(peaks)).items():
        bits_of.setdefault(peak, []).append(bits)
    return {
        f"array, {'/'.join(map(str, sorted(bits, reverse=True)))} bits": peak
        for peak, bits in sorted(bits_of.items())
    }


def _draw_roofs(
    figure: go.Figure, result: Result, roofs: Mapping[str, float], ops: Sequence[OpStats]
) -> None:
    pins = result.peak_dram_bytes_per_s
    intensities = [op.intensity_macs_per_byte or 0.0 for op in ops]
    highest = max(roofs.values())
    left = min([highest / pins / 10, *intensities]) / HEADROOM
    right = max([highest / pins, *intensities]) * 2 * HEADROOM
    figure.add_scatter(
        x=[left, highest / pins],
        y=[left * pins, highest],
        mode="lines",
        line={"color": GREY, "width": 2},
        hovertemplate=f"DRAM pins, {show_rate(pins)}<extra></extra>",
        showlegend=False,
    )
    for name, peak in roofs.items():
        told = f"{name}: {show_count(peak, 'MAC/s')}; ridge at {peak / pins:.3g} MACs/B"
        figure.add_scatter(
            x=[peak / pins, right],
            y=[peak, peak],
            mode="lines+markers+text",
            line={"color": GREY, "width": 2},
            marker={"size": [7, 0.1], "color": GREY},
            text=["", name],
            textposition="top left",
            textfont={"color": GREY},
            hovertemplate=f"{told}<extra></extra>",
            showlegend=False,
        )
    slow = min([left * pins, *(_reached(op) for op in ops)]) / HEADROOM
    figure.add_scatter(
        x=[(left * highest / pins) ** 0.5],
        y=[(left * highest) ** 0.5 * pins**0.5],
        mode="text",
        text=[f"pins, {show_rate(pins)}"],
        textposition="top left",
        textfont={"color": GREY},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(
        xaxis={"range": _logs(left, right)}, yaxis={"range": _logs(slow, highest * 2 * HEADROOM)}
    )


def _logs(low: float, high: float) -> list[float]:
    return [log10(low), log10(high)]


def _draw_moves(figure: go.Figure, runs: Sequence[Sequence[OpStats]]) -> None:
    """A line through the marks of each group that several runs have."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for op in runs[0]:
        same = [one for ops in runs for one in ops if one.name == op.name]
        xs += [*(one.intensity_macs_per_byte for one in same), None]
        ys += [*(_reached(one) for one in same), None]
    figure.add_scatter(
        x=xs,
        y=ys,
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )


def _told(op: OpStats, run: RunResult) -> str:
    """What is said of a mark; plotly reads markup here."""
    moved = op.dram_read_bytes + op.dram_write_bytes
    lines = (
        f"<b>{escape(op.name)}</b>, {escape(op.kind)}",
        f"{show_time(op.time_ps / run.passes)} of a pass, {percent(op.time_ps / run.decode_ps)}",
        f"{show_count(op.macs / run.passes, 'MACs')}, {show_bytes(moved / run.passes)}: "
        f"{op.intensity_macs_per_byte:.3g} MACs/B",
        f"{show_count(_reached(op), 'MAC/s')}; {op.roofline_bound.replace('_', '-')} by intensity, "
        f"waits for {CAUSE_NAMES[op.bound]}",
    )
    return "<br>".join(lines)
