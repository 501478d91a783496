"""The checks of a trace: that it agrees with itself, and with the closed form of its model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accsim.errors import InvariantError
from accsim.ops import OpTrace, PassGraph, Tensor, TracedRun
from accsim.tracing.llama import head_layers, table_format
from accsim.tracing.shapes import shape_faults
from accsim.workload import RunSpec, Workload


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence about one spot of a trace.

    `graph` with an operator's `index`, or `run` with a pass's (0 is the prefill pass); None where
    the whole of it is meant.
    """

    message: str
    graph: str | None = None
    run: str | None = None
    index: int | None = None


def check_trace(trace: OpTrace) -> None:
    """Refuse a trace that contradicts itself.

    Nothing is read before it is written, all that is written on the chip is used, shapes agree with
    the sizes of their operator, and the passes of each run fit together.

    Raises:
        InvariantError: with the first contradiction, and where it is.
    """
    for fault in trace_faults(trace):
        raise InvariantError(f"{_place(trace, fault)}: {fault.message}")


def trace_faults(trace: OpTrace) -> Iterator[Fault]:
    """Every contradiction in a trace, in the order of graphs, operators, runs and passes."""
    for graph in trace.graphs.values():
        yield from _dataflow_faults(graph)
        for index, op in enumerate(graph.ops):
            for message in shape_faults(graph, op):
                yield Fault(message, graph=graph.name, index=index)
    names = [run.name for run in trace.runs]
    if trace.baseline not in names:
        known = ", ".join(repr(name) for name in names)
        yield Fault(f"baseline {trace.baseline!r} names no run (there are: {known})")
    for run in trace.runs:
        yield from _pass_faults(run, trace.graphs)
        yield from _residence_faults(run, trace.graphs)


def _place(trace: OpTrace, fault: Fault) -> str:
    if fault.graph is not None:
        if fault.index is None:
            return f"graph {fault.graph!r}"
        op = trace.graphs[fault.graph].ops[fault.index]
        return f"graph {fault.graph!r}, operator {op.name!r}"
    if fault.run is not None:
        if fault.index is None:
            return f"run {fault.run!r}"
        phase = f"decode pass {fault.index}" if fault.index else "prefill pass"
        return f"run {fault.run!r}, {phase}"
    return f"trace of {trace.workload!r}"


def _dataflow_faults(graph: PassGraph) -> Iterator[Fault]:
    described: dict[str, Tensor] = {}
    written: dict[str, int] = {}
    used: set[str] = set()
    names: set[str] = set()
    if not graph.ops:
        yield Fault("has no operators", graph=graph.name)
    for index, op in enumerate(graph.ops):
        messages: list[str] = []
        if op.name in names:
            messages.append("a second operator of this name")
        names.add(op.name)
        for tensor in (*op.reads, *op.writes):
            if described.setdefault(tensor.name, tensor) != tensor:
                messages.append(f"describes {tensor.name!r} otherwise than an earlier operator")
        for tensor in op.reads:
            used.add(tensor.name)
            if tensor.place == "chip" and tensor.name not in written:
                messages.append(f"reads {tensor.name!r} before any operator has written it")
        for tensor in op.writes:
            if tensor.name in written:
                messages.append(f"writes {tensor.name!r} a second time")
            written[tensor.name] = index
        for message in messages:
            yield Fault(message, graph=graph.name, index=index)
    for name, index in written.items():
        # Stored entries are for later passes, and the tokens are what the user wanted.
        kept = described[name].place != "chip" or graph.ops[index].kind == "argmax"
        if name not in used and not kept:
            yield Fault(f"writes {name!r}, which nothing reads", graph=graph.name, index=index)


def _pass_faults(run: TracedRun, graphs: dict[str, PassGraph]) -> Iterator[Fault]:
    expected = run.expected_tokens_per_pass
    if expected is not None and expected > run.max_tokens_per_pass:
        yield Fault(
            f"expects {expected} tokens per pass, more than {run.max_tokens_per_pass} at most",
            run=run.name,
        )
    contexts: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    for index, step in enumerate(run.passes()):
        graph = graphs.get(step.graph)
        messages: list[str] = []
        if graph is None:
            messages.append(f"graph {step.graph!r} is not in the trace")
        elif graph.sequences != run.batch:
            messages.append(f"graph {step.graph!r} is for {graph.sequences} sequences")
        if len(step.contexts) != run.batch or len(step.emitted) != run.batch:
            messages.append(f"needs {run.batch} contexts and emitted counts, one per sequence")
        if graph is not None and not messages:
            if index == 0:
                # A prompt may be cached in part; what is left of it are the rows of the pass.
                contexts = (run.prompt_tokens - graph.rows,) * run.batch
                missing = (run.output_tokens,) * run.batch
            if step.contexts != contexts:
                messages.append(f"contexts: got {list(step.contexts)}, expected {list(contexts)}")
            most = 1 if index == 0 else min(run.max_tokens_per_pass, graph.rows)
            for emitted, left in zip(step.emitted, missing, strict=True):
                low, high = min(left, 1), min(left, most)
                if not low <= emitted <= high:
                    allowed = f"{low}" if low == high else f"{low} to {high}"
                    messages.append(
                        f"emitted: got {emitted}, expected {allowed} "
                        f"({left} tokens are still to come)"
                    )
        for message in messages:
            yield Fault(message, run=run.name, index=index)
        if messages:
            return  # what follows would be counted from wrong numbers
        grown = step.emitted if index else (graph.rows if graph else 0,) * run.batch
        contexts = tuple(a + b for a, b in zip(step.contexts, grown, strict=True))
        missing = tuple(a - b for a, b in zip(missing, step.emitted, strict=True))
    if any(missing):
        yield Fault(f"ends with {max(missing)} tokens of a sequence missing", run=run.name)


def _residence_faults(run: TracedRun, graphs: dict[str, PassGraph]) -> Iterator[Fault]:
    """The weights and KV caches that the passes of a run read must lie in its DRAM."""
    longest: dict[str, int] = {}
    for step in run.passes():
        longest[step.graph] = max(longest.get(step.graph, 0), step.context)
    for name, context in longest.items():
        graph = graphs.get(name)
        if graph is None:
            continue
        needed = {
            tensor.name: tensor.stored_bytes(context, 0)
            for op in graph.ops
            for tensor in op.reads
            if tensor.place in ("weights", "kv_cache")
        }
        if sum(needed.values()) > run.resident_bytes:
            yield Fault(
                f"resident_bytes: states {run.resident_bytes}, but the weights and KV caches of "
                f"graph {name!r} take {sum(needed.values())}",
                run=run.name,
            )


def check_closed_form(workload: Workload, trace: OpTrace) -> None:
    """Compare the graphs of each run with what the model shape says, to the unit.

    Looked at are the prefill pass and the first and last decode pass: both counts are linear in the
    context.

    Raises:
        InvariantError: MACs or DRAM bytes differ; the message has both numbers.
    """
    for spec, run in zip(workload.runs, trace.runs, strict=True):
        for step in (run.prefill, *run.decode[:1], *run.decode[-1:]):
            graph = trace.graphs[step.graph]
            is_prefill = step is run.prefill
            expected = closed_form(workload, spec, graph.rows, step.context, is_prefill)
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


@dataclass(frozen=True, slots=True)
class Work:
    """What one pass costs at least, on any chip."""

    macs: int
    dram_read_bytes: int
    dram_write_bytes: int


def closed_form(
    workload: Workload, spec: RunSpec, rows: int, context: int, is_prefill: bool
) -> Work:
    """Work of a pass of `rows` rows per sequence with `context` cached tokens over the batch.

    MACs: each row passes every weight of every layer, each predicted row the LM head, and each pair
    of a query and a visible key costs 2 x heads x head_dim per layer (scores and attend). For one
    token of Llama-2-7B at context L that is 6,607,077,376 + 262,144 (L + 1): half the
    13,214,154,752 + 524,288 L FLOPs that are usually quoted, plus the token's own key.

    Bytes: every weight once, norms and gathered embedding rows in the activation format, the cached
    K and V once whatever the number of rows; written are K and V of every row and layer.
    """
    model, precision, batch = workload.model, workload.precision, workload.batch
    heads = head_layers(spec)
    layers = spec.trunk_layers + heads
    total = rows * batch
    predicted = (batch if is_prefill else total) * max(1, heads)

    pairs = rows * context + batch * (rows * (rows + 1) // 2)
    macs = total * layers * model.layer_matmul_params
    macs += predicted * model.vocab * model.hidden
    macs += layers * pairs * 2 * model.heads * model.head_dim

    attention_width = model.heads * model.head_dim
    stored = precision.weights.stored_bytes
    layer_bytes = (
        stored(attention_width + model.kv_heads * model.head_dim * 2, model.hidden)
        + stored(model.hidden, attention_width)
        + stored(2 * model.ffn, model.hidden)
        + stored(model.hidden, model.ffn)
    )
    norm_bytes = precision.activations.stored_bytes(1, model.hidden)
    read = layers * (layer_bytes + 2 * norm_bytes) + norm_bytes
    read += table_format(model, precision).stored_bytes(model.vocab, model.hidden)
    read += precision.activations.stored_bytes(total, model.hidden)
    read += layers * 2 * precision.kv_cache.stored_bytes(context * model.kv_heads, model.head_dim)
    written = layers * 2 * precision.kv_cache.stored_bytes(total * model.kv_heads, model.head_dim)
    return Work(macs, read, written)
