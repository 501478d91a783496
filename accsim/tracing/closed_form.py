"""What the passes of each scheme must cost, told from a few counts, without any operator.

A second way to the same numbers as the graphs of `accsim.tracing.schemes`: every trace is compared
with it, to the unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from accsim.errors import InvariantError
from accsim.ops import OpTrace, Pass, TracedRun
from accsim.tracing.layers import table_format
from accsim.tracing.schemes import Phase
from accsim.workload import (
    DraftModel,
    Medusa,
    ModelShape,
    MultiToken,
    Precision,
    Scheme,
    SequentialMtp,
    Workload,
)


@dataclass(frozen=True, slots=True)
class PassShape:
    """What one pass has, per sequence.

    rows           query rows, and entries that each layer's KV cache gains
    layers         layers that all rows go through, those of heads and modules among them
    lm_head_rows   rows of the LM head, one number for each time that its weights are read
    late_layers    layers that make keys and values of all rows, but let one row through
    pairs          pairs of a query row and a new key that it sees; None: causal
    norms          norms beyond the two of each layer
    embeddings     times that rows of the embedding table are looked up
    products       other products with weights, on all rows: (inner, outer) of each
    heads          other unembeddings (hidden x vocab), on `lm_head_rows[0]` rows
    moved_entries  KV entries that each layer's cache moves
    """

    rows: int
    layers: int
    lm_head_rows: tuple[int, ...]
    late_layers: int = 0
    pairs: int | None = None
    norms: int = 0
    embeddings: int = 1
    products: tuple[tuple[int, int], ...] = ()
    heads: int = 0
    moved_entries: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What one pass costs at least, on any chip."""

    macs: int
    dram_read_bytes: int
    dram_write_bytes: int


def pass_shapes(model: ModelShape, scheme: Scheme, phase: Phase) -> tuple[PassShape, ...]:
    """The passes of a phase, in order (see `accsim.tracing.schemes` for what they are)."""
    rows = phase.rows
    seen = {"prefill_chunk": 0, "prefill": 1, "decode": rows}[phase.name]
    ordinary = PassShape(rows, model.layers, (seen,) if seen else (), norms=min(1, seen))
    match scheme:
        case MultiToken():
            return (_multi_token(model, scheme, phase, seen),)
        case Medusa():
            return (_medusa(model, scheme, phase, ordinary),)
        case SequentialMtp(modules):
            # Three norms a module: of both inputs, and of its output where it predicts.
            norms = ordinary.norms + modules * (3 if phase.predicts else 2)
            return (
                replace(
                    ordinary,
                    layers=model.layers + modules,
                    lm_head_rows=(seen, *(1,) * modules) if phase.predicts else (),
                    norms=norms,
                    embeddings=1 + modules,
                    products=((model.hidden, model.hidden),) * (2 * modules),
                ),
            )
        case DraftModel(drafter, _, drafts):
            if not phase.decodes:
                return PassShape(rows, drafter.layers, ()), ordinary
            first = PassShape(2, drafter.layers, (1,), norms=1)
            return (first, *(replace(first, rows=1),) * (drafts - 1), ordinary)
        case _:
            return (ordinary,)


def _multi_token(model: ModelShape, scheme: MultiToken, phase: Phase, seen: int) -> PassShape:
    heads, trunk = scheme.active_heads, scheme.trunk_layers(model.layers)
    if phase.decodes and scheme.drafting == "deferred":
        again = (heads - 1,) if heads > 1 else ()
        return PassShape(
            heads, trunk + 1, (seen, *again), late_layers=heads - 1, norms=1 + len(again)
        )
    predictions = (seen * heads,) if seen else ()
    return PassShape(phase.rows, trunk + heads, predictions, norms=len(predictions))


def _medusa(model: ModelShape, scheme: Medusa, phase: Phase, ordinary: PassShape) -> PassShape:
    if not phase.predicts:
        return ordinary
    heads = scheme.heads
    if phase.decodes and not scheme.is_chain:
        # A node at depth d sees its d ancestors, the root among them, and itself.
        pairs = 1 + sum(nodes * (depth + 2) for depth, nodes in enumerate(scheme.tree))
        ordinary = replace(ordinary, pairs=pairs, moved_entries=scheme.drafts)
    return replace(ordinary, heads=heads)


def work_of(
    model: ModelShape, precision: Precision, batch: int, shape: PassShape, context: int
) -> Work:
    """Work of a pass with `context` cached tokens over the batch.

    MACs: each row passes every weight of every layer, each predicted row the LM head, and each pair
    of a query and a visible key costs 2 x heads x head_dim per layer (scores and attend). For one
    token of Llama-2-7B at context L that is 6,607,077,376 + 262,144 (L + 1): half the
    13,214,154,752 + 524,288 L FLOPs that are usually quoted, plus the token's own key.

    Bytes: every weight once each time it is read, norms and gathered embedding rows in the working
    format, the cached K and V once whatever the number of rows; written are K and V of every row
    and layer.
    """
    hidden, kv_width = model.hidden, 2 * model.kv_heads * model.head_dim
    query_width = model.heads * model.head_dim
    total, caches = shape.rows * batch, shape.layers + shape.late_layers
    predicted = sum(shape.lm_head_rows) * batch

    pairs = shape.rows * (shape.rows + 1) // 2 if shape.pairs is None else shape.pairs
    seen = shape.layers * (shape.rows * context + batch * pairs)
    seen += shape.late_layers * (context + total)
    macs = seen * 2 * query_width + predicted * model.vocab * hidden
    macs += shape.layers * total * model.layer_matmul_params
    keys_and_values = kv_width * hidden
    macs += shape.late_layers * total * keys_and_values
    macs += shape.late_layers * batch * (model.layer_matmul_params - keys_and_values)
    macs += sum(inner * outer for inner, outer in shape.products) * total
    if shape.heads:
        head = hidden * hidden + hidden * model.vocab
        macs += shape.heads * shape.lm_head_rows[0] * batch * head

    stored, norm = precision.weights.stored_bytes, precision.working.stored_bytes(1, hidden)
    rest = stored(hidden, query_width) + stored(2 * model.ffn, hidden) + stored(hidden, model.ffn)
    together = stored(query_width + kv_width, hidden) + rest
    apart = stored(query_width, hidden) + stored(kv_width, hidden) + rest
    read = shape.layers * together + shape.late_layers * apart + (2 * caches + shape.norms) * norm
    table = table_format(model, precision).stored_bytes(model.vocab, hidden)
    read += len(shape.lm_head_rows) * table
    read += shape.embeddings * precision.working.stored_bytes(total, hidden)
    read += sum(stored(outer, inner) for inner, outer in shape.products)
    read += shape.heads * (stored(hidden, hidden) + table)

    cache = precision.kv_cache.stored_bytes
    read += caches * 2 * cache(context * model.kv_heads, model.head_dim)
    written = caches * 2 * cache(total * model.kv_heads, model.head_dim)
    moved = shape.moved_entries * batch * model.kv_heads
    copied = caches * 2 * cache(moved, model.head_dim) if moved else 0
    return Work(macs, read + copied, written + copied)


def check_closed_form(workload: Workload, trace: OpTrace) -> None:
    """Compare the graphs of each run with what the model shape says, to the unit.

    Looked at are the prefill passes and decode steps at the ends: all counts are linear in the
    context.

    Raises:
        InvariantError: MACs or DRAM bytes differ; the message has both numbers.
    """
    for spec, run in zip(workload.runs, trace.runs, strict=True):
        for phase, steps in _inspected(workload.model, spec.scheme, run, trace):
            shapes = pass_shapes(workload.model, spec.scheme, phase)
            for shape, step in zip(shapes, steps, strict=True):
                graph = trace.graphs[step.graph]
                stored = workload.model, workload.precision
                if graph.role == "draft" and isinstance(spec.scheme, DraftModel):
                    stored = spec.scheme.model, spec.scheme.precision
                expected = work_of(*stored, workload.batch, shape, step.context)
                found = Work(
                    graph.macs(step.context),
                    graph.dram_read_bytes(step.context),
                    graph.dram_write_bytes(),
                )
                if found != expected:
                    raise InvariantError(
                        f"run {run.name!r}, graph {graph.name!r} at context {step.context}: "
                        f"traced {found}, closed form {expected}"
                    )


def _inspected(
    model: ModelShape, scheme: Scheme, run: TracedRun, trace: OpTrace
) -> Iterator[tuple[Phase, tuple[Pass, ...]]]:
    """The phases to look at, each with its passes."""
    decode = Phase("decode", scheme.rows)
    size = len(pass_shapes(model, scheme, Phase("prefill", 1)))
    *chunks, last = _groups(run.prefill, size)
    for group in (*chunks[:1], *chunks[-1:]):
        yield Phase("prefill_chunk", trace.graphs[group[-1].graph].rows), group
    yield Phase("prefill", trace.graphs[last[-1].graph].rows), last
    steps = _groups(run.decode, len(pass_shapes(model, scheme, decode)))
    for group in (*steps[:1], *steps[-1:]):
        yield decode, group


def _groups(passes: tuple[Pass, ...], size: int) -> list[tuple[Pass, ...]]:
    return [passes[start : start + size] for start in range(0, len(passes), size)]
