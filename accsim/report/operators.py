"""Tables of operators that a page can sort and filter (``assets/run_report.js``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from accsim.pass_view import ARRAY, LOAD, STORE, VECTOR, PassView
from accsim.report.elements import Html, Text, join, json_script, scrolling, tag
from accsim.report.metrics import percent
from accsim.report.terms import Terms
from accsim.report.wording import CAUSE_NAMES, told_runs
from accsim.result import OpStats, Result, RunResult
from accsim.timeline import Column
from accsim.units import show_bytes, show_count, show_time

Columns = Sequence[tuple[str, str]]
"""Headings, and whether the column is sorted as ``text`` or as ``number``."""

GROUP_COLUMNS: Columns = (
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

PASS_COLUMNS: Columns = (
    ("operator", "text"),
    ("group", "text"),
    ("layer", "number"),
    ("begins at", "number"),
    ("on DRAM", "number"),
    ("on array", "number"),
    ("on vector unit", "number"),
    ("DRAM", "number"),
    ("MACs", "number"),
)


def group_table(result: Result, seen: frozenset[str], terms: Terms) -> Html:
    """Every operator group of every run, per mean decode pass, the slowest of a run first.

    Args:
        result: the runs.
        seen: names of the runs of which the timeline shows a pass.
        terms: takes the headings.
    """
    rows = [
        tag("tr", *_group_cells(op, run, linked=run.name in seen), data_run=run.name)
        for run in result.runs
        for op in sorted(run.ops, key=lambda op: -op.time_ps)
    ]
    headings = join((terms.link(heading) for heading, _ in GROUP_COLUMNS if heading != "run"), ", ")
    note = tag("p", "What the columns are: ", headings, ".")
    # First the run that the headline is about.
    first = told_runs(result)[:2][-1].name
    others = [run.name for run in result.runs if run.name != first]
    names = [(first, first), *((name, name) for name in others), ("all runs", "")]
    caption = "Mean decode pass, by operator group"
    return join((note, _sortable("group", caption, names, GROUP_COLUMNS, rows)))


def _group_cells(op: OpStats, run: RunResult, *, linked: bool) -> Iterator[Html]:
    traffic = op.dram_read_bytes + op.dram_write_bytes
    intensity = op.intensity_macs_per_byte
    name: Text = op.name
    if linked:
        name = tag("button", op.name, type="button", title="show it in the timeline")
    bound = "-"
    if op.time_ps:
        bound = f"{CAUSE_NAMES[op.bound]} {100 * op.causes_ps[op.bound] / op.time_ps:.0f} %"
    time_ps = op.time_ps / run.passes
    yield tag("th", name, scope="row")
    yield tag("td", run.name, class_="left")
    for number, shown in (
        (time_ps, show_time(time_ps)),
        (op.time_ps, percent(op.time_ps / run.decode_ps)),
        (traffic, show_bytes(traffic / run.passes)),
        (op.macs, show_count(op.macs / run.passes)),
    ):
        yield tag("td", shown if number else "-", data_value=f"{number:.9g}")
    # Those without a DRAM byte come after all others; bytes without a MAC have an intensity of 0.
    shown, number = ("-", -1.0) if intensity is None else (f"{intensity:.3g}", intensity)
    yield tag("td", shown, data_value=f"{number:.9g}")
    yield tag("td", op.roofline_bound.replace("_", "-"), class_="left")
    yield tag("td", bound, class_="left")


def pass_table(views: Sequence[PassView]) -> Html:
    """Every operator of the pass of one run at a time; at least one view."""
    names = [(view.run, view.run) for view in views]
    table = _sortable("operator", "Operators of the pass", names, PASS_COLUMNS, [])
    stored = {view.run: _pass_rows(view) for view in views}
    return join((table, json_script("pass-data", stored)))


def _pass_rows(view: PassView) -> list[list[object]]:
    """A row for each operator: its name, its group, then numbers with their words."""

    def over(*amounts: tuple[int, str]) -> list[int]:
        """Sums over each operator's slices in some lanes, of a figure of theirs."""
        totals = np.zeros(len(view.ops), dtype=np.int64)
        for place, figure in amounts:
            lane = view.lanes[place]
            spent: Column = lane.figures[figure] if figure else lane.end_ps - lane.start_ps
            np.add.at(totals, lane.op, spent)
        counted: list[int] = totals.tolist()
        return counted

    begins = np.full(len(view.ops), view.elapsed_ps, dtype=np.int64)
    for place in (ARRAY, VECTOR, LOAD, STORE):
        np.minimum.at(begins, view.lanes[place].op, view.lanes[place].start_ps)
    columns = (
        begins.tolist(),
        over((LOAD, ""), (STORE, "")),
        over((ARRAY, "")),
        over((VECTOR, "")),
        over((LOAD, "bytes"), (STORE, "bytes")),
        over((ARRAY, "macs")),
    )
    shows: tuple[Callable[[int], str], ...] = (*(show_time,) * 4, show_bytes, show_count)
    rows: list[list[object]] = []
    for op, *numbers in zip(view.ops, *columns, strict=True):
        layer = [-1, "-"] if op.layer is None else [op.layer, str(op.layer)]
        figures = [
            [number, show(number) if number else "-"]
            for number, show in zip(numbers, shows, strict=True)
        ]
        rows.append([op.name, op.group, layer, *figures])
    return rows


def _sortable(
    name: str,
    caption: str,
    runs: Sequence[tuple[str, str]],
    columns: Columns,
    rows: Sequence[Html],
) -> Html:
    """A table with the controls that the script works on, their ids beginning with a name."""
    choices = [tag("option", shown, value=value) for shown, value in runs]
    controls = tag(
        "div",
        tag("label", "run ", tag("select", *choices, id=f"{name}-run")),
        tag("label", "filter ", Html(f'<input type="search" id="{name}-filter">')),
        tag("span", id=f"{name}-count", role="status"),
        class_="controls",
    )
    heads = [
        tag(
            "th",
            tag("button", heading, type="button"),
            scope="col",
            data_kind=kind,
            class_="left" if kind == "text" else "",
        )
        for heading, kind in columns
    ]
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
        id=f"{name}-table",
    )
    return join((controls, scrolling(caption, table)))
