"""What the tensors of an operator must look like, kind by kind.

Each rule compares the tensors of an operator with its `rows`, `inner`, `outer` and `attention`, and
yields a sentence for each thing that does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from accsim.ops import TOKEN_ID, Attention, Dim, Op, OpKind, PassGraph, Tensor

Shape = tuple[Dim, ...]


def shape_faults(graph: PassGraph, op: Op) -> Iterator[str]:
    """Everything about the shapes of `op` that does not fit, as sentences."""
    if not op.reads or not op.writes:
        yield "an operator needs tensors to read and tensors to write"
        return
    if op.kind != "matmul" and (op.inner or op.outer):
        yield f"inner and outer belong to a matmul, not to {op.kind}"
    if op.kind in ("scores", "softmax", "attend"):
        yield from _attention_faults(graph, op)
    elif op.attention is not None:
        yield f"an attention shape belongs to scores, softmax and attend, not to {op.kind}"
    rule = _RULES.get(op.kind)
    if rule is None:
        yield f"{op.kind} belongs to a training step, not to a pass"
        return
    yield from rule(op)


def _attention_faults(graph: PassGraph, op: Op) -> Iterator[str]:
    shape = op.attention
    if shape is None:
        yield f"{op.kind} needs an attention shape"
        return
    yield from _differ("attention sequences", shape.sequences, graph.sequences)
    yield from _differ("rows", op.rows, shape.sequences * shape.rows)
    if shape.visible:
        yield from _differ("rows with visible keys", len(shape.visible), shape.rows)
        if max(shape.visible) > graph.rows:
            yield f"a row cannot see {max(shape.visible)} of {graph.rows} new keys"
    else:
        yield from _differ("rows under a causal mask", shape.rows, graph.rows)
    if op.kind != "softmax":
        yield from _differ("rows of new keys", _new_rows(op), graph.sequences * graph.rows)
    if shape.query_heads % shape.kv_heads:
        yield f"{shape.query_heads} query heads cannot share {shape.kv_heads} KV heads evenly"


def _embedding(op: Op) -> Iterator[str]:
    width = op.writes[0].shape[-1]
    # Token ids are tensors where the pass itself has chosen them.
    yield from _differ("chip inputs", _chip(_without_tokens(op)), [])
    yield from _differ("places read", [t.place for t in _without_tokens(op)], ["embedding"])
    yield from _differ("table width", op.reads[0].shape[1:], (width,))
    yield from _differ("output", _chip(op.writes), [(op.rows, width)])


def _rms_norm(op: Op) -> Iterator[str]:
    # Several inputs are stacked; of more rows than the output has, the last of each sequence go on.
    width = op.writes[0].shape[-1]
    inputs = _chip(op.reads)
    yield from _differ("norm weight", _stored(op.reads), [("weights", (width,))])
    yield from _differ("input widths", [s[1:] for s in inputs], [(width,)] * len(inputs))
    yield from _differ("output", _made(op), [("chip", (op.rows, width))])
    stacked = sum(s[0] for s in inputs if isinstance(s[0], int))
    if stacked < op.rows:
        yield f"{op.rows} rows cannot come out of {stacked} input rows"


def _matmul(op: Op) -> Iterator[str]:
    yield from _differ("weight", _stored(op.reads), [("weights", (op.outer, op.inner))])
    yield from _differ("input elements", _elements(_chip(op.reads)), op.rows * op.inner)
    yield from _differ("output elements", _elements(_chip(op.writes)), op.rows * op.outer)
    yield from _differ("stored outputs", _stored(op.writes), [])


def _rotary(op: Op) -> Iterator[str]:
    yield from _differ("outputs", _made(op), [("chip", t.shape) for t in op.reads])
    yield from _differ("rows", [t.shape[0] for t in op.reads], [op.rows] * len(op.reads))


def _kv_append(op: Op) -> Iterator[str]:
    yield from _differ("stored inputs", _stored(op.reads), [])
    yield from _differ("outputs", _made(op), [("kv_cache", t.shape) for t in op.reads])
    yield from _differ("rows", [t.shape[0] for t in op.reads], [op.rows] * len(op.reads))


def _scores(op: Op) -> Iterator[str]:
    if (shape := op.attention) is None:
        return
    key = (shape.kv_heads, shape.head_dim)
    query = (op.rows, shape.query_heads, shape.head_dim)
    yield from _differ("query and new keys", _chip(op.reads), [query, (_new_rows(op), *key)])
    yield from _differ("cached keys", _stored(op.reads), [("kv_cache", ("context", *key))])
    yield from _differ("output", _made(op), [("chip", _scores_shape(shape))])


def _softmax(op: Op) -> Iterator[str]:
    if (shape := op.attention) is None:
        return
    yield from _differ("stored inputs", _stored(op.reads), [])
    yield from _differ("input", _chip(op.reads), [_scores_shape(shape)])
    yield from _differ("output", _made(op), [("chip", _scores_shape(shape))])


def _attend(op: Op) -> Iterator[str]:
    if (shape := op.attention) is None:
        return
    value = (shape.kv_heads, shape.head_dim)
    inputs = [_scores_shape(shape), (_new_rows(op), *value)]
    yield from _differ("probabilities and new values", _chip(op.reads), inputs)
    yield from _differ("cached values", _stored(op.reads), [("kv_cache", ("context", *value))])
    output = (op.rows, shape.query_heads, shape.head_dim)
    yield from _differ("output", _made(op), [("chip", output)])


def _residual_add(op: Op) -> Iterator[str]:
    shape = (op.rows, *op.writes[0].shape[1:])
    yield from _differ("stored inputs", _stored(op.reads), [])
    yield from _differ("inputs", _chip(op.reads), [shape, shape])
    yield from _differ("output", _made(op), [("chip", shape)])


def _silu_mul(op: Op) -> Iterator[str]:
    width = math.prod(dim for dim in op.writes[0].shape[1:] if isinstance(dim, int))
    yield from _differ("stored inputs", _stored(op.reads), [])
    yield from _differ("input elements", _elements(_chip(op.reads)), 2 * op.rows * width)
    yield from _differ("output", _made(op), [("chip", (op.rows, width))])


def _argmax(op: Op) -> Iterator[str]:
    yield from _differ("stored inputs", _stored(op.reads), [])
    yield from _differ("input rows", [s[:-1] for s in _chip(op.reads)], [(op.rows,)])
    yield from _differ("output", _made(op), [("chip", (op.rows,))])


def _select(op: Op) -> Iterator[str]:
    *inputs, tokens = op.reads
    yield from _differ("inputs", [t.place for t in inputs], ["chip"])
    yield from _differ("last input", tokens.format, TOKEN_ID)
    yield from _differ("output", _made(op), [("chip", (op.rows, *inputs[0].shape[1:]))])
    total = inputs[0].shape[0]
    if isinstance(total, int) and total % op.rows:
        yield f"{op.rows} rows cannot be one of {total} for each sequence"


def _silu(op: Op) -> Iterator[str]:
    yield from _differ("stored inputs", _stored(op.reads), [])
    yield from _differ("output", _made(op), [("chip", shape) for shape in _chip(op.reads)])
    yield from _differ("rows", op.writes[0].shape[0], op.rows)


def _kv_copy(op: Op) -> Iterator[str]:
    yield from _differ("chip inputs", [t.format for t in op.reads if t.place == "chip"], [TOKEN_ID])
    yield from _differ("outputs", _made(op), _stored(op.reads))
    yield from _differ("places written", {t.place for t in op.writes}, {"kv_cache"})
    yield from _differ("rows", [t.shape[0] for t in op.writes], [op.rows] * 2)


def _quantise(op: Op) -> Iterator[str]:
    # Scales run along the last axis: an output may cut the elements of a row otherwise.
    inputs, outputs = _chip(op.reads), _chip(op.writes)
    yield from _differ("stored tensors", _stored((*op.reads, *op.writes)), [])
    yield from _differ("output elements", _sizes(outputs), _sizes(inputs))
    both = inputs + outputs
    yield from _differ("rows", [s[0] for s in both], [op.rows] * len(both))
    for before, after in zip(op.reads, op.writes, strict=False):
        if after.format.bits >= before.format.bits:
            yield f"{after.name!r} has {after.format.bits} bits, no fewer than {before.name!r}"


_RULES: dict[OpKind, Callable[[Op], Iterator[str]]] = {
    "embedding": _embedding,
    "rms_norm": _rms_norm,
    "matmul": _matmul,
    "rotary": _rotary,
    "kv_append": _kv_append,
    "scores": _scores,
    "softmax": _softmax,
    "attend": _attend,
    "residual_add": _residual_add,
    "silu_mul": _silu_mul,
    "argmax": _argmax,
    "quantise": _quantise,
    "select": _select,
    "silu": _silu,
    "kv_copy": _kv_copy,
}


def _scores_shape(shape: Attention) -> Shape:
    return (shape.query_heads, shape.rows, "keys")


def _new_rows(op: Op) -> Dim:
    """Rows of the new keys or values that an attention operator reads after its other input."""
    return op.reads[1].shape[0] if len(op.reads) > 1 else op.rows


def _without_tokens(op: Op) -> tuple[Tensor, ...]:
    return tuple(tensor for tensor in op.reads if tensor.format != TOKEN_ID)


def _chip(tensors: Iterable[Tensor]) -> list[Shape]:
    return [t.shape for t in tensors if t.place == "chip"]


def _stored(tensors: Iterable[Tensor]) -> list[tuple[str, Shape]]:
    return [(t.place, t.shape) for t in tensors if t.place != "chip"]


def _made(op: Op) -> list[tuple[str, Shape]]:
    return [(t.place, t.shape) for t in op.writes]


def _elements(shapes: Iterable[Shape]) -> int:
    """Elements of fixed shapes; one with a symbol counts none, and so fits no fixed number."""
    return sum(_sizes(shapes))


def _sizes(shapes: Iterable[Shape]) -> list[int]:
    return [math.prod(dim if isinstance(dim, int) else 0 for dim in shape) for shape in shapes]


def _differ(what: str, found: object, expected: object) -> Iterator[str]:
    if found != expected:
        yield f"{what}: got {found}, expected {expected}"
