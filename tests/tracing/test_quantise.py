"""Who makes tensors of fewer bits than the vector unit works in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accsim.ops import NumberFormat, Op, OpTrace, PassGraph, Tensor
from accsim.tracing.decoding import trace_workload
from accsim.tracing.file import read_trace, write_trace
from accsim.tracing.shapes import shape_faults
from accsim.workload import Precision

from .samples import FP16, INT4, INT8, TINY, multi, ordinary, workload

FP8 = NumberFormat("fp8", bits=8)


def traced(precision: Precision, heads: int = 0) -> OpTrace:
    spec = multi(heads, trained=2) if heads else ordinary()
    return trace_workload(workload(spec, model=TINY, precision=precision, batch=2))


def decode_graph(precision: Precision) -> PassGraph:
    return traced(precision).graphs["decode-3"]


def quantised(graph: PassGraph) -> list[str]:
    return [op.name for op in graph.ops if op.kind == "quantise"]


def named(graph: PassGraph, name: str) -> Op:
    return next(op for op in graph.ops if op.name == name)


@pytest.mark.parametrize("weights", [FP16, INT8, INT4])
def test_with_16_bit_activations_and_cache_nothing_is_quantised(weights: NumberFormat) -> None:
    assert quantised(decode_graph(Precision(weights, FP16, FP16))) == []


@pytest.mark.parametrize("narrow", [INT8, FP8])
def test_every_product_with_weights_has_its_input_quantised(narrow: NumberFormat) -> None:
    graph = decode_graph(Precision(INT8, narrow, FP16))
    layers = [
        f"layers.{layer}.{group}_quantise"
        for layer in range(3)
        for group in ("qkv", "o_proj", "gate_up", "down")
    ]
    assert quantised(graph) == [*layers, "lm_head_quantise"]
    for op in graph.ops:
        if op.kind == "matmul":
            assert [t.format for t in op.reads if t.place == "chip"] == [narrow]
            assert {t.format for t in op.writes} == {FP16}
            assert op.operand_bits == 8


def test_everything_else_stays_in_16_bits() -> None:
    graph = decode_graph(Precision(INT8, INT8, FP16))
    others = [op for op in graph.ops if op.kind not in ("matmul", "quantise", "argmax")]
    assert {t.format for op in others for t in (*op.reads, *op.writes)} == {FP16}
    assert named(graph, "layers.0.scores").operand_bits == 16


def test_a_row_is_quantised_with_one_scale() -> None:
    # Attention gives 2 rows of 4 heads x 4: 16 elements in one vector, a scale of 2 bytes each.
    (made,) = named(decode_graph(Precision(INT8, INT8, FP16)), "layers.0.o_proj_quantise").writes
    assert made.shape == (2, 16)
    assert made.stored_bytes(0, 0) == 2 * (16 + 2)


def test_new_entries_of_a_narrower_cache_are_quantised_before_they_are_stored() -> None:
    graph = decode_graph(Precision(FP16, FP16, INT4))
    assert quantised(graph) == [f"layers.{layer}.kv_quantise" for layer in range(3)]
    made = named(graph, "layers.0.kv_quantise")
    assert [t.name for t in made.reads] == ["layers.0.k_rotated", "layers.0.v"]
    assert named(graph, "layers.0.kv_append").reads == made.writes
    assert [(t.shape, t.format, t.place) for t in made.writes] == [((2, 2, 4), INT4, "chip")] * 2


def test_attention_takes_new_keys_and_values_as_they_were_computed() -> None:
    graph = decode_graph(Precision(FP16, FP16, INT8))
    for name, tensor in (("scores", "layers.0.k_rotated"), ("attend", "layers.0.v")):
        fresh = [t for t in named(graph, f"layers.0.{name}").reads if t.name == tensor]
        assert [t.format for t in fresh] == [FP16]


def test_a_cache_as_wide_as_the_keys_takes_them_as_they_are() -> None:
    assert "layers.0.kv_quantise" not in quantised(decode_graph(Precision(INT8, INT8, FP16)))


def test_quantising_moves_no_bytes_and_counts_no_macs() -> None:
    for op in decode_graph(Precision(INT8, INT8, INT8)).ops:
        if op.kind == "quantise":
            assert (op.macs(5), op.dram_read_bytes(5), op.dram_write_bytes()) == (0, 0, 0)


def test_one_token_reads_16_bit_norms_and_embedding_beside_8_bit_weights() -> None:
    # Per layer 32, 24 and 8 + 8 outputs (qkv, gate_up; o_proj, down) with a scale of 2 bytes each
    # over 672 weights; the LM head 20 x (8 + 2). 7 norms of 8 and 2 embedding rows of 8 in fp16.
    read = decode_graph(Precision(INT8, INT8, FP16)).dram_read_bytes(0)
    assert read == 3 * (672 + 2 * (32 + 24 + 16)) + 20 * 10 + 2 * (7 * 8 + 2 * 8)


def test_a_quantised_trace_survives_the_round_trip(tmp_path: Path) -> None:
    trace = traced(Precision(INT8, INT8, INT4), heads=2)
    write_trace(trace, tmp_path / "trace.jsonl")
    assert read_trace(tmp_path / "trace.jsonl") == trace


def faults(**fields: Any) -> list[str]:
    """What is wrong with the shapes of a KV quantise with other fields."""
    graph = decode_graph(Precision(FP16, FP16, INT8))
    return list(shape_faults(graph, replace(named(graph, "layers.0.kv_quantise"), **fields)))


KEY, VALUE = (Tensor(f"{part}_quantised", (2, 2, 4), INT8, "chip") for part in "kv")


def test_the_rows_of_all_tensors_must_be_those_of_the_operator() -> None:
    assert faults(rows=3) == ["rows: got [2, 2, 2, 2], expected [3, 3, 3, 3]"]


def test_an_output_has_the_elements_of_its_input() -> None:
    short = replace(VALUE, shape=(2, 7))
    assert faults(writes=(KEY, short)) == ["output elements: got [16, 14], expected [16, 16]"]


def test_an_output_has_fewer_bits_than_its_input() -> None:
    wide = replace(VALUE, format=FP16)
    assert faults(writes=(KEY, wide)) == [
        "'v_quantised' has 16 bits, no fewer than 'layers.0.v'",
    ]


def test_a_quantised_tensor_lies_on_the_chip() -> None:
    stored = replace(VALUE, place="kv_cache")
    assert faults(writes=(KEY, stored))[0] == (
        "stored tensors: got [('kv_cache', (2, 2, 4))], expected []"
    )
