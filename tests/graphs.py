"""One pass of a small model, as most tests below tracing need it."""

from __future__ import annotations

from accsim.ops import NumberFormat, PassGraph
from accsim.tracing.llama import build_graph
from accsim.workload import ModelShape, Precision

FP16 = NumberFormat("fp16", bits=16)
ALL_FP16 = Precision(FP16, FP16, FP16)


def one_pass(
    model: ModelShape,
    precision: Precision = ALL_FP16,
    *,
    decode: bool = True,
    layers: int = 2,
    heads: int = 0,
    sequences: int = 1,
    rows: int = 1,
) -> PassGraph:
    """A decode pass, which predicts from every row, or a prefill pass, which does from the last."""
    return build_graph(
        "decode" if decode else "prefill",
        model,
        precision,
        trunk_layers=layers,
        heads=heads,
        sequences=sequences,
        rows=rows,
        predict_all_rows=decode,
    )
