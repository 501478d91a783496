"""The gzipped JSON trace, read back with json."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from accsim.export.chrome import write_chrome_json_gz
from accsim.export.events import LOAD

from .small import small_pass


def records(folder: Path) -> list[dict[str, Any]]:
    path = folder / "pass.json.gz"
    write_chrome_json_gz(path, small_pass())
    trace: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    assert trace["displayTimeUnit"] == "ns"
    found: list[dict[str, Any]] = trace["traceEvents"]
    return found


def test_no_two_slices_of_a_lane_overlap(tmp_path: Path) -> None:
    """In ns again, exactly: three decimals of a microsecond."""
    ended: dict[int, int] = defaultdict(int)
    slices = [record for record in records(tmp_path) if record["ph"] == "X"]
    for record in slices:
        start, length = round(record["ts"] * 1000), round(record["dur"] * 1000)
        assert start / 1000 == record["ts"]
        assert start >= ended[record["tid"]]
        ended[record["tid"]] = start + length
    assert len(slices) == 13


def test_bytes_of_the_load_slices_are_those_of_the_program(tmp_path: Path) -> None:
    """4000 + 4000 + 1200."""
    loads = [r for r in records(tmp_path) if r["ph"] == "X" and r["tid"] == LOAD]
    assert sum(record["args"]["bytes"] for record in loads) == 9200


def test_the_area_under_the_bandwidth_is_all_bytes(tmp_path: Path) -> None:
    """500 windows of 6 ns."""
    samples = [r for r in records(tmp_path) if r["ph"] == "C" and r["name"] == "bandwidth"]
    assert round(sum(6 * sample["args"]["GB/s"] for sample in samples), 6) == 9600


def test_groups_are_processes_and_lanes_threads(tmp_path: Path) -> None:
    named = [r for r in records(tmp_path) if r["ph"] == "M" and r["name"].endswith("_name")]
    processes = {r["pid"]: r["args"]["name"] for r in named if r["name"] == "process_name"}
    threads = {r["args"]["name"]: processes[r["pid"]] for r in named if r["name"] == "thread_name"}
    assert threads == {
        "array": "Compute",
        "vector": "Compute",
        "load": "DMA",
        "store": "DMA",
        "channel 0": "DRAM",
        "channel 1": "DRAM",
    }


def test_every_arrow_has_two_ends(tmp_path: Path) -> None:
    found = records(tmp_path)
    assert [r["id"] for r in found if r["ph"] == "s"] == [1, 2, 6]
    assert [r["id"] for r in found if r["ph"] == "f"] == [1, 2, 6]


def test_equal_passes_give_equal_bytes(tmp_path: Path) -> None:
    write_chrome_json_gz(tmp_path / "one", small_pass())
    write_chrome_json_gz(tmp_path / "two", small_pass())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
