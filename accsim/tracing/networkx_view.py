"""A pass graph as a networkx graph, for people who want to look at it or to compute with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accsim.ops import PassGraph

if TYPE_CHECKING:
    import networkx


def to_networkx(graph: PassGraph, context: int) -> networkx.DiGraph[str]:
    """Give one node per operator and one edge from each producer to each of its consumers.

    `context` are the cached tokens over the batch. A node is the operator's name, with `kind`,
    `group`, `layer` (absent outside layers), `rows`, `macs`, `dram_read_bytes` and
    `dram_write_bytes`. An edge has `tensor`, the name of what flows (several joined by ", "), and
    `bytes`, its size. The graph itself has `name`, `sequences`, `rows` and `context`. All are
    plain strings and integers, so that any networkx writer takes them.
    """
    import networkx  # 85 ms that only users of this view should pay

    keys = graph.keys(context)
    view: networkx.DiGraph[str] = networkx.DiGraph(
        name=graph.name, sequences=graph.sequences, rows=graph.rows, context=context
    )
    made: dict[str, str] = {}
    for op in graph.ops:
        view.add_node(
            op.name,
            kind=op.kind,
            group=op.group,
            rows=op.rows,
            macs=op.macs(context),
            dram_read_bytes=op.dram_read_bytes(context),
            dram_write_bytes=op.dram_write_bytes(),
        )
        if op.layer is not None:
            view.nodes[op.name]["layer"] = op.layer
        for tensor in op.reads:
            if (producer := made.get(tensor.name)) is None:
                continue
            size = tensor.stored_bytes(context, keys)
            if view.has_edge(producer, op.name):
                edge = view.edges[producer, op.name]
                edge["tensor"] += f", {tensor.name}"
                edge["bytes"] += size
            else:
                view.add_edge(producer, op.name, tensor=tensor.name, bytes=size)
        made.update((tensor.name, op.name) for tensor in op.writes)
    return view
