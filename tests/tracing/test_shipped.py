"""The example traces and the page about the format are what the code makes."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from accsim.tracing.file import read_trace
from accsim.tracing.records import (
    RECORDS,
    AcceptanceRecord,
    AttentionRecord,
    FormatRecord,
    HeaderRecord,
    RecordingRecord,
    TensorRecord,
    TotalsRecord,
)
from accsim.tracing.shipped import main, shipped_traces

ROOT = Path(__file__).parents[2]
TRACES = shipped_traces()
PAGE = (ROOT / "docs" / "trace-format.md").read_text()


@pytest.mark.parametrize("name", TRACES)
def test_a_shipped_trace_is_current_and_small(name: str) -> None:
    path = ROOT / "traces" / name
    assert read_trace(path) == TRACES[name]
    assert path.stat().st_size < 200_000


def test_the_folder_holds_these_traces_and_describes_each(tmp_path: Path) -> None:
    main(tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert sorted(path.name for path in (ROOT / "traces").glob("*.gz")) == made
    readme = (ROOT / "traces" / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in made)


def test_the_single_token_example_is_one_pass_at_context_2048() -> None:
    trace = TRACES["llama2_7b_decode_1.jsonl.gz"]
    (step,) = trace.runs[0].decode
    assert (step.contexts, step.emitted) == ((2048,), (1,))
    read = trace.graphs[step.graph].dram_read_bytes(2048)
    assert read == 13_214_695_424 + 1_073_741_824


def test_the_four_token_example_emits_four_tokens_and_reads_the_same_weights() -> None:
    # Three more embedding rows of 8192 bytes are all that it reads beyond one token.
    trace = TRACES["llama2_7b_mtp_pass_k4.jsonl.gz"]
    (step,) = trace.runs[0].decode
    assert (step.contexts, step.emitted) == ((2048,), (4,))
    read = trace.graphs[step.graph].dram_read_bytes(2048)
    assert read == 13_214_695_424 + 1_073_741_824 + 3 * 8192


def test_the_prefill_example_has_1920_rows() -> None:
    trace = TRACES["llama2_7b_prefill_1920.jsonl.gz"]
    assert trace.graphs[trace.runs[0].prefill[0].graph].rows == 1920


def test_the_examples_of_the_page_are_lines_of_a_shipped_trace() -> None:
    with gzip.open(ROOT / "traces" / "llama2_7b_decode_1.jsonl.gz", "rt") as stream:
        lines = [json.loads(line) for line in stream]
    shown = [json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", PAGE)]
    assert len(shown) == 5
    assert [example in lines for example in shown] == [True] * 5


def test_the_page_describes_every_key() -> None:
    inner = (AcceptanceRecord, AttentionRecord, FormatRecord, RecordingRecord, TensorRecord)
    models = (HeaderRecord, TotalsRecord, *inner)
    keys = {key for model in (*models, *RECORDS.values()) for key in model.model_fields}
    assert sorted(key for key in keys if f"`{key}`" not in PAGE) == []
