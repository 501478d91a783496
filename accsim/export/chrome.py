"""The older JSON trace format, gzipped: for chrome://tracing, ui.perfetto.dev and scripts."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accsim.export.events import PassEvents, Slice

Record = dict[str, Any]


def write_chrome_json_gz(path: Path, events: PassEvents) -> None:
    """Write the trace to `path`; equal events give equal bytes.

    The format knows no nested tracks: each group becomes a "process" and each lane a "thread".
    Its times are microseconds; three decimals keep whole nanoseconds.

    Raises:
        OSError: the file cannot be written.
    """
    with (
        path.open("wb") as raw,
        # The name and the time of writing would make equal traces differ.
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=5, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="ascii", newline="\n") as file,
    ):
        file.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
        separator = ""
        encode = json.JSONEncoder(allow_nan=False).encode
        for record in _records(events):
            file.write(separator + encode(record))
            separator = ",\n"
        file.write("\n]}\n")


def _records(events: PassEvents) -> Iterator[Record]:
    process_of: dict[int, int] = {}
    counters: dict[int, tuple[str, str]] = {}
    for track in events.tracks():
        process = track.id if track.kind == "group" else track.parent
        process_of[track.id] = process
        if track.kind == "counter":
            counters[track.id] = (track.name, track.unit)
            continue
        what = "process" if track.kind == "group" else "thread"
        at: Record = {"ph": "M", "pid": process, "tid": track.id}
        yield {"name": f"{what}_name", **at, "args": {"name": track.name}}
        yield {"name": f"{what}_sort_index", **at, "args": {"sort_index": track.id}}
    for piece in events.slices():
        yield from _slice_records(piece, process_of[piece.track])
    for sample in events.samples():
        name, unit = counters[sample.track]
        yield {
            "name": name,
            "ph": "C",
            "pid": process_of[sample.track],
            "ts": sample.time_ns / 1000,
            "args": {unit: sample.value},
        }


def _slice_records(piece: Slice, process: int) -> Iterator[Record]:
    start = piece.start_ns / 1000
    yield {
        "name": piece.name,
        "ph": "X",
        "pid": process,
        "tid": piece.track,
        "ts": start,
        "dur": (piece.end_ns - piece.start_ns) / 1000,
        "args": dict(piece.args),
    }
    for phase, flows in (("s", piece.flows_out), ("f", piece.flows_in)):
        for flow in flows:
            arrow: Record = {"name": "needs", "cat": "needs", "ph": phase, "id": flow}
            if phase == "f":
                arrow["bp"] = "e"
            yield {**arrow, "pid": process, "tid": piece.track, "ts": start}
