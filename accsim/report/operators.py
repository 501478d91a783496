"""The operator groups of all runs as one table that a page can sort and filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from accsim.report.elements import Html, Text, scrolling, tag
from accsim.report.metrics import percent
from accsim.report.terms import Terms
from accsim.report.wording import CAUSE_NAMES
from accsim.result import OpStats, Result, RunResult
from accsim.units import show_bytes, show_count, show_time

COLUMNS: tuple[tuple[str, str], ...] = (
    ("group", "text"),
    ("run", "text"),
    ("time", "number"),
    ("share", "number"),
    ("DRAM", "number"),
    ("MACs", "number"),
    ("MACs/B", "number"),
    ("roofline", "text"),
    ("bound by", "text"),
)
"""Headings, and how the column is sorted."""

Places = Mapping[tuple[str, str], str]
"""By run and group: the name of an operator that the timeline shows."""


def operator_table(result: Result, places: Places, terms: Terms) -> Html:
    """Every group of every run, per mean decode pass, slowest first, with what the page's script
    needs: the run of each row, the number behind each cell, the operator to show in the timeline.
    """
    heads = [
        tag(
            "th",
            tag("button", heading, type="button"),
            scope="col",
            data_kind=kind,
            class_="left" if kind == "text" else "",
        )
        for heading, kind in COLUMNS
    ]
    rows = [
        tag("tr", *_cells(op, run, places.get((run.name, op.name))), data_run=run.name)
        for run in result.runs
        for op in sorted(run.ops, key=lambda op: -op.time_ps)
    ]
    caption = tag("caption", "Mean decode pass, by operator group")
    body = tag("tbody", *rows)
    table = tag("table", caption, tag("thead", tag("tr", *heads)), body, id="operator-table")
    legend = [terms.link(label) for label in ("roofline_bound", "bound")]
    names = tag("p", "Columns: ", legend[0], " is what the intensity says, ", legend[1], ".")
    return Html(_controls(result) + names + scrolling("Operator groups", table))


def _controls(result: Result) -> Html:
    choices = [tag("option", "all runs", value="")]
    choices += [tag("option", run.name, value=run.name) for run in result.runs]
    return tag(
        "div",
        tag("label", "run ", tag("select", *choices, id="operator-run")),
        tag("label", "filter ", Html('<input type="search" id="operator-filter">')),
        tag("span", id="operator-count", role="status"),
        class_="controls",
    )


def _cells(op: OpStats, run: RunResult, place: str | None) -> Iterator[Html]:
    traffic = op.dram_read_bytes + op.dram_write_bytes
    intensity = op.intensity_macs_per_byte
    name: Text = op.name
    if place is not None:
        name = tag("button", op.name, type="button", data_op=place, title="show it in the timeline")
    bound = "-"
    if op.time_ps:
        bound = f"{CAUSE_NAMES[op.bound]} {100 * op.causes_ps[op.bound] / op.time_ps:.0f} %"
    yield tag("th", name, scope="row", data_value=op.name)
    yield tag("td", run.name, class_="left")
    for number, shown in (
        (op.time_ps / run.passes, show_time(op.time_ps / run.passes) if op.time_ps else "-"),
        (op.time_ps / run.decode_ps, percent(op.time_ps / run.decode_ps) if op.time_ps else "-"),
        (traffic / run.passes, show_bytes(traffic / run.passes) if traffic else "-"),
        (op.macs / run.passes, show_count(op.macs / run.passes) if op.macs else "-"),
        (-1 if intensity is None else intensity, "-" if intensity is None else f"{intensity:.3g}"),
    ):
        yield tag("td", shown, data_value=f"{number:.9g}")
    yield tag("td", op.roofline_bound.replace("_", "-"), class_="left")
    yield tag("td", bound, class_="left")
