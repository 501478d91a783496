"""A workload's runs as passes: how many tokens each pass emits, and how the contexts grow.

A pass of a multi-token run carries k rows: the last committed token and k - 1 drafts. Head 1
verifies them, so the pass emits N = 1 + (length of the accepted prefix) tokens, and the caches keep
N of the k entries written: a length reset, no copy. The drafts of the next pass come out of the
same pass (merged drafting and verification: Stern et al. 2018, arXiv 1811.03115, section 4).

A batch is static: its sequences draw independently (`accsim.tracing.draws`), and one that is
finished stays as padding (it emits 0 and its context stands still) until the last has all its
tokens. Where a recording ends, so does the batch: each sequence then gets fewer tokens than asked.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from accsim.acceptance import Recording
from accsim.ops import OpTrace, Pass, PassGraph, TracedRun
from accsim.tracing.check import check_closed_form, check_trace
from accsim.tracing.draws import draw_tokens
from accsim.tracing.llama import build_graph, head_layers
from accsim.workload import RunSpec, Workload

Phase = Literal["prefill_chunk", "prefill", "decode"]


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
    heads = head_layers(spec)
    tokens = max(1, heads)
    prefill = _prefill_passes(workload, spec, graphs)
    decode = _graph(workload, spec, graphs, "decode", tokens)
    output_tokens = asked = workload.output_tokens
    if isinstance(spec.acceptance, Recording):
        output_tokens = spec.acceptance.output_tokens(asked, workload.batch)
    return TracedRun(
        name=spec.name,
        scheme=spec.scheme,
        max_tokens_per_pass=tokens,
        prompt_tokens=workload.prompt_tokens,
        output_tokens=output_tokens,
        batch=workload.batch,
        expected_tokens_per_pass=1.0
        if spec.acceptance is None
        else spec.acceptance.expected_tokens(tokens),
        resident_bytes=resident_bytes(workload, decode),
        prefill=prefill,
        decode=_decode_passes(workload, spec, decode, output_tokens),
        acceptance=spec.acceptance,
        asked_tokens=asked if output_tokens < asked else None,
    )


def _prefill_passes(
    workload: Workload, spec: RunSpec, graphs: dict[str, PassGraph]
) -> tuple[Pass, ...]:
    prompt, batch = workload.prompt_tokens, workload.batch
    *starts, last = range(0, prompt, workload.prefill_chunk_tokens or prompt)
    passes: list[Pass] = []
    for start, end in pairwise((*starts, last)):
        chunk = _graph(workload, spec, graphs, "prefill_chunk", end - start)
        passes.append(Pass(chunk.name, (start,) * batch, (0,) * batch))
    rest = _graph(workload, spec, graphs, "prefill", prompt - last)
    return (*passes, Pass(rest.name, (last,) * batch, (1,) * batch))


def _graph(
    workload: Workload, spec: RunSpec, graphs: dict[str, PassGraph], phase: Phase, rows: int
) -> PassGraph:
    heads = head_layers(spec)
    name = f"{phase}-{spec.trunk_layers}" + (f"+{heads}" if heads else "")
    if name not in graphs:
        graphs[name] = build_graph(
            name,
            workload.model,
            workload.precision,
            trunk_layers=spec.trunk_layers,
            heads=heads,
            sequences=workload.batch,
            rows=rows,
            predict_all_rows=phase == "decode",
            predicts=phase != "prefill_chunk",
        )
    return graphs[name]


def _decode_passes(
    workload: Workload, spec: RunSpec, graph: PassGraph, output_tokens: int
) -> tuple[Pass, ...]:
    draws = [
        draw_tokens(spec.acceptance, graph.rows, workload.seed, spec.name, sequence)
        for sequence in range(workload.batch)
    ]
    contexts = [workload.prompt_tokens] * workload.batch
    missing = [output_tokens - 1] * workload.batch
    passes: list[Pass] = []
    while any(missing):
        emitted = tuple(
            min(next(draw), left) if left else 0 for draw, left in zip(draws, missing, strict=True)
        )
        passes.append(Pass(graph.name, tuple(contexts), emitted))
        for sequence, count in enumerate(emitted):
            contexts[sequence] += count
            missing[sequence] -= count
    return tuple(passes)


def resident_bytes(workload: Workload, decode: PassGraph) -> int:
    """DRAM that the run needs: everything that its decode pass reads, whole and at its longest.

    The last pass may write up to k entries past the output, so caches have room for
    prompt + output + k tokens. A tied embedding table is the LM head, and counts once.
    """
    longest = workload.prompt_tokens + workload.output_tokens + decode.rows
    return sum(
        tensor.stored_bytes(workload.batch * longest, 0)
        for op in decode.ops
        for tensor in op.reads
        if tensor.place in ("weights", "kv_cache")
        or (tensor.place == "embedding" and not workload.model.tied_embeddings)
    )
