"""The checks of a trace, each made to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from accsim.errors import InvariantError
from accsim.ops import Attention, NumberFormat, Op, OpTrace, Pass, Tensor
from accsim.tracing.check import check_trace
from accsim.tracing.closed_form import Work, check_closed_form, pass_shapes, work_of
from accsim.tracing.decoding import trace_workload
from accsim.tracing.schemes import Phase
from accsim.workload import Autoregressive, MultiToken

from .samples import ALL_FP16, TINY, ordinary, tiny_workload, workload

WORKLOAD = tiny_workload()
TRACE = trace_workload(WORKLOAD)
GRAPH = TRACE.graphs["decode-3"]


def with_ops(ops: tuple[Op, ...]) -> OpTrace:
    return replace(TRACE, graphs={**TRACE.graphs, "decode-3": replace(GRAPH, ops=ops)})


def with_op(name: str, change: Callable[[Op], Op]) -> OpTrace:
    return with_ops(tuple(change(op) if op.name == name else op for op in GRAPH.ops))


def changed(name: str, /, **fields: Any) -> OpTrace:
    return with_op(name, lambda op: replace(op, **fields))


def reshaped(name: str, tensor: str, *shape: Any) -> OpTrace:
    """The trace with another shape of a tensor that operator `name` has, wherever it appears."""

    def mend(t: Tensor) -> Tensor:
        return replace(t, shape=shape) if t.name == tensor else t

    assert any(
        t.name == tensor for op in GRAPH.ops if op.name == name for t in op.reads + op.writes
    )
    return with_ops(
        tuple(
            replace(op, reads=tuple(map(mend, op.reads)), writes=tuple(map(mend, op.writes)))
            for op in GRAPH.ops
        )
    )


def messages(trace: OpTrace) -> str:
    with pytest.raises(InvariantError) as caught:
        check_trace(trace)
    return str(caught.value)


def test_a_tensor_read_before_it_is_written_is_refused() -> None:
    first, second, *rest = GRAPH.ops
    assert messages(with_ops((second, first, *rest))) == (
        "graph 'decode-3', operator 'layers.0.attn_norm': "
        "reads 'embedding.out' before any operator has written it"
    )


def test_a_chip_tensor_that_nothing_reads_is_refused() -> None:
    trace = with_ops(tuple(op for op in GRAPH.ops if op.kind != "argmax"))
    assert messages(trace) == (
        "graph 'decode-3', operator 'lm_head': writes 'lm_head.out', which nothing reads"
    )


def test_two_operators_of_one_name_are_refused() -> None:
    assert "operator 'lm_head': a second operator of this name" in messages(
        changed("final_norm", name="lm_head")
    )


def test_a_tensor_written_twice_is_refused() -> None:
    trace = with_ops((*GRAPH.ops, replace(GRAPH.ops[-1], name="argmax_again")))
    assert "operator 'argmax_again': writes 'tokens' a second time" in messages(trace)


def test_a_tensor_described_in_two_ways_is_refused() -> None:
    other = Tensor("embedding.out", (1, 8), NumberFormat("int8", 8), "chip")
    trace = with_op("layers.0.attn_norm", lambda op: replace(op, reads=(other, op.reads[1])))
    assert "describes 'embedding.out' otherwise than an earlier operator" in messages(trace)


def test_a_graph_without_operators_is_refused() -> None:
    assert messages(with_ops(())) == "graph 'decode-3': has no operators"


SHAPE_FAULTS = [
    (changed("embedding", rows=2), "embedding", "output: got [(1, 8)], expected [(2, 8)]"),
    (
        reshaped("embedding", "embedding.weight", 20, 9),
        "embedding",
        "table width: got (9,), expected (8,)",
    ),
    (
        reshaped("layers.0.attn_norm", "layers.0.attn_norm.weight", 9),
        "layers.0.attn_norm",
        "norm weight: got [('weights', (9,))], expected [('weights', (8,))]",
    ),
    (
        reshaped("final_norm", "final_norm.out", 2, 8),
        "final_norm",
        "output: got [('chip', (2, 8))], expected [('chip', (1, 8))]",
    ),
    (
        reshaped("layers.0.qkv", "layers.0.qkv.weight", 8, 32),
        "layers.0.qkv",
        "weight: got [('weights', (8, 32))], expected [('weights', (32, 8))]",
    ),
    (
        reshaped("layers.0.qkv", "layers.0.attn_norm.out", 1, 9),
        "layers.0.attn_norm",
        "norm weight: got [('weights', (8,))], expected [('weights', (9,))]",
    ),
    (
        reshaped("layers.0.o_proj", "layers.0.o_proj.out", 1, 9),
        "layers.0.o_proj",
        "output elements: got 9, expected 8",
    ),
    (
        changed("layers.0.gate_up", rows=2),
        "layers.0.gate_up",
        "input elements: got 8, expected 16",
    ),
    (
        reshaped("layers.0.rotary", "layers.0.q_rotated", 1, 8),
        "layers.0.rotary",
        "outputs: got [('chip', (1, 8)), ('chip', (1, 2, 4))], "
        "expected [('chip', (1, 4, 4)), ('chip', (1, 2, 4))]",
    ),
    (
        reshaped("layers.0.kv_append", "layers.0.k_new", 2, 2, 4),
        "layers.0.kv_append",
        "outputs: got [('kv_cache', (2, 2, 4)), ('kv_cache', (1, 2, 4))], "
        "expected [('kv_cache', (1, 2, 4)), ('kv_cache', (1, 2, 4))]",
    ),
    (
        reshaped("layers.0.scores", "layers.0.k_cached", "context", 4, 4),
        "layers.0.scores",
        "cached keys: got [('kv_cache', ('context', 4, 4))], "
        "expected [('kv_cache', ('context', 2, 4))]",
    ),
    (
        reshaped("layers.0.softmax", "layers.0.softmax.out", 4, 1, 7),
        "layers.0.softmax",
        "output: got [('chip', (4, 1, 7))], expected [('chip', (4, 1, 'keys'))]",
    ),
    (
        reshaped("layers.0.attend", "layers.0.v_cached", 9, 2, 4),
        "layers.0.attend",
        "cached values: got [('kv_cache', (9, 2, 4))], expected [('kv_cache', ('context', 2, 4))]",
    ),
    (
        changed("layers.0.attn_residual", rows=2),
        "layers.0.attn_residual",
        "inputs: got [(1, 8), (1, 8)], expected [(2, 8), (2, 8)]",
    ),
    (
        reshaped("layers.0.silu_mul", "layers.0.silu_mul.out", 1, 24),
        "layers.0.silu_mul",
        "input elements: got 24, expected 48",
    ),
    (changed("argmax", rows=2), "argmax", "input rows: got [(1,)], expected [(2,)]"),
    (
        changed("final_norm", rows=3),
        "final_norm",
        "output: got [('chip', (1, 8))], expected [('chip', (3, 8))]",
    ),
    (changed("argmax", inner=4), "argmax", "inner and outer belong to a matmul, not to argmax"),
    (
        changed("argmax", attention=Attention(1, 1, 4, 2, 4)),
        "argmax",
        "an attention shape belongs to scores, softmax and attend, not to argmax",
    ),
    (
        changed("layers.0.softmax", attention=None),
        "layers.0.softmax",
        "softmax needs an attention shape",
    ),
    (
        changed("layers.0.scores", attention=Attention(2, 1, 4, 2, 4)),
        "layers.0.scores",
        "attention sequences: got 2, expected 1",
    ),
    (
        changed("layers.0.scores", attention=Attention(1, 1, 4, 3, 4)),
        "layers.0.scores",
        "4 query heads cannot share 3 KV heads evenly",
    ),
    (
        changed("embedding", reads=()),
        "embedding",
        "an operator needs tensors to read and tensors to write",
    ),
]


@pytest.mark.parametrize(
    ("trace", "name", "message"), SHAPE_FAULTS, ids=[f"{f[1]}-{f[2][:20]}" for f in SHAPE_FAULTS]
)
def test_shapes_that_do_not_fit_the_operator_are_refused(
    trace: OpTrace, name: str, message: str
) -> None:
    assert messages(trace) == f"graph 'decode-3', operator {name!r}: {message}"


def test_a_norm_cannot_make_more_rows_than_it_is_given() -> None:
    def widen(op: Op) -> Op:
        rows = {"final_norm": 2, "lm_head": 2, "argmax": 2}.get(op.name)
        if rows is None:
            return op
        grown = ("final_norm.out", "lm_head.out", "tokens")

        def mend(t: Tensor) -> Tensor:
            return replace(t, shape=(2, *t.shape[1:])) if t.name in grown else t

        return replace(
            op, rows=2, reads=tuple(map(mend, op.reads)), writes=tuple(map(mend, op.writes))
        )

    trace = with_ops(tuple(map(widen, GRAPH.ops)))
    assert messages(trace).endswith("'final_norm': 2 rows cannot come out of 1 input rows")


def test_a_baseline_that_is_no_run_is_refused() -> None:
    assert messages(replace(TRACE, baseline="k9")) == (
        "trace of 'sample': baseline 'k9' names no run (there are: 'ordinary', 'k2')"
    )


def with_run(**fields: Any) -> OpTrace:
    return replace(TRACE, runs=(replace(TRACE.runs[0], **fields), *TRACE.runs[1:]))


def with_pass(index: int, **fields: Any) -> OpTrace:
    decode = list(TRACE.runs[0].decode)
    decode[index] = replace(decode[index], **fields)
    return with_run(decode=tuple(decode))


(PREFILL,) = TRACE.runs[0].prefill
CHUNKED = trace_workload(
    replace(
        workload(ordinary(), model=TINY, prompt_tokens=5, output_tokens=4),
        prefill_chunk_tokens=2,
    )
)


def chunked_with(index: int, **fields: Any) -> OpTrace:
    """A prompt of 5 tokens in passes of 2, 2 and 1, one of them changed."""
    prefill = list(CHUNKED.runs[0].prefill)
    prefill[index] = replace(prefill[index], **fields)
    return replace(CHUNKED, runs=(replace(CHUNKED.runs[0], prefill=tuple(prefill)),))


PASS_FAULTS = [
    (
        with_pass(1, graph="decode-9"),
        "run 'ordinary', decode pass 2: graph 'decode-9' is not in the trace",
    ),
    (
        with_pass(1, contexts=(6, 6)),
        "run 'ordinary', decode pass 2: needs 1 contexts and emitted counts, one per sequence",
    ),
    (
        with_pass(1, contexts=(7,)),
        "run 'ordinary', decode pass 2: contexts: got [7], expected [6]",
    ),
    (
        with_pass(0, emitted=(2,)),
        "run 'ordinary', decode pass 1: emitted: got 2, expected 1 (3 tokens are still to come)",
    ),
    (
        with_pass(0, emitted=(0,)),
        "run 'ordinary', decode pass 1: emitted: got 0, expected 1 (3 tokens are still to come)",
    ),
    (
        with_run(prefill=(replace(PREFILL, contexts=(1,)),)),
        "run 'ordinary', prefill pass: contexts: got [1], expected [0]",
    ),
    (
        with_run(prefill=()),
        "run 'ordinary': has no prefill pass",
    ),
    (
        chunked_with(0, emitted=(1,)),
        "run 'ordinary', prefill pass 1 of 3: emitted: got 1, expected 0 "
        "(4 tokens are still to come)",
    ),
    (
        chunked_with(1, contexts=(3,)),
        "run 'ordinary', prefill pass 2 of 3: contexts: got [3], expected [2]",
    ),
    (
        chunked_with(2, graph="prefill_chunk-3", emitted=(1,)),
        # Two rows instead of one: a token of the prompt would be there twice.
        "run 'ordinary', prefill pass 1 of 3: contexts: got [0], expected [-1]",
    ),
    (
        replace(
            CHUNKED,
            runs=(replace(CHUNKED.runs[0], prompt_tokens=4, prefill=CHUNKED.runs[0].prefill[:2]),),
        ),
        "run 'ordinary', prefill pass 2 of 2: must emit tokens, "
        "but graph 'prefill_chunk-3' has no argmax",
    ),
    (
        with_run(decode=TRACE.runs[0].decode[:-1]),
        "run 'ordinary': ends with 1 tokens of a sequence missing",
    ),
    (
        with_run(expected_tokens_per_pass=1.5),
        "run 'ordinary': expects 1.5 tokens per pass, more than 1 at most",
    ),
    (
        with_run(batch=2),
        "run 'ordinary', prefill pass: graph 'prefill-3' is for 1 sequences",
    ),
]


@pytest.mark.parametrize(("trace", "message"), PASS_FAULTS, ids=[f[1][:50] for f in PASS_FAULTS])
def test_passes_that_do_not_fit_together_are_refused(trace: OpTrace, message: str) -> None:
    assert messages(trace) == message


def test_a_run_cannot_keep_less_in_dram_than_its_passes_read() -> None:
    with pytest.raises(
        InvariantError, match=r"resident_bytes: states 1000, but the weights and KV"
    ):
        check_trace(with_run(resident_bytes=1000))


def test_a_prompt_may_be_cached_in_part() -> None:
    # 5 of 8 prompt tokens are rows of the prefill pass, so 3 were cached before.
    run = TRACE.runs[0]
    moved = tuple(replace(step, contexts=(step.contexts[0] + 3,)) for step in run.decode)
    check_trace(with_run(prompt_tokens=8, prefill=(replace(PREFILL, contexts=(3,)),), decode=moved))


def started_at(*contexts: int) -> OpTrace:
    """A batch of two whose prefill starts at these contexts, of a prompt of 8."""
    trace = trace_workload(tiny_workload(batch=2))
    run = trace.runs[0]

    def moved(step: Pass) -> Pass:
        return replace(
            step, contexts=tuple(a + b for a, b in zip(step.contexts, contexts, strict=True))
        )

    changed_run = replace(
        run,
        prompt_tokens=8,
        prefill=tuple(map(moved, run.prefill)),
        decode=tuple(map(moved, run.decode)),
    )
    return replace(trace, runs=(changed_run, *trace.runs[1:]))


def test_the_prompts_of_a_batch_may_differ() -> None:
    check_trace(started_at(3, 0))


def test_the_longest_prompt_of_a_batch_is_that_of_the_run() -> None:
    assert messages(started_at(2, 0)) == (
        "run 'ordinary', prefill pass: contexts: got [2, 0], the longest must be 3"
    )


def test_what_the_last_layer_of_a_part_of_a_prompt_makes_need_not_be_read() -> None:
    last = CHUNKED.graphs["prefill_chunk-3"].ops[-1]
    assert (last.kind, last.writes[0].name) == ("residual_add", "layers.2.ffn_residual.out")
    check_trace(CHUNKED)


def test_what_other_operators_of_a_part_of_a_prompt_make_must_be_read() -> None:
    graph = CHUNKED.graphs["prefill_chunk-3"]
    graphs = {**CHUNKED.graphs, graph.name: replace(graph, ops=graph.ops[:-1])}
    assert messages(replace(CHUNKED, graphs=graphs)) == (
        "graph 'prefill_chunk-3', operator 'layers.2.down': "
        "writes 'layers.2.down.out', which nothing reads"
    )


def test_a_trace_that_misses_the_closed_form_is_refused_with_both_numbers() -> None:
    # A vocabulary of 21 instead of 20 adds 8 weights to the LM head.
    expected = trace_workload(WORKLOAD).graphs["prefill-3"].macs(0) + 8
    larger = replace(WORKLOAD, model=replace(TINY, vocab=21))
    with pytest.raises(InvariantError) as caught:
        check_closed_form(larger, TRACE)
    text = str(caught.value)
    assert text.startswith("run 'ordinary', graph 'prefill-3' at context 0: traced Work(macs=")
    assert f", closed form Work(macs={expected}, " in text


def test_the_closed_form_of_a_tiny_model_by_hand() -> None:
    # A layer has qkv 32 x 8, o_proj 8 x 16, gate_up 24 x 8, down 8 x 12: 672 weights; the LM head
    # has 20 x 8 = 160.
    # One row at context 10: 3 x 672 + 160 MACs and 3 x 11 pairs x 2 x 16.
    # Read: those weights, 7 norms and 1 embedding row of 8, 3 x 10 x 16 cached, 2 bytes each.
    (shape,) = pass_shapes(TINY, Autoregressive(), Phase("decode", 1))
    assert work_of(TINY, ALL_FP16, 1, shape, 10) == Work(
        macs=3 * 672 + 160 + 3 * 11 * 32,
        dram_read_bytes=2 * (3 * 672 + 160 + 7 * 8 + 8 + 3 * 10 * 16),
        dram_write_bytes=2 * 3 * 16,
    )


def test_the_closed_form_of_parallel_heads_by_hand() -> None:
    # 1 trunk layer and 2 heads of 2 rows at context 10: 2 x 3 x 672, 4 rows of the LM head,
    # 3 layers x (2 x 10 + 3) pairs x 32.
    (shape,) = pass_shapes(TINY, MultiToken(2, 2), Phase("decode", 2))
    work = work_of(TINY, ALL_FP16, 1, shape, 10)
    assert work.macs == 2 * 3 * 672 + 4 * 160 + 3 * 23 * 32
