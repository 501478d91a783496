"""Dividing the SRAM: which of the candidates makes a pass fastest, by estimate."""

from __future__ import annotations

from accsim.chip import Chip
from accsim.lowering.blocking import choose, estimate
from accsim.lowering.matmul import matmul_budget, matmul_shape
from accsim.lowering.residency import Residency, divisions
from accsim.mapping import Pin, pin_of
from accsim.ops import PassGraph


def ranked(
    chip: Chip, graph: PassGraph, contexts: tuple[int, ...], pins: tuple[Pin, ...]
) -> list[Residency]:
    """The ways of dividing the SRAM, the fastest first.

    The estimate adds up the matmuls under their best mappings and the DRAM time of the spilled
    activations that other operators read and write.
    """
    found = divisions(graph, contexts, chip)
    if len(found) == 1:
        return found
    return sorted(found, key=lambda one: _cycles(chip, graph, sum(contexts), one, pins))


def _cycles(
    chip: Chip, graph: PassGraph, context: int, residency: Residency, pins: tuple[Pin, ...]
) -> float:
    """Estimated core cycles of a pass; infinite where a matmul does not fit."""
    budget, keys = matmul_budget(chip, residency), graph.keys(context)
    total, moved = 0.0, 0
    for op in graph.ops:
        if op.kind == "matmul":
            shape = matmul_shape(op, chip.array, residency)
            mapping = choose(shape, chip.array, budget, pin_of(pins, op.name))
            if mapping is None:
                return float("inf")
            total += estimate(shape, mapping, chip.array, budget).cycles
        else:
            moved += sum(
                tensor.stored_bytes(context, keys)
                for tensor in (*op.reads, *op.writes)
                if tensor.name in residency.spilled
            )
    return total + moved / budget.dram_bytes_per_cycle
