"""Small models and workloads, traced."""

from __future__ import annotations

from accsim.acceptance import Acceptance
from accsim.ops import NumberFormat, OpTrace
from accsim.tracing.decoding import trace_workload
from accsim.workload import (
    Autoregressive,
    ModelShape,
    MultiToken,
    Precision,
    RunSpec,
    Workload,
)

FP16 = NumberFormat("fp16", bits=16)
ALL_FP16 = Precision(FP16, FP16, FP16)
LAST_OF_THREE = Acceptance("made up", (0.8, 0.6))

SMALL = ModelShape("small", 256, 3, 4, 2, 64, 512, 1024, 4096, tied_embeddings=False)
"""Three layers, two query heads to each key head."""
MEDIUM = ModelShape("medium", 1024, 12, 16, 16, 64, 2816, 4000, 4096, tied_embeddings=False)
"""Twelve layers with the proportions of Llama-2-7B."""


def ordinary() -> RunSpec:
    """One token at a time through all layers."""
    return RunSpec("ordinary", Autoregressive())


def with_heads(heads: int) -> RunSpec:
    """So many heads in place of as many trunk layers, all active."""
    return RunSpec(f"heads{heads}", MultiToken(heads, heads), LAST_OF_THREE)


def traced(
    model: ModelShape,
    *runs: RunSpec,
    prompt: int,
    output: int,
    batch: int = 1,
    chunk: int | None = None,
    precision: Precision = ALL_FP16,
) -> OpTrace:
    """The trace of a workload whose baseline is its first run."""
    base = runs[0].name
    return trace_workload(
        Workload("small_text", model, precision, prompt, output, batch, 1, base, runs, chunk)
    )
