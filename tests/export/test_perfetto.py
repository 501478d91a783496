"""The .pftrace file, read back with the messages of the perfetto package."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackDescriptor, TrackEvent

from accsim.export import perfetto
from accsim.export.events import BANDWIDTH, DMA, LOAD, ROOT, SRAM
from accsim.export.perfetto import write_pftrace

from .small import small_pass


def packets(folder: Path) -> Any:
    path = folder / "pass.pftrace"
    write_pftrace(path, small_pass())
    trace = Trace()
    trace.ParseFromString(path.read_bytes())
    return trace.packet


def test_no_two_slices_of_a_lane_overlap(tmp_path: Path) -> None:
    """On each track begins and ends alternate, and time never goes back."""
    open_slices: dict[int, int] = defaultdict(int)
    latest: dict[int, int] = defaultdict(int)
    ended = 0
    for packet in packets(tmp_path):
        event = packet.track_event
        if event.type not in (TrackEvent.TYPE_SLICE_BEGIN, TrackEvent.TYPE_SLICE_END):
            continue
        track = event.track_uuid
        begins = event.type == TrackEvent.TYPE_SLICE_BEGIN
        assert open_slices[track] == (0 if begins else 1)
        open_slices[track] += 1 if begins else -1
        ended += not begins
        assert packet.timestamp >= latest[track]
        latest[track] = packet.timestamp
    assert ended == 13


def test_bytes_of_the_load_slices_are_those_of_the_program(tmp_path: Path) -> None:
    """4000 + 4000 + 1200."""
    total = sum(
        note.int_value
        for packet in packets(tmp_path)
        if packet.track_event.track_uuid == LOAD
        for note in packet.track_event.debug_annotations
        if note.name == "bytes"
    )
    assert total == 9200


def test_tracks_are_nested_and_explicitly_ordered(tmp_path: Path) -> None:
    described = [p.track_descriptor for p in packets(tmp_path) if p.HasField("track_descriptor")]
    tracks = {track.uuid: track for track in described}
    assert tracks[ROOT].name == "pocket: pass decode-1, 10 tokens cached"
    assert tracks[ROOT].child_ordering == TrackDescriptor.EXPLICIT
    assert tracks[LOAD].parent_uuid == DMA
    assert tracks[DMA].parent_uuid == ROOT
    below_root = [t for t in described if t.parent_uuid == ROOT]
    assert [t.name for t in sorted(below_root, key=lambda t: t.sibling_order_rank)] == [
        "Compute",
        "DMA",
        "SRAM in use",
        "DRAM",
    ]


def test_counters_have_units_and_values(tmp_path: Path) -> None:
    """The area under the bandwidth curve, 500 windows of 6 ns, is 9600 bytes."""
    units, bandwidth, fill = {}, 0.0, []
    for packet in packets(tmp_path):
        if packet.track_descriptor.HasField("counter"):
            track = packet.track_descriptor
            units[track.name] = track.counter.unit_name
        event = packet.track_event
        if event.type == TrackEvent.TYPE_COUNTER and event.track_uuid == BANDWIDTH:
            bandwidth += 6 * event.double_counter_value
        elif event.type == TrackEvent.TYPE_COUNTER and event.track_uuid == SRAM:
            fill.append(event.counter_value)
    assert units == {"bandwidth": "GB/s", "SRAM in use": "B"}
    assert round(bandwidth, 6) == 9600
    assert fill == [5000, 9000, 6200, 2200, 1000, 1000]


def test_arrows_leave_their_load_before_they_end(tmp_path: Path) -> None:
    left: list[int] = []
    for packet in packets(tmp_path):
        left += packet.track_event.flow_ids
        for flow in packet.track_event.terminating_flow_ids:
            assert flow in left
    assert left == [1, 2, 6]


def test_equal_passes_give_equal_bytes_however_they_are_chunked(
    tmp_path: Path, monkeypatch: Any
) -> None:
    write_pftrace(tmp_path / "one", small_pass())
    write_pftrace(tmp_path / "two", small_pass())
    monkeypatch.setattr(perfetto, "CHUNK", 2)
    write_pftrace(tmp_path / "three", small_pass())
    first = (tmp_path / "one").read_bytes()
    assert (tmp_path / "two").read_bytes() == first
    assert (tmp_path / "three").read_bytes() == first
