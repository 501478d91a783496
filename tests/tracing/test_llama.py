"""The operators of a pass, against published parameter counts and hand-made sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from accsim.ops import NumberFormat, PassGraph
from accsim.tracing.decoding import trace_workload
from accsim.tracing.shipped import LLAMA2_7B
from accsim.workload import ModelShape, Precision, RunSpec

from .samples import (
    ALL_FP16,
    FP16,
    INT4,
    INT8,
    LLAMA2_13B,
    LLAMA2_70B,
    Q4_0,
    TINY,
    multi,
    ordinary,
    workload,
)


def decode_graph(
    spec: RunSpec, model: ModelShape = LLAMA2_7B, precision: Precision = ALL_FP16, batch: int = 1
) -> PassGraph:
    trace = trace_workload(workload(spec, model=model, precision=precision, batch=batch))
    return trace.graphs[trace.runs[0].decode[0].graph]


def bytes_read(graph: PassGraph, place: str, context: int) -> int:
    """Bytes that a graph reads of one region: operators with all other tensors taken away."""
    return sum(
        replace(op, reads=tuple(t for t in op.reads if t.place == place)).dram_read_bytes(context)
        for op in graph.ops
    )


def test_one_llama2_7b_token_in_fp16_reads_13_214_695_424_bytes_of_weights() -> None:
    # Matmul weights 2 x 6,607,077,376, norms 2 x 266,240, one embedding row 2 x 4096.
    graph = decode_graph(ordinary())
    assert bytes_read(graph, "embedding", 2048) == 8192
    assert bytes_read(graph, "weights", 2048) + 8192 == 13_214_695_424


def test_one_llama2_7b_token_reads_the_cache_once_and_appends_one_entry() -> None:
    graph = decode_graph(ordinary())
    assert bytes_read(graph, "kv_cache", 2048) == 2048 * 524_288 == 1_073_741_824
    assert graph.dram_write_bytes() == 524_288


def test_one_llama2_7b_token_takes_half_the_usual_flops_plus_its_own_key() -> None:
    graph = decode_graph(ordinary())
    assert graph.macs(2048) == (13_214_154_752 + 524_288 * 2048) // 2 + 262_144


@pytest.mark.parametrize(
    ("model", "weights", "expected"),
    [
        (LLAMA2_7B, FP16, 13_214_695_424),
        (LLAMA2_13B, FP16, 25_704_058_880),
        (LLAMA2_70B, FP16, 137_429_024_768),
        (LLAMA2_7B, INT8, 6_610_401_792),
        (LLAMA2_13B, INT8, 12_856_773_120),
        (LLAMA2_70B, INT8, 68_729_338_368),
        (LLAMA2_7B, INT4, 3_407_314_944),
        (LLAMA2_13B, INT4, 6_627_450_880),
        (LLAMA2_70B, INT4, 35_432_890_368),
        (LLAMA2_7B, Q4_0, 3_717_021_696),
        (LLAMA2_13B, Q4_0, 7_229_870_080),
        (LLAMA2_70B, Q4_0, 38_653_820_928),
    ],
)
def test_weight_bytes_of_one_token_agree_with_the_sizes_of_published_files(
    model: ModelShape, weights: NumberFormat, expected: int
) -> None:
    # Parameters x stored bits, with fp16 norms, one fp16 embedding row and all scales.
    graph = decode_graph(ordinary(), model, Precision(weights, FP16, FP16))
    assert graph.dram_read_bytes(0) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [(LLAMA2_7B, 524_288), (LLAMA2_13B, 819_200), (LLAMA2_70B, 327_680)],
)
def test_a_token_leaves_its_kv_entries_in_every_layer(model: ModelShape, expected: int) -> None:
    # 2 x layers x KV heads x head_dim x 2 bytes.
    assert decode_graph(ordinary(), model).dram_write_bytes() == expected


@pytest.mark.parametrize(
    ("model", "flops"),
    [
        (LLAMA2_13B, 25_703_219_200 + 819_200 * 2048),
        (LLAMA2_70B, 137_426_370_560 + 2_621_440 * 2048),
    ],
)
def test_macs_of_larger_models(model: ModelShape, flops: int) -> None:
    own_key = 2 * model.layers * model.heads * model.head_dim
    assert decode_graph(ordinary(), model).macs(2048) == flops // 2 + own_key


@pytest.mark.parametrize(
    ("heads", "params"),
    [
        (1, 29 * 202_375_168 + 131_072_000),  # 6000.0 M
        (2, 30 * 202_375_168 + 131_072_000),  # 6202.3 M
        (3, 31 * 202_375_168 + 131_072_000),  # 6404.7 M
        (4, 32 * 202_375_168 + 131_072_000),  # 6607.1 M
    ],
)
def test_k_heads_stream_28_trunk_layers_and_k_more(heads: int, params: int) -> None:
    graph = decode_graph(multi(heads))
    streamed = sum(op.inner * op.outer for op in graph.ops if op.kind == "matmul")
    assert streamed == params


def test_four_heads_stream_1_1012_times_the_weights_of_one() -> None:
    one, four = decode_graph(multi(1)), decode_graph(multi(4))
    assert four.dram_read_bytes(0) / one.dram_read_bytes(0) == pytest.approx(1.1012, abs=5e-5)


def test_the_lm_head_of_four_heads_sees_sixteen_rows() -> None:
    tail = decode_graph(multi(4)).ops[-3:]
    assert [(op.name, op.rows) for op in tail] == [
        ("final_norm", 16),
        ("lm_head", 16),
        ("argmax", 16),
    ]


def test_in_prefill_each_head_predicts_from_the_last_row_of_each_sequence() -> None:
    trace = trace_workload(workload(multi(3), batch=2, prompt_tokens=100))
    graph = trace.graphs[trace.runs[0].prefill[0].graph]
    assert [op.rows for op in graph.ops[-3:]] == [6, 6, 6]
    assert {op.rows for op in graph.ops[:-3]} == {200}


def test_a_layer_is_its_fourteen_operators_in_order() -> None:
    graph = decode_graph(ordinary(), TINY)
    assert [op.group for op in graph.ops if op.layer == 1] == [
        "attn_norm",
        "qkv",
        "rotary",
        "kv_append",
        "scores",
        "softmax",
        "attend",
        "o_proj",
        "attn_residual",
        "ffn_norm",
        "gate_up",
        "silu_mul",
        "down",
        "ffn_residual",
    ]


def test_a_graph_starts_with_the_embedding_and_ends_with_argmax() -> None:
    names = [op.name for op in decode_graph(ordinary(), TINY).ops]
    assert names[:2] == ["embedding", "layers.0.attn_norm"]
    assert names[-4:] == ["layers.2.ffn_residual", "final_norm", "lm_head", "argmax"]


def test_all_heads_read_the_same_trunk_output() -> None:
    graph = decode_graph(multi(4, layout="extra"), TINY)
    readers = [
        op.name for op in graph.ops if any(t.name == "layers.1.ffn_residual.out" for t in op.reads)
    ]
    assert readers == [
        f"heads.{head}.{group}" for head in (1, 2, 3, 4) for group in ("attn_norm", "attn_residual")
    ]


def test_the_final_norm_stacks_the_outputs_of_all_heads() -> None:
    graph = decode_graph(multi(2, trained=2), TINY)
    norm = next(op for op in graph.ops if op.name == "final_norm")
    assert [t.name for t in norm.reads] == [
        "heads.1.ffn_residual.out",
        "heads.2.ffn_residual.out",
        "final_norm.weight",
    ]


def test_head_layers_are_numbered_after_the_trunk() -> None:
    graph = decode_graph(multi(2, trained=2), TINY)
    layers = {op.name.rsplit(".", 1)[0]: op.layer for op in graph.ops if op.layer is not None}
    assert layers == {"layers.0": 0, "heads.1": 1, "heads.2": 2}


def test_every_layer_and_head_has_a_cache_of_its_own() -> None:
    graph = decode_graph(multi(2, trained=2), TINY)
    cached = [t.name for op in graph.ops for t in op.reads if t.place == "kv_cache"]
    assert cached == [
        f"{prefix}.{part}_cached" for prefix in ("layers.0", "heads.1", "heads.2") for part in "kv"
    ]


def test_grouped_query_attention_makes_the_qkv_matmul_narrower() -> None:
    # 4 query heads and 2 x 2 KV heads of 4: 32 outputs of 8 inputs.
    graph = decode_graph(ordinary(), TINY)
    qkv = next(op for op in graph.ops if op.name == "layers.0.qkv")
    assert (qkv.outer, qkv.inner) == (32, 8)
    assert Counter(t.shape for t in qkv.writes) == {(1, 4, 4): 1, (1, 2, 4): 2}


def test_a_tied_lm_head_is_stored_like_the_embedding_table_and_counts_once_in_dram() -> None:
    tied = replace(TINY, tied_embeddings=True)
    precision = Precision(INT4, FP16, FP16)
    both = [
        trace_workload(workload(ordinary(), model=model, precision=precision))
        for model in (TINY, tied)
    ]
    heads = [
        next(
            t for op in trace.graphs["decode-3"].ops for t in op.reads if t.name == "lm_head.weight"
        )
        for trace in both
    ]
    assert [tensor.format for tensor in heads] == [INT4, FP16]
    # Untied: int4 head of 20 rows of 8 (4 bytes + 2 of scale) besides the fp16 table.
    assert both[0].runs[0].resident_bytes - both[1].runs[0].resident_bytes == 20 * 6
