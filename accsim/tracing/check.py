"""The checks of a trace: that it agrees with itself, and with the closed form of its model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accsim.errors import InvariantError
from accsim.ops import OpTrace, Pass, PassGraph, Tensor, TracedRun
from accsim.tracing.llama import head_layers, table_format
from accsim.tracing.shapes import shape_faults
from accsim.workload import RunSpec, Workload


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence about one spot of a trace.

    `graph` with an operator's `index`, or `run` with a pass's (from 0, prefill passes first); None
    where the whole of it is meant.
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
        run = next(run for run in trace.runs if run.name == fault.run)
        return f"run {fault.run!r}, {_pass_name(run, fault.index)}"
    return f"trace of {trace.workload!r}"


def _pass_name(run: TracedRun, index: int) -> str:
    chunks = len(run.prefill)
    if index >= chunks:
        return f"decode pass {index - chunks + 1}"
    return "prefill pass" if chunks == 1 else f"prefill pass {index + 1} of {chunks}"


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
    # Stored entries are for later passes, and the tokens are what the user wanted. A pass that
    # predicts nothing is there for its entries alone: what its last layers make is dropped.
    wanted = "argmax" if predicts(graph) else "residual_add"
    for name, index in written.items():
        kept = described[name].place != "chip" or graph.ops[index].kind == wanted
        if name not in used and not kept:
            yield Fault(f"writes {name!r}, which nothing reads", graph=graph.name, index=index)


def _pass_faults(run: TracedRun, graphs: dict[str, PassGraph]) -> Iterator[Fault]:
    expected = run.expected_tokens_per_pass
    if expected is not None and expected > run.max_tokens_per_pass:
        yield Fault(
            f"expects {expected} tokens per pass, more than {run.max_tokens_per_pass} at most",
            run=run.name,
        )
    unfit = run.acceptance and run.acceptance.fault(run.max_tokens_per_pass)
    if unfit:
        yield Fault(f"carries {run.max_tokens_per_pass} tokens per pass: {unfit}", run=run.name)
    if run.asked_tokens is not None and run.asked_tokens <= run.output_tokens:
        yield Fault(
            f"asked for {run.asked_tokens} output tokens, no more than its {run.output_tokens}",
            run=run.name,
        )
    if not run.prefill:
        yield Fault("has no prefill pass", run=run.name)
        return
    # A prompt may be cached in part; what is left of it are the rows of the prefill passes.
    rows = sum(graphs[step.graph].rows for step in run.prefill if step.graph in graphs)
    contexts: tuple[int, ...] = ()
    missing = (run.output_tokens,) * run.batch
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
                messages += _first_context_faults(run, step, run.prompt_tokens - rows)
            elif step.contexts != contexts:
                messages.append(f"contexts: got {list(step.contexts)}, expected {list(contexts)}")
            least, most = _emitted_range(run, graph, index)
            if least and not predicts(graph):
                messages.append(f"must emit tokens, but graph {step.graph!r} has no argmax")
            for emitted, left in zip(step.emitted, missing, strict=True):
                low, high = min(left, least), min(left, most)
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
        is_prefill = index < len(run.prefill)
        grown = (graph.rows if graph else 0,) * run.batch if is_prefill else step.emitted
        contexts = tuple(a + b for a, b in zip(step.contexts, grown, strict=True))
        missing = tuple(a - b for a, b in zip(missing, step.emitted, strict=True))
    if any(missing):
        yield Fault(f"ends with {max(missing)} tokens of a sequence missing", run=run.name)


def _first_context_faults(run: TracedRun, step: Pass, cached: int) -> Iterator[str]:
    # Where the prompts of a batch differ, `prompt_tokens` are those of the longest.
    if max(step.contexts) != cached:
        found = list(step.contexts)
        expected = f"expected {[cached]}" if run.batch == 1 else f"the longest must be {cached}"
        yield f"contexts: got {found}, {expected}"


def _emitted_range(run: TracedRun, graph: PassGraph, index: int) -> tuple[int, int]:
    """The least and the most tokens that a pass adds to a sequence with as many still to come."""
    last_of_prefill = len(run.prefill) - 1
    if index < last_of_prefill:
        return 0, 0
    return 1, 1 if index == last_of_prefill else min(run.max_tokens_per_pass, graph.rows)


def predicts(graph: PassGraph) -> bool:
    """Whether a pass chooses tokens: all but the first parts of a prompt, which fill the caches."""
    return any(op.kind == "argmax" for op in reversed(graph.ops))


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

    Looked at are the prefill passes and decode passes at the ends: all counts are linear in the
    context.

    Raises:
        InvariantError: MACs or DRAM bytes differ; the message has both numbers.
    """
    for spec, run in zip(workload.runs, trace.runs, strict=True):
        for step, predicted in _inspected(run, trace.graphs):
            graph = trace.graphs[step.graph]
            expected = closed_form(workload, spec, graph.rows, step.context, predicted)
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


def _inspected(run: TracedRun, graphs: dict[str, PassGraph]) -> Iterator[tuple[Pass, int]]:
    """The passes to look at, each with the rows of a sequence that it predicts from."""
    *chunks, last = run.prefill
    for step in (*chunks[:1], *chunks[-1:]):
        yield step, 0
    yield last, 1
    for step in (*run.decode[:1], *run.decode[-1:]):
        yield step, graphs[step.graph].rows


@dataclass(frozen=True, slots=True)
class Work:
    """What one pass costs at least, on any chip."""

    macs: int
    dram_read_bytes: int
    dram_write_bytes: int


def closed_form(workload: Workload, spec: RunSpec, rows: int, context: int, predicted: int) -> Work:
    """Work of a pass of `rows` rows per sequence with `context` cached tokens over the batch.

    Each head predicts from the last `predicted` rows of each sequence: all of them in decoding, one
    at the end of a prompt, none before that (such a pass has no final norm and no LM head).

    MACs: each row passes every weight of every layer, each predicted row the LM head, and each pair
    of a query and a visible key costs 2 x heads x head_dim per layer (scores and attend). For one
    token of Llama-2-7B at context L that is 6,607,077,376 + 262,144 (L + 1): half the
    13,214,154,752 + 524,288 L FLOPs that are usually quoted, plus the token's own key.

    Bytes: every weight once, norms and gathered embedding rows in the working format, the cached K
    and V once whatever the number of rows; written are K and V of every row and layer.
    """
    model, precision, batch = workload.model, workload.precision, workload.batch
    heads = head_layers(spec)
    layers = spec.trunk_layers + heads
    total = rows * batch

    pairs = rows * context + batch * (rows * (rows + 1) // 2)
    macs = total * layers * model.layer_matmul_params
    macs += predicted * batch * max(1, heads) * model.vocab * model.hidden
    macs += layers * pairs * 2 * model.heads * model.head_dim

    attention_width = model.heads * model.head_dim
    stored = precision.weights.stored_bytes
    layer_bytes = (
        stored(attention_width + model.kv_heads * model.head_dim * 2, model.hidden)
        + stored(model.hidden, attention_width)
        + stored(2 * model.ffn, model.hidden)
        + stored(model.hidden, model.ffn)
    )
    norm_bytes = precision.working.stored_bytes(1, model.hidden)
    read = layers * (layer_bytes + 2 * norm_bytes)
    if predicted:
        read += norm_bytes
        read += table_format(model, precision).stored_bytes(model.vocab, model.hidden)
    read += precision.working.stored_bytes(total, model.hidden)
    read += layers * 2 * precision.kv_cache.stored_bytes(context * model.kv_heads, model.head_dim)
    written = layers * 2 * precision.kv_cache.stored_bytes(total * model.kv_heads, model.head_dim)
    return Work(macs, read, written)
