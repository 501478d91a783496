"""A workload's runs as passes: how many tokens each step emits, and how the contexts grow.

A verifying pass carries the last committed token and drafts. Its predictions verify them, so it
emits N = 1 + (length of the accepted prefix) tokens, and the caches keep N of the entries written.
What the passes of a step are, `accsim.tracing.schemes` knows.

A batch is static: its sequences draw independently (`accsim.tracing.draws`), and one that is
finished stays as padding (it emits 0 and its context stands still) until the last has all its
tokens. Where a recording ends, so does the batch: each sequence then gets fewer tokens than asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from accsim.acceptance import Recording
from accsim.errors import InvariantError
from accsim.ops import OpTrace, Pass, PassGraph, TracedRun
from accsim.tracing.check import check_trace
from accsim.tracing.closed_form import check_closed_form
from accsim.tracing.draws import draw_tokens
from accsim.tracing.schemes import Part, Phase, Setting, parts, step_parts
from accsim.workload import DraftModel, RunSpec, Scheme, Workload


def trace_workload(workload: Workload) -> OpTrace:
    """Trace every run: its prefill, then decode passes until all output tokens are there.

    The prefill is one pass, or one for every `Workload.prefill_chunk_tokens` of the prompt and one
    for what is left; the last of them emits the first token. Runs with equal graphs share them by
    name (``prefill-28+4``: 28 trunk layers and 4 heads).

    Raises:
        ValueError: a run's acceptance says too little, or too much, for the rows of its passes.
        InvariantError: the trace contradicts itself or the closed form: a bug in accsim.
    """
    graphs: dict[str, PassGraph] = {}
    runs = tuple(_trace_run(workload, spec, graphs) for spec in workload.runs)
    trace = OpTrace(workload.name, workload.seed, workload.baseline, graphs, runs)
    check_trace(trace)
    check_closed_form(workload, trace)
    return trace


def _trace_run(workload: Workload, spec: RunSpec, graphs: dict[str, PassGraph]) -> TracedRun:
    at, scheme = Setting(workload.model, workload.precision, workload.batch), spec.scheme
    prefill = tuple(_prefill_passes(workload, at, spec, graphs))
    step = _kept(graphs, step_parts(at, scheme))
    output_tokens = asked = workload.output_tokens
    if isinstance(spec.acceptance, Recording):
        output_tokens = spec.acceptance.output_tokens(asked, workload.batch)
    return TracedRun(
        name=spec.name,
        scheme=scheme.name,
        max_tokens_per_pass=scheme.drafts + 1,
        prompt_tokens=workload.prompt_tokens,
        output_tokens=output_tokens,
        batch=workload.batch,
        expected_tokens_per_pass=1.0
        if spec.acceptance is None
        else spec.acceptance.expected_tokens(scheme.drafts + 1),
        resident_bytes=resident_bytes(workload, scheme, tuple(part.graph for part in step)),
        prefill=prefill,
        decode=_decode_passes(workload, spec, step, output_tokens),
        acceptance=spec.acceptance,
        asked_tokens=asked if output_tokens < asked else None,
    )


def _prefill_passes(
    workload: Workload, at: Setting, spec: RunSpec, graphs: dict[str, PassGraph]
) -> Iterator[Pass]:
    prompt, batch = workload.prompt_tokens, workload.batch
    *starts, last = range(0, prompt, workload.prefill_chunk_tokens or prompt)
    for start in (*starts, last):
        end = min(prompt, start + (workload.prefill_chunk_tokens or prompt))
        phase = Phase("prefill" if start == last else "prefill_chunk", end - start)
        *others, own = _kept(graphs, parts(at, spec.scheme, phase))
        for part in others:
            yield Pass(part.graph.name, (start,) * batch, (0,) * batch)
        yield Pass(own.graph.name, (start,) * batch, (int(start == last),) * batch)


def _kept(graphs: dict[str, PassGraph], made: tuple[Part, ...]) -> tuple[Part, ...]:
    """The same parts, after their graphs have been put with the others, by name.

    Draft models may share a name and differ in shape or number formats: of a second one the graphs
    are named ``draft-tiny.2``.
    """
    return tuple(replace(part, graph=_named(graphs, part.graph)) for part in made)


def _named(graphs: dict[str, PassGraph], graph: PassGraph) -> PassGraph:
    name, number = graph.name, 1
    while graphs.setdefault(graph.name, graph) != graph:
        if graph.role != "draft":
            raise InvariantError(f"two different graphs are named {name!r}")
        number += 1
        graph = replace(graph, name=f"{name}.{number}")
    return graph


def _decode_passes(
    workload: Workload, spec: RunSpec, step: tuple[Part, ...], output_tokens: int
) -> tuple[Pass, ...]:
    draws = [
        draw_tokens(spec.acceptance, spec.scheme.drafts + 1, workload.seed, spec.name, sequence)
        for sequence in range(workload.batch)
    ]
    contexts = [workload.prompt_tokens] * workload.batch
    missing = [output_tokens - 1] * workload.batch
    *before, own = step
    passes: list[Pass] = []
    while any(missing):
        for part in before:
            ahead = tuple(context + part.ahead for context in contexts)
            passes.append(Pass(part.graph.name, ahead, (0,) * workload.batch))
        emitted = tuple(
            min(next(draw), left) if left else 0 for draw, left in zip(draws, missing, strict=True)
        )
        passes.append(Pass(own.graph.name, tuple(contexts), emitted))
        for sequence, count in enumerate(emitted):
            contexts[sequence] += count
            missing[sequence] -= count
    return tuple(passes)


def resident_bytes(workload: Workload, scheme: Scheme, step: tuple[PassGraph, ...]) -> int:
    """DRAM that the run needs: everything that a decode step reads, whole and at its longest.

    The last pass may write up to k entries past the output, so caches have room for
    prompt + output + k tokens. A tied embedding table is the LM head, and counts once.
    """
    longest = workload.prompt_tokens + workload.output_tokens + max(graph.rows for graph in step)
    tied = {"target": workload.model.tied_embeddings}
    if isinstance(scheme, DraftModel):
        tied["draft"] = scheme.model.tied_embeddings
    needed = {
        tensor.name: tensor.stored_bytes(workload.batch * longest, 0)
        for graph in step
        for op in graph.ops
        for tensor in op.reads
        if (tensor.place in ("weights", "kv_cache") and op.kind != "kv_copy")
        or (tensor.place == "embedding" and not tied[graph.role])
    }
    return sum(needed.values())
