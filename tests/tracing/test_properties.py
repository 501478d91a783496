"""What holds for every model shape, format and way of decoding."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from accsim.acceptance import Acceptance
from accsim.ops import NumberFormat
from accsim.tracing.decoding import trace_workload
from accsim.tracing.file import read_trace, write_trace
from accsim.tracing.growth import Growth
from accsim.workload import (
    Autoregressive,
    Drafting,
    DraftModel,
    Layout,
    Medusa,
    ModelShape,
    MultiToken,
    Precision,
    PromptLookup,
    RunSpec,
    Scheme,
    SequentialMtp,
    Workload,
)

small = st.integers(1, 6)
formats = st.builds(
    NumberFormat,
    name=st.sampled_from(["a", "b"]),
    bits=st.integers(1, 32),
    group=st.sampled_from([0, 2, 32]),
    per_channel=st.booleans(),
    scale_bits=st.sampled_from([0, 8, 16]),
    zero_bits=st.sampled_from([0, 4]),
)


@st.composite
def models(draw: st.DrawFn) -> ModelShape:
    kv_heads, shared = draw(small), draw(small)
    return ModelShape(
        name="random",
        hidden=draw(st.integers(1, 40)),
        layers=draw(small),
        heads=kv_heads * shared,
        kv_heads=kv_heads,
        head_dim=draw(small),
        ffn=draw(st.integers(1, 40)),
        vocab=draw(st.integers(1, 40)),
        max_positions=64,
        tied_embeddings=draw(st.booleans()),
    )


@st.composite
def schemes(draw: st.DrawFn, model: ModelShape) -> Scheme:
    """Any way of decoding; draft models share nothing with the model but the vocabulary."""
    few = draw(st.integers(1, 4))
    if draw(st.booleans()):
        trained = few + draw(st.integers(0, 2))
        fits = trained < model.layers
        layout: Layout = "constant" if fits and draw(st.booleans()) else "extra"
        drafting: Drafting = draw(st.sampled_from(["merged", "deferred"]))
        return MultiToken(trained, few, layout, drafting)
    depth = tuple(draw(st.integers(1, 4)) for _ in range(few))
    drafter = replace(draw(models()), name="drafter", vocab=model.vocab)
    precision = Precision(draw(formats), draw(formats), draw(formats))
    others: list[Scheme] = [
        Medusa(depth),
        Medusa((1,) * few),
        DraftModel(drafter, precision, few),
        SequentialMtp(few),
        PromptLookup(few),
    ]
    return draw(st.sampled_from(others))


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    model = draw(models())
    scheme = draw(schemes(model))
    rates = tuple(draw(st.floats(0, 1)) for _ in range(scheme.drafts))
    runs = (
        RunSpec("ordinary", Autoregressive()),
        RunSpec("other", scheme, Acceptance("random", rates)),
    )
    return Workload(
        name="random",
        model=model,
        precision=Precision(draw(formats), draw(formats), draw(formats)),
        prompt_tokens=draw(st.integers(1, 20)),
        output_tokens=draw(st.integers(1, 12)),
        batch=draw(st.integers(1, 3)),
        seed=draw(st.integers(-100, 100)),
        baseline="ordinary",
        runs=runs,
        prefill_chunk_tokens=draw(st.sampled_from([None, 3])),
    )


@settings(max_examples=80, deadline=None, derandomize=True)
@given(workloads())
def test_any_workload_meets_the_closed_form_and_survives_the_round_trip(case: Workload) -> None:
    trace = trace_workload(case)  # compares with the closed form itself
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        write_trace(trace, path)
        assert read_trace(path) == trace


@settings(max_examples=80, deadline=None, derandomize=True)
@given(workloads())
def test_any_run_emits_exactly_its_output_in_steps_of_one_to_k(case: Workload) -> None:
    trace = trace_workload(case)
    for run in trace.runs:
        own = [step for step in run.decode if trace.graphs[step.graph].role == "target"]
        for sequence in range(case.batch):
            emitted = [step.emitted[sequence] for step in (run.prefill[-1], *own)]
            assert sum(emitted) == case.output_tokens
            assert max(emitted) <= max(1, run.max_tokens_per_pass)
            # Once a sequence has ended it emits nothing, and not before.
            assert all(emitted[: len([count for count in emitted if count])])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(workloads(), st.integers(0, 200))
def test_the_growth_of_any_operator_is_exact_at_any_context(case: Workload, context: int) -> None:
    for graph in trace_workload(case).graphs.values():
        for op in graph.ops:
            assert Growth.of(op.macs).at(context) == op.macs(context)
            assert Growth.of(op.dram_read_bytes).at(context) == op.dram_read_bytes(context)
