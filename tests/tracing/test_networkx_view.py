"""The pass graph as networkx sees it."""

from __future__ import annotations

import networkx

from accsim.ops import PassGraph
from accsim.tracing.decoding import trace_workload
from accsim.tracing.networkx_view import to_networkx

from .samples import tiny_workload


def graph(name: str = "decode-3") -> PassGraph:
    return trace_workload(tiny_workload()).graphs[name]


def test_nodes_are_operators_with_their_work() -> None:
    # Decode of one row at context 10: 11 keys x 4 heads x 4 MACs; cached keys 10 x 2 x 4 x 2 bytes.
    assert to_networkx(graph(), 10).nodes["layers.1.scores"] == {
        "kind": "scores",
        "group": "scores",
        "layer": 1,
        "rows": 1,
        "macs": 176,
        "dram_read_bytes": 160,
        "dram_write_bytes": 0,
    }


def test_operators_outside_layers_have_no_layer() -> None:
    assert "layer" not in to_networkx(graph(), 10).nodes["lm_head"]


def test_edges_carry_what_flows_and_how_much() -> None:
    # q of 4 x 4 and k of 2 x 4 elements, 2 bytes each; scores of 4 heads x 1 row x 11 keys.
    view = to_networkx(graph(), 10)
    assert view.edges["layers.0.rotary", "layers.0.scores"] == {
        "tensor": "layers.0.q_rotated, layers.0.k_rotated",
        "bytes": 48,
    }
    assert view.edges["layers.0.scores", "layers.0.softmax"] == {
        "tensor": "layers.0.scores.out",
        "bytes": 88,
    }


def test_the_view_has_the_dependencies_of_the_graph_and_no_circle() -> None:
    source = graph("decode-1+2")
    view = to_networkx(source, 10)
    assert networkx.is_directed_acyclic_graph(view)
    for index, op in enumerate(source.ops):
        producers = [source.ops[producer].name for producer in source.producers[index]]
        assert sorted(view.predecessors(op.name)) == sorted(producers)
