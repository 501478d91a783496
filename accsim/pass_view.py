"""A simulated pass as people look at it: lanes of slices that do not overlap, and counters.

It holds what a picture needs and nothing else, as integer columns: names are kept once, and a slice
is a handful of integers. Trace files, HTML pages and notebooks all draw from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accsim.timeline import Column

VIEW_CAP = 1_000_000
"""Slices of a pass that are kept for pages: beyond, drawing takes longer than a tenth of a second
(a Llama-2-7B decode pass has 61,000)."""

WAITED_FOR = ("previous command", "load", "store", "array", "vector", "SRAM room", "DMA slot")
"""What `LaneView.waited_for` points to."""

ARRAY, VECTOR, LOAD, STORE, FIRST_CHANNEL = range(5)
"""Places in `PassView.lanes`; after the first channel come the others."""

NOTHING = -1
"""Of a column of indices: there is none."""


class OpView(NamedTuple):
    """An operator: its full name, what reports add it up under, and its layer if it is in one."""

    name: str
    group: str
    layer: int | None


@dataclass(frozen=True)
class LaneView:
    """One row of the picture: a unit, a queue of the DMA or a channel; one entry for each slice.

    start_ps, end_ps     when it occupies the lane; in order, and never overlapping
    issued_ps, done_ps   the whole of the command, from issue to results: of outstanding descriptors
                         the lane shows the one that the memory serves, of a tile that drains the
                         time until its unit is free; of a channel its first and last data
    op, label            indices into `PassView.ops` and `PassView.labels`
    waited_for           index into `WAITED_FOR`: what it waited for last; on a channel, whether it
                         is of a load or of a store
    after_lane, after    the slice that it waited for last, by lane and place in it, or NOTHING; on
                         a channel, the descriptor that it is of
    fed_by               of a tile that is the first to need a load: its place in the load lane;
                         else NOTHING
    figures              further columns by name; the name ends in the unit
    """

    name: str
    group: str
    about: str
    start_ps: Column
    end_ps: Column
    issued_ps: Column
    done_ps: Column
    op: Column
    label: Column
    waited_for: Column
    after_lane: Column
    after: Column
    fed_by: Column
    figures: dict[str, Column]

    def __len__(self) -> int:
        return len(self.start_ps)


LANE_COLUMNS = (
    *("start_ps", "end_ps", "issued_ps", "done_ps", "op", "label"),
    *("waited_for", "after_lane", "after", "fed_by"),
)
"""The columns that each lane has."""


@dataclass(frozen=True)
class CounterView:
    """A quantity over time: `value` holds from its `time_ps` to the next.

    `limit` is the most that the chip can do, in the same `unit`.
    """

    name: str
    group: str
    about: str
    unit: str
    limit: float
    time_ps: Column
    value: Column | npt.NDArray[np.float64]


@dataclass(frozen=True)
class PassView:
    """One pass of a run, from 0 to `elapsed_ps`.

    `number` counts the passes of the run from 0, those of the prefill first; `contexts` are the
    tokens cached before it, by sequence. `left_out` slices lie beyond a cap and are missing.
    """

    chip: str
    run: str
    number: int
    graph: str
    contexts: tuple[int, ...]
    elapsed_ps: int
    ops: tuple[OpView, ...]
    labels: tuple[str, ...]
    lanes: tuple[LaneView, ...]
    counters: tuple[CounterView, ...]
    left_out: int = 0

    @property
    def title(self) -> str:
        """What the pass is, in one line; says so if slices were left out."""
        title = f"{self.chip}: pass {self.graph}, {sum(self.contexts)} tokens cached"
        if len(self.contexts) > 1:
            title += f" in {len(self.contexts)} sequences"
        if self.left_out:
            total = self.slices + self.left_out
            title += f" (only the first {self.slices:,} of {total:,} slices)"
        return title

    @cached_property
    def slices(self) -> int:
        """How many slices there are, those left out not counted."""
        return sum(map(len, self.lanes))

    def capped(self, limit: int) -> PassView:
        """The pass with the `limit` slices that start first; what they waited for is among them."""
        if self.slices <= limit:
            return self
        starts = np.concatenate([lane.start_ps for lane in self.lanes])
        sizes = [len(lane) for lane in self.lanes]
        owner = np.repeat(np.arange(len(sizes)), sizes)
        # Slices of a lane are in order of time, so what is kept of it are its first ones.
        first = np.argsort(starts, kind="stable")[:limit]
        kept = np.bincount(owner[first], minlength=len(sizes)).tolist()
        lanes = _cut(self.lanes, [range(count) for count in kept])
        return replace(self, lanes=lanes, left_out=self.left_out + self.slices - limit)

    def within(self, start_ps: int, end_ps: int) -> PassView:
        """The slices that overlap [start_ps, end_ps), and the counters there.

        Slices keep their whole times; a counter begins with the value that it had before.
        """
        kept = [
            range(
                int(np.searchsorted(lane.end_ps, start_ps, side="right")),
                int(np.searchsorted(lane.start_ps, end_ps)),
            )
            for lane in self.lanes
        ]
        counters = tuple(_counted(counter, start_ps, end_ps) for counter in self.counters)
        return replace(self, lanes=_cut(self.lanes, kept), counters=counters)


def _counted(counter: CounterView, start_ps: int, end_ps: int) -> CounterView:
    """The values that a counter has in a window; the first from its start on."""
    begin = max(0, int(np.searchsorted(counter.time_ps, start_ps, side="right")) - 1)
    end = int(np.searchsorted(counter.time_ps, end_ps))
    times = np.maximum(counter.time_ps[begin:end], start_ps)
    return replace(counter, time_ps=times, value=counter.value[begin:end])


def _cut(lanes: Sequence[LaneView], kept: Sequence[range]) -> tuple[LaneView, ...]:
    """Lanes with a range of their slices; where one pointed to a slice that is gone, to NOTHING."""
    first = np.array([*(one.start for one in kept), 0])  # lane NOTHING is the last
    last = np.array([*(one.stop for one in kept), 0])

    def cut(lane: LaneView, one: range) -> LaneView:
        place = slice(one.start, one.stop)
        columns = {name: getattr(lane, name)[place] for name in LANE_COLUMNS}
        after, fed_by = columns["after"], columns["fed_by"]
        owner = columns["after_lane"]
        gone = (after < first[owner]) | (after >= last[owner])
        columns["after_lane"] = np.where(gone, NOTHING, owner)
        columns["after"] = np.where(gone, NOTHING, after - first[owner])
        there = (fed_by >= first[LOAD]) & (fed_by < last[LOAD])
        columns["fed_by"] = np.where(there, fed_by - first[LOAD], NOTHING)
        figures = {name: column[place] for name, column in lane.figures.items()}
        return replace(lane, **columns, figures=figures)

    return tuple(cut(lane, one) for lane, one in zip(lanes, kept, strict=True))
