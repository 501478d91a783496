"""Elementwise operators that take a matmul's output block by block, before it would leave the SRAM.

The sum with the residual stream and SiLU x mul need one block at a time. Where the output of a
matmul does not stay in SRAM, it then never exists as a whole: the vector unit works on each block
in the staging area, and only what it makes of it is stored. For SiLU x mul gate and up panels lie
side by side, so that a block holds pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

from accsim.lowering.residency import Residency
from accsim.ops import Op, PassGraph, Tensor


@dataclass(frozen=True, slots=True)
class Epilogue:
    """Operator `op`, number `index`, follows a matmul and uses its output up block by block.

    Attributes:
        index: of the operator in the graph.
        op: the operator.
        outputs: how many elements it makes of two of the matmul's.
        loaded: its other input, if that travels through DRAM.
        stored: its output, if that does.
    """

    index: int
    op: Op
    outputs: int
    loaded: Tensor | None
    stored: Tensor | None

    @property
    def loaded_bits(self) -> int:
        """Bits that it loads for each element of the matmul's output."""
        return self.loaded.format.bits if self.loaded else 0

    @property
    def stored_bits(self) -> int:
        """Bits that it stores for each element of the matmul's output."""
        return self.stored.format.bits * self.outputs // 2 if self.stored else 0


def epilogue_of(graph: PassGraph, index: int, residency: Residency) -> Epilogue | None:
    """The operator that uses up the output of matmul `index` block by block, if there is one.

    The output would have to be spilled, and the operator be the next one and its only reader.
    """
    outputs = graph.ops[index].writes
    if len(outputs) != 1 or outputs[0].name not in residency.spilled:
        return None
    if graph.readers[outputs[0].name] != (index + 1,):
        return None
    op = graph.ops[index + 1]
    if op.kind not in ("residual_add", "silu_mul"):
        return None
    others = [t for t in op.reads if t.name != outputs[0].name and t.name in residency.spilled]
    stored = [t for t in op.writes if t.name in residency.spilled]
    return Epilogue(
        index=index + 1,
        op=op,
        outputs=1 if op.kind == "silu_mul" else 2,
        loaded=others[0] if others else None,
        stored=stored[0] if stored else None,
    )


def in_dram(graph: PassGraph, residency: Residency) -> frozenset[str]:
    """The activations that live in DRAM: those spilled, but for what is used up block by block."""
    passed_on = {
        op.writes[0].name
        for index, op in enumerate(graph.ops)
        if op.kind == "matmul" and epilogue_of(graph, index, residency) is not None
    }
    return residency.spilled - passed_on
