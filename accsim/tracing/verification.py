"""One pass of the ordinary model with several query rows, for curves of its cost.

Such a pass is what verifies drafts in speculative decoding, wherever they come from: all rows go
through all layers and through the LM head, and each row meets the cache and the rows before it
(Leviathan et al. 2023, arXiv 2211.17192, section 2.1).
"""

from __future__ import annotations

from accsim.ops import OpTrace, Pass, TracedRun
from accsim.tracing.check import check_trace
from accsim.tracing.closed_form import check_closed_form
from accsim.tracing.decoding import resident_bytes
from accsim.tracing.llama import build_graph
from accsim.workload import ModelShape, Precision, PromptLookup, RunSpec, Workload


def verify_pass(
    model: ModelShape, precision: Precision, *, rows: int, context: int, batch: int = 1
) -> OpTrace:
    """A trace of one run, ``verify``, whose only decode pass has `rows` rows per sequence.

    Args:
        model: its layers are all run, one after the other.
        precision: how it is stored.
        rows: query rows of each sequence (1: an ordinary decode pass).
        context: tokens in the KV cache of each sequence before the pass, at least 1.
        batch: sequences.

    The pass emits `rows` tokens per sequence, as if every draft were right. A run starts with a
    prefill: here of one row, the last of `context`, with all others cached. So a simulation of the
    trace costs two passes, and what it says of decoding is the cost of the pass.

    Raises:
        ValueError: `rows`, `context` or `batch` is less than 1.
    """
    for name, count in (("rows", rows), ("context", context), ("batch", batch)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    prefill, decode = (
        build_graph(
            f"{phase}-{model.layers}",
            model,
            precision,
            trunk_layers=model.layers,
            heads=0,
            sequences=batch,
            rows=pass_rows,
            predict_all_rows=True,
        )
        for phase, pass_rows in (("prefill", 1), ("verify", rows))
    )
    # A step with as many drafts that come from anywhere.
    spec = RunSpec("verify", PromptLookup(rows - 1))
    workload = Workload(
        name=f"verify {rows} rows at {context}",
        model=model,
        precision=precision,
        prompt_tokens=context,
        output_tokens=rows + 1,
        batch=batch,
        seed=0,
        baseline=spec.name,
        runs=(spec,),
    )
    run = TracedRun(
        name=spec.name,
        scheme=spec.scheme.name,
        max_tokens_per_pass=rows,
        prompt_tokens=context,
        output_tokens=rows + 1,
        batch=batch,
        expected_tokens_per_pass=None,
        resident_bytes=resident_bytes(workload, spec.scheme, (decode,)),
        prefill=(Pass(prefill.name, (context - 1,) * batch, (1,) * batch),),
        decode=(Pass(decode.name, (context,) * batch, (rows,) * batch),),
    )
    graphs = {graph.name: graph for graph in (prefill, decode)}
    trace = OpTrace(workload.name, 0, spec.name, graphs, (run,))
    check_trace(trace)
    check_closed_form(workload, trace)
    return trace
