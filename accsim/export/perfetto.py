"""The native trace of Perfetto (``.pftrace``): integer ns, nested tracks in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, TypeVar

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import (
    TracePacket,
    TrackDescriptor,
    TrackEvent,
)
from perfetto.trace_builder.proto_builder import TraceProtoBuilder

from accsim.export.events import PassEvents, Sample, Slice, Track

SEQUENCE = 1
"""All packets come from one writer; the format wants it numbered."""
CHUNK = 2048
"""Events encoded at a time: traces laid end to end are one trace, so memory stays small."""

Event = TypeVar("Event")


def write_pftrace(path: Path, events: PassEvents) -> None:
    """Write the trace to `path`; equal events give equal bytes.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("wb") as file:
        _write(file, events.tracks(), _add_track)
        _write(file, events.slices(), _add_slice)
        _write(file, events.samples(), _add_sample)


def _write(
    file: BinaryIO, events: Iterable[Event], add: Callable[[TraceProtoBuilder, Event], None]
) -> None:
    builder = TraceProtoBuilder()
    for number, event in enumerate(events, start=1):
        add(builder, event)
        if number % CHUNK == 0:
            file.write(builder.serialize())
            builder = TraceProtoBuilder()
    file.write(builder.serialize())


def _add_packet(builder: TraceProtoBuilder, time_ns: int) -> TracePacket:
    packet = builder.add_packet()
    packet.timestamp = time_ns
    packet.trusted_packet_sequence_id = SEQUENCE
    return packet


def _add_track(builder: TraceProtoBuilder, track: Track) -> None:
    descriptor = _add_packet(builder, 0).track_descriptor
    descriptor.uuid = track.id
    descriptor.name = track.name
    descriptor.description = track.about
    descriptor.sibling_order_rank = track.id
    if track.parent:
        descriptor.parent_uuid = track.parent
    if track.kind == "group":
        descriptor.child_ordering = TrackDescriptor.EXPLICIT
    elif track.kind == "counter":
        descriptor.counter.unit_name = track.unit


def _add_slice(builder: TraceProtoBuilder, piece: Slice) -> None:
    event = _add_packet(builder, piece.start_ns).track_event
    event.type = TrackEvent.TYPE_SLICE_BEGIN
    event.track_uuid = piece.track
    event.name = piece.name
    event.flow_ids.extend(piece.flows_out)
    event.terminating_flow_ids.extend(piece.flows_in)
    annotate = event.debug_annotations.add
    for name, value in piece.args:
        if isinstance(value, int):
            annotate(name=name, int_value=value)
        else:
            annotate(name=name, string_value=value)
    event = _add_packet(builder, piece.end_ns).track_event
    event.type = TrackEvent.TYPE_SLICE_END
    event.track_uuid = piece.track


def _add_sample(builder: TraceProtoBuilder, sample: Sample) -> None:
    event = _add_packet(builder, sample.time_ns).track_event
    event.type = TrackEvent.TYPE_COUNTER
    event.track_uuid = sample.track
    if isinstance(sample.value, int):
        event.counter_value = sample.value
    else:
        event.double_counter_value = sample.value
