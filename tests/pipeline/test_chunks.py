"""Prompts in chunks, and passes of several query rows, through all stages."""

from __future__ import annotations

import pytest

from accsim.analysis.measure import measure
from accsim.chip import Chip
from accsim.config.resolve import load_chip
from accsim.ops import OpTrace
from accsim.pipeline import run, simulate_pass
from accsim.tracing.verification import verify_pass

from .models import ALL_FP16, MEDIUM, SMALL, ordinary, traced, with_heads


@pytest.fixture(scope="module")
def chip() -> Chip:
    return load_chip("ddr_npu")


def elapsed_ps(chip: Chip, trace: OpTrace, number: int) -> int:
    one = simulate_pass(chip, trace, trace.runs[0].name, number)
    return measure(chip, one.graph, one.program, one.timeline).elapsed_ps


def test_the_first_token_comes_after_all_chunks(chip: Chip) -> None:
    trace = traced(SMALL, with_heads(2), prompt=50, output=3, chunk=20)
    result = run(chip, trace, exact=True).runs[0]
    assert [trace.graphs[step.graph].rows for step in trace.runs[0].prefill] == [20, 20, 10]
    assert result.prefill_ps == sum(elapsed_ps(chip, trace, number) for number in range(3))


def test_decode_passes_are_numbered_behind_those_of_the_prefill(chip: Chip) -> None:
    trace = traced(SMALL, ordinary(), prompt=50, output=3, chunk=20)
    graphs = [simulate_pass(chip, trace, "ordinary", number).graph.name for number in range(5)]
    assert graphs == ["prefill_chunk-3"] * 2 + ["prefill-3"] + ["decode-3"] * 2


def test_chunks_have_the_macs_of_the_whole_prompt(chip: Chip) -> None:
    whole, parts = (
        run(chip, traced(SMALL, ordinary(), prompt=50, output=2, chunk=chunk)).runs[0]
        for chunk in (None, 20)
    )
    assert parts.prefill_macs == whole.prefill_macs
    assert parts.prefill_dram_read_bytes > whole.prefill_dram_read_bytes
    assert parts.decode_ps == whole.decode_ps


def test_interpolated_chunks_take_the_time_of_simulated_ones(chip: Chip) -> None:
    trace = traced(MEDIUM, ordinary(), prompt=1000, output=2, chunk=64)
    sampled, exact = (run(chip, trace, exact=each).runs[0] for each in (False, True))
    assert sampled.prefill_ps == pytest.approx(exact.prefill_ps, rel=1e-3)
    assert sampled.prefill_dram_read_bytes == exact.prefill_dram_read_bytes
    # 16 passes of 12 layers.
    assert exact.sampling.prefill_layers == exact.sampling.prefill_layers_simulated == 192
    assert sampled.sampling.prefill_layers == 192
    assert sampled.sampling.prefill_layers_simulated < 10 * 5
    assert 0 < sampled.sampling.max_error < 1e-3


@pytest.mark.parametrize(("prompt", "chunk"), [(1, None), (1, 8), (4096, 512), (4096, None)])
def test_the_shortest_and_the_longest_prompt_are_simulated(
    chip: Chip, prompt: int, chunk: int | None
) -> None:
    trace = traced(SMALL, ordinary(), prompt=prompt, output=2, chunk=chunk)
    result = run(chip, trace).runs[0]
    assert result.prefill_ps >= result.prefill_floor_s * 1e12


def test_a_verification_pass_is_what_a_run_of_its_trace_decodes(chip: Chip) -> None:
    one, eight = (
        run(chip, verify_pass(SMALL, ALL_FP16, rows=rows, context=100)).runs[0] for rows in (1, 8)
    )
    assert (one.passes, eight.passes) == (1, 1)
    assert eight.mean_tokens_per_pass == 8
    # 8 rows share the weights and the cache, and bring 7 more embedding rows of 512 B.
    assert eight.decode_dram_read_bytes == one.decode_dram_read_bytes + 7 * 512
