"""Trace files: writing, and reading back what was written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import accsim
from accsim.errors import InvariantError
from accsim.ops import NumberFormat
from accsim.tracing.decoding import trace_workload
from accsim.tracing.file import read_trace, write_trace
from accsim.workload import Precision

from .samples import FP16, TINY, ordinary, workload
from .spoiling import TRACE, Records, find


@pytest.mark.parametrize("name", ["trace.jsonl", "trace.jsonl.gz"])
def test_a_written_trace_reads_back_equal(name: str, tmp_path: Path) -> None:
    write_trace(TRACE, tmp_path / name)
    assert read_trace(tmp_path / name) == TRACE


def test_two_formats_of_one_name_stay_apart(tmp_path: Path) -> None:
    # A cache in "int8" without scales beside weights in "int8" with them.
    weights = NumberFormat("int8", 8, per_channel=True, scale_bits=16)
    precision = Precision(weights, FP16, NumberFormat("int8", 8))
    trace = trace_workload(workload(ordinary(), model=TINY, precision=precision))
    write_trace(trace, tmp_path / "trace.jsonl")
    header = json.loads((tmp_path / "trace.jsonl").read_text().splitlines()[0])
    assert list(header["number_formats"]) == ["fp16", "int8", "int8#2", "token_id"]
    assert read_trace(tmp_path / "trace.jsonl") == trace


def test_the_bytes_of_a_compressed_trace_do_not_depend_on_time_or_name(tmp_path: Path) -> None:
    write_trace(TRACE, tmp_path / "a.jsonl.gz")
    os.utime(tmp_path, (0, 0))
    write_trace(TRACE, tmp_path / "b.jsonl.gz")
    first = (tmp_path / "a.jsonl.gz").read_bytes()
    assert first == (tmp_path / "b.jsonl.gz").read_bytes()
    assert first[4:8] == bytes(4)  # the time stamp of RFC 1952


def test_the_bytes_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from accsim.tracing.shipped import main; main(Path(sys.argv[1]))"
    )
    made = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        root = Path(accsim.__file__).parents[1]
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        subprocess.run([sys.executable, "-c", program, str(folder)], check=True, env=env)
        made.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert made[0] == made[1]


def test_the_header_states_what_the_file_holds(good: Records) -> None:
    header = good[0]
    assert (header["format"], header["accsim_version"]) == ("accsim.trace/1", accsim.__version__)
    counted = {
        f"{kind}s" if kind != "pass" else "passes": sum(r.get("record") == kind for r in good)
        for kind in ("graph", "op", "run", "pass")
    }
    assert {key: header["totals"][key] for key in counted} == counted


def test_an_operator_states_its_work_as_a_formula_of_the_context(good: Records) -> None:
    # 2 sequences of 1 row: 2 x 4 heads x 4 MACs with the own keys; a cached token adds
    # 16 MACs and 16 bytes of keys.
    scores = find(good, graph="decode-3", name="layers.0.scores")
    assert scores["macs"] == "32+16*context"
    assert scores["dram_read_bytes"] == "0+16*context"
    assert scores["dram_write_bytes"] == 0
    assert scores["after"] == ["layers.0.rotary"]


def test_a_trace_with_numbers_beyond_the_format_is_not_written(tmp_path: Path) -> None:
    trace = replace(TRACE, seed=2**64)
    with pytest.raises(InvariantError, match="the trace of 'sample' cannot be written"):
        write_trace(trace, tmp_path / "trace.jsonl")
    assert list(tmp_path.iterdir()) == []
