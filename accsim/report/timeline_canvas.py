"""The timeline of passes as an element of an HTML page that needs nothing else.

Columns of integers travel as differences of neighbours, deflated and in base64: a pass of 61,000
slices takes 100 kB. The scripts in ``assets`` beside this module unpack and draw them.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from accsim.pass_view import LANE_COLUMNS, VIEW_CAP, WAITED_FOR, CounterView, LaneView, PassView
from accsim.report.elements import asset
from accsim.units import show_time

Array = npt.NDArray[np.int64] | npt.NDArray[np.float64]

SCRIPTS = ("timeline_words.js", "timeline_data.js", "timeline_paint.js", "timeline.js")
COLOURS = 7
"""Groups of operators that have a colour of their own: those that occupy the lanes longest. More
than seven colours are not told apart by colour-blind readers."""


def timeline_element(views: Sequence[PassView], element_id: str) -> str:
    """HTML of a timeline: style, data and script, all inside.

    A reader chooses between the views; of each `VIEW_CAP` slices are shown at most. The element
    listens to the event ``accsim:show-operator`` of the document, whose ``detail`` is an object of
    ``run``, the name of a run, and ``op``, the name of an operator or of a group of them.

    Args:
        views: at least one; of different runs.
        element_id: the ``id`` of the element in the page.

    Raises:
        ValueError: there are no views.
    """
    if not views:
        raise ValueError("a timeline needs a pass to show")
    shown = [view.capped(VIEW_CAP) for view in views]
    groups = _groups(shown)
    content = {
        "groups": groups,
        "colours": COLOURS,
        "waitedFor": WAITED_FOR,
        "laneColumns": LANE_COLUMNS,
        "views": [_packed(view, groups) for view in shown],
    }
    # Inside a script element only "<" could end it; JSON may write it as an escape.
    data = json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    name = json.dumps(element_id).replace("<", "\\u003c")
    captions = "".join(f"<p>{escape(_summary(view))}</p>" for view in shown)
    return (
        f'<figure class="accsim-timeline" id="{escape(element_id)}">'
        f"<style>{asset('timeline.css')}</style>"
        f"<figcaption>{captions}</figcaption>"
        f'<script type="application/json">{data}</script>'
        f'<script>(() => {{"use strict";\n{"".join(map(asset, SCRIPTS))}'
        f"accsimTimeline(document.getElementById({name}));}})();</script>"
        "</figure>"
    )


def _groups(views: Sequence[PassView]) -> list[str]:
    """Groups of operators, those that occupy the lanes of all views longest first."""
    spent: dict[str, int] = {}
    for view in views:
        times = np.zeros(len(view.ops), dtype=np.int64)
        for lane in view.lanes:
            np.add.at(times, lane.op, lane.end_ps - lane.start_ps)
        for op, time_ps in zip(view.ops, times.tolist(), strict=True):
            spent[op.group] = spent.get(op.group, 0) + time_ps
    return sorted(spent, key=lambda group: (-spent[group], group))


def _summary(view: PassView) -> str:
    """What the picture shows, in words."""
    elapsed = max(1, view.elapsed_ps)
    busy = (
        f"{lane.name} {100 * int((lane.end_ps - lane.start_ps).sum()) / elapsed:.3g} %"
        for lane in view.lanes
    )
    return (
        f"{view.run}, {view.title}: {show_time(view.elapsed_ps)}, {view.slices:,} slices. "
        f"Busy: {', '.join(busy)}."
    )


def _packed(view: PassView, groups: list[str]) -> dict[str, Any]:
    """A view as JSON, its columns in one text."""
    number = {group: index for index, group in enumerate(groups)}
    packed = bytearray()
    lanes = [_lane(lane, packed) for lane in view.lanes]
    counters = [_counter(counter, packed) for counter in view.counters]
    return {
        "title": view.title,
        "run": view.run,
        "number": view.number,
        "elapsed": view.elapsed_ps,
        "ops": [[op.name, number[op.group], op.layer] for op in view.ops],
        "labels": view.labels,
        "lanes": lanes,
        "counters": counters,
        "columns": base64.b64encode(zlib.compress(bytes(packed), 9)).decode("ascii"),
    }


def _lane(lane: LaneView, packed: bytearray) -> dict[str, Any]:
    columns = {name: getattr(lane, name) for name in LANE_COLUMNS}
    # Mostly 0, and else small: `times` of timeline_data.js makes times of them again.
    columns["end_ps"] = lane.end_ps - lane.start_ps
    columns["issued_ps"] = lane.issued_ps - lane.start_ps
    columns["done_ps"] = lane.done_ps - lane.end_ps
    return {
        "name": lane.name,
        "group": lane.group,
        "about": lane.about,
        "figures": list(lane.figures),
        "length": len(lane),
        "kinds": "".join(
            _pack(column, packed) for column in (*columns.values(), *lane.figures.values())
        ),
    }


def _counter(counter: CounterView, packed: bytearray) -> dict[str, Any]:
    return {
        "name": counter.name,
        "about": counter.about,
        "unit": counter.unit,
        "limit": counter.limit,
        "length": len(counter.time_ps),
        "kinds": _pack(counter.time_ps, packed) + _pack(counter.value, packed),
    }


def _pack(column: Array, packed: bytearray) -> str:
    """Append a column, and say how it was written, for ``unpack`` of the script.

    ``i``  differences and values of 32 bits
    ``n``  differences of 32 bits, values up to 2^53
    ``w``  differences and values up to 2^53, as float64
    ``f``  numbers as float64
    """
    if column.dtype == np.float64:
        packed += column.astype("<f8").tobytes()
        return "f"
    steps = np.diff(column, prepend=0)
    if not _fits(steps):
        packed += steps.astype("<f8").tobytes()
        return "w"
    packed += steps.astype("<i4").tobytes()
    return "i" if _fits(column) else "n"


def _fits(column: Array) -> bool:
    """Whether all values fit 32 bits."""
    return not column.size or bool(column.min() >= -(2**31) and column.max() < 2**31)
