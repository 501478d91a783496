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
from itertools import islice
from typing import Literal, NamedTuple

from accsim.chip import Chip
from accsim.export.counters import dram_bandwidth, sram_fill
from accsim.ops import PassGraph
from accsim.program import UNIT_NAMES, Commands, Program, Tiles, Transfers, Unit
from accsim.timeline import NO_BLOCKER, SLOT_BLOCKER, SRAM_BLOCKER, Timeline

SLICE_CAP = 2_000_000
"""Viewers become unusable beyond some millions of slices: later ones are left out, and counted."""

BLOCKER_NAMES = {
    NO_BLOCKER: "previous command",
    **dict(enumerate(UNIT_NAMES)),
    SRAM_BLOCKER: "SRAM room",
    SLOT_BLOCKER: "DMA slot",
}

Args = tuple[tuple[str, int | str], ...]


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

    chip: Chip
    graph: PassGraph
    program: Program
    timeline: Timeline
    cap: int = SLICE_CAP

    @property
    def title(self) -> str:
        """What the pass is, in one line; says so if slices were left out."""
        contexts = self.program.contexts
        title = f"{self.chip.name}: pass {self.program.graph}, {sum(contexts)} tokens cached"
        if len(contexts) > 1:
            title += f" in {len(contexts)} sequences"
        if self.dropped:
            title += f" (only the first {self.cap:,} of {self.total_slices:,} slices)"
        return title

    @cached_property
    def total_slices(self) -> int:
        """How many slices the whole pass has, left out or not."""
        commands = sum(len(lane) for lane in self.timeline.lanes)
        return commands + int((self.timeline.memory.finish_ps > 0).sum())

    @property
    def dropped(self) -> int:
        """How many of them lie beyond the cap."""
        return max(0, self.total_slices - self.cap)

    def tracks(self) -> Iterator[Track]:
        """Parents first, siblings in the order to be shown."""
        yield Track(ROOT, 0, self.title, "group", "", "One traversal of the model.")
        yield Track(COMPUTE, ROOT, "Compute", "group", "", "Tiles, each on its unit.")
        yield Track(ARRAY, COMPUTE, "array", "lane", "", "Matrix tiles.")
        yield Track(VECTOR, COMPUTE, "vector", "lane", "", "Norms, softmax and the like.")
        yield Track(DMA, ROOT, "DMA", "group", "", "Descriptors between DRAM and SRAM.")
        about = "Each descriptor while the memory serves it, in the order of the memory system."
        yield Track(LOAD, DMA, "load", "lane", "", about)
        yield Track(STORE, DMA, "store", "lane", "", about)
        about = "Activations and stream buffer."
        yield Track(SRAM, ROOT, "SRAM in use", "counter", "B", about)
        yield Track(DRAM, ROOT, "DRAM", "group", "", "What is on the data buses.")
        about = "Both directions, all channels."
        yield Track(BANDWIDTH, DRAM, "bandwidth", "counter", "GB/s", about)
        about = "Each descriptor from its first to its last data on this channel."
        for channel in range(self.chip.memory.channels):
            yield Track(FIRST_CHANNEL + channel, DRAM, f"channel {channel}", "lane", "", about)

    def samples(self) -> Iterator[Sample]:
        """Counters, one after the other, each in order of time."""
        for time_ns, value in sram_fill(self.program, self.timeline):
            yield Sample(SRAM, time_ns, value)
        for time_ns, value in dram_bandwidth(self.program, self.timeline):
            yield Sample(BANDWIDTH, time_ns, value)

    def slices(self) -> Iterator[Slice]:
        """Lane by lane, each in order of time; at most `cap` of them."""
        return islice(self._all_slices(), self.cap)

    def _all_slices(self) -> Iterator[Slice]:
        loads, stores = _service_windows(self.timeline)
        array_flows = _flows(self.program.array, first_id=1)
        vector_flows = _flows(self.program.vector, first_id=1 + len(self.program.loads))
        leaving: dict[int, tuple[int, ...]] = {}
        for flows in (array_flows, vector_flows):
            for load, flow in flows.values():
                leaving[load] = (*leaving.get(load, ()), flow)
        yield from self._transfers(Unit.LOAD, LOAD, self.program.loads, loads, leaving)
        yield from self._transfers(Unit.STORE, STORE, self.program.stores, stores, {})
        yield from self._tiles(Unit.ARRAY, ARRAY, self.program.array, array_flows)
        yield from self._tiles(Unit.VECTOR, VECTOR, self.program.vector, vector_flows)
        for channel in range(self.chip.memory.channels):
            yield from self._channel(channel)

    @cached_property
    def _op_args(self) -> list[Args]:
        """What is said of each operator on every one of its slices."""
        return [
            (("group", op.group),)
            if op.layer is None
            else (("group", op.group), ("layer", op.layer))
            for op in self.graph.ops
        ]

    def _about(self, unit: Unit, queue: Commands) -> Iterator[tuple[int, int, str, Args]]:
        """Start, end of its occupied span, name and first arguments of each command of a unit."""
        ops, labels, op_args = self.graph.ops, self.program.labels, self._op_args
        lane = self.timeline.lane(unit)
        columns = (lane.start_ps, lane.free_ps, lane.end_ps, lane.blocker)
        rows = zip(queue.op, queue.label, *(column.tolist() for column in columns), strict=True)
        for op, label, start, free, end, blocker in rows:
            args = (
                ("tile", labels[label]),
                *op_args[op],
                ("start_ps", start),
                ("end_ps", end),
                ("waited_for", BLOCKER_NAMES[blocker]),
            )
            yield start, free, ops[op].name, args

    def _transfers(
        self,
        unit: Unit,
        track: int,
        queue: Transfers,
        windows: dict[int, tuple[int, int]],
        leaving: dict[int, tuple[int, ...]],
    ) -> Iterator[Slice]:
        for index, (_, _, name, args) in enumerate(self._about(unit, queue)):
            begin, finish = windows[index]
            args += (("bytes", queue.bytes_of(index)), ("address", f"{queue.address[index]:#x}"))
            flows = leaving.get(index, ())
            yield Slice(track, begin // 1000, finish // 1000, name, args, flows, ())

    def _tiles(
        self, unit: Unit, track: int, queue: Tiles, flows: dict[int, tuple[int, int]]
    ) -> Iterator[Slice]:
        waits = self.timeline.lane(unit).sram_wait_ps.tolist()
        for index, (start, free, name, args) in enumerate(self._about(unit, queue)):
            args += (("cycles", queue.cycles[index]), ("sram_bytes", queue.sram_bytes[index]))
            if unit == Unit.ARRAY:
                args += (("macs", queue.macs[index]),)
            arriving = (flows[index][1],) if index in flows else ()
            if waits[index]:
                args += (("sram_wait_ps", waits[index]),)
            yield Slice(track, start // 1000, free // 1000, name, args, (), arriving)

    def _channel(self, channel: int) -> Iterator[Slice]:
        memory = self.timeline.memory
        columns = (
            memory.unit.tolist(),
            memory.index.tolist(),
            memory.begin_ps[:, channel].tolist(),
            memory.finish_ps[:, channel].tolist(),
        )
        free = 0
        for unit, index, begin, finish in zip(*columns, strict=True):
            if not finish:
                continue
            queue = self.program.loads if unit == Unit.LOAD else self.program.stores
            op = queue.op[index]
            args = (
                ("tile", self.program.labels[queue.label[index]]),
                *self._op_args[op],
                ("direction", UNIT_NAMES[unit]),
                ("descriptor_bytes", queue.bytes_of(index)),
            )
            begin = max(begin, free)
            free = max(begin, finish)
            name = self.graph.ops[op].name
            yield Slice(FIRST_CHANNEL + channel, begin // 1000, free // 1000, name, args, (), ())


def _service_windows(
    timeline: Timeline,
) -> tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]]:
    """When the memory served each load and each store, in ps: begun once the one before was done.

    A descriptor that finished before its predecessor gets an empty window at that one's end.
    """
    windows: tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]] = ({}, {})
    starts = [timeline.lane(unit).start_ps.tolist() for unit in (Unit.LOAD, Unit.STORE)]
    ends = [timeline.lane(unit).end_ps.tolist() for unit in (Unit.LOAD, Unit.STORE)]
    free = 0
    memory = timeline.memory
    for unit, index in zip(memory.unit.tolist(), memory.index.tolist(), strict=True):
        begin = max(starts[unit][index], free)
        free = max(begin, ends[unit][index])
        windows[unit][index] = (begin, free)
    return windows


def _flows(queue: Tiles, first_id: int) -> dict[int, tuple[int, int]]:
    """For each tile that waits for a load which no tile before it waited for: (load, arrow id)."""
    flows: dict[int, tuple[int, int]] = {}
    reached = 0
    for index, needed in enumerate(queue.needs[Unit.LOAD]):
        if needed > reached:
            flows[index] = (needed - 1, first_id + needed - 1)
            reached = needed
    return flows
