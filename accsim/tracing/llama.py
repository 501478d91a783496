"""One pass of a Llama-family model, with or without parallel prediction heads.

Each head is one whole transformer layer on the trunk's output, with a KV cache of its own; all
heads share the final norm and the LM head (Gloeckle et al. 2024, arXiv 2404.19737, section 2).
"""

from __future__ import annotations

from accsim.ops import PassGraph, Role, Tensor
from accsim.tracing.layers import GraphBuilder
from accsim.workload import ModelShape, Precision


def build_graph(
    name: str,
    model: ModelShape,
    precision: Precision,
    *,
    trunk_layers: int,
    heads: int,
    sequences: int,
    rows: int,
    predict_all_rows: bool,
    predicts: bool = True,
    role: Role = "target",
) -> PassGraph:
    """Build a pass of `rows` query rows for each of `sequences`.

    After the trunk follow `heads` parallel head layers (0: the ordinary model, whose last trunk
    layer is what the final norm reads). With `predict_all_rows` the LM head sees every row of every
    head, as decoding needs it: sequences x rows x heads rows. Otherwise, in prefill, it sees the
    last row of each sequence only: the final norm then reads whole tensors and writes
    sequences x heads rows of them. A part of a prompt, but for the last, predicts nothing
    (`predicts` false): it has no final norm, LM head nor argmax. Its layers and head layers run
    whole, and leave keys and values of every prompt position.

    Operators are named ``layers.<i>.<group>`` and ``heads.<j>.<group>``, from layer 0 and head 1;
    `Op.layer` of head j is trunk_layers + j - 1.
    """
    builder = GraphBuilder(model, precision, sequences, rows, role)
    trunk = trunk_of(builder, trunk_layers)
    outputs = tuple(
        builder.layer(f"heads.{head}", trunk_layers + head - 1, trunk)
        for head in range(1, heads + 1)
    )
    if predicts:
        each = sequences * (rows if predict_all_rows else 1)
        builder.predict(outputs or (trunk,), each * max(1, heads))
    return builder.graph(name)


def trunk_of(builder: GraphBuilder, layers: int) -> Tensor:
    """Embedding and `layers` transformer layers; returns what the last one makes."""
    trunk = builder.embedding()
    for layer in range(layers):
        trunk = builder.layer(f"layers.{layer}", layer, trunk)
    return trunk
