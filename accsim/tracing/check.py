"""The check of a trace: that it agrees with itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accsim.errors import InvariantError
from accsim.ops import OpTrace, Pass, PassGraph, Role, Tensor, TracedRun
from accsim.tracing.shapes import shape_faults


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
    own = [graphs[step.graph].rows for step in run.prefill if _role(graphs, step) == "target"]
    cached = run.prompt_tokens - sum(own)
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
        if graph is not None and graph.role == "draft":
            messages += _draft_faults(run, step, index, contexts)
        elif graph is not None and not messages:
            if not contexts:
                messages += _first_context_faults(run, step, cached)
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
        if graph is None or graph.role == "draft":
            continue
        is_prefill = index < len(run.prefill)
        grown = (graph.rows,) * run.batch if is_prefill else step.emitted
        contexts = tuple(a + b for a, b in zip(step.contexts, grown, strict=True))
        missing = tuple(a - b for a, b in zip(missing, step.emitted, strict=True))
    if any(missing):
        yield Fault(f"ends with {max(missing)} tokens of a sequence missing", run=run.name)


def _role(graphs: dict[str, PassGraph], step: Pass) -> Role | None:
    graph = graphs.get(step.graph)
    return None if graph is None else graph.role


def _draft_faults(
    run: TracedRun, step: Pass, index: int, contexts: tuple[int, ...]
) -> Iterator[str]:
    """A pass of a draft model runs in a cache of its own, some tokens behind or ahead."""
    if any(step.emitted):
        yield f"emitted: got {list(step.emitted)}, but a draft model's pass emits nothing"
    if index == len(run.prefill) - 1:
        yield "the last prefill pass must be one of the model, not of its draft model"
    if index < len(run.prefill):
        return
    for found, committed in zip(step.contexts, contexts, strict=False):
        low, high = committed - 1, committed + run.max_tokens_per_pass
        if not low <= found <= high:
            yield f"contexts: got {found} for a draft model, expected {low} to {high}"


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
