"""The example traces of ``traces/``: ``python -m accsim.tracing.shipped traces`` rewrites them."""

from __future__ import annotations

import sys
from pathlib import Path

from accsim.acceptance import Acceptance
from accsim.ops import NumberFormat, OpTrace
from accsim.tracing.decoding import trace_workload
from accsim.tracing.file import write_trace
from accsim.workload import (
    Autoregressive,
    ModelShape,
    MultiToken,
    Precision,
    RunSpec,
    Workload,
)

# Touvron et al. 2023, arXiv 2307.09288; sizes from the published config.json of Llama-2-7B.
LLAMA2_7B = ModelShape(
    name="Llama-2-7B",
    hidden=4096,
    layers=32,
    heads=32,
    kv_heads=32,
    head_dim=128,
    ffn=11008,
    vocab=32000,
    max_positions=4096,
    tied_embeddings=False,
)
_FP16 = NumberFormat("fp16", bits=16)
_ORDINARY = RunSpec("one_token", Autoregressive())
# Every draft right: the one decode pass then emits all four tokens.
_FOUR_HEADS = RunSpec("four_tokens", MultiToken(4, 4), Acceptance("all", (1.0, 1.0, 1.0)))


def shipped_traces() -> dict[str, OpTrace]:
    """Each example by file name: a prefill pass and a single decode pass."""
    return {
        "llama2_7b_decode_1.jsonl.gz": _trace("llama2_7b_decode_1", 2048, 2, _ORDINARY),
        "llama2_7b_mtp_pass_k4.jsonl.gz": _trace("llama2_7b_mtp_pass_k4", 2048, 5, _FOUR_HEADS),
        "llama2_7b_prefill_1920.jsonl.gz": _trace("llama2_7b_prefill_1920", 1920, 2, _ORDINARY),
    }


def _trace(name: str, prompt_tokens: int, output_tokens: int, run: RunSpec) -> OpTrace:
    return trace_workload(
        Workload(
            name=name,
            model=LLAMA2_7B,
            precision=Precision(_FP16, _FP16, _FP16),
            prompt_tokens=prompt_tokens,
            output_tokens=output_tokens,
            batch=1,
            seed=0,
            baseline=run.name,
            runs=(run,),
        )
    )


def main(folder: Path) -> None:
    """Write every example into a folder."""
    for name, trace in shipped_traces().items():
        write_trace(trace, folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
