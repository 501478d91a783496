"""A pass of m query rows of the ordinary model."""

from __future__ import annotations

import pytest

from accsim.ops import OpTrace
from accsim.tracing.decoding import trace_workload
from accsim.tracing.verification import verify_pass

from .samples import ALL_FP16, TINY, ordinary, workload


def work(trace: OpTrace) -> tuple[int, int, int]:
    (step,) = trace.runs[0].decode
    graph = trace.graphs[step.graph]
    return (
        graph.macs(step.context),
        graph.dram_read_bytes(step.context),
        graph.dram_write_bytes(),
    )


def test_one_row_by_hand() -> None:
    # 3 layers of 672 weights, LM head 160, 11 keys x 32 per layer; read besides the weights: 7
    # norms and 1 embedding row of 8, and 3 x 10 x 16 cached; 2 bytes each.
    assert work(verify_pass(TINY, ALL_FP16, rows=1, context=10)) == (
        3 * 672 + 160 + 3 * 11 * 32,
        2 * (3 * 672 + 160 + 7 * 8 + 8 + 3 * 10 * 16),
        2 * 3 * 16,
    )


def test_eight_rows_of_two_sequences_by_hand() -> None:
    # 16 rows through all weights, LM head included; per sequence and layer 8 x 10 + 36 pairs x 32.
    # Weights and norms are read once, the caches of both sequences once, 16 embedding rows.
    assert work(verify_pass(TINY, ALL_FP16, rows=8, context=10, batch=2)) == (
        16 * (3 * 672 + 160) + 2 * 3 * (80 + 36) * 32,
        2 * (3 * 672 + 160 + 7 * 8 + 16 * 8 + 2 * 3 * 10 * 16),
        2 * 16 * 3 * 16,
    )


def test_one_row_is_an_ordinary_decode_pass() -> None:
    trace = trace_workload(workload(ordinary(), model=TINY, prompt_tokens=10))
    verify = verify_pass(TINY, ALL_FP16, rows=1, context=10)
    assert verify.graphs["verify-3"].ops == trace.graphs["decode-3"].ops


def test_the_prompt_is_cached_but_for_its_last_token() -> None:
    trace = verify_pass(TINY, ALL_FP16, rows=8, context=10, batch=2)
    (run,) = trace.runs
    (prefill,), (decode,) = run.prefill, run.decode
    assert (prefill.contexts, trace.graphs[prefill.graph].rows) == ((9, 9), 1)
    assert (decode.contexts, decode.emitted) == ((10, 10), (8, 8))


@pytest.mark.parametrize("name", ["rows", "context", "batch"])
def test_less_than_one_is_refused(name: str) -> None:
    sizes = {"rows": 1, "context": 1, "batch": 1, name: 0}
    with pytest.raises(ValueError, match=f"^{name} must be at least 1, got 0$"):
        verify_pass(TINY, ALL_FP16, **sizes)
