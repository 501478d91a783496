"""A pass with fewer of its equal layers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from accsim.ops import Op, OpTrace, PassGraph, Tensor
from accsim.tracing.check import trace_faults
from accsim.tracing.llama import build_graph
from accsim.tracing.shorten import KEEP, Shortened, shorten

from .models import ALL_FP16, SMALL


def prefill(trunk_layers: int, heads: int = 0, rows: int = 5, sequences: int = 1) -> PassGraph:
    return build_graph(
        "prefill",
        SMALL,
        ALL_FP16,
        trunk_layers=trunk_layers,
        heads=heads,
        sequences=sequences,
        rows=rows,
        predict_all_rows=False,
    )


def shortened(graph: PassGraph) -> Shortened:
    short = shorten(graph)
    assert short is not None
    return short


def layers(graph: PassGraph) -> list[int]:
    return sorted({op.layer for op in graph.ops if op.layer is not None})


def dataflow_faults(graph: PassGraph) -> list[str]:
    """What the check of a trace says about this graph alone."""
    trace = OpTrace("short", 0, "none", {graph.name: graph}, ())
    return [fault.message for fault in trace_faults(trace) if fault.graph is not None]


def test_the_first_layer_and_four_more_are_kept_of_an_ordinary_model() -> None:
    # The first reads the embedding, so it is not like the others.
    assert layers(shortened(prefill(32)).graph) == [0, 1, 2, 3, 4]


def test_the_missing_layers_are_counted() -> None:
    assert shortened(prefill(32)).missing == 27


def test_the_third_kept_layer_stands_for_the_missing_ones() -> None:
    short = shortened(prefill(32))
    names = {short.graph.ops[index].name for index in short.model_ops}
    layer = [op.name for op in short.graph.ops if op.layer == 3]
    assert names == set(layer)
    assert len(layer) == 14


def test_what_reads_the_last_layer_reads_the_last_kept_one_instead() -> None:
    graph = shortened(prefill(32)).graph
    norm = next(op for op in graph.ops if op.group == "final_norm")
    assert [tensor.name for tensor in norm.reads] == [
        "layers.4.ffn_residual.out",
        "final_norm.weight",
    ]


def test_all_heads_are_kept_and_read_the_last_kept_layer() -> None:
    # Of 28 trunk layers the first and four more; the last of the 28 is like the others, though
    # four heads read it.
    short = shortened(prefill(28, heads=4))
    assert layers(short.graph) == [0, 1, 2, 3, 4, 28, 29, 30, 31]
    assert short.missing == 23
    for head in (1, 2, 3, 4):
        norm = next(op for op in short.graph.ops if op.name == f"heads.{head}.attn_norm")
        assert norm.reads[0].name == "layers.4.ffn_residual.out"


def test_a_single_head_is_one_more_equal_layer() -> None:
    # 28 trunk layers and a head: layers 1 to 28 are a chain of 28.
    short = shortened(prefill(28, heads=1))
    assert layers(short.graph) == [0, 1, 2, 3, 4]
    assert short.missing == 24
    norm = next(op for op in short.graph.ops if op.group == "final_norm")
    assert norm.reads[0].name == "layers.4.ffn_residual.out"


GRAPHS = {
    "ordinary": prefill(12),
    "heads": prefill(9, heads=3),
    "one head": prefill(9, heads=1),
    "batch": prefill(8, heads=2, sequences=3),
}


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_a_short_graph_has_sound_dataflow(graph: PassGraph) -> None:
    assert dataflow_faults(graph) == []
    assert dataflow_faults(shortened(graph).graph) == []


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("context", [0, 77])
def test_kept_and_missing_layers_make_up_the_work_of_all(graph: PassGraph, context: int) -> None:
    short = shortened(graph)
    layer = PassGraph(
        "layer",
        graph.sequences,
        graph.rows,
        tuple(short.graph.ops[index] for index in sorted(short.model_ops)),
    )
    kept = short.graph
    assert kept.macs(context) + short.missing * layer.macs(context) == graph.macs(context)
    assert kept.dram_read_bytes(context) + short.missing * layer.dram_read_bytes(
        context
    ) == graph.dram_read_bytes(context)
    assert (
        kept.dram_write_bytes() + short.missing * layer.dram_write_bytes()
        == graph.dram_write_bytes()
    )


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_kept_and_missing_layers_make_up_the_operators_of_all(graph: PassGraph) -> None:
    short = shortened(graph)
    counted = Counter(op.group for op in short.graph.ops)
    for index in short.model_ops:
        counted[short.graph.ops[index].group] += short.missing
    assert counted == Counter(op.group for op in graph.ops)


@pytest.mark.parametrize("trunk_layers", range(1, KEEP + 2))
def test_few_layers_are_not_shortened(trunk_layers: int) -> None:
    # The first layer and up to four like each other.
    assert shorten(prefill(trunk_layers)) is None


def test_one_layer_more_than_is_kept_is_dropped() -> None:
    assert shortened(prefill(KEEP + 2)).missing == 1


def test_parallel_heads_are_never_dropped() -> None:
    # Eight equal heads, but they are no chain.
    assert shorten(prefill(2, heads=8)) is None


def test_a_layer_unlike_the_others_ends_the_run() -> None:
    # Layer 9 of 12 is wider inside: layers 1 to 8 are eight of a kind, 10 and 11 two.
    graph = prefill(12)
    ops = tuple(
        replace(op, outer=op.outer + 1) if op.name == "layers.9.gate_up" else op for op in graph.ops
    )
    short = shortened(replace(graph, ops=ops))
    assert layers(short.graph) == [0, 1, 2, 3, 4, 9, 10, 11]


def test_a_layer_that_is_read_from_afar_ends_the_run() -> None:
    # Layer 11 reads what layer 5 made besides layer 10's output: a skip connection.
    graph = prefill(12)
    far = next(op for op in graph.ops if op.name == "layers.5.ffn_residual").writes[0]
    ops = tuple(
        replace(op, reads=(*op.reads, far)) if op.name == "layers.11.attn_norm" else op
        for op in graph.ops
    )
    # 1 to 5 are five of a kind, 6 to 10 too: the first run loses its fifth layer, whose output
    # layer 11 then takes from the fourth.
    short = shortened(replace(graph, ops=ops))
    assert layers(short.graph) == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert dataflow_faults(short.graph) == []


def test_layers_that_read_nothing_of_each_other_are_left_alone() -> None:
    # From a trace of something else than a transformer: each layer is one matmul of the same input.
    source = Tensor("embedding.out", (1, 8), ALL_FP16.activations, "chip")
    table = Tensor("embedding.weight", (9, 8), ALL_FP16.activations, "embedding")
    ops = [Op("embedding", "embedding", "embedding", None, (table,), (source,), 1)]
    for layer in range(9):
        weight = Tensor(f"layers.{layer}.o.weight", (8, 8), ALL_FP16.weights, "weights")
        out = Tensor(f"layers.{layer}.o.out", (1, 8), ALL_FP16.activations, "chip")
        ops.append(Op(f"layers.{layer}.o", "matmul", "o", layer, (source, weight), (out,), 1, 8, 8))
    assert shorten(PassGraph("flat", 1, 1, tuple(ops))) is None


def test_a_pass_without_layers_is_left_alone() -> None:
    table = Tensor("embedding.weight", (9, 8), ALL_FP16.activations, "embedding")
    out = Tensor("embedding.out", (1, 8), ALL_FP16.activations, "chip")
    op = Op("embedding", "embedding", "embedding", None, (table,), (out,), 1)
    assert shorten(PassGraph("flat", 1, 1, (op,))) is None
