"""A workload's runs as passes: how many tokens each pass emits, and how the contexts grow.

A pass of a multi-token run carries k rows: the last committed token and k - 1 drafts. Head 1
verifies them, so the pass emits N = 1 + (length of the accepted prefix) tokens, and the caches keep
N of the k entries written: a length reset, no copy. The drafts of the next pass come out of the
same pass (merged drafting and verification: Stern et al. 2018, arXiv 1811.03115, section 4).

A batch is static: its sequences draw independently, and one that is finished stays as padding (it
emits 0 and its context stands still) until the last has all its tokens.

**Random draws.** Sequence s of run r draws from its own ``random.Random``, seeded with the SHA-256
of ``"<seed>/<run name>/<s>"`` read as a big-endian integer; only ``.random()`` is called, which
Python promises to keep the same. The draws therefore depend on no machine, library version, hash
seed, nor on which other runs or sequences there are.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from random import Random
from typing import Literal

from accsim.ops import OpTrace, Pass, PassGraph, TracedRun
from accsim.tracing.check import check_closed_form, check_trace
from accsim.tracing.llama import build_graph, head_layers
from accsim.workload import RunSpec, Workload

Phase = Literal["prefill_chunk", "prefill", "decode"]


def trace_workload(workload: Workload) -> OpTrace:
    """Trace every run: its prefill, then decode passes until all output tokens are there.

    The prefill is one pass, or one for every `Workload.prefill_chunk_tokens` of the prompt and one
    for what is left; the last of them emits the first token. Runs with equal graphs share them by
    name (``prefill-28+4``: 28 trunk layers and 4 heads).

    Raises:
        ValueError: a run carries several tokens per pass but says too little about acceptance.
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
    return TracedRun(
        name=spec.name,
        scheme=spec.scheme,
        max_tokens_per_pass=tokens,
        prompt_tokens=workload.prompt_tokens,
        output_tokens=workload.output_tokens,
        batch=workload.batch,
        expected_tokens_per_pass=1.0
        if spec.acceptance is None
        else spec.acceptance.expected_tokens(tokens),
        resident_bytes=resident_bytes(workload, decode),
        prefill=prefill,
        decode=_decode_passes(workload, spec.name, decode, _rates(spec, tokens)),
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


def _rates(spec: RunSpec, tokens: int) -> tuple[float, ...]:
    """The acceptance rates that a pass of `tokens` rows uses, one for each draft."""
    rates = () if spec.acceptance is None else spec.acceptance.rates[: tokens - 1]
    if len(rates) < tokens - 1:
        raise ValueError(
            f"run {spec.name!r} carries {tokens} tokens per pass: "
            f"it needs {tokens - 1} acceptance rates, got {len(rates)}"
        )
    return rates


def _decode_passes(
    workload: Workload, run: str, graph: PassGraph, rates: tuple[float, ...]
) -> tuple[Pass, ...]:
    draws = [_generator(workload.seed, run, sequence) for sequence in range(workload.batch)]
    contexts = [workload.prompt_tokens] * workload.batch
    missing = [workload.output_tokens - 1] * workload.batch
    passes: list[Pass] = []
    while any(missing):
        emitted = tuple(
            min(_accepted(draw, rates) + 1, left) if left else 0
            for draw, left in zip(draws, missing, strict=True)
        )
        passes.append(Pass(graph.name, tuple(contexts), emitted))
        for sequence, count in enumerate(emitted):
            contexts[sequence] += count
            missing[sequence] -= count
    return tuple(passes)


def _generator(seed: int, run: str, sequence: int) -> Random:
    digest = hashlib.sha256(f"{seed}/{run}/{sequence}".encode()).digest()
    return Random(int.from_bytes(digest, "big"))


def _accepted(draw: Random, rates: tuple[float, ...]) -> int:
    """Drafts accepted before the first wrong one."""
    for index, rate in enumerate(rates):
        if draw.random() >= rate:
            return index
    return len(rates)


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
