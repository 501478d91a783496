"""One stream of events for a simulated pass, which every trace writer turns into its own bytes.

Trace viewers count in nanoseconds and drop slices that overlap on a track. So a time is cut to
whole nanoseconds by flooring both ends (neighbours that touch still touch), and each lane shows
one thing at a time: of several outstanding descriptors the one that the memory serves. The exact
picoseconds are among the arguments of a slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from accsim.pass_view import NOTHING, WAITED_FOR, CounterView, LaneView, PassView
from accsim.units import show_time

SLICE_CAP = 2_000_000
"""Viewers become unusable beyond some millions of slices: later ones are left out, and counted."""

Args = tuple[tuple[str, int | str], ...]
Flows = dict[int, tuple[int, ...]]


class Track(NamedTuple):
    """A row of the viewer; `parent` is 0 for the root. Siblings are shown in the order given."""

    id: int
    parent: int
    name: str
    kind: Literal["group", "lane", "counter"]
    unit: str
    about: str


class Slice(NamedTuple):
    """Something that lasted from `start_ns` to `end_ns`, never overlapping another of its track.

    `flows_out` are ids of the arrows that leave it, `flows_in` of those that end here; the slice
    where an arrow begins comes earlier in the stream.
    """

    track: int
    start_ns: int
    end_ns: int
    name: str
    args: Args
    flows_out: tuple[int, ...]
    flows_in: tuple[int, ...]


class Sample(NamedTuple):
    """The value of a counter from `time_ns` on."""

    track: int
    time_ns: int
    value: int | float


ROOT, COMPUTE, ARRAY, VECTOR, DMA, LOAD, STORE, SRAM, DRAM, BANDWIDTH, FIRST_CHANNEL = range(1, 12)


@dataclass(frozen=True)
class PassEvents:
    """Everything that a viewer shows of one pass: iterate the parts in the order below."""

    whole: PassView
    window_ps: tuple[int, int] | None = None
    cap: int = SLICE_CAP

    @cached_property
    def view(self) -> PassView:
        """What is shown: of the window, or of the whole pass, at most `cap` slices."""
        wanted = self.whole if self.window_ps is None else self.whole.within(*self.window_ps)
        return wanted.capped(self.cap)

    @property
    def title(self) -> str:
        """What the pass is, in one line; says so if not all of it is shown."""
        if self.window_ps is None:
            return self.view.title
        start, end = map(show_time, self.window_ps)
        return f"{start} to {end} of {self.view.title}"

    @property
    def total_slices(self) -> int:
        """How many slices there are in the window, left out or not."""
        return self.view.slices + self.view.left_out

    @property
    def dropped(self) -> int:
        """How many of them lie beyond the cap: those that start last."""
        return self.view.left_out

    def tracks(self) -> Iterator[Track]:
        """Parents first, siblings in the order to be shown."""
        fill, bandwidth = self.view.counters
        array, vector, load, store, *channels = self.view.lanes
        yield Track(ROOT, 0, self.title, "group", "", "One traversal of the model.")
        yield Track(COMPUTE, ROOT, "Compute", "group", "", "Tiles, each on its unit.")
        yield _lane_track(ARRAY, COMPUTE, array)
        yield _lane_track(VECTOR, COMPUTE, vector)
        yield Track(DMA, ROOT, "DMA", "group", "", "Descriptors between DRAM and SRAM.")
        yield _lane_track(LOAD, DMA, load)
        yield _lane_track(STORE, DMA, store)
        yield _counter_track(SRAM, ROOT, fill)
        yield Track(DRAM, ROOT, "DRAM", "group", "", "What is on the data buses.")
        yield _counter_track(BANDWIDTH, DRAM, bandwidth)
        for number, channel in enumerate(channels):
            yield _lane_track(FIRST_CHANNEL + number, DRAM, channel)

    def samples(self) -> Iterator[Sample]:
        """Counters, one after the other, each in order of time; of one ns the last value."""
        for track, counter in zip((SRAM, BANDWIDTH), self.view.counters, strict=True):
            values = zip((counter.time_ps // 1000).tolist(), counter.value.tolist(), strict=True)
            for time_ns, value in dict(values).items():
                yield Sample(track, time_ns, value)

    def slices(self) -> Iterator[Slice]:
        """Lane by lane, each in order of time."""
        array, vector, load, store, *channels = self.view.lanes
        to_array = _flows(array, first_id=1)
        to_vector = _flows(vector, first_id=1 + len(load))
        leaving: dict[int, tuple[int, ...]] = {}
        for flows in (to_array, to_vector):
            for fed_by, flow in flows.values():
                leaving[fed_by] = (*leaving.get(fed_by, ()), flow)
        # Arrows begin at loads, so these come first.
        yield from self._slices(LOAD, load, leaving, {})
        yield from self._slices(STORE, store, {}, {})
        for track, lane, flows in ((ARRAY, array, to_array), (VECTOR, vector, to_vector)):
            arriving: Flows = {index: (flow,) for index, (_, flow) in flows.items()}
            yield from self._slices(track, lane, {}, arriving)
        for number, channel in enumerate(channels):
            yield from self._slices(FIRST_CHANNEL + number, channel, {}, {})

    def _slices(
        self, track: int, lane: LaneView, leaving: Flows, arriving: Flows
    ) -> Iterator[Slice]:
        ops, labels = self.view.ops, self.view.labels
        columns = (lane.start_ps // 1000, lane.end_ps // 1000, lane.op, lane.label)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        more = _channel_args(lane) if track >= FIRST_CHANNEL else _command_args(lane)
        for index, ((start, end, op, label), last) in enumerate(zip(rows, more, strict=True)):
            args = (("tile", labels[label]), *self._op_args[op], *last)
            flows = leaving.get(index, ()), arriving.get(index, ())
            yield Slice(track, start, end, ops[op].name, args, *flows)

    @cached_property
    def _op_args(self) -> list[Args]:
        """What is said of each operator on every one of its slices."""
        return [
            (("group", op.group),)
            if op.layer is None
            else (("group", op.group), ("layer", op.layer))
            for op in self.view.ops
        ]


def _lane_track(number: int, parent: int, lane: LaneView) -> Track:
    return Track(number, parent, lane.name, "lane", "", lane.about)


def _counter_track(number: int, parent: int, counter: CounterView) -> Track:
    return Track(number, parent, counter.name, "counter", counter.unit, counter.about)


def _command_args(lane: LaneView) -> Iterator[Args]:
    """When each command of a lane began and ended, what it waited for, and its figures."""
    columns = (lane.issued_ps, lane.done_ps, lane.waited_for, *lane.figures.values())
    for issued, done, waited_for, *figures in zip(*(c.tolist() for c in columns), strict=True):
        yield (
            ("start_ps", issued),
            ("end_ps", done),
            ("waited_for", WAITED_FOR[waited_for]),
            *(
                (name, f"{figure:#x}" if name == "address" else figure)
                for name, figure in zip(lane.figures, figures, strict=True)
                if figure or name != "sram_wait_ps"
            ),
        )


def _channel_args(lane: LaneView) -> Iterator[Args]:
    """Of what descriptor each slice of a channel is."""
    columns = (lane.waited_for, lane.figures["descriptor_bytes"])
    for direction, size in zip(*(column.tolist() for column in columns), strict=True):
        yield (("direction", WAITED_FOR[direction]), ("descriptor_bytes", size))


def _flows(lane: LaneView, first_id: int) -> dict[int, tuple[int, int]]:
    """For each tile that is the first to need a load: (place of the load, arrow id)."""
    tiles = np.flatnonzero(lane.fed_by != NOTHING)
    loads = lane.fed_by[tiles].tolist()
    return {tile: (load, first_id + load) for tile, load in zip(tiles.tolist(), loads, strict=True)}
