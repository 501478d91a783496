"""Models, formats and workloads that several tests use."""

from __future__ import annotations

from accsim.acceptance import Acceptance
from accsim.ops import NumberFormat
from accsim.tracing.shipped import LLAMA2_7B
from accsim.workload import (
    Autoregressive,
    Layout,
    ModelShape,
    MultiToken,
    Precision,
    RunSpec,
    Workload,
)

FP16 = NumberFormat("fp16", bits=16)
INT8 = NumberFormat("int8", bits=8, per_channel=True, scale_bits=16)
INT4 = NumberFormat("int4_g128", bits=4, group=128, scale_bits=16)
Q4_0 = NumberFormat("q4_0", bits=4, group=32, scale_bits=16)
ALL_FP16 = Precision(FP16, FP16, FP16)

# Sizes from the published config.json files of Llama-2 (Touvron et al. 2023, arXiv 2307.09288).
LLAMA2_13B = ModelShape("Llama-2-13B", 5120, 40, 40, 40, 128, 13824, 32000, 4096, False)
LLAMA2_70B = ModelShape("Llama-2-70B", 8192, 80, 64, 8, 128, 28672, 32000, 4096, False)
TINY = ModelShape("tiny", 8, 3, 4, 2, 4, 12, 20, 64, False)

# Gloeckle et al. 2024, table S2, Wikipedia.
WIKIPEDIA = Acceptance("wikipedia", (0.88, 0.784, 0.797))


def ordinary(name: str = "ordinary") -> RunSpec:
    return RunSpec(name, Autoregressive())


def multi(
    heads: int,
    trained: int = 4,
    layout: Layout = "constant",
    acceptance: Acceptance | None = WIKIPEDIA,
    name: str | None = None,
) -> RunSpec:
    return RunSpec(name or f"k{heads}", MultiToken(trained, heads, layout), acceptance)


def workload(
    *runs: RunSpec,
    model: ModelShape = LLAMA2_7B,
    precision: Precision = ALL_FP16,
    prompt_tokens: int = 2048,
    output_tokens: int = 2,
    batch: int = 1,
    seed: int = 7,
) -> Workload:
    return Workload(
        name="sample",
        model=model,
        precision=precision,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        batch=batch,
        seed=seed,
        baseline=runs[0].name,
        runs=runs,
    )


def tiny_workload(
    *, heads: int = 2, prompt_tokens: int = 5, output_tokens: int = 4, batch: int = 1, seed: int = 7
) -> Workload:
    return workload(
        ordinary(),
        multi(heads, trained=2),
        model=TINY,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        batch=batch,
        seed=seed,
    )
