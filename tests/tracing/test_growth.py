"""Work as a function of the context."""

from __future__ import annotations

import pytest

from accsim.tracing.decoding import trace_workload
from accsim.tracing.growth import Growth, add_up

from .samples import tiny_workload


@pytest.mark.parametrize(
    ("growth", "text"),
    [
        (Growth(12, 0), 12),
        (Growth(0, 65536), "0+8192*context"),
        (Growth(7, 12), "7+ceil(12*context/8)"),
    ],
)
def test_growth_is_written_as_a_number_or_a_formula(growth: Growth, text: int | str) -> None:
    assert growth.text() == text


def test_growth_of_half_bytes_is_rounded_up() -> None:
    # 3 elements of 4 bits: 12 bits per token.
    def stored(context: int) -> int:
        return 5 + (12 * context + 7) // 8

    growth = Growth.of(stored)
    assert growth == Growth(5, 12)
    assert [growth.at(context) for context in range(20)] == [stored(c) for c in range(20)]


def test_totals_are_the_sums_over_all_passes_of_all_runs() -> None:
    trace = trace_workload(tiny_workload(heads=3, output_tokens=9, batch=2))
    passes = [(trace.graphs[p.graph], p.context) for run in trace.runs for p in run.passes()]
    totals = add_up(trace)
    assert totals.macs == sum(graph.macs(context) for graph, context in passes)
    assert totals.dram_read_bytes == sum(graph.dram_read_bytes(c) for graph, c in passes)
    assert totals.dram_write_bytes == sum(graph.dram_write_bytes() for graph, _ in passes)
    assert (totals.graphs, totals.runs, totals.passes) == (4, 2, len(passes))
