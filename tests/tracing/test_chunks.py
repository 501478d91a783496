"""A prompt that is read in several passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from accsim.ops import OpTrace
from accsim.tracing.decoding import trace_workload
from accsim.tracing.file import read_trace, write_trace

from .samples import TINY, multi, ordinary, workload


def traced(prompt: int, chunk: int | None, heads: int = 0, batch: int = 1) -> OpTrace:
    spec = multi(heads, trained=2) if heads else ordinary()
    case = workload(spec, model=TINY, prompt_tokens=prompt, batch=batch)
    return trace_workload(replace(case, prefill_chunk_tokens=chunk))


def prefill_work(trace: OpTrace) -> tuple[int, int, int]:
    """MACs, bytes read and bytes written of the whole prefill."""
    passes = [(trace.graphs[step.graph], step.context) for step in trace.runs[0].prefill]
    return (
        sum(graph.macs(context) for graph, context in passes),
        sum(graph.dram_read_bytes(context) for graph, context in passes),
        sum(graph.dram_write_bytes() for graph, _ in passes),
    )


@pytest.mark.parametrize(
    ("prompt", "chunk", "rows"),
    [
        (10, 4, [4, 4, 2]),
        (12, 4, [4, 4, 4]),
        (3, 1, [1, 1, 1]),
        (1, 4, [1]),
        (5, 8, [5]),
        (4096, 1500, [1500, 1500, 1096]),
    ],
)
def test_a_pass_reads_a_chunk_behind_those_before_it(
    prompt: int, chunk: int, rows: list[int]
) -> None:
    trace = traced(prompt, chunk)
    prefill = trace.runs[0].prefill
    assert [trace.graphs[step.graph].rows for step in prefill] == rows
    assert [step.contexts for step in prefill] == [(sum(rows[:i]),) for i in range(len(rows))]
    assert [step.emitted for step in prefill] == [(0,)] * (len(rows) - 1) + [(1,)]
    assert trace.runs[0].decode[0].contexts == (prompt,)


@pytest.mark.parametrize("chunk", [5, 6, 4096])
def test_a_chunk_of_the_whole_prompt_changes_nothing(chunk: int) -> None:
    assert traced(5, chunk) == traced(5, None)


def test_chunks_read_the_weights_once_each_and_their_cache() -> None:
    # Elements: 3 chunks of 3 layers x (672 + 2 norms of 8); at the end a norm and an LM head of
    # 20 x 8; 10 embedding rows of 8; a cache of 4 and then 8 tokens x 3 layers x 16.
    _, read, written = prefill_work(traced(10, 4))
    assert read == 2 * (3 * 3 * (672 + 16) + 8 + 160 + 10 * 8 + (4 + 8) * 3 * 16)
    assert written == 2 * 10 * 3 * 16


@pytest.mark.parametrize("heads", [0, 2])
@pytest.mark.parametrize("chunk", [1, 4, 7])
def test_chunks_take_the_macs_and_leave_the_entries_of_the_whole_prompt(
    chunk: int, heads: int
) -> None:
    whole, parts = (prefill_work(traced(10, c, heads, batch=2)) for c in (None, chunk))
    assert (parts[0], parts[2]) == (whole[0], whole[2])


def test_the_macs_of_chunks_by_hand() -> None:
    # 10 rows of 3 layers of 672 weights, one row of the LM head (160), and per layer the pairs of
    # 4 rows alone (10), 4 behind 4 (26) and 2 behind 8 (19) of 2 x 4 heads x 4.
    macs, _, _ = prefill_work(traced(10, 4))
    assert macs == 10 * 3 * 672 + 160 + 3 * (10 + 26 + 19) * 32


def test_only_the_last_chunk_has_a_final_norm_and_an_lm_head() -> None:
    trace = traced(10, 4, heads=2)
    chunk, last = trace.graphs["prefill_chunk-1+2"], trace.graphs["prefill-1+2"]
    assert [op.name for op in chunk.ops[-1:]] == ["heads.2.ffn_residual"]
    assert [op.name for op in last.ops[-3:]] == ["final_norm", "lm_head", "argmax"]
    assert [op.rows for op in last.ops[-3:]] == [2, 2, 2]


def test_every_chunk_appends_to_the_caches_of_all_heads() -> None:
    chunk = traced(10, 4, heads=2).graphs["prefill_chunk-1+2"]
    appended = [op.name for op in chunk.ops if op.kind == "kv_append"]
    assert appended == [f"{layer}.kv_append" for layer in ("layers.0", "heads.1", "heads.2")]


def test_a_trace_in_chunks_survives_the_round_trip(tmp_path: Path) -> None:
    trace = traced(10, 4, heads=2, batch=2)
    write_trace(trace, tmp_path / "trace.jsonl")
    assert read_trace(tmp_path / "trace.jsonl") == trace
